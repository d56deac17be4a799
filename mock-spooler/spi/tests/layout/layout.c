/* Prints how a C compiler lays the public MAPI headers out, one fact a line:
 *     struct NAME size N align N
 *     field NAME.FIELD offset N size N
 *     slot INTERFACE.METHOD N
 *     slots INTERFACE N
 *     iid INTERFACE IDENTIFIER
 * The fields of a union within a structure are printed by their path; slots count from the start of the vtable.
 * ../layout.rs compares the lines with the Rust declarations.
 */
#define INITGUID
#define USES_IID_IMAPIAdviseSink
#define USES_IID_IMAPIProp
#define USES_IID_IProfSect
#define USES_IID_IMAPIStatus
#define USES_IID_IMessage
#define USES_IID_IAttachment
#define USES_IID_IMAPITable
#define USES_IID_IMAPISup
#define USES_IID_IXPProvider
#define USES_IID_IXPLogon
#define USES_IID_IMSProvider
#define USES_IID_IMSLogon
#define USES_IID_IMsgStore
#define USES_IID_IMAPIContainer
#define USES_IID_IMAPIFolder
#define USES_IID_IMAPITableData
#define USES_IID_IMAPIPropData
#define USES_IID_ITNEF
#define USES_IID_IMAPIProgress
#define USES_IID_IProviderAdmin
#include <windows.h>

#include <mapidefs.h>
#include <mapiguid.h>
#include <mapispi.h>
#include <mapix.h>
#include <mapiutil.h>
#include <tnef.h>

#include <stddef.h>
#include <stdio.h>

#define STRUCT(type) printf("struct %s size %u align %u\n", #type, (unsigned)sizeof(type), (unsigned)_Alignof(type));
#define FIELD(type, path) \
    printf("field %s.%s offset %u size %u\n", #type, #path, (unsigned)offsetof(type, path), \
           (unsigned)sizeof(((type *)0)->path));
#define SLOTS(interface) printf("slots %s %u\n", #interface, (unsigned)(sizeof(interface##Vtbl) / sizeof(void *)));
#define SLOT(interface, method) \
    printf("slot %s.%s %u\n", #interface, #method, (unsigned)(offsetof(interface##Vtbl, method) / sizeof(void *)));

static void iid(const char *name, const IID *id) {
    printf("iid %s %08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", name, (unsigned)id->Data1, id->Data2, id->Data3,
           id->Data4[0], id->Data4[1], id->Data4[2], id->Data4[3], id->Data4[4], id->Data4[5], id->Data4[6],
           id->Data4[7]);
}

static void structures(void) {
    STRUCT(FILETIME)
        FIELD(FILETIME, dwLowDateTime) FIELD(FILETIME, dwHighDateTime)
    STRUCT(ENTRYID)
        FIELD(ENTRYID, abFlags) FIELD(ENTRYID, ab)
    STRUCT(MAPIUID)
        FIELD(MAPIUID, ab)
    STRUCT(SBinary)
        FIELD(SBinary, cb) FIELD(SBinary, lpb)
    STRUCT(SShortArray)
        FIELD(SShortArray, cValues) FIELD(SShortArray, lpi)
    STRUCT(SLongArray)
        FIELD(SLongArray, cValues) FIELD(SLongArray, lpl)
    STRUCT(SRealArray)
        FIELD(SRealArray, cValues) FIELD(SRealArray, lpflt)
    STRUCT(SDoubleArray)
        FIELD(SDoubleArray, cValues) FIELD(SDoubleArray, lpdbl)
    STRUCT(SCurrencyArray)
        FIELD(SCurrencyArray, cValues) FIELD(SCurrencyArray, lpcur)
    STRUCT(SAppTimeArray)
        FIELD(SAppTimeArray, cValues) FIELD(SAppTimeArray, lpat)
    STRUCT(SDateTimeArray)
        FIELD(SDateTimeArray, cValues) FIELD(SDateTimeArray, lpft)
    STRUCT(SBinaryArray)
        FIELD(SBinaryArray, cValues) FIELD(SBinaryArray, lpbin)
    STRUCT(SLPSTRArray)
        FIELD(SLPSTRArray, cValues) FIELD(SLPSTRArray, lppszA)
    STRUCT(SWStringArray)
        FIELD(SWStringArray, cValues) FIELD(SWStringArray, lppszW)
    STRUCT(SGuidArray)
        FIELD(SGuidArray, cValues) FIELD(SGuidArray, lpguid)
    STRUCT(SLargeIntegerArray)
        FIELD(SLargeIntegerArray, cValues) FIELD(SLargeIntegerArray, lpli)
    STRUCT(__UPV)
        FIELD(__UPV, i) FIELD(__UPV, l) FIELD(__UPV, ul) FIELD(__UPV, flt) FIELD(__UPV, dbl) FIELD(__UPV, b)
        FIELD(__UPV, cur) FIELD(__UPV, at) FIELD(__UPV, ft) FIELD(__UPV, lpszA) FIELD(__UPV, bin)
        FIELD(__UPV, lpszW) FIELD(__UPV, lpguid) FIELD(__UPV, li) FIELD(__UPV, MVi) FIELD(__UPV, MVl)
        FIELD(__UPV, MVflt) FIELD(__UPV, MVdbl) FIELD(__UPV, MVcur) FIELD(__UPV, MVat) FIELD(__UPV, MVft)
        FIELD(__UPV, MVbin) FIELD(__UPV, MVszA) FIELD(__UPV, MVszW) FIELD(__UPV, MVguid) FIELD(__UPV, MVli)
        FIELD(__UPV, err) FIELD(__UPV, x)
    STRUCT(SPropValue)
        FIELD(SPropValue, ulPropTag) FIELD(SPropValue, dwAlignPad) FIELD(SPropValue, Value)
    STRUCT(SPropTagArray)
        FIELD(SPropTagArray, cValues) FIELD(SPropTagArray, aulPropTag)
    STRUCT(SPropProblem)
        FIELD(SPropProblem, ulIndex) FIELD(SPropProblem, ulPropTag) FIELD(SPropProblem, scode)
    STRUCT(SPropProblemArray)
        FIELD(SPropProblemArray, cProblem) FIELD(SPropProblemArray, aProblem)
    STRUCT(MAPINAMEID)
        FIELD(MAPINAMEID, lpguid) FIELD(MAPINAMEID, ulKind) FIELD(MAPINAMEID, Kind)
        FIELD(MAPINAMEID, Kind.lID) FIELD(MAPINAMEID, Kind.lpwstrName)
    STRUCT(FLATENTRY)
        FIELD(FLATENTRY, cb) FIELD(FLATENTRY, abEntry)
    STRUCT(FLATENTRYLIST)
        FIELD(FLATENTRYLIST, cEntries) FIELD(FLATENTRYLIST, cbEntries) FIELD(FLATENTRYLIST, abEntries)
    STRUCT(ADRENTRY)
        FIELD(ADRENTRY, ulReserved1) FIELD(ADRENTRY, cValues) FIELD(ADRENTRY, rgPropVals)
    STRUCT(ADRLIST)
        FIELD(ADRLIST, cEntries) FIELD(ADRLIST, aEntries)
    STRUCT(SRow)
        FIELD(SRow, ulAdrEntryPad) FIELD(SRow, cValues) FIELD(SRow, lpProps)
    STRUCT(SRowSet)
        FIELD(SRowSet, cRows) FIELD(SRowSet, aRow)
    STRUCT(SSortOrder)
        FIELD(SSortOrder, ulPropTag) FIELD(SSortOrder, ulOrder)
    STRUCT(SSortOrderSet)
        FIELD(SSortOrderSet, cSorts) FIELD(SSortOrderSet, cCategories) FIELD(SSortOrderSet, cExpanded)
        FIELD(SSortOrderSet, aSort)
    STRUCT(MAPIERROR)
        FIELD(MAPIERROR, ulVersion) FIELD(MAPIERROR, lpszError) FIELD(MAPIERROR, lpszComponent)
        FIELD(MAPIERROR, ulLowLevelError) FIELD(MAPIERROR, ulContext)
    STRUCT(SAndRestriction)
        FIELD(SAndRestriction, cRes) FIELD(SAndRestriction, lpRes)
    STRUCT(SOrRestriction)
        FIELD(SOrRestriction, cRes) FIELD(SOrRestriction, lpRes)
    STRUCT(SNotRestriction)
        FIELD(SNotRestriction, ulReserved) FIELD(SNotRestriction, lpRes)
    STRUCT(SContentRestriction)
        FIELD(SContentRestriction, ulFuzzyLevel) FIELD(SContentRestriction, ulPropTag)
        FIELD(SContentRestriction, lpProp)
    STRUCT(SBitMaskRestriction)
        FIELD(SBitMaskRestriction, relBMR) FIELD(SBitMaskRestriction, ulPropTag)
        FIELD(SBitMaskRestriction, ulMask)
    STRUCT(SPropertyRestriction)
        FIELD(SPropertyRestriction, relop) FIELD(SPropertyRestriction, ulPropTag)
        FIELD(SPropertyRestriction, lpProp)
    STRUCT(SComparePropsRestriction)
        FIELD(SComparePropsRestriction, relop) FIELD(SComparePropsRestriction, ulPropTag1)
        FIELD(SComparePropsRestriction, ulPropTag2)
    STRUCT(SSizeRestriction)
        FIELD(SSizeRestriction, relop) FIELD(SSizeRestriction, ulPropTag) FIELD(SSizeRestriction, cb)
    STRUCT(SExistRestriction)
        FIELD(SExistRestriction, ulReserved1) FIELD(SExistRestriction, ulPropTag)
        FIELD(SExistRestriction, ulReserved2)
    STRUCT(SSubRestriction)
        FIELD(SSubRestriction, ulSubObject) FIELD(SSubRestriction, lpRes)
    STRUCT(SCommentRestriction)
        FIELD(SCommentRestriction, cValues) FIELD(SCommentRestriction, lpRes)
        FIELD(SCommentRestriction, lpProp)
    STRUCT(SRestriction)
        FIELD(SRestriction, rt) FIELD(SRestriction, res) FIELD(SRestriction, res.resCompareProps)
        FIELD(SRestriction, res.resAnd) FIELD(SRestriction, res.resOr) FIELD(SRestriction, res.resNot)
        FIELD(SRestriction, res.resContent) FIELD(SRestriction, res.resProperty)
        FIELD(SRestriction, res.resBitMask) FIELD(SRestriction, res.resSize) FIELD(SRestriction, res.resExist)
        FIELD(SRestriction, res.resSub) FIELD(SRestriction, res.resComment)
    STRUCT(ERROR_NOTIFICATION)
        FIELD(ERROR_NOTIFICATION, cbEntryID) FIELD(ERROR_NOTIFICATION, lpEntryID)
        FIELD(ERROR_NOTIFICATION, scode) FIELD(ERROR_NOTIFICATION, ulFlags)
        FIELD(ERROR_NOTIFICATION, lpMAPIError)
    STRUCT(NEWMAIL_NOTIFICATION)
        FIELD(NEWMAIL_NOTIFICATION, cbEntryID) FIELD(NEWMAIL_NOTIFICATION, lpEntryID)
        FIELD(NEWMAIL_NOTIFICATION, cbParentID) FIELD(NEWMAIL_NOTIFICATION, lpParentID)
        FIELD(NEWMAIL_NOTIFICATION, ulFlags) FIELD(NEWMAIL_NOTIFICATION, lpszMessageClass)
        FIELD(NEWMAIL_NOTIFICATION, ulMessageFlags)
    STRUCT(OBJECT_NOTIFICATION)
        FIELD(OBJECT_NOTIFICATION, cbEntryID) FIELD(OBJECT_NOTIFICATION, lpEntryID)
        FIELD(OBJECT_NOTIFICATION, ulObjType) FIELD(OBJECT_NOTIFICATION, cbParentID)
        FIELD(OBJECT_NOTIFICATION, lpParentID) FIELD(OBJECT_NOTIFICATION, cbOldID)
        FIELD(OBJECT_NOTIFICATION, lpOldID) FIELD(OBJECT_NOTIFICATION, cbOldParentID)
        FIELD(OBJECT_NOTIFICATION, lpOldParentID) FIELD(OBJECT_NOTIFICATION, lpPropTagArray)
    STRUCT(TABLE_NOTIFICATION)
        FIELD(TABLE_NOTIFICATION, ulTableEvent) FIELD(TABLE_NOTIFICATION, hResult)
        FIELD(TABLE_NOTIFICATION, propIndex) FIELD(TABLE_NOTIFICATION, propPrior)
        FIELD(TABLE_NOTIFICATION, row) FIELD(TABLE_NOTIFICATION, ulPad)
    STRUCT(EXTENDED_NOTIFICATION)
        FIELD(EXTENDED_NOTIFICATION, ulEvent) FIELD(EXTENDED_NOTIFICATION, cb)
        FIELD(EXTENDED_NOTIFICATION, pbEventParameters)
    STRUCT(STATUS_OBJECT_NOTIFICATION)
        FIELD(STATUS_OBJECT_NOTIFICATION, cbEntryID) FIELD(STATUS_OBJECT_NOTIFICATION, lpEntryID)
        FIELD(STATUS_OBJECT_NOTIFICATION, cValues) FIELD(STATUS_OBJECT_NOTIFICATION, lpPropVals)
    STRUCT(NOTIFICATION)
        FIELD(NOTIFICATION, ulEventType) FIELD(NOTIFICATION, ulAlignPad) FIELD(NOTIFICATION, info)
        FIELD(NOTIFICATION, info.err) FIELD(NOTIFICATION, info.newmail) FIELD(NOTIFICATION, info.obj)
        FIELD(NOTIFICATION, info.tab) FIELD(NOTIFICATION, info.ext) FIELD(NOTIFICATION, info.statobj)
    STRUCT(NOTIFKEY)
        FIELD(NOTIFKEY, cb) FIELD(NOTIFKEY, ab)
    STRUCT(OPTIONDATA)
        FIELD(OPTIONDATA, ulFlags) FIELD(OPTIONDATA, lpRecipGUID) FIELD(OPTIONDATA, lpszAdrType)
        FIELD(OPTIONDATA, lpszDLLName) FIELD(OPTIONDATA, ulOrdinal) FIELD(OPTIONDATA, cbOptionsData)
        FIELD(OPTIONDATA, lpbOptionsData) FIELD(OPTIONDATA, cOptionsProps) FIELD(OPTIONDATA, lpOptionsProps)
    STRUCT(STATSTG)
        FIELD(STATSTG, pwcsName) FIELD(STATSTG, type) FIELD(STATSTG, cbSize) FIELD(STATSTG, mtime)
        FIELD(STATSTG, ctime) FIELD(STATSTG, atime) FIELD(STATSTG, grfMode) FIELD(STATSTG, grfLocksSupported)
        FIELD(STATSTG, clsid) FIELD(STATSTG, grfStateBits) FIELD(STATSTG, reserved)
}

static void interfaces(void) {
    SLOTS(IUnknown)
        SLOT(IUnknown, QueryInterface) SLOT(IUnknown, AddRef) SLOT(IUnknown, Release)
    SLOTS(IMalloc)
        SLOT(IMalloc, QueryInterface) SLOT(IMalloc, AddRef) SLOT(IMalloc, Release) SLOT(IMalloc, Alloc)
        SLOT(IMalloc, Realloc) SLOT(IMalloc, Free) SLOT(IMalloc, GetSize) SLOT(IMalloc, DidAlloc)
        SLOT(IMalloc, HeapMinimize)
    SLOTS(ISequentialStream)
        SLOT(ISequentialStream, QueryInterface) SLOT(ISequentialStream, AddRef)
        SLOT(ISequentialStream, Release) SLOT(ISequentialStream, Read) SLOT(ISequentialStream, Write)
    SLOTS(IStream)
        SLOT(IStream, QueryInterface) SLOT(IStream, AddRef) SLOT(IStream, Release) SLOT(IStream, Read)
        SLOT(IStream, Write) SLOT(IStream, Seek) SLOT(IStream, SetSize) SLOT(IStream, CopyTo)
        SLOT(IStream, Commit) SLOT(IStream, Revert) SLOT(IStream, LockRegion) SLOT(IStream, UnlockRegion)
        SLOT(IStream, Stat) SLOT(IStream, Clone)
    SLOTS(IMAPIAdviseSink)
        SLOT(IMAPIAdviseSink, QueryInterface) SLOT(IMAPIAdviseSink, AddRef) SLOT(IMAPIAdviseSink, Release)
        SLOT(IMAPIAdviseSink, OnNotify)
    SLOTS(IMAPIProp)
        SLOT(IMAPIProp, QueryInterface) SLOT(IMAPIProp, AddRef) SLOT(IMAPIProp, Release)
        SLOT(IMAPIProp, GetLastError) SLOT(IMAPIProp, SaveChanges) SLOT(IMAPIProp, GetProps)
        SLOT(IMAPIProp, GetPropList) SLOT(IMAPIProp, OpenProperty) SLOT(IMAPIProp, SetProps)
        SLOT(IMAPIProp, DeleteProps) SLOT(IMAPIProp, CopyTo) SLOT(IMAPIProp, CopyProps)
        SLOT(IMAPIProp, GetNamesFromIDs) SLOT(IMAPIProp, GetIDsFromNames)
    SLOTS(IProfSect)
        SLOT(IProfSect, QueryInterface) SLOT(IProfSect, AddRef) SLOT(IProfSect, Release)
        SLOT(IProfSect, GetLastError) SLOT(IProfSect, SaveChanges) SLOT(IProfSect, GetProps)
        SLOT(IProfSect, GetPropList) SLOT(IProfSect, OpenProperty) SLOT(IProfSect, SetProps)
        SLOT(IProfSect, DeleteProps) SLOT(IProfSect, CopyTo) SLOT(IProfSect, CopyProps)
        SLOT(IProfSect, GetNamesFromIDs) SLOT(IProfSect, GetIDsFromNames)
    SLOTS(IMAPIStatus)
        SLOT(IMAPIStatus, QueryInterface) SLOT(IMAPIStatus, AddRef) SLOT(IMAPIStatus, Release)
        SLOT(IMAPIStatus, GetLastError) SLOT(IMAPIStatus, SaveChanges) SLOT(IMAPIStatus, GetProps)
        SLOT(IMAPIStatus, GetPropList) SLOT(IMAPIStatus, OpenProperty) SLOT(IMAPIStatus, SetProps)
        SLOT(IMAPIStatus, DeleteProps) SLOT(IMAPIStatus, CopyTo) SLOT(IMAPIStatus, CopyProps)
        SLOT(IMAPIStatus, GetNamesFromIDs) SLOT(IMAPIStatus, GetIDsFromNames) SLOT(IMAPIStatus, ValidateState)
        SLOT(IMAPIStatus, SettingsDialog) SLOT(IMAPIStatus, ChangePassword) SLOT(IMAPIStatus, FlushQueues)
    SLOTS(IMessage)
        SLOT(IMessage, QueryInterface) SLOT(IMessage, AddRef) SLOT(IMessage, Release)
        SLOT(IMessage, GetLastError) SLOT(IMessage, SaveChanges) SLOT(IMessage, GetProps)
        SLOT(IMessage, GetPropList) SLOT(IMessage, OpenProperty) SLOT(IMessage, SetProps)
        SLOT(IMessage, DeleteProps) SLOT(IMessage, CopyTo) SLOT(IMessage, CopyProps)
        SLOT(IMessage, GetNamesFromIDs) SLOT(IMessage, GetIDsFromNames) SLOT(IMessage, GetAttachmentTable)
        SLOT(IMessage, OpenAttach) SLOT(IMessage, CreateAttach) SLOT(IMessage, DeleteAttach)
        SLOT(IMessage, GetRecipientTable) SLOT(IMessage, ModifyRecipients) SLOT(IMessage, SubmitMessage)
        SLOT(IMessage, SetReadFlag)
    SLOTS(IAttach)
        SLOT(IAttach, QueryInterface) SLOT(IAttach, AddRef) SLOT(IAttach, Release) SLOT(IAttach, GetLastError)
        SLOT(IAttach, SaveChanges) SLOT(IAttach, GetProps) SLOT(IAttach, GetPropList)
        SLOT(IAttach, OpenProperty) SLOT(IAttach, SetProps) SLOT(IAttach, DeleteProps) SLOT(IAttach, CopyTo)
        SLOT(IAttach, CopyProps) SLOT(IAttach, GetNamesFromIDs) SLOT(IAttach, GetIDsFromNames)
    SLOTS(IMAPITable)
        SLOT(IMAPITable, QueryInterface) SLOT(IMAPITable, AddRef) SLOT(IMAPITable, Release)
        SLOT(IMAPITable, GetLastError) SLOT(IMAPITable, Advise) SLOT(IMAPITable, Unadvise)
        SLOT(IMAPITable, GetStatus) SLOT(IMAPITable, SetColumns) SLOT(IMAPITable, QueryColumns)
        SLOT(IMAPITable, GetRowCount) SLOT(IMAPITable, SeekRow) SLOT(IMAPITable, SeekRowApprox)
        SLOT(IMAPITable, QueryPosition) SLOT(IMAPITable, FindRow) SLOT(IMAPITable, Restrict)
        SLOT(IMAPITable, CreateBookmark) SLOT(IMAPITable, FreeBookmark) SLOT(IMAPITable, SortTable)
        SLOT(IMAPITable, QuerySortOrder) SLOT(IMAPITable, QueryRows) SLOT(IMAPITable, Abort)
        SLOT(IMAPITable, ExpandRow) SLOT(IMAPITable, CollapseRow) SLOT(IMAPITable, WaitForCompletion)
        SLOT(IMAPITable, GetCollapseState) SLOT(IMAPITable, SetCollapseState)
    SLOTS(IMAPISupport)
        SLOT(IMAPISupport, QueryInterface) SLOT(IMAPISupport, AddRef) SLOT(IMAPISupport, Release)
        SLOT(IMAPISupport, GetLastError) SLOT(IMAPISupport, GetMemAllocRoutines) SLOT(IMAPISupport, Subscribe)
        SLOT(IMAPISupport, Unsubscribe) SLOT(IMAPISupport, Notify) SLOT(IMAPISupport, ModifyStatusRow)
        SLOT(IMAPISupport, OpenProfileSection) SLOT(IMAPISupport, RegisterPreprocessor)
        SLOT(IMAPISupport, NewUID) SLOT(IMAPISupport, MakeInvalid) SLOT(IMAPISupport, SpoolerYield)
        SLOT(IMAPISupport, SpoolerNotify) SLOT(IMAPISupport, CreateOneOff) SLOT(IMAPISupport, SetProviderUID)
        SLOT(IMAPISupport, CompareEntryIDs) SLOT(IMAPISupport, OpenTemplateID) SLOT(IMAPISupport, OpenEntry)
        SLOT(IMAPISupport, GetOneOffTable) SLOT(IMAPISupport, Address) SLOT(IMAPISupport, Details)
        SLOT(IMAPISupport, NewEntry) SLOT(IMAPISupport, DoConfigPropsheet) SLOT(IMAPISupport, CopyMessages)
        SLOT(IMAPISupport, CopyFolder) SLOT(IMAPISupport, DoCopyTo) SLOT(IMAPISupport, DoCopyProps)
        SLOT(IMAPISupport, DoProgressDialog) SLOT(IMAPISupport, ReadReceipt) SLOT(IMAPISupport, PrepareSubmit)
        SLOT(IMAPISupport, ExpandRecips) SLOT(IMAPISupport, UpdatePAB) SLOT(IMAPISupport, DoSentMail)
        SLOT(IMAPISupport, OpenAddressBook) SLOT(IMAPISupport, Preprocess) SLOT(IMAPISupport, CompleteMsg)
        SLOT(IMAPISupport, StoreLogoffTransports) SLOT(IMAPISupport, StatusRecips)
        SLOT(IMAPISupport, WrapStoreEntryID) SLOT(IMAPISupport, ModifyProfile)
        SLOT(IMAPISupport, IStorageFromStream) SLOT(IMAPISupport, GetSvcConfigSupportObj)
    SLOTS(IXPProvider)
        SLOT(IXPProvider, QueryInterface) SLOT(IXPProvider, AddRef) SLOT(IXPProvider, Release)
        SLOT(IXPProvider, Shutdown) SLOT(IXPProvider, TransportLogon)
    SLOTS(IXPLogon)
        SLOT(IXPLogon, QueryInterface) SLOT(IXPLogon, AddRef) SLOT(IXPLogon, Release)
        SLOT(IXPLogon, AddressTypes) SLOT(IXPLogon, RegisterOptions) SLOT(IXPLogon, TransportNotify)
        SLOT(IXPLogon, Idle) SLOT(IXPLogon, TransportLogoff) SLOT(IXPLogon, SubmitMessage)
        SLOT(IXPLogon, EndMessage) SLOT(IXPLogon, Poll) SLOT(IXPLogon, StartMessage)
        SLOT(IXPLogon, OpenStatusEntry) SLOT(IXPLogon, ValidateState) SLOT(IXPLogon, FlushQueues)
    SLOTS(IMSProvider)
        SLOT(IMSProvider, QueryInterface) SLOT(IMSProvider, AddRef) SLOT(IMSProvider, Release)
        SLOT(IMSProvider, Shutdown) SLOT(IMSProvider, Logon) SLOT(IMSProvider, SpoolerLogon)
        SLOT(IMSProvider, CompareStoreIDs)
    SLOTS(IMSLogon)
        SLOT(IMSLogon, QueryInterface) SLOT(IMSLogon, AddRef) SLOT(IMSLogon, Release)
        SLOT(IMSLogon, GetLastError) SLOT(IMSLogon, Logoff) SLOT(IMSLogon, OpenEntry)
        SLOT(IMSLogon, CompareEntryIDs) SLOT(IMSLogon, Advise) SLOT(IMSLogon, Unadvise)
        SLOT(IMSLogon, OpenStatusEntry)
    SLOTS(IMsgStore)
        SLOT(IMsgStore, QueryInterface) SLOT(IMsgStore, AddRef) SLOT(IMsgStore, Release)
        SLOT(IMsgStore, GetLastError) SLOT(IMsgStore, SaveChanges) SLOT(IMsgStore, GetProps)
        SLOT(IMsgStore, GetPropList) SLOT(IMsgStore, OpenProperty) SLOT(IMsgStore, SetProps)
        SLOT(IMsgStore, DeleteProps) SLOT(IMsgStore, CopyTo) SLOT(IMsgStore, CopyProps)
        SLOT(IMsgStore, GetNamesFromIDs) SLOT(IMsgStore, GetIDsFromNames) SLOT(IMsgStore, Advise)
        SLOT(IMsgStore, Unadvise) SLOT(IMsgStore, CompareEntryIDs) SLOT(IMsgStore, OpenEntry)
        SLOT(IMsgStore, SetReceiveFolder) SLOT(IMsgStore, GetReceiveFolder)
        SLOT(IMsgStore, GetReceiveFolderTable) SLOT(IMsgStore, StoreLogoff) SLOT(IMsgStore, AbortSubmit)
        SLOT(IMsgStore, GetOutgoingQueue) SLOT(IMsgStore, SetLockState) SLOT(IMsgStore, FinishedMsg)
        SLOT(IMsgStore, NotifyNewMail)
    SLOTS(IMAPIContainer)
        SLOT(IMAPIContainer, QueryInterface) SLOT(IMAPIContainer, AddRef) SLOT(IMAPIContainer, Release)
        SLOT(IMAPIContainer, GetLastError) SLOT(IMAPIContainer, SaveChanges) SLOT(IMAPIContainer, GetProps)
        SLOT(IMAPIContainer, GetPropList) SLOT(IMAPIContainer, OpenProperty) SLOT(IMAPIContainer, SetProps)
        SLOT(IMAPIContainer, DeleteProps) SLOT(IMAPIContainer, CopyTo) SLOT(IMAPIContainer, CopyProps)
        SLOT(IMAPIContainer, GetNamesFromIDs) SLOT(IMAPIContainer, GetIDsFromNames)
        SLOT(IMAPIContainer, GetContentsTable) SLOT(IMAPIContainer, GetHierarchyTable)
        SLOT(IMAPIContainer, OpenEntry) SLOT(IMAPIContainer, SetSearchCriteria)
        SLOT(IMAPIContainer, GetSearchCriteria)
    SLOTS(IMAPIFolder)
        SLOT(IMAPIFolder, QueryInterface) SLOT(IMAPIFolder, AddRef) SLOT(IMAPIFolder, Release)
        SLOT(IMAPIFolder, GetLastError) SLOT(IMAPIFolder, SaveChanges) SLOT(IMAPIFolder, GetProps)
        SLOT(IMAPIFolder, GetPropList) SLOT(IMAPIFolder, OpenProperty) SLOT(IMAPIFolder, SetProps)
        SLOT(IMAPIFolder, DeleteProps) SLOT(IMAPIFolder, CopyTo) SLOT(IMAPIFolder, CopyProps)
        SLOT(IMAPIFolder, GetNamesFromIDs) SLOT(IMAPIFolder, GetIDsFromNames)
        SLOT(IMAPIFolder, GetContentsTable) SLOT(IMAPIFolder, GetHierarchyTable) SLOT(IMAPIFolder, OpenEntry)
        SLOT(IMAPIFolder, SetSearchCriteria) SLOT(IMAPIFolder, GetSearchCriteria)
        SLOT(IMAPIFolder, CreateMessage) SLOT(IMAPIFolder, CopyMessages) SLOT(IMAPIFolder, DeleteMessages)
        SLOT(IMAPIFolder, CreateFolder) SLOT(IMAPIFolder, CopyFolder) SLOT(IMAPIFolder, DeleteFolder)
        SLOT(IMAPIFolder, SetReadFlags) SLOT(IMAPIFolder, GetMessageStatus)
        SLOT(IMAPIFolder, SetMessageStatus) SLOT(IMAPIFolder, SaveContentsSort) SLOT(IMAPIFolder, EmptyFolder)
    SLOTS(ITableData)
        SLOT(ITableData, QueryInterface) SLOT(ITableData, AddRef) SLOT(ITableData, Release) SLOT(ITableData, HrGetView)
        SLOT(ITableData, HrModifyRow) SLOT(ITableData, HrDeleteRow) SLOT(ITableData, HrQueryRow) SLOT(ITableData, HrEnumRow)
        SLOT(ITableData, HrNotify) SLOT(ITableData, HrInsertRow) SLOT(ITableData, HrModifyRows) SLOT(ITableData, HrDeleteRows)
    SLOTS(IPropData)
        SLOT(IPropData, QueryInterface) SLOT(IPropData, AddRef) SLOT(IPropData, Release) SLOT(IPropData, GetLastError)
        SLOT(IPropData, SaveChanges) SLOT(IPropData, GetProps) SLOT(IPropData, GetPropList) SLOT(IPropData, OpenProperty)
        SLOT(IPropData, SetProps) SLOT(IPropData, DeleteProps) SLOT(IPropData, CopyTo) SLOT(IPropData, CopyProps)
        SLOT(IPropData, GetNamesFromIDs) SLOT(IPropData, GetIDsFromNames) SLOT(IPropData, HrSetObjAccess) SLOT(IPropData, HrSetPropAccess)
        SLOT(IPropData, HrGetPropAccess) SLOT(IPropData, HrAddObjProps)
    SLOTS(ITnef)
        SLOT(ITnef, QueryInterface) SLOT(ITnef, AddRef) SLOT(ITnef, Release) SLOT(ITnef, AddProps)
        SLOT(ITnef, ExtractProps) SLOT(ITnef, Finish) SLOT(ITnef, OpenTaggedBody) SLOT(ITnef, SetProps)
        SLOT(ITnef, EncodeRecips) SLOT(ITnef, FinishComponent)
    SLOTS(IMAPIProgress)
        SLOT(IMAPIProgress, QueryInterface) SLOT(IMAPIProgress, AddRef) SLOT(IMAPIProgress, Release) SLOT(IMAPIProgress, Progress)
        SLOT(IMAPIProgress, GetFlags) SLOT(IMAPIProgress, GetMax) SLOT(IMAPIProgress, GetMin) SLOT(IMAPIProgress, SetLimits)
    SLOTS(IProviderAdmin)
        SLOT(IProviderAdmin, QueryInterface) SLOT(IProviderAdmin, AddRef) SLOT(IProviderAdmin, Release) SLOT(IProviderAdmin, GetLastError)
        SLOT(IProviderAdmin, GetProviderTable) SLOT(IProviderAdmin, CreateProvider) SLOT(IProviderAdmin, DeleteProvider) SLOT(IProviderAdmin, OpenProfileSection)
    iid("IUnknown", &IID_IUnknown);
    iid("IMalloc", &IID_IMalloc);
    iid("ISequentialStream", &IID_ISequentialStream);
    iid("IStream", &IID_IStream);
    iid("IMAPIAdviseSink", &IID_IMAPIAdviseSink);
    iid("IMAPIProp", &IID_IMAPIProp);
    iid("IProfSect", &IID_IProfSect);
    iid("IMAPIStatus", &IID_IMAPIStatus);
    iid("IMessage", &IID_IMessage);
    iid("IAttach", &IID_IAttachment);
    iid("IMAPITable", &IID_IMAPITable);
    iid("IMAPISupport", &IID_IMAPISup);
    iid("IXPProvider", &IID_IXPProvider);
    iid("IXPLogon", &IID_IXPLogon);
    iid("IMSProvider", &IID_IMSProvider);
    iid("IMSLogon", &IID_IMSLogon);
    iid("IMsgStore", &IID_IMsgStore);
    iid("IMAPIContainer", &IID_IMAPIContainer);
    iid("IMAPIFolder", &IID_IMAPIFolder);
    iid("ITableData", &IID_IMAPITableData);
    iid("IPropData", &IID_IMAPIPropData);
    iid("ITnef", &IID_ITNEF);
    iid("IMAPIProgress", &IID_IMAPIProgress);
    iid("IProviderAdmin", &IID_IProviderAdmin);
}

int main(void) {
    structures();
    interfaces();
    return 0;
}
