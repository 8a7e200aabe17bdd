"""A case table in, integer facts out. Nothing is clipped, guessed or silently dropped.

Every fact is an integer on a grid (days, counts, hundredths of a per cent, half months, position in a list of choices)
and a negative number where it is not documented. No fact is a float, so 80 means 80 and a missing value can never
compare as false.
What a cell may look like stands in policy/case_files/grammar.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from policy.case_files import remarks as said
from policy.case_files.cells import Ints, dictionary, text_of, trimmed
from policy.case_files.columns import columns_of
from policy.case_files.files import read_file
from policy.case_files.grammar import KEPT, LONGEST, UNFIT, UNSHOWN, form_of, means_missing
from policy.case_files.identifiers import BARE, DIGITS_OF_A_PERSON, HIDDEN, OF_AN_ID, echoed, identifier, quoted
from policy.cases.relations import as_written, day_of, half_months, half_months_of_days, relate
from policy.model import CaseField, Policy
from policy.problems import SHOWN, Problem, ProblemsFound, refuse

__all__ = [
    "Cases", "Ints", "as_written", "day_of", "half_months", "half_months_of_days", "read_cases",
]  # fmt: skip

_UNFIT = "[" + "".join(f"\\x{{{ord(character):x}}}" for character in UNFIT) + "]"
_REJECTED = ["row", "case_id", "column", "value", "problem"]


@dataclass
class Cases:
    """`n` encoded request lines.

    `ids`: text (n,); `dx`, `cpt`: codes in their standard form, Categorical (n,).
    `facts`: name -> integer array (n,), below 0 = not documented (-1; or -1 - n where another column tells that it is
    at least n). `groups`: text columns for subgroups, name -> Categorical.
    `remarks`: what the reader of a result must know; `rejected`: rows left out (line as `row`, case_id, column, value,
    problem), and `left_out`: id -> line of theirs. `synthetic`: a column `truth_...`, which only simulated
    cases have, is in the table: disclosure control is then off.
    """

    policy: Policy
    ids: NDArray[np.object_]
    dx: pd.Categorical
    cpt: pd.Categorical
    facts: dict[str, Ints]
    groups: dict[str, pd.Categorical]
    remarks: list[str] = field(default_factory=list)
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_REJECTED))
    left_out: dict[str, int] = field(default_factory=dict)
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"{len(self):,} cases for {self.policy.name}, {self.rejected['row'].nunique():,} rows rejected"

    def take(self, rows: NDArray[np.intp]) -> "Cases":
        """The cases at these positions."""
        facts = {name: values[rows] for name, values in self.facts.items()}
        groups = {name: values[rows] for name, values in self.groups.items()}
        return Cases(
            self.policy, self.ids[rows], self.dx[rows], self.cpt[rows], facts, groups, self.remarks, self.rejected
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, policy: Policy, name: str = "cases", **options: Any) -> "Cases":
        """Cases from a pandas frame of text, integers, booleans or dates; `options` as for `read_cases`."""
        arrays = []
        for position in range(frame.shape[1]):
            series = frame.iloc[:, position]
            if series.dtype == object or series.dtype.kind == "c":
                series = series.map(text_of).astype("str")
            arrays.append(pa.array(series, from_pandas=True))
        table = pa.Table.from_arrays(arrays, names=[str(column) for column in frame.columns])
        return cls.from_table(table, policy, name, **options)

    @classmethod
    def from_table(cls, table: pa.Table, policy: Policy, name: str = "cases", **options: Any) -> "Cases":
        """Cases from an Arrow table; `options` as for `read_cases`."""
        return _Reading(policy, name, table, np.arange(len(table)) + 1, []).cases(**options)


def read_cases(path: Path, policy: Policy, **options: Any) -> Cases:
    """Cases from a CSV file (comma, semicolon, tab or pipe; also .gz), or a Parquet file or folder.

    `rename`: {column in the file: column of the case table}; `ignore`: columns to leave out; `keep_good`: bad rows
    go to `rejected` instead of raising; `case_id_is_key`: bare numbers of 9 or 10 digits are no numbers of persons.
    Raises ProblemsFound with file, row, column, value, what is allowed; what looks like a person always raises.
    """
    path = Path(path)
    rows = read_file(path)
    return _Reading(policy, path.name, rows.table, rows.lines, rows.problems).cases(**options)


@dataclass
class _Reading:
    """A table on its way to cases: facts, codes and groups as they are found, and what is wrong with which rows."""

    policy: Policy
    name: str
    table: pa.Table
    lines: Ints
    problems: list[Problem]  # of rows that are not in the table
    faults: list[tuple[NDArray[np.intp], str, Sequence[str], Sequence[str]]] = field(default_factory=list)
    refusals: list[Problem] = field(default_factory=list)  # what looks like a person: the table as a whole is refused
    facts: dict[str, Ints] = field(default_factory=dict)
    groups: dict[str, pd.Categorical] = field(default_factory=dict)
    codes: dict[str, pd.Categorical] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    ids: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))

    def cases(
        self, *, rename: Mapping[str, str] | None = None, ignore: Sequence[str] = (), keep_good: bool = False,
        case_id_is_key: bool = False,
    ) -> Cases:  # fmt: skip
        """The cases; raises ProblemsFound."""
        policy = self.policy
        columns = columns_of(self.table.schema, policy, self.name, rename, ignore)
        if len(self.table) == 0 and not self.problems:
            raise refuse("no-rows", f"{self.name}:2", "has a header but no rows")
        self.remarks += said.requoted(columns, ignore)
        for column, original in columns.items():
            kind = policy.fields_.get(column)
            if kind is not None and kind.ignored:
                self.remarks.append(f"column {column} is simulated truth: ignored")
            elif column == "case_id":
                self._identify(self.table[original], case_id_is_key)
            else:
                self._column(column, kind, self.table[original])
        if self.refusals:
            raise ProblemsFound(sorted(self.refusals, key=lambda problem: problem.row or 0))
        absent = {c: k for c, k in policy.fields_.items() if c not in columns and k.type != "months" and not k.ignored}
        n = len(self.table)
        self.facts |= {c: np.full(n, -1, dtype=k.dtype) for c, k in absent.items() if k.type not in KEPT}
        relate(policy, self.facts, self._fault)
        self._say(list(absent))
        for column, kind in policy.fields_.items():
            if kind.absent is not None:
                np.copyto(self.facts[column], kind.code(kind.absent), where=self.facts[column] < 0)
        made = any(column.startswith("truth_") for column in columns)
        return replace(self._kept(keep_good), synthetic=made)

    def _say(self, absent: Sequence[str]) -> None:
        dx, cpt = self.codes["dx"], self.codes["cpt"]
        self.remarks += said.missing_columns(self.policy, absent, dx, cpt)
        self.remarks += said.of_values(self.policy, self.facts, dx)

    def _kept(self, keep_good: bool) -> Cases:
        """The good rows, or a refusal."""
        rejected = self._rejected()
        if len(rejected) and not keep_good:
            raise ProblemsFound(_row_problems(self.name, rejected))
        dx, cpt = self.codes["dx"], self.codes["cpt"]
        cases = Cases(self.policy, self.ids, dx, cpt, self.facts, self.groups, self.remarks, rejected)
        if not self.faults:
            return cases
        keep = np.ones(len(self.table), dtype=bool)
        for rows, *_ in self.faults:
            keep[rows] = False
        left_out = dict(zip(self.ids[~keep].tolist(), self.lines[~keep].tolist(), strict=True))
        return replace(cases.take(np.flatnonzero(keep)), left_out=left_out)

    def _fault(self, rows: NDArray[np.intp], column: str, values: Sequence[str], messages: Sequence[str]) -> None:
        if len(rows):
            self.faults.append((rows, column, [echoed(value) for value in values], messages))

    def _refuse(self, rows: NDArray[np.intp], column: str, messages: Sequence[str]) -> None:
        """Of a column that is kept as text: the table is refused, and nothing of the cells is said."""
        for row, message in zip(rows.tolist(), messages, strict=True):
            place = f"{self.name}:{self.lines[row]}"
            text = f"column {column}: {HIDDEN} {message}; the table is refused"
            self.refusals.append(
                Problem("identifier", place, text, row=int(self.lines[row]), column=column, value=HIDDEN)
            )

    def _column(self, column: str, kind: CaseField | None, cells: pa.ChunkedArray) -> None:
        """One column of facts, codes or groups."""
        index, words = dictionary(cells)
        if kind is None or kind.type == "text":
            index, words = self._stated(column, index, words)
        read, wrong = _parsed(words, form_of(kind).read)
        if wrong:
            rows = np.flatnonzero(np.isin(index, list(wrong)))
            self._fault(rows, column, [words[i] for i in index[rows]], [wrong[i] for i in index[rows]])
        if kind is not None and kind.type not in KEPT:
            self.facts[column] = np.array([*read, -1]).astype(kind.dtype)[index]
            return
        labels = pd.Index(sorted({word for word in read if word not in (-1, "")}), dtype=object)
        found = np.append(labels.get_indexer(pd.Index(read, dtype=object)), -1).astype(np.int32)
        categorical = pd.Categorical.from_codes(found[index], categories=labels)
        if kind is None or not kind.required:
            self.groups[column] = categorical
            return
        self.codes[column] = categorical
        missing = np.flatnonzero(index < 0)
        self._fault(missing, column, [""] * len(missing), ["is blank, and a code is required"] * len(missing))
        changes = {i: word for i, word in enumerate(words) if i not in wrong and read[i] != word}
        if changes:
            count = int(np.isin(index, list(changes)).sum())
            self.remarks.append(said.standard_form(column, {w: read[i] for i, w in changes.items()}, count))

    def _stated(self, column: str, index: Ints, words: list[str]) -> tuple[Ints, list[str]]:
        """Of a column of groups: words for missing are nothing, and persons are refused."""
        unstated = [i for i, word in enumerate(words) if means_missing(word)]
        if unstated:
            rows = int(np.isin(index, unstated).sum())
            self.remarks.append(said.not_stated(column, [words[i] for i in unstated], rows))
            index = np.where(np.isin(index, unstated), -1, index).astype(np.int32)
            words = ["" if means_missing(word) else word for word in words]
        persons = {i: message for i, word in enumerate(words) if (message := identifier(word))}
        if persons:
            rows_of = np.flatnonzero(np.isin(index, list(persons)))
            self._refuse(rows_of, column, [persons[i] for i in index[rows_of]])
        return index, words

    def _identify(self, column: pa.ChunkedArray, key: bool) -> None:
        """The ids: unique, to be shown, and of no person; `key`: bare numbers are a key of the owner's own."""
        text = trimmed(column)
        self.ids = text.to_numpy(zero_copy_only=False).astype(object)
        patterns = OF_AN_ID if key else OF_AN_ID | BARE
        few = pc.and_(pc.ascii_is_decimal(text), pc.less(pc.utf8_length(text), DIGITS_OF_A_PERSON))
        numbers = pc.all(few).as_py()  # a few digits say nothing of a person, and are fit to be shown
        if not numbers and pc.any(pc.match_substring_regex(text, "|".join(f"(?:{p})" for p in patterns))).as_py():
            for pattern, message in patterns.items():
                rows = np.flatnonzero(np.asarray(pc.match_substring_regex(text, pattern)))
                self._refuse(rows, "case_id", [message] * len(rows))
        blank = np.asarray(pc.equal(text, ""))
        unfit = np.zeros(len(text), dtype=bool)
        if not numbers:
            unfit |= np.asarray(
                pc.or_(pc.match_substring_regex(text, _UNFIT), pc.greater(pc.utf8_length(text), LONGEST))
            )
        twice = pd.Series(self.ids).duplicated(keep=False).to_numpy() & ~blank
        where: dict[str, list[int]] = {}
        for row in np.flatnonzero(twice).tolist():
            where.setdefault(self.ids[row], []).append(int(self.lines[row]))
        rows = np.flatnonzero(blank | unfit | twice)
        messages = [
            "is blank, and a unique id is required" if blank[row]
            else UNSHOWN if unfit[row]
            else f"stands more than once: {_placed(where[self.ids[row]])}"
            for row in rows
        ]  # fmt: skip
        self._fault(rows, "case_id", self.ids[rows].tolist(), messages)

    def _rejected(self) -> pd.DataFrame:
        found: list[tuple[Any, ...]] = [(p.row, "", "", "", p.message) for p in self.problems]
        for rows, column, values, messages in self.faults:
            ids = [echoed(text) for text in self.ids[rows].tolist()]
            found += zip(self.lines[rows].tolist(), ids, [column] * len(rows), values, messages, strict=True)
        found.sort(key=lambda fault: (fault[0], fault[2]))
        return pd.DataFrame(found, columns=_REJECTED)


def _placed(lines: Sequence[int]) -> str:
    """'rows 2 and 5', 'rows 2, 5, 9 and 4 more'."""
    most = 5
    if len(lines) > most:
        return f"rows {', '.join(map(str, lines[:most]))} and {len(lines) - most} more"
    return f"rows {', '.join(map(str, lines[:-1]))} and {lines[-1]}"


def _parsed(words: list[str], parse: Callable[[str], Any]) -> tuple[list[Any], dict[int, str]]:
    """What each word means, -1 where it is wrong, and what is wrong by position."""
    read, wrong = [], {}
    for position, word in enumerate(words):
        try:
            read.append(-1 if word == "" else parse(word))
        except ValueError as error:
            read.append(-1)
            wrong[position] = str(error)
    return read, wrong


def _row_problems(name: str, rejected: pd.DataFrame) -> list[Problem]:
    found = []
    first = rejected.head(SHOWN - (len(rejected) > SHOWN))
    for row, _, column, value, message in first.itertuples(index=False):
        what = f"column {column}: {quoted(value)} {message}" if column else message
        found.append(Problem("row", f"{name}:{row}", what, row=int(row), column=column, value=value))
    if len(rejected) > len(first):
        rest = f"and {len(rejected) - len(first):,} more problems; {rejected['row'].nunique():,} rows have problems"
        found.append(Problem("row", name, rest))
    return found
