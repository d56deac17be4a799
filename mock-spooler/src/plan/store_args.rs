//! The arguments of the steps that concern message stores.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Trap;
use super::args::{Ends, Names};
use super::draft::DraftRecipient;

/// The name of the store that steps act on where they name none.
pub const DEFAULT_STORE: &str = "store";

fn store() -> String {
    DEFAULT_STORE.to_owned()
}

fn provider() -> String {
    super::args::DEFAULT_SESSION.to_owned()
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

fn usual_flags() -> Names {
    Names(["MDB_NO_DIALOG", "MDB_WRITE"].map(str::to_owned).to_vec())
}

fn special_note() -> String {
    "IPM.Note.Spoolproof".to_owned()
}

fn new_mail() -> Names {
    Names(vec!["fnevNewMail".to_owned()])
}

macro_rules! args {
    ($($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "kebab-case", deny_unknown_fields)]
            pub struct $name {
                $($(#[$fmeta])* pub $field: $ty,)*
                /// The store.
                #[serde(default = "store")]
                pub store: String,
            }
        )*
    };
}

/// Which store provider object is shut down, or asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OfStoreProvider {
    /// The provider object.
    #[serde(default = "provider")]
    pub provider: String,
}

args! {
    /// The store acted on.
    OnStore {}

    /// How a store is opened.
    OpenStore {
        /// The provider object that is logged on to.
        #[serde(default = "provider")]
        provider: String,
        /// Flags for Logon by name; MDB_NO_DIALOG and MDB_WRITE are the habit.
        #[serde(default = "usual_flags")]
        flags: Names,
        /// Whether the spooler logs on, too, as it does unless MDB_NO_MAIL is among the flags.
        #[serde(default = "yes")]
        spooler: bool,
        /// Whether the profile name and the provider's strings are wide (MAPI_UNICODE).
        #[serde(default)]
        unicode: bool,
        /// Whether the provider finds an empty profile section.
        #[serde(default)]
        empty_profile: bool,
        /// Fills every output cell of the store's calls with a pattern beforehand instead of zeroes.
        #[serde(default)]
        pattern: bool,
        /// The results of Logon that are right, by name; S_OK where missing.
        #[serde(default)]
        expect: Names,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// The receive folder of a message class.
    SetReceiveFolder {
        /// The class.
        #[serde(default = "special_note")]
        class: String,
        /// The folder: `outbox`, `sent`, `deleted`, `receive` (that for notes); where missing, the default (no identifier).
        #[serde(default)]
        folder: Option<String>,
    }

    /// Messages that a client makes.
    Compose {
        /// The mails, one after the other.
        mail: Names,
        /// How many copies of each, as in `arrive`.
        #[serde(default = "once")]
        copies: u32,
        /// Recipients beside those of the mail.
        #[serde(default)]
        also: Vec<DraftRecipient>,
        /// Whether the recipients of the mail itself are left out.
        #[serde(default)]
        only_also: bool,
        /// Whether PR_SENTMAIL_ENTRYID names the folder for sent mail.
        #[serde(default = "yes")]
        sent_mail: bool,
        /// PR_DELETE_AFTER_SUBMIT.
        #[serde(default)]
        delete_after: bool,
        /// Whether the message is one to be sent again (MSGFLAG_RESEND): the recipients of the mail have missed it, those of
        /// `also` have it already.
        #[serde(default)]
        resend: bool,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// Messages that a client submits.
    Submit {
        /// The mails, one after the other. Those that are not composed yet are.
        mail: Names,
        /// How many copies of each.
        #[serde(default = "once")]
        copies: u32,
        /// Recipients beside those of the mail.
        #[serde(default)]
        also: Vec<DraftRecipient>,
        /// Whether the recipients of the mail itself are left out.
        #[serde(default)]
        only_also: bool,
        /// Whether PR_SENTMAIL_ENTRYID names the folder for sent mail.
        #[serde(default = "yes")]
        sent_mail: bool,
        /// PR_DELETE_AFTER_SUBMIT.
        #[serde(default)]
        delete_after: bool,
        /// Whether the message is one to be sent again, as in `compose`.
        #[serde(default)]
        resend: bool,
        /// The results of SubmitMessage that are right, by name; S_OK where missing.
        #[serde(default)]
        expect: Names,
        /// How it ends: `any` whatever the candidate makes of it.
        #[serde(default)]
        ends: Ends,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// What the spooler works off.
    Spool {
        /// The mails that are to be through; where missing, all that is in the queue.
        #[serde(default)]
        mail: Names,
        /// How many copies of each.
        #[serde(default = "once")]
        copies: u32,
        /// How it ends: `any` whatever the candidate makes of it.
        #[serde(default)]
        ends: Ends,
        /// Whether messages may stay in the queue, because no transport can take them now.
        #[serde(default)]
        kept: bool,
        /// What happens meanwhile.
        #[serde(default)]
        traps: Vec<Trap>,
    }

    /// One message of the store.
    OnMail {
        /// The mail that it was made of.
        mail: String,
        /// The results that are right, by name; S_OK where missing, `any` where whatever comes is for the rules.
        #[serde(default)]
        expect: Names,
    }

    /// Who ends the processing of a message.
    Finish {
        /// The mail that it was made of.
        mail: String,
        /// Whether the client calls, who must be refused.
        #[serde(default)]
        by_client: bool,
        /// The results that are right, by name; S_OK where missing.
        #[serde(default)]
        expect: Names,
    }

    /// How a client opens a message.
    OpenMessage {
        /// The mail that it was made of.
        mail: String,
        /// Flags for OpenEntry, by name.
        #[serde(default)]
        flags: Names,
    }

    /// What clients want to be told.
    Advise {
        /// The events, by name.
        #[serde(default = "new_mail")]
        events: Names,
        /// How many sinks.
        #[serde(default = "once")]
        count: u32,
    }

    /// How a store is closed.
    CloseStore {
        /// The flag for StoreLogoff; without one the store is released without it.
        #[serde(default)]
        logoff: Names,
    }
}

impl Submit {
    /// What is to be composed.
    #[must_use]
    pub fn composing(&self) -> Compose {
        Compose {
            mail: self.mail.clone(),
            copies: self.copies,
            also: self.also.clone(),
            only_also: self.only_also,
            sent_mail: self.sent_mail,
            delete_after: self.delete_after,
            resend: self.resend,
            traps: Vec::new(),
            store: self.store.clone(),
        }
    }
}
