//! Status objects and status table rows: `IMAPIStatus`, `FlushQueues`, `ValidateState`, `PR_STATUS_CODE`,
//! `PR_RESOURCE_*`.

use super::{MAPI_UNICODE, flag_sets};

flag_sets! { STATUS:
    /// `PR_STATUS_CODE`.
    STATUS_CODE_BITS {
        bits {
            STATUS_AVAILABLE = 0x00000001,
            STATUS_OFFLINE = 0x00000002,
            STATUS_FAILURE = 0x00000004,
            STATUS_INBOUND_ENABLED = 0x00010000,
            STATUS_INBOUND_ACTIVE = 0x00020000,
            STATUS_INBOUND_FLUSH = 0x00040000,
            STATUS_OUTBOUND_ENABLED = 0x00100000,
            STATUS_OUTBOUND_ACTIVE = 0x00200000,
            STATUS_OUTBOUND_FLUSH = 0x00400000,
            STATUS_REMOTE_ACCESS = 0x00800000,
        }
    }

    /// `PR_RESOURCE_METHODS`: which methods of `IMAPIStatus` the object supports.
    RESOURCE_METHODS {
        bits {
            STATUS_VALIDATE_STATE = 0x00000001,
            STATUS_SETTINGS_DIALOG = 0x00000002,
            STATUS_CHANGE_PASSWORD = 0x00000004,
            STATUS_FLUSH_QUEUES = 0x00000008,
        }
    }

    /// `PR_RESOURCE_FLAGS`.
    RESOURCE_FLAGS {
        bits {
            STATUS_DEFAULT_OUTBOUND = 0x00000001,
            STATUS_DEFAULT_STORE = 0x00000002,
            STATUS_PRIMARY_IDENTITY = 0x00000004,
            STATUS_SIMPLE_STORE = 0x00000008,
            STATUS_XP_PREFER_LAST = 0x00000010,
            STATUS_NO_PRIMARY_IDENTITY = 0x00000020,
            STATUS_NO_DEFAULT_STORE = 0x00000040,
            STATUS_TEMP_SECTION = 0x00000080,
            STATUS_OWN_STORE = 0x00000100,
            HOOK_INBOUND = 0x00000200,
            HOOK_OUTBOUND = 0x00000400,
            STATUS_NEED_IPM_TREE = 0x00000800,
            STATUS_PRIMARY_STORE = 0x00001000,
            STATUS_SECONDARY_STORE = 0x00002000,
        }
    }

    /// `PR_RESOURCE_TYPE`.
    RESOURCE_TYPES {
        numbers {
            MAPI_STORE_PROVIDER = 33,
            MAPI_AB = 34,
            MAPI_AB_PROVIDER = 35,
            MAPI_TRANSPORT_PROVIDER = 36,
            MAPI_SPOOLER = 37,
            MAPI_PROFILE_PROVIDER = 38,
            MAPI_SUBSYSTEM = 39,
            MAPI_HOOK_PROVIDER = 40,
        }
    }

    /// `IMAPIStatus::ValidateState`, `IXPLogon::ValidateState`.
    VALIDATE_FLAGS {
        bits {
            SUPPRESS_UI = 0x00000001,
            REFRESH_XP_HEADER_CACHE = 0x00010000,
            PROCESS_XP_HEADER_CACHE = 0x00020000,
            FORCE_XP_CONNECT = 0x00040000,
            FORCE_XP_DISCONNECT = 0x00080000,
            CONFIG_CHANGED = 0x00100000,
            ABORT_XP_HEADER_OPERATION = 0x00200000,
            SHOW_XP_SESSION_UI = 0x00400000,
        }
    }

    /// `IMAPIStatus::SettingsDialog`.
    SETTINGS_FLAGS {
        bits { UI_READONLY = 0x00000001 }
        shared { MAPI_UNICODE }
    }

    /// `IMAPIStatus::FlushQueues`, `IXPLogon::FlushQueues`.
    FLUSH_FLAGS {
        bits {
            FLUSH_UPLOAD = 0x00000002,
            FLUSH_DOWNLOAD = 0x00000004,
            FLUSH_FORCE = 0x00000008,
            FLUSH_NO_UI = 0x00000010,
            FLUSH_ASYNC_OK = 0x00000020,
        }
    }
}
