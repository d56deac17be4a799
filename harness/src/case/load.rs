//! Finds the case files, reads them, and checks what they name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use mock_spooler::plan::Step;

use super::copies::wanted;
use super::file::CaseFile;
use super::sweep::{Sweep, SweepFile};
use super::{Area, Selection};
use crate::capability::Capability;
use crate::input::{self, FileError};
use crate::requirements::Requirement;
use crate::words::did_you_mean;

/// A case, checked.
#[derive(Clone, Debug)]
pub struct Case {
    /// `AREA/NAME`.
    pub id: String,
    /// Its area.
    pub area: Area,
    /// The file it comes from.
    pub path: PathBuf,
    /// What it shows, in a line.
    pub title: String,
    /// The requirements that it is there for.
    pub requirements: Vec<String>,
    /// What a candidate must be able to do for it to apply.
    pub needs: Vec<Capability>,
    /// Its mails: names and files.
    pub mail: BTreeMap<String, PathBuf>,
    /// Mails whose text is continued, with the bytes that it comes to.
    pub grow: BTreeMap<String, usize>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// The sweep, where it is one.
    pub sweep: Option<Sweep>,
    /// The case that it must be like.
    pub like: Option<String>,
    /// Whether its trace is compared with a golden.
    pub golden: bool,
    /// Names of further goldens, of which one must match.
    pub alternatives: Vec<String>,
}

/// Every case there is, in the order in which they run: by area, then by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The directory that they come from.
    pub dir: PathBuf,
    /// The cases.
    pub cases: Vec<Case>,
}

/// The case files are not what they should be; every mistake is listed, not only the first.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// The mistakes, at least one.
    pub mistakes: Vec<FileError>,
}

impl LoadError {
    /// The mistakes, each with the lines around it, as a terminal shows them.
    #[must_use]
    pub fn report(&self, colour: bool) -> String {
        self.mistakes.iter().map(|mistake| mistake.report(colour)).collect()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.mistakes.iter();
        if let Some(first) = lines.next() {
            write!(f, "{first}")?;
        }
        lines.try_for_each(|mistake| write!(f, "\n{mistake}"))
    }
}

impl std::error::Error for LoadError {}

/// Where the cases are: `SPOOLPROOF_CASES`, else `cases` beside the executable, else in the source tree that this
/// library was built from.
#[must_use]
pub fn cases_dir() -> PathBuf {
    crate::dirs::find("SPOOLPROOF_CASES", "cases")
}

impl Catalogue {
    /// Reads all cases of a directory.
    ///
    /// # Errors
    ///
    /// Every mistake in every file; a directory that is missing or has no case.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        let mut mistakes = Vec::new();
        let mut cases = Vec::new();
        match files(dir, &mut mistakes) {
            Ok(files) => {
                for (area, path) in files {
                    match read(dir, area, &path) {
                        Ok(case) => cases.push(case),
                        Err(mistake) => mistakes.push(mistake),
                    }
                }
            }
            Err(mistake) => mistakes.push(mistake),
        }
        if cases.is_empty() && mistakes.is_empty() {
            mistakes.push(FileError::whole(dir, "there is no case in this directory"));
        }
        if !mistakes.is_empty() {
            return Err(LoadError { mistakes });
        }
        cases.sort_by(|a, b| (a.area, &a.id).cmp(&(b.area, &b.id)));
        Ok(Self { dir: dir.to_owned(), cases })
    }

    /// The case of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.id == id)
    }

    /// The id, area or name that was most likely meant.
    #[must_use]
    pub fn nearest(&self, id: &str) -> Option<&str> {
        let ids = self.cases.iter().map(|case| case.id.as_str());
        let names = ids.clone().filter_map(|id| id.split_once('/')).map(|(_, name)| name);
        did_you_mean(id, ids.chain(Area::ALL.map(Area::name)).chain(names))
    }

    /// The cases of which the case itself or points of its sweep are selected.
    pub fn select<'a>(&'a self, selection: &'a Selection) -> impl Iterator<Item = &'a Case> {
        self.cases.iter().filter(|case| {
            selection.takes(&case.id) || case.sweep.is_some() && selection.may_take_points(&case.id)
        })
    }
}

/// The case files, with the area that each is in.
fn files(dir: &Path, mistakes: &mut Vec<FileError>) -> Result<Vec<(Area, PathBuf)>, FileError> {
    let mut files = Vec::new();
    for folder in entries(dir)?.into_iter().filter(|path| path.is_dir()) {
        let name = file_name(&folder);
        if name == "mail" {
            continue;
        }
        let Some(area) = Area::from_name(&name) else {
            let near =
                did_you_mean(&name, Area::ALL.map(Area::name)).map(|near| format!("did you mean `{near}`?"));
            mistakes.push(FileError::whole(&folder, format!("there is no area `{name}`")).help(near));
            continue;
        };
        for path in entries(&folder)? {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("yaml") => files.push((area, path)),
                Some("yml") => {
                    mistakes.push(FileError::whole(&path, "the name of a case file ends in `.yaml`"));
                }
                _ => {}
            }
        }
    }
    Ok(files)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, FileError> {
    let listed = std::fs::read_dir(dir).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut paths = listed.map_err(|error| FileError::whole(dir, format!("cannot be read: {error}")))?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// One case file.
fn read(dir: &Path, area: Area, path: &Path) -> Result<Case, FileError> {
    let source = input::read(path)?;
    let file: CaseFile = input::parse(path, &source)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let check = Check { path, source: &source };
    check.requirements(&file.requirements)?;
    if file.steps.is_empty() {
        return Err(check.wrong(&["steps"], "", "a case needs steps"));
    }
    check.like(dir, file.like.as_deref())?;
    let mail = check.mail(&dir.join("mail"), &file.mail.0)?;
    check.mails_are_declared(&file.steps, &mail)?;
    if let Some(name) = file.grow.0.keys().find(|name| !mail.contains_key(*name)) {
        return Err(check.wrong(&["grow"], name, format!("there is no mail `{name}`")));
    }
    let sweep = file.sweep.map(|sweep| check.sweep(sweep, &file.steps)).transpose()?;
    Ok(Case {
        id: format!("{area}/{name}"),
        area,
        path: path.to_owned(),
        title: file.title,
        requirements: file.requirements,
        needs: file.needs,
        mail,
        grow: file.grow.0,
        steps: file.steps,
        sweep,
        like: file.like,
        golden: file.golden,
        alternatives: file.alternatives,
    })
}

/// What a parser cannot know: names that stand for something elsewhere.
struct Check<'a> {
    path: &'a Path,
    source: &'a str,
}

impl Check<'_> {
    /// A mistake at the first place of `word` behind the keys, one within the other.
    fn wrong(&self, keys: &[&str], word: &str, message: impl Into<String>) -> FileError {
        let start = keys.iter().fold(0, |from, key| input::find_after(self.source, from, &format!("{key}:")));
        FileError::at(self.path, self.source, input::find_after(self.source, start, word), message)
    }

    fn requirements(&self, ids: &[String]) -> Result<(), FileError> {
        if ids.is_empty() {
            return Err(self.wrong(&["requirements"], "", "a case is there for at least one requirement"));
        }
        for id in ids {
            if let Err(unknown) = Requirement::find(id) {
                let near = unknown.nearest.map(|near| format!("did you mean `{near}`?"));
                return Err(self
                    .wrong(&["requirements"], id, format!("there is no requirement `{id}`"))
                    .help(near));
            }
        }
        Ok(())
    }

    fn like(&self, dir: &Path, like: Option<&str>) -> Result<(), FileError> {
        let Some(id) = like.filter(|id| !dir.join(format!("{id}.yaml")).is_file()) else { return Ok(()) };
        Err(self
            .wrong(&["like"], id, format!("there is no case `{id}`"))
            .help(Some("a case is named by its area and its name: `store/plain`".to_owned())))
    }

    fn mail(
        &self,
        dir: &Path,
        mail: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, PathBuf>, FileError> {
        let mut found = BTreeMap::new();
        for (name, file) in mail {
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                let message = format!("`{name}` is no name of a mail: letters, digits, `-` and `_`");
                return Err(self.wrong(&["mail"], name, message));
            }
            let path = dir.join(file);
            if !path.is_file() {
                let there: Vec<String> =
                    entries(dir).unwrap_or_default().iter().map(|path| file_name(path)).collect();
                let near = did_you_mean(file, there.iter().map(String::as_str));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                return Err(self
                    .wrong(&["mail", name], file, format!("there is no `{file}` in cases/mail"))
                    .help(help));
            }
            found.insert(name.clone(), path);
        }
        Ok(found)
    }

    fn mails_are_declared(&self, steps: &[Step], mail: &BTreeMap<String, PathBuf>) -> Result<(), FileError> {
        match wanted(steps).into_keys().find(|name| !mail.contains_key(*name)) {
            None => Ok(()),
            Some(name) => {
                let near = did_you_mean(name, mail.keys().map(String::as_str));
                let help =
                    near.map_or("name it under `mail`".to_owned(), |near| format!("did you mean `{near}`?"));
                Err(self.wrong(&["steps"], name, format!("there is no mail `{name}`")).help(Some(help)))
            }
        }
    }

    fn sweep(&self, sweep: SweepFile, steps: &[Step]) -> Result<Sweep, FileError> {
        let Some(step) = steps.iter().position(|step| step.verb() == sweep.of) else {
            let near = did_you_mean(&sweep.of, steps.iter().map(Step::verb))
                .map(|near| format!("did you mean `{near}`?"));
            let message = format!("the case has no step `{}` to sweep", sweep.of);
            return Err(self.wrong(&["sweep", "of"], &sweep.of, message).help(near));
        };
        if sweep.inject.is_empty() {
            return Err(self.wrong(&["sweep", "inject"], "", "a sweep injects at least one fault"));
        }
        Ok(Sweep { at: sweep.at, step, inject: sweep.inject })
    }
}
