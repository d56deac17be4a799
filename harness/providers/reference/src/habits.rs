//! Habits: what the pages leave to the provider, so that it can be done in more than one way.
//!
//! A suite that judges providers has to accept all of them; each habit is consulted at the few places that it concerns.
//! They are chosen by the profile section, see [`crate::profile`].

use crate::mapi::Width;

macro_rules! habits {
    ($($(#[$doc:meta])* $field:ident = $name:literal;)*) => {
        /// Which habits a session has.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct Habits {
            $($(#[$doc])* pub(crate) $field: bool,)*
        }

        impl Habits {
            /// The habits of a list of names, separated by commas; `None` where one is unknown.
            pub(crate) fn parse(list: &str) -> Option<Habits> {
                let mut habits = Habits::default();
                for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                    match name {
                        $($name => habits.$field = true,)*
                        _ => return None,
                    }
                }
                Some(habits)
            }
        }
    };
}

habits! {
    /// Sets properties one at a time.
    one_by_one = "one-by-one";
    /// Moves the body through a stream, however short it is.
    body_stream = "body-stream";
    /// Text is 8-bit text where it is stored, unless that would lose characters.
    ansi = "ansi";
    /// Recipients come after the attachments.
    recipients_last = "recipients-last";
    /// References are hashes: large, without order.
    ref_hash = "ref-hash";
    /// References count downwards.
    ref_descending = "ref-descending";
    /// References are used again as soon as they are free.
    ref_reuse = "ref-reuse";
    /// `SubmitMessage` queues a copy, a thread sends it.
    queued = "queued";
    /// Yields after every step.
    yield_always = "yield-always";
    /// Yields only when a message takes long.
    no_yield = "no-yield";
    /// Shows also in the status row that a message is coming in or going out.
    status_extra = "status-extra";
    /// Asks MAPI's objects for interfaces that they may not have.
    qi_odd = "qi-odd";
    /// Saves the message so that it stays open for reading.
    save_readonly = "save-readonly";
    /// Takes any recipient: `AddressTypes` returns no types at all.
    any_type = "any-type";
    /// The status row tells no identity.
    no_identity = "no-identity";
    /// Stores `X-` headers as named properties.
    store_headers = "store-headers";
    /// The store has MAPI complete every message that the pair has sent (`CompleteMsg`).
    complete_msg = "complete-msg";
    /// The store calls `PrepareSubmit` for every message, not only for those that are sent again.
    prepare_always = "prepare-always";
    /// The outgoing queue's rows are in no useful order until the table is sorted.
    queue_unsorted = "queue-unsorted";
    /// The outgoing queue's rows are in their order, and cannot be sorted.
    queue_fixed = "queue-fixed";
    /// The store lets go of the transports in `StoreLogoff`, not only when it is released.
    logoff_early = "logoff-early";
    /// The status row has the store's identifier as clients know it.
    wrap_own = "wrap-own";
    /// The transport has messages preprocessed by the spooler.
    preprocessor = "preprocessor";
    /// The same, by functions in a library of their own.
    preprocessor_library = "preprocessor-library";
    /// The store calls advise sinks itself.
    own_notify = "own-notify";
}

impl Habits {
    /// How wide text is that this provider stores.
    pub(crate) fn width(self) -> Width {
        if self.ansi { Width::NarrowIfAscii } else { Width::Wide }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart() {
        let both = Habits::parse("ansi, ref-hash").expect("both names are known");
        assert_eq!(both, Habits { ansi: true, ref_hash: true, ..Habits::default() });
        assert_eq!(Habits::parse(""), Some(Habits::default()));
        assert_eq!(Habits::parse("ansi,unheard-of"), None);
    }
}
