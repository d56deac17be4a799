"""What a store holds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, Optional

from mapishim import flags as f
from mapishim import tags as t
from mapishim.filetime import now
from mapishim.props import Bag, Names
from mapishim.tables import Table
from mapishim.wire import encode

from . import ids

if TYPE_CHECKING:
    from .session import StoreSession

#: The folders that every store has.
ROOT, IPM_SUBTREE, INBOX, OUTBOX, SENT, DELETED, FINDER = range(1, 8)
_FIRST_FREE = 0x100


class Recipient(NamedTuple):
    """A recipient of a message. Its properties are replaced, never changed."""

    row: int
    bag: Bag


class AttachData(NamedTuple):
    """What a saved attachment holds."""

    bag: Bag
    embedded: Optional[MessageData] = None

    def size(self) -> int:
        """What it takes, in bytes, about."""
        return self.bag.size() + (self.embedded.size() if self.embedded else 0)


class MessageData:
    """What a message holds."""

    def __init__(self) -> None:
        self.bag = Bag()
        self.recipients: list[Recipient] = []
        self.next_recipient = 0
        self.attachments: dict[int, AttachData] = {}
        self.next_attachment = 0

    def copy(self) -> MessageData:
        """Another message that holds the same."""
        copy = MessageData()
        copy.bag, copy.recipients, copy.attachments = self.bag.copy(), list(self.recipients), dict(self.attachments)
        copy.next_recipient, copy.next_attachment = self.next_recipient, self.next_attachment
        return copy

    def size(self) -> int:
        """What it takes, in bytes, about."""
        parts = [recipient.bag for recipient in self.recipients]
        return self.bag.size() + sum(bag.size() for bag in parts) + sum(one.size() for one in self.attachments.values())

    def display(self, kind: int) -> str:
        """The names of the recipients of a kind, as PR_DISPLAY_TO has them."""
        bits = ~(f.MAPI_P1 | f.MAPI_SUBMITTED)
        shown = [one.bag for one in self.recipients if one.bag.bits(t.PR_RECIPIENT_TYPE) & bits == kind]
        return "; ".join(bag.get(t.PR_DISPLAY_NAME_W, "") for bag in shown)


class Stored:
    """A saved message."""

    def __init__(self, folder: int, associated: bool, data: MessageData, version: int = 0, status: int = 0) -> None:
        self.folder = folder
        self.associated = associated
        #: Replaced, never changed.
        self.data = data
        #: Counts the changes: who has opened an older one cannot save without force.
        self.version = version
        #: PR_MSG_STATUS
        self.status = status

    def changed(self) -> Bag:
        """The properties of a copy that takes the place of what was there."""
        self.data = self.data.copy()
        return self.data.bag


class FolderData:
    """A folder."""

    def __init__(self, parent: int | None, kind: int, bag: Bag) -> None:
        self.parent = parent
        self.kind = kind
        self.bag = bag


class Queued(NamedTuple):
    """A submitted message. It is replaced, never changed."""

    message: int
    #: The spooler has locked it.
    locked: bool = False
    #: The spooler is to preprocess it before it is sent.
    preprocess: bool = False
    preprocessed: bool = False
    #: What ExpandRecips said of it.
    needs_spooler: bool = False
    #: It stands in the queue table; one that was sent and waits for FinishedMsg does not.
    listed: bool = True


class Core:
    """A store: its data, who has it open, the tables that look at it. Its lock is never held while MAPI is called."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.lock = threading.RLock()
        self.folders: dict[int, FolderData] = {}
        self.messages: dict[int, Stored] = {}
        #: In the order of submission.
        self.queue: list[Queued] = []
        self.names = Names()
        #: Receive folders by message class; the empty class is the default.
        self.receive = {"": INBOX, "IPM": INBOX, "REPORT.IPM": INBOX}
        self.bag = Bag()
        self.sessions: list[StoreSession] = []
        self._tables: list[Table] = []
        self._next = _FIRST_FREE
        self._last_submission = 0
        for number, parent, kind, name in (
            (ROOT, None, f.FOLDER_ROOT, ""),
            (IPM_SUBTREE, ROOT, f.FOLDER_GENERIC, "Top of the store"),
            (INBOX, IPM_SUBTREE, f.FOLDER_GENERIC, "Inbox"),
            (OUTBOX, IPM_SUBTREE, f.FOLDER_GENERIC, "Outbox"),
            (SENT, IPM_SUBTREE, f.FOLDER_GENERIC, "Sent Items"),
            (DELETED, IPM_SUBTREE, f.FOLDER_GENERIC, "Deleted Items"),
            (FINDER, ROOT, f.FOLDER_GENERIC, "Search Results"),
        ):
            self.folders[number] = self.new_folder(number, parent, kind, name, "")

    # -------------------------------------------------------------- identifiers

    def folder_id(self, number: int) -> bytes:
        """A folder's identifier."""
        return ids.make(self.key, f.MAPI_FOLDER, number)

    def message_id(self, number: int) -> bytes:
        """A message's identifier."""
        return ids.make(self.key, f.MAPI_MESSAGE, number)

    def store_id(self) -> bytes:
        """The store's identifier."""
        return ids.make(self.key, f.MAPI_STORE)

    def search_key(self, number: int) -> str:
        """A key of an object, as it travels."""
        return encode(ids.record_key(self.key, number))

    def new_number(self) -> int:
        """A number that no object of the store has."""
        with self.lock:
            self._next += 1
            return self._next

    def submission_time(self) -> int:
        """A time of submission: now, but later than the one before."""
        self._last_submission = max(now(), self._last_submission + 1)
        return self._last_submission

    # -------------------------------------------------------------- what there is

    def new_folder(self, number: int, parent: int | None, kind: int, name: str, comment: str) -> FolderData:
        """A folder that is not there yet."""
        bag = Bag()
        bag.set(t.PR_DISPLAY_NAME_W, name)
        bag.set(t.PR_COMMENT_W, comment)
        bag.set(t.PR_CREATION_TIME, now())
        bag.set(t.PR_LAST_MODIFICATION_TIME, now())
        bag.set(t.PR_SEARCH_KEY, self.search_key(number))
        return FolderData(parent, kind, bag)

    def children(self, parent: int) -> list[int]:
        """The folders directly below one."""
        return sorted(number for number, folder in self.folders.items() if folder.parent == parent)

    def subtree(self, folder: int) -> list[int]:
        """The folder and all below it."""
        found = [folder]
        for one in found:
            found += self.children(one)
        return found

    def contents(self, folder: int, associated: bool) -> list[tuple[int, Stored]]:
        """The messages of a folder."""
        found = [one for one in self.messages.items() if one[1].folder == folder and one[1].associated == associated]
        return sorted(found, key=lambda one: one[0])

    def queued(self, message: int | None) -> Queued | None:
        """The entry of a submitted message."""
        return next((one for one in self.queue if one.message == message), None)

    def enqueue(self, queued: Queued) -> None:
        """Enters a submitted message: at its place where it has one, else at the end."""
        known = self.queued(queued.message)
        if known is None:
            self.queue.append(queued)
        else:
            self.queue[self.queue.index(known)] = queued

    def receive_folder(self, message_class: str) -> tuple[int, str]:
        """The folder that receives messages of a class, and the class that says so."""
        sought = message_class.upper()
        while True:
            found = next((known for known in self.receive if known.upper() == sought), None)
            if found is not None:
                return self.receive[found], found
            sought = sought.rpartition(".")[0]

    # -------------------------------------------------------------- who looks at it

    def watch(self, table: Table) -> None:
        """The table wants to be told of changes."""
        with self.lock:
            self._tables = [known for known in self._tables if known.references > 0 and known is not table]
            self._tables.append(table)

    def tables(self) -> list[Table]:
        """The tables that want to be told of changes."""
        with self.lock:
            return [table for table in self._tables if table.references > 0]


_cores: dict[bytes, Core] = {}
_cores_lock = threading.Lock()


def core_of(key: bytes) -> Core:
    """The store of this key, made when it is first asked for."""
    with _cores_lock:
        if key not in _cores:
            _cores[key] = Core(key)
        return _cores[key]
