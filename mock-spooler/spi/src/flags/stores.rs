//! Message stores and folders: `IMSProvider`, `IMsgStore`, `IMAPIFolder`, and the store's side of `IMAPISupport`.

use super::{MAPI_BEST_ACCESS, MAPI_DECLINE_OK, MAPI_DEFERRED_ERRORS, MAPI_MODIFY, MAPI_UNICODE, flag_sets};

flag_sets! { STORES:
    /// `IMSProvider::Logon` and `SpoolerLogon`, `OpenMsgStore`.
    STORE_LOGON_FLAGS {
        bits {
            MDB_NO_DIALOG = 0x00000001,
            MDB_WRITE = 0x00000004,
            MDB_TEMPORARY = 0x00000020,
            MDB_NO_MAIL = 0x00000080,
        }
        shared { MAPI_DEFERRED_ERRORS, MAPI_BEST_ACCESS, MAPI_UNICODE }
    }

    /// `IMsgStore::StoreLogoff`, `IMAPISupport::StoreLogoffTransports`: asked (low bits) and answered.
    STORE_LOGOFF_FLAGS {
        bits {
            LOGOFF_NO_WAIT = 0x00000001,
            LOGOFF_ORDERLY = 0x00000002,
            LOGOFF_PURGE = 0x00000004,
            LOGOFF_ABORT = 0x00000008,
            LOGOFF_QUIET = 0x00000010,
            LOGOFF_COMPLETE = 0x00010000,
            LOGOFF_INBOUND = 0x00020000,
            LOGOFF_OUTBOUND = 0x00040000,
            LOGOFF_OUTBOUND_QUEUE = 0x00080000,
        }
    }

    /// `IMsgStore::SetLockState`.
    LOCK_STATES {
        numbers { MSG_UNLOCKED = 0x00000000, MSG_LOCKED = 0x00000001 }
    }

    /// `IMsgStore::NotifyNewMail`: `ulFlags` of the notification is 0 or this.
    NOTIFY_NEW_MAIL_FLAGS {
        shared { MAPI_UNICODE }
    }

    /// `IMAPISupport::ExpandRecips`: what MAPI answers.
    EXPAND_RECIPS_FLAGS {
        bits { NEEDS_PREPROCESSING = 0x00000001, NEEDS_SPOOLER = 0x00000002 }
    }

    /// `IMAPISupport::PrepareSubmit`.
    PREPARE_SUBMIT_FLAGS {
        bits { CHECK_SENDER = 0x00000001, NON_STANDARD = 0x00010000 }
    }

    /// `IMAPISupport::ReadReceipt`.
    READ_RECEIPT_FLAGS {
        bits { MAPI_NON_READ = 0x00000001 }
    }

    /// `IMAPISupport::CreateOneOff`.
    ONE_OFF_FLAGS {
        bits { MAPI_SEND_NO_RICH_INFO = 0x00010000 }
        shared { MAPI_UNICODE }
    }

    /// `IMAPISupport::Subscribe`.
    SUBSCRIBE_FLAGS {
        bits { NOTIFY_SYNC = 0x40000000 }
    }

    /// `IMAPISupport::Notify`: what MAPI answers.
    NOTIFY_RESULTS {
        bits { NOTIFY_CANCELED = 0x80000000 }
    }

    /// `IMAPISupport::IStorageFromStream`.
    STORAGE_FROM_STREAM_FLAGS {
        bits { STGSTRM_MODIFY = 0x00000002, STGSTRM_CREATE = 0x00001000, STGSTRM_CURRENT = 0x10000000 }
    }

    /// `PR_STORE_SUPPORT_MASK`.
    STORE_SUPPORT_BITS {
        bits {
            STORE_ENTRYID_UNIQUE = 0x00000001,
            STORE_READONLY = 0x00000002,
            STORE_SEARCH_OK = 0x00000004,
            STORE_MODIFY_OK = 0x00000008,
            STORE_CREATE_OK = 0x00000010,
            STORE_ATTACH_OK = 0x00000020,
            STORE_OLE_OK = 0x00000040,
            STORE_SUBMIT_OK = 0x00000080,
            STORE_NOTIFY_OK = 0x00000100,
            STORE_MV_PROPS_OK = 0x00000200,
            STORE_CATEGORIZE_OK = 0x00000400,
            STORE_RTF_OK = 0x00000800,
            STORE_RESTRICTION_OK = 0x00001000,
            STORE_SORT_OK = 0x00002000,
            STORE_PUBLIC_FOLDERS = 0x00004000,
            STORE_UNCOMPRESSED_RTF = 0x00008000,
            STORE_HTML_OK = 0x00010000,
            STORE_ANSI_OK = 0x00020000,
            STORE_UNICODE_OK = 0x00040000,
            STORE_LOCALSTORE = 0x00080000,
            STORE_ITEMPROC = 0x00200000,
            STORE_PUSHER_OK = 0x00800000,
            STORE_RULES_OK = 0x10000000,
        }
    }

    /// `PR_VALID_FOLDER_MASK`.
    VALID_FOLDER_BITS {
        bits {
            FOLDER_IPM_SUBTREE_VALID = 0x00000001,
            FOLDER_IPM_INBOX_VALID = 0x00000002,
            FOLDER_IPM_OUTBOX_VALID = 0x00000004,
            FOLDER_IPM_WASTEBASKET_VALID = 0x00000008,
            FOLDER_IPM_SENTMAIL_VALID = 0x00000010,
            FOLDER_VIEWS_VALID = 0x00000020,
            FOLDER_COMMON_VIEWS_VALID = 0x00000040,
            FOLDER_FINDER_VALID = 0x00000080,
        }
    }

    /// `PR_FOLDER_TYPE`, `IMAPIFolder::CreateFolder`.
    FOLDER_TYPES {
        numbers { FOLDER_ROOT = 0x00000000, FOLDER_GENERIC = 0x00000001, FOLDER_SEARCH = 0x00000002 }
    }

    /// `IMAPIFolder::CreateFolder`.
    CREATE_FOLDER_FLAGS {
        bits { OPEN_IF_EXISTS = 0x00000001 }
        shared { MAPI_DEFERRED_ERRORS, MAPI_UNICODE }
    }

    /// `IMAPIFolder::CreateMessage`.
    CREATE_MESSAGE_FLAGS {
        bits { ITEMPROC_FORCE = 0x00000800 }
        shared { MAPI_DEFERRED_ERRORS, MAPI_ASSOCIATED }
    }

    /// `IMAPIFolder::CopyMessages`.
    COPY_MESSAGES_FLAGS {
        bits { MESSAGE_MOVE = 0x00000001, MESSAGE_DIALOG = 0x00000002 }
        shared { MAPI_DECLINE_OK }
    }

    /// `IMAPIFolder::CopyFolder`.
    COPY_FOLDER_FLAGS {
        bits { FOLDER_MOVE = 0x00000001, FOLDER_DIALOG = 0x00000002, COPY_SUBFOLDERS = 0x00000010 }
        shared { MAPI_DECLINE_OK, MAPI_UNICODE }
    }

    /// `IMAPIFolder::DeleteFolder`, `DeleteMessages`, `EmptyFolder`.
    DELETE_FOLDER_FLAGS {
        bits {
            DEL_MESSAGES = 0x00000001,
            DEL_FOLDERS = 0x00000004,
            DEL_ASSOCIATED = 0x00000008,
            DELETE_HARD_DELETE = 0x00000010,
        }
        shared { FOLDER_DIALOG }
    }

    /// `IMAPIContainer::GetContentsTable`, `GetHierarchyTable`.
    CONTAINER_TABLE_FLAGS {
        bits { CONVENIENT_DEPTH = 0x00000001, MAPI_ASSOCIATED = 0x00000040 }
        shared { MAPI_DEFERRED_ERRORS, MAPI_UNICODE }
    }

    /// `IMAPIContainer::SetSearchCriteria`.
    SEARCH_FLAGS {
        bits {
            STOP_SEARCH = 0x00000001,
            RESTART_SEARCH = 0x00000002,
            RECURSIVE_SEARCH = 0x00000004,
            SHALLOW_SEARCH = 0x00000008,
            FOREGROUND_SEARCH = 0x00000010,
            BACKGROUND_SEARCH = 0x00000020,
        }
    }

    /// `IMAPIContainer::GetSearchCriteria`: the state of a search.
    SEARCH_STATES {
        bits {
            SEARCH_RUNNING = 0x00000001,
            SEARCH_REBUILD = 0x00000002,
            SEARCH_RECURSIVE = 0x00000004,
            SEARCH_FOREGROUND = 0x00000008,
        }
    }

    /// `PR_MSG_STATUS`, `IMAPIFolder::SetMessageStatus`.
    MESSAGE_STATUS_BITS {
        bits {
            MSGSTATUS_HIGHLIGHTED = 0x00000001,
            MSGSTATUS_TAGGED = 0x00000002,
            MSGSTATUS_HIDDEN = 0x00000004,
            MSGSTATUS_DELMARKED = 0x00000008,
            MSGSTATUS_REMOTE_DOWNLOAD = 0x00001000,
            MSGSTATUS_REMOTE_DELETE = 0x00002000,
        }
    }

    /// `PR_ACCESS`.
    ACCESS_BITS {
        bits {
            MAPI_ACCESS_MODIFY = 0x00000001,
            MAPI_ACCESS_READ = 0x00000002,
            MAPI_ACCESS_DELETE = 0x00000004,
            MAPI_ACCESS_CREATE_HIERARCHY = 0x00000008,
            MAPI_ACCESS_CREATE_CONTENTS = 0x00000010,
            MAPI_ACCESS_CREATE_ASSOCIATED = 0x00000020,
        }
    }

    /// `PR_ACCESS_LEVEL`.
    ACCESS_LEVELS {
        shared { MAPI_MODIFY }
    }
}
