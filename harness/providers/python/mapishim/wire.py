"""The wire: JSON-RPC 2.0 a line, calls in both directions, objects by handle.

A call that the spooler makes runs on a thread of its own for each thread of the spooler's; a call that the spooler makes
while it handles one of ours (`in`) runs on the thread that waits for that answer.
"""

from __future__ import annotations

import binascii
import itertools
import json
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

Json = dict[str, Any]

PROTOCOL = 1
#: What a program may say that it can do, and the function that does it.
_OFFERS = (("source", "arrive"), ("sink", "sent"), ("store", "MSProviderInit"))


#: Made once: `json.dumps` and `json.loads` look at each call what is wanted.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_decode = json.JSONDecoder().decode


def is_error(code: str) -> bool:
    """Whether a result is a failure. Warnings (`MAPI_W_*`) and `S_FALSE` are none."""
    if code.startswith("0x"):
        return int(code, 16) >= 0x80000000
    return not code.startswith(("S_", "MAPI_W_", "SUCCESS_"))


class MapiError(Exception):
    """A method's failure: raised by a call that failed, and raised by a method that is to fail."""

    def __init__(self, code: str, **out: Any) -> None:
        super().__init__(code)
        self.code = code
        #: Outputs that the failing method writes all the same.
        self.out = out


def encode(data: bytes) -> str:
    """Bytes as they travel."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode(text: str) -> bytes:
    """Bytes as they came."""
    return binascii.a2b_base64(text)


class Call:
    """A call on an object of ours: arguments, and outputs to be filled in."""

    def __init__(self, connection: Connection, identifier: Any, params: Json) -> None:
        self.connection = connection
        #: Identifies the call on the wire; nothing where it was made from within this program.
        self.id = identifier
        self.args: Json = params.get("args") or {}
        self.out: Json = {}
        self._without: list[str] = params.get("without") or []

    def remote(self, name: str) -> Remote | None:
        """An object among the arguments."""
        return self.connection.remote(self.args.get(name))

    def object(self, name: str) -> Remote:
        """An object among the arguments that has to be there."""
        found = self.remote(name)
        if found is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        return found

    def bytes(self, name: str) -> bytes:
        """Bytes among the arguments; none where there is a null pointer."""
        return decode(self.args.get(name) or "")

    def flags(self, name: str = "ulFlags") -> int:
        """Flags among the arguments."""
        return int(self.args.get(name, 0))

    def clear(self, *pointers: str, **numbers: int) -> None:
        """Writes null into outputs that are pointers, and these values into those that are numbers."""
        self.out.update(dict.fromkeys(pointers), **numbers)

    def needs(self, *outputs: str) -> None:
        """Refuses a call whose caller does not want an output without which the method makes no sense."""
        if any(name in self._without for name in outputs):
            raise MapiError("MAPI_E_INVALID_PARAMETER")

    def hand_out(self, output: str, target: Object, interface: str | None = None) -> None:
        """Leaves a reference to an object of ours in an output, as the interface that was asked for."""
        target.check_interface(interface)
        self.out[output] = self.connection.hand_out(target)


class Object:
    """An object of ours. Its methods have the names of the interface's, take a :class:`Call`, and return a result's name.

    It counts the references that the spooler holds; with the last one it is gone, and :meth:`closed` is called.
    """

    interface = "IUnknown"
    #: The interfaces that QueryInterface knows.
    interfaces: tuple[str, ...] = ("IUnknown",)

    def __init__(self) -> None:
        self.references = 0
        self.handle = ""

    def closed(self) -> None:
        """The last reference is gone."""

    def check_interface(self, asked: str | None) -> None:
        """Refuses an interface that the object does not have; none at all means the object's own."""
        if asked is not None and asked.removeprefix("IID_") not in self.interfaces:
            raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")


class Remote:
    """An object of the spooler's. It is lent for the call that it came with; whoever keeps it calls :meth:`add_ref`."""

    def __init__(self, connection: Connection, handle: str, interface: str) -> None:
        self.connection = connection
        self.handle = handle
        self.interface = interface

    def call(self, method: str, /, **args: Any) -> Json:
        """Calls `Interface.Method`; its outputs. Results other than failures are found under `hr`.

        :raises MapiError: it failed.
        """
        answer = self.connection.request(method, {"this": self.handle, "args": args})
        code = answer.get("hr", "S_OK")
        out: Json = answer.get("out") or {}
        if is_error(code):
            # What the failed call left in its outputs is none of the outputs of the method that called.
            raise MapiError(code)
        return {"hr": code, **out}

    def opened(self, method: str, output: str, /, **args: Any) -> Remote:
        """Calls a method that opens an object, and returns it. Its reference is ours: release it, or use it in `with`."""
        remote = self.connection.remote(self.call(method, **args).get(output))
        if remote is None:
            raise MapiError("MAPI_E_CALL_FAILED")
        return remote

    def add_ref(self) -> None:
        """Takes a reference."""
        self.connection.request("IUnknown.AddRef", {"this": self.handle})

    def release(self) -> None:
        """Gives a reference back."""
        self.connection.request("IUnknown.Release", {"this": self.handle})

    @property
    def reference(self) -> Json:
        """The object as it travels in an argument."""
        return {"object": self.handle, "interface": self.interface}

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Own(Remote):
    """An object of ours that is used as if it were somebody else's: calls stay within this program."""

    def __init__(self, connection: Connection, target: Object) -> None:
        super().__init__(connection, target.handle, target.interface)
        self.target = target

    def call(self, method: str, /, **args: Any) -> Json:
        """Calls a method of the object's."""
        given = {name: value for name, value in args.items() if value is not None}
        answer = self.connection.answer(self.target, method, Call(self.connection, None, {"args": given}))
        if is_error(answer["hr"]):
            raise MapiError(answer["hr"])
        return {"hr": answer["hr"], **answer["out"]}

    def add_ref(self) -> None:
        """Takes a reference."""
        self.connection.count(self.target, 1)

    def release(self) -> None:
        """Gives a reference back."""
        self.connection.count(self.target, -1)


class Connection:
    """The connection to the spooler, on standard input and output."""

    def __init__(self, name: str, functions: dict[str, Callable[[Json], Any]], source: BinaryIO, sink: BinaryIO) -> None:
        self.name = name
        #: Methods that belong to no object: entry points, `arrive`, `sent`.
        self.functions = functions
        self.capabilities: list[str] = [known for known, method in _OFFERS if method in functions]
        self._source = source
        self._sink = sink
        self._write_lock = threading.Lock()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._handles = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[Json]] = {}
        self._lanes: dict[str, queue.SimpleQueue[Json]] = {}
        self._objects: dict[str, Object] = {}
        self._in_hand = threading.local()

    def run(self) -> None:
        """Handles messages until the spooler closes the connection."""
        for line in self._source:
            message = _decode(line.decode("utf-8"))
            if "method" not in message:
                with self._lock:
                    waiting = self._waiting.get(message["id"])
                if waiting is not None:
                    waiting.put(message)
            elif "id" in message:
                self._dispatch(message)
        self.over()

    def over(self) -> None:
        """The spooler has closed the connection. Threads that wait for an answer wait in vain from here on."""
        os._exit(0)

    def _dispatch(self, message: Json) -> None:
        params = message.get("params") or {}
        within = params.get("in")
        with self._lock:
            if within is not None:
                self._waiting[within].put(message)
                return
            label = str(params.get("thread", ""))
            lane = self._lanes.get(label)
            if lane is None:
                lane = self._lanes[label] = queue.SimpleQueue()
                threading.Thread(target=self._lane, args=(lane,), daemon=True).start()
        lane.put(message)

    def _lane(self, lane: queue.SimpleQueue[Json]) -> None:
        while True:
            self.handle(lane.get())

    def send(self, message: Json) -> None:
        """Writes a message."""
        message["jsonrpc"] = "2.0"
        self.write((_encode(message) + "\n").encode("utf-8"))

    def write(self, line: bytes) -> None:
        """Writes bytes as they are."""
        with self._write_lock:
            self._sink.write(line)
            self._sink.flush()

    def request(self, method: str, params: Json) -> Json:
        """Calls a method of the spooler's, and runs what it calls meanwhile."""
        within = getattr(self._in_hand, "id", None)
        if within is None:
            params["thread"] = str(threading.get_ident())
        else:
            params["in"] = within
        answers: queue.SimpleQueue[Json] = queue.SimpleQueue()
        with self._lock:
            identifier = next(self._ids)
            self._waiting[identifier] = answers
        self.send({"id": identifier, "method": method, "params": params})
        while True:
            message = answers.get()
            if "method" in message:
                self.handle(message)
                continue
            with self._lock:
                del self._waiting[identifier]
            if "error" in message:
                raise RuntimeError(message["error"].get("message"))
            result: Json = message["result"]
            return result

    def handle(self, message: Json) -> None:
        """Handles a call of the spooler's, on this thread."""
        outer = getattr(self._in_hand, "id", None)
        self._in_hand.id = message["id"]
        try:
            answer = {"result": self._answer(message)}
        except LookupError as error:
            answer = {"error": {"code": -32601, "message": f"there is no {error}"}}
        finally:
            self._in_hand.id = outer
        self.send({"id": message["id"], **answer})

    def _answer(self, message: Json) -> Any:
        method, params = message["method"], message.get("params") or {}
        if method == "hello":
            return {"protocol": PROTOCOL, "name": self.name, "capabilities": self.capabilities}
        if method == "exit":
            return {}
        if "." not in method:
            return self.functions[method](params)
        with self._lock:
            target = self._objects[params["this"]]
        if method.startswith("IUnknown."):
            return self._unknown(target, method.removeprefix("IUnknown."), params.get("args") or {})
        return self.answer(target, method, Call(self, message["id"], params))

    def answer(self, target: Object, method: str, call: Call) -> Json:
        """Has an object answer a call.

        :raises LookupError: it does not have the method.
        """
        function = getattr(target, method.split(".", 1)[1], None)
        if function is None:
            raise LookupError(method)
        try:
            code = function(call) or "S_OK"
        except MapiError as error:
            code = error.code
            call.out.update(error.out)
        except Exception:  # noqa: BLE001 - a mistake in a method must not leave its caller waiting
            import traceback  # it takes a third of a start, and is hardly ever needed

            traceback.print_exc()
            code = "MAPI_E_CALL_FAILED"
        return {"hr": code, "out": call.out}

    def _unknown(self, target: Object, name: str, args: Json) -> Json:
        if name == "QueryInterface":
            wanted = str(args.get("riid", "")).removeprefix("IID_")
            if wanted not in target.interfaces:
                return {"hr": "MAPI_E_INTERFACE_NOT_SUPPORTED", "out": {"ppvObject": None}}
            return {"hr": "S_OK", "out": {"ppvObject": self.hand_out(target)}}
        return {"value": self.count(target, 1 if name == "AddRef" else -1)}

    def count(self, target: Object, change: int) -> int:
        """Counts references to an object of ours; how many there are now. With the last one the object is gone."""
        with self._lock:
            target.references += change
            left = target.references
            if left <= 0:
                self._objects.pop(target.handle, None)
                # A handle is not used again: whoever is handed the object later knows it by another one.
                target.handle = ""
        if left <= 0:
            target.closed()
        return max(left, 0)

    def hand_out(self, target: Object) -> Json:
        """An object of ours with a reference for the spooler, for an output."""
        with self._lock:
            if not target.handle:
                target.handle = f"{target.interface[1:].lower()}-{next(self._handles)}"
            self._objects[target.handle] = target
            target.references += 1
        return {"object": target.handle, "interface": target.interface}

    def lend(self, target: Object) -> Json:
        """An object of ours that the spooler knows, for an argument."""
        return {"object": target.handle, "interface": target.interface}

    def remote(self, reference: Any) -> Remote | None:
        """An object that a message names: the spooler's, or one of ours that comes back."""
        if reference is None:
            return None
        with self._lock:
            target = self._objects.get(reference["object"])
        return Own(self, target) if target else Remote(self, reference["object"], reference["interface"])

    def own(self, target: Object) -> Own:
        """An object of ours with a reference, to be used as if it were somebody else's."""
        self.hand_out(target)
        return Own(self, target)

    def assign(self, call: Call, name: str, value: int) -> None:
        """Writes a reference while its call goes on: it is there before the message is used."""
        call.out[name] = value
        if call.id is None:
            return
        self.send({"method": "assign", "params": {"call": call.id, "out": {name: value}}})
