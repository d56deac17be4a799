"""MAPI transport providers in Python, in a process of their own.

The library speaks the stdio shim's protocol (`mock-spooler/SHIM.md`) and turns it into classes to override: a provider
derives from :class:`Transport`, says what it can do, and is run with :func:`run`. Standard library only.
"""

from .transport import Reference, Transport, run
from .wire import Connection, MapiError, Object, Remote

__all__ = ["Connection", "MapiError", "Object", "Reference", "Remote", "Transport", "run"]
