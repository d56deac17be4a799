"""A message store in memory, alone or coupled with the transport of the same profile.

The profile section is that of the reference provider: `0x6606001E` is `alone` or `coupled`, `0x6607001E` names the store.
All logons of one name share one store, which stays as long as the program runs.
"""

from .provider import MemoryProvider

__all__ = ["MemoryProvider"]
