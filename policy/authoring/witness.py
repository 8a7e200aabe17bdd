"""A case that shows how two readings differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from policy.authoring.enumeration import Row, tables_of
from policy.authoring.levers import ABSENT, Levers, Pair
from policy.determinations.determination import determine
from policy.determinations.results import LENIENCY
from policy.model import OUTCOMES, Settings, as_word


@dataclass(frozen=True)
class Witness:
    """One case and its outcome under both readings; `levers`: what is set besides, on the first and the second side."""

    case: Row
    before: str
    after: str
    levers: Mapping[str, Pair] = field(default_factory=dict)

    def text(self) -> str:
        """'with relief_pct=70: dx M54.2, cpt 64405, ...: met -> not_met'."""
        told = ", ".join(f"{k} {v}" for k, v in self.case.items()) + f": {self.before} -> {self.after}"
        return f"with {', '.join(_set(*lever) for lever in self.levers.items())}: {told}" if self.levers else told

    @property
    def change(self) -> int:
        """By how much the second reading is looser, from -2 to 2."""
        one, other = (int(LENIENCY[OUTCOMES.index(word)]) for word in (self.before, self.after))
        return other - one

    @property
    def rank(self) -> tuple[int, ...]:
        """The worst transition first: what becomes met out of a refusal, or stops being met, before any pend."""
        one, other = (int(LENIENCY[OUTCOMES.index(word)]) for word in (self.before, self.after))
        return (-max(one, other), min(one, other), len(self.levers), len(self.case))


def _set(name: str, pair: Pair) -> str:
    words = [*map(as_word, pair)]
    if ABSENT in pair:
        return f"{name}={words[pair[0] == ABSENT]} (a lever of the {'second' if pair[0] == ABSENT else 'first'} alone)"
    return f"{name}={words[0]}" if pair[0] == pair[1] else f"{name}={words[0]} in the first, {words[1]} in the second"


def all_confirmed(witnesses: Sequence[Witness], settings: Sequence[tuple[Settings, Settings]]) -> list[bool]:
    """Whether the ordinary determination makes of each case what its witness says, under the settings of each."""
    if not witnesses:
        return []
    tables = tables_of([witness.case for witness in witnesses], [side.policy for side in settings[0]])
    sure = []
    for place, (witness, sides) in enumerate(zip(witnesses, settings, strict=True)):
        one = [(tables[id(side.policy)].take(np.array([place])), side) for side in sides]
        found = [determine(side.policy, case, side, asking=False).outcome[0] for case, side in one]
        sure.append([OUTCOMES[code] for code in found] == [witness.before, witness.after])
    return sure


def in_order(row: Row, levers: Levers) -> Row:
    """A case with its columns in the order of the document."""
    order = [name for settings in levers.sides for name in settings.policy.fields_]
    return {name: row[name] for name in sorted(row, key=order.index)}
