//! A headless Chromium, driven through WebDriver.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A window of a browser of its own; it goes when this goes.
pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// The session's address at the driver.
    session: String,
}

impl Browser {
    /// Starts one; nothing where the machine has none, which in CI is a failure.
    pub(crate) fn start() -> Option<Self> {
        Self::with(&json!({}))
    }

    /// The same, where no page may run a script.
    pub(crate) fn start_without_scripts() -> Option<Self> {
        Self::with(&json!({ "profile.managed_default_content_settings.javascript": 2 }))
    }

    fn with(preferences: &Value) -> Option<Self> {
        let missing = "`ci/browser` brings it; without it no page is opened";
        if !crate::common::tool("chromedriver", missing) {
            return None;
        }
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.spawn().expect("chromedriver starts");
        let lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        // It chooses the port and says which.
        let port = lines.map_while(Result::ok).find_map(|line| {
            line.split_once("started successfully on port ")
                .map(|(_, port)| port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver says its port");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut browser = Self { driver, agent, session: format!("http://127.0.0.1:{port}/session") };
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1360,1000"],
            "prefs": preferences,
        });
        let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let session = browser.post("", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        let id = session["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    /// Opens a file.
    pub(crate) fn open(&self, page: &Path) {
        self.post("/url", &json!({ "url": format!("file://{}", page.display()) }));
    }

    /// Runs a script in the page, with these arguments; what it returns.
    pub(crate) fn run(&self, script: &str, args: Value) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": args }))
    }

    /// Runs a script that calls its last argument once it has its result.
    pub(crate) fn wait(&self, script: &str, args: Value) -> Value {
        self.post("/execute/async", &json!({ "script": script, "args": args }))
    }

    /// Clicks what a person would click.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// The text of an element as it is shown.
    pub(crate) fn text(&self, selector: &str) -> String {
        let element = self.element(selector);
        let text = self.get(&format!("/element/{element}/text"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Types into an element.
    pub(crate) fn keys(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Light or dark.
    pub(crate) fn scheme(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.post("/goog/cdp/execute", &json!({ "cmd": "Emulation.setEmulatedMedia", "params": features }));
    }

    /// What stands on the console since it was asked last.
    pub(crate) fn console(&self) -> Vec<String> {
        let lines = self.post("/se/log", &json!({ "type": "browser" }));
        lines.as_array().expect("lines").iter().map(ToString::to_string).collect()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().and_then(|found| found.values().next()?.as_str());
        id.unwrap_or_else(|| panic!("nothing is `{selector}`")).to_owned()
    }

    fn get(&self, path: &str) -> Value {
        let mut answer =
            self.agent.get(format!("{}{path}", self.session)).call().expect("chromedriver answers");
        let mut answer: Value = answer.body_mut().read_json().expect("JSON");
        assert!(answer["value"]["error"].is_null(), "{path}: {}", answer["value"]);
        answer["value"].take()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let mut answer =
            self.agent.post(format!("{}{path}", self.session)).send_json(body).expect("chromedriver answers");
        let mut answer: Value = answer.body_mut().read_json().expect("JSON");
        assert!(answer["value"]["error"].is_null(), "{path}: {}", answer["value"]);
        answer["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser first: with the driver alone killed it would be left behind.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
