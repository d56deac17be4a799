"""Properties: as they travel, in bags, and `IMAPIProp` of any object (page: imapipropiunknown).

Inside, a value is what Python has for it: text is `str`, numbers are `int`, bytes stay base64 as they travel. A tag is an
`int`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from . import flags as f
from . import tags as t
from .streams import Stream
from .wire import Call, Json, MapiError, Object, Remote, decode, encode

T = TypeVar("T")
Entry = tuple[int, Any]
#: What stands in the place of a value that is not there.
NOT_FOUND = "MAPI_E_NOT_FOUND"
_WIDE = {t.PT_STRING8: t.PT_UNICODE, t.PT_MV_STRING8: t.PT_MV_UNICODE}
_NARROW = {wide: narrow for narrow, wide in _WIDE.items()}
_WHOLE = {t.PT_SYSTIME, t.PT_I8, t.PT_CURRENCY}
#: The identifier of no property at all.
_INVALID_IDS = (0, 0xFFFF)


def prop(tag: int, value: Any) -> Json:
    """A property, to be sent."""
    return {"tag": f"0x{tag:08X}", "value": value}


def properties(values: dict[int, Any]) -> list[Json]:
    """Properties by tag, to be sent."""
    return [prop(tag, value) for tag, value in values.items()]


def tag_of(text: str | int) -> int:
    """A tag, as it came."""
    return text if isinstance(text, int) else int(text, 16)


def tags_of(texts: Iterable[str] | None) -> list[int] | None:
    """Tags, as they came; nothing where there is a null pointer."""
    return None if texts is None else [tag_of(text) for text in texts]


def typed(tag: int, kind: int) -> int:
    """The same property with another type."""
    return (tag & 0xFFFF0000) | kind


def values(props: list[Json] | None) -> dict[int, Any]:
    """Values by property identifier; errors in the place of values are left out."""
    found = {tag_of(one["tag"]): one.get("value") for one in props or []}
    return {tag >> 16: value for tag, value in found.items() if tag & 0xFFFF != t.PT_ERROR}


def text_of(value: Any) -> str:
    """Text, as it came: what is no Unicode text travels as its bytes."""
    if isinstance(value, str):
        return value
    if "utf16" in value:
        return decode(value["utf16"]).decode("utf-16-le", "surrogatepass")
    return decode(value["bytes"]).decode("latin-1")


def _text_out(kind: int, text: str) -> Any:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        if kind & 0xFFF == t.PT_UNICODE:
            return {"utf16": encode(text.encode("utf-16-le", "surrogatepass"))}
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def normal(tag: int, value: Any) -> Entry:
    """A value as it is kept: text is wide, numbers are numbers."""
    kind = tag & 0xFFFF
    kind = _WIDE.get(kind, kind)
    if kind == t.PT_UNICODE:
        value = text_of(value)
    elif kind == t.PT_MV_UNICODE:
        value = [text_of(one) for one in value]
    elif kind == t.PT_LONG:
        value = (int(value) + 0x80000000) % 0x100000000 - 0x80000000
    elif kind in _WHOLE:
        value = int(value)
    return typed(tag, kind), value


def out(tag: int, value: Any) -> Json:
    """A property that was kept, as it travels."""
    kind = tag & 0xFFFF
    if kind in (t.PT_UNICODE, t.PT_STRING8):
        value = _text_out(kind, value)
    elif kind in (t.PT_MV_UNICODE, t.PT_MV_STRING8):
        value = [_text_out(kind, one) for one in value]
    return prop(tag, value)


def size_of(value: Any) -> int:
    """What a value takes, in bytes, about."""
    if isinstance(value, str):
        return 2 * len(value)
    if isinstance(value, list):
        return sum(size_of(one) for one in value)
    return 8


class Bag:
    """Properties by identifier."""

    def __init__(self, entries: dict[int, Entry] | None = None) -> None:
        self._by_id: dict[int, Entry] = entries if entries is not None else {}

    def copy(self) -> Bag:
        """Another bag with the same properties."""
        return Bag(dict(self._by_id))

    def entry(self, tag: int) -> Entry | None:
        """Tag and value with this tag's identifier."""
        return self._by_id.get(tag >> 16)

    def get(self, tag: int, default: Any = None) -> Any:
        """The value with this tag's identifier."""
        found = self._by_id.get(tag >> 16)
        return default if found is None else found[1]

    def set(self, tag: int, value: Any) -> None:
        """Sets a property."""
        self._by_id[tag >> 16] = normal(tag, value)

    def remove(self, tag: int) -> Any:
        """Takes a property out; its value."""
        found = self._by_id.pop(tag >> 16, None)
        return None if found is None else found[1]

    def bits(self, tag: int) -> int:
        """A bit mask; 0 where it is missing."""
        return int(self.get(tag, 0)) & 0xFFFFFFFF

    def __contains__(self, tag: int) -> bool:
        return tag >> 16 in self._by_id

    def __iter__(self) -> Iterator[Entry]:
        return iter([self._by_id[key] for key in sorted(self._by_id)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bag) and self._by_id == other._by_id

    __hash__ = None  # type: ignore[assignment]  # it changes

    def size(self) -> int:
        """What the values take, in bytes, about."""
        return sum(size_of(value) for _, value in self._by_id.values())


class View:
    """An object's properties: those that are computed, and behind them those that are stored."""

    def __init__(self, computed: Bag, stored: Bag) -> None:
        self.computed = computed
        self.stored = stored

    def entry(self, tag: int) -> Entry | None:
        """Tag and value with this tag's identifier."""
        return self.computed.entry(tag) or self.stored.entry(tag)

    def get(self, tag: int, default: Any = None) -> Any:
        """The value with this tag's identifier."""
        found = self.entry(tag)
        return default if found is None else found[1]

    def __iter__(self) -> Iterator[Entry]:
        yield from self.computed
        yield from (entry for entry in self.stored if entry[0] not in self.computed)


def in_width(kind: int, wide: bool) -> int:
    """A type with text as wide as a call wants it where it names no type."""
    return kind if wide else _NARROW.get(kind, kind)


def as_asked(asked: int, entry: Entry, wide: bool) -> Entry | None:
    """A value as the type that is asked for; nothing where it cannot be had as such."""
    tag, value = entry
    kind = tag & 0xFFFF
    target = asked & 0xFFFF or in_width(kind, wide)
    return (typed(asked, target), value) if target == kind or _WIDE.get(target) == kind else None


def selected(view: View, asked: list[int], wide: bool) -> tuple[list[Json], str]:
    """The values of these tags, in their order, and the result: what is missing stands there as an error."""
    code, found = "S_OK", []
    for tag in asked:
        if tag & 0xFFFF == t.PT_NULL:
            found.append(prop(tag, None))
            continue
        entry = view.entry(tag)
        one = as_asked(tag, entry, wide) if entry else None
        if one is None:
            code = "MAPI_W_ERRORS_RETURNED"
            found.append(prop(typed(tag, t.PT_ERROR), NOT_FOUND))
        else:
            found.append(out(*one))
    return found, code


class PropObject(Object):
    """An object with properties: `IMAPIProp`. What differs between objects is to be overridden."""

    interface = "IMAPIProp"
    interfaces: tuple[str, ...] = ("IUnknown", "IMAPIProp")

    # -------------------------------------------------------------- to be overridden

    def view(self) -> View:
        """The properties as they are now. A :class:`MapiError` where the object has ended."""
        raise NotImplementedError

    def change(self, work: Callable[[Bag], T]) -> T:
        """Changes the stored properties. A :class:`MapiError` where the object was opened for reading."""
        raise MapiError("MAPI_E_NO_ACCESS")

    def is_computed(self, tag: int) -> bool:
        """Whether clients cannot set the property."""
        return True

    def object_props(self) -> tuple[int, ...]:
        """The properties that are objects."""
        return ()

    def open_object(self, tag: int, interface: str, flags: int) -> Object | None:
        """Opens one of them; nothing where the tag is none of them."""
        return None

    def save(self, flags: int) -> None:
        """Makes the changes permanent."""
        raise MapiError("MAPI_E_NO_SUPPORT")

    def copy_parts(self, parts: list[int], to: Remote) -> None:
        """Copies the properties that are objects."""

    def names(self) -> Names:
        """The names of properties in the store that the object belongs to."""
        raise MapiError("MAPI_E_NO_SUPPORT")

    # -------------------------------------------------------------- the interface

    def GetLastError(self, call: Call) -> None:
        call.clear("lppMAPIError")
        call.needs("lppMAPIError")

    def SaveChanges(self, call: Call) -> None:
        self.save(call.flags())

    def GetProps(self, call: Call) -> str:
        call.clear("lppPropArray", lpcValues=0)
        call.needs("lppPropArray", "lpcValues")
        wide = bool(call.flags() & f.MAPI_UNICODE)
        asked = tags_of(call.args.get("lpPropTagArray"))
        view = self.view()
        if asked is None:
            code = "S_OK"
            found = [out(typed(tag, in_width(tag & 0xFFFF, wide)), value) for tag, value in view]
            found += [prop(tag, None) for tag in self.object_props()]
        else:
            found, code = selected(view, asked, wide)
        call.out.update(lpcValues=len(found), lppPropArray=found)
        return code

    def GetPropList(self, call: Call) -> None:
        call.clear("lppPropTagArray")
        call.needs("lppPropTagArray")
        wide = bool(call.flags() & f.MAPI_UNICODE)
        found = [typed(tag, in_width(tag & 0xFFFF, wide)) for tag, _ in self.view()]
        call.out["lppPropTagArray"] = [f"0x{tag:08X}" for tag in [*found, *self.object_props()]]

    def OpenProperty(self, call: Call) -> None:
        call.clear("lppUnk")
        call.needs("lppUnk")
        tag, interface, flags = tag_of(call.args.get("ulPropTag", 0)), call.args.get("lpiid"), call.flags()
        if interface is None or tag & 0xFFFF == t.PT_UNSPECIFIED:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        found = self.open_object(tag, interface, flags)
        if found is None:
            if interface not in ("IID_IStream", "IID_ISequentialStream"):
                raise MapiError("MAPI_E_INTERFACE_NOT_SUPPORTED")
            found = self._open_stream(tag, flags)
        call.hand_out("lppUnk", found, interface)

    def SetProps(self, call: Call) -> None:
        call.clear("lppProblems")
        given = call.args.get("lpPropArray")
        if given is None or any("fault" in one for one in given):
            raise MapiError("MAPI_E_INVALID_PARAMETER")

        def set_all(bag: Bag) -> list[tuple[int, int, str]]:
            found = []
            for index, one in enumerate(given):
                tag = tag_of(one["tag"])
                refusal = self._refusal(tag)
                if refusal:
                    found.append((index, tag, refusal))
                elif tag & 0xFFFF not in (t.PT_ERROR, t.PT_NULL):
                    bag.set(tag, one.get("value"))
            return found

        self._report(call, self.change(set_all))

    def DeleteProps(self, call: Call) -> None:
        call.clear("lppProblems")
        asked = tags_of(call.args.get("lpPropTagArray"))
        if asked is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")

        def delete_all(bag: Bag) -> list[tuple[int, int, str]]:
            found = []
            for index, tag in enumerate(asked):
                if self.is_computed(tag):
                    found.append((index, tag, "MAPI_E_COMPUTED"))
                elif bag.remove(tag) is None:
                    found.append((index, tag, NOT_FOUND))
            return found

        self._report(call, self.change(delete_all))

    def CopyTo(self, call: Call) -> None:
        excluded = {tag >> 16 for tag in tags_of(call.args.get("lpExcludeProps")) or []}
        self._copy(call, lambda tag: tag >> 16 not in excluded)

    def CopyProps(self, call: Call) -> None:
        asked = tags_of(call.args.get("lpIncludeProps"))
        if asked is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        included = {tag >> 16 for tag in asked}
        self._copy(call, lambda tag: tag >> 16 in included)

    def GetNamesFromIDs(self, call: Call) -> str:
        call.clear("lpppPropNames", lpcPropNames=0)
        call.needs("lppPropTags", "lpcPropNames", "lpppPropNames")
        asked, names = tags_of(call.args.get("lppPropTags")), self.names()
        flags, one_set = call.flags(), call.args.get("lpPropSetGuid")

        def wanted(name: Name) -> bool:
            kind = f.MAPI_NO_IDS if isinstance(name[1], int) else f.MAPI_NO_STRINGS
            return not flags & kind and one_set in (None, name[0])

        if asked is None:
            asked = [tag for tag in names.tags() if wanted(names.name(tag) or ("", 0))]
            call.out["lppPropTags"] = [f"0x{tag:08X}" for tag in asked]
        found = [names.name(tag) for tag in asked]
        shown = [name if name and wanted(name) else None for name in found]
        call.out.update(lpcPropNames=len(shown), lpppPropNames=[name and _name_out(name) for name in shown])
        return "S_OK" if all(shown) else "MAPI_W_ERRORS_RETURNED"

    def GetIDsFromNames(self, call: Call) -> str:
        call.clear("lppPropTags")
        call.needs("lppPropTags")
        names, asked = self.names(), call.args.get("lppPropNames")
        if not asked:
            call.out["lppPropTags"] = [f"0x{tag:08X}" for tag in names.tags()]
            return "S_OK"
        found = [names.tag(_name_in(one), bool(call.flags() & f.MAPI_CREATE)) for one in asked]
        call.out["lppPropTags"] = [f"0x{tag or t.PT_ERROR:08X}" for tag in found]
        return "S_OK" if all(found) else "MAPI_W_ERRORS_RETURNED"

    # -------------------------------------------------------------- parts of them

    def _refusal(self, tag: int) -> str | None:
        if tag >> 16 in _INVALID_IDS:
            return "MAPI_E_UNEXPECTED_ID"
        if tag & 0xFFFF not in t.TYPES:
            return "MAPI_E_INVALID_TYPE"
        if self.is_computed(tag):
            return "MAPI_E_COMPUTED"
        return "MAPI_E_UNEXPECTED_TYPE" if tag & 0xFFFF == t.PT_OBJECT else None

    @staticmethod
    def _report(call: Call, found: list[tuple[int, int, str]]) -> None:
        problems = [{"index": index, "tag": f"0x{tag:08X}", "code": code} for index, tag, code in found]
        call.out["lppProblems"] = problems or None

    def _open_stream(self, tag: int, flags: int) -> Stream:
        modify = flags & (f.MAPI_MODIFY | f.MAPI_CREATE)
        if modify and self.is_computed(tag):
            raise MapiError("MAPI_E_NO_ACCESS")
        entry = self.view().entry(tag)
        if flags & f.MAPI_CREATE:
            data = b""
        elif entry is None:
            raise MapiError(NOT_FOUND)
        else:
            data = _bytes_of(tag, entry)
        if tag & 0xFFFF not in (t.PT_BINARY, t.PT_UNICODE, t.PT_STRING8):
            raise MapiError("MAPI_E_NO_SUPPORT")
        if not modify:
            return Stream(data, None)

        def put(data: bytes) -> None:
            self.change(lambda bag: bag.set(tag, _value_of(tag, data)))

        if flags & f.MAPI_CREATE:
            put(b"")
        else:
            self.change(lambda bag: None)
        return Stream(data, put)

    def _copy(self, call: Call, takes: Callable[[int], bool]) -> None:
        call.clear("lppProblems")
        to, flags = call.object("lpDestObj"), call.flags()
        there: set[int] = set()
        if flags & f.MAPI_NOREPLACE:
            listed = to.call("IMAPIProp.GetPropList", ulFlags=0).get("lppPropTagArray")
            there = {tag >> 16 for tag in tags_of(listed) or []}

        def wanted(tag: int) -> bool:
            return takes(tag) and tag >> 16 not in there

        parts = [tag for tag in self.object_props() if wanted(tag)]
        copied = [entry for entry in self.view().stored if wanted(entry[0]) and not self.is_computed(entry[0])]
        if copied:
            answer = to.call("IMAPIProp.SetProps", lpPropArray=[out(*entry) for entry in copied])
            call.out["lppProblems"] = answer.get("lppProblems")
        self.copy_parts(parts, to)
        if flags & f.MAPI_MOVE:
            self.change(lambda bag: [bag.remove(tag) for tag, _ in copied])


def _bytes_of(tag: int, entry: Entry) -> bytes:
    asked, kind = tag & 0xFFFF, entry[0] & 0xFFFF
    if asked == kind == t.PT_BINARY:
        return decode(entry[1])
    if asked == kind == t.PT_UNICODE:
        return str(entry[1]).encode("utf-16-le", "surrogatepass")
    if asked == t.PT_STRING8 and kind == t.PT_UNICODE:
        return str(entry[1]).encode("utf-8", "replace")
    raise MapiError(NOT_FOUND if asked in (t.PT_BINARY, t.PT_UNICODE, t.PT_STRING8) else "MAPI_E_NO_SUPPORT")


def _value_of(tag: int, data: bytes) -> str:
    """The value of a stream's bytes. A zero at the end of text is none of it."""
    kind = tag & 0xFFFF
    if kind == t.PT_UNICODE:
        return data[: len(data) // 2 * 2].decode("utf-16-le", "surrogatepass").removesuffix("\0")
    if kind == t.PT_STRING8:
        text = data.removesuffix(b"\0")
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            return text.decode("latin-1")
    return encode(data)


#: A property's name: the set's identifier, and a number or text in it.
Name = tuple[str, "int | str"]


def _name_in(name: Json | None) -> Name:
    if name is None or name.get("set") is None:
        raise MapiError("MAPI_E_INVALID_PARAMETER")
    return name["set"], name["id"] if "id" in name else text_of(name["name"])


def _name_out(name: Name) -> Json:
    return {"set": name[0], "id" if isinstance(name[1], int) else "name": name[1]}


class Names:
    """The names of properties in a store, and the identifiers that stand for them (page: named-properties)."""

    #: `PS_MAPI`: the names of properties that have an identifier of their own.
    PS_MAPI = encode(bytes.fromhex("2803020000000000C000000000000046"))
    FIRST = 0x8000

    def __init__(self) -> None:
        self._ids: dict[Name, int] = {}

    def tag(self, name: Name, create: bool) -> int | None:
        """The tag of a name, made where that is wanted; nothing where there is none, or no more can be made."""
        if name[0] == self.PS_MAPI and isinstance(name[1], int):
            return name[1] << 16 if 0 <= name[1] < self.FIRST else None
        free = self.FIRST + len(self._ids)
        if create and free < 0xFFFE:
            self._ids.setdefault(name, free)
        known = self._ids.get(name)
        return None if known is None else known << 16

    def name(self, tag: int) -> Name | None:
        """The name that a tag stands for."""
        return next((name for name, known in self._ids.items() if known == tag >> 16), None)

    def tags(self) -> list[int]:
        """All tags."""
        return [known << 16 for known in self._ids.values()]
