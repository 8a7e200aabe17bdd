"""Polars: one expression of when, then and otherwise; whole frames, or one pathway's rows."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.in_numpy import counts
from benchmarks.walk import Walk
from policy.model import OUTCOMES, Settings


class Expressions:
    """Truths, conditions and codes as expressions; Polars joins truths by Kleene's logic."""

    def __init__(self, columns: Columns):
        self.columns = columns
        self.criteria: dict[str, pl.Expr] = {}

    def reached(self, name: str, least: int) -> pl.Expr:
        return pl.col(name) >= least

    def among(self, name: str, codes: Sequence[int]) -> pl.Expr:
        if self.columns.flag(name):
            return pl.col(name) if codes[0] else ~pl.col(name)
        return self.any_of([pl.col(name) == code for code in codes])

    def stated(self, name: str, codes: Sequence[int]) -> pl.Expr:
        if self.columns.flag(name) and len(codes) == 2:
            return pl.when(pl.col(name).is_not_null()).then(True)
        return pl.when(self.among(name, codes)).then(True)

    def filed(self, name: str) -> pl.Expr:
        return pl.col(name).is_not_null()

    def coded(self, name: str, codes: Sequence[int]) -> pl.Expr:
        return self.among(name, codes)

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> pl.Expr:
        parts = [pl.col(n).cast(pl.Int32).fill_null(value) for n, value in zip(names, missing, strict=True)]
        return reduce(add, parts) >= least

    def all_of(self, parts: Sequence[pl.Expr]) -> pl.Expr:
        return reduce(lambda one, other: one & other, parts)

    def any_of(self, parts: Sequence[pl.Expr]) -> pl.Expr:
        return reduce(lambda one, other: one | other, parts)

    def negated(self, part: pl.Expr) -> pl.Expr:
        return ~part

    def between(self, low: pl.Expr, high: pl.Expr) -> pl.Expr:
        return pl.when(low).then(True).when(~high).then(False)

    def true(self, part: pl.Expr) -> pl.Expr:
        return part  # `when` takes a missing condition for false

    def false(self, part: pl.Expr) -> pl.Expr:
        return ~part

    def possible(self, part: pl.Expr) -> pl.Expr:
        return part.fill_null(True)

    def tally(self, parts: Sequence[pl.Expr], least: int) -> pl.Expr:
        return reduce(add, [part.fill_null(False).cast(pl.Int8) for part in parts]) >= least

    def equal(self, codes: Sequence[Any]) -> pl.Expr:
        return self.all_of([codes[0] == code for code in codes[1:]])

    def chosen(self, pairs: Sequence[tuple[pl.Expr, Any]], otherwise: Any) -> pl.Expr:
        chain: Any = pl
        for condition, code in pairs:
            chain = chain.when(condition).then(as_expression(code))
        found: pl.Expr = chain.otherwise(as_expression(otherwise))
        return found

    def named(self, name: str, part: pl.Expr) -> pl.Expr:
        self.criteria[name] = part.alias(name)
        return pl.col(name)


def as_expression(code: Any) -> pl.Expr:
    """An outcome code as an expression of one byte."""
    return pl.lit(code, dtype=pl.Int8) if isinstance(code, int) else code


def outcome(frame: pl.DataFrame, columns: Columns, settings: Settings, pathway: int | None = None) -> pl.LazyFrame:
    """The frame with its outcomes; criteria are computed once, ahead of the rules."""
    language = Expressions(columns)
    walk = Walk(settings, language)
    found = as_expression(walk.outcomes() if pathway is None else walk.pathway(pathway))
    return frame.lazy().with_columns(language.criteria.values()).with_columns(outcome=found)


class Polars:
    """One frame; `counts` is one lazy query."""

    name = "Polars, when and then"

    def __init__(self, columns: Columns):
        self.columns = columns
        held = {}
        for name, values in columns.facts.items():
            series = pl.Series(name, values).set(pl.Series(values < 0), None)
            held[name] = series.cast(pl.Boolean) if columns.flag(name) else series
        self.frame = pl.DataFrame(held | columns.codes | {"label": columns.labels})

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        return outcome(self.frame, self.columns, settings).select("outcome").collect()["outcome"].to_numpy()

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        found = outcome(self.frame, self.columns, settings).group_by("label", "outcome").agg(pl.len()).collect()
        numbers = np.zeros((self.columns.groups, len(OUTCOMES)), dtype=np.int64)
        numbers[found["label"].to_numpy(), found["outcome"].to_numpy()] = found["len"].to_numpy()
        return numbers


class PolarsByPathway:
    """One frame for the rows of each pathway."""

    name = "Polars, when and then, split by pathway"

    def __init__(self, columns: Columns):
        self.columns = columns
        self.parts = [(p, rows, Polars(columns.take(rows)).frame) for p, rows in columns.by_pathway()]

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        codes = np.empty(len(self.columns), dtype=np.int8)
        queries = [outcome(frame, self.columns, settings, p).select("outcome") for p, _, frame in self.parts]
        for (_, rows, _), found in zip(self.parts, pl.collect_all(queries), strict=True):
            codes[rows] = found["outcome"].to_numpy()
        return codes

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        return counts(self.determine(settings), self.columns)
