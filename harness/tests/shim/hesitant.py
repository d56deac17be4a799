"""The provider of `providers/python`, which takes its time over the first message of its first processes, as on a machine that
stands still.

The arguments: where the provider is, a directory that remembers how many processes there were, and how many of them hesitate.
"""

import sys
import threading
from pathlib import Path

seen, first = Path(sys.argv[2]), int(sys.argv[3])
sys.path.insert(0, sys.argv[1])

from mapishim import Connection, run  # noqa: E402  (found by the line before)
from provider import Maildrop  # noqa: E402

#: In seconds; more than a provider may work without giving the processor back.
LONG = 2.6


class Hesitant(Connection):
    def handle(self, message):
        if message["method"] == "IXPLogon.StartMessage":
            before = len(list(seen.iterdir()))
            (seen / str(before)).touch()
            if before < first:
                threading.Event().wait(LONG)
        super().handle(message)


run(Maildrop, connection_kind=Hesitant)
