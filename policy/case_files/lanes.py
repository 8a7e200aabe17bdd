"""The rows of a table, each read as the version that is in force on its day reads it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from policy.bits.rows import Ints
from policy.case_files.cells import dictionary
from policy.case_files.columns import columns_of
from policy.case_files.derived import Derived, columns_beside
from policy.case_files.encoder import Encoder, Fault
from policy.case_files.files import Rows
from policy.case_files.grammar import Day
from policy.case_files.remarks import Remarks
from policy.case_files.repeats import Repeats
from policy.case_files.stretches import REQUESTED, UNREADABLE, Calendar
from policy.model import Policy


@dataclass
class Lanes:
    """An encoder for each stretch that some row belongs to; what they find wrong is gathered in the same lists.

    `undated`: the records without a date for which no day was named.
    """

    calendar: Calendar
    schema: pa.Schema
    name: str
    rename: Mapping[str, str] | None
    ignore: Sequence[str]
    key: bool
    twice: Mapping[int, str]
    repeats: Repeats
    derived: Callable[[Policy], Derived | None] | None = None  # what gives facts to the cases of a policy
    faults: list[Fault] = field(default_factory=list)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    undated: list[int] = field(default_factory=list)
    rows: int = 0
    encoders: dict[int, Encoder] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)  # the stretches that some row belongs to

    def __post_init__(self) -> None:
        self.encoder(self.calendar.usual)  # which refuses a wrong header, whatever rows there are

    @property
    def columns(self) -> Mapping[str, str]:
        """Column of a case table -> column of the file, as one of the versions knows them."""
        return self.encoders[self.calendar.usual].columns

    def encoder(self, number: int) -> Encoder:
        """That of a stretch; raises ProblemsFound for a header that its version cannot read."""
        if number not in self.encoders:
            policy = self.calendar.settings(number).policy
            columns, beside = self._columns(policy)
            remarks = Remarks(policy, columns, self.ignore, beside[0].fields.keys() if beside else ())
            wrong = None if self.calendar.always else self.calendar.wrong
            self.encoders[number] = Encoder(
                policy, columns, remarks, self.key, self.twice, self.repeats, beside, self.faults, self.refusals,
                self.left_out, wrong,
            )  # fmt: skip
        return self.encoders[number]

    def _columns(self, policy: Policy) -> tuple[dict[str, str], tuple[Derived, str] | None]:
        """Column of a case table -> of the file; what gives facts from beside it, with the column of its keys."""
        derived = self.derived(policy) if self.derived else None
        elsewhere = self.calendar.columns
        if derived is None:
            return columns_of(self.schema, policy, self.name, self.rename, self.ignore, elsewhere=elsewhere), None
        derived.begin()
        rename = self.rename or {}
        columns, key = columns_beside(self.schema, policy, self.name, rename, self.ignore, derived, elsewhere)
        return columns, (derived, key)

    def parted(self, rows: Rows) -> Iterator[tuple[int, Rows]]:
        """The rows of each stretch, with its number; those without a date for which no day was named are left out."""
        self.rows += len(rows.records)
        if self.calendar.always:
            self.read.add(0)
            yield 0, rows
            return
        numbers = self.calendar.of_days(self._days(rows.table))
        self.undated += rows.records[numbers < 0].tolist()
        for number in np.unique(numbers[numbers >= 0]).tolist():
            here = numbers == number
            self.read.add(number)
            table = rows.table if here.all() else rows.table.filter(pa.array(here))
            yield number, Rows(table, rows.records[here], rows.share)

    def _days(self, table: pa.Table) -> Ints:
        """The day of each request, -1 where none is given: (n,)."""
        column = self.columns.get(REQUESTED)
        if column is None:
            return np.full(len(table), -1, dtype=np.int32)
        index, words = dictionary(table[column])
        read, wrong = self.encoders[self.calendar.usual].parsed(REQUESTED, words, Day().read)
        days = [UNREADABLE if i in wrong else day for i, day in enumerate(read)]
        return np.array(days, dtype=np.int32)[index]

    def remarks(self) -> list[str]:
        """What is odd in the table, each remark once; what only some versions remark on names them."""
        read = {self.calendar.stretches[number]: self.encoders[number] for number in self.read}
        said = {stretch: list(_said(encoder)) for stretch, encoder in read.items()}
        everywhere = set.intersection(*map(set, said.values())) if said else set()
        return list(
            dict.fromkeys(
                remark if remark in everywhere else f"{stretch}: {remark}"
                for stretch, remarks in sorted(said.items(), key=lambda one: one[0].first or 0)
                for remark in remarks
            )
        )


def _said(encoder: Encoder) -> Iterator[str]:
    yield from encoder.remarks.said()
    if encoder.derived:
        yield from encoder.derived[0].remarks()
