//! Transport providers: `IXPProvider`, `IXPLogon`, and what they tell the spooler through `IMAPISupport`.

use super::{MAPI_UNICODE, flag_sets};

flag_sets! { TRANSPORTS:
    /// `XPProviderInit`, `MSProviderInit`: how the provider is being loaded.
    INIT_FLAGS {
        bits { MAPI_NT_SERVICE = 0x00010000 }
    }

    /// Versions of the service provider interface, as `XPProviderInit` negotiates them.
    SPI_VERSIONS {
        numbers {
            CURRENT_SPI_VERSION = 0x00010010,
            PDK1_SPI_VERSION = 0x00010000,
            PDK2_SPI_VERSION = 0x00010008,
            PDK3_SPI_VERSION = 0x00010010,
        }
    }

    /// `IXPProvider::TransportLogon`: what the spooler says (low bits) and the provider answers (`LOGON_SP_*`).
    LOGON_FLAGS {
        bits {
            LOGON_NO_DIALOG = 0x00000001,
            LOGON_NO_CONNECT = 0x00000004,
            LOGON_NO_INBOUND = 0x00000008,
            LOGON_NO_OUTBOUND = 0x00000010,
            LOGON_SP_IDLE = 0x00010000,
            LOGON_SP_POLL = 0x00020000,
            LOGON_SP_RESOLVE = 0x00040000,
        }
        shared { MAPI_UNICODE }
    }

    /// Shutting the transport down (`DeinitTransport`).
    DEINIT_FLAGS {
        bits { DEINIT_NORMAL = 0x00000001, DEINIT_HURRY = 0x80000000 }
    }

    /// `IXPLogon::TransportLogoff`.
    LOGOFF_FLAGS {
        bits { LOGOFF_NORMAL = 0x00000001, LOGOFF_HURRY = 0x80000000 }
    }

    /// `IXPLogon::TransportNotify`.
    TRANSPORT_NOTIFY_FLAGS {
        bits {
            NOTIFY_BEGIN_INBOUND = 0x00000001,
            NOTIFY_BEGIN_OUTBOUND = 0x00000002,
            NOTIFY_BEGIN_INBOUND_FLUSH = 0x00000004,
            NOTIFY_BEGIN_OUTBOUND_FLUSH = 0x00000008,
            NOTIFY_END_INBOUND = 0x00010000,
            NOTIFY_END_OUTBOUND = 0x00020000,
            NOTIFY_END_INBOUND_FLUSH = 0x00040000,
            NOTIFY_END_OUTBOUND_FLUSH = 0x00080000,
            NOTIFY_ABORT_DEFERRED = 0x40000000,
            NOTIFY_CANCEL_MESSAGE = 0x80000000,
        }
    }

    /// `IMAPISupport::SpoolerNotify`, from transports and (`NOTIFY_NEWMAIL_RECEIVED`) message stores.
    SPOOLER_NOTIFY_FLAGS {
        bits {
            NOTIFY_NEWMAIL = 0x00000001,
            NOTIFY_READYTOSEND = 0x00000002,
            NOTIFY_SENTDEFERRED = 0x00000004,
            NOTIFY_CRITSEC = 0x00001000,
            NOTIFY_NONCRIT = 0x00002000,
            NOTIFY_CONFIG_CHANGE = 0x00004000,
            NOTIFY_CRITICAL_ERROR = 0x10000000,
            NOTIFY_NEWMAIL_RECEIVED = 0x20000000,
        }
    }

    /// `IXPLogon::SubmitMessage`.
    SUBMIT_FLAGS {
        bits { BEGIN_DEFERRED = 0x00000001 }
    }

    /// `IXPLogon::EndMessage`: what the provider answers.
    END_MESSAGE_FLAGS {
        bits { END_RESEND_NOW = 0x00010000, END_RESEND_LATER = 0x00020000, END_DONT_RESEND = 0x00040000 }
    }

    /// `IXPLogon::AddressTypes`: what the provider answers about its strings.
    ADDRESS_TYPES_FLAGS {
        shared { MAPI_UNICODE }
    }

    /// `OPTIONDATA::ulFlags`: which options are meant.
    OPTION_TYPES {
        bits { OPTION_TYPE_RECIPIENT = 0x00000001, OPTION_TYPE_MESSAGE = 0x00000002 }
    }

    /// `IMAPISupport::ModifyStatusRow`.
    STATUSROW_FLAGS {
        bits { STATUSROW_UPDATE = 0x10000000 }
    }

    /// The message service entry point: why it is called.
    MSG_SERVICE_CONTEXTS {
        numbers {
            MSG_SERVICE_INSTALL = 0x00000001,
            MSG_SERVICE_CREATE = 0x00000002,
            MSG_SERVICE_CONFIGURE = 0x00000003,
            MSG_SERVICE_DELETE = 0x00000004,
            MSG_SERVICE_UNINSTALL = 0x00000005,
            MSG_SERVICE_PROVIDER_CREATE = 0x00000006,
            MSG_SERVICE_PROVIDER_DELETE = 0x00000007,
        }
    }

    /// The message service entry point: what it may show.
    MSG_SERVICE_FLAGS {
        bits {
            SERVICE_UI_ALWAYS = 0x00000002,
            MSG_SERVICE_UI_READ_ONLY = 0x00000008,
            SERVICE_UI_ALLOWED = 0x00000010,
            SERVICE_LOGON_FAILED = 0x00000020,
        }
        shared { MAPI_UNICODE }
    }
}
