"""What a set of vignettes proves: which criteria were seen to decide an outcome, in which of their three states.

A criterion decides a case when flipping it alone, everything else as it is, would change the outcome. One that a rule
switches on (whether intent is stated) is flipped by documenting its field, or by taking the document away. What a
criterion can be in at all, while it decides, is found by enumeration; only that is counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from policy.authoring.enumeration import Ground, Row, as_cases
from policy.authoring.vignettes import Batch, Readings
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import Planes
from policy.entries.scalars import While
from policy.evaluation.kleene import NOT_DOCUMENTED
from policy.evaluation.pathways import codes_of
from policy.model import OUTCOMES, Policy, Rule, Settings
from policy.problems import ProblemsFound
from policy.trees.rules import placed_rules

STATES = ("NOT_MET", "NOT_DOCUMENTED", "MET")
MOST_SETTINGS_TRIED = 2_000  # settings under which a case is looked for that would cover a goal
Goal = tuple[str, str, str, int]  # reading, pathway, criterion, truth


@dataclass(frozen=True)
class Offer:
    """A case that would cover a goal: the levers to set, the facts, and the outcome today."""

    provisions: dict[str, str]
    case: Row
    outcome: str


@dataclass
class Coverage:
    """Goal -> the vignette that reaches it (place and name), or the case that would; `idle`: what can never decide.

    `unseen`: the pathways in which some states could not be looked for, and why.
    """

    covered: dict[Goal, str] = field(default_factory=dict)
    uncovered: dict[Goal, Offer] = field(default_factory=dict)
    idle: list[tuple[str, str, str, int]] = field(default_factory=list)
    unseen: dict[str, ProblemsFound] = field(default_factory=dict)

    def share(self, reading: str) -> tuple[int, int]:
        """(reached, to be reached) of one reading."""
        reached = sum(goal[0] == reading for goal in self.covered)
        return reached, reached + sum(goal[0] == reading for goal in self.uncovered)

    def by_criterion(self, reading: str) -> dict[str, list[tuple[int, int]]]:
        """Criterion -> for each state, (pathways in which it was reached, pathways in which it can decide)."""
        found: dict[str, list[tuple[int, int]]] = {}
        for group, hit in ((self.covered, 1), (self.uncovered, 0)):
            for name, _, criterion, truth in group:
                if name == reading:
                    counts = found.setdefault(criterion, [(0, 0)] * 3)
                    counts[truth] = (counts[truth][0] + hit, counts[truth][1] + 1)
        return found


def stated_by(policy: Policy) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Criteria that say whether a switch is documented -> the field, and the values that have branches."""
    found: dict[str, tuple[str, tuple[int, ...]]] = {}
    for switch in (switch for rule in policy.rules() for switch in rule.switches()):
        kind = policy.fields_[switch.field]
        values = set(codes_of(kind, switch.words)) | (set(range(kind.span[1] + 1)) if switch.rest else set())
        old = found.get(switch.criterion, ("", ()))[1]
        found[switch.criterion] = (switch.field, tuple(sorted({*values, *old})))
    return found


def deciding(
    policy: Policy, cases: Cases, settings: Settings, names: Sequence[str] | None = None
) -> Iterator[tuple[str, NDArray[np.int8], NDArray[np.bool_]]]:
    """For each criterion read: its name, its truth (n,) and whether it alone decides the outcome (n,)."""
    planes = Planes(cases)
    base = determine(policy, cases, settings, planes=planes)
    switches = stated_by(policy)
    for name, truth in base.truths.items():
        if (names is not None and name not in names) or not (truth <= 2).any():
            continue
        decides = np.zeros(len(cases), dtype=bool)
        if name in switches:
            column, values = switches[name]
            for value in (-1, *values):
                facts = cases.facts | {column: np.full_like(cases.facts[column], value)}
                outcome = determine(policy, replace(cases, facts=facts), settings, asking=False).outcome
                other_side = (truth == NOT_DOCUMENTED) if value >= 0 else (truth != NOT_DOCUMENTED)
                decides |= (outcome != base.outcome) & other_side
        else:
            for flip in (0, 1, 2):
                if (truth == flip).all():
                    continue
                assumed = {name: flip}
                outcome = determine(policy, cases, settings, assumed=assumed, planes=planes, asking=False).outcome
                decides |= (outcome != base.outcome) & (truth != flip)
        yield name, truth, decides & (truth <= 2)


def cover(policy: Policy, asked: Sequence[Batch], readings: Readings) -> Coverage:
    """What the vignettes reach of all that each reading's criteria can decide; ProblemsFound where that is unknown."""
    *_, found = covering(policy, asked, readings)
    for wrong in found.unseen.values():
        raise wrong
    return found


def covering(policy: Policy, asked: Sequence[Batch], readings: Readings) -> Iterator[Coverage]:
    """The same as it grows: with what is reached, then with what is not, pathway by pathway of each reading."""
    found = Coverage()
    order = list(policy.pathways)
    for batch in asked:
        settings = batch.settings(policy)
        where = determine(policy, batch.cases, settings, asking=False).pathway
        for name, truth, decides in deciding(policy, batch.cases, settings):
            for row in np.flatnonzero(decides & (where >= 0)):
                goal = (batch.reading, order[where[row]], name, int(truth[row]))
                vignette = batch.vignettes[row]
                found.covered.setdefault(goal, f"{vignette.place} {vignette.name}")
    yield found
    for reading, provisions in readings.items():
        for pathway in policy.pathways:
            try:
                for criterion in criteria_of(policy, policy.pathways[pathway].rule):
                    _offers(policy, provisions, (reading, pathway, criterion), found)
            except ProblemsFound as wrong:
                found.unseen[pathway] = wrong
            yield found


def criteria_of(policy: Policy, rule: Rule) -> list[str]:
    """Every criterion that a rule reads under one setting or another."""
    names: dict[str, None] = {}
    for below in rule.walk():
        names |= {below.asked.criterion: None} if below.asked else {}
        names |= dict.fromkeys(inner.criterion for _, inner in policy.requirements(below))
    return list(names)


def _offers(policy: Policy, provisions: Mapping[str, object], key: tuple[str, str, str], found: Coverage) -> None:
    """For the states not reached yet: a case that would reach it, or the finding that there is none."""
    reading, pathway, criterion = key
    missing = [t for t in range(3) if (reading, pathway, criterion, t) not in found.covered]
    for levers in activations(policy, pathway, criterion) if missing else ():
        settings = policy.settings({**provisions, **levers})
        space = Ground.of([settings]).space([pathway], focus=criterion)
        if not space.rows:
            continue
        cases = as_cases(space.rows, policy)
        outcome = determine(policy, cases, settings, asking=False).outcome
        for _, truth, decides in deciding(policy, cases, settings, [criterion]):
            for state in list(missing):
                rows = np.flatnonzero(decides & (truth == state))
                if len(rows):
                    row = int(min(rows, key=lambda i: (len(space.rows[i]), i)))
                    missing.remove(state)
                    offer = Offer(dict(levers), space.case(row), OUTCOMES[outcome[row]])
                    found.uncovered[reading, pathway, criterion, state] = offer
        if not missing:
            break
    found.idle += [(reading, pathway, criterion, state) for state in missing]


def activations(policy: Policy, pathway: str, criterion: str) -> Iterator[dict[str, str]]:
    """Levers to set so that a pathway asks for a criterion, the fewest first; then each of its actions besides."""
    seen: list[dict[str, str]] = []
    for levers in _conditions(policy, policy.pathways[pathway].rule, criterion):
        if levers not in seen:
            seen.append(levers)
    seen.sort(key=len)
    yield from seen
    actions = _actions(policy, policy.pathways[pathway].rule)
    for levers, words in islice(product(seen, product(*actions.values())), MOST_SETTINGS_TRIED):
        more = {**levers, **dict(zip(actions, words, strict=True))}
        if more not in seen:
            yield more


def _actions(policy: Policy, rule: Rule) -> dict[str, list[str]]:
    """The levers that name what follows, or when, in a rule: a choice with all its words, a number with those named."""
    steps = rule.steps()
    found = {
        name: list(policy.levers[name].choices or ()) for name in {s.outcome for s in steps} & policy.levers.keys()
    }
    for step in steps:
        for condition in _words(policy, step.while_):
            for name, value in condition.items():
                default = policy.levers[name].default
                known = found.setdefault(name, list(policy.levers[name].choices or [default]))
                known += [] if value in known else [value]
    return {name: found[name] for name in sorted(found)}


def _conditions(policy: Policy, rule: Rule, criterion: str) -> Iterator[dict[str, str]]:
    """For each place of a rule that asks for a criterion: the settings of levers under which it does."""
    for _, below, needs in placed_rules(rule):
        above = [condition for condition, holds in needs if holds]
        for entry, inner in policy.requirements(below):
            if inner.criterion == criterion:
                yield from _words(policy, *above, entry.while_, *([inner.while_] if inner is not entry else []))
        for step in below.steps() if below.requires else ():
            if step.when == criterion:
                yield from _words(policy, *above, step.while_)
        if below.asked and below.asked.criterion == criterion:
            yield from _words(policy, *above)


def _words(policy: Policy, *conditions: While) -> Iterator[dict[str, str]]:
    """The settings that make some conditions hold."""
    named = [(name, words) for condition in conditions for name, words in condition.items()]
    choices = [
        [str(policy.levers[name].on) if word == "on" and policy.levers[name].off_allowed else word for word in words]
        for name, words in named
    ]
    for words in product(*choices):
        yield {name: word for (name, _), word in zip(named, words, strict=True)}
