//! `IMAPITable` and restrictions.

use super::flag_sets;

flag_sets! { TABLES:
    /// `SetColumns`, `Restrict`, `SortTable`: when the work is done.
    TABLE_FLAGS {
        bits { TBL_ASYNC = 0x00000001, TBL_NOWAIT = 0x00000001, TBL_BATCH = 0x00000002 }
    }

    /// `QueryColumns`.
    QUERY_COLUMNS_FLAGS {
        bits { TBL_ALL_COLUMNS = 0x00000001 }
    }

    /// `QueryRows`.
    QUERY_ROWS_FLAGS {
        bits { TBL_NOADVANCE = 0x00000001 }
    }

    /// `GetRowCount`.
    ROW_COUNT_FLAGS {
        shared { TBL_NOWAIT }
    }

    /// `FindRow`.
    FIND_ROW_FLAGS {
        bits { DIR_BACKWARD = 0x00000001 }
    }

    /// Bookmarks that every table has. Others are the table's own.
    BOOKMARKS {
        numbers { BOOKMARK_BEGINNING = 0, BOOKMARK_CURRENT = 1, BOOKMARK_END = 2 }
    }

    /// `GetStatus`: the table's state.
    TABLE_STATES {
        numbers {
            TBLSTAT_COMPLETE = 0,
            TBLSTAT_QCHANGED = 7,
            TBLSTAT_SORTING = 9,
            TBLSTAT_SORT_ERROR = 10,
            TBLSTAT_SETTING_COLS = 11,
            TBLSTAT_SETCOL_ERROR = 13,
            TBLSTAT_RESTRICTING = 14,
            TBLSTAT_RESTRICT_ERROR = 15,
        }
    }

    /// `GetStatus`: the table's kind.
    TABLE_TYPES {
        numbers { TBLTYPE_SNAPSHOT = 0, TBLTYPE_KEYSET = 1, TBLTYPE_DYNAMIC = 2 }
    }

    /// `TABLE_NOTIFICATION::ulTableEvent`.
    TABLE_EVENTS {
        numbers {
            TABLE_CHANGED = 1,
            TABLE_ERROR = 2,
            TABLE_ROW_ADDED = 3,
            TABLE_ROW_DELETED = 4,
            TABLE_ROW_MODIFIED = 5,
            TABLE_SORT_DONE = 6,
            TABLE_RESTRICT_DONE = 7,
            TABLE_SETCOL_DONE = 8,
            TABLE_RELOAD = 9,
        }
    }

    /// `SSortOrder::ulOrder`.
    SORT_ORDERS {
        numbers {
            TABLE_SORT_ASCEND = 0x00000000,
            TABLE_SORT_DESCEND = 0x00000001,
            TABLE_SORT_COMBINE = 0x00000002,
            TABLE_SORT_CATEG_MAX = 0x00000004,
            TABLE_SORT_CATEG_MIN = 0x00000008,
        }
    }

    /// `PR_ROW_TYPE`.
    ROW_TYPES {
        numbers {
            TBL_LEAF_ROW = 1,
            TBL_EMPTY_CATEGORY = 2,
            TBL_EXPANDED_CATEGORY = 3,
            TBL_COLLAPSED_CATEGORY = 4,
        }
    }

    /// `SContentRestriction::ulFuzzyLevel`: one number for the extent, bits for the comparison.
    FUZZY_LEVELS {
        bits { FL_IGNORECASE = 0x00010000, FL_IGNORENONSPACE = 0x00020000, FL_LOOSE = 0x00040000 }
        numbers { FL_FULLSTRING = 0x00000000, FL_SUBSTRING = 0x00000001, FL_PREFIX = 0x00000002 }
    }

    /// `SRestriction::rt`.
    RESTRICTION_TYPES {
        numbers {
            RES_AND = 0x00000000,
            RES_OR = 0x00000001,
            RES_NOT = 0x00000002,
            RES_CONTENT = 0x00000003,
            RES_PROPERTY = 0x00000004,
            RES_COMPAREPROPS = 0x00000005,
            RES_BITMASK = 0x00000006,
            RES_SIZE = 0x00000007,
            RES_EXIST = 0x00000008,
            RES_SUBRESTRICTION = 0x00000009,
            RES_COMMENT = 0x0000000A,
            RES_COUNT = 0x0000000B,
            RES_ANNOTATION = 0x0000000C,
        }
    }

    /// `relop` of restrictions that compare.
    RELATIONS {
        numbers {
            RELOP_LT = 0,
            RELOP_LE = 1,
            RELOP_GT = 2,
            RELOP_GE = 3,
            RELOP_EQ = 4,
            RELOP_NE = 5,
            RELOP_RE = 6,
        }
    }

    /// `SBitMaskRestriction::relBMR`.
    BIT_MASK_RELATIONS {
        numbers { BMR_EQZ = 0, BMR_NEZ = 1 }
    }
}
