"""Tables of the plan beside the case table, read as strictly: nothing is clipped, guessed or silently dropped.

A row that cannot be read is never left out, as the counts would then be wrong: the table is refused, with all that is
wrong in it, each with its line.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from policy.bits.rows import Ints
from policy.case_files.cells import dictionary, trimmed
from policy.case_files.columns import plain
from policy.case_files.files import File, Rows, file_of
from policy.case_files.grammar import PLACEHOLDERS, UNSHOWN, Day, Number, bare
from policy.case_files.identifiers import HIDDEN, echoed, identifier, identifying_column, quoted
from policy.case_files.keys import persons, unfit
from policy.entries.history import EVENT_CODE
from policy.problems import Problem, ProblemsFound, nearest

MOST = 99_999  # of a quantity
EVERY = "*"  # all keys, or all codes
_CODE = re.compile(EVENT_CODE, re.ASCII)
_CODES = re.compile(rf"\*|{EVENT_CODE}\*?", re.ASCII)
_NUMERIC = re.compile(r"(\d{5})\.0+", re.ASCII)  # as a numeric column writes it


class Column(NamedTuple):
    """One column: what a cell means (ValueError says what is allowed), its Arrow type, and a blank cell's meaning."""

    read: Callable[[str], Any]
    type: pa.DataType
    blank: Any = None  # None: a cell is needed in every row
    needed: bool = True  # the column itself


def event_code(text: str) -> str:
    """A code in its standard form: capitals, no dot; ValueError says what is allowed."""
    return _code(text, _CODE, "is not a code: up to 20 letters, digits, dots and hyphens")


def event_codes(text: str) -> tuple[str, ...]:
    """Codes with a space, comma or semicolon between, beginnings with a star, or a star for all of them."""
    said = "is not a list of codes: 64490 64491, a beginning with a star (6449*), or * for all codes"
    return tuple(dict.fromkeys(_code(word, _CODES, said) for word in re.split(r"[\s;,]+", text.strip(" ;,"))))


def _code(text: str, form: re.Pattern[str], said: str) -> str:
    word = _NUMERIC.sub(r"\1", text.upper())
    if identifier(text) or not form.fullmatch(word):
        raise ValueError(said)
    return word.replace(".", "")


def _day(text: str) -> int:
    if text in PLACEHOLDERS:
        raise ValueError("is a placeholder, no date; every row needs its date")
    return Day().read(text)


_KEY = Column(str, pa.string())
_DAY = Column(_day, pa.int32())
EVENTS: Mapping[str, Column] = {
    "key": _KEY, "date": _DAY, "code": Column(event_code, pa.string()),
    "quantity": Column(Number(1, MOST, 0, 1, "").read, pa.int32(), 1, needed=False),
}  # fmt: skip
COMPLETE: Mapping[str, Column] = {
    "key": _KEY, "codes": Column(event_codes, pa.list_(pa.string())), "from": _DAY, "to": _DAY,
}  # fmt: skip


@dataclass
class PlanTable:
    """A CSV or Parquet file with columns of the plan's own; `is_key`: bare numbers of 9 or 10 digits are no persons."""

    path: Path
    columns: Mapping[str, Column]
    is_key: bool = False
    rows: int = 0
    _faults: list[tuple[int, str, str, str]] = field(default_factory=list)  # record, column, value, problem
    _refusals: list[tuple[int, str, str]] = field(default_factory=list)

    def batches(self) -> Iterator[pa.Table]:
        """The columns in standard form, some rows at a time; after the last, ProblemsFound with all that is wrong."""
        file = file_of(self.path, ", ".join(name for name, column in self.columns.items() if column.needed))
        found: dict[str, str] | None = None
        for rows in file.batches():
            if found is None:
                found = self._header(rows.table.schema, file.name)
            self.rows += len(rows.records)
            read = self._batch(rows, found)
            if not self._faults and not self._refusals:
                yield read
        self._end(file)

    def _header(self, schema: pa.Schema, name: str) -> dict[str, str]:
        """Column -> column of the file."""
        found: dict[str, str] = {}
        problems = []
        for original, kind in zip(schema.names, schema.types, strict=True):
            column = bare(original).lower()
            if identifying_column(original, [*self.columns]):
                said = f"column {quoted(original)} looks like an identifier of a person; remove it from the file"
                said += ", or call it key where it is no more than a key of your own"
            elif column not in self.columns:
                said = f"unknown column {quoted(original)}; the columns are {', '.join(self.columns)}"
                said += nearest(column, self.columns)
            elif column in found:
                said = f"column {quoted(column)} stands twice"
            elif not plain(kind):
                said = f"column {quoted(original)} holds {kind}; each cell needs one plain value"
            else:
                found[column] = original
                continue
            problems.append(Problem("column", f"{name}:1", said))
        missing = [column for column, one in self.columns.items() if one.needed and column not in found]
        problems += [Problem("column", f"{name}:1", f"the required column '{column}' is missing") for column in missing]
        if problems:
            raise ProblemsFound(problems)
        return found

    def _batch(self, rows: Rows, found: Mapping[str, str]) -> pa.Table:
        read: dict[str, pa.Array] = {}
        for name, column in self.columns.items():
            if name not in found:
                read[name] = pa.array(np.full(len(rows.records), column.blank), column.type)
            elif name == "key":
                read[name] = self._keys(rows.records, trimmed(rows.table[found[name]]))
            else:
                read[name] = self._cells(rows.records, name, column, rows.table[found[name]])
        if "from" in read:
            backwards = np.asarray(pc.fill_null(pc.greater(read["from"], read["to"]), False))
            self._faulty(rows.records[backwards], "to", "", "is before from")
        return pa.table(read)

    def _cells(self, records: Ints, name: str, column: Column, cells: pa.ChunkedArray) -> pa.Array:
        index, words = dictionary(cells)
        values, wrong = [], {}
        for place, word in enumerate(words):
            try:
                values.append(column.read(word) if word else column.blank)
            except ValueError as error:
                values.append(None)
                wrong[place] = str(error)
        for row in np.flatnonzero(np.isin(index, list(wrong))).tolist():
            place = int(index[row])
            self._faults.append((int(records[row]), name, echoed(words[place]), wrong[place]))
        if column.blank is None:
            blank = np.isin(index, [place for place, word in enumerate(words) if not word])
            self._faulty(records[blank], name, "", "is blank, and is needed in every row")
        return pa.array(values, column.type).take(pa.array(index))

    def _keys(self, records: Ints, text: pa.ChunkedArray) -> pa.Array:
        self._refusals += [(int(records[row]), "key", said) for row, said in persons(text, self.is_key)]
        self._faulty(records[np.asarray(pc.equal(text, ""))], "key", "", "is blank, and is needed in every row")
        self._faulty(records[unfit(text)], "key", "", UNSHOWN)
        return text.combine_chunks()

    def _faulty(self, records: Ints, name: str, value: str, said: str) -> None:
        self._faults += [(record, name, value, said) for record in records.tolist()]

    def _end(self, file: File) -> None:
        """What is wrong with the rows, once the lines of the file are known."""
        if self._refusals:
            told = [
                (record, f"column {name}: {HIDDEN} {said}; the table is refused")
                for record, name, said in self._refusals
            ]
        else:
            told = [(r, f"column {n}: {quoted(v) + ' ' if v else ''}{said}") for r, n, v, said in self._faults]
            told += [*file.wrong.items()]
        if told:
            told.sort()
            lines = file.lines(np.array([record for record, _ in told], dtype=int)).tolist()
            raise ProblemsFound(
                Problem("row", f"{file.name}:{line}", said, row=line)
                for line, (_, said) in zip(lines, told, strict=True)
            )


def patterns_of(codes: Sequence[str]) -> list[tuple[str, bool]]:
    """Codes in their standard form, and whether each is the beginning of others (all of them begin with nothing)."""
    return [(code.rstrip(EVERY).replace(".", ""), code.endswith(EVERY)) for code in codes]
