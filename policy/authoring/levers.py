"""The settings over which two readings are compared, and which of them a proof has to tell apart.

Contract 2, comparison and proof: a lever whose default or provision differs between the two sides stays at each side's
own value; every other lever runs over all its legal values, alike on both sides; a lever or a value that only one side
has runs over all its values there, while the other side, where it has the lever, stays at its own value.

Two kinds of use tell values apart. A condition (`while`, an action) only sees whether its words are named: values that
no condition tells apart are of one *kind*. A threshold is held against facts: settings of thresholds are alike when
they stand in the same order to each other, to every plain number and to the ends of each fact's range, because then the
same stretches of values lie between them, and one case from each stretch shows all that can happen. Where facts are
added up (a mean), counted, or where two groups of facts share a lever, every value is tried.
"""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import NamedTuple

from policy.authoring.facts import by_dates, components, fixed_cuts, rule_conditions
from policy.entries.scalars import While
from policy.model import Amount, Policy, Settings, Test, Value, is_number
from policy.problems import refuse
from policy.trees.policies import CLOSING
from policy.trees.rules import stated_outcomes
from policy.trees.tests import in_force

ABSENT = ""  # the value of a lever on the side that has no such lever; no value is the empty word
MOST_SETTINGS = 200_000  # of thresholds that are held against the same facts

Pair = tuple[Value, Value]  # a lever's value on either side
Pairs = dict[str, Pair]


def pairs_of(before: Settings, after: Settings) -> dict[str, tuple[Pair, ...]]:
    """Every pair of values that a proof has to cover, for each lever; the first is where the two sides stand."""
    return {name: tuple(_pairs(before, after, name)) for name in dict.fromkeys((*before, *after))}


def _pairs(before: Settings, after: Settings, name: str) -> Iterator[Pair]:
    old, new = (s.policy.levers.get(name) for s in (before, after))
    if old is None or new is None:
        here = (before if old else after)[name]
        values = [here, *(v for v in (old or new).values() if v != here)]  # type: ignore[union-attr]
        yield from ((v, ABSENT) if old else (ABSENT, v) for v in values)
        return
    one, other = before[name], after[name]
    yield one, other
    if (one, old.unit) == (other, new.unit):
        yield from ((v, v) for v in old.values() if v != one and v in new.values())
        yield from ((v, other) for v in old.values() if v not in new.values())
        yield from ((one, v) for v in new.values() if v not in old.values())


def stays(pairs: Sequence[Pair]) -> bool:
    """Whether the two sides stay at values of their own."""
    return len(pairs) == 1 and pairs[0][0] != pairs[0][1] and ABSENT not in pairs[0]


class Compared(NamedTuple):
    """A fact held against a number or a lever, on one side (0 or 1).

    `summed`: it is part of a sum, or a duration beside another between the same dates: lines on several facts meet.
    """

    side: int
    field: str
    reference: str
    more: bool
    summed: bool


@dataclass(frozen=True)
class Levers:
    """Two readings and all settings over which they are compared; `apart`: further conditions to be told apart."""

    sides: tuple[Settings, Settings]
    apart: tuple[While, ...] = ()

    @cached_property
    def pairs(self) -> dict[str, tuple[Pair, ...]]:
        """Lever -> the pairs of values to be covered, the one that the sides stand at first."""
        return pairs_of(*self.sides)

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """The facts in groups that no criterion spans."""
        return components(self.policies)

    @property
    def policies(self) -> list[Policy]:
        """The one or two policies."""
        return list({id(s.policy): s.policy for s in self.sides}.values())

    def settings(self, chosen: Pairs) -> tuple[Settings, Settings]:
        """Both sides with these levers set and the others where they stand."""
        return self._side(0, chosen), self._side(1, chosen)

    def _side(self, side: int, chosen: Pairs) -> Settings:
        base = self.sides[side]
        mine = {name: pair[side] for name, pair in chosen.items() if pair[side] != ABSENT}
        return Settings(base.policy, {**base, **mine})

    def moved(self, chosen: Pairs) -> int:
        """How many levers are not where the two sides stand."""
        return sum(pair != self.pairs[name][0] for name, pair in chosen.items())

    def alike(self, name: str) -> bool:
        """Whether both sides have a lever, and it always stands at the same value on both."""
        mine = [s.policy.levers.get(name) for s in self.sides]
        if any(lever is None for lever in mine) or any(old != new for old, new in self.pairs[name]):
            return False
        return len({(lever.unit, lever.off_allowed) for lever in mine if lever}) == 1

    @cached_property
    def conditions(self) -> tuple[dict[str, list[tuple[str, ...]]], ...]:
        """For each side: lever -> every list of words that some condition on a rule names."""
        found = []
        for settings in self.sides:
            mine: dict[str, list[tuple[str, ...]]] = {}
            for condition in (*rule_conditions(settings.policy), *self.apart):
                for name, words in condition.items():
                    if name in settings.policy.levers and words not in mine.setdefault(name, []):
                        mine[name].append(words)
            found.append(mine)
        return tuple(found)

    @cached_property
    def exact(self) -> set[str]:
        """Levers of which every value is told apart: what follows, what several groups of facts share."""
        found = {CLOSING}
        for settings in self.sides:
            words = {word for rule in settings.policy.rules() for word, _ in stated_outcomes(rule)}
            found |= words & settings.policy.levers.keys()
            for criterion in settings.policy.criteria.values():
                if not criterion.test.facts():
                    found |= set(criterion.test.levers())
        readers = [set(self.read_by(fields)) for fields in self.groups]
        return found | {name for i, one in enumerate(readers) for other in readers[:i] for name in one & other}

    def outer(self, name: str) -> bool:
        """Whether a rule itself, and not only a test of facts, depends on a lever."""
        return name in self.exact or any(name in mine for mine in self.conditions)

    def kind(self, name: str, pair: Pair) -> Hashable:
        """Equal for two pairs of values that no rule can tell apart."""
        if name in self.exact:
            return pair
        return tuple(
            tuple(s.policy.levers[name].meets(value, words) for words in mine.get(name, ()))
            for s, mine, value in zip(self.sides, self.conditions, pair, strict=True)
            if value != ABSENT
        )

    def kinds(self, name: str) -> dict[Hashable, Pair]:
        """The kinds of pairs of a lever, each with the first pair of its kind."""
        found: dict[Hashable, Pair] = {}
        for pair in self.pairs[name]:
            found.setdefault(self.kind(name, pair), pair)
        return found

    def read_by(self, fields: Sequence[str]) -> list[str]:
        """The levers that tests of some facts read, on either side."""
        found = [
            lever
            for settings in self.sides
            for criterion in settings.policy.criteria.values()
            if set(criterion.test.facts()) & set(fields)
            for lever in criterion.test.levers()
        ]
        return list(dict.fromkeys(found))

    def representatives(self, fields: Sequence[str]) -> list[Pairs]:
        """Settings of the levers that tests of some facts read, such that any other setting is like one of them."""
        return list(self._represented(fields).values())

    def order_of(self, fields: Sequence[str]) -> Hashable:
        """Equal for two pairs of readings of one policy between which some facts are told apart in the same ways."""
        return frozenset(self._represented(fields))

    def _represented(self, fields: Sequence[str]) -> dict[Hashable, Pairs]:
        names = self.read_by(fields)
        switching = [name for name in names if self._switches(name)]
        found: dict[Hashable, Pairs] = {}
        for chosen in _settings(switching, self.pairs):
            key = (tuple(self.kind(name, pair) for name, pair in chosen.items()), self._in_force(fields, chosen))
            if key not in found or self.moved(chosen) < self.moved(found[key]):
                found[key] = chosen
        return {
            (key, orders): {**chosen, **more}
            for key, chosen in found.items()
            for orders, more in self._thresholds(fields, [name for name in names if name not in chosen], chosen)
        }

    def _switches(self, name: str) -> bool:
        """Whether a lever decides which tests are in force, or stands for a number of tests, on either side."""
        return any(
            name in s.policy.levers and (s.policy.levers[name].choices is not None or name in named or name in counts)
            for s, named, counts in zip(self.sides, self._named, self._counts, strict=True)
        )

    def _in_force(self, fields: Sequence[str], chosen: Pairs) -> Hashable:
        """The tests that are read on either side, with what levers themselves say to them."""
        found = []
        for side, settings in enumerate(self.settings(chosen)):
            for test in _tests(settings, fields):
                counted = settings.number(str(test.reference())) if test.counts else None
                holds = settings.holds(test.condition)
                value = chosen.get(str(test.reference()), ("", ""))[side]
                found.append((side, id(test), holds, counted, value))
        return tuple(found)

    def _thresholds(
        self, fields: Sequence[str], names: Sequence[str], chosen: Pairs
    ) -> Iterator[tuple[Hashable, Pairs]]:
        """Settings of the levers that facts are only held against, the tests in force being known."""
        sides = self.settings(chosen)
        compared = [one for side, settings in enumerate(sides) for one in _compared(settings, side, fields)]
        choices = []
        for cluster in _clusters(names, compared):
            found: dict[Hashable, Pairs] = {}
            for more in _settings(cluster, self.pairs):
                key = self._order(more, compared, {**chosen, **more})
                if key not in found or self.moved(more) < self.moved(found[key]):
                    found[key] = more
            choices.append(list(found.items()))
        for parts in product(*choices):
            yield tuple(key for key, _ in parts), {k: v for _, part in parts for k, v in part.items()}

    def _order(self, chosen: Pairs, compared: Sequence[Compared], known: Pairs) -> Hashable:
        """Equal for two settings under which the same stretches of values lie between all thresholds that are known."""
        summed = {one.field for one in compared if one.summed}
        facts = dict.fromkeys(one.field for one in compared if one.reference in chosen)
        exact = [chosen[one.reference] for one in compared if one.reference in chosen and one.field in summed]
        orders = []
        for name in facts:
            cuts: list[float | None] = [*self.fixed(name)]
            for one in compared:
                if one.field == name and (one.reference in known or is_number(one.reference)):
                    cuts.append(self._cut(one, known))
            ranks = sorted({cut for cut in cuts if cut is not None})
            orders.append(tuple(None if cut is None else ranks.index(cut) for cut in cuts))
        kinds = tuple(self.kind(name, pair) for name, pair in chosen.items() if self.outer(name))
        return kinds, tuple(exact), tuple(orders)

    def fixed(self, name: str) -> list[int]:
        """Where the values of a fact fall apart whatever the levers say."""
        if name not in self._fixed:
            self._fixed[name] = fixed_cuts(name, self.policies)
        return self._fixed[name]

    @cached_property
    def _fixed(self) -> dict[str, list[int]]:
        return {}

    @cached_property
    def _named(self) -> list[dict[str, list[tuple[str, ...]]]]:
        """For each side: lever -> every list of words that a `lever:` test names."""
        sides: list[dict[str, list[tuple[str, ...]]]] = []
        for settings in self.sides:
            sides.append({})
            for criterion in settings.policy.criteria.values():
                for test in criterion.test.walk():
                    for name, words in test.condition.items():
                        sides[-1].setdefault(name, []).append(words)
        return sides

    @cached_property
    def _counts(self) -> list[set[str]]:
        """For each side: the levers that a number of tests has to reach."""
        return [
            {str(t.reference()) for c in s.policy.criteria.values() for t in c.test.walk() if t.counts}
            for s in self.sides
        ]  # fmt: skip

    def _cut(self, one: Compared, chosen: Pairs) -> float | None:
        """The least value of the fact's grid that passes, at or beyond an end of its range; None: the lever is off."""
        policy = self.sides[one.side].policy
        value = Decimal(one.reference) if is_number(one.reference) else chosen[one.reference][one.side]
        if not isinstance(value, Amount):
            return None
        low, high = policy.fields_[one.field].span
        cut = int(value * policy.grid_steps(one.field, one.reference)) + one.more
        return float("-inf") if cut <= low else float("inf") if cut > high else cut


def _settings(names: Sequence[str], pairs: Mapping[str, Sequence[Pair]]) -> Iterator[Pairs]:
    """Every setting of some levers; raises ProblemsFound where there are too many."""
    count = math.prod(len(pairs[name]) for name in names)
    if count > MOST_SETTINGS:
        raise refuse("proof", ", ".join(names), f"{count:,} settings of levers that the same facts hang on")
    for values in product(*(pairs[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _tests(settings: Settings, fields: Sequence[str]) -> Iterator[Test]:
    """Every node in force of the criteria that read some facts."""
    for criterion in settings.policy.criteria.values():
        if set(criterion.test.facts()) & set(fields):
            yield from (test for test, _ in in_force(settings, criterion.test))


def _compared(settings: Settings, side: int, fields: Sequence[str]) -> Iterator[Compared]:
    joined = {name for name in fields if by_dates(name, [settings.policy], fields)}
    for test in _tests(settings, fields):
        reference = test.reference()
        for name in test.fields() if reference else ():
            yield Compared(side, name, str(reference), bool(test.beyond), test.sums or name in joined)


def _clusters(names: Sequence[str], compared: Sequence[Compared]) -> list[list[str]]:
    """The levers in groups such that levers of two groups are never held against the same fact."""
    facts = {name: {one.field for one in compared if one.reference == name} for name in names}
    found: list[list[str]] = []
    for name in names:
        mine = [group for group in found if any(facts[name] & facts[other] for other in group)]
        found = [*(g for g in found if g not in mine), [*(n for group in mine for n in group), name]]
    return found
