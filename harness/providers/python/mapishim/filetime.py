"""Times: units of 100 ns since 1601-01-01 UTC."""

from __future__ import annotations

import time

#: 1970-01-01.
EPOCH = 116444736000000000


def now() -> int:
    """This moment."""
    return time.time_ns() // 100 + EPOCH


def filetime(seconds: float) -> int:
    """A moment given in whole seconds since 1970."""
    return int(seconds) * 10_000_000 + EPOCH
