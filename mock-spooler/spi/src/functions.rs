//! What `mapi32.dll` exports: every function once, with its parameters, in the order of their slots.
//!
//! [`for_each_function!`](crate::for_each_function) lists the functions that are served, in the notation of
//! [`declare`](crate::declare), with the number of bytes that their 32-bit names carry (`HrGetOneProp@12`).
//! [`for_each_unserved_function!`](crate::for_each_unserved_function) lists what the public import library has besides: those
//! are exported, too, so that a library that imports them loads, and answer MAPI_E_NO_SUPPORT.
//! The exporting library and what it calls into are both made of these lists, so that a slot cannot mean two things.
//!
//! `FILETIME` by value is declared as a number of 64 bits: the same registers in every calling convention, the low half first.
//! This file is long because it is one list.

use crate::meta::Method;

/// Calls a macro with the declaration of every function that is served.
#[macro_export]
macro_rules! for_each_function {
    ($($callback:ident)::+) => {
        $($callback)::+! {
        /// Initialises MAPI for the caller; counted.
        #[page = "mapiinitialize"]
        fn MAPIInitialize @ 4 (in lpMapiInit: Opaque) -> $crate::HRESULT;
        /// The counterpart of `MAPIInitialize`.
        #[page = "mapiuninitialize"]
        fn MAPIUninitialize @ 0 () -> ();
        /// Allocates a block of memory.
        #[page = "mapiallocatebuffer"]
        fn MAPIAllocateBuffer @ 8 (in cbSize: Ulong, out lppBuffer: Opaque) -> $crate::HRESULT;
        /// Allocates memory that is freed with another block.
        #[page = "mapiallocatemore"]
        fn MAPIAllocateMore @ 12 (
            in cbSize: Ulong,
            in lpObject: Opaque,
            out lppBuffer: Opaque
        ) -> $crate::HRESULT;
        /// Moves a block into a larger or smaller one.
        #[page = "mapireallocatebuffer"]
        fn MAPIReallocateBuffer @ 12 (in lpv: Opaque, in ulSize: Ulong, out lppv: Opaque) -> $crate::HRESULT;
        /// Frees a block and all that was allocated with it.
        #[page = "mapifreebuffer"]
        fn MAPIFreeBuffer @ 4 (in lpBuffer: Opaque) -> u32;
        /// Returns MAPI's `IMalloc`, with a reference.
        #[page = "mapigetdefaultmalloc"]
        fn MAPIGetDefaultMalloc @ 0 () -> *mut core::ffi::c_void;
        /// Initialises the utility functions.
        #[page = "scinitmapiutil"]
        fn ScInitMapiUtil @ 4 (in ulFlags: Ulong) -> $crate::HRESULT;
        /// The counterpart of `ScInitMapiUtil`.
        #[page = "deinitmapiutil"]
        fn DeinitMapiUtil @ 0 () -> ();
        /// Returns one property of an object.
        #[page = "hrgetoneprop"]
        fn HrGetOneProp @ 12 (
            in pmp: Object [IMAPIProp],
            in ulPropTag: Tag,
            out ppprop: Opaque
        ) -> $crate::HRESULT;
        /// Sets one property of an object.
        #[page = "hrsetoneprop"]
        fn HrSetOneProp @ 8 (in pmp: Object [IMAPIProp], in pprop: Opaque) -> $crate::HRESULT;
        /// Tells whether an object has a property.
        #[page = "fpropexists"]
        fn FPropExists @ 8 (in pobj: Object [IMAPIProp], in ulPropTag: Tag) -> i32;
        /// Finds a property in an array.
        #[page = "ppropfindprop"]
        fn PpropFindProp @ 12 (
            in rgprop: Opaque,
            in cprop: Ulong,
            in ulPropTag: Tag
        ) -> *mut core::ffi::c_void;
        /// Finds a property in an array.
        #[page = "lpvalfindprop"]
        fn LpValFindProp @ 12 (
            in ulPropTag: Tag,
            in cValues: Ulong,
            in lpPropArray: Opaque
        ) -> *mut core::ffi::c_void;
        /// Measures an array of properties with all that it points to.
        #[page = "sccountprops"]
        fn ScCountProps @ 12 (in cprop: Long, in rgprop: Opaque, out pcb: Ulong) -> $crate::HRESULT;
        /// Copies an array of properties into one block.
        #[page = "sccopyprops"]
        fn ScCopyProps @ 16 (
            in cprop: Long,
            in rgprop: Opaque,
            in pvDst: Opaque,
            out pcb: Ulong
        ) -> $crate::HRESULT;
        /// Adjusts the pointers of an array in one block.
        #[page = "screlocprops"]
        fn ScRelocProps @ 20 (
            in cprop: Long,
            in rgprop: Opaque,
            in pvBaseOld: Opaque,
            in pvBaseNew: Opaque,
            out pcb: Ulong
        ) -> $crate::HRESULT;
        /// Duplicates an array of properties in one block of MAPI's memory.
        #[page = "scduppropset"]
        fn ScDupPropset @ 16 (
            in cprop: Long,
            in rgprop: Opaque,
            in lpAllocateBuffer: Opaque,
            out prgprop: Opaque
        ) -> $crate::HRESULT;
        /// Measures a property's value.
        #[page = "ulpropsize"]
        fn UlPropSize @ 4 (in lpSPropValue: Opaque) -> u32;
        /// Copies a property; what it points to is chained to a block.
        #[page = "propcopymore"]
        fn PropCopyMore @ 16 (
            in lpSPropValueDest: Opaque,
            in lpSPropValueSrc: Opaque,
            in lpfAllocMore: Opaque,
            in lpvObject: Opaque
        ) -> $crate::HRESULT;
        /// Compares two values by a relation.
        #[page = "fpropcompareprop"]
        fn FPropCompareProp @ 12 (
            in lpSPropValue1: Opaque,
            in ulRelOp: Ulong,
            in lpSPropValue2: Opaque
        ) -> i32;
        /// Tells whether a value contains another.
        #[page = "fpropcontainsprop"]
        fn FPropContainsProp @ 12 (
            in lpSPropValueDst: Opaque,
            in lpSPropValueSrc: Opaque,
            in ulFuzzyLevel: Ulong
        ) -> i32;
        /// Orders two values.
        #[page = "lpropcompareprop"]
        fn LPropCompareProp @ 8 (in lpSPropValueA: Opaque, in lpSPropValueB: Opaque) -> i32;
        /// Tells whether two property names are the same.
        #[page = "fequalnames"]
        fn FEqualNames @ 8 (in lpName1: Opaque, in lpName2: Opaque) -> i32;
        /// Puts columns at the beginning of a table's.
        #[page = "hraddcolumnsex"]
        fn HrAddColumns @ 16 (
            in lptbl: Object [IMAPITable],
            in lpproptagColumnsNew: Tags,
            in lpAllocateBuffer: Opaque,
            in lpFreeBuffer: Opaque
        ) -> $crate::HRESULT;
        /// Puts columns at the beginning of a table's, with a filter for the others.
        #[page = "hraddcolumnsex"]
        fn HrAddColumnsEx @ 20 (
            in lptbl: Object [IMAPITable],
            in lpproptagColumnsNew: Tags,
            in lpAllocateBuffer: Opaque,
            in lpFreeBuffer: Opaque,
            in lpfnFilterColumns: Opaque
        ) -> $crate::HRESULT;
        /// Returns all rows of a table.
        #[page = "hrqueryallrows"]
        fn HrQueryAllRows @ 24 (
            in ptable: Object [IMAPITable],
            in ptaga: Tags,
            in pres: Restriction,
            in psos: SortOrder,
            in crowsMax: Long,
            out pprows: RowSet
        ) -> $crate::HRESULT;
        /// Frees rows and their set.
        #[page = "freeprows"]
        fn FreeProws @ 4 (in prows: Opaque) -> ();
        /// Frees recipients and their list.
        #[page = "freepadrlist"]
        fn FreePadrlist @ 4 (in padrlist: Opaque) -> ();
        /// Measures notifications with all that they point to.
        #[page = "sccountnotifications"]
        fn ScCountNotifications @ 12 (in cntf: Long, in rgntf: Opaque, out pcb: Ulong) -> $crate::HRESULT;
        /// Copies notifications into one block.
        #[page = "sccopynotifications"]
        fn ScCopyNotifications @ 16 (
            in cntf: Long,
            in rgntf: Opaque,
            in pvDst: Opaque,
            out pcb: Ulong
        ) -> $crate::HRESULT;
        /// Adjusts the pointers of notifications in one block.
        #[page = "screlocnotifications"]
        fn ScRelocNotifications @ 20 (
            in cntf: Long,
            in rgntf: Opaque,
            in pvBaseOld: Opaque,
            in pvBaseNew: Opaque,
            out pcb: Ulong
        ) -> $crate::HRESULT;
        /// Calls `AddRef` of an object.
        #[page = "uladdref"]
        fn UlAddRef @ 4 (in punk: Object [IUnknown]) -> u32;
        /// Calls `Release` of an object; null is allowed.
        #[page = "ulrelease"]
        fn UlRelease @ 4 (in punk: Object [IUnknown]) -> u32;
        /// Makes a table data object.
        #[page = "createtable"]
        fn CreateTable @ 36 (
            in lpInterface: Iid,
            in lpAllocateBuffer: Opaque,
            in lpAllocateMore: Opaque,
            in lpFreeBuffer: Opaque,
            in lpvReserved: Opaque,
            in ulTableType: Ulong,
            in ulPropTagIndexColumn: Tag,
            in lpSPropTagArrayColumns: Tags,
            out lppTableData: Object [ITableData]
        ) -> $crate::HRESULT;
        /// Makes a display table of dialog resources.
        #[page = "builddisplaytable"]
        fn BuildDisplayTable @ 40 (
            in lpAllocateBuffer: Opaque,
            in lpAllocateMore: Opaque,
            in lpFreeBuffer: Opaque,
            in lpMalloc: Opaque,
            in hInstance: Opaque,
            in cPages: Ulong,
            in lpPage: Opaque,
            in ulFlags: Ulong [UNICODE_FLAGS],
            out lppTable: Object [IMAPITable],
            out lppTblData: Object [ITableData]
        ) -> $crate::HRESULT;
        /// Makes a property data object.
        #[page = "createiprop"]
        fn CreateIProp @ 24 (
            in lpInterface: Iid,
            in lpAllocateBuffer: Opaque,
            in lpAllocateMore: Opaque,
            in lpFreeBuffer: Opaque,
            in lpvReserved: Opaque,
            out lppPropData: Object [IPropData]
        ) -> $crate::HRESULT;
        /// Makes an advise sink that calls a function.
        #[page = "hrallocadvisesink"]
        fn HrAllocAdviseSink @ 12 (
            in lpfnCallback: Opaque,
            in lpvContext: Opaque,
            out lppAdviseSink: Object [IMAPIAdviseSink]
        ) -> $crate::HRESULT;
        /// Wraps an advise sink so that it is called on this thread only.
        #[page = "hrthisthreadadvisesink"]
        fn HrThisThreadAdviseSink @ 8 (
            in lpAdviseSink: Object [IMAPIAdviseSink],
            out lppAdviseSink: Object [IMAPIAdviseSink]
        ) -> $crate::HRESULT;
        /// Delivers notifications that wait for this thread.
        #[page = "hrdispatchnotifications"]
        fn HrDispatchNotifications @ 4 (in ulFlags: Ulong) -> $crate::HRESULT;
        /// Opens a stream on a file.
        #[page = "openstreamonfile"]
        fn OpenStreamOnFile @ 24 (
            in lpAllocateBuffer: Opaque,
            in lpFreeBuffer: Opaque,
            in ulFlags: Ulong,
            in lpszFileName: Str8,
            in lpszPrefix: Str8,
            out lppStream: Object [IStream]
        ) -> $crate::HRESULT;
        /// Opens a stream on a file, with wide names.
        #[page = "openstreamonfilew"]
        fn OpenStreamOnFileW @ 24 (
            in lpAllocateBuffer: Opaque,
            in lpFreeBuffer: Opaque,
            in ulFlags: Ulong,
            in lpszFileName: Opaque,
            in lpszPrefix: Opaque,
            out lppStream: Object [IStream]
        ) -> $crate::HRESULT;
        /// Opens a stream of RTF on one of compressed RTF.
        #[page = "wrapcompressedrtfstream"]
        fn WrapCompressedRTFStream @ 12 (
            in lpCompressedRTFStream: Object [IStream],
            in ulFlags: Ulong,
            out lpUncompressedRTFStream: Object [IStream]
        ) -> $crate::HRESULT;
        /// Opens a stream of RTF on one of compressed RTF, and tells what it is.
        #[page = "wrapcompressedrtfstreamex"]
        fn WrapCompressedRTFStreamEx @ 16 (
            in lpCompressedRTFStream: Object [IStream],
            in pWCSInfo: Opaque,
            out lppUncompressedRTFStream: Object [IStream],
            in pRetInfo: Opaque
        ) -> $crate::HRESULT;
        /// Brings a message's body and its RTF together.
        #[page = "rtfsync"]
        fn RTFSync @ 12 (
            in lpMessage: Object [IMessage],
            in ulFlags: Ulong,
            out lpfMessageUpdated: Ulong
        ) -> $crate::HRESULT;
        /// Makes an object that reads or writes TNEF.
        #[page = "opentnefstream"]
        fn OpenTnefStream @ 28 (
            in lpvSupport: Opaque,
            in lpStream: Object [IStream],
            in lpszStreamName: Str8,
            in ulFlags: Ulong,
            in lpMessage: Object [IMessage],
            in wKeyVal: Ulong,
            out lppTNEF: Object [ITnef]
        ) -> $crate::HRESULT;
        /// Makes an object that reads or writes TNEF, with an address book.
        #[page = "opentnefstreamex"]
        fn OpenTnefStreamEx @ 32 (
            in lpvSupport: Opaque,
            in lpStream: Object [IStream],
            in lpszStreamName: Str8,
            in ulFlags: Ulong,
            in lpMessage: Object [IMessage],
            in wKeyVal: Ulong,
            in lpAdressBook: Opaque,
            out lppTNEF: Object [ITnef]
        ) -> $crate::HRESULT;
        /// Returns the code page that a TNEF stream names.
        #[page = "opentnefstreamex"]
        fn GetTnefStreamCodepage @ 12 (
            in lpStream: Object [IStream],
            out lpulCodepage: Ulong,
            out lpulSubCodepage: Ulong
        ) -> $crate::HRESULT;
        /// Reads hexadecimal digits.
        #[page = "fbinfromhex"]
        fn FBinFromHex @ 8 (in sz: Str8, in pb: Opaque) -> i32;
        /// Reads hexadecimal digits into a buffer of a size.
        #[page = "scbinfromhexbounded"]
        fn ScBinFromHexBounded @ 12 (in sz: Str8, in pb: Opaque, in cb: Ulong) -> $crate::HRESULT;
        /// Writes hexadecimal digits.
        #[page = "hexfrombin"]
        fn HexFromBin @ 12 (in pb: Opaque, in cb: Long, in sz: Opaque) -> ();
        /// Finds the first of a character in a string.
        #[page = "szfindch"]
        fn SzFindCh @ 8 (in lpsz: Str8, in ch: Ulong) -> *mut core::ffi::c_void;
        /// Finds the last of a character in a string.
        #[page = "szfindlastch"]
        fn SzFindLastCh @ 8 (in lpsz: Str8, in ch: Ulong) -> *mut core::ffi::c_void;
        /// Finds a string in a string.
        #[page = "szfindsz"]
        fn SzFindSz @ 8 (in lpsz: Str8, in lpszKey: Str8) -> *mut core::ffi::c_void;
        /// Reads a decimal number.
        #[page = "ufromsz"]
        fn UFromSz @ 4 (in lpsz: Str8) -> u32;
        /// Reads a hexadecimal number.
        #[page = "ulfromszhex"]
        fn UlFromSzHex @ 4 (in lpsz: Str8) -> u32;
        /// Writes an entry identifier as text.
        #[page = "hrszfromentryid"]
        fn HrSzFromEntryID @ 12 (in cb: Ulong, in pentry: EntryId, out psz: Opaque) -> $crate::HRESULT;
        /// Reads an entry identifier from text.
        #[page = "hrentryidfromsz"]
        fn HrEntryIDFromSz @ 12 (in sz: Str8, out pcb: Ulong, out ppentry: Opaque) -> $crate::HRESULT;
        /// Makes one entry identifier of a store's record key and a message's identifier.
        #[page = "hrcomposeeid"]
        fn HrComposeEID @ 28 (
            in psession: Opaque,
            in cbStoreRecordKey: Ulong,
            in pStoreRecordKey: Bytes,
            in cbMsgEID: Ulong,
            in pMsgEID: EntryId,
            out pcbEID: Ulong,
            out ppEID: Opaque
        ) -> $crate::HRESULT;
        /// Takes a composed entry identifier apart.
        #[page = "hrdecomposeeid"]
        fn HrDecomposeEID @ 28 (
            in psession: Opaque,
            in cbEID: Ulong,
            in pEID: EntryId,
            out pcbStoreEID: Ulong,
            out ppStoreEID: Opaque,
            out pcbMsgEID: Ulong,
            out ppMsgEID: Opaque
        ) -> $crate::HRESULT;
        /// `HrComposeEID`, as text.
        #[page = "hrcomposemsgid"]
        fn HrComposeMsgID @ 24 (
            in psession: Opaque,
            in cbStoreRecordKey: Ulong,
            in pStoreRecordKey: Bytes,
            in cbMsgEID: Ulong,
            in pMsgEID: EntryId,
            out pszMsgID: Opaque
        ) -> $crate::HRESULT;
        /// `HrDecomposeEID`, from text.
        #[page = "hrdecomposemsgid"]
        fn HrDecomposeMsgID @ 24 (
            in psession: Opaque,
            in szMsgID: Str8,
            out pcbStoreEID: Ulong,
            out ppStoreEID: Opaque,
            out pcbMsgEID: Ulong,
            out ppMsgEID: Opaque
        ) -> $crate::HRESULT;
        /// Wraps a store's own entry identifier for everybody else.
        #[page = "wrapstoreentryid"]
        fn WrapStoreEntryID @ 24 (
            in ulFlags: Ulong,
            in lpszDLLName: Opaque,
            in cbOrigEntry: Ulong,
            in lpOrigEntry: EntryId,
            out lpcbWrappedEntry: Ulong,
            out lppWrappedEntry: Opaque
        ) -> $crate::HRESULT;
        /// Counts the characters of a wide string.
        #[page = "mnls_lstrlenw"]
        fn MNLS_lstrlenW @ 4 (in lpString: Opaque) -> i32;
        /// Copies a wide string.
        #[page = "mnls_lstrcpyw"]
        fn MNLS_lstrcpyW @ 8 (in lpString1: Opaque, in lpString2: Opaque) -> *mut core::ffi::c_void;
        /// Tells whether a wide string cannot be read.
        #[page = "mnls_isbadstringptrw"]
        fn MNLS_IsBadStringPtrW @ 8 (in lpsz: Opaque, in ucchMax: Ulong) -> i32;
        /// Compares wide strings by a locale.
        #[page = "mnls_comparestringw"]
        fn MNLS_CompareStringW @ 24 (
            in lcid: Ulong,
            in dwFlags: Ulong,
            in pstr1: Opaque,
            in cch1: Long,
            in pstr2: Opaque,
            in cch2: Long
        ) -> i32;
        /// Compares wide strings by the user's locale.
        #[page = "mnls_lstrcmpw"]
        fn MNLS_lstrcmpW @ 8 (in lpString1: Opaque, in lpString2: Opaque) -> i32;
        /// Makes a wide string of one in a code page.
        #[page = "mnls_multibytetowidechar"]
        fn MNLS_MultiByteToWideChar @ 24 (
            in uCodePage: Ulong,
            in dwFlags: Ulong,
            in lpMultiByteStr: Opaque,
            in cchMultiByte: Long,
            in lpWideCharStr: Opaque,
            in cchWideChar: Long
        ) -> i32;
        /// Makes a string in a code page of a wide one.
        #[page = "mnls_widechartomultibyte"]
        fn MNLS_WideCharToMultiByte @ 32 (
            in uCodePage: Ulong,
            in dwFlags: Ulong,
            in lpWideCharStr: Opaque,
            in cchWideChar: Long,
            in lpMultiByteStr: Opaque,
            in cchMultiByte: Long,
            in lpDefaultChar: Opaque,
            in lpfUsedDefaultChar: Opaque
        ) -> i32;
        /// Says in MAPI's codes what structured storage says in its own.
        #[page = "mapstoragescode"]
        fn MapStorageSCode @ 4 (in StgSCode: Hresult) -> $crate::HRESULT;
        /// Adds two numbers of 64 bits.
        #[page = "ftaddft"]
        fn FtAddFt @ 16 (in Addend1: U64, in Addend2: U64) -> u64;
        /// Adds two numbers of 64 bits, with carry.
        #[page = "ftadcft"]
        fn FtAdcFt @ 20 (in ft1: U64, in ft2: U64, in pwCarry: Opaque) -> u64;
        /// Subtracts two numbers of 64 bits.
        #[page = "ftsubft"]
        fn FtSubFt @ 16 (in Minuend: U64, in Subtrahend: U64) -> u64;
        /// Multiplies a number of 64 bits by one of 32.
        #[page = "ftmuldw"]
        fn FtMulDw @ 12 (in Multiplier: Ulong, in Multiplicand: U64) -> u64;
        /// Multiplies two numbers of 32 bits.
        #[page = "ftmuldwdw"]
        fn FtMulDwDw @ 8 (in Multiplicand: Ulong, in Multiplier: Ulong) -> u64;
        /// The two's complement of a number of 64 bits.
        #[page = "ftnegft"]
        fn FtNegFt @ 8 (in ft: U64) -> u64;
        /// Starts the idle engine for the caller; counted.
        #[page = "mapiinitidle"]
        fn MAPIInitIdle @ 4 (in lpvReserved: Opaque) -> i32;
        /// The counterpart of `MAPIInitIdle`.
        #[page = "mapideinitidle"]
        fn MAPIDeinitIdle @ 0 () -> ();
        /// Registers a function that is called when there is nothing to do.
        #[page = "ftgregisteridleroutine"]
        fn FtgRegisterIdleRoutine @ 20 (
            in pfnIdle: Opaque,
            in pvIdleParam: Opaque,
            in priIdle: Long,
            in csecIdle: Ulong,
            in iroIdle: Ulong
        ) -> *mut core::ffi::c_void;
        /// Switches an idle routine on or off.
        #[page = "enableidleroutine"]
        fn EnableIdleRoutine @ 8 (in ftg: Opaque, in fEnable: Long) -> ();
        /// Removes an idle routine.
        #[page = "deregisteridleroutine"]
        fn DeregisterIdleRoutine @ 4 (in ftg: Opaque) -> ();
        /// Changes what was registered of an idle routine.
        #[page = "changeidleroutine"]
        fn ChangeIdleRoutine @ 28 (
            in ftg: Opaque,
            in pfnIdle: Opaque,
            in pvIdleParam: Opaque,
            in priIdle: Long,
            in csecIdle: Ulong,
            in iroIdle: Ulong,
            in ircIdle: Ulong
        ) -> ();
        /// Makes the conversation index of a message, or of an answer.
        #[page = "sccreateconversationindex"]
        fn ScCreateConversationIndex @ 16 (
            in cbParent: Ulong,
            in lpbParent: Bytes,
            out lpcbIndex: Ulong,
            out lppbIndex: Opaque
        ) -> $crate::HRESULT;
        /// Tells whether a property tag cannot be valid.
        #[page = "fbadproptag"]
        fn FBadPropTag @ 4 (in ulPropTag: Tag) -> u32;
        /// Tells whether a property cannot be valid.
        #[page = "fbadprop"]
        fn FBadProp @ 4 (in lpprop: Opaque) -> u32;
        /// Tells whether a row cannot be valid.
        #[page = "fbadrow"]
        fn FBadRow @ 4 (in lprow: Opaque) -> u32;
        /// Tells whether rows cannot be valid.
        #[page = "fbadrowset"]
        fn FBadRowSet @ 4 (in lpRowSet: Opaque) -> u32;
        /// Tells whether columns cannot be valid.
        #[page = "fbadcolumnset"]
        fn FBadColumnSet @ 4 (in lpptaCols: Opaque) -> u32;
        /// Tells whether a sort order cannot be valid.
        #[page = "fbadsortorderset"]
        fn FBadSortOrderSet @ 4 (in lpsos: Opaque) -> u32;
        /// Tells whether a restriction cannot be valid.
        #[page = "fbadrestriction"]
        fn FBadRestriction @ 4 (in lpres: Opaque) -> u32;
        /// Tells whether a list of entry identifiers cannot be valid.
        #[page = "fbadentrylist"]
        fn FBadEntryList @ 4 (in lpEntryList: Opaque) -> u32;
        /// Tells whether an array of strings cannot be valid.
        #[page = "fbadrglpszw"]
        fn FBadRglpszA @ 8 (in lppszA: Opaque, in cStrings: Ulong) -> i32;
        /// Tells whether an array of wide strings cannot be valid.
        #[page = "fbadrglpszw"]
        fn FBadRglpszW @ 8 (in lppszW: Opaque, in cStrings: Ulong) -> i32;
        /// Tells whether an array of property names cannot be valid.
        #[page = "fbadrglpnameid"]
        fn FBadRglpNameID @ 8 (in lppNameId: Opaque, in cNames: Ulong) -> i32;
        /// Tells whether a string cannot be read.
        #[page = "isbadboundedstringptr"]
        fn IsBadBoundedStringPtr @ 8 (in lpsz: Opaque, in cchMax: Ulong) -> i32;
        }
    };
}

/// Calls a macro with every function that is exported and not served: its name, the bytes and the words that a 32-bit caller
/// pushes, and whether it can tell of it (`refuse`) or returns no code and gives zero.
#[macro_export]
macro_rules! for_each_unserved_function {
    ($($callback:ident)::+) => {
        $($callback)::+! {
        BMAPIAddress @ 0 0 refuse;
        BMAPIDetails @ 0 0 refuse;
        BMAPIFindNext @ 0 0 refuse;
        BMAPIGetAddress @ 0 0 refuse;
        BMAPIGetReadMail @ 0 0 refuse;
        BMAPIReadMail @ 0 0 refuse;
        BMAPIResolveName @ 0 0 refuse;
        BMAPISaveMail @ 0 0 refuse;
        BMAPISendMail @ 0 0 refuse;
        CbOfEncoded @ 4 1 zero;
        CchOfEncoding @ 4 1 zero;
        CloseIMsgSession @ 4 1 zero;
        EncodeID @ 12 3 refuse;
        FDecodeID @ 12 3 zero;
        FGetComponentPath @ 0 0 zero;
        FixMAPI @ 0 0 refuse;
        FtDivFtBogus @ 20 5 zero;
        GetAttribIMsgOnIStg @ 12 3 refuse;
        GetDefCachedMode @ 4 1 zero;
        GetDefCachedModeDownloadPubFoldFavs @ 4 1 zero;
        GetOutlookVersion @ 0 0 refuse;
        HrCompareABEntryIDsWithExchangeContext @ 36 9 refuse;
        HrCreateNewWrappedObject @ 28 7 refuse;
        HrCreateOfflineObj @ 12 3 refuse;
        HrDoABDetailsWithExchangeContext @ 48 12 refuse;
        HrDoABDetailsWithProviderUID @ 44 11 refuse;
        HrGetAutoDiscoverXML @ 20 5 refuse;
        HrGetGALFromEmsmdbUID @ 20 5 refuse;
        HrGetOmiProvidersFlags @ 0 0 refuse;
        HrIStorageFromStream @ 16 4 refuse;
        HrOpenABEntryUsingDefaultContext @ 32 8 refuse;
        HrOpenABEntryWithExchangeContext @ 36 9 refuse;
        HrOpenABEntryWithProviderUID @ 32 8 refuse;
        HrOpenABEntryWithProviderUIDSupport @ 32 8 refuse;
        HrOpenABEntryWithResolvedRow @ 32 8 refuse;
        HrOpenABEntryWithSupport @ 28 7 refuse;
        HrOpenOfflineObj @ 20 5 refuse;
        HrSetOmiProvidersFlagsInvalid @ 0 0 refuse;
        HrValidateIPMSubtree @ 20 5 refuse;
        HrValidateParameters @ 8 2 refuse;
        InstallFilterHook @ 4 1 refuse;
        LAUNCHWIZARD @ 0 0 refuse;
        LaunchWizard @ 20 5 refuse;
        MAPIAddress @ 44 11 refuse;
        MAPIAdminProfiles @ 8 2 refuse;
        MAPICrashRecovery @ 4 1 zero;
        MAPIDeleteMail @ 20 5 refuse;
        MAPIDetails @ 20 5 refuse;
        MAPIFindNext @ 28 7 refuse;
        MAPILogoff @ 16 4 refuse;
        MAPILogon @ 24 6 refuse;
        MAPILogonEx @ 20 5 refuse;
        MAPIOpenFormMgr @ 8 2 refuse;
        MAPIOpenLocalFormContainer @ 4 1 refuse;
        MAPIReadMail @ 24 6 refuse;
        MAPIResolveName @ 24 6 refuse;
        MAPISaveMail @ 24 6 refuse;
        MAPISendDocuments @ 20 5 refuse;
        MAPISendMail @ 20 5 refuse;
        MAPISendMailW @ 0 0 refuse;
        OpenIMsgOnIStg @ 44 11 refuse;
        OpenIMsgSession @ 12 3 refuse;
        PRProviderInit @ 0 0 refuse;
        ScGenerateMuid @ 4 1 refuse;
        ScLocalPathFromUNC @ 12 3 refuse;
        ScMAPIXFromCMC @ 0 0 refuse;
        ScMAPIXFromSMAPI @ 0 0 refuse;
        ScSplEntry @ 0 0 refuse;
        ScUNCFromLocalPath @ 12 3 refuse;
        SetAttribIMsgOnIStg @ 16 4 refuse;
        SwapPlong @ 8 2 refuse;
        SwapPword @ 8 2 refuse;
        UNKOBJ_COFree @ 8 2 refuse;
        UNKOBJ_Free @ 8 2 refuse;
        UNKOBJ_FreeRows @ 8 2 refuse;
        UNKOBJ_ScAllocate @ 12 3 refuse;
        UNKOBJ_ScAllocateMore @ 16 4 refuse;
        UNKOBJ_ScCOAllocate @ 12 3 refuse;
        UNKOBJ_ScCOReallocate @ 12 3 refuse;
        UNKOBJ_ScSzFromIdsAlloc @ 20 5 refuse;
        WrapProgress @ 20 5 refuse;
        __CPPValidateParameters @ 8 2 refuse;
        __ValidateParameters @ 8 2 refuse;
        cmc_act_on @ 0 0 refuse;
        cmc_free @ 0 0 refuse;
        cmc_list @ 0 0 refuse;
        cmc_logoff @ 0 0 refuse;
        cmc_logon @ 0 0 refuse;
        cmc_look_up @ 0 0 refuse;
        cmc_query_configuration @ 0 0 refuse;
        cmc_read @ 0 0 refuse;
        cmc_send @ 0 0 refuse;
        cmc_send_documents @ 0 0 refuse;
        }
    };
}

macro_rules! describe {
    ($(
        $(#[doc = $doc:literal])*
        #[page = $page:literal]
        fn $name:ident @ $bytes:literal ($($dir:ident $param:ident: $kind:ident $([$note:ident])?),*) -> $ret:ty;
    )*) => {
        /// A description of every served function, by name. Their interface is empty.
        pub mod described {
            #[allow(unused_imports, reason = "used by functions with parameters")]
            use crate::meta::{Direction, Method, Note, Param, direction, is_hresult, note};
            #[allow(unused_imports, reason = "used by functions with parameters")]
            use crate::kinds::{self, Kind as _};
            $(
                $(#[doc = $doc])*
                pub static $name: Method = Method {
                    interface: "",
                    name: stringify!($name),
                    full_name: stringify!($name),
                    doc: concat!($($doc),*),
                    page: $page,
                    params: &[$(Param {
                        name: stringify!($param),
                        direction: direction!($dir),
                        wire: kinds::$kind::WIRE,
                        note: note!($kind $($note)?),
                    }),*],
                    returns_hresult: is_hresult(stringify!($ret)),
                };
            )*
        }

        /// The served functions, in the order of their slots.
        pub static FUNCTIONS: &[&Method] = &[$(&described::$name),*];
    };
}

crate::for_each_function!(describe);

macro_rules! names {
    ($($name:ident @ $bytes:literal $words:literal $answer:ident;)*) => {
        /// The functions that are exported and not served, in the order of their slots, which follow those of the served ones.
        pub static UNSERVED: &[&str] = &[$(stringify!($name)),*];
    };
}

crate::for_each_unserved_function!(names);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once() {
        let mut names: Vec<&str> =
            FUNCTIONS.iter().map(|function| function.name).chain(UNSERVED.iter().copied()).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
