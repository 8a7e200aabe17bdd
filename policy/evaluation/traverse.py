"""The one walk over the rules and tests of a policy, for any interpreter of them (a `language`).

A language has one method for each word: truth of cases (truths.py, evaluation.py), what to ask for (asking.py), SQL
(sql/compiler.py) and JavaScript (javascript/compiler.py) are such. A kind of test that is not handled here is a type
error.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar, assert_never

from policy.model import (
    AllOf,
    AnyOf,
    Between,
    Comparison,
    Count,
    Equals,
    LeverIs,
    NoneOf,
    OnFile,
    Rule,
    Score,
    Settings,
    States,
    Test,
)

Said = TypeVar("Said")
Read = TypeVar("Read", covariant=True)


class TestLanguage(Protocol[Said]):
    """What the words of a test mean, under some settings of the levers."""

    @property
    def settings(self) -> Settings:
        """Those of the levers."""
        ...

    def settled(self, met: bool) -> Said:
        """The same for every case: the levers alone decide."""
        ...

    def all_of(self, parts: Iterator[Said]) -> Said:
        """Every part. The parts are made when they are asked for: stop once all is decided."""
        ...

    def any_of(self, parts: Iterator[Said]) -> Said:
        """Some part."""
        ...

    def none_of(self, parts: Iterator[Said]) -> Said:
        """No part."""
        ...

    def at_least_of(self, wanted: int, parts: list[Said], points: tuple[int, ...]) -> Said:
        """Those of the parts that are met have at least so many points together; each part has some."""
        ...

    def on_file(self, field: str) -> Said:
        """Any value at all; a missing one is an answer."""
        ...

    def among(self, field: str, words: tuple[str, ...]) -> Said:
        """One of some words."""
        ...

    def stated_as(self, field: str, words: tuple[str, ...]) -> Said:
        """One of some words; any other says nothing, as if it were missing."""
        ...

    def compared(self, fields: tuple[str, ...], how: Comparison, number: int) -> Said:
        """The sum of some fields (`how.signs`), on their grid, against a number, as a comparison does."""
        ...


class RuleLanguage(Protocol[Read]):
    """What the three forms of a rule mean."""

    @property
    def settings(self) -> Settings:
        """Those that decide which of several rules is in force."""
        ...

    def outcome(self, word: str, because: str | None) -> Read:
        """An outcome is stated."""
        ...

    def require(self, rule: Rule) -> Read:
        """Criteria are required, and something follows."""
        ...

    def switch(self, rule: Rule) -> Read:
        """A field says which branch is taken."""
        ...


def traverse(rule: Rule, say: RuleLanguage[Read]) -> Read:
    """What a language makes of a rule; the language itself walks on into the branches that it takes."""
    if rule.first_of is not None:
        return traverse(say.settings.first(rule), say)
    if rule.outcome is not None:
        return say.outcome(say.settings.outcome(rule.outcome), rule.because)
    return say.require(rule) if rule.require is not None else say.switch(rule)


def traverse_test(test: Test, say: TestLanguage[Said], walk_on: Callable[[Test], Said] | None = None) -> Said:
    """What a language makes of a test and of all below it; `walk_on`: what it makes of a part, where not just this."""
    names, parts = test.fields(), (walk_on(part) if walk_on else traverse_test(part, say) for part in test.parts)
    match test:
        case Comparison():
            threshold = say.settings.threshold(names[0], test.reference())
            if threshold is None:
                return say.settled(True)  # a lever that is off asks for nothing
            return say.compared(names, test, threshold * test.times)
        case Equals():
            return say.among(names[0], test.words)
        case AllOf() | Between():
            return say.all_of(parts)
        case AnyOf():
            return say.any_of(parts)
        case LeverIs():
            return say.settled(say.settings.holds(test.lever))
        case NoneOf():
            return say.none_of(parts)
        case Count():
            return say.at_least_of(int(say.settings.number(test.reference()) or 0), list(parts), test.points)
        case Score():
            return _scored(test, list(parts), say)
        case States():
            return say.stated_as(names[0], test.words)
        case OnFile():
            return say.on_file(test.on_file)
        case _:
            assert_never(test)


def _scored(test: Score, parts: list[Said], say: TestLanguage[Said]) -> Said:
    """Points that a met test takes away are points that it gives where it is not met: as many more are wanted."""
    worth, wanted = test.points, say.settings.number(test.reference())
    if wanted is None:
        return say.settled(True)
    turned = [say.none_of(iter([part])) if points < 0 else part for part, points in zip(parts, worth, strict=True)]
    return say.at_least_of(int(wanted) - sum(p for p in worth if p < 0), turned, tuple(map(abs, worth)))
