"""Seeded defects: what proves that the suite catches them also behind the shim. SPOOLPROOF_DEFECT names one.

Those of the protocol (`shim-*`) are here: a connection that breaks it once, when a message is handed over. Those of the
contract (`python-*`) stand where the code is that they spoil. The table of all of them is `../defective/defects.yaml`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from mapishim import Connection
from mapishim.wire import Json

DEFECT = os.environ.get("SPOOLPROOF_DEFECT", "")
#: Longer than any line may be.
_TOO_LONG = 65 << 20
#: More calls than an honest program leaves unanswered.
_FLOOD = 4096


class Misbehaving(Connection):
    """A connection that breaks the protocol in the way that DEFECT names."""

    #: The call on its way at whose beginning, or with whose answer, it does.
    struck: Json | None = None
    #: Whether that call has been answered, and no other has come since.
    answered = False

    def handle(self, message: Json) -> None:
        if self.answered and DEFECT in _LATER:
            self.answered = False
            _LATER[DEFECT](self, message)
        if self.struck is None and message["method"] == _WHEN.get(DEFECT, "IXPLogon.StartMessage"):
            self.struck = message
            if DEFECT in _BEFORE:
                _BEFORE[DEFECT](self, message)
        super().handle(message)

    def over(self) -> None:
        if DEFECT == "shim-stays":
            _wait_forever()
        super().over()

    def send(self, message: Json) -> None:
        answers = self.struck is not None and "method" not in message and message.get("id") == self.struck["id"]
        if answers and DEFECT in _ANSWERS:
            message = _ANSWERS[DEFECT](message)
        super().send(message)
        self.answered = self.answered or answers
        if answers and DEFECT in _AFTER:
            _AFTER[DEFECT](self, message)


def _raw(text: bytes) -> Callable[[Misbehaving, Json], None]:
    return lambda connection, _: connection.write(text)


def _call(method: str, this: str | None = None, **args: object) -> Callable[[Misbehaving, Json], None]:
    """Calls a method of the message that is handed over, or of what has the handle."""

    def call(connection: Misbehaving, message: Json) -> None:
        handle = this or message["params"]["args"]["lpMessage"]["object"]
        connection.request(method, {"this": handle, "in": message["id"], "args": args})

    return call


def _half_line(connection: Misbehaving, _: Json) -> None:
    connection.write(b'{"jsonrpc":"2.0","id"')
    os._exit(0)


def _flood(connection: Misbehaving, message: Json) -> None:
    this = message["params"]["args"]["lpMessage"]["object"]
    for number in range(_FLOOD):
        params = {"this": this, "in": message["id"], "args": {"ulFlags": 0}}
        connection.send({"id": 100_000 + number, "method": "IMAPIProp.GetPropList", "params": params})


def _use_what_was_lent(connection: Misbehaving, _: Json) -> None:
    assert connection.struck is not None
    handle = connection.struck["params"]["args"]["lpMessage"]["object"]
    params = {"this": handle, "thread": "later", "args": {"ulFlags": 0}}
    connection.send({"id": 100_000, "method": "IMAPIProp.GetPropList", "params": params})


def _wait_forever(*_: object) -> None:
    threading.Event().wait()


def _out(message: Json, **out: object) -> Json:
    result = message["result"]
    return {**message, "result": {**result, "out": {**result.get("out", {}), **out}}}


_SUBJECT = {"tag": "0x0037001F", "value": "A subject"}
#: At the beginning of a call.
_BEFORE: dict[str, Callable[[Misbehaving, Json], None]] = {
    "shim-garbage-line": _raw(b"StartMessage is called\n"),
    "shim-batch": _raw(b"[]\n"),
    "shim-no-version": _raw(b'{"id":1,"method":"IXPLogon.Poll"}\n'),
    "shim-no-text": _raw(b'{"jsonrpc":"2.0","method":"assign","params":"\xff"}\n'),
    "shim-long-line": _raw(b"x" * _TOO_LONG if DEFECT == "shim-long-line" else b""),
    "shim-half-line": _half_line,
    "shim-exits": lambda *_: os._exit(3),
    "shim-silent": _wait_forever,
    "shim-flood": _flood,
    "shim-unknown-method": _call("IMessage.SendByPigeon"),
    "shim-unknown-handle": _call("IMAPIProp.GetPropList", "@message#99", ulFlags=0),
    "shim-other-interface": _call("IXPLogon.Poll"),
    "shim-wrong-argument": _call("IMAPIProp.SetProps", lpPropArray=[{"tag": "0x0037001F", "value": 3}]),
    "shim-unknown-argument": _call("IMAPIProp.SetProps", lpPropArray=[_SUBJECT], ulPriority=1),
    "shim-wrong-count": _call("IMAPIProp.SetProps", lpPropArray=[_SUBJECT], cValues=2),
    "shim-unasked-answer": lambda connection, _: connection.send({"id": 4711, "result": {"hr": "S_OK"}}),
    "shim-assigns-to-nothing": lambda connection, _: connection.send(
        {"method": "assign", "params": {"call": 4711, "out": {"lpulMsgRef": 1}}}
    ),
    "shim-releases-what-is-lent": _call("IUnknown.Release"),
}
#: In the answer to it.
_ANSWERS: dict[str, Callable[[Json], Json]] = {
    "shim-wrong-id": lambda message: {**message, "id": message["id"] + 1000},
    "shim-without-result": lambda message: {"id": message["id"]},
    "shim-without-code": lambda message: {**message, "result": {"out": {}}},
    "shim-unknown-code": lambda message: {**message, "result": {"hr": "MAPI_E_OUT_OF_STAMPS"}},
    "shim-error": lambda message: {"id": message["id"], "error": {"code": -32603, "message": "an exception"}},
    "shim-wrong-output": lambda message: _out(message, lpulMsgRef="seven"),
    "shim-unknown-output": lambda message: _out(message, lpulStamps=7),
    "shim-object-of-another-kind": lambda message: _out(message, lppXPLogon={"object": "x", "interface": "IMAPITable"}),
}
#: After it.
_AFTER: dict[str, Callable[[Misbehaving, Json], None]] = {
    "shim-answers-twice": lambda connection, message: Connection.send(connection, message),
}
#: When the next call comes: what a thread calls at the very moment of an answer may be seen before it.
_LATER: dict[str, Callable[[Misbehaving, Json], None]] = {"shim-uses-what-was-lent": _use_what_was_lent}
_WHEN = {"shim-object-of-another-kind": "IXPProvider.TransportLogon"}


def connection() -> type[Connection]:
    """The connection that the defect needs."""
    return Misbehaving if DEFECT.startswith("shim-") else Connection
