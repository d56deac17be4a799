"""Restrictions: conditions on rows (pages: srestriction, about-restrictions)."""

from __future__ import annotations

from typing import Any

from . import flags as f
from . import tags as t
from .props import View, normal, size_of, tag_of
from .wire import Json, MapiError, decode

#: Conditions within conditions, deeper than this, nobody means.
DEEPEST = 64
_RELATIONS = {
    f.RELOP_LT: lambda order: order < 0,
    f.RELOP_LE: lambda order: order <= 0,
    f.RELOP_GT: lambda order: order > 0,
    f.RELOP_GE: lambda order: order >= 0,
    f.RELOP_EQ: lambda order: order == 0,
    f.RELOP_NE: lambda order: order != 0,
}


def check(restriction: Json | None, depth: int = 0) -> None:
    """Refuses a restriction that is not whole or not supported."""
    if not restriction:
        raise MapiError("MAPI_E_INVALID_PARAMETER")
    if depth >= DEEPEST:
        raise MapiError("MAPI_E_TOO_COMPLEX")
    kind, given = next(iter(restriction.items()))
    if kind in ("and", "or"):
        for one in given:
            check(one, depth + 1)
    elif kind == "not" or kind in ("annotation", "count"):
        check(given if kind == "not" else given.get("of"), depth + 1)
    elif kind == "comment":
        if given.get("of") is not None:
            check(given["of"], depth + 1)
    elif kind not in ("content", "property", "compare", "bitmask", "size", "exist"):
        raise MapiError("MAPI_E_TOO_COMPLEX")
    if kind in ("content", "property") and given.get("prop") is None:
        raise MapiError("MAPI_E_INVALID_PARAMETER")
    if kind in ("property", "compare", "size") and given["relop"] not in _RELATIONS:
        raise MapiError("MAPI_E_TOO_COMPLEX")


def met(restriction: Json, row: View) -> bool:
    """Whether a row meets a condition that was checked. What a row does not have meets nothing."""
    kind, given = next(iter(restriction.items()))
    if kind == "and":
        return all(met(one, row) for one in given)
    if kind == "or":
        return any(met(one, row) for one in given)
    if kind == "not":
        return not met(given, row)
    if kind in ("comment", "annotation", "count"):
        return given.get("of") is None or met(given["of"], row)
    own = row.entry(tag_of(given["tag"]))
    if own is None:
        return False
    if kind == "content":
        return _contains(given["fuzzy"], own, _value(given["prop"]))
    if kind == "property":
        return _related(given["relop"], compare(own, _value(given["prop"])))
    if kind == "compare":
        other = row.entry(tag_of(given["other"]))
        return other is not None and _related(given["relop"], compare(own, other))
    if kind == "bitmask":
        return isinstance(own[1], int) and (own[1] & given["mask"] == 0) == (given["relop"] == f.BMR_EQZ)
    if kind == "size":
        return _related(given["relop"], size_of(own[1]) - int(given["bytes"]))
    return True


def compare(left: tuple[int, Any], right: tuple[int, Any]) -> int | None:
    """How two values of one type stand to each other, text without regard to case; nothing where they cannot be compared."""
    kind = left[0] & 0xFFFF
    if kind != right[0] & 0xFFFF or kind & t.MV_FLAG:
        return None
    one, other = _comparable(kind, left[1]), _comparable(kind, right[1])
    return (one > other) - (one < other)


def _comparable(kind: int, value: Any) -> Any:
    if kind == t.PT_UNICODE:
        return str(value).lower()
    return decode(value) if kind in (t.PT_BINARY, t.PT_CLSID) else value


def _related(relation: int, order: int | None) -> bool:
    return order is not None and _RELATIONS[relation](order)


def _value(given: Json) -> tuple[int, Any]:
    return normal(tag_of(given["tag"]), given.get("value"))


def _contains(level: int, own: tuple[int, Any], sought: tuple[int, Any]) -> bool:
    kind = own[0] & 0xFFFF
    if kind != sought[0] & 0xFFFF or kind not in (t.PT_UNICODE, t.PT_BINARY):
        return False
    one, other = own[1], sought[1]
    if kind == t.PT_BINARY:
        one, other = decode(one), decode(other)
    elif level & (f.FL_IGNORECASE | f.FL_LOOSE):
        one, other = one.lower(), other.lower()
    how = level & 0xFFFF
    if how == f.FL_SUBSTRING:
        return other in one
    return one.startswith(other) if how == f.FL_PREFIX else one == other
