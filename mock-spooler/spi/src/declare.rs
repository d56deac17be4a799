//! The declaration: every interface, every method in vtable order, every parameter with direction and kind, once.
//!
//! [`for_each_interface!`](crate::for_each_interface) hands the whole list to a macro of the caller's choice. This crate
//! makes COM interfaces ([`crate::interfaces`]) and descriptions ([`crate::meta`]) of it; `mock-spooler` makes its
//! recording vtables and its recording calls of it. A build script that parses the public headers was the alternative:
//! the headers say neither directions nor which parameter counts another, so the list would have stood beside them anyway.
//!
//! A parameter is `DIRECTION NAME: KIND [NOTE]`. The kind ([`crate::kinds`]) gives the ABI type and tells a recorder how
//! to read the value; an array takes its length from the parameter before it. The note names the flag set of a bit mask or
//! the interface of an object. Where the headers disagree on `ULONG` and `ULONG_PTR` the wider type is declared.
//!
//! This file is long because it is one list, in the order of the headers.

/// Calls a macro with the declaration of every interface.
#[macro_export]
macro_rules! for_each_interface {
    ($($callback:ident)::+) => {
        $($callback)::+! {
        /// OLE's memory allocator, passed to `XPProviderInit`.
        interface IMalloc: IUnknown = "00000002-0000-0000-c000-000000000046" {
            /// Allocates a block; null where there is no memory.
            #[page = "xpproviderinit"]
            fn Alloc(in cb: Size) -> *mut core::ffi::c_void;
            /// Changes the size of a block; null where there is no memory.
            #[page = "xpproviderinit"]
            fn Realloc(in pv: Opaque, in cb: Size) -> *mut core::ffi::c_void;
            /// Frees a block; null is allowed.
            #[page = "xpproviderinit"]
            fn Free(in pv: Opaque) -> ();
            /// Returns a block's size in bytes, or -1 for null.
            #[page = "xpproviderinit"]
            fn GetSize(in pv: Opaque) -> usize;
            /// Tells whether this allocator made a block: 1 yes, 0 no, -1 unknown.
            #[page = "xpproviderinit"]
            fn DidAlloc(in pv: Opaque) -> i32;
            /// Gives unused memory back to the system.
            #[page = "xpproviderinit"]
            fn HeapMinimize() -> ();
        }
        /// Sequential access to bytes; the base of [`IStream`].
        interface ISequentialStream: IUnknown = "0c733a30-2a1c-11ce-ade5-00aa0044773d" {
            /// Reads bytes from the seek pointer on.
            #[page = "imapiprop-openproperty"]
            fn Read(out pv: Buffer, in cb: Ulong, out pcbRead: Ulong) -> $crate::HRESULT;
            /// Writes bytes at the seek pointer.
            #[page = "imapiprop-openproperty"]
            fn Write(in pv: WriteBuffer, in cb: Ulong, out pcbWritten: Ulong) -> $crate::HRESULT;
        }
        /// A property opened as a stream of bytes.
        interface IStream: ISequentialStream = "0000000c-0000-0000-c000-000000000046" {
            /// Moves the seek pointer.
            #[page = "imapiprop-openproperty"]
            fn Seek(in dlibMove: I64, in dwOrigin: Ulong, out plibNewPosition: U64) -> $crate::HRESULT;
            /// Changes the stream's size.
            #[page = "imapiprop-openproperty"]
            fn SetSize(in libNewSize: U64) -> $crate::HRESULT;
            /// Copies bytes to another stream.
            #[page = "imapiprop-openproperty"]
            fn CopyTo(in pstm: Object [IStream], in cb: U64, out pcbRead: U64, out pcbWritten: U64) -> $crate::HRESULT;
            /// Makes changes of a transacted stream visible.
            #[page = "imapiprop-openproperty"]
            fn Commit(in grfCommitFlags: Ulong) -> $crate::HRESULT;
            /// Discards changes of a transacted stream since the last commit.
            #[page = "imapiprop-openproperty"]
            fn Revert() -> $crate::HRESULT;
            /// Restricts access to a range of bytes.
            #[page = "imapiprop-openproperty"]
            fn LockRegion(in libOffset: U64, in cb: U64, in dwLockType: Ulong) -> $crate::HRESULT;
            /// Lifts a restriction made with `LockRegion`.
            #[page = "imapiprop-openproperty"]
            fn UnlockRegion(in libOffset: U64, in cb: U64, in dwLockType: Ulong) -> $crate::HRESULT;
            /// Returns the stream's attributes.
            #[page = "imapiprop-openproperty"]
            fn Stat(out pstatstg: Stat, in grfStatFlag: Ulong) -> $crate::HRESULT;
            /// Opens the same bytes with a seek pointer of its own.
            #[page = "imapiprop-openproperty"]
            fn Clone(out ppstm: Object [IStream]) -> $crate::HRESULT;
        }
        /// Receives notifications on behalf of whoever advised.
        interface IMAPIAdviseSink: IUnknown = "00020302-0000-0000-c000-000000000046" {
            /// Receives notifications; the return value is reserved and zero.
            #[page = "imapiadvisesink-onnotify"]
            fn OnNotify(in cNotif: Ulong, in lpNotifications: Notifications) -> u32;
        }
        /// An object with properties; the base of most MAPI objects.
        interface IMAPIProp: IUnknown = "00020303-0000-0000-c000-000000000046" {
            /// Describes the last error of this object in a `MAPIERROR` that the caller frees.
            #[page = "imapiprop-getlasterror"]
            fn GetLastError(in hResult: Hresult, in ulFlags: Ulong, out lppMAPIError: MapiError) -> $crate::HRESULT;
            /// Makes the changes since the last save permanent.
            #[page = "imapiprop-savechanges"]
            fn SaveChanges(in ulFlags: Ulong [SAVE_FLAGS]) -> $crate::HRESULT;
            /// Returns values of properties.
            #[page = "imapiprop-getprops"]
            fn GetProps(
                in lpPropTagArray: Tags,
                in ulFlags: Ulong [UNICODE_FLAGS],
                out lpcValues: Ulong,
                out lppPropArray: Props
            ) -> $crate::HRESULT;
            /// Returns the tags of all properties.
            #[page = "imapiprop-getproplist"]
            fn GetPropList(in ulFlags: Ulong [UNICODE_FLAGS], out lppPropTagArray: Tags) -> $crate::HRESULT;
            /// Opens a property for access through another interface.
            #[page = "imapiprop-openproperty"]
            fn OpenProperty(
                in ulPropTag: Tag,
                in lpiid: Iid,
                in ulInterfaceOptions: Ulong,
                in ulFlags: Ulong [OPEN_PROPERTY_FLAGS],
                out lppUnk: Object [IUnknown]
            ) -> $crate::HRESULT;
            /// Sets properties.
            #[page = "imapiprop-setprops"]
            fn SetProps(in cValues: Ulong, in lpPropArray: Props, out lppProblems: Problems) -> $crate::HRESULT;
            /// Deletes properties.
            #[page = "imapiprop-deleteprops"]
            fn DeleteProps(in lpPropTagArray: Tags, out lppProblems: Problems) -> $crate::HRESULT;
            /// Copies or moves all but the excluded properties to another object.
            #[page = "imapiprop-copyto"]
            fn CopyTo(
                in ciidExclude: Ulong,
                in rgiidExclude: IidArray,
                in lpExcludeProps: Tags,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in lpInterface: Iid,
                in lpDestObj: Opaque,
                in ulFlags: Ulong [COPY_FLAGS],
                out lppProblems: Problems
            ) -> $crate::HRESULT;
            /// Copies or moves chosen properties to another object.
            #[page = "imapiprop-copyprops"]
            fn CopyProps(
                in lpIncludeProps: Tags,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in lpInterface: Iid,
                in lpDestObj: Opaque,
                in ulFlags: Ulong [COPY_FLAGS],
                out lppProblems: Problems
            ) -> $crate::HRESULT;
            /// Returns the names of named properties.
            #[page = "imapiprop-getnamesfromids"]
            fn GetNamesFromIDs(
                inout lppPropTags: Tags,
                in lpPropSetGuid: Uid,
                in ulFlags: Ulong,
                out lpcPropNames: Ulong,
                out lpppPropNames: NameArray
            ) -> $crate::HRESULT;
            /// Returns, and on demand makes, the identifiers of property names.
            #[page = "imapiprop-getidsfromnames"]
            fn GetIDsFromNames(
                in cPropNames: Ulong,
                in lppPropNames: Names,
                in ulFlags: Ulong,
                out lppPropTags: Tags
            ) -> $crate::HRESULT;
        }
        /// A section of a profile.
        interface IProfSect: IMAPIProp = "00020304-0000-0000-c000-000000000046" {
        }
        /// A status object: what a row of the status table stands for.
        interface IMAPIStatus: IMAPIProp = "00020305-0000-0000-c000-000000000046" {
            /// Checks the external state of the resource behind a status object.
            #[page = "imapistatus-validatestate"]
            fn ValidateState(in ulUIParam: UlongPtr, in ulFlags: Ulong [VALIDATE_FLAGS]) -> $crate::HRESULT;
            /// Shows the resource's property sheet.
            #[page = "imapistatus-settingsdialog"]
            fn SettingsDialog(in ulUIParam: UlongPtr, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Changes the resource's password without a dialog.
            #[page = "imapistatus-changepassword"]
            fn ChangePassword(in lpOldPass: Str, in lpNewPass: Str, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Asks for all waiting messages to be sent or fetched.
            #[page = "imapistatus-flushqueues"]
            fn FlushQueues(
                in ulUIParam: UlongPtr,
                in cbTargetTransport: Ulong,
                in lpTargetTransport: EntryId,
                in ulFlags: Ulong [FLUSH_FLAGS]
            ) -> $crate::HRESULT;
        }
        /// A message.
        interface IMessage: IMAPIProp = "00020307-0000-0000-c000-000000000046" {
            /// Opens the table of the message's attachments.
            #[page = "imessage-getattachmenttable"]
            fn GetAttachmentTable(
                in ulFlags: Ulong [UNICODE_FLAGS],
                out lppTable: Object [IMAPITable]
            ) -> $crate::HRESULT;
            /// Opens an attachment.
            #[page = "imessage-openattach"]
            fn OpenAttach(
                in ulAttachmentNum: Ulong,
                in lpInterface: Iid,
                in ulFlags: Ulong [OPEN_FLAGS],
                out lppAttach: Object [IAttach]
            ) -> $crate::HRESULT;
            /// Makes a new attachment.
            #[page = "imessage-createattach"]
            fn CreateAttach(
                in lpInterface: Iid,
                in ulFlags: Ulong,
                out lpulAttachmentNum: Ulong,
                out lppAttach: Object [IAttach]
            ) -> $crate::HRESULT;
            /// Deletes an attachment.
            #[page = "imessage-deleteattach"]
            fn DeleteAttach(
                in ulAttachmentNum: Ulong,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Opens the table of the message's recipients.
            #[page = "imessage-getrecipienttable"]
            fn GetRecipientTable(
                in ulFlags: Ulong [UNICODE_FLAGS],
                out lppTable: Object [IMAPITable]
            ) -> $crate::HRESULT;
            /// Adds, changes, removes or replaces recipients.
            #[page = "imessage-modifyrecipients"]
            fn ModifyRecipients(in ulFlags: Ulong [MODIFY_RECIPIENTS_FLAGS], in lpMods: AdrList) -> $crate::HRESULT;
            /// Marks the message as ready to be sent.
            #[page = "imessage-submitmessage"]
            fn SubmitMessage(in ulFlags: Ulong) -> $crate::HRESULT;
            /// Sets or clears the message's read state.
            #[page = "imessage-setreadflag"]
            fn SetReadFlag(in ulFlags: Ulong) -> $crate::HRESULT;
        }
        /// An attachment of a message.
        interface IAttach: IMAPIProp = "00020308-0000-0000-c000-000000000046" {
        }
        /// A read-only view of rows and columns.
        interface IMAPITable: IUnknown = "00020301-0000-0000-c000-000000000046" {
            /// Describes the last error of this object in a `MAPIERROR` that the caller frees.
            #[page = "imapitable-getlasterror"]
            fn GetLastError(in hResult: Hresult, in ulFlags: Ulong, out lppMAPIError: MapiError) -> $crate::HRESULT;
            /// Registers an advise sink for changes of the table.
            #[page = "imapitable-advise"]
            fn Advise(
                in ulEventMask: Ulong,
                in lpAdviseSink: Object [IMAPIAdviseSink],
                out lpulConnection: UlongPtr
            ) -> $crate::HRESULT;
            /// Ends a registration made with `Advise`.
            #[page = "imapitable-unadvise"]
            fn Unadvise(in ulConnection: UlongPtr) -> $crate::HRESULT;
            /// Returns the table's status and type.
            #[page = "imapitable-getstatus"]
            fn GetStatus(out lpulTableStatus: Ulong, out lpulTableType: Ulong) -> $crate::HRESULT;
            /// Chooses the columns and their order.
            #[page = "imapitable-setcolumns"]
            fn SetColumns(in lpPropTagArray: Tags, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Returns the columns.
            #[page = "imapitable-querycolumns"]
            fn QueryColumns(in ulFlags: Ulong, out lpPropTagArray: Tags) -> $crate::HRESULT;
            /// Returns the number of rows.
            #[page = "imapitable-getrowcount"]
            fn GetRowCount(in ulFlags: Ulong, out lpulCount: Ulong) -> $crate::HRESULT;
            /// Moves the cursor relative to a bookmark.
            #[page = "imapitable-seekrow"]
            fn SeekRow(in bkOrigin: Ulong, in lRowCount: Long, out lplRowsSought: Long) -> $crate::HRESULT;
            /// Moves the cursor to a fraction of the table.
            #[page = "imapitable-seekrowapprox"]
            fn SeekRowApprox(in ulNumerator: Ulong, in ulDenominator: Ulong) -> $crate::HRESULT;
            /// Returns the cursor's position.
            #[page = "imapitable-queryposition"]
            fn QueryPosition(
                out lpulRow: Ulong,
                out lpulNumerator: Ulong,
                out lpulDenominator: Ulong
            ) -> $crate::HRESULT;
            /// Moves the cursor to the next row that matches a restriction.
            #[page = "imapitable-findrow"]
            fn FindRow(in lpRestriction: Restriction, in bkOrigin: Ulong, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Limits the table to rows that match a restriction.
            #[page = "imapitable-restrict"]
            fn Restrict(in lpRestriction: Restriction, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Marks the cursor's position.
            #[page = "imapitable-createbookmark"]
            fn CreateBookmark(out lpbkPosition: Ulong) -> $crate::HRESULT;
            /// Releases a bookmark.
            #[page = "imapitable-freebookmark"]
            fn FreeBookmark(in bkPosition: Ulong) -> $crate::HRESULT;
            /// Sorts the rows.
            #[page = "imapitable-sorttable"]
            fn SortTable(in lpSortCriteria: SortOrder, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Returns the sort order.
            #[page = "imapitable-querysortorder"]
            fn QuerySortOrder(out lppSortCriteria: SortOrder) -> $crate::HRESULT;
            /// Returns rows from the cursor on.
            #[page = "imapitable-queryrows"]
            fn QueryRows(in lRowCount: Long, in ulFlags: Ulong, out lppRows: RowSet) -> $crate::HRESULT;
            /// Stops asynchronous work on the table.
            #[page = "imapitable-abort"]
            fn Abort() -> $crate::HRESULT;
            /// Expands a category of a categorised table.
            #[page = "imapitable-expandrow"]
            fn ExpandRow(
                in cbInstanceKey: Ulong,
                in pbInstanceKey: Bytes,
                in ulRowCount: Ulong,
                in ulFlags: Ulong,
                out lppRows: RowSet,
                out lpulMoreRows: Ulong
            ) -> $crate::HRESULT;
            /// Collapses a category of a categorised table.
            #[page = "imapitable-collapserow"]
            fn CollapseRow(
                in cbInstanceKey: Ulong,
                in pbInstanceKey: Bytes,
                in ulFlags: Ulong,
                out lpulRowCount: Ulong
            ) -> $crate::HRESULT;
            /// Waits until asynchronous work on the table is done.
            #[page = "imapitable-waitforcompletion"]
            fn WaitForCompletion(
                in ulFlags: Ulong,
                in ulTimeout: Ulong,
                out lpulTableStatus: Ulong
            ) -> $crate::HRESULT;
            /// Returns which categories are expanded.
            #[page = "imapitable-getcollapsestate"]
            fn GetCollapseState(
                in ulFlags: Ulong,
                in cbInstanceKey: Ulong,
                in lpbInstanceKey: Bytes,
                out lpcbCollapseState: Ulong,
                out lppbCollapseState: Bytes
            ) -> $crate::HRESULT;
            /// Restores which categories are expanded.
            #[page = "imapitable-setcollapsestate"]
            fn SetCollapseState(
                in ulFlags: Ulong,
                in cbCollapseState: Ulong,
                in pbCollapseState: Bytes,
                out lpbkLocation: Ulong
            ) -> $crate::HRESULT;
        }
        /// MAPI's side of a provider session: the callbacks that a provider is given.
        interface IMAPISupport: IUnknown = "0002030f-0000-0000-c000-000000000046" {
            /// Describes the last error of this object in a `MAPIERROR` that the caller frees.
            #[page = "imapisupport-getlasterror"]
            fn GetLastError(in hResult: Hresult, in ulFlags: Ulong, out lppMAPIError: MapiError) -> $crate::HRESULT;
            /// Hands out the addresses of the three MAPI memory functions.
            #[page = "imapisupport-getmemallocroutines"]
            fn GetMemAllocRoutines(
                out lpAllocateBuffer: Opaque,
                out lpAllocateMore: Opaque,
                out lpFreeBuffer: Opaque
            ) -> $crate::HRESULT;
            /// Registers an advise sink for notifications that the provider raises through MAPI.
            #[page = "imapisupport-subscribe"]
            fn Subscribe(
                in lpKey: NotifKey,
                in ulEventMask: Ulong,
                in ulFlags: Ulong,
                in lpAdviseSink: Object [IMAPIAdviseSink],
                out lpulConnection: UlongPtr
            ) -> $crate::HRESULT;
            /// Ends a registration made with `Subscribe`.
            #[page = "imapisupport-unsubscribe"]
            fn Unsubscribe(in ulConnection: UlongPtr) -> $crate::HRESULT;
            /// Raises notifications for the sinks that subscribed to a key.
            #[page = "imapisupport-notify"]
            fn Notify(
                in lpKey: NotifKey,
                in cNotification: Ulong,
                in lpNotifications: Notifications,
                inout lpulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Creates, replaces or (STATUSROW_UPDATE) updates the provider's row of the status table.
            #[page = "imapisupport-modifystatusrow"]
            fn ModifyStatusRow(
                in cValues: Ulong,
                in lpColumnVals: Props,
                in ulFlags: Ulong [STATUSROW_FLAGS]
            ) -> $crate::HRESULT;
            /// Opens a section of the current profile; no identifier means the provider's own section.
            #[page = "imapisupport-openprofilesection"]
            fn OpenProfileSection(
                in lpUid: Uid,
                in ulFlags: Ulong [OPEN_FLAGS],
                out lppProfileObj: Object [IProfSect]
            ) -> $crate::HRESULT;
            /// Registers a transport's preprocessing functions for an address type.
            #[page = "imapisupport-registerpreprocessor"]
            fn RegisterPreprocessor(
                in lpMuid: Uid,
                in lpszAdrType: Str,
                in lpszDLLName: Str,
                in lpszPreprocess: Str8,
                in lpszRemovePreprocessInfo: Str8,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Makes a new unique identifier.
            #[page = "imapisupport-newuid"]
            fn NewUID(out lpMuid: UidValue) -> $crate::HRESULT;
            /// Marks a released object's vtable so that later calls on it fail with MAPI_E_INVALID_OBJECT.
            #[page = "imapisupport-makeinvalid"]
            fn MakeInvalid(
                in ulFlags: Ulong,
                in lpObject: Opaque,
                in ulRefCount: Ulong,
                in cMethods: Ulong
            ) -> $crate::HRESULT;
            /// Gives the processor back to the spooler during long work; MAPI_W_CANCEL_MESSAGE asks to stop.
            #[page = "imapisupport-spooleryield"]
            fn SpoolerYield(in ulFlags: Ulong) -> $crate::HRESULT;
            /// Tells the spooler of a change of status or a request for service.
            #[page = "imapisupport-spoolernotify"]
            fn SpoolerNotify(in ulFlags: Ulong [SPOOLER_NOTIFY_FLAGS], in lpvData: NotifyData) -> $crate::HRESULT;
            /// Makes a one-off entry identifier of a name, an address type and an address.
            #[page = "imapisupport-createoneoff"]
            fn CreateOneOff(
                in lpszName: Str,
                in lpszAdrType: Str,
                in lpszAddress: Str,
                in ulFlags: Ulong [UNICODE_FLAGS],
                out lpcbEntryID: Ulong,
                out lppEntryID: EntryId
            ) -> $crate::HRESULT;
            /// Registers an identifier that stands in the entry identifiers of this provider.
            #[page = "imapisupport-setprovideruid"]
            fn SetProviderUID(in lpProviderID: Uid, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Tells whether two entry identifiers name the same object.
            #[page = "imapisupport-compareentryids"]
            fn CompareEntryIDs(
                in cbEntry1: Ulong,
                in lpEntry1: EntryId,
                in cbEntry2: Ulong,
                in lpEntry2: EntryId,
                in ulCompareFlags: Ulong,
                out lpulResult: Ulong
            ) -> $crate::HRESULT;
            /// Opens a recipient entry of a foreign address book provider.
            #[page = "imapisupport-opentemplateid"]
            fn OpenTemplateID(
                in cbTemplateID: Ulong,
                in lpTemplateID: EntryId,
                in ulTemplateFlags: Ulong,
                in lpMAPIPropData: Object [IMAPIProp],
                in lpInterface: Iid,
                out lppMAPIPropNew: Object [IMAPIProp],
                in lpMAPIPropSibling: Object [IMAPIProp]
            ) -> $crate::HRESULT;
            /// Opens the object that an entry identifier names.
            #[page = "imapisupport-openentry"]
            fn OpenEntry(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpInterface: Iid,
                in ulOpenFlags: Ulong [OPEN_FLAGS],
                out lpulObjType: Ulong,
                out lppUnk: Object [IUnknown]
            ) -> $crate::HRESULT;
            /// Opens the table of one-off templates.
            #[page = "imapisupport-getoneofftable"]
            fn GetOneOffTable(in ulFlags: Ulong, out lppTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Shows the address dialog box.
            #[page = "imapisupport-address"]
            fn Address(
                inout lpulUIParam: UlongPtr,
                in lpAdrParms: Opaque,
                inout lppAdrList: AdrList
            ) -> $crate::HRESULT;
            /// Shows the details dialog box of an address book entry.
            #[page = "imapisupport-details"]
            fn Details(
                inout lpulUIParam: UlongPtr,
                in lpfnDismiss: Opaque,
                in lpvDismissContext: Opaque,
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpfButtonCallback: Opaque,
                in lpvButtonContext: Opaque,
                in lpszButtonText: Str,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Adds an entry to an address book container or a message's recipients.
            #[page = "imapisupport-newentry"]
            fn NewEntry(
                in ulUIParam: UlongPtr,
                in ulFlags: Ulong,
                in cbEIDContainer: Ulong,
                in lpEIDContainer: EntryId,
                in cbEIDNewEntryTpl: Ulong,
                in lpEIDNewEntryTpl: EntryId,
                out lpcbEIDNewEntry: Ulong,
                out lppEIDNewEntry: EntryId
            ) -> $crate::HRESULT;
            /// Shows a configuration property sheet.
            #[page = "imapisupport-doconfigpropsheet"]
            fn DoConfigPropsheet(
                in ulUIParam: UlongPtr,
                in ulFlags: Ulong,
                in lpszTitle: Str,
                in lpDisplayTable: Object [IMAPITable],
                in lpCOnfigData: Object [IMAPIProp],
                in ulTopPage: Ulong
            ) -> $crate::HRESULT;
            /// Copies or moves messages between folders on behalf of a store.
            #[page = "imapisupport-copymessages"]
            fn CopyMessages(
                in lpSrcInterface: Iid,
                in lpSrcFolder: Opaque,
                in lpMsgList: EntryList,
                in lpDestInterface: Iid,
                in lpDestFolder: Opaque,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Copies or moves a folder on behalf of a store.
            #[page = "imapisupport-copyfolder"]
            fn CopyFolder(
                in lpSrcInterface: Iid,
                in lpSrcFolder: Opaque,
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpDestInterface: Iid,
                in lpDestFolder: Opaque,
                in lszNewFolderName: Str,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Copies all but the excluded properties of one object to another.
            #[page = "imapisupport-docopyto"]
            fn DoCopyTo(
                in lpSrcInterface: Iid,
                in lpSrcObj: Opaque,
                in ciidExclude: Ulong,
                in rgiidExclude: IidArray,
                in lpExcludeProps: Tags,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in lpDestInterface: Iid,
                in lpDestObj: Opaque,
                in ulFlags: Ulong,
                out lppProblems: Problems
            ) -> $crate::HRESULT;
            /// Copies chosen properties of one object to another.
            #[page = "imapisupport-docopyprops"]
            fn DoCopyProps(
                in lpSrcInterface: Iid,
                in lpSrcObj: Opaque,
                in lpIncludeProps: Tags,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in lpDestInterface: Iid,
                in lpDestObj: Opaque,
                in ulFlags: Ulong,
                out lppProblems: Problems
            ) -> $crate::HRESULT;
            /// Shows a progress indicator.
            #[page = "imapisupport-doprogressdialog"]
            fn DoProgressDialog(
                in ulUIParam: UlongPtr,
                in ulFlags: Ulong,
                out lppProgress: Opaque
            ) -> $crate::HRESULT;
            /// Makes a read or nonread report of a message.
            #[page = "imapisupport-readreceipt"]
            fn ReadReceipt(
                in ulFlags: Ulong,
                in lpReadMessage: Object [IMessage],
                out lppEmptyMessage: Object [IMessage]
            ) -> $crate::HRESULT;
            /// Readies a message for submission to the spooler.
            #[page = "imapisupport-preparesubmit"]
            fn PrepareSubmit(in lpMessage: Object [IMessage], inout lpulFlags: Ulong) -> $crate::HRESULT;
            /// Completes a message's recipient list and says whether the spooler or a preprocessor is needed.
            #[page = "imapisupport-expandrecips"]
            fn ExpandRecips(in lpMessage: Object [IMessage], out lpulFlags: Ulong [EXPAND_RECIPS_FLAGS]) -> $crate::HRESULT;
            /// Obsolete: updated the personal address book.
            #[page = "imapisupportiunknown"]
            fn UpdatePAB(in ulFlags: Ulong, in lpMessage: Object [IMessage]) -> $crate::HRESULT;
            /// Does what a sent message asks for: hooks, copy or deletion.
            #[page = "imapisupport-dosentmail"]
            fn DoSentMail(in ulFlags: Ulong, in lpMessage: Object [IMessage]) -> $crate::HRESULT;
            /// Opens the address book.
            #[page = "imapisupport-openaddressbook"]
            fn OpenAddressBook(in lpInterface: Iid, in ulFlags: Ulong, out lppAdrBook: Opaque) -> $crate::HRESULT;
            /// Has the spooler preprocess a message (obsolete in practice).
            #[page = "imapisupportiunknown"]
            fn Preprocess(in ulFlags: Ulong, in cbEntryID: Ulong, in lpEntryID: EntryId) -> $crate::HRESULT;
            /// Tells the spooler that a coupled store has sent a message and postprocessing may run.
            #[page = "imapisupport-completemsg"]
            fn CompleteMsg(in ulFlags: Ulong, in cbEntryID: Ulong, in lpEntryID: EntryId) -> $crate::HRESULT;
            /// Asks for an orderly release of the transports when a store logs off.
            #[page = "imapisupport-storelogofftransports"]
            fn StoreLogoffTransports(inout lpulFlags: Ulong [STORE_LOGOFF_FLAGS]) -> $crate::HRESULT;
            /// Makes delivery or nondelivery reports for the recipients listed.
            #[page = "imapisupport-statusrecips"]
            fn StatusRecips(in lpMessage: Object [IMessage], in lpRecipList: AdrList) -> $crate::HRESULT;
            /// Turns a store's private entry identifier into one that MAPI can use.
            #[page = "imapisupport-wrapstoreentryid"]
            fn WrapStoreEntryID(
                in cbOrigEntry: Ulong,
                in lpOrigEntry: EntryId,
                out lpcbWrappedEntry: Ulong,
                out lppWrappedEntry: EntryId
            ) -> $crate::HRESULT;
            /// Makes changes to the profile permanent.
            #[page = "imapisupport-modifyprofile"]
            fn ModifyProfile(in ulFlags: Ulong) -> $crate::HRESULT;
            /// Implements IStorage on a stream.
            #[page = "imapisupport-istoragefromstream"]
            fn IStorageFromStream(
                in lpUnkIn: Object [IUnknown],
                in lpInterface: Iid,
                in ulFlags: Ulong,
                out lppStorageOut: Opaque
            ) -> $crate::HRESULT;
            /// Makes a support object for a message service entry point.
            #[page = "imapisupport-getsvcconfigsupportobj"]
            fn GetSvcConfigSupportObj(in ulFlags: Ulong, out lppSvcSupport: Object [IMAPISupport]) -> $crate::HRESULT;
        }
        /// A transport provider: what `XPProviderInit` returns.
        interface IXPProvider: IUnknown = "00020312-0000-0000-c000-000000000046" {
            /// Closes the provider down, after all its logon objects have been released.
            #[page = "ixpprovider-shutdown"]
            fn Shutdown(inout lpulFlags: Ulong) -> $crate::HRESULT;
            /// Establishes a session with the transport and returns its logon object.
            #[page = "ixpprovider-transportlogon"]
            fn TransportLogon(
                in lpMAPISup: Object [IMAPISupport],
                in ulUIParam: UlongPtr,
                in lpszProfileName: Str,
                inout lpulFlags: Ulong [LOGON_FLAGS],
                out lppMAPIError: MapiError,
                out lppXPLogon: Object [IXPLogon]
            ) -> $crate::HRESULT;
        }
        /// A session with a transport provider: what `TransportLogon` returns.
        interface IXPLogon: IUnknown = "00020315-0000-0000-c000-000000000046" {
            /// Says which recipients the transport handles, by address type and by unique identifier.
            #[page = "ixplogon-addresstypes"]
            fn AddressTypes(
                inout lpulFlags: Ulong [UNICODE_FLAGS],
                out lpcAdrType: Ulong,
                out lpppAdrTypeArray: StrArray,
                out lpcMAPIUID: Ulong,
                out lpppUIDArray: UidArray
            ) -> $crate::HRESULT;
            /// Says which message and recipient options the transport has.
            #[page = "optional-transport-provider-features"]
            fn RegisterOptions(
                inout lpulFlags: Ulong [UNICODE_FLAGS],
                out lpcOptions: Ulong,
                out lppOptions: Options
            ) -> $crate::HRESULT;
            /// Tells the transport of an event: begin and end of a direction or a flush, cancellation.
            #[page = "ixplogon-transportnotify"]
            fn TransportNotify(
                inout lpulFlags: Ulong [TRANSPORT_NOTIFY_FLAGS],
                in lppvData: NotifyCell
            ) -> $crate::HRESULT;
            /// Lends the transport time that the system does not need.
            #[page = "ixplogon-idle"]
            fn Idle(in ulFlags: Ulong) -> $crate::HRESULT;
            /// Ends the session.
            #[page = "ixplogon-transportlogoff"]
            fn TransportLogoff(in ulFlags: Ulong [LOGOFF_FLAGS]) -> $crate::HRESULT;
            /// Hands an outbound message to the transport.
            #[page = "ixplogon-submitmessage"]
            fn SubmitMessage(
                in ulFlags: Ulong [SUBMIT_FLAGS],
                in lpMessage: Object [IMessage],
                inout lpulMsgRef: UlongPtr,
                out lpulReturnParm: UlongPtr
            ) -> $crate::HRESULT;
            /// Ends the processing of a message that SubmitMessage accepted.
            #[page = "ixplogon-endmessage"]
            fn EndMessage(in ulMsgRef: UlongPtr, inout lpulFlags: Ulong [END_MESSAGE_FLAGS]) -> $crate::HRESULT;
            /// Asks whether inbound messages wait.
            #[page = "ixplogon-poll"]
            fn Poll(out lpulIncoming: Ulong) -> $crate::HRESULT;
            /// Asks the transport to store the next inbound message into the message object given.
            #[page = "ixplogon-startmessage"]
            fn StartMessage(
                in ulFlags: Ulong,
                in lpMessage: Object [IMessage],
                inout lpulMsgRef: UlongPtr
            ) -> $crate::HRESULT;
            /// Opens the transport's status object.
            #[page = "ixplogon-openstatusentry"]
            fn OpenStatusEntry(
                in lpInterface: Iid,
                in ulFlags: Ulong,
                out lpulObjType: Ulong,
                out lppEntry: Object [IMAPIStatus]
            ) -> $crate::HRESULT;
            /// Checks the transport's external state, on behalf of IMAPIStatus.
            #[page = "ixplogon-validatestate"]
            fn ValidateState(in ulUIParam: UlongPtr, in ulFlags: Ulong [VALIDATE_FLAGS]) -> $crate::HRESULT;
            /// Asks the transport to send or fetch all that waits.
            #[page = "ixplogon-flushqueues"]
            fn FlushQueues(
                in ulUIParam: UlongPtr,
                in cbTargetTransport: Ulong,
                in lpTargetTransport: EntryId,
                in ulFlags: Ulong [FLUSH_FLAGS]
            ) -> $crate::HRESULT;
        }
        /// A message store provider: what `MSProviderInit` returns.
        interface IMSProvider: IUnknown = "00020310-0000-0000-c000-000000000046" {
            /// Closes the provider down, after all its logon objects have been released.
            #[page = "imsprovider-shutdown"]
            fn Shutdown(inout lpulFlags: Ulong) -> $crate::HRESULT;
            /// Opens a store for a client and returns its logon object.
            #[page = "imsprovider-logon"]
            fn Logon(
                in lpMAPISup: Object [IMAPISupport],
                in ulUIParam: UlongPtr,
                in lpszProfileName: Str,
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulFlags: Ulong [STORE_LOGON_FLAGS],
                in lpInterface: Iid,
                out lpcbSpoolSecurity: Ulong,
                out lppbSpoolSecurity: Bytes,
                out lppMAPIError: MapiError,
                out lppMSLogon: Object [IMSLogon],
                out lppMDB: Object [IMsgStore]
            ) -> $crate::HRESULT;
            /// Opens a store for the spooler with the security data that `Logon` returned.
            #[page = "imsprovider-spoolerlogon"]
            fn SpoolerLogon(
                in lpMAPISup: Object [IMAPISupport],
                in ulUIParam: UlongPtr,
                in lpszProfileName: Str,
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulFlags: Ulong [STORE_LOGON_FLAGS],
                in lpInterface: Iid,
                in cbSpoolSecurity: Ulong,
                in lpbSpoolSecurity: Bytes,
                out lppMAPIError: MapiError,
                out lppMSLogon: Object [IMSLogon],
                out lppMDB: Object [IMsgStore]
            ) -> $crate::HRESULT;
            /// Tells whether two store entry identifiers name the same store.
            #[page = "imsprovider-comparestoreids"]
            fn CompareStoreIDs(
                in cbEntryID1: Ulong,
                in lpEntryID1: EntryId,
                in cbEntryID2: Ulong,
                in lpEntryID2: EntryId,
                in ulFlags: Ulong,
                out lpulResult: Ulong
            ) -> $crate::HRESULT;
        }
        /// A session with a message store provider.
        interface IMSLogon: IUnknown = "00020313-0000-0000-c000-000000000046" {
            /// Describes the last error of this object in a `MAPIERROR` that the caller frees.
            #[page = "imslogon-getlasterror"]
            fn GetLastError(in hResult: Hresult, in ulFlags: Ulong, out lppMAPIError: MapiError) -> $crate::HRESULT;
            /// Ends the store session.
            #[page = "imslogon-logoff"]
            fn Logoff(inout lpulFlags: Ulong) -> $crate::HRESULT;
            /// Opens a folder or message of the store.
            #[page = "imslogon-openentry"]
            fn OpenEntry(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpInterface: Iid,
                in ulFlags: Ulong [OPEN_FLAGS],
                out lpulObjType: Ulong,
                out lppUnk: Object [IUnknown]
            ) -> $crate::HRESULT;
            /// Tells whether two entry identifiers name the same object.
            #[page = "imslogon-compareentryids"]
            fn CompareEntryIDs(
                in cbEntryID1: Ulong,
                in lpEntryID1: EntryId,
                in cbEntryID2: Ulong,
                in lpEntryID2: EntryId,
                in ulFlags: Ulong,
                out lpulResult: Ulong
            ) -> $crate::HRESULT;
            /// Registers an advise sink for an object of the store.
            #[page = "imslogon-advise"]
            fn Advise(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulEventMask: Ulong,
                in lpAdviseSink: Object [IMAPIAdviseSink],
                out lpulConnection: UlongPtr
            ) -> $crate::HRESULT;
            /// Ends a registration made with `Advise`.
            #[page = "imslogon-unadvise"]
            fn Unadvise(in ulConnection: UlongPtr) -> $crate::HRESULT;
            /// Opens the store's status object.
            #[page = "imslogon-openstatusentry"]
            fn OpenStatusEntry(
                in lpInterface: Iid,
                in ulFlags: Ulong,
                out lpulObjType: Ulong,
                out lppEntry: Object [IMAPIStatus]
            ) -> $crate::HRESULT;
        }
        /// An open message store.
        interface IMsgStore: IMAPIProp = "00020306-0000-0000-c000-000000000046" {
            /// Registers an advise sink for an object of the store, or for the whole store.
            #[page = "imsgstore-advise"]
            fn Advise(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulEventMask: Ulong,
                in lpAdviseSink: Object [IMAPIAdviseSink],
                out lpulConnection: UlongPtr
            ) -> $crate::HRESULT;
            /// Ends a registration made with `Advise`.
            #[page = "imsgstore-unadvise"]
            fn Unadvise(in ulConnection: UlongPtr) -> $crate::HRESULT;
            /// Tells whether two entry identifiers name the same object.
            #[page = "imsgstore-compareentryids"]
            fn CompareEntryIDs(
                in cbEntryID1: Ulong,
                in lpEntryID1: EntryId,
                in cbEntryID2: Ulong,
                in lpEntryID2: EntryId,
                in ulFlags: Ulong,
                out lpulResult: Ulong
            ) -> $crate::HRESULT;
            /// Opens a folder or message of the store.
            #[page = "imsgstore-openentry"]
            fn OpenEntry(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpInterface: Iid,
                in ulFlags: Ulong [OPEN_FLAGS],
                out lpulObjType: Ulong,
                out lppUnk: Object [IUnknown]
            ) -> $crate::HRESULT;
            /// Chooses the folder that receives messages of a class.
            #[page = "imsgstore-setreceivefolder"]
            fn SetReceiveFolder(
                in lpszMessageClass: Str,
                in ulFlags: Ulong,
                in cbEntryID: Ulong,
                in lpEntryID: EntryId
            ) -> $crate::HRESULT;
            /// Returns the folder that receives messages of a class.
            #[page = "imsgstore-getreceivefolder"]
            fn GetReceiveFolder(
                in lpszMessageClass: Str,
                in ulFlags: Ulong,
                out lpcbEntryID: Ulong,
                out lppEntryID: EntryId,
                out lppszExplicitClass: Str
            ) -> $crate::HRESULT;
            /// Opens the table of receive folders.
            #[page = "imsgstore-getreceivefoldertable"]
            fn GetReceiveFolderTable(in ulFlags: Ulong, out lppTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Starts an orderly logoff of the store.
            #[page = "imsgstore-storelogoff"]
            fn StoreLogoff(inout lpulFlags: Ulong [STORE_LOGOFF_FLAGS]) -> $crate::HRESULT;
            /// Takes a submitted message out of the outgoing queue.
            #[page = "imsgstore-abortsubmit"]
            fn AbortSubmit(in cbEntryID: Ulong, in lpEntryID: EntryId, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Opens the table of messages that wait to be sent.
            #[page = "imsgstore-getoutgoingqueue"]
            fn GetOutgoingQueue(in ulFlags: Ulong, out lppTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Locks a message for the spooler, or unlocks it.
            #[page = "imsgstore-setlockstate"]
            fn SetLockState(in lpMessage: Object [IMessage], in ulLockState: Ulong) -> $crate::HRESULT;
            /// Lets the store finish a message that the spooler has sent.
            #[page = "imsgstore-finishedmsg"]
            fn FinishedMsg(in ulFlags: Ulong, in cbEntryID: Ulong, in lpEntryID: EntryId) -> $crate::HRESULT;
            /// Tells the store that a message has arrived in it.
            #[page = "imsgstore-notifynewmail"]
            fn NotifyNewMail(in lpNotification: Notification) -> $crate::HRESULT;
        }
        /// A container of objects; the base of folders.
        interface IMAPIContainer: IMAPIProp = "0002030b-0000-0000-c000-000000000046" {
            /// Opens the table of a container's contents.
            #[page = "imapicontainer-getcontentstable"]
            fn GetContentsTable(in ulFlags: Ulong, out lppTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Opens the table of a container's children.
            #[page = "imapicontainer-gethierarchytable"]
            fn GetHierarchyTable(in ulFlags: Ulong, out lppTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Opens an object in the container.
            #[page = "imapicontainer-openentry"]
            fn OpenEntry(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpInterface: Iid,
                in ulFlags: Ulong [OPEN_FLAGS],
                out lpulObjType: Ulong,
                out lppUnk: Object [IUnknown]
            ) -> $crate::HRESULT;
            /// Sets what a search-results folder looks for.
            #[page = "imapicontainer-setsearchcriteria"]
            fn SetSearchCriteria(
                in lpRestriction: Restriction,
                in lpContainerList: EntryList,
                in ulSearchFlags: Ulong
            ) -> $crate::HRESULT;
            /// Returns what a search-results folder looks for.
            #[page = "imapicontainer-getsearchcriteria"]
            fn GetSearchCriteria(
                in ulFlags: Ulong,
                out lppRestriction: Restriction,
                out lppContainerList: EntryList,
                out lpulSearchState: Ulong
            ) -> $crate::HRESULT;
        }
        /// A folder of a message store.
        interface IMAPIFolder: IMAPIContainer = "0002030c-0000-0000-c000-000000000046" {
            /// Makes a new message in the folder.
            #[page = "imapifolder-createmessage"]
            fn CreateMessage(
                in lpInterface: Iid,
                in ulFlags: Ulong,
                out lppMessage: Object [IMessage]
            ) -> $crate::HRESULT;
            /// Copies or moves messages.
            #[page = "imapifolder-copymessages"]
            fn CopyMessages(
                in lpMsgList: EntryList,
                in lpInterface: Iid,
                in lpDestFolder: Opaque,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Deletes messages.
            #[page = "imapifolder-deletemessages"]
            fn DeleteMessages(
                in lpMsgList: EntryList,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Makes a subfolder.
            #[page = "imapifolder-createfolder"]
            fn CreateFolder(
                in ulFolderType: Ulong,
                in lpszFolderName: Str,
                in lpszFolderComment: Str,
                in lpInterface: Iid,
                in ulFlags: Ulong,
                out lppFolder: Object [IMAPIFolder]
            ) -> $crate::HRESULT;
            /// Copies or moves a subfolder.
            #[page = "imapifolder-copyfolder"]
            fn CopyFolder(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in lpInterface: Iid,
                in lpDestFolder: Opaque,
                in lpszNewFolderName: Str,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Deletes a subfolder.
            #[page = "imapifolder-deletefolder"]
            fn DeleteFolder(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Sets or clears the read state of messages.
            #[page = "imapifolder-setreadflags"]
            fn SetReadFlags(
                in lpMsgList: EntryList,
                in ulUIParam: UlongPtr,
                in lpProgress: Opaque,
                in ulFlags: Ulong
            ) -> $crate::HRESULT;
            /// Returns a message's status in the folder.
            #[page = "imapifolder-getmessagestatus"]
            fn GetMessageStatus(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulFlags: Ulong,
                out lpulMessageStatus: Ulong
            ) -> $crate::HRESULT;
            /// Changes a message's status in the folder.
            #[page = "imapifolder-setmessagestatus"]
            fn SetMessageStatus(
                in cbEntryID: Ulong,
                in lpEntryID: EntryId,
                in ulNewStatus: Ulong,
                in ulNewStatusMask: Ulong,
                out lpulOldStatus: Ulong
            ) -> $crate::HRESULT;
            /// Makes a sort order the folder's default.
            #[page = "imapifolder-savecontentssort"]
            fn SaveContentsSort(in lpSortCriteria: SortOrder, in ulFlags: Ulong) -> $crate::HRESULT;
            /// Deletes all that the folder holds.
            #[page = "imapifolder-emptyfolder"]
            fn EmptyFolder(in ulUIParam: UlongPtr, in lpProgress: Opaque, in ulFlags: Ulong) -> $crate::HRESULT;
        }
        /// The data behind a table, as `CreateTable` makes it.
        interface ITableData: IUnknown = "00020316-0000-0000-c000-000000000046" {
            /// Opens a view of the rows in an order.
            #[page = "itabledata-hrgetview"]
            fn HrGetView(
                in lpSSortOrderSet: SortOrder,
                in lpfCallerRelease: Opaque,
                in ulCallerData: UlongPtr,
                out lppMAPITable: Object [IMAPITable]
            ) -> $crate::HRESULT;
            /// Adds a row, or replaces the one with the same index.
            #[page = "itabledata-hrmodifyrow"]
            fn HrModifyRow(in lpSRow: Opaque) -> $crate::HRESULT;
            /// Deletes the row with an index.
            #[page = "itabledata-hrdeleterow"]
            fn HrDeleteRow(in lpSPropValue: Opaque) -> $crate::HRESULT;
            /// Returns the row with an index.
            #[page = "itabledata-hrqueryrow"]
            fn HrQueryRow(in lpSPropValue: Opaque, out lppSRow: Opaque, out lpuliRow: Ulong) -> $crate::HRESULT;
            /// Returns a row by its number, in the order in which rows were added.
            #[page = "itabledata-hrenumrow"]
            fn HrEnumRow(in ulRowNumber: Ulong, out lppSRow: Opaque) -> $crate::HRESULT;
            /// Tells the views that a row has changed.
            #[page = "itabledata-hrnotify"]
            fn HrNotify(in ulFlags: Ulong, in cValues: Ulong, in lpSPropValue: Props) -> $crate::HRESULT;
            /// Adds a row at a position.
            #[page = "itabledata-hrinsertrow"]
            fn HrInsertRow(in uliRow: Ulong, in lpSRow: Opaque) -> $crate::HRESULT;
            /// Adds or replaces rows.
            #[page = "itabledata-hrmodifyrows"]
            fn HrModifyRows(in ulFlags: Ulong, in lpSRowSet: RowSet) -> $crate::HRESULT;
            /// Deletes rows.
            #[page = "itabledata-hrdeleterows"]
            fn HrDeleteRows(in ulFlags: Ulong, in lprowsetToDelete: RowSet, out cRowsDeleted: Ulong) -> $crate::HRESULT;
        }
        /// Properties in memory, as `CreateIProp` makes them.
        interface IPropData: IMAPIProp = "0002031a-0000-0000-c000-000000000046" {
            /// Makes the object read-only or writable.
            #[page = "ipropdata-hrsetobjaccess"]
            fn HrSetObjAccess(in ulAccess: Ulong) -> $crate::HRESULT;
            /// Sets access and state of properties.
            #[page = "ipropdata-hrsetpropaccess"]
            fn HrSetPropAccess(in lpPropTagArray: Tags, in rgulAccess: Opaque) -> $crate::HRESULT;
            /// Returns access and state of properties.
            #[page = "ipropdata-hrgetpropaccess"]
            fn HrGetPropAccess(inout lppPropTagArray: Tags, out lprgulAccess: Opaque) -> $crate::HRESULT;
            /// Adds properties that are objects.
            #[page = "ipropdata-hraddobjprops"]
            fn HrAddObjProps(in lpPropTagArray: Tags, out lppProblems: Problems) -> $crate::HRESULT;
        }
        /// TNEF being written or read.
        interface ITnef: IUnknown = "00020319-0000-0000-c000-000000000046" {
            /// Chooses properties of the message or of an attachment to be encoded.
            #[page = "itnef-addprops"]
            fn AddProps(
                in ulFlags: Ulong,
                in ulElemID: Ulong,
                in lpvData: Opaque,
                in lpPropList: Tags
            ) -> $crate::HRESULT;
            /// Decodes properties into the message.
            #[page = "itnef-extractprops"]
            fn ExtractProps(in ulFlags: Ulong, in lpPropList: Tags, out lpProblems: Opaque) -> $crate::HRESULT;
            /// Encodes what was chosen.
            #[page = "itnef-finish"]
            fn Finish(in ulFlags: Ulong, out lpKey: Opaque, out lpProblems: Opaque) -> $crate::HRESULT;
            /// Opens the text of a message with marks where the attachments stand.
            #[page = "itnef-opentaggedbody"]
            fn OpenTaggedBody(
                in lpMessage: Object [IMessage],
                in ulFlags: Ulong,
                out lppStream: Object [IStream]
            ) -> $crate::HRESULT;
            /// Sets properties to be encoded that the message does not have.
            #[page = "itnef-setprops"]
            fn SetProps(
                in ulFlags: Ulong,
                in ulElemID: Ulong,
                in cValues: Ulong,
                in lpProps: Props
            ) -> $crate::HRESULT;
            /// Encodes the recipients.
            #[page = "itnef-encoderecips"]
            fn EncodeRecips(in ulFlags: Ulong, in lpRecipientTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Encodes one component at a time.
            #[page = "itnef-finishcomponent"]
            fn FinishComponent(
                in ulFlags: Ulong,
                in ulComponentID: Ulong,
                in lpCustomPropList: Tags,
                in lpCustomProps: Opaque,
                in lpPropList: Tags,
                out lpProblems: Opaque
            ) -> $crate::HRESULT;
        }
        /// Shows how far an operation has come.
        interface IMAPIProgress: IUnknown = "0002031f-0000-0000-c000-000000000046" {
            /// Tells how far it is.
            #[page = "imapiprogress-progress"]
            fn Progress(in ulValue: Ulong, in ulCount: Ulong, in ulTotal: Ulong) -> $crate::HRESULT;
            /// Returns how the limits are meant.
            #[page = "imapiprogress-getflags"]
            fn GetFlags(out lpulFlags: Ulong) -> $crate::HRESULT;
            /// Returns the upper limit.
            #[page = "imapiprogress-getmax"]
            fn GetMax(out lpulMax: Ulong) -> $crate::HRESULT;
            /// Returns the lower limit.
            #[page = "imapiprogress-getmin"]
            fn GetMin(out lpulMin: Ulong) -> $crate::HRESULT;
            /// Sets the limits.
            #[page = "imapiprogress-setlimits"]
            fn SetLimits(in lpulMin: Opaque, in lpulMax: Opaque, in lpulFlags: Opaque) -> $crate::HRESULT;
        }
        /// The providers of one message service in a profile.
        interface IProviderAdmin: IUnknown = "00020325-0000-0000-c000-000000000046" {
            /// Describes the last error of this object in a `MAPIERROR` that the caller frees.
            #[page = "iprovideradmin-getlasterror"]
            fn GetLastError(in hResult: Hresult, in ulFlags: Ulong, out lppMAPIError: MapiError) -> $crate::HRESULT;
            /// Opens the table of the service's providers.
            #[page = "iprovideradmin-getprovidertable"]
            fn GetProviderTable(in ulFlags: Ulong [UNICODE_FLAGS], out lppTable: Object [IMAPITable]) -> $crate::HRESULT;
            /// Adds a provider.
            #[page = "iprovideradmin-createprovider"]
            fn CreateProvider(
                in lpszProvider: Str,
                in cValues: Ulong,
                in lpProps: Props,
                in ulUIParam: UlongPtr,
                in ulFlags: Ulong [UNICODE_FLAGS],
                out lpUID: UidValue
            ) -> $crate::HRESULT;
            /// Removes a provider.
            #[page = "iprovideradmin-deleteprovider"]
            fn DeleteProvider(in lpUID: Uid) -> $crate::HRESULT;
            /// Opens a section of the profile.
            #[page = "iprovideradmin-openprofilesection"]
            fn OpenProfileSection(
                in lpUID: Uid,
                in lpInterface: Iid,
                in ulFlags: Ulong [OPEN_FLAGS],
                out lppProfSect: Object [IProfSect]
            ) -> $crate::HRESULT;
        }
        }
    };
}
