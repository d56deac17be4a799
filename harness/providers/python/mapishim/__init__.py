"""MAPI transport providers in Python, in a process of their own.

The library speaks the stdio shim's protocol (`mock-spooler/SHIM.md`) and turns it into classes to override: a provider
derives from :class:`Transport`, says what it can do, and is run with :func:`run`. A message store derives from the
classes of :mod:`mapishim.stores` and :mod:`mapishim.tables`. Standard library only.
"""

from . import flags, tags
from .filetime import now
from .props import prop, properties, values
from .transport import Reference, Transport, run
from .wire import Connection, MapiError, Object, Remote, decode, encode

__all__ = [
    "Connection", "MapiError", "Object", "Reference", "Remote", "Transport", "decode", "encode", "flags", "now", "prop", "properties", "run",
    "tags", "values",
]
