"""Ways through a rule and all below it, and rules made of it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from policy.entries.scalars import While
from policy.model import Requirement, Rule, Step


class Placed(NamedTuple):
    """A rule where it stands: the keys that lead to it, and the conditions on levers that must hold, or fail."""

    path: tuple[object, ...]
    rule: Rule
    needs: tuple[tuple[While, bool], ...]

    @property
    def name(self) -> str:
        """The keys as remarks write them: a branch by its word alone."""
        return ".".join(str(step) for step in self.path if step != "branches")


def placed_rules(
    rule: Rule, path: tuple[object, ...] = (), needs: tuple[tuple[While, bool], ...] = ()
) -> Iterator[Placed]:
    """This rule and all below, each with what leads to it."""
    yield Placed(path, rule, needs)
    for i, below in enumerate(rule.first_of or ()):
        yield from placed_rules(below, (*path, "first_of", i), (*needs, (below.while_, True)))
        needs = (*needs, (below.while_, False))
    for word, below in rule.branches.items():
        yield from placed_rules(below, (*path, "branches", word), needs)
    if rule.otherwise:
        yield from placed_rules(rule.otherwise, (*path, "otherwise"), needs)


def mapped(rule: Rule, change: Callable[[Rule], Rule]) -> Rule:
    """The same with `change` made to everything in it that requires criteria or states an outcome."""
    if not rule.below:
        return change(rule)
    update: dict[str, object] = {}
    if rule.first_of:
        update["first_of"] = tuple(mapped(part, change) for part in rule.first_of)
    if rule.branches:
        update["branches"] = {word: mapped(branch, change) for word, branch in rule.branches.items()}
    if rule.otherwise:
        update["otherwise"] = mapped(rule.otherwise, change)
    return rule.model_copy(update=update)


def unless(rule: Rule, first: Rule) -> Rule:
    """The same, but another rule in its place while that one is in force."""
    rest = rule.model_copy(update={"while_": {}})
    return Rule.model_validate({"while": rule.while_, "first_of": (first, rest)})


def requiring(rule: Rule, entries: tuple[Requirement, ...], steps: tuple[Step, ...]) -> Rule:
    """The same with other requirements, and other steps to follow."""
    return rule.model_copy(update={"require": entries, "then": steps})


def lever_conditions(rule: Rule, requirements: bool = True) -> Iterator[While]:
    """Every condition on levers that something here or below stands under; of requirements too, or not."""
    for below in rule.walk():
        yield below.while_
        yield from (entry.while_ for entry in below.require or () if requirements)
        yield from (step.while_ for step in below.then)
        if below.assume:
            yield below.assume.while_


def stated_outcomes(rule: Rule) -> Iterator[tuple[str, str | None]]:
    """Every outcome word or action lever that is stated, here or below, with its reason."""
    for below in rule.walk():
        if below.outcome:
            yield below.outcome, below.because
        yield from ((step.outcome, step.because) for step in below.then)
