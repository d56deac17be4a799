"""A transport provider to be derived from.

Every method has the name and the meaning of the interface's, in Python's spelling; what is not overridden does the least
that keeps the contract. Pages are those of Microsoft's documentation of the transport provider interface.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import flags as f
from . import tags as t
from .props import NOT_FOUND, prop, tag_of, typed
from .wire import Call, Connection, Json, MapiError, Object, Remote, decode

CURRENT_SPI_VERSION = 0x00010010
DIRECTIONS = (
    f.NOTIFY_BEGIN_INBOUND | f.NOTIFY_BEGIN_OUTBOUND | f.NOTIFY_BEGIN_INBOUND_FLUSH | f.NOTIFY_BEGIN_OUTBOUND_FLUSH
    | f.NOTIFY_END_INBOUND | f.NOTIFY_END_OUTBOUND | f.NOTIFY_END_INBOUND_FLUSH | f.NOTIFY_END_OUTBOUND_FLUSH
)
#: How many methods IMAPIStatus has, IUnknown's included: MakeInvalid is to be told.
_STATUS_METHODS = 18

_references = itertools.count(0x100)


class Reference:
    """The reference of a message in process: assigned before the message is touched (page: ixplogon-startmessage)."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.value = 0

    def assign(self) -> int:
        """Assigns a reference that no other message has, and tells the spooler."""
        self.value = next(_references)
        self._call.connection.assign(self._call, "lpulMsgRef", self.value)
        return self.value


class Transport:
    """A session of a transport provider: what TransportLogon returns. One is made for each logon."""

    #: Its name in the status table.
    name = "Python transport"
    #: The address types that it serves.
    address_types: tuple[str, ...] = ()
    #: What it answers to the logon: LOGON_SP_POLL where the spooler is to ask for mail.
    logon_flags = f.LOGON_SP_POLL
    #: PR_RESOURCE_METHODS.
    resource_methods = 0

    def __init__(self, connection: Connection, support: Remote, flags: int) -> None:
        self.connection = connection
        #: The support object, held until the logoff.
        self.support = support
        #: The flags of the logon.
        self.flags = flags
        self.inbound = False
        self.outbound = False

    # -------------------------------------------------------------- to be overridden

    def open(self) -> None:
        """The session begins. A :class:`MapiError` refuses the logon."""

    def opened(self) -> None:
        """The session has begun: its row stands in the status table."""

    def status_code(self) -> int:
        """PR_STATUS_CODE: available, and the directions that are on."""
        inbound = f.STATUS_INBOUND_ENABLED if self.inbound else 0
        return f.STATUS_AVAILABLE | inbound | (f.STATUS_OUTBOUND_ENABLED if self.outbound else 0)

    def status_columns(self) -> list[Json]:
        """The columns of the status row."""
        return [
            prop(t.PR_DISPLAY_NAME_W, self.name),
            prop(t.PR_RESOURCE_METHODS, self.resource_methods),
            prop(t.PR_STATUS_CODE, self.status_code()),
            prop(t.PR_STATUS_STRING_W, "Ready"),
        ]

    def notified(self, flags: int, reference: int | None, entry: bytes | None) -> None:
        """TransportNotify. The directions have been switched already; the status row is to show them."""
        if flags & DIRECTIONS:
            self.update_row()

    def poll(self) -> bool:
        """Whether mail waits."""
        return False

    def start_message(self, message: Remote, reference: Reference) -> None:
        """Stores the next message, and saves it; where none waits, saves nothing."""

    def submit_message(self, flags: int, message: Remote, reference: Reference) -> None:
        """Sends a message."""
        raise MapiError("MAPI_E_NOT_ME")

    def end_message(self, reference: int) -> int:
        """The spooler is through with a message; flags for it."""
        return 0

    def idle(self) -> None:
        """The system has time."""

    def validate_state(self, flags: int) -> None:
        """Looks whether all is well."""

    def flush_queues(self, flags: int) -> None:
        """Asks the spooler to send or fetch all that waits."""
        raise MapiError("MAPI_E_NO_SUPPORT")

    def close(self) -> None:
        """The session ends; the support object is released afterwards."""

    # -------------------------------------------------------------- for use

    def notify(self, flags: int, data: Json | None = None) -> None:
        """IMAPISupport::SpoolerNotify."""
        self.support.call("IMAPISupport.SpoolerNotify", ulFlags=flags, lpvData=data)

    def update_row(self) -> None:
        """Writes PR_STATUS_CODE into the status row."""
        columns = [prop(t.PR_STATUS_CODE, self.status_code())]
        self.support.call("IMAPISupport.ModifyStatusRow", lpColumnVals=columns, ulFlags=f.STATUSROW_UPDATE)


class _Status(Object):
    """The status object: the row's columns as properties."""

    interface = "IMAPIStatus"
    interfaces = ("IUnknown", "IMAPIStatus", "IMAPIProp")

    def __init__(self, session: Transport) -> None:
        super().__init__()
        self.session = session

    def GetProps(self, call: Call) -> str:
        own = [*self.session.status_columns(), prop(t.PR_OBJECT_TYPE, f.MAPI_STATUS)]
        asked = call.args.get("lpPropTagArray")
        if asked is None:
            call.out.update(lpcValues=len(own), lppPropArray=own)
            return "S_OK"
        by_id = {tag_of(one["tag"]) >> 16: one for one in own}
        found = [by_id.get(tag_of(tag) >> 16) for tag in asked]
        given = [one or prop(typed(tag_of(tag), t.PT_ERROR), NOT_FOUND) for tag, one in zip(asked, found)]
        call.out.update(lpcValues=len(given), lppPropArray=given)
        return "S_OK" if all(found) else "MAPI_W_ERRORS_RETURNED"

    def GetPropList(self, call: Call) -> None:
        call.out["lppPropTagArray"] = [one["tag"] for one in self.session.status_columns()]

    def ValidateState(self, call: Call) -> None:
        self.session.validate_state(call.args.get("ulFlags", 0))

    def FlushQueues(self, call: Call) -> None:
        self.session.flush_queues(call.args.get("ulFlags", 0))


class _Logon(Object):
    """The logon object."""

    interface = "IXPLogon"
    interfaces = ("IUnknown", "IXPLogon")

    def __init__(self, session: Transport) -> None:
        super().__init__()
        self.session = session
        self._status: _Status | None = None
        self._lock = threading.Lock()
        self._closed = False

    def AddressTypes(self, call: Call) -> None:
        types = list(self.session.address_types)
        call.out.update(lpulFlags=0, lpcAdrType=len(types), lpppAdrTypeArray=types, lpcMAPIUID=0, lpppUIDArray=None)

    def RegisterOptions(self, call: Call) -> None:
        call.out.update(lpulFlags=0, lpcOptions=0, lppOptions=None)

    def TransportNotify(self, call: Call) -> None:
        self._open()
        flags = call.args.get("lpulFlags", 0)
        on = {way: bool(flags & way) for way in (f.NOTIFY_BEGIN_INBOUND, f.NOTIFY_BEGIN_OUTBOUND)}
        off = {way: bool(flags & way) for way in (f.NOTIFY_END_INBOUND, f.NOTIFY_END_OUTBOUND)}
        if (on[f.NOTIFY_BEGIN_INBOUND] and off[f.NOTIFY_END_INBOUND]) or (
            on[f.NOTIFY_BEGIN_OUTBOUND] and off[f.NOTIFY_END_OUTBOUND]
        ):
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        session = self.session
        session.inbound = (session.inbound or on[f.NOTIFY_BEGIN_INBOUND]) and not off[f.NOTIFY_END_INBOUND]
        session.outbound = (session.outbound or on[f.NOTIFY_BEGIN_OUTBOUND]) and not off[f.NOTIFY_END_OUTBOUND]
        data = call.args.get("lppvData") or {}
        entry = data.get("entry")
        session.notified(flags, data.get("reference"), None if entry is None else decode(entry))

    def Idle(self, call: Call) -> None:
        self._open()
        self.session.idle()

    def TransportLogoff(self, call: Call) -> None:
        self._close()

    def SubmitMessage(self, call: Call) -> None:
        self._open()
        message = call.remote("lpMessage")
        if message is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        self.session.submit_message(call.args.get("ulFlags", 0), message, Reference(call))

    def EndMessage(self, call: Call) -> None:
        call.out["lpulFlags"] = 0
        self._open()
        call.out["lpulFlags"] = self.session.end_message(call.args.get("ulMsgRef", 0))

    def Poll(self, call: Call) -> None:
        self._open()
        call.out["lpulIncoming"] = int(self.session.poll())

    def StartMessage(self, call: Call) -> None:
        self._open()
        message = call.remote("lpMessage")
        if message is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        self.session.start_message(message, Reference(call))

    def OpenStatusEntry(self, call: Call) -> None:
        call.out.update(lpulObjType=0, lppEntry=None)
        self._open()
        if call.args.get("lpInterface", "IID_IMAPIStatus") not in ("IID_IMAPIStatus", "IID_IMAPIProp", "IID_IUnknown"):
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
        with self._lock:
            if self._status is None:
                self._status = _Status(self.session)
        call.out.update(lpulObjType=f.MAPI_STATUS, lppEntry=call.connection.hand_out(self._status))

    def ValidateState(self, call: Call) -> None:
        self._open()
        self.session.validate_state(call.args.get("ulFlags", 0))

    def FlushQueues(self, call: Call) -> None:
        self._open()
        self.session.flush_queues(call.args.get("ulFlags", 0))

    def closed(self) -> None:
        self._close()

    def _open(self) -> None:
        if self._closed:
            raise MapiError("MAPI_E_INVALID_OBJECT")

    def _close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self.session.close()
        status = self._status
        if status is not None and status.references > 0:
            self.session.support.call(
                "IMAPISupport.MakeInvalid",
                ulFlags=0,
                lpObject=self.session.connection.lend(status),
                ulRefCount=status.references,
                cMethods=_STATUS_METHODS,
            )
        self.session.support.release()


class _Provider(Object):
    """The provider object."""

    interface = "IXPProvider"
    interfaces = ("IUnknown", "IXPProvider")

    def __init__(self, kind: Callable[[Connection, Remote, int], Transport]) -> None:
        super().__init__()
        self.kind = kind

    def Shutdown(self, call: Call) -> None:
        call.out["lpulFlags"] = 0

    def TransportLogon(self, call: Call) -> str:
        call.out.update(lppMAPIError=None, lppXPLogon=None)
        support = call.remote("lpMAPISup")
        if support is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        flags = call.args.get("lpulFlags", 0)
        support.add_ref()
        session = self.kind(call.connection, support, flags)
        try:
            session.open()
            support.call("IMAPISupport.ModifyStatusRow", lpColumnVals=session.status_columns(), ulFlags=0)
            session.opened()
        except MapiError as error:
            session.close()
            support.release()
            text = str(error.out.pop("text", ""))
            described = {"version": 0, "error": text, "component": session.name} if text else None
            raise MapiError(
                error.code, lpulFlags=flags & f.MAPI_UNICODE if described else 0, lppMAPIError=described, lppXPLogon=None
            ) from None
        call.out.update(lpulFlags=session.logon_flags, lppXPLogon=call.connection.hand_out(_Logon(session)))
        return "S_OK"


def run(
    kind: Callable[[Connection, Remote, int], Transport],
    functions: dict[str, Callable[[Json], Any]] | None = None,
    store: Callable[[], Object] | None = None,
    connection_kind: type[Connection] = Connection,
) -> None:
    """Serves transports of a class, and the message store provider that `store` makes, on standard input and output until
    the spooler says that it is over. `functions` are what belongs to no object: `arrive` and `sent`.

    Standard output belongs to the protocol: what is printed goes to standard error from here on.
    """
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr

    def entry(made: Callable[[], Object], output: str) -> Callable[[Json], Json]:
        def init(params: Json) -> Json:
            version = (params.get("args") or {}).get("ulMAPIVer", 0)
            if version < CURRENT_SPI_VERSION:
                return {"hr": "MAPI_E_VERSION", "out": {"lpulProviderVer": CURRENT_SPI_VERSION, output: None}}
            return {"hr": "S_OK", "out": {"lpulProviderVer": CURRENT_SPI_VERSION, output: connection.hand_out(made())}}

        return init

    entries = {"XPProviderInit": entry(lambda: _Provider(kind), "lppXPProvider")}
    if store is not None:
        entries["MSProviderInit"] = entry(store, "lppMSProvider")
    name = getattr(kind, "__name__", "transport")
    connection = connection_kind(name, {**entries, **(functions or {})}, source, sink)
    connection.run()
