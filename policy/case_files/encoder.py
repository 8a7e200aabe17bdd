"""Batches of a case table as integers: facts, codes and groups, and what is wrong with which rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from policy.bits.rows import Ints
from policy.case_files.cells import dictionary, in_use, trimmed
from policy.case_files.contradictions import relate
from policy.case_files.derived import Derived
from policy.case_files.files import Rows
from policy.case_files.grammar import KEPT, UNSHOWN, allowed, form_of, means_missing
from policy.case_files.identifiers import echoed, identifier
from policy.case_files.keys import persons, unfit
from policy.case_files.remarks import Remarks, absent_columns
from policy.case_files.repeats import Repeats
from policy.case_files.stretches import REQUESTED
from policy.case_files.written import day_of
from policy.cases.relations import presume
from policy.model import CaseField, Policy


class Fault(NamedTuple):
    """What is wrong with a cell, or with a whole record where there is no column."""

    record: int
    case_id: str
    column: str
    value: str
    problem: str


@dataclass
class Encoder:
    """What is gathered over the batches of a table.

    `columns`: of the case table -> of the file; `key`: bare numbers are no numbers of persons; `twice`: the records
    whose id is known to stand more than once, and what is said of each; until that is known, `repeats` has the ids.
    `derived`: what gives facts from beside the table, and the column of the file with its keys. `refusals`: of what
    looks like a person: record, column and what is said; then the table as a whole is refused.
    """

    policy: Policy
    columns: Mapping[str, str]
    remarks: Remarks
    key: bool
    twice: Mapping[int, str]
    repeats: Repeats
    derived: tuple[Derived, str] | None = None
    faults: list[Fault] = field(default_factory=list)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)  # id -> record of the rows with faults
    wrong_day: Callable[[int], str] | None = None  # what is wrong with the day of a request; empty: nothing
    _known: dict[str, dict[str, tuple[Any, str]]] = field(default_factory=dict)  # column -> cell -> see `parsed`

    def parsed(
        self, column: str, words: Sequence[str], parse: Callable[[str], Any]
    ) -> tuple[list[Any], dict[int, str]]:
        """What each cell means, -1 where nothing is there or it is wrong, and what is wrong by position."""
        known = self._known.setdefault(column, {"": (-1, "")})
        for word in words:
            if word not in known:
                try:
                    known[word] = (parse(word), "")
                except ValueError as error:
                    known[word] = (-1, str(error))
        found = [known[word] for word in words]
        return [value for value, _ in found], {i: wrong for i, (_, wrong) in enumerate(found) if wrong}

    def batch(self, rows: Rows) -> "Batch":
        """The good rows."""
        return Batch(self, rows.records).encoded(rows.table)


@dataclass
class Batch:
    """Some rows on their way: facts, codes and groups as they are found, and the rows that have faults."""

    encoder: Encoder
    records: Ints
    ids: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    facts: dict[str, Ints] = field(default_factory=dict)
    groups: dict[str, pd.Categorical] = field(default_factory=dict)
    codes: dict[str, pd.Categorical] = field(default_factory=dict)
    bad: list[NDArray[np.intp]] = field(default_factory=list)

    def encoded(self, table: pa.Table) -> "Batch":
        """The rows without faults; the encoder knows the others."""
        encoder, policy = self.encoder, self.encoder.policy
        self._identify(trimmed(table[encoder.columns["case_id"]]))
        for column, original in encoder.columns.items():
            kind = policy.fields_.get(column)
            if column != "case_id" and (kind is None or not kind.ignored):
                self._column(column, kind, table[original])
        self._in_force()
        absent = absent_columns(policy, encoder.columns)
        n = len(self.records)
        self.facts |= {c: np.full(n, -1, dtype=k.dtype) for c, k in absent.items() if k.type not in KEPT}
        self._derive(table)
        relate(policy, self.facts, self._fault)
        encoder.remarks.add(self.facts, self.codes)
        presume(policy.fields_, self.facts)
        return self._good()

    def _in_force(self) -> None:
        """No row of a day on which no version is in force."""
        days = self.facts.get(REQUESTED)
        if self.encoder.wrong_day is None or days is None:
            return
        said = {day: self.encoder.wrong_day(day) for day in np.unique(days[days >= 0]).tolist()}
        rows = np.flatnonzero(np.isin(days, [day for day, wrong in said.items() if wrong]))
        found = days[rows].tolist()
        self._fault(rows, REQUESTED, [day_of(day) for day in found], [said[day] for day in found])

    def _good(self) -> "Batch":
        if not self.bad:
            return self
        keep = np.ones(len(self.records), dtype=bool)
        keep[np.concatenate(self.bad)] = False
        self.encoder.left_out.update(zip(self.ids[~keep].tolist(), self.records[~keep].tolist(), strict=True))
        facts = {name: values[keep] for name, values in self.facts.items()}
        groups, codes = ({name: v[keep] for name, v in part.items()} for part in (self.groups, self.codes))
        return Batch(self.encoder, self.records[keep], self.ids[keep], facts, groups, codes)

    def _fault(self, rows: NDArray[np.intp], column: str, values: Sequence[str], messages: Sequence[str]) -> None:
        if len(rows):
            self.bad.append(rows)
            ids = map(echoed, self.ids[rows].tolist())
            told = zip(self.records[rows].tolist(), ids, map(echoed, values), messages, strict=True)
            self.encoder.faults += [Fault(record, of, column, value, said) for record, of, value, said in told]

    def _refuse(self, rows: NDArray[np.intp], column: str, messages: Sequence[str]) -> None:
        """Of a column that is kept as text: nothing of the cells is said."""
        self.encoder.refusals += [(int(self.records[row]), column, m) for row, m in zip(rows, messages, strict=True)]

    def _column(self, column: str, kind: CaseField | None, cells: pa.ChunkedArray) -> None:
        """One column of facts, codes or groups."""
        index, words = dictionary(cells)
        if kind is None or kind.type in KEPT:
            index, words = in_use(index, words)
        if kind is None or kind.type == "text":
            words = self._stated(column, index, words)
        read, wrong = self.encoder.parsed(column, words, form_of(kind).read)
        if wrong:
            rows = np.flatnonzero(np.isin(index, list(wrong)))
            self._fault(rows, column, [words[i] for i in index[rows]], [wrong[i] for i in index[rows]])
        if kind is not None and kind.type not in KEPT:
            self.facts[column] = np.array(read, dtype=np.int64).astype(kind.dtype).take(index, mode="clip")
            return
        labels = pd.Index(sorted({word for word in read if word not in (-1, "")}), dtype=object)
        found = labels.get_indexer(pd.Index(read, dtype=object)).astype(np.int32)
        categorical = pd.Categorical.from_codes(found.take(index, mode="clip"), categories=labels)
        if kind is None or not kind.required:
            self.groups[column] = categorical
            return
        self.codes[column] = categorical
        missing = np.flatnonzero(np.isin(index, [i for i, word in enumerate(words) if not word]))
        self._fault(missing, column, [""] * len(missing), ["is blank, and a code is required"] * len(missing))
        changes = {i: word for i, word in enumerate(words) if word and i not in wrong and read[i] != word}
        if changes:
            count = int(np.isin(index, list(changes)).sum())
            self.encoder.remarks.standard_form(column, {w: read[i] for i, w in changes.items()}, count)

    def _stated(self, column: str, index: Ints, words: list[str]) -> list[str]:
        """Of a column of groups: words for missing are nothing, and persons are refused."""
        unstated = [i for i, word in enumerate(words) if means_missing(word)]
        if unstated:
            rows = int(np.isin(index, unstated).sum())
            self.encoder.remarks.not_stated(column, [words[i] for i in unstated], rows)
            words = ["" if means_missing(word) else word for word in words]
        persons = {i: message for i, word in enumerate(words) if (message := identifier(word))}
        if persons:
            rows_of = np.flatnonzero(np.isin(index, list(persons)))
            self._refuse(rows_of, column, [persons[i] for i in index[rows_of]])
        return words

    def _derive(self, table: pa.Table) -> None:
        """Facts from beside the table, by the key of each row; a number above the field's greatest is a fault."""
        if self.encoder.derived is None:
            return
        derived, column = self.encoder.derived
        text = trimmed(table[column])
        if column != self.encoder.columns["case_id"]:
            told = derived.key
            self.encoder.refusals += [(int(self.records[row]), told, m) for row, m in persons(text, self.encoder.key)]
            odd = np.flatnonzero(unfit(text))
            self._fault(odd, told, [""] * len(odd), [UNSHOWN] * len(odd))
        keys = text.to_numpy(zero_copy_only=False).astype(object)
        for name, found in derived.facts(keys, self.facts).items():
            kind = derived.fields[name]
            number = np.where(found < 0, -1 - found, found)
            above = np.flatnonzero(number > kind.max)
            said = f"by --history, is outside the range; {allowed(kind)}"
            self._fault(above, name, [str(n) for n in number[above]], [said] * len(above))
            self.facts[name] = np.where(number > kind.max, -1, found).astype(kind.dtype)

    def _identify(self, text: pa.ChunkedArray) -> None:
        """The ids: unique, to be shown, and of no person."""
        self.ids = text.to_numpy(zero_copy_only=False).astype(object)
        if not self.encoder.twice:
            self.encoder.repeats.add(self.ids)
        for row, message in persons(text, self.encoder.key):
            self.encoder.refusals.append((int(self.records[row]), "case_id", message))
        blank, odd = np.asarray(pc.equal(text, "")), unfit(text)
        twice = self.encoder.twice
        again = np.isin(self.records, list(twice)) if twice else np.zeros(len(text), dtype=bool)
        rows = np.flatnonzero(blank | odd | again)
        messages = [
            "is blank, and a unique id is required" if blank[row]
            else UNSHOWN if odd[row]
            else twice[int(self.records[row])]
            for row in rows
        ]  # fmt: skip
        self._fault(rows, "case_id", self.ids[rows].tolist(), messages)
