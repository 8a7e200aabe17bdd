"""A case table in, integer facts out. Nothing is clipped, guessed or silently dropped.

Every fact is an integer on a grid (days, counts, hundredths of a per cent, half months, position in a list of choices)
and a negative number where it is not documented. No fact is a float, so 80 means 80 and a missing value can never
compare as false.
What a cell may look like stands in policy/case_files/grammar.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from policy.bits.rows import Ints
from policy.case_files.cells import text_of, trimmed
from policy.case_files.derived import Derived
from policy.case_files.encoder import Fault
from policy.case_files.files import File, Held, Rows, file_of
from policy.case_files.identifiers import HIDDEN, quoted
from policy.case_files.lanes import Lanes
from policy.case_files.repeats import Bits, Repeats, hashes_of
from policy.case_files.stretches import Calendar
from policy.model import Policy, Settings
from policy.problems import SHOWN, Problem, ProblemsFound, UndatedRows, counted, listed, refuse

READ = ("fields_", "units", "relations", "diagnoses", "procedures", "code_notices")  # what of a policy it looks at
MOST_ROWS = 20_000_000  # held at once; at about 250 bytes each
_REJECTED = ["row", "case_id", "column", "value", "problem"]
_NONE_REJECTED = pd.DataFrame(columns=_REJECTED)  # copied, which is faster than to make it for each small table


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
    rejected: pd.DataFrame = field(default_factory=_NONE_REJECTED.copy)
    left_out: dict[str, int] = field(default_factory=dict)
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        rejected = counted(self.rejected["row"].nunique(), "row")
        return f"{counted(len(self), 'case')} for {self.policy.name}, {rejected} rejected"

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
        return CaseReader(Held(name, table=table), policy, **options).all()


class Part(NamedTuple):
    """Cases of one batch that are judged alike, under `settings`; `records`: (n,) the rows after the header, from 1."""

    cases: Cases
    settings: Settings
    records: Ints


def read_cases(path: Path, policy: Policy, **options: Any) -> Cases:
    """Cases from a CSV file (comma, semicolon, tab or pipe; also .gz), or a Parquet file or folder.

    `rename`: {column in the file: column of the case table}; `ignore`: columns to leave out; `keep_good`: bad rows
    go to `rejected` instead of raising; `case_id_is_key`: bare numbers of 9 or 10 digits are no numbers of persons;
    `derived`: what gives facts from beside the table, such as a `PlanHistory`.
    Raises ProblemsFound with file, row, column, value, what is allowed; what looks like a person always raises.
    """
    return CaseReader(path, policy, **options).all()


class CaseReader:
    """A case table, a batch after the other, in the memory of a batch: of many ids 64 bits each wait on the disk.

    Parameters as of `read_cases`; a `Calendar` in place of the policy has each row read and judged by the version that
    is in force on its day (`passes_in_time`). `name` is the file's, `share` says how much of it has been read. After
    the last pass `remarks`, `rejected`, `left_out` and `synthetic` are as of `Cases`.
    """

    def __init__(
        self, table: Path | File, policy: Policy | Calendar, *, rename: Mapping[str, str] | None = None,
        ignore: Sequence[str] = (), keep_good: bool = False, case_id_is_key: bool = False,
        derived: Derived | Callable[[Policy], Derived | None] | None = None,
    ):  # fmt: skip
        self.calendar, self.share = policy if isinstance(policy, Calendar) else Calendar.of(policy.settings()), 0.0
        self.remarks, self.rejected, self.left_out = list[str](), _rejected(()), dict[str, int]()
        self.synthetic = False
        self._file = table if isinstance(table, File) else file_of(Path(table))
        self.name = self._file.name
        self._rename, self._ignore, self._keep_good, self._key = rename, ignore, keep_good, case_id_is_key
        self._derived = derived if derived is None or callable(derived) else lambda _: derived

    def passes(self) -> Iterator[Iterator[Cases]]:
        """The cases in batches; once more from the beginning where ids turn out to stand more than once.

        Raises ProblemsFound after the last batch, with all that is wrong with the rows.
        """
        for batches in self.passes_in_time():
            yield (part.cases for parts in batches for part in parts)

    def passes_in_time(self) -> Iterator[Iterator[list[Part]]]:
        """As `passes`, of each batch a part for each version that judges some of it.

        Raises UndatedRows after the last batch for rows without a date that could be judged by several.
        """
        twice: dict[int, str] | None = None
        while True:
            found: list[Lanes] = []
            with Repeats() as repeats:
                yield self._batches(found, twice or {}, repeats)
                (lanes,) = found
                if lanes.rows == 0 and not self._file.wrong:
                    raise refuse("no-rows", f"{self.name}:2", "has a header but no rows")
                self._refuse(lanes)
                self._dated(lanes)
                if twice is not None or not (twice := self._repeated(lanes, repeats.doubled())):
                    break
        self._end(lanes)

    def all(self) -> Cases:
        """All cases at once."""
        for batches in self.passes():
            parts = list(_few_enough(batches, self.name))
        cases = parts[0] if len(parts) == 1 else _joined(parts[0].policy, parts)
        return replace(
            cases, remarks=self.remarks, rejected=self.rejected, left_out=self.left_out, synthetic=self.synthetic
        )

    def _batches(self, found: list[Lanes], twice: Mapping[int, str], repeats: Repeats) -> Iterator[list[Part]]:
        for rows in self._file.batches():
            if not found:
                given = (self._rename, self._ignore, self._key, twice, repeats, self._derived)
                found.append(Lanes(self.calendar, rows.table.schema, self.name, *given))
                self.synthetic = any(column.startswith("truth_") for column in found[0].columns)
            (lanes,), self.share = found, rows.share
            read = [[self._part(lanes, number, some) for number, some in lanes.parted(rows)]]
            del rows
            if read[0] and not lanes.refusals and (self._keep_good or not lanes.faults):
                yield read.pop()  # and nothing of it stays here

    def _part(self, lanes: Lanes, number: int, rows: Rows) -> Part:
        encoder = lanes.encoder(number)
        batch = encoder.batch(rows)
        cases = Cases(encoder.policy, batch.ids, batch.codes["dx"], batch.codes["cpt"], batch.facts, batch.groups)
        return Part(cases, self.calendar.settings(number), batch.records)

    def _dated(self, lanes: Lanes) -> None:
        """Rows without a date, where several versions could judge them."""
        if lanes.undated:
            line, count = self._file.lines(np.array(lanes.undated[:1]))[0], len(lanes.undated)
            rows = f"{count:,} rows have no request_date (the first: row {line})"
            rows = rows if count > 1 else f"row {line} has no request_date"
            message = f"{rows} and could be judged by {listed(self.calendar.stretches)}"
            raise UndatedRows([Problem("undated", self.name, f"{message}; name a day for such rows: --as-of DATE")])

    def _repeated(self, lanes: Lanes, doubled: Bits) -> dict[int, str]:
        """The records whose id stands more than once, and what is said of each: those with `doubled` bits are read."""
        where: dict[str, list[int]] = {}
        for rows in self._file.batches() if len(doubled) else ():
            ids = trimmed(rows.table[lanes.columns["case_id"]]).to_numpy(zero_copy_only=False).astype(object)
            ids, records = ids[ids != ""], rows.records[ids != ""]
            for row in np.flatnonzero(np.isin(hashes_of(ids), doubled)).tolist():
                where.setdefault(ids[row], []).append(int(records[row]))
        every = [record for records in where.values() if len(records) > 1 for record in records]
        lines = dict(zip(every, self._file.lines(np.array(every, dtype=int)).tolist(), strict=True))
        return {
            record: f"stands more than once: {_placed([lines[one] for one in records])}"
            for records in where.values()
            if len(records) > 1
            for record in records
        }

    def _refuse(self, lanes: Lanes) -> None:
        """What looks like a person."""
        if lanes.refusals:
            found = sorted(lanes.refusals, key=lambda one: one[0])
            lines = self._file.lines(np.array([record for record, *_ in found])).tolist()
            raise ProblemsFound(
                Problem(
                    "identifier", f"{self.name}:{line}",
                    f"column {column}: {HIDDEN} {message}; the table is refused", line, column, HIDDEN,
                )
                for line, (_, column, message) in zip(lines, found, strict=True)
            )  # fmt: skip

    def _end(self, lanes: Lanes) -> None:
        """What is known once all rows have been read."""
        of_records = [Fault(record, "", "", "", said) for record, said in self._file.wrong.items()]
        faults = [*lanes.faults, *of_records]
        lines = self._file.lines(np.array([fault.record for fault in faults], dtype=int)).tolist()
        self.rejected = _rejected(fault._replace(record=line) for line, fault in zip(lines, faults, strict=True))
        if faults and not self._keep_good:
            raise ProblemsFound(_row_problems(self.name, self.rejected))
        left_out = lanes.left_out
        self.left_out = dict(zip(left_out, self._file.lines(np.array([*left_out.values()], dtype=int)), strict=True))
        self.remarks = lanes.remarks()


def _few_enough(batches: Iterable[Cases], name: str) -> Iterator[Cases]:
    rows = 0
    for cases in batches:
        rows += len(cases)
        if rows > MOST_ROWS:
            message = f"has more than {MOST_ROWS:,} rows; so many are not held at once: split it, or use workbook sql"
            raise refuse("size", name, message)
        yield cases


def _rejected(faults: Iterable[Fault]) -> pd.DataFrame:
    found = sorted(faults, key=lambda fault: (fault.record, fault.column))
    return pd.DataFrame([tuple(fault) for fault in found], columns=_REJECTED) if found else _NONE_REJECTED.copy()


def _joined(policy: Policy, parts: list[Cases]) -> Cases:
    """One table of several, which are used up."""

    def union(found: list[pd.Categorical]) -> pd.Categorical:
        return union_categoricals(found, sort_categories=True)

    facts = {name: np.concatenate([part.facts.pop(name) for part in parts]) for name in [*parts[0].facts]}
    groups = {name: union([part.groups.pop(name) for part in parts]) for name in [*parts[0].groups]}
    ids = np.concatenate([part.ids for part in parts])
    return Cases(policy, ids, union([part.dx for part in parts]), union([part.cpt for part in parts]), facts, groups)


def _placed(lines: Sequence[int]) -> str:
    """'rows 2 and 5', 'rows 2, 5, 9 and 4 more'."""
    most = 5
    if len(lines) > most:
        return f"rows {', '.join(map(str, lines[:most]))} and {len(lines) - most} more"
    return f"rows {', '.join(map(str, lines[:-1]))} and {lines[-1]}"


def _row_problems(name: str, rejected: pd.DataFrame) -> list[Problem]:
    found = []
    first = rejected.head(SHOWN - (len(rejected) > SHOWN))
    for row, _, column, value, message in first.itertuples(index=False):
        what = f"column {column}: {quoted(value)} {message}" if column else message
        found.append(Problem("row", f"{name}:{row}", what, row=int(row), column=column, value=value))
    if len(rejected) > len(first):
        rows = counted(rejected["row"].nunique(), "row has", "rows have")
        rest = f"and {len(rejected) - len(first):,} more problems; {rows} problems"
        found.append(Problem("row", name, rest))
    return found
