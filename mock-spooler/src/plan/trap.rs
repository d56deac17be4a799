//! Traps: what happens when the candidate makes a certain callback, or when it is inside a certain call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Waits for a callback of the candidate and acts when it comes. It acts once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trap {
    /// The callback, `IMAPIProp.SaveChanges`; `callback` for any callback whatever; `allocation` for any MAPI allocation.
    pub at: String,
    /// The how manieth of these since the step began, from 1.
    #[serde(default = "first")]
    pub nth: u32,
    /// On which objects: `message`, `attachment`, `stream`, `table`, `support`, `profile`; any where missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// What happens.
    #[serde(rename = "do")]
    pub act: Act,
}

fn first() -> u32 {
    1
}

/// What a trap does. Calls to the candidate come from a second thread, as TransportNotify's page foresees; the callback goes on
/// when the call has returned or after a bounded time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The spooler cancels the message in process: TransportNotify(NOTIFY_CANCEL_MESSAGE) with its reference, SpoolerYield
    /// answers MAPI_W_CANCEL_MESSAGE from now on.
    Cancel,
    /// The spooler cancels a message that is not in process, by a reference that nobody holds.
    CancelUnknown,
    /// SpoolerYield answers MAPI_W_CANCEL_MESSAGE from now on; nothing else tells of the cancellation.
    CancelByYield,
    /// The callback fails with this result, by name or 0x number, and does nothing.
    Fail(String),
    /// TransportNotify with these flags.
    TransportNotify(Vec<String>),
    /// TransportLogoff with these flags.
    Logoff(Vec<String>),
    /// Mail arrives.
    Arrive(Vec<String>),
    /// The callback takes this long, in milliseconds, each time from now on until the step ends.
    Slow(u64),
}
