"""Where a policy mentions a lever, and why a lever moves no case of a population."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.entries.scalars import While
from policy.evaluation.pathways import diagnosis_group
from policy.model import Policy, Requirement, Rule, Settings, Step, Test
from policy.trees.rules import placed_rules
from policy.trees.tests import guarded_tests

__all__ = ["Mention", "listed", "mentions", "pathways_of", "switched_off", "why_idle"]


@dataclass(frozen=True)
class Condition:
    """Other levers that must have (`wanted`) or must not have one of the values named."""

    values: tuple[tuple[str, tuple[str, ...]], ...]
    wanted: bool = True

    def holds(self, settings: Settings) -> bool:
        """Whether it does under these settings."""
        return settings.holds(dict(self.values)) == self.wanted


@dataclass(frozen=True)
class Mention:
    """A lever read by a pathway while `needs` hold; `criterion` where one of its tests compares with the lever."""

    lever: str
    pathway: str
    needs: tuple[Condition, ...]
    criterion: str | None = None


def mentions(policy: Policy) -> list[Mention]:
    """Every place of every pathway where a lever is read, with the conditions that other levers put on it."""
    found: list[Mention] = []
    for name, pathway in policy.pathways.items():
        found += [Mention(lever, name, needs, test) for lever, needs, test in _rule(policy, pathway.rule)]
    for notice in policy.code_notices:
        group = diagnosis_group(policy, notice.code)
        found += [Mention(notice.lever, p, ()) for p, x in policy.pathways.items() if group in x.selects.diagnosis]
    return list(dict.fromkeys(found))


def pathways_of(policy: Policy, lever: str, found: list[Mention]) -> tuple[str, ...]:
    """The pathways that read a lever, in order; closing the file reads its lever wherever something can be missing."""
    if lever == "undocumented_action":
        return tuple(name for name, x in policy.pathways.items() if x.rule.entries())
    reading = {m.pathway for m in found if m.lever == lever}
    return tuple(name for name in policy.pathways if name in reading)


_Found = Iterator[tuple[str, tuple[Condition, ...], str | None]]


def _condition(values: Mapping[str, tuple[str, ...]], wanted: bool = True) -> tuple[Condition, ...]:
    return (Condition(tuple(values.items()), wanted),) if values else ()


def _while(values: While, needs: tuple[Condition, ...]) -> _Found:
    for lever in values:
        yield lever, needs + _condition({k: v for k, v in values.items() if k != lever}), None


def _rule(policy: Policy, rule: Rule) -> _Found:
    for _, below, conditions in placed_rules(rule):
        needs = tuple(c for values, wanted in conditions for c in _condition(values, wanted))
        yield from _while(below.while_, needs[: len(needs) - bool(below.while_)])
        if below.outcome in policy.levers:
            yield below.outcome, needs, None
        if below.requires:
            for entry in below.entries():
                yield from _requirement(policy, entry, needs)
            yield from _steps(policy, below.steps(), needs)
        if below.asked and below.asked.assumed:
            yield from _while(below.asked.assumed.while_, needs)


def _requirement(policy: Policy, entry: Requirement, needs: tuple[Condition, ...]) -> _Found:
    yield from _while(entry.while_, needs)
    needs += _condition(entry.while_)
    for inner in policy.inside(entry.criterion):
        yield from _requirement(policy, inner, needs)
    if entry.criterion not in policy.gates:
        yield from _test(policy, policy.criteria[entry.criterion].test, needs, entry.criterion)


def _steps(policy: Policy, steps: tuple[Step, ...], needs: tuple[Condition, ...]) -> _Found:
    for step in steps:
        yield from _while(step.while_, needs)
        inside = needs + _condition(step.while_)
        if step.when:
            yield from _test(policy, policy.criteria[step.when].test, inside, step.when)
        if step.outcome in policy.levers:
            yield step.outcome, inside, None
        if not step.when:
            needs += _condition(step.while_, wanted=False)


def _test(policy: Policy, test: Test, above: tuple[Condition, ...], criterion: str) -> _Found:
    for node, conditions in guarded_tests(test):
        needs = above + tuple(c for values in conditions for c in _condition(values))
        reference = node.reference()
        if reference in policy.levers:
            yield str(reference), needs, criterion
        yield from ((lever, needs, criterion) for lever in node.condition)


def switched_off(policy: Policy, lever: str, settings: Settings, found: list[Mention]) -> str:
    """Why no rule reads the lever as the others stand, whatever the cases; empty when one does."""
    mine = [m for m in found if m.lever == lever]
    if not mine or any(all(c.holds(settings) for c in m.needs) for m in mine):
        return ""
    blocking = [next(c for c in m.needs if not c.holds(settings)) for m in mine]
    return f"reaches no case here: {_in_words(policy, settings, blocking)}"


def why_idle(
    policy: Policy, lever: str, settings: Settings, found: list[Mention], cases: Mapping[str, int], touched: int
) -> str:
    """Why no case comes out differently whatever the lever's value; `cases`: number of them by pathway.

    `touched`: how many read a criterion differently at some value.
    """
    places = pathways_of(policy, lever, found)
    concerned = sum(cases.get(p, 0) for p in places)
    if not concerned:
        return f"reaches no case here: none asks for {listed([policy.pathways[p].title.lower() for p in places])}"
    if off := switched_off(policy, lever, settings, [m for m in found if cases.get(m.pathway)]):
        return off
    many = f"{touched:,} cases read" if touched != 1 else "one case reads"
    if touched:
        return f"reaches no case here: {many} differently, but something else decides each of them"
    return f"reaches no case here: something else decides each of the {concerned:,} cases that could read it"


def _in_words(policy: Policy, settings: Settings, blocking: list[Condition]) -> str:
    wanted: dict[str, list[str]] = {}
    against = []
    for condition in blocking:
        for lever, values in condition.values:
            if condition.wanted and not settings.holds({lever: values}):
                wanted.setdefault(lever, []).extend(v for v in values if v not in wanted.get(lever, []))
            elif not condition.wanted:
                against.append(lever)
    levers = policy.levers
    parts = []
    for name, legal in wanted.items():
        words = listed([levers[name].word(value) for value in legal], "or")
        parts.append(f"it counts only while “{levers[name].label}” is {words} (now {_shown(settings, name)})")
    if not parts:
        why = [f"“{levers[n].label}” is {_shown(settings, n)}" for n in dict.fromkeys(against)]
        return f"{listed(why)}, and that decides first"
    return ", or ".join(parts)


def _shown(settings: Settings, lever: str) -> str:
    return settings.policy.levers[lever].in_words(settings[lever])


def listed(words: list[str], last: str = "and") -> str:
    """'a, b and c'."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
