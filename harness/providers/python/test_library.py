"""Tests of the library's parts that need no spooler: `python3 -m unittest test_library`."""

from __future__ import annotations

import io
import unittest

from mapishim import Connection, MapiError, Object, encode, prop
from mapishim import flags as f
from mapishim import tags as t
from mapishim.props import Bag, Names, View, as_asked, out, selected
from mapishim.restriction import check, met
from mapishim.streams import Stream
from mapishim.tables import Row, Table
from mapishim.wire import Call, is_error
from memorystore import ids
from memorystore.computed import subject_prefix


def bag_of(**values: object) -> Bag:
    bag = Bag()
    for name, value in values.items():
        bag.set(getattr(t, name), value)
    return bag


class Values(unittest.TestCase):
    def test_text_is_kept_wide_and_had_in_either_width(self) -> None:
        entry = bag_of(PR_SUBJECT_A="Grüße").entry(t.PR_SUBJECT_W)
        assert entry is not None
        self.assertEqual(as_asked(t.PR_SUBJECT_W, entry, False), (t.PR_SUBJECT_W, "Grüße"))
        self.assertEqual(as_asked(t.PR_SUBJECT_A, entry, True), (t.PR_SUBJECT_A, "Grüße"))
        self.assertEqual(as_asked(t.PR_SUBJECT_W & 0xFFFF0000, entry, False), (t.PR_SUBJECT_A, "Grüße"))
        self.assertIsNone(as_asked(t.PR_SUBJECT_W & 0xFFFF0000 | t.PT_LONG, entry, True))

    def test_what_is_no_unicode_text_is_not_repaired(self) -> None:
        units = encode("\ud800A".encode("utf-16-le", "surrogatepass"))
        bag = Bag()
        bag.set(t.PR_SUBJECT_W, {"utf16": units})
        self.assertEqual(out(t.PR_SUBJECT_W, bag.get(t.PR_SUBJECT_W)), prop(t.PR_SUBJECT_W, {"utf16": units}))

    def test_large_numbers_come_as_text_and_small_ones_may_be_unsigned(self) -> None:
        bag = bag_of(PR_CLIENT_SUBMIT_TIME="134000000000000000", PR_RECIPIENT_TYPE=0x80000001)
        self.assertEqual(bag.get(t.PR_CLIENT_SUBMIT_TIME), 134000000000000000)
        self.assertEqual(bag.get(t.PR_RECIPIENT_TYPE), -0x7FFFFFFF)
        self.assertEqual(bag.bits(t.PR_RECIPIENT_TYPE), 0x80000001)

    def test_what_is_missing_stands_as_an_error_in_its_place(self) -> None:
        view = View(bag_of(PR_IMPORTANCE=1), bag_of(PR_IMPORTANCE=2, PR_SUBJECT_W="x"))
        found, code = selected(view, [t.PR_BODY_W, t.PR_IMPORTANCE, t.PR_NULL], True)
        self.assertEqual(code, "MAPI_W_ERRORS_RETURNED")
        missing = prop(t.PR_BODY_W & 0xFFFF0000 | t.PT_ERROR, "MAPI_E_NOT_FOUND")
        self.assertEqual(found, [missing, prop(t.PR_IMPORTANCE, 1), prop(t.PR_NULL, None)])

    def test_results(self) -> None:
        for code, failed in (("S_OK", False), ("S_FALSE", False), ("MAPI_W_CANCEL_MESSAGE", False), ("0x00040680", False)):
            self.assertEqual(is_error(code), failed, code)
        for code in ("MAPI_E_NOT_FOUND", "STG_E_ACCESSDENIED", "0x80004005"):
            self.assertTrue(is_error(code), code)

    def test_names(self) -> None:
        names, own = Names(), encode(bytes(16))
        self.assertIsNone(names.tag((own, "x"), False))
        tag = names.tag((own, "x"), True)
        self.assertEqual(tag, 0x80000000)
        self.assertEqual(names.tag((own, 7), True), 0x80010000)
        self.assertEqual(names.name(0x8000001F), (own, "x"))
        self.assertEqual(names.tag((Names.PS_MAPI, 0x37), False), 0x00370000)


class Conditions(unittest.TestCase):
    row = View(bag_of(PR_SUBJECT_W="Grüße aus Bremen", PR_MESSAGE_FLAGS=5, PR_SEARCH_KEY=encode(b"abc")), Bag())

    def met(self, restriction: dict[str, object]) -> bool:
        check(restriction)
        return met(restriction, self.row)

    def test_content(self) -> None:
        def content(level: int, sought: str) -> bool:
            tag = f"0x{t.PR_SUBJECT_W:08X}"
            return self.met({"content": {"fuzzy": level, "tag": tag, "prop": prop(t.PR_SUBJECT_W, sought)}})

        self.assertTrue(content(f.FL_SUBSTRING, "aus"))
        self.assertFalse(content(f.FL_SUBSTRING, "AUS"))
        self.assertTrue(content(f.FL_SUBSTRING | f.FL_IGNORECASE, "AUS"))
        self.assertTrue(content(f.FL_PREFIX, "Grüße"))
        self.assertFalse(content(0, "Grüße"))

    def test_the_others(self) -> None:
        flags, body = f"0x{t.PR_MESSAGE_FLAGS:08X}", {"exist": {"tag": f"0x{t.PR_BODY_W:08X}"}}
        more = {"property": {"relop": f.RELOP_GT, "tag": flags, "prop": prop(t.PR_MESSAGE_FLAGS, 4)}}
        bit = {"bitmask": {"relop": f.BMR_NEZ, "tag": flags, "mask": 4}}
        self.assertTrue(self.met({"and": [more, bit, {"not": body}]}))
        self.assertFalse(self.met({"or": [body, {"not": more}]}))
        self.assertTrue(self.met({"comment": {"props": [], "of": more}}))
        self.assertTrue(self.met({"property": {**more["property"], "relop": f.RELOP_EQ, "prop": prop(t.PR_MESSAGE_FLAGS, 5)}}))

    def test_what_is_not_whole_is_refused(self) -> None:
        deep: dict[str, object] = {"and": []}
        for _ in range(70):
            deep = {"not": deep}
        for restriction, code in (
            (None, "MAPI_E_INVALID_PARAMETER"), ({"sub": {}}, "MAPI_E_TOO_COMPLEX"), (deep, "MAPI_E_TOO_COMPLEX"),
            ({"content": {"fuzzy": 0, "tag": "0x0037001F", "prop": None}}, "MAPI_E_INVALID_PARAMETER"),
        ):
            with self.assertRaises(MapiError) as raised:
                check(restriction)
            self.assertEqual(raised.exception.code, code)


class Letters:
    """A source of rows that changes."""

    columns = (t.PR_SUBJECT_W, t.PR_INSTANCE_KEY)

    def __init__(self) -> None:
        self.letters = "bca"

    def rows(self) -> list[Row]:
        return [Row(ord(letter), bag_of(PR_SUBJECT_W=letter)) for letter in self.letters]

    def watch(self, table: Table) -> None:
        """Nobody changes anything behind the test's back."""


class Objects(unittest.TestCase):
    def setUp(self) -> None:
        self.connection = Connection("test", {}, io.BytesIO(), io.BytesIO())

    def call(self, target: Object, method: str, **args: object) -> dict[str, object]:
        return self.connection.answer(target, f"I.{method}", Call(self.connection, None, {"args": args}))

    def test_a_table_keeps_its_row_when_rows_come_and_go(self) -> None:
        source = Letters()
        table = Table(source, source)
        order = {"sorts": [{"tag": f"0x{t.PR_SUBJECT_W:08X}", "order": f.TABLE_SORT_ASCEND}]}
        self.assertEqual(self.call(table, "SortTable", lpSortCriteria=order)["hr"], "S_OK")
        self.call(table, "SeekRow", bkOrigin=f.BOOKMARK_BEGINNING, lRowCount=1)
        source.letters = "cAb0"
        shown = self.call(table, "QueryRows", lRowCount=9)["out"]["lppRows"]  # type: ignore[index]
        self.assertEqual([row[0]["value"] for row in shown], ["b", "c"])
        self.assertEqual(self.call(table, "QueryRows", lRowCount=0)["hr"], "MAPI_E_INVALID_PARAMETER")

    def test_a_bookmark_tells_that_its_row_is_gone(self) -> None:
        source = Letters()
        table = Table(source, source)
        mark = self.call(table, "CreateBookmark")["out"]["lpbkPosition"]  # type: ignore[index]
        self.assertEqual(self.call(table, "SeekRow", bkOrigin=mark, lRowCount=0)["hr"], "S_OK")
        source.letters = "ca"
        self.assertEqual(self.call(table, "SeekRow", bkOrigin=mark, lRowCount=0)["hr"], "MAPI_W_POSITION_CHANGED")
        self.call(table, "FreeBookmark", bkPosition=mark)
        self.assertEqual(self.call(table, "SeekRow", bkOrigin=mark, lRowCount=0)["hr"], "MAPI_E_INVALID_BOOKMARK")

    def test_a_stream_writes_when_it_is_committed_or_let_go(self) -> None:
        written: list[bytes] = []
        stream = Stream(b"", written.append)
        self.connection.hand_out(stream)
        for chunk in (b"one ", b"two"):
            self.call(stream, "Write", pv=encode(chunk), cb=len(chunk))
        self.assertEqual(written, [])
        self.call(stream, "Commit")
        self.call(stream, "SetSize", libNewSize=3)
        self.connection.count(stream, -1)
        self.assertEqual(written, [b"one two", b"one"])

    def test_a_stream_for_reading_refuses_to_be_written(self) -> None:
        stream = Stream(b"data", None)
        self.assertEqual(self.call(stream, "Write", pv=encode(b"x"), cb=1)["hr"], "STG_E_ACCESSDENIED")
        self.assertEqual(self.call(stream, "Seek", dlibMove=-2, dwOrigin=f.STREAM_SEEK_END)["out"], {"plibNewPosition": 2})
        self.assertEqual(self.call(stream, "Read", cb=9)["out"], {"pv": encode(b"ta"), "pcbRead": 2})
        self.assertEqual(self.call(stream, "Seek", dlibMove=-9, dwOrigin=f.STREAM_SEEK_SET)["hr"], "STG_E_INVALIDFUNCTION")

    def test_a_mistake_in_a_method_is_an_answer(self) -> None:
        class Mistaken(Object):
            def Poll(self, call: Call) -> None:
                raise ZeroDivisionError("printed to standard error: it belongs to this test")

        self.assertEqual(self.call(Mistaken(), "Poll")["hr"], "MAPI_E_CALL_FAILED")
        with self.assertRaises(LookupError):
            self.call(Mistaken(), "Push")


class Store(unittest.TestCase):
    def test_identifiers_are_taken_apart_again(self) -> None:
        key = ids.key_of("a store")
        self.assertEqual(ids.parse(ids.make(key, f.MAPI_FOLDER, 7)), (key, f.MAPI_FOLDER, 7))
        self.assertIsNone(ids.parse(ids.make(key, f.MAPI_FOLDER, 7)[1:]))
        self.assertIsNone(ids.parse(ids.make(key, f.MAPI_STATUS)))
        self.assertNotEqual(key, ids.key_of("another"))
        self.assertNotEqual(ids.record_key(key, 1), ids.record_key(key, 2))

    def test_prefixes_of_subjects(self) -> None:
        for subject, prefix in (("RE: news", "RE: "), ("Agenda: news", ""), (": news", ""), ("news", "")):
            self.assertEqual(subject_prefix(subject), prefix)


if __name__ == "__main__":
    unittest.main()
