"""Entry identifiers: four flags, the store's key, the kind of the object, its number (page: entry-identifiers)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from mapishim import flags as f

_LAYOUT = struct.Struct("<4x16sIQ")


class Named(NamedTuple):
    """What an identifier of this provider's names."""

    key: bytes
    #: MAPI_STORE, MAPI_FOLDER or MAPI_MESSAGE.
    kind: int
    number: int


def key_of(name: str) -> bytes:
    """What the identifiers of the store with this name have in common (FNV-1a, 128 bits)."""
    key = 0x6C62272E07BB014262B821756295C58D
    for byte in name.encode("utf-8"):
        key = (key ^ byte) * 0x13B + ((key ^ byte) << 88)
        key &= (1 << 128) - 1
    return key.to_bytes(16, "little")


def make(key: bytes, kind: int, number: int = 0) -> bytes:
    """The identifier of an object."""
    return _LAYOUT.pack(key, kind, number)


def parse(entry: bytes) -> Named | None:
    """Takes an identifier apart; nothing where it is none of this provider's."""
    if len(entry) != _LAYOUT.size or entry[:4] != bytes(4):
        return None
    named = Named(*_LAYOUT.unpack(entry))
    return named if named.kind in (f.MAPI_STORE, f.MAPI_FOLDER, f.MAPI_MESSAGE) else None


def record_key(key: bytes, number: int) -> bytes:
    """A key that no other object has: the store's and the number."""
    more = number.to_bytes(8, "big")
    return key[:8] + bytes(one ^ other for one, other in zip(key[8:], more))


def same(one: bytes, other: bytes) -> bool:
    """Whether two identifiers name the same object. Those of other providers are told apart by their bytes."""
    return one == other and bool(one)
