"""Which changes of the outcome between two readings of a pair of codes are possible at all, and a case of each.

Both readings are made smaller (reduction.py) and enumerated at every setting (everywhere.py). What is not possible
there is proven not to happen. What is possible gives settings at which to look: at each, the whole documents are
enumerated exactly (enumeration.py), and the cases found are determined again. What is possible but not found is looked
for once more with less forgotten, in the end with nothing forgotten.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from policy.authoring.content import rules_told
from policy.authoring.enumeration import Cell, Ground, Space, fold
from policy.authoring.everywhere import Everywhere, Kinds, Outcomes
from policy.authoring.levers import ABSENT, Levers, Pair, Pairs
from policy.authoring.once import Once
from policy.authoring.reduction import CLOSENESS, smaller
from policy.authoring.witness import Witness, all_confirmed, in_order
from policy.determinations.results import LENIENCY
from policy.entries.scalars import While
from policy.model import OUTCOMES, Settings
from policy.problems import ProblemsFound

OutcomeChange = tuple[int, int]  # positions in OUTCOMES, before and after
Told = tuple[tuple[str, Pair], ...]  # the levers that do not stand where the two sides stand
TRIES = (8, 24, 1000)  # settings at which one change is looked for, by closeness
KEPT = 64  # settings that are remembered of one change
ROWS = 6  # and of these, from one way through the rules
_EXPLORED = Once[tuple[int, dict[OutcomeChange, dict[Told, int]]]](2000)


def way(change: OutcomeChange) -> int:
    """1 looser, -1 stricter, 0 another word of the same strictness."""
    one, other = (int(LENIENCY[code]) for code in change)
    return (other > one) - (other < one)


def counts(change: OutcomeChange, into: int | None) -> bool:
    """Whether a change is into an outcome; None: into any."""
    return into is None or change[1] == into


def worst_first(change: OutcomeChange) -> tuple[int, int]:
    """Orders changes: what becomes met out of a refusal, or stops being met, before any pend."""
    one, other = (int(LENIENCY[code]) for code in change)
    return (-max(one, other), min(one, other))


@dataclass
class Possible:
    """Settings at which a change may happen, found on the way through smaller readings."""

    levers: Levers  # of the smaller readings
    ways: frozenset[int]
    into: int | None = None  # the only outcome after a change that counts
    excused: tuple[While, ...] = ()  # conditions on levers; where one holds after a change, it does not count
    settings: dict[OutcomeChange, dict[Told, int]] = field(default_factory=dict)

    def leaf(
        self, kinds: Kinds, rows: NDArray[np.intp], chosen: Pairs, settings: tuple[Settings, Settings],
        before: Outcomes, after: Outcomes,
    ) -> None:  # fmt: skip
        """Note what changes at one path through the rules."""
        if (before == after).all():
            return
        change = before.astype(int) * len(OUTCOMES) + after
        for code in np.unique(change[before != after]):
            key = divmod(int(code), len(OUTCOMES))
            if way(key) not in self.ways or not counts(key, self.into) or any(map(settings[1].holds, self.excused)):
                continue
            mine, found = rows[change == code], self.settings.setdefault(key, {})
            for row in mine[np.argsort(kinds.costs[mine], kind="stable")][:ROWS]:
                told = self._told({**chosen, **kinds.chosen(int(row))})
                if len(found) < KEPT or told in found:
                    found[told] = min(found.get(told, 10**9), len(told))

    def _told(self, chosen: Pairs) -> Told:
        pairs = self.levers.pairs
        return tuple(sorted((n, p) for n, p in chosen.items() if p != pairs[n][0] or ABSENT in p))

    def at(self, change: OutcomeChange, most: int) -> list[Told]:
        """The settings, those with the fewest levers moved first."""
        found = self.settings[change]
        return sorted(found, key=lambda told: (found[told], str(told)))[:most]


@dataclass
class Search:
    """Changes of one pair of codes; `into` and `excused`: see `Possible`."""

    levers: Levers
    cell: Cell
    alike: set[str]
    into: int | None = None
    excused: tuple[While, ...] = ()
    found: dict[OutcomeChange, Witness] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    kinds: int = 0
    closeness: int = -1  # of the last readings that had to be looked at
    tried: dict[Told, None] = field(default_factory=dict)

    def run(self) -> "Search":
        """Settle every way (looser, stricter, another word): a witness of it, or nothing possible, or a gap."""
        left = [1, -1, 0]
        for closeness in CLOSENESS:
            if not left:
                break
            self.closeness = closeness
            small = smaller(self.levers, self.cell, closeness, self.alike)
            possible = Possible(small, frozenset(left), self.into, self.excused)
            self.gaps = []
            try:
                self.kinds, possible.settings = self._explored(possible)
            except ProblemsFound as problems:
                self.gaps = [str(problem) for problem in problems.problems]
            left = [one for one in left if not self._settled(one, possible, TRIES[closeness])]
            if left == [0] and self.found:  # another word of the same strictness matters where nothing else changes
                left = []
        if left and not self.gaps:
            self.gaps = ["a change is possible by the rules alone, and no case of it was found"]
        elif not left:
            self.gaps = []
        return self

    def _explored(self, possible: Possible) -> tuple[int, dict[OutcomeChange, dict[Told, int]]]:
        """The number of kinds and what is possible, worked out or remembered of smaller readings that say the same."""
        small = possible.levers
        asked = [small.apart, self.cell.dx, self.cell.cpt, self.cell.pathways, sorted(possible.ways)]
        key = rules_told(small.sides, [*asked, self.into, self.excused])
        return _EXPLORED.of((), key, lambda: (Everywhere(small).explore(self.cell, possible.leaf), possible.settings))

    def _settled(self, one: int, possible: Possible, most: int) -> bool:
        """Whether a change that way is shown by a case, or cannot be."""
        changes = sorted((c for c in possible.settings if way(c) == one), key=worst_first)
        for change in changes:
            for told in possible.at(change, most):
                if change in self.found:
                    break
                self._look(told)
            if any(way(found) == one for found in self.found):
                return True
        return not changes and not self.gaps

    def _look(self, told: Told) -> None:
        """Every change at one setting, by exact enumeration; a smallest case of each, determined again."""
        if told in self.tried:
            return
        self.tried[told] = None
        if any(map(self.levers.settings(dict(told))[1].holds, self.excused)):
            return
        try:
            changes = [*changes_at(self.levers, self.cell, dict(told))]
        except ProblemsFound as problems:
            self.gaps = [str(problem) for problem in problems.problems]
            return
        for change, witness in changes:
            if counts(change, self.into) and (change not in self.found or witness.rank < self.found[change].rank):
                self.found[change] = witness

    def witnesses(self) -> list[Witness]:
        """The worst change each way, determined again; what that does not confirm is a doubt."""
        worst = [
            min((w for c, w in self.found.items() if way(c) == one), key=lambda w: w.rank, default=None)
            for one in (1, -1, 0)
        ]
        shown = [witness for witness in worst if witness]
        sure = all_confirmed(shown, [self.levers.settings(dict(witness.levers)) for witness in shown])
        told = [witness.text() for witness, confirmed in zip(shown, sure, strict=True) if not confirmed]
        self.doubts += [f"a case is not confirmed by its determination: {text}" for text in told]
        return [witness for witness, confirmed in zip(shown, sure, strict=True) if confirmed]


def changes_at(levers: Levers, cell: Cell, told: Mapping[str, Pair]) -> Iterator[tuple[OutcomeChange, Witness]]:
    """The changes of a pair of codes at one setting, each with a smallest case."""
    sides = levers.settings(dict(told))
    ground = Ground(sides, tuple(levers.groups))
    rows = [cell.request(levers.policies) | row for row in fold(cell, ground, None)]
    outcomes = Space(sides, tuple(rows), (cell,) * len(rows)).outcomes().astype(int)
    code = outcomes[:, 0] * len(OUTCOMES) + outcomes[:, -1]
    for change in np.unique(code[outcomes[:, 0] != outcomes[:, -1]]):
        row = rows[int(min(np.flatnonzero(code == change), key=lambda i: (len(rows[i]), i)))]
        old, new = divmod(int(change), len(OUTCOMES))
        yield (old, new), Witness(in_order(row, levers), OUTCOMES[old], OUTCOMES[new], told)
