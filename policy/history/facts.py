"""Facts worked out of events for the cases of a table, a batch of rows after the other."""

import contextlib
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from policy.bits.rows import Ints
from policy.case_files.written import day_of
from policy.entries.history import History, InWindow
from policy.history.query import READ_ONCE, TABLES, facts_sql
from policy.history.tables import COMPLETE, EVENTS, PlanTable, patterns_of
from policy.model import CaseField, Policy
from policy.problems import Problem, ProblemsFound, collecting, refuse
from policy.storage.scratch import scratch

if TYPE_CHECKING:
    import duckdb

_MEMORY = "1GB"  # what DuckDB may hold before it spills into a temporary folder
_ASKED = ["row", "fact", "first", "request", "key"]
_WORDS = ("known", "at least so much (the history is not complete)", "not documented")
_TOLD = """
SELECT COUNT(*), COUNT(DISTINCT key), MIN(day), MAX(day), (SELECT COUNT(*) FROM (SELECT DISTINCT * FROM events))
FROM events
"""
_STRANGERS = "SELECT COUNT(DISTINCT row) FROM asked ANTI JOIN keys ON keys.key = asked.key"


class PlanHistory:
    """The events of a plan, and where they are complete, for the fields of a policy with `history:`.

    `events`: key, date, code, quantity (default 1); `complete`: key, codes, from, to, both days included, `*` for all
    keys or codes; without it nothing is complete. `key`: the column of the case table that says the key;
    `case_id_is_key`: bare numbers of 9 or 10 digits are no numbers of persons. Raises ProblemsFound with all that is
    wrong with both tables.
    """

    def __init__(
        self, policy: Policy, events: Path, complete: Path | None = None, *, key: str = "case_id",
        case_id_is_key: bool = False,
    ):  # fmt: skip
        self.key = key
        self._kinds = {name: kind.history for name, kind in policy.fields_.items() if kind.history is not None}
        if not self._kinds:
            raise refuse(
                "history", policy.name, "has no field with history: (see docs/history.md); leave --history out"
            )
        self._fields = {name: policy.fields_[name] for name in self._kinds}
        self._name, self._has_complete = events.name, complete is not None
        self._connection = _connected(self)
        problems: list[Problem] = []
        with collecting(problems):
            self._read_events(PlanTable(events, EVENTS, case_id_is_key))
        if complete is not None:
            with collecting(problems):
                self._read_complete(PlanTable(complete, COMPLETE, case_id_is_key))
        if problems:
            raise ProblemsFound(problems)
        self._finish()
        self.begin()

    @property
    def fields(self) -> Mapping[str, CaseField]:
        """The fields that are worked out."""
        return self._fields

    def begin(self) -> None:
        """The table is read from its beginning: what is to be remarked on is counted anew."""
        self._rows, self._no_key, self._undated, self._strangers = 0, 0, 0, 0
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in self._kinds}

    def facts(self, keys: NDArray[np.object_], facts: Mapping[str, Ints]) -> dict[str, NDArray[np.int64]]:
        """Each field's numbers, int64 (n,): at least 0; -1 not documented; -1 - n at least n.

        A number may be above the field's greatest. `keys`: text (n,), '' where there is none; `facts`: those of the
        case table, with the days of the requests.
        """
        self._rows += len(keys)
        self._no_key += int((keys == "").sum())
        days = {kind.request for kind in self._kinds.values()}
        self._undated += int(np.logical_or.reduce([facts[day] < 0 for day in days]).sum())
        asked = []
        for place, (name, kind) in enumerate(self._kinds.items()):
            request = facts[kind.request].astype(np.int64)
            rows = np.flatnonzero((request >= 0) & (keys != ""))
            first = first_days(kind, self._fields[name], request[rows])
            columns = [rows, np.full(len(rows), place), first, request[rows]]
            whole = [pa.array(column.astype(np.int32)) for column in columns]
            asked.append(pa.table([*whole, pa.array(keys[rows], pa.string())], _ASKED))
        value, sure = self._answer(pa.concat_tables(asked), len(keys))
        found = {}
        for place, (name, field) in enumerate(self._fields.items()):
            number = np.where(sure[place] | (value[place] == field.max), value[place], -1 - value[place])
            found[name] = np.where(value[place] < 0, -1, number)
            counts = (found[name] >= 0).sum(), (found[name] < -1).sum(), (found[name] == -1).sum()
            self._counts[name].update({word: int(number) for word, number in zip(_WORDS, counts, strict=True)})
        return found

    def remarks(self) -> Iterator[str]:
        """What the reader of a result must know of its history."""
        yield self._told
        if self._twice:
            yield f"{self._name}: {self._twice:,} events stand more than once, alike in every column; each counts"
        if not self._has_complete:
            yield "without --history-complete no history is complete: every number of events is 'at least'"
        if self._no_key:
            yield f"{self._no_key:,} of {self._rows:,} rows have no {self.key}: nothing of their history is documented"
        if self._undated:
            yield f"{self._undated:,} of {self._rows:,} rows have no day of the request, before which events count"
        if self._strangers:
            yield f"{self._strangers:,} of {self._rows:,} rows have a {self.key} with no event in {self._name}"
        for name, counts in self._counts.items():
            words = [f"{counts[word]:,} {word}" for word in _WORDS if counts[word]]
            yield f"{name}, {self._kinds[name].when}: {', '.join(words)}"

    def _answer(self, asked: pa.Table, size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Value (-1: not asked for) and whether it is sure, (fields, rows)."""
        value, sure = np.full((len(self._kinds), size), -1), np.zeros((len(self._kinds), size), dtype=bool)
        cursor = self._connection.cursor()
        cursor.register("asked", asked)
        found = cursor.execute(facts_sql([*self._kinds.values()])).fetchnumpy()
        strangers = cursor.execute(_STRANGERS).fetchone()
        cursor.close()
        self._strangers += int(strangers[0]) if strangers else 0
        value[found["fact"], found["row"]] = found["value"]
        sure[found["fact"], found["row"]] = found["sure"]
        return value, sure

    def _read_events(self, table: PlanTable) -> None:
        for batch in table.batches():
            self._insert("events", batch.select(["key", "date", "code", "quantity"]))

    def _read_complete(self, table: PlanTable) -> None:
        for batch in table.batches():
            rows = [
                (row["key"], *pattern, row["from"], row["to"])
                for row in batch.to_pylist()
                for pattern in patterns_of(row["codes"] or ())
            ]
            self._insert("complete", _table(rows, ("key", "code", "prefix", "first", "last")))

    def _finish(self) -> None:
        """What is the same for every case."""
        rows = [
            (fact, part, *pattern)
            for fact, kind in enumerate(self._kinds.values())
            for part, codes in enumerate(kind.groups)
            for pattern in patterns_of(codes)
        ]
        self._insert("patterns", _table(rows, ("fact", "part", "code", "prefix")))
        events, keys, first, last, alike = self._connection.execute(_TOLD).fetchall()[0]
        self._connection.execute(READ_ONCE)
        self._twice = events - alike
        when = f", {day_of(first)} to {day_of(last)}" if events else ""
        self._told = f"{self._name}: {events:,} events of {keys:,} keys{when}"

    def _insert(self, name: str, rows: pa.Table) -> None:
        if len(rows):
            self._connection.register("rows_to_insert", rows)
            self._connection.execute(f"INSERT INTO {name} SELECT * FROM rows_to_insert")
            self._connection.unregister("rows_to_insert")


def _table(rows: Sequence[tuple[object, ...]], names: tuple[str, ...]) -> pa.Table:
    return pa.table([pa.array(column) for column in zip(*rows, strict=True)], names) if rows else pa.table({})


def _connected(owner: object) -> "duckdb.DuckDBPyConnection":
    """A database in memory with the empty tables; what does not fit goes to a folder that is gone with its owner."""
    import duckdb

    with contextlib.ExitStack() as stack:
        options: dict[str, Any] = {"temp_directory": str(stack.enter_context(scratch())), "memory_limit": _MEMORY}
        weakref.finalize(owner, stack.pop_all().close)
    connection = duckdb.connect(config=options)
    connection.execute("SET enable_external_access = false")
    connection.execute(TABLES)
    return connection


def first_days(kind: History, field: CaseField, request: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first day d of the window of each request: d + N months (a month's end clamps), or days, >= request.

    Without a window the field's greatest number of days before the request. Days from 1900-01-01, int64 (n,).
    """
    if not isinstance(kind, InWindow):
        return request - field.span[1]
    if kind.months is None:
        return request - int(kind.days or 0)
    epoch = np.datetime64("1900-01-01", "D")
    day = epoch + request.astype("timedelta64[D]")
    month = day.astype("datetime64[M]")
    before = month - kind.months
    first = before.astype("datetime64[D]") + (day - month.astype("datetime64[D]"))
    # A month without that day: its last day + N months is still before the request, so the next month is the first.
    first = np.minimum(first, (before + 1).astype("datetime64[D]"))
    found: NDArray[np.int64] = (first - epoch).astype(np.int64)
    return found
