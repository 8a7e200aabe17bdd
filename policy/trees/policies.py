"""What a policy reads and asks somewhere, whatever the settings, and the rules that some case comes to under some."""

from collections.abc import Collection, Iterator

from policy.entries.scalars import While
from policy.model import Policy, Rule, Settings
from policy.trees.rules import lever_conditions, stated_outcomes

CLOSING = "undocumented_action"  # the lever that says what becomes of a case that is open when its file is closed


def changes_of_values(policy: Policy, but: Collection[str] = ()) -> list[str]:
    """The days on which a value of some lever changes, those of `but` left out, in order."""
    days = {day for name, lever in policy.levers.items() if name not in but for day in sorted(lever.dated)[1:]}
    return sorted(days)


def levers_read(policy: Policy, rule: Rule) -> frozenset[str]:
    """Every lever that what a rule makes of a case can depend on, remembered."""
    if ("read", id(rule)) not in policy.remembered:
        known = policy.criteria.keys() & criteria_read(policy, rule)  # a proof leaves out what states a switch
        tests = (policy.criteria[name].test.levers() for name in known)
        found = outcome_levers(policy, rule).union(*tests, *conditions(policy, rule))
        policy.remembered["read", id(rule)] = frozenset(found)
    read: frozenset[str] = policy.remembered["read", id(rule)]
    return read


def notice_levers(policy: Policy) -> set[str]:
    """The levers of code notices, which can decide a case before any rule."""
    return {notice.lever for notice in policy.code_notices}


def pathway_levers(policy: Policy, position: int) -> list[str]:
    """The levers that decide what is made of the requests of the pathway at `position` (-1 = none) in an open file."""
    if position < 0:
        return []
    return sorted(levers_read(policy, list(policy.pathways.values())[position].rule) | notice_levers(policy))


def outcome_levers(policy: Policy, rule: Rule) -> set[str]:
    """The levers whose value is an outcome that the rule states."""
    return {word for word, _ in stated_outcomes(rule) if word in policy.levers}


def conditions(policy: Policy, rule: Rule) -> list[While]:
    """The conditions on levers that decide which rules, steps and requirements are in force, gates written out."""
    required = [inner.while_ for below in rule.walk() for _, inner in policy.requirements(below)]
    return [*lever_conditions(rule), *required]


def required_somewhere(policy: Policy, rule: Rule) -> tuple[str, ...]:
    """The criteria that a rule or one below requires under one setting or another, gates written out."""
    found = (inner.criterion for below in rule.walk() for _, inner in policy.requirements(below))
    return tuple(dict.fromkeys(found))


def criteria_read(policy: Policy, rule: Rule) -> tuple[str, ...]:
    """The criteria that can decide what a rule makes of a case: required, asked by a step or stating a switch."""
    stating = (switch.criterion for switch in rule.switches())
    return tuple(dict.fromkeys((*required_somewhere(policy, rule), *rule.whens(), *stating)))


def facts_read(policy: Policy, rule: Rule) -> set[str]:
    """The facts that can decide what a rule makes of a case: of its criteria, of its steps', of its switches."""
    names = {*required_somewhere(policy, rule), *rule.whens()}
    found = {fact for name in names if name in policy.criteria for fact in policy.criteria[name].test.facts()}
    return found | {switch.field for switch in rule.switches()}


def codes_asked(policy: Policy) -> set[str]:
    """The diagnosis codes that some requirement is for."""
    entries = [entry for rule in policy.rules() for entry in rule.entries()]
    return {code for e in (*entries, *(e for g in policy.gates.values() for e in g.require)) for code in e.codes}


def reached(settings: Settings, rule: Rule) -> Iterator[Rule]:
    """The rules that some case comes to: of several the one in force, of a switch every branch after itself."""
    if rule.first_of is not None:
        yield from reached(settings, settings.first(rule))
        return
    yield rule
    for below in rule.below:
        yield from reached(settings, below)
