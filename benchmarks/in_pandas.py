"""pandas with nullable types, whose boolean columns follow Kleene's logic by themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.in_numpy import counts
from benchmarks.walk import Walk
from policy.model import Settings


class Series:
    """A truth as a nullable boolean Series; conditions and codes as numpy arrays."""

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame

    def reached(self, name: str, least: int) -> Any:
        return self.frame[name] >= least

    def among(self, name: str, codes: Sequence[int]) -> Any:
        column = self.frame[name]
        if column.dtype == "boolean":
            return column if codes[0] else ~column
        return column == codes[0] if len(codes) == 1 else column.isin(codes).mask(column.isna())

    def stated(self, name: str, codes: Sequence[int]) -> Any:
        hit = self.frame[name].isin(codes).astype("boolean")
        return hit.mask(~hit)

    def filed(self, name: str) -> Any:
        return self.frame[name].notna().astype("boolean")

    def coded(self, name: str, codes: Sequence[int]) -> Any:
        return self.frame[name].isin(codes)

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> Any:
        parts = [self.frame[name].fillna(value).astype("Int32") for name, value in zip(names, missing, strict=True)]
        return sum(parts) >= least

    def all_of(self, parts: Sequence[Any]) -> Any:
        found = parts[0]
        for part in parts[1:]:
            found = found & part
        return found

    def any_of(self, parts: Sequence[Any]) -> Any:
        found = parts[0]
        for part in parts[1:]:
            found = found | part
        return found

    def negated(self, part: Any) -> Any:
        return ~part

    def between(self, low: Any, high: Any) -> Any:
        return low.astype("boolean").mask(high & ~low)

    def true(self, part: Any) -> Any:
        return part.fillna(False)

    def false(self, part: Any) -> Any:
        return ~part.fillna(True)

    def possible(self, part: Any) -> Any:
        return part.fillna(True)

    def tally(self, parts: Sequence[Any], least: int) -> Any:
        return sum(part.astype("int8") for part in parts) >= least

    def equal(self, codes: Sequence[Any]) -> Any:
        return np.logical_and.reduce([codes[0] == code for code in codes[1:]])

    def chosen(self, pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Any:
        conditions = [np.asarray(condition, dtype=bool) for condition, _ in pairs]
        codes = [np.asarray(code, dtype=np.int8) for _, code in pairs]
        return np.select(conditions, codes, np.asarray(otherwise, dtype=np.int8))

    def named(self, name: str, part: Any) -> Any:
        return part


class Pandas:
    """One frame, whole columns."""

    name = "pandas, nullable types"

    def __init__(self, columns: Columns):
        self.columns = columns
        held = {}
        for name, values in columns.facts.items():
            missing = values < 0
            if columns.flag(name):
                held[name] = pd.Series(pd.arrays.BooleanArray(values == 1, missing))
            else:
                held[name] = pd.Series(pd.arrays.IntegerArray(np.maximum(values, 0), missing))
        self.language = Series(pd.DataFrame(held | columns.codes, copy=False))

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        return np.asarray(Walk(settings, self.language).outcomes(), dtype=np.int8)

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        return counts(self.determine(settings), self.columns)
