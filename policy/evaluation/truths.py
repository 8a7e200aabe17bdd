"""The truth of tests and criteria for many cases at once, and what to ask for where it is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import mul

import numpy as np
from numpy.typing import NDArray

from policy.bits.planes import EVERYWHERE, either, plane_of
from policy.bits.rows import Rows
from policy.evaluation import kleene
from policy.evaluation.kleene import SETTLED, Codes, Truth
from policy.evaluation.pathways import codes_of
from policy.evaluation.traverse import traverse_test
from policy.model import CaseField, Comparison, Policy, Settings, Test


@dataclass
class Truths:
    """The truth of tests under one setting on some rows; `assumed`: of criteria, in place of what the rows say."""

    settings: Settings
    rows: Rows
    assumed: Mapping[str, Truth] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    def criterion(self, name: str) -> Truth:
        """Truth of one criterion."""
        if name in self.assumed:
            return self.assumed[name]
        test = self.policy.criteria[name].test
        levers = tuple(self.settings[lever] for lever in test.levers())
        return self.rows.kept(name, levers, lambda: self.test(test))

    def codes(self, criterion: str) -> Codes:
        """Truth of one criterion for each row as a number, int8 (rows,)."""
        return kleene.codes_of_truth(self.criterion(criterion), self.rows.size)

    def test(self, test: Test) -> Truth:
        """Truth of a tree of tests."""
        return traverse_test(test, self)

    def settled(self, met: bool) -> Truth:
        """What the levers decide is the same everywhere."""
        return SETTLED[2 * met]

    all_of = staticmethod(kleene.all_of)
    any_of = staticmethod(kleene.any_of)
    none_of = staticmethod(kleene.none_of)

    def at_least_of(self, wanted: int, parts: list[Truth], points: tuple[int, ...]) -> Truth:
        """Kleene's logic of a count."""
        return kleene.at_least(wanted, parts, points)

    def on_file(self, field: str) -> Truth:
        """Never not documented."""
        found = self.rows.documented(field)
        return Truth(found, found)

    def stated_as(self, field: str, words: tuple[str, ...]) -> Truth:
        """Met, or not documented; one of the words must be stated, and not follow from something else."""
        codes = codes_of(self.policy.fields_[field], words)
        return Truth(either(self.rows.at(field, code) for code in codes), EVERYWHERE)

    def among(self, field: str, words: tuple[str, ...]) -> Truth:
        """Met where the value is one of the words; a missing number that is at least n may settle it."""
        return self.rows.kept(("among", field), words, lambda: self._among(self.policy.fields_[field], field, words))

    def _among(self, kind: CaseField, field: str, words: tuple[str, ...]) -> Truth:
        values, codes = self.rows.fact(field), codes_of(kind, words)
        hit = reduce(np.logical_or, [values == code for code in codes])  # several times as fast as isin
        possible = hit | (values < 0)
        for bound in self.rows.bounds(field) if kind.bounded else ():
            fitting = sum(code >= bound for code in codes)
            known = values == -1 - bound
            possible &= ~known | (fitting > 0)
            hit |= known & (fitting == kind.span[1] - bound + 1)
        return Truth(plane_of(hit), plane_of(possible))

    def compared(self, fields: tuple[str, ...], how: Comparison, number: int) -> Truth:
        """A missing value stands for its whole range: settled only where every value of the range agrees."""
        least = number + how.beyond
        spans = [self.policy.fields_[name].span for name in fields]
        ends = [span[::sign] for span, sign in zip(spans, how.signs, strict=True)]
        lowest, highest = (sum(map(mul, how.signs, end)) for end in zip(*ends, strict=True))
        if least <= lowest or least > highest:
            return SETTLED[2 * ((least <= lowest) == how.rises)]
        reached = self.rows.kept(("reached", fields, how.signs), least, lambda: self._reached(fields, how.signs, least))
        return reached if how.rises else kleene.none_of([reached])

    def _reached(self, names: Sequence[str], signs: Sequence[int], least: int) -> Truth:
        """Whether the sum of some facts, or what is left of it, is at least `least`."""
        if len(names) > 1:
            return Truth(*(plane_of(self._total(names, signs, place) >= least) for place in (0, 1)))
        values = self.rows.fact(names[0])
        sure = values >= least
        if self.policy.fields_[names[0]].bounded:
            sure |= values < -least  # known to be at least so much
        # Without a sign, what is missing is greater than every threshold.
        return Truth(plane_of(sure), plane_of(values.view(f"u{values.itemsize}") >= least))

    def _total(self, names: Sequence[str], signs: Sequence[int], place: int) -> NDArray[np.int32]:
        """The least (place 0) or the greatest (1) that some facts come to."""
        signed = zip(names, signs, strict=True)
        ends = (sign * self.end(name, place if sign > 0 else 1 - place) for name, sign in signed)
        return self.rows.kept(("total", names, signs), place, lambda: reduce(np.add, ends))

    def end(self, name: str, place: int) -> NDArray[np.int32]:
        """The least (place 0) or the greatest value (1) that a fact can have."""
        values, span = self.rows.fact(name).astype(np.int32), self.policy.fields_[name].span
        known = np.maximum(span[0], -1 - values) if place == 0 else span[1]
        return np.where(values < 0, known, values)
