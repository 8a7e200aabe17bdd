"""What was found of a document before an edit, and need not be looked for again.

A look is at some pathways. Where nothing that they hang together with is another (content.py), what was found stands.
Where only levers stand elsewhere, what holds at all settings stands too. Else, where nothing was found because some
case showed that all is well, that case is asked once more. What cannot be written out is always looked for again: that
it was not checked has to be said.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, product
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from policy.authoring.content import Content, Digests
from policy.authoring.enumeration import Row, as_cases
from policy.authoring.facts import values
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import Policy, Settings, as_word

Found = TypeVar("Found")


class Shown(NamedTuple):
    """A case that is decided otherwise under one setting of all levers than under another."""

    case: Row
    before: Mapping[str, str]
    after: Mapping[str, str]

    @classmethod
    def under(cls, case: Row, policy: Policy, *provisions: Mapping[str, object]) -> "Shown":
        """With the levers that are not named at their defaults of now, whatever becomes of these."""
        before, after = ({n: as_word(v) for n, v in policy.settings(one).items()} for one in provisions)
        return cls(case, before, after)

    def still(self, cases: Cases, other: Policy) -> "Shown | None":
        """This, where the case (the only one of `cases`) is so under the first setting here, under the second there.

        Else, where the case now waits for facts, it with these told in a way that shows the same. Both policies read a
        case table alike. What is no value of a lever any more stands at its default.
        """
        sides = [_settings(cases.policy, self.before), _settings(other, self.after)]
        if len(_apart(cases, sides)):
            return self
        asks = determine(other, replace(cases, policy=other), sides[1]).frame()["ask"]
        columns = [*filter(None, asks.iloc[0].split(";"))]
        if not columns or "dx" in columns:
            return None
        told = product(*(_written_as(column, sides) for column in columns))
        rows = [self.case | dict(zip(columns, way, strict=True)) for way in islice(told, MOST_TOLD)]
        filled = as_cases(rows, cases.policy, keep_good=True)
        found = _apart(filled, sides)
        return self._replace(case=rows[int(filled.ids[found[0]])]) if len(found) else None


def _settings(policy: Policy, values: Mapping[str, str]) -> Settings:
    """Those of the values that the levers of a policy can have."""
    legal: dict[str, object] = {}
    for name, value in values.items():
        with suppress(ValueError):
            legal |= {name: policy.levers[name].check(value)} if name in policy.levers else {}
    return policy.settings(legal)


def _apart(cases: Cases, sides: Sequence[Settings]) -> NDArray[np.intp]:
    """The cases with another outcome under the one setting than under the other."""
    one, other = (determine(s.policy, replace(cases, policy=s.policy), s, asking=False).outcome for s in sides)
    return np.flatnonzero(one != other)


def _written_as(column: str, sides: Sequence[Settings]) -> list[str]:
    """The values of the facts that a column tells, as it is written."""
    facts = [name for name, kind in sides[0].policy.fields_.items() if kind.column(name) == column]
    return [text for text in dict.fromkeys(text for fact in facts for text in values(fact, sides)) if text]


Looked = tuple[tuple[Found, ...], Shown | None]  # what was found; or the case for which nothing was
MOST_TOLD = 200  # ways to tell what a case waits for
LATEST = 4  # of what each look found lately: an edit that is undone leads back to it


@dataclass(frozen=True)
class Look(Generic[Found]):
    """One thing to look for: its name, the pathways and levers that it looks at, and how.

    `everywhere`: it looks at all settings, so that nothing found stands wherever the levers stand. `again`: the policy
    under which a case that showed last time that there is nothing to find is asked once more beside the one that is
    looked at; without it none is asked. `retold`: what was found at all settings, with
    words for where the levers stand now; None where it has to be looked for.
    """

    name: tuple[str, ...]
    pathways: Sequence[str]
    look: Callable[[], Looked[Found]]
    again: Callable[[], Policy] | None = None
    retold: Callable[[Sequence[Found]], tuple[Found, ...] | None] = lambda _: None
    levers: Sequence[str] = ()
    everywhere: bool = False


@dataclass
class Memory(Generic[Found]):
    """By the name of each look: what it found lately, by what that depended on, the latest last."""

    _known: dict[tuple[str, ...], dict[Digests, Looked[Found]]] = field(default_factory=dict, repr=False)

    def of(self, settings: Settings) -> "Recall[Found]":
        """What is known, to be asked for a policy under some settings."""
        return Recall(Content(settings), self._known)


@dataclass
class Recall(Generic[Found]):
    """See `Memory`."""

    content: Content
    known: dict[tuple[str, ...], dict[Digests, Looked[Found]]]

    def found(self, look: Look[Found]) -> tuple[Found, ...]:
        """What a look finds; raises what it raises."""
        key, mine = self.content.of(look.pathways, look.levers), self.known.setdefault(look.name, {})
        found = mine.pop(key, None) or self._from_before(look, key, mine) or look.look()
        mine[key] = found
        if len(mine) > LATEST:
            del mine[next(iter(mine))]
        return found[0]

    def _from_before(
        self, look: Look[Found], key: Digests, mine: Mapping[Digests, Looked[Found]]
    ) -> Looked[Found] | None:
        """What is found as far as it follows from what was found of other contents."""
        if not mine or not self.content.provable:
            return None
        for before in [found for (ground, _), found in mine.items() if look.everywhere and ground == key[0]][-1:]:
            if not before[0]:
                return before
            if retold := look.retold(before[0]):
                return retold, None
        shown = next((shown for _, shown in reversed([*mine.values()]) if shown), None)
        still = self._still(shown, look.again()) if shown and look.again else None
        return ((), still) if still else None

    def _still(self, shown: Shown, other: Policy) -> Shown | None:
        """A case that showed something before, where it still does; what is no case any more shows nothing."""
        places, cases = self._shown
        place = np.flatnonzero(cases.ids == str(places.get(_written(shown.case))))
        if not len(place):
            return None
        one = cases.take(place)
        one = replace(one, dx=one.dx.remove_unused_categories(), cpt=one.cpt.remove_unused_categories())
        return shown.still(one, other)

    @cached_property
    def _shown(self) -> tuple[dict[Hashable, int], Cases]:
        """The cases that showed something before, read together, which is quicker; and where each lies by its text."""
        every = (shown.case for mine in self.known.values() for _, shown in mine.values() if shown)
        rows = {_written(case): case for case in every}
        places = {written: place for place, written in enumerate(rows)}
        return places, as_cases([*rows.values()], self.content.policy, keep_good=True)


def _written(case: Row) -> Hashable:
    return tuple(sorted(case.items()))
