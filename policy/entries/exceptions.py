"""Where a policy's levers do not go the way that they say: exceptions, each with a case that shows it."""

from collections.abc import Mapping

from pydantic import Field

from policy.entries.levers import LeverEntry
from policy.entries.records import Record
from policy.entries.scalars import Id, Text, While, Written


class DirectionException(Record):
    """Where moving a lever the strict way can turn another outcome into met, with a case that shows it.

    Holds for every move from `from` or a stricter value to `to` or a looser one, while the other levers have the values
    named. The case is not met at `from` and met at `to`, with `while` and `set` set; checked on load.
    """

    lever: Id
    from_: Written = Field(alias="from")
    to: Written
    while_: While = Field(default_factory=dict, alias="while")
    because: Text
    case: dict[Id, Text]
    set_: dict[Id, Written] = Field(default_factory=dict, alias="set")

    def provisions(self, value: str) -> dict[str, str]:
        """What the case is determined under, with the lever at a value."""
        return {**{name: words[0] for name, words in self.while_.items()}, **self.set_, self.lever: value}

    def says(self, levers: Mapping[str, LeverEntry]) -> str:
        """'Going from 1 test to 2 tests can turn ... into met while Which result counts is mean; because ...'."""
        lever = levers[self.lever]
        ends = [lever.in_words(lever.check(value)) for value in (self.from_, self.to)]
        held = [f"{levers[n].label} is {' or '.join(map(levers[n].word, words))}" for n, words in self.while_.items()]
        condition = f" while {' and '.join(held)}" if held else ""
        return f"Going from {ends[0]} to {ends[1]} can turn another outcome into met{condition}: {self.because}"
