"""Tables: `IMAPITable` over rows that are made anew at each call (pages: imapitableiunknown, imapitable-advise).

A table finds its position again by the key of the row that it stands at. A source says what it shows.
"""

from __future__ import annotations

import functools
import itertools
import threading
from typing import NamedTuple, Protocol

from . import flags as f
from . import tags as t
from .props import Bag, View, prop, selected, tag_of, tags_of
from .restriction import check, compare, met
from .wire import Call, Json, MapiError, Object, Remote, encode

#: Numbers registrations through all tables and stores of the program.
_connections = itertools.count(1)
_FIRST_BOOKMARK = 3
_NOTHING = Bag()


def new_connection() -> int:
    """A connection number that no other registration has."""
    return next(_connections)


class Row:
    """A row: its key, its computed columns, and behind them properties that are replaced, never changed."""

    def __init__(self, key: int, computed: Bag, stored: Bag = _NOTHING) -> None:
        self.key = key
        computed.set(t.PR_INSTANCE_KEY, encode(key.to_bytes(8, "big")))
        self.view = View(computed, stored)

    def same(self, other: Row) -> bool:
        """Whether another row shows the same."""
        return self.view.stored is other.view.stored and self.view.computed == other.view.computed


class Source(Protocol):
    """Where a table's rows come from."""

    #: The columns that the table begins with.
    columns: tuple[int, ...]

    def rows(self) -> list[Row]:
        """The rows as they are now. A :class:`MapiError` where what they show has ended."""


class Watchers(Protocol):
    """Who has tables look for changes."""

    def watch(self, table: Table) -> None:
        """From now on the table wants to be refreshed when something has changed."""


class _Mark(NamedTuple):
    key: int | None
    position: int


class _State:
    def __init__(self, columns: list[int]) -> None:
        self.columns = columns
        self.order: list[tuple[int, bool]] = []
        self.restriction: Json | None = None
        self.rows: list[Row] = []
        self.position = 0
        self.bookmarks: dict[int, _Mark] = {}
        self.sinks: list[tuple[int, Remote]] = []
        #: The rows as they were when the sinks were last told.
        self.told: list[Row] = []


class Table(Object):
    """A table. It is refreshed, and its sinks are told, by :meth:`refresh`."""

    interface = "IMAPITable"
    interfaces = ("IUnknown", "IMAPITable")

    def __init__(self, source: Source, watchers: Watchers) -> None:
        super().__init__()
        self._source = source
        self._watchers = watchers
        self._lock = threading.RLock()
        self._bookmarks = itertools.count(_FIRST_BOOKMARK)
        self._state = _State(list(source.columns))
        self._current()

    # -------------------------------------------------------------- changes

    def refresh(self) -> None:
        """Tells the sinks what has changed since they were last told."""
        with self._lock:
            state = self._state
            if not state.sinks:
                return
            try:
                rows = self._load()
            except MapiError:
                return
            events = self._changes(rows)
            state.told = rows
            sinks = [sink for _, sink in state.sinks]
        if events:
            for sink in sinks:
                sink.connection.request(
                    "IMAPIAdviseSink.OnNotify", {"this": sink.handle, "args": {"lpNotifications": events}}
                )

    def forget_sinks(self) -> None:
        """Lets go of the sinks: what the table shows has ended."""
        with self._lock:
            sinks, self._state.sinks = self._state.sinks, []
        for _, sink in sinks:
            sink.release()

    def closed(self) -> None:
        self.forget_sinks()

    def _changes(self, rows: list[Row]) -> list[Json]:
        state = self._state
        before, after = {row.key: row for row in state.told}, {row.key for row in rows}
        events = [_event(f.TABLE_ROW_DELETED, gone, None, []) for gone in state.told if gone.key not in after]
        for index, row in enumerate(rows):
            known = before.get(row.key)
            if known is not None and known.same(row):
                continue
            kind = f.TABLE_ROW_ADDED if known is None else f.TABLE_ROW_MODIFIED
            shown = selected(row.view, state.columns, True)[0]
            events.append(_event(kind, row, rows[index - 1] if index else None, shown))
        return events

    # -------------------------------------------------------------- rows

    def _load(self) -> list[Row]:
        state = self._state
        rows = self._source.rows()
        if state.restriction is not None:
            rows = [row for row in rows if met(state.restriction, row.view)]
        if state.order:
            rows.sort(key=functools.cmp_to_key(self._compare))
        return rows

    def _compare(self, left: Row, right: Row) -> int:
        for tag, descending in self._state.order:
            one, other = left.view.entry(tag), right.view.entry(tag)
            if one is None or other is None:
                order = (one is not None) - (other is not None)
            else:
                order = compare(one, other) or 0
            if order:
                return -order if descending else order
        return 0

    def _current(self) -> _State:
        """The state, its rows as they are now; the position stays at its row, or where that row was."""
        state, rows = self._state, self._load()
        at = state.rows[state.position].key if state.position < len(state.rows) else None
        found = next((index for index, row in enumerate(rows) if row.key == at), None)
        if found is not None:
            state.position = found
        elif state.rows and state.position >= len(state.rows):
            state.position = len(rows)
        else:
            state.position = min(state.position, len(rows))
        state.rows = rows
        return state

    def _restart(self) -> None:
        """A new order or condition: bookmarks do not survive it, and sinks are not told of it row by row."""
        state = self._state
        state.rows, state.position, state.bookmarks = [], 0, {}
        self._current()
        state.told = state.rows

    def _at(self, bookmark: int) -> tuple[int, bool]:
        """Where a bookmark is, and whether its row is gone."""
        state = self._state
        fixed = {f.BOOKMARK_BEGINNING: 0, f.BOOKMARK_CURRENT: state.position, f.BOOKMARK_END: len(state.rows)}
        if bookmark in fixed:
            return fixed[bookmark], False
        mark = state.bookmarks.get(bookmark)
        if mark is None:
            raise MapiError("MAPI_E_INVALID_BOOKMARK")
        if mark.key is None:
            return len(state.rows), False
        found = next((index for index, row in enumerate(state.rows) if row.key == mark.key), None)
        return (min(mark.position, len(state.rows)), True) if found is None else (found, False)

    # -------------------------------------------------------------- the interface

    def GetLastError(self, call: Call) -> None:
        call.clear("lppMAPIError")
        call.needs("lppMAPIError")

    def Advise(self, call: Call) -> None:
        sink = call.object("lpAdviseSink")
        call.needs("lpulConnection")
        if not call.flags("ulEventMask") & f.fnevTableModified:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        sink.add_ref()
        number = new_connection()
        with self._lock:
            state = self._current()
            if not state.sinks:
                state.told = state.rows
            state.sinks.append((number, sink))
        self._watchers.watch(self)
        call.out["lpulConnection"] = number

    def Unadvise(self, call: Call) -> None:
        number = int(call.args.get("ulConnection", 0))
        with self._lock:
            gone = [one for one in self._state.sinks if one[0] == number]
            self._state.sinks = [one for one in self._state.sinks if one[0] != number]
        if not gone:
            raise MapiError("MAPI_E_NOT_FOUND")
        gone[0][1].release()

    def GetStatus(self, call: Call) -> None:
        with self._lock:
            self._current()
        call.out.update(lpulTableStatus=f.TBLSTAT_COMPLETE, lpulTableType=f.TBLTYPE_DYNAMIC)

    def SetColumns(self, call: Call) -> None:
        tags = tags_of(call.args.get("lpPropTagArray"))
        if not tags:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        with self._lock:
            self._current().columns = tags

    def QueryColumns(self, call: Call) -> None:
        call.clear("lpPropTagArray")
        call.needs("lpPropTagArray")
        with self._lock:
            state = self._current()
            tags = list(state.columns)
            if call.flags() & f.TBL_ALL_COLUMNS:
                own = list(self._source.columns)
                found = {tag >> 16: tag for row in reversed(state.rows) for tag, _ in row.view}
                known = {tag >> 16 for tag in own}
                tags = own + [tag for key, tag in sorted(found.items()) if key not in known]
        call.out["lpPropTagArray"] = [f"0x{tag:08X}" for tag in tags]

    def GetRowCount(self, call: Call) -> None:
        call.needs("lpulCount")
        with self._lock:
            call.out["lpulCount"] = len(self._current().rows)

    def SeekRow(self, call: Call) -> str:
        with self._lock:
            state = self._current()
            origin, moved = self._at(call.args.get("bkOrigin", 0))
            state.position = max(0, min(origin + call.args.get("lRowCount", 0), len(state.rows)))
            call.out["lplRowsSought"] = state.position - origin
        return "MAPI_W_POSITION_CHANGED" if moved else "S_OK"

    def SeekRowApprox(self, call: Call) -> None:
        numerator, denominator = call.flags("ulNumerator"), call.flags("ulDenominator")
        if denominator == 0:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        with self._lock:
            state = self._current()
            state.position = min(len(state.rows) * numerator // denominator, len(state.rows))

    def QueryPosition(self, call: Call) -> None:
        with self._lock:
            state = self._current()
            call.out.update(
                lpulRow=state.position, lpulNumerator=state.position, lpulDenominator=max(len(state.rows), 1)
            )

    def FindRow(self, call: Call) -> str:
        restriction = call.args.get("lpRestriction")
        check(restriction)
        with self._lock:
            state = self._current()
            origin, moved = self._at(call.args.get("bkOrigin", 0))
            backward = call.flags() & f.DIR_BACKWARD
            candidates = reversed(range(origin)) if backward else range(origin, len(state.rows))
            found = next((index for index in candidates if met(restriction, state.rows[index].view)), None)
            if found is None:
                raise MapiError("MAPI_E_NOT_FOUND")
            state.position = found
        return "MAPI_W_POSITION_CHANGED" if moved else "S_OK"

    def Restrict(self, call: Call) -> None:
        restriction = call.args.get("lpRestriction")
        if restriction is not None:
            check(restriction)
        with self._lock:
            self._current().restriction = restriction
            self._restart()

    def CreateBookmark(self, call: Call) -> None:
        call.needs("lpbkPosition")
        with self._lock:
            state = self._current()
            at = state.position
            mark = _Mark(state.rows[at].key if at < len(state.rows) else None, at)
            number = next(self._bookmarks)
            state.bookmarks[number] = mark
        call.out["lpbkPosition"] = number

    def FreeBookmark(self, call: Call) -> None:
        bookmark = call.flags("bkPosition")
        with self._lock:
            if self._current().bookmarks.pop(bookmark, None) is None and bookmark >= _FIRST_BOOKMARK:
                raise MapiError("MAPI_E_INVALID_BOOKMARK")

    def SortTable(self, call: Call) -> None:
        given = call.args.get("lpSortCriteria")
        if given is None:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        order = [(tag_of(one["tag"]), one["order"]) for one in given["sorts"]]
        if given.get("categories") or any(kind not in (f.TABLE_SORT_ASCEND, f.TABLE_SORT_DESCEND) for _, kind in order):
            raise MapiError("MAPI_E_TOO_COMPLEX")
        if any(tag & t.MV_FLAG or tag & 0xFFFF == t.PT_OBJECT for tag, _ in order):
            raise MapiError("MAPI_E_TOO_COMPLEX")
        with self._lock:
            self._current().order = [(tag, kind == f.TABLE_SORT_DESCEND) for tag, kind in order]
            self._restart()

    def QuerySortOrder(self, call: Call) -> None:
        call.clear("lppSortCriteria")
        call.needs("lppSortCriteria")
        with self._lock:
            order = self._current().order
        kinds = {False: f.TABLE_SORT_ASCEND, True: f.TABLE_SORT_DESCEND}
        sorts = [{"tag": f"0x{tag:08X}", "order": kinds[descending]} for tag, descending in order]
        call.out["lppSortCriteria"] = {"sorts": sorts, "categories": 0, "expanded": 0}

    def QueryRows(self, call: Call) -> None:
        call.clear("lppRows")
        call.needs("lppRows")
        count = call.args.get("lRowCount", 0)
        if count == 0:
            raise MapiError("MAPI_E_INVALID_PARAMETER")
        with self._lock:
            state = self._current()
            at = min(state.position, len(state.rows))
            begin, end = (at, at + count) if count > 0 else (max(at + count, 0), at)
            shown = state.rows[begin:end]
            columns = state.columns
            if not call.flags() & f.TBL_NOADVANCE:
                state.position = begin + len(shown) if count > 0 else begin
        call.out["lppRows"] = [selected(row.view, columns, True)[0] for row in shown]

    def Abort(self, call: Call) -> None:
        """Nothing is done behind a caller's back."""

    def WaitForCompletion(self, call: Call) -> None:
        call.out["lpulTableStatus"] = f.TBLSTAT_COMPLETE

    def ExpandRow(self, call: Call) -> None:
        call.clear("lppRows", lpulMoreRows=0)
        raise MapiError("MAPI_E_NO_SUPPORT")

    def CollapseRow(self, call: Call) -> None:
        call.clear(lpulRowCount=0)
        raise MapiError("MAPI_E_NO_SUPPORT")

    def GetCollapseState(self, call: Call) -> None:
        call.clear("lppbCollapseState", lpcbCollapseState=0)
        raise MapiError("MAPI_E_NO_SUPPORT")

    def SetCollapseState(self, call: Call) -> None:
        call.clear(lpbkLocation=0)
        raise MapiError("MAPI_E_NO_SUPPORT")


def _event(kind: int, row: Row, prior: Row | None, shown: list[Json]) -> Json:
    def key(of: Row | None) -> Json:
        return prop(t.PR_NULL, None) if of is None else prop(t.PR_INSTANCE_KEY, of.view.get(t.PR_INSTANCE_KEY))

    return {
        "event": f.fnevTableModified, "table-event": kind, "hr": "S_OK", "index": key(row), "prior": key(prior), "row": shown or None,
    }
