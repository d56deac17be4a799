"""The provider of `providers/python`, its mail handed to it and asked of it through the shim.

The arguments name the directories that its profile section names: what is left there of an earlier case is removed.
"""

import sys
from pathlib import Path

inbox, outbox = (Path(name) for name in sys.argv[2:4])
sys.path.insert(0, sys.argv[1])

from mapishim import decode, encode, run  # noqa: E402  (found by the line before)
from provider import Maildrop  # noqa: E402

for directory in (inbox, outbox):
    directory.mkdir(exist_ok=True)
    for old in directory.iterdir():
        old.unlink()


def arrive(params):
    draft = inbox / (params["name"] + ".tmp")
    draft.write_bytes(decode(params["mail"]))
    draft.rename(inbox / (params["name"].removesuffix(".eml") + ".eml"))
    return {}


def sent(_):
    return {"mails": [{"name": path.name, "mail": encode(path.read_bytes())} for path in sorted(outbox.glob("*.eml"))]}


functions = {"arrive": arrive, "sent": sent}
run(Maildrop, {name: functions[name] for name in sys.argv[4:]})
