"""What was found of a document before an edit, and need not be looked for again.

A look is at some pathways. Where nothing that they hang together with is another (content.py), what was found stands.
Where only levers stand elsewhere, what holds at all settings stands too. Else, where nothing was found because some
case showed that all is well, that case is asked once more. What cannot be written out is always looked for again: that
it was not checked has to be said.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from policy.authoring.content import Content, Digests
from policy.authoring.enumeration import Row, as_cases
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import Policy, Settings, as_word
from policy.problems import ProblemsFound

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

    def holds(self, one: Cases, other: Policy) -> bool:
        """Whether it is so, the first setting under the policy of `one`, the case as it reads it, and the second here.

        Both policies read a case table alike.
        """
        outcomes = []
        try:
            for policy, values in ((one.policy, self.before), (other, self.after)):
                settings = policy.settings({name: value for name, value in values.items() if name in policy.levers})
                outcomes.append(determine(policy, replace(one, policy=policy), settings, asking=False).outcome)
        except ProblemsFound:  # a value that there no longer is
            return False
        return bool((outcomes[0] != outcomes[1]).any())


Looked = tuple[tuple[Found, ...], Shown | None]  # what was found; or the case for which nothing was
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
        return ((), shown) if shown and look.again and self._still(shown, look.again()) else None

    def _still(self, shown: Shown, other: Policy) -> bool:
        """Whether a case that showed something before still does; what the document no longer admits shows nothing."""
        places, cases = self._shown
        place = np.flatnonzero(cases.ids == str(places.get(_written(shown.case))))
        return len(place) > 0 and shown.holds(cases.take(place), other)

    @cached_property
    def _shown(self) -> tuple[dict[Hashable, int], Cases]:
        """The cases that showed something before, read together, which is quicker; and where each lies by its text."""
        every = (shown.case for mine in self.known.values() for _, shown in mine.values() if shown)
        rows = {_written(case): case for case in every}
        places = {written: place for place, written in enumerate(rows)}
        return places, as_cases([*rows.values()], self.content.policy, keep_good=True)


def _written(case: Row) -> Hashable:
    return tuple(sorted(case.items()))
