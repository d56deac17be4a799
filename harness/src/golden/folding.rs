//! What is folded away.

/// A freedom of the provider that the projection hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folding {
    /// What differs from provider to provider.
    pub what: &'static str,
    /// What stands in its place.
    pub becomes: &'static str,
    /// Where the documentation leaves the choice: a page, or a word on why no page needs to.
    pub page: &'static str,
}

/// Every folding there is. What is not listed here differs in a golden.
pub const FOLDINGS: &[Folding] = &[
    Folding {
        what: "how the message is written: SetProps in one call or many, streams, recipients first or last, order and \
               number of attachment calls, SaveChanges more than once and its flags",
        becomes: "the message as it was delivered, and one line for SaveChanges",
        page: "ixplogon-startmessage",
    },
    Folding {
        what: "properties beyond class, subject, sender, delivery time, To and Cc recipients and attachments; which form \
               the body has; wide or narrow strings: what is not ASCII becomes a question mark",
        becomes: "the core of the message",
        page: "transport-provider-role-in-the-mapi-subsystem",
    },
    Folding {
        what: "how mail is learnt of: Poll, SpoolerNotify, Idle, and StartMessage calls that bring nothing because the \
               spooler asks until nothing comes",
        becomes: "`mail is announced` in a step that waits for it, nothing elsewhere",
        page: "message-reception-model",
    },
    Folding {
        what: "how a message goes out: references, the order in which it is read, SubmitMessage calls that ask for another, \
               deferral, how many mails the recipients make",
        becomes: "what became of it, and the recipients that are marked",
        page: "ixplogon-submitmessage",
    },
    Folding {
        what: "the order in which several waiting messages are delivered in one step",
        becomes: "the order of their subjects",
        page: "ixplogon-poll",
    },
    Folding {
        what: "which properties of the profile are read, and how often",
        becomes: "nothing",
        page: "ixpprovider-transportlogon",
    },
    Folding {
        what: "columns of the status row, when and how often it is written, bits beyond the two that say which way is on; \
               a way that the provider never turns on",
        becomes: "`status row` at logon, `inbound is on` and its like after TransportNotify, `no status row` at the end",
        page: "status-tables",
    },
    Folding {
        what: "flags that TransportLogon returns, address types and identifiers, options",
        becomes: "the call alone",
        page: "ixplogon-addresstypes",
    },
    Folding {
        what: "AddressTypes calls that the provider itself asks for with NOTIFY_CONFIG_CHANGE",
        becomes: "nothing",
        page: "imapisupport-spoolernotify",
    },
    Folding {
        what: "references: AddRef, Release and QueryInterface on objects of the spooler, and probes of the provider's objects",
        becomes: "nothing",
        page: "implementing-the-iunknown-interface",
    },
    Folding {
        what: "memory, reads with GetProps and its like, yielding, critical sections, MakeInvalid, threads",
        becomes: "nothing",
        page: "interacting-with-the-mapi-spooler",
    },
    Folding {
        what: "results that the page leaves open: of ValidateState, of TransportLogoff, of methods of the status object, of \
               XPProviderInit for another SPI version; which error a failure has",
        becomes: "the call alone, or `an error`",
        page: "ixplogon-validatestate",
    },
    Folding {
        what: "how a store works: PrepareSubmit always or for what is sent again, CompleteMsg or not, synchronously or by a thread, \
               the order of its queue before it is sorted, its notifications, properties, identifiers, folders of its own",
        becomes: "what became of each message: by which way it went, who took it, where it is now",
        page: "sending-messages-by-using-message-store-providers",
    },
    Folding {
        what: "whether a message service is created without a dialog, and what it answers to operations that it need not have",
        becomes: "the operation alone",
        page: "msgserviceentry",
    },
    Folding {
        what: "PR_OWN_STORE_ENTRYID in the status row, and how often it is compared",
        becomes: "`the pair is connected` where a store is open",
        page: "tightly-coupled-message-store-providers",
    },
    Folding {
        what: "names of objects, reference values, times, the order of threads, what comes after the last step",
        becomes: "nothing",
        page: "they mean nothing to a reader",
    },
];
