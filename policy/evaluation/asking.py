"""What to ask for where a test is not documented: the columns whose documentation can still change its truth."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from policy.bits.planes import EVERYWHERE, NOWHERE, Plane, both, either, everywhere, inverse
from policy.evaluation import kleene
from policy.evaluation.kleene import SETTLED, Truth
from policy.evaluation.reading import joined, within
from policy.evaluation.traverse import traverse_test
from policy.evaluation.truths import Truths
from policy.model import Comparison, Settings, Test

Columns = dict[str, Plane]  # column of the case table -> where it is asked for


class Asked(NamedTuple):
    """The truth of a test, and what to ask for where it is not documented."""

    truth: Truth
    columns: Columns


@dataclass
class Asking:
    """One more language of the walk: it says what to ask for, with the truths of some rows."""

    truths: Truths

    @property
    def settings(self) -> Settings:
        """Those of the truths."""
        return self.truths.settings

    def test(self, test: Test) -> Columns:
        """What a tree of tests asks for."""
        return traverse_test(test, self).columns

    def together(self, asked: Mapping[str, Plane]) -> Columns:
        """What open criteria ask for, each where it is required.

        A criterion that another implies (15 days, where 30 are required too) asks for nothing itself.
        """
        tests = {name: self.truths.policy.criteria[name].test for name in asked}
        implied: dict[str, Plane] = {}
        asks = []
        for name, test in tests.items():
            others = [(key, self.implied(one, test)) for key, one in tests.items() if key != name]
            implied[name] = either(
                both(both(asked[key], where), inverse(implied.get(key, NOWHERE))) for key, where in others
            )
            asks.append(within(both(asked[name], inverse(implied[name])), self.test(test)))
        return joined(asks)

    def implied(self, one: Test, test: Test) -> Plane:
        """Where meeting `one` also meets `test`; of cases of which neither has failed."""
        if test.alternatives:
            return either(self.implied(one, part) for part in test.alternatives)
        if not one.alternatives:
            return EVERYWHERE if self.settings.implies(one, test) else NOWHERE
        parts = [self.implied(part, test) for part in one.alternatives]
        if all(part is NOWHERE for part in parts):
            return NOWHERE
        failed = [inverse(self.truths.test(part).possible) for part in one.alternatives]
        return everywhere(either(pair) for pair in zip(parts, failed, strict=True))

    def columns(self, field: str) -> Columns:
        """The columns to ask for when a fact is missing: itself, or what a duration in months can be told by."""
        kind, documented = self.truths.policy.fields_[field], self.truths.rows.documented
        if kind.told:
            return {field: EVERYWHERE}
        first, last, days = kind.sources
        other, begun = inverse(documented(last)), documented(first)
        return {first: documented(last), last: both(other, begun), days: both(other, inverse(begun))}

    def settled(self, met: bool) -> Asked:
        """Nothing is asked for."""
        return Asked(SETTLED[2 * met], {})

    def all_of(self, parts: Iterator[Asked]) -> Asked:
        """As any combination."""
        return self._combined(kleene.all_of, parts)

    def any_of(self, parts: Iterator[Asked]) -> Asked:
        """As any combination."""
        return self._combined(kleene.any_of, parts)

    def none_of(self, parts: Iterator[Asked]) -> Asked:
        """As any combination."""
        return self._combined(kleene.none_of, parts)

    def at_least_of(self, wanted: int, parts: list[Asked], points: tuple[int, ...]) -> Asked:
        """As any combination."""
        return self._combined(lambda truths: kleene.at_least(wanted, [*truths], points), parts)

    def on_file(self, field: str) -> Asked:
        """A missing fact is an answer: nothing is asked for."""
        return Asked(self.truths.on_file(field), {})

    def among(self, field: str, words: tuple[str, ...]) -> Asked:
        """The fact, where it is missing."""
        return self._leaf(self.truths.among(field, words), (field,))

    def stated_as(self, field: str, words: tuple[str, ...]) -> Asked:
        """The fact, also where it says something else."""
        truth = self.truths.stated_as(field, words)
        return Asked(truth, within(truth.open, self.columns(field)))

    def compared(self, fields: tuple[str, ...], how: Comparison, number: int) -> Asked:
        """The facts that are missing."""
        return self._leaf(self.truths.compared(fields, how, number), fields)

    def _leaf(self, truth: Truth, fields: tuple[str, ...]) -> Asked:
        missing = {field: inverse(self.truths.rows.documented(field)) for field in fields}
        return Asked(truth, within(truth.open, joined(within(missing[f], self.columns(f)) for f in fields)))

    def _combined(self, truth_of: Callable[[Iterable[Truth]], Truth], parts: Iterable[Asked]) -> Asked:
        """What the parts ask for, where the whole is not documented."""
        held = list(parts)
        truth = truth_of([part.truth for part in held])
        return Asked(truth, within(truth.open, joined(part.columns for part in held)))
