"""Plain numpy: every truth a pair of arrays, its value and whether it is missing; whole columns, or by pathway."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.walk import Walk
from policy.model import OUTCOMES, Settings

Bools = NDArray[np.bool_]
Pair = tuple[Any, Any]  # value, missing; a value counts only where it is not missing


class Arrays:
    """A truth as (value, missing); conditions and codes as arrays."""

    def __init__(self, columns: dict[str, NDArray[Any]], missing: dict[str, Bools]):
        self.columns, self.missing = columns, missing

    def reached(self, name: str, least: int) -> Pair:
        return self.columns[name] >= least, self.missing[name]

    def among(self, name: str, codes: Sequence[int]) -> Pair:
        return self.coded(name, codes), self.missing[name]

    def stated(self, name: str, codes: Sequence[int]) -> Pair:
        hit = self.coded(name, codes)
        return hit, ~hit

    def filed(self, name: str) -> Any:
        return ~self.missing[name]

    def coded(self, name: str, codes: Sequence[int]) -> Any:
        column = self.columns[name]
        if column.dtype == np.bool_:
            return ~self.missing[name] if len(codes) == 2 else column if codes[0] else ~(column | self.missing[name])
        hit = column == codes[0]
        for code in codes[1:]:
            hit |= column == code
        return hit

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> Any:
        parts = [np.where(self.missing[n], m, self.columns[n]) for n, m in zip(names, missing, strict=True)]
        return np.add.reduce(parts, dtype=np.int32) >= least

    def all_of(self, parts: Sequence[Pair]) -> Pair:
        value, unknown = as_pair(parts[0])
        for part in parts[1:]:
            other, other_unknown = as_pair(part)
            unknown = (unknown & (other_unknown | other)) | (other_unknown & value)
            value = value & other
        return value, unknown

    def any_of(self, parts: Sequence[Pair]) -> Pair:
        value, unknown = as_pair(parts[0])
        for part in parts[1:]:
            other, other_unknown = as_pair(part)
            unknown = (unknown & (other_unknown | ~other)) | (other_unknown & ~value)
            value = value | other
        return value, unknown

    def negated(self, part: Pair) -> Pair:
        value, unknown = as_pair(part)
        return ~value, unknown

    def between(self, low: Bools, high: Bools) -> Pair:
        return low, high & ~low

    def true(self, part: Pair) -> Any:
        value, unknown = as_pair(part)
        return value & ~unknown

    def false(self, part: Pair) -> Any:
        value, unknown = as_pair(part)
        return ~(value | unknown)

    def possible(self, part: Pair) -> Any:
        value, unknown = as_pair(part)
        return value | unknown

    def tally(self, parts: Sequence[Any], least: int) -> Any:
        return np.add.reduce(parts, dtype=np.int8) >= least

    def equal(self, codes: Sequence[Any]) -> Any:
        return np.logical_and.reduce([codes[0] == code for code in codes[1:]])

    def chosen(self, pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Any:
        found = np.asarray(otherwise, dtype=np.int8)
        for condition, code in reversed(pairs):
            found = np.where(condition, np.asarray(code, dtype=np.int8), found)
        return found

    def named(self, name: str, part: Pair) -> Pair:
        return part


def as_pair(part: Any) -> Pair:
    """A condition as a truth that is never missing."""
    return part if isinstance(part, tuple) else (part, np.False_)


def counts(outcome: Any, columns: Columns) -> NDArray[np.int64]:
    """How many rows of each group have each outcome."""
    key = columns.labels * np.int16(len(OUTCOMES)) + outcome
    return np.bincount(key, minlength=columns.groups * len(OUTCOMES)).reshape(columns.groups, -1)


class Numpy:
    """Whole columns."""

    name = "numpy, value and mask pairs"

    def __init__(self, columns: Columns):
        self.columns = columns
        missing = {name: values < 0 for name, values in columns.facts.items()}
        held = {n: values == 1 if columns.flag(n) else values for n, values in columns.facts.items()}
        self.language = Arrays(held | columns.codes, missing)

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        return np.asarray(Walk(settings, self.language).outcomes(), dtype=np.int8)

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        return counts(self.determine(settings), self.columns)


class NumpyByPathway(Numpy):
    """The rows of each pathway by themselves."""

    name = "numpy, value and mask pairs, split by pathway"

    def __init__(self, columns: Columns):
        self.columns = columns
        self.parts = [(p, rows, Numpy(columns.take(rows)).language) for p, rows in columns.by_pathway()]

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        outcome = np.empty(len(self.columns), dtype=np.int8)
        for position, rows, language in self.parts:
            outcome[rows] = Walk(settings, language).pathway(position)
        return outcome
