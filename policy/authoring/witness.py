"""A case that shows how two readings differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policy.authoring.enumeration import Row, Space
from policy.authoring.levers import ABSENT, Levers, Pair
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


def confirmed(witness: Witness, settings: tuple[Settings, Settings]) -> bool:
    """Whether the ordinary determination makes of a case what a witness says."""
    return all_confirmed([witness], settings) == [True]


def all_confirmed(witnesses: Sequence[Witness], settings: tuple[Settings, Settings]) -> list[bool]:
    """The same of each of several."""
    if not witnesses:
        return []
    outcomes = Space(settings, tuple(witness.case for witness in witnesses), ()).outcomes()
    told = ([OUTCOMES[code] for code in pair] for pair in outcomes)
    return [pair == [one.before, one.after] for pair, one in zip(told, witnesses, strict=True)]


def in_order(row: Row, levers: Levers) -> Row:
    """A case with its columns in the order of the document."""
    order = [name for settings in levers.sides for name in settings.policy.fields_]
    return {name: row[name] for name in sorted(row, key=order.index)}
