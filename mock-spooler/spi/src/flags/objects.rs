//! What all objects have in common (`IMAPIProp`), messages, attachments, streams, notifications.

use super::flag_sets;

flag_sets! { OBJECTS:
    /// Methods whose only flag says that strings are wide.
    UNICODE_FLAGS {
        bits { MAPI_UNICODE = 0x80000000 }
    }

    /// `OpenEntry`, `OpenAttach`, `CreateAttach`, `OpenProfileSection` and their kin.
    OPEN_FLAGS {
        bits {
            MAPI_MODIFY = 0x00000001,
            MAPI_DEFERRED_ERRORS = 0x00000008,
            MAPI_BEST_ACCESS = 0x00000010,
            MAPI_NO_CACHE = 0x00000200,
            MAPI_CACHE_ONLY = 0x00004000,
        }
        shared { MAPI_UNICODE }
    }

    /// `IMAPIProp::OpenProperty`.
    OPEN_PROPERTY_FLAGS {
        bits { MAPI_CREATE = 0x00000002, STREAM_APPEND = 0x00000004 }
        shared { MAPI_MODIFY, MAPI_DEFERRED_ERRORS }
    }

    /// `IMAPIProp::OpenProperty`, `ulInterfaceOptions`: storage modes for streams, `MAPI_UNICODE` for tables.
    INTERFACE_OPTIONS {
        bits {
            STGM_WRITE = 0x00000001,
            STGM_READWRITE = 0x00000002,
            STGM_SHARE_EXCLUSIVE = 0x00000010,
            STGM_SHARE_DENY_WRITE = 0x00000020,
            STGM_SHARE_DENY_NONE = 0x00000040,
            STGM_CREATE = 0x00001000,
            STGM_TRANSACTED = 0x00010000,
            STGM_DELETEONRELEASE = 0x04000000,
        }
        shared { MAPI_UNICODE }
    }

    /// `IMAPIProp::SaveChanges`.
    SAVE_FLAGS {
        bits {
            KEEP_OPEN_READONLY = 0x00000001,
            KEEP_OPEN_READWRITE = 0x00000002,
            FORCE_SAVE = 0x00000004,
            SPAMFILTER_ONSAVE = 0x00000080,
            NON_EMS_XP_SAVE = 0x00001000,
        }
        shared { MAPI_DEFERRED_ERRORS }
    }

    /// `IMAPIProp::CopyTo`, `CopyProps`, `IMAPISupport::DoCopyTo`, `DoCopyProps`.
    COPY_FLAGS {
        bits {
            MAPI_MOVE = 0x00000001,
            MAPI_NOREPLACE = 0x00000002,
            MAPI_DECLINE_OK = 0x00000004,
            MAPI_DIALOG = 0x00000008,
        }
    }

    /// `IMAPIProp::GetIDsFromNames`.
    GET_IDS_FLAGS {
        shared { MAPI_CREATE }
    }

    /// `IMAPIProp::GetNamesFromIDs`.
    GET_NAMES_FLAGS {
        bits { MAPI_NO_STRINGS = 0x00000001, MAPI_NO_IDS = 0x00000002 }
    }

    /// `MAPINAMEID::ulKind`.
    NAME_KINDS {
        numbers { MNID_ID = 0, MNID_STRING = 1 }
    }

    /// `IMessage::ModifyRecipients`; no bit: replace all.
    MODIFY_RECIPIENTS_FLAGS {
        bits { MODRECIP_ADD = 0x00000002, MODRECIP_MODIFY = 0x00000004, MODRECIP_REMOVE = 0x00000008 }
    }

    /// `IMessage::SubmitMessage`.
    MESSAGE_SUBMIT_FLAGS {
        bits { FORCE_SUBMIT = 0x00000001 }
    }

    /// `IMessage::SetReadFlag`, `IMAPIFolder::SetReadFlags`.
    READ_FLAGS {
        bits {
            SUPPRESS_RECEIPT = 0x00000001,
            CLEAR_READ_FLAG = 0x00000004,
            GENERATE_RECEIPT_ONLY = 0x00000010,
            CLEAR_RN_PENDING = 0x00000020,
            CLEAR_NRN_PENDING = 0x00000040,
        }
        shared { MAPI_DEFERRED_ERRORS }
    }

    /// `IMessage::DeleteAttach`.
    DELETE_ATTACH_FLAGS {
        bits { ATTACH_DIALOG = 0x00000001 }
    }

    /// `PR_MESSAGE_FLAGS`. `MSGFLAG_ORIGIN_EXT_SEND` is missing: its page gives no value, and no header has it.
    MESSAGE_FLAGS {
        bits {
            MSGFLAG_READ = 0x00000001,
            MSGFLAG_UNMODIFIED = 0x00000002,
            MSGFLAG_SUBMIT = 0x00000004,
            MSGFLAG_UNSENT = 0x00000008,
            MSGFLAG_HASATTACH = 0x00000010,
            MSGFLAG_FROMME = 0x00000020,
            MSGFLAG_ASSOCIATED = 0x00000040,
            MSGFLAG_RESEND = 0x00000080,
            MSGFLAG_RN_PENDING = 0x00000100,
            MSGFLAG_NRN_PENDING = 0x00000200,
            MSGFLAG_ORIGIN_X400 = 0x00001000,
            MSGFLAG_ORIGIN_INTERNET = 0x00002000,
            MSGFLAG_ORIGIN_MISC_EXT = 0x00008000,
        }
    }

    /// `PR_SUBMIT_FLAGS`.
    SUBMIT_STATE_FLAGS {
        bits { SUBMITFLAG_LOCKED = 0x00000001, SUBMITFLAG_PREPROCESS = 0x00000002 }
    }

    /// `PR_RECIPIENT_TYPE`.
    RECIPIENT_TYPES {
        bits { MAPI_P1 = 0x10000000, MAPI_SUBMITTED = 0x80000000 }
        numbers { MAPI_ORIG = 0, MAPI_TO = 1, MAPI_CC = 2, MAPI_BCC = 3 }
    }

    /// `PR_ATTACH_METHOD`.
    ATTACH_METHODS {
        numbers {
            NO_ATTACHMENT = 0x00000000,
            ATTACH_BY_VALUE = 0x00000001,
            ATTACH_BY_REFERENCE = 0x00000002,
            ATTACH_BY_REF_RESOLVE = 0x00000003,
            ATTACH_BY_REF_ONLY = 0x00000004,
            ATTACH_EMBEDDED_MSG = 0x00000005,
            ATTACH_OLE = 0x00000006,
            ATTACH_BY_WEBREFERENCE = 0x00000007,
        }
    }

    /// `PR_OBJECT_TYPE`, `lpulObjType` of `OpenEntry` and `OpenStatusEntry`.
    OBJECT_TYPES {
        numbers {
            MAPI_STORE = 0x00000001,
            MAPI_ADDRBOOK = 0x00000002,
            MAPI_FOLDER = 0x00000003,
            MAPI_ABCONT = 0x00000004,
            MAPI_MESSAGE = 0x00000005,
            MAPI_MAILUSER = 0x00000006,
            MAPI_ATTACH = 0x00000007,
            MAPI_DISTLIST = 0x00000008,
            MAPI_PROFSECT = 0x00000009,
            MAPI_STATUS = 0x0000000A,
            MAPI_SESSION = 0x0000000B,
            MAPI_FORMINFO = 0x0000000C,
        }
    }

    /// `PR_DISPLAY_TYPE` of recipients and folders.
    DISPLAY_TYPES {
        numbers {
            DT_MAILUSER = 0x00000000,
            DT_DISTLIST = 0x00000001,
            DT_FORUM = 0x00000002,
            DT_AGENT = 0x00000003,
            DT_ORGANIZATION = 0x00000004,
            DT_PRIVATE_DISTLIST = 0x00000005,
            DT_REMOTE_MAILUSER = 0x00000006,
            DT_FOLDER = 0x01000000,
            DT_FOLDER_LINK = 0x02000000,
            DT_FOLDER_SPECIAL = 0x04000000,
        }
    }

    /// Event masks of `Advise`, `NOTIFICATION::ulEventType`.
    EVENT_MASKS {
        bits {
            fnevCriticalError = 0x00000001,
            fnevNewMail = 0x00000002,
            fnevObjectCreated = 0x00000004,
            fnevObjectDeleted = 0x00000008,
            fnevObjectModified = 0x00000010,
            fnevObjectMoved = 0x00000020,
            fnevObjectCopied = 0x00000040,
            fnevSearchComplete = 0x00000080,
            fnevTableModified = 0x00000100,
            fnevStatusObjectModified = 0x00000200,
            fnevReservedForMapi = 0x40000000,
            fnevExtended = 0x80000000,
        }
    }

    /// `IMAPIProgress::GetFlags`, `SetLimits`.
    PROGRESS_FLAGS {
        bits { MAPI_TOP_LEVEL = 0x00000001 }
    }

    /// `IStream::Commit`; no bit: `STGC_DEFAULT`.
    COMMIT_FLAGS {
        bits {
            STGC_OVERWRITE = 0x00000001,
            STGC_ONLYIFCURRENT = 0x00000002,
            STGC_DANGEROUSLYCOMMITMERELYTODISKCACHE = 0x00000004,
            STGC_CONSOLIDATE = 0x00000008,
        }
        numbers { STGC_DEFAULT = 0x00000000 }
    }

    /// `IStream::Seek`: where from.
    SEEK_ORIGINS {
        numbers { STREAM_SEEK_SET = 0, STREAM_SEEK_CUR = 1, STREAM_SEEK_END = 2 }
    }

    /// `IStream::Stat`.
    STAT_FLAGS {
        numbers { STATFLAG_DEFAULT = 0, STATFLAG_NONAME = 1 }
    }

    /// `STATSTG::type`.
    STORAGE_TYPES {
        numbers { STGTY_STORAGE = 1, STGTY_STREAM = 2, STGTY_LOCKBYTES = 3, STGTY_PROPERTY = 4 }
    }

    /// `IStream::LockRegion`.
    LOCK_TYPES {
        bits { LOCK_WRITE = 1, LOCK_EXCLUSIVE = 2, LOCK_ONLYONCE = 4 }
    }
}
