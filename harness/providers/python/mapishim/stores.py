"""Message stores to be derived from: `IMSProvider`, `IMSLogon`, `IMsgStore`, `IMAPIFolder`, `IMessage`, `IAttach`.

Each class takes the interface's calls apart and has a method to be overridden for each of them, in Python's spelling;
what is not overridden answers MAPI_E_NO_SUPPORT. Pages are those of the interfaces' methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import flags as f
from .props import PropObject
from .wire import Call, Json, MapiError, Object, Remote, decode, encode

_NO_SUPPORT = "MAPI_E_NO_SUPPORT"


class LoggedOn(NamedTuple):
    """What a logon returns. Where a store is returned that is open already there is no second logon object."""

    store: MessageStore
    logon: StoreLogon | None
    #: What the spooler passes to its own logon.
    security: bytes = b""


class Request(NamedTuple):
    """A logon that is asked for."""

    support: Remote
    #: The store's identifier; none for a store that is not known yet.
    entry: bytes
    flags: int
    security: bytes = b""


class StoreProvider(Object):
    """The provider object: `IMSProvider`."""

    interface = "IMSProvider"
    interfaces = ("IUnknown", "IMSProvider")

    #: Its name in descriptions of errors.
    name = "Python store"

    def log_on(self, call: Call, request: Request) -> LoggedOn:
        """A client opens a store."""
        raise MapiError(_NO_SUPPORT)

    def log_on_spooler(self, call: Call, request: Request) -> LoggedOn:
        """The spooler opens the store that the security data names."""
        raise MapiError(_NO_SUPPORT)

    def same(self, one: bytes, other: bytes) -> bool:
        """Whether two identifiers name the same store."""
        return one == other and bool(one)

    def Shutdown(self, call: Call) -> None:
        call.clear(lpulFlags=0)

    def Logon(self, call: Call) -> None:
        call.clear("lppbSpoolSecurity", lpcbSpoolSecurity=0)
        logged_on = self._logon(call, self.log_on)
        if logged_on.security:
            call.out.update(lpcbSpoolSecurity=len(logged_on.security), lppbSpoolSecurity=encode(logged_on.security))

    def SpoolerLogon(self, call: Call) -> None:
        self._logon(call, self.log_on_spooler)

    def CompareStoreIDs(self, call: Call) -> None:
        call.needs("lpulResult")
        call.out["lpulResult"] = int(self.same(call.bytes("lpEntryID1"), call.bytes("lpEntryID2")))

    def _logon(self, call: Call, log_on: Callable[[Call, Request], LoggedOn]) -> LoggedOn:
        call.clear("lppMAPIError", "lppMSLogon", "lppMDB")
        call.needs("lppMSLogon", "lppMDB")
        interface = call.args.get("lpInterface")
        if (interface or "IID_IMsgStore").removeprefix("IID_") not in MessageStore.interfaces:
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
        security = call.bytes("lpbSpoolSecurity")
        request = Request(call.object("lpMAPISup"), call.bytes("lpEntryID"), call.flags(), security)
        try:
            logged_on = log_on(call, request)
        except MapiError as error:
            text = error.out.pop("text", "")
            if text:
                call.out["lppMAPIError"] = {"version": 0, "error": text, "component": self.name}
            raise
        call.hand_out("lppMDB", logged_on.store, interface)
        if logged_on.logon:
            call.hand_out("lppMSLogon", logged_on.logon)
        return logged_on


class Entries:
    """What a store, its logon object and its folders have in common: identifiers, and what they open."""

    def open_entry(self, entry: bytes, flags: int) -> tuple[int, Object]:
        """Opens a folder or message; the root, or the folder itself, where there is no identifier."""
        raise MapiError(_NO_SUPPORT)

    def OpenEntry(self, call: Call) -> None:
        call.clear("lppUnk", lpulObjType=0)
        call.needs("lppUnk", "lpulObjType")
        kind, opened = self.open_entry(call.bytes("lpEntryID"), call.flags())
        call.hand_out("lppUnk", opened, call.args.get("lpInterface"))
        call.out["lpulObjType"] = kind


class Registrations:
    """What a store and its logon object have in common beside that: advise sinks and comparison."""

    def same_entry(self, one: bytes, other: bytes) -> bool:
        """Whether two identifiers name the same object."""
        return one == other and bool(one)

    def advise(self, entry: bytes, mask: int, sink: Remote) -> int:
        """Registers a sink for an object, or for the whole store; the number of the connection."""
        raise MapiError(_NO_SUPPORT)

    def unadvise(self, connection: int) -> None:
        """Ends a registration."""
        raise MapiError(_NO_SUPPORT)

    def CompareEntryIDs(self, call: Call) -> None:
        call.needs("lpulResult")
        call.out["lpulResult"] = int(self.same_entry(call.bytes("lpEntryID1"), call.bytes("lpEntryID2")))

    def Advise(self, call: Call) -> None:
        call.needs("lpulConnection")
        sink = call.object("lpAdviseSink")
        call.out["lpulConnection"] = self.advise(call.bytes("lpEntryID"), call.flags("ulEventMask"), sink)

    def Unadvise(self, call: Call) -> None:
        self.unadvise(int(call.args.get("ulConnection", 0)))


class StoreLogon(Entries, Registrations, Object):
    """The logon object: `IMSLogon`."""

    interface = "IMSLogon"
    interfaces = ("IUnknown", "IMSLogon")

    def log_off(self) -> None:
        """The session ends."""

    def status(self) -> Object:
        """The store's status object."""
        raise MapiError(_NO_SUPPORT)

    def GetLastError(self, call: Call) -> None:
        call.clear("lppMAPIError")
        call.needs("lppMAPIError")

    def Logoff(self, call: Call) -> None:
        self.log_off()

    def OpenStatusEntry(self, call: Call) -> None:
        call.clear("lppEntry", lpulObjType=0)
        call.needs("lppEntry", "lpulObjType")
        call.hand_out("lppEntry", self.status(), call.args.get("lpInterface"))
        call.out["lpulObjType"] = f.MAPI_STATUS


class MessageStore(Entries, Registrations, PropObject):
    """The store: `IMsgStore`."""

    interface = "IMsgStore"
    interfaces = ("IUnknown", "IMAPIProp", "IMsgStore")

    def set_receive_folder(self, message_class: str, folder: bytes) -> None:
        """Chooses the folder that receives messages of a class; the default one where there is no identifier."""
        raise MapiError(_NO_SUPPORT)

    def receive_folder(self, message_class: str) -> tuple[bytes, str]:
        """The folder that receives messages of a class, and the class that says so."""
        raise MapiError(_NO_SUPPORT)

    def receive_folders(self) -> Object:
        """The table of receive folders."""
        raise MapiError(_NO_SUPPORT)

    def store_logoff(self, flags: int) -> int:
        """The client is about to release the store."""
        return 0

    def abort_submit(self, entry: bytes) -> None:
        """Takes a message out of the queue."""
        raise MapiError(_NO_SUPPORT)

    def outgoing_queue(self) -> Object:
        """The table of messages that wait to be sent: the spooler's."""
        raise MapiError(_NO_SUPPORT)

    def set_lock_state(self, message: Remote, state: int) -> None:
        """Locks or unlocks a message: the spooler's."""
        raise MapiError(_NO_SUPPORT)

    def finished(self, call: Call, entry: bytes) -> None:
        """A message was sent: the spooler's."""
        raise MapiError(_NO_SUPPORT)

    def notify_new_mail(self, notification: Json) -> None:
        """A message has arrived: tells the clients."""
        raise MapiError(_NO_SUPPORT)

    def SetReceiveFolder(self, call: Call) -> None:
        self.set_receive_folder(call.args.get("lpszMessageClass") or "", call.bytes("lpEntryID"))

    def GetReceiveFolder(self, call: Call) -> None:
        call.clear("lppEntryID", "lppszExplicitClass", lpcbEntryID=0)
        call.needs("lppEntryID", "lpcbEntryID")
        folder, explicit = self.receive_folder(call.args.get("lpszMessageClass") or "")
        call.out.update(lpcbEntryID=len(folder), lppEntryID=encode(folder), lppszExplicitClass=explicit)

    def GetReceiveFolderTable(self, call: Call) -> None:
        _table(call, self.receive_folders)

    def StoreLogoff(self, call: Call) -> None:
        call.needs("lpulFlags")
        call.out["lpulFlags"] = self.store_logoff(call.flags("lpulFlags"))

    def AbortSubmit(self, call: Call) -> None:
        self.abort_submit(call.bytes("lpEntryID"))

    def GetOutgoingQueue(self, call: Call) -> None:
        _table(call, self.outgoing_queue)

    def SetLockState(self, call: Call) -> None:
        self.set_lock_state(call.object("lpMessage"), call.flags("ulLockState"))

    def FinishedMsg(self, call: Call) -> None:
        self.finished(call, call.bytes("lpEntryID"))

    def NotifyNewMail(self, call: Call) -> None:
        notification = call.args.get("lpNotification")
        if notification is None or notification["event"] != f.fnevNewMail:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        self.notify_new_mail(notification)


class Folder(Entries, PropObject):
    """A folder: `IMAPIFolder`."""

    interface = "IMAPIFolder"
    interfaces = ("IUnknown", "IMAPIProp", "IMAPIContainer", "IMAPIFolder")

    def contents(self, associated: bool) -> Object:
        """The table of messages."""
        raise MapiError(_NO_SUPPORT)

    def hierarchy(self, deep: bool) -> Object:
        """The table of folders below."""
        raise MapiError(_NO_SUPPORT)

    def create_message(self, associated: bool) -> Object:
        """A new message, to be seen once it is saved."""
        raise MapiError(_NO_SUPPORT)

    def copy_messages(self, messages: list[bytes], to: Remote, move: bool) -> str:
        """Copies or moves messages."""
        raise MapiError(_NO_SUPPORT)

    def delete_messages(self, messages: list[bytes]) -> str:
        """Deletes messages."""
        raise MapiError(_NO_SUPPORT)

    def create_folder(self, name: str, comment: str, reuse: bool) -> Object:
        """Makes a folder, or opens the one that has the name already."""
        raise MapiError(_NO_SUPPORT)

    def copy_folder(self, entry: bytes, to: Remote, name: str | None, flags: int) -> str:
        """Copies or moves a folder."""
        raise MapiError(_NO_SUPPORT)

    def delete_folder(self, entry: bytes, messages: bool, folders: bool) -> str:
        """Deletes a folder, with what it holds where that is allowed."""
        raise MapiError(_NO_SUPPORT)

    def set_read_flags(self, messages: list[bytes] | None, read: bool) -> None:
        """Sets or clears the read flag of messages, or of all."""
        raise MapiError(_NO_SUPPORT)

    def message_status(self, entry: bytes, status: int, mask: int) -> int:
        """Changes bits of a message's status; what it was."""
        raise MapiError(_NO_SUPPORT)

    def save_contents_sort(self, order: Json) -> None:
        """Makes an order the folder's default."""
        raise MapiError(_NO_SUPPORT)

    def empty(self, associated: bool) -> str:
        """Deletes all that the folder holds."""
        raise MapiError(_NO_SUPPORT)

    def GetContentsTable(self, call: Call) -> None:
        _table(call, lambda: self.contents(bool(call.flags() & f.MAPI_ASSOCIATED)))

    def GetHierarchyTable(self, call: Call) -> None:
        _table(call, lambda: self.hierarchy(bool(call.flags() & f.CONVENIENT_DEPTH)))

    def SetSearchCriteria(self, call: Call) -> None:
        raise MapiError(_NO_SUPPORT)

    def GetSearchCriteria(self, call: Call) -> None:
        call.clear("lppRestriction", "lppContainerList", lpulSearchState=0)
        raise MapiError(_NO_SUPPORT)

    def CreateMessage(self, call: Call) -> None:
        call.clear("lppMessage")
        call.needs("lppMessage")
        made = self.create_message(bool(call.flags() & f.MAPI_ASSOCIATED))
        call.hand_out("lppMessage", made, call.args.get("lpInterface"))

    def CopyMessages(self, call: Call) -> str:
        move = bool(call.flags() & f.MESSAGE_MOVE)
        return self.copy_messages(_entries(call), call.object("lpDestFolder"), move)

    def DeleteMessages(self, call: Call) -> str:
        return self.delete_messages(_entries(call))

    def CreateFolder(self, call: Call) -> None:
        call.clear("lppFolder")
        call.needs("lppFolder")
        name = call.args.get("lpszFolderName")
        if not name:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        if call.flags("ulFolderType") != f.FOLDER_GENERIC:
            raise MapiError(_NO_SUPPORT)
        comment = call.args.get("lpszFolderComment") or ""
        made = self.create_folder(name, comment, bool(call.flags() & f.OPEN_IF_EXISTS))
        call.hand_out("lppFolder", made, call.args.get("lpInterface"))

    def CopyFolder(self, call: Call) -> str:
        to, name = call.object("lpDestFolder"), call.args.get("lpszNewFolderName")
        return self.copy_folder(call.bytes("lpEntryID"), to, name, call.flags())

    def DeleteFolder(self, call: Call) -> str:
        flags = call.flags()
        return self.delete_folder(call.bytes("lpEntryID"), bool(flags & f.DEL_MESSAGES), bool(flags & f.DEL_FOLDERS))

    def SetReadFlags(self, call: Call) -> None:
        listed = _entries(call) if call.args.get("lpMsgList") is not None else None
        self.set_read_flags(listed, not call.flags() & f.CLEAR_READ_FLAG)

    def GetMessageStatus(self, call: Call) -> None:
        call.out["lpulMessageStatus"] = self.message_status(call.bytes("lpEntryID"), 0, 0)

    def SetMessageStatus(self, call: Call) -> None:
        new, mask = call.flags("ulNewStatus"), call.flags("ulNewStatusMask")
        call.out["lpulOldStatus"] = self.message_status(call.bytes("lpEntryID"), new, mask)

    def SaveContentsSort(self, call: Call) -> None:
        self.save_contents_sort(call.args.get("lpSortCriteria") or {})

    def EmptyFolder(self, call: Call) -> str:
        return self.empty(bool(call.flags() & f.DEL_ASSOCIATED))


class Message(PropObject):
    """A message: `IMessage`."""

    interface = "IMessage"
    interfaces = ("IUnknown", "IMAPIProp", "IMessage")

    def attachment_table(self) -> Object:
        """The table of attachments."""
        raise MapiError(_NO_SUPPORT)

    def open_attachment(self, number: int, flags: int) -> Object:
        """Opens an attachment."""
        raise MapiError(_NO_SUPPORT)

    def create_attachment(self) -> tuple[int, Object]:
        """Makes an attachment; its number."""
        raise MapiError(_NO_SUPPORT)

    def delete_attachment(self, number: int) -> None:
        """Deletes an attachment."""
        raise MapiError(_NO_SUPPORT)

    def recipient_table(self) -> Object:
        """The table of recipients."""
        raise MapiError(_NO_SUPPORT)

    def modify_recipients(self, flags: int, rows: list[list[Json]]) -> None:
        """Adds, changes, removes or replaces recipients."""
        raise MapiError(_NO_SUPPORT)

    def submit(self, call: Call) -> None:
        """The client wants the message to be sent."""
        raise MapiError(_NO_SUPPORT)

    def set_read_flag(self, read: bool) -> None:
        """Sets or clears the read flag."""
        raise MapiError(_NO_SUPPORT)

    def GetAttachmentTable(self, call: Call) -> None:
        _table(call, self.attachment_table)

    def OpenAttach(self, call: Call) -> None:
        call.clear("lppAttach")
        call.needs("lppAttach")
        opened = self.open_attachment(call.flags("ulAttachmentNum"), call.flags())
        call.hand_out("lppAttach", opened, call.args.get("lpInterface"))

    def CreateAttach(self, call: Call) -> None:
        call.clear("lppAttach")
        call.needs("lppAttach", "lpulAttachmentNum")
        number, made = self.create_attachment()
        call.hand_out("lppAttach", made, call.args.get("lpInterface"))
        call.out["lpulAttachmentNum"] = number

    def DeleteAttach(self, call: Call) -> None:
        self.delete_attachment(call.flags("ulAttachmentNum"))

    def GetRecipientTable(self, call: Call) -> None:
        _table(call, self.recipient_table)

    def ModifyRecipients(self, call: Call) -> None:
        flags, rows = call.flags(), call.args.get("lpMods")
        known = (0, f.MODRECIP_ADD, f.MODRECIP_MODIFY, f.MODRECIP_REMOVE)
        if flags not in known or (rows is None and flags):
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        self.modify_recipients(flags, rows or [])

    def SubmitMessage(self, call: Call) -> None:
        self.submit(call)

    def SetReadFlag(self, call: Call) -> None:
        self.set_read_flag(not call.flags() & f.CLEAR_READ_FLAG)


class Attachment(PropObject):
    """An attachment: `IAttach`."""

    interface = "IAttach"
    interfaces = ("IUnknown", "IMAPIProp", "IAttach")


class Status(PropObject):
    """A status object: `IMAPIStatus`."""

    interface = "IMAPIStatus"
    interfaces = ("IUnknown", "IMAPIProp", "IMAPIStatus")

    def validate_state(self, flags: int) -> None:
        """Looks whether all is well."""

    def ValidateState(self, call: Call) -> None:
        self.validate_state(call.flags())

    def SettingsDialog(self, call: Call) -> None:
        raise MapiError(_NO_SUPPORT)

    ChangePassword = SettingsDialog
    FlushQueues = SettingsDialog


def _table(call: Call, opened: Callable[[], Object]) -> None:
    call.clear("lppTable")
    call.needs("lppTable")
    call.hand_out("lppTable", opened())


def _entries(call: Call) -> list[bytes]:
    listed = call.args.get("lpMsgList")
    if listed is None:
        raise MapiError("MAPI_E_INVALID_PARAMETER")
    return [decode(one or "") for one in listed]
