"""What the reader of a result must know about its table, once, with the number of rows: what is odd, not wrong."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits.rows import Ints
from policy.case_files.contradictions import broken
from policy.case_files.grammar import EPOCH, REMARKED_DAY
from policy.case_files.identifiers import quoted
from policy.model import CaseField, Policy
from policy.problems import counted, listed
from policy.trees.policies import facts_read

FEWEST = 5  # values from which a column of days may look like one of weeks
MOST_WEEKS = 26


@dataclass
class Remarks:
    """What is odd in a table, gathered a batch at a time. `columns`: of the case table -> of the file."""

    policy: Policy
    columns: Mapping[str, str]
    ignore: Sequence[str]
    derived: Collection[str] = ()  # columns that no file holds
    _changed: dict[str, dict[str, str]] = field(default_factory=dict)  # column -> code as written -> as read
    _unstated: dict[str, dict[str, None]] = field(default_factory=dict)  # column -> its words for missing
    _rows: Counter[str] = field(default_factory=Counter)  # of what is said above and below
    _codes: dict[str, Counter[str]] = field(default_factory=dict)
    _values: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # column -> how often each value stands there

    def standard_form(self, column: str, changes: Mapping[str, str], rows: int) -> None:
        """Codes that were written otherwise."""
        self._changed.setdefault(column, {}).update(changes)
        self._rows[column] += rows

    def not_stated(self, column: str, words: Iterable[str], rows: int) -> None:
        """Words of a column of groups that mean missing."""
        self._unstated.setdefault(column, {}).update(dict.fromkeys(words))
        self._rows[column] += rows

    def add(self, facts: Mapping[str, Ints], codes: Mapping[str, pd.Categorical]) -> None:
        """The facts of a batch once it is known what one column tells of another."""
        for name, categorical in codes.items():
            counts = np.bincount(categorical.codes + 1, minlength=len(categorical.categories) + 1)[1:]
            self._codes.setdefault(name, Counter()).update(
                dict(zip(categorical.categories, counts.tolist(), strict=True))
            )
        for name, kind in self.policy.fields_.items():
            if name in facts and name not in self.derived and self._counted(kind):
                found = np.bincount(facts[name].compress(facts[name] >= 0), minlength=len(self._values.get(name, ())))
                found[: len(self._values.get(name, ()))] += self._values.get(name, 0)
                self._values[name] = found
            if not kind.told:
                onset, request, days = (facts[c].astype(np.int64) for c in kind.sources)
                dated = (onset >= 0) & (request >= onset)
                self._rows[f"far {name}"] += int((dated & (days >= 0) & (abs(request - onset - days) > 31)).sum())

        for relation in self.policy.relations:
            if relation.verdict == "remark":
                odd = int(broken(relation, self.policy.fields_, facts).sum())
                self._rows[f"odd {relation.field} {relation.at_most}"] += odd

    @staticmethod
    def _counted(kind: CaseField) -> bool:
        days = kind.type == "whole" and kind.unit == "days"
        return not kind.ignored and (days or kind.type in ("percent", "date"))

    def said(self) -> Iterator[str]:
        """Every remark, in the order of the columns, then of the values."""
        other = [f"{quoted(original)} as {column}" for column, original in self.columns.items() if column != original]
        if other:
            yield f"columns read under another name: {', '.join(other)}"
        if self.ignore:
            yield f"columns left out as asked: {', '.join(map(quoted, self.ignore))}"
        for column in self.columns:
            kind = self.policy.fields_.get(column)
            if kind is not None and kind.ignored:
                yield f"column {column} is simulated truth: ignored"
            if words := self._unstated.get(column):
                rows = _rows(self._rows[column])
                yield f"column {column}: {rows} with {listed(map(repr, words))} taken as not stated"
            if changes := self._changed.get(column):
                sample = ", ".join(f"{quoted(text)[1:-1]} as {code}" for text, code in list(changes.items())[:3])
                yield f"column {column}: {self._rows[column]:,} codes were read in their standard form ({sample})"
        yield from self._missing_columns()
        yield from self._of_values()

    def _missing_columns(self) -> Iterator[str]:
        """How many columns are not there, and which of them the rules for the codes of the table can read."""
        absent = absent_columns(self.policy, {*self.columns, *self.derived})
        if not absent:
            return
        read = _read_for(self.policy, {*self._codes["dx"]}, {*self._codes["cpt"]})
        matter = [name for name in absent if name in read]
        columns = f"{len(absent)} column{'s are' if len(absent) > 1 else ' is'}"
        some = (
            f"the rules for its codes can read {listed(matter, len(matter))}"
            if matter
            else "the rules for its codes read none of them"
        )
        yield f"{columns} not in the file, not documented for every row; {some}"

    def _of_values(self) -> Iterator[str]:
        """Days and per cents that look like another unit, days that stand for nothing, and what contradicts itself."""
        for name, counts in self._values.items():
            kind = self.policy.fields_[name]
            if kind.type == "percent" and len(counts) == 101:  # the greatest is 1 per cent
                low, middle, _ = _spread(counts)
                span = f"min {low / 100:g}, median {middle / 100:g}, max 1"
                yield f"column {name}: no value is above 1 ({span}): is it 0-1 or 0-100? Read as per cent, 0-100"
            if kind.type == "whole" and counts[1:].sum() >= FEWEST and len(counts) - 1 <= MOST_WEEKS < kind.max:
                low, middle, high = _spread(np.append(0, counts[1:]))
                span = f"values {low} to {high}, median {middle:g}"
                yield f"column {name}: {span}: are these weeks? Or months? They are read as days"
            first = (REMARKED_DAY - EPOCH).days
            if kind.type == "date" and (rows := int(counts[first : first + 1].sum())):
                yield f"column {name}: {_rows(rows)} with {REMARKED_DAY}, which some programs write for no date"
        for name, kind in self.policy.fields_.items():
            if far := self._rows[f"far {name}"]:
                yield f"{_rows(far)}: dates and {kind.days} differ by more than 31 days; the dates count"
        for relation in self.policy.relations:
            if rows := self._rows[f"odd {relation.field} {relation.at_most}"]:
                yield f"{_rows(rows)} with {relation.says}"
        for code, since in self.policy.retired_codes.items():
            if rows := self._codes["dx"][code]:
                yield f"column dx: {_rows(rows)} with {code}, which is no longer a valid code: {since}"


def absent_columns(policy: Policy, columns: Iterable[str]) -> dict[str, CaseField]:
    """The columns of a case table that a file does not have."""
    here = {*columns}
    return {c: k for c, k in policy.fields_.items() if c not in here and k.told and not k.ignored}


def _spread(counts: NDArray[np.int64]) -> tuple[int, float, int]:
    """Smallest, median and greatest of the values that were counted."""
    values = np.flatnonzero(counts)
    ends = np.cumsum(counts[values])
    low, high = (int(values[np.searchsorted(ends, place, "right")]) for place in ((ends[-1] - 1) // 2, ends[-1] // 2))
    return int(values[0]), (low + high) / 2, int(values[-1])


def _read_for(policy: Policy, dx: set[str], cpt: set[str]) -> set[str]:
    """The columns that some rule may read for codes such as these."""
    groups = {
        name
        for name, group in policy.diagnoses.items()
        if dx & group.codes.keys() or any(code.startswith(tuple(group.prefixes)) for code in dx)
    }
    families = {name for name, family in policy.procedures.items() if cpt & family.codes.keys()}
    names: set[str] = set()
    for pathway in policy.pathways.values():
        if groups.intersection(pathway.selects.diagnosis) and families.intersection(pathway.selects.procedure):
            names |= facts_read(policy, pathway.rule)
    return names | {column for name in names for column in policy.fields_[name].sources}


def _rows(count: int) -> str:
    return counted(count, "row")
