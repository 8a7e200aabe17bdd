"""One case in words: each criterion with truth, value, threshold and distance, and what would change the outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import Planes
from policy.determinations.results import outcomes_of
from policy.evaluation.evaluation import Evaluation, evaluate
from policy.evaluation.kleene import MET, SETTLED, WORDS
from policy.evaluation.pathways import diagnosis_group
from policy.evaluation.reading import closing_of
from policy.explanation.details import details
from policy.model import OUTCOMES, Policy, Settings, Value
from policy.trees.policies import CLOSING, conditions, criteria_read, levers_read, notice_levers, outcome_levers

NOT_A_DENIAL = {
    "not_met": "a recommendation to a clinician, never an automatic denial",
    "pend": "information is needed",
    "review": "the policy has no computable answer: a clinician judges",
    "mismatch": "the procedure does not belong to the diagnosis",
    "out_of_scope": "this policy does not cover the code",
    "met": "all that the policy asks for is documented",
}


@dataclass(frozen=True)
class Reason:
    """One criterion of one case: truth 0, 1, 2; `details`: value, threshold and distance of each test in force."""

    criterion: str
    truth: int
    says: str
    citation: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Why one case has its outcome, and what would change it."""

    case_id: str
    heading: str
    outcome: str
    why: str
    reasons: tuple[Reason, ...]
    ask: tuple[str, ...]
    changes: tuple[str, ...]

    def text(self) -> str:
        """The explanation as lines for a person."""
        meaning = NOT_A_DENIAL[self.outcome]
        if self.outcome == "pend" and not self.ask:
            meaning = "the policy lets it wait; no document that it reads would change that"
        lines = [f"Case {self.case_id}: {self.heading}", f"Outcome: {self.outcome} ({meaning})", self.why]
        lines += [""] * bool(self.reasons)
        for reason in self.reasons:
            lines.append(f"  {WORDS[reason.truth]:<15} {reason.criterion}: {reason.says}")
            lines += [f"{'':18}{detail}" for detail in (*reason.details, f"source: {reason.citation}")]
        changes = (f"  - {change}" for change in self.changes or ("nothing that this policy reads",))
        return "\n".join([*lines, "", "What would change the outcome", *changes])


def explain(
    policy: Policy, cases: Cases, row: int, settings: Settings, *, changing: bool = True
) -> Explanation:  # fmt: skip
    """Explain the case at position `row`; without `changing` it is not looked for what would change the outcome."""
    one = cases.take(np.array([row]))
    one = replace(one, dx=one.dx.remove_unused_categories(), cpt=one.cpt.remove_unused_categories())
    d = determine(policy, one, settings)
    words = d.frame().iloc[0]
    evaluation = Evaluation(settings, Rows.of(one))
    reasons = []
    for name, value in d.truths.items():
        if int(value[0]) in (0, 1, 2):
            criterion = policy.criteria[name]
            lines = tuple(map(str, details(evaluation, criterion.test)))
            reasons.append(Reason(name, int(value[0]), settings.says(name), criterion.citation, lines))
    dx, cpt = str(one.dx[0]), str(one.cpt[0])
    group = diagnosis_group(policy, dx)
    labels = {code: x.label for family in policy.procedures.values() for code, x in family.codes.items()}
    heading = f"{dx} ({policy.diagnoses[group].label if group else 'outside this policy'}), {cpt}"
    heading += f" ({labels.get(cpt, 'outside this policy')})" + (
        f", pathway {words['pathway']}" if words["pathway"] else ""
    )
    ask = tuple(str(words["ask"]).split(";")) if words["ask"] else ()
    changes = [f"document {name}: {policy.fields_[name].ask}" for name in ask]
    if changing:
        short = [reason.criterion for reason in reasons if reason.truth < MET]
        changes += [*_criteria(settings, one, short), *_levers(settings, one)]
    outcome, why = str(words["outcome"]), f"Because: {words['reasons']}"
    return Explanation(str(one.ids[0]), heading, outcome, why, tuple(reasons), ask, tuple(changes))


class _Outcomes:
    """The outcome of one case under one setting after the other; `levers`: those on which it can depend."""

    def __init__(self, one: Cases):
        [(self.position, _, self.rows)] = Planes(one).by_pathway
        policy, self.known = one.policy, dict[tuple[object, ...], str]()
        self.levers: list[str] = []
        if self.position >= 0:
            rule = policy.rules()[self.position]
            self.tests = {name: policy.criteria[name].test for name in criteria_read(policy, rule)}
            self.conditions = conditions(policy, rule)
            self.words = {CLOSING, *notice_levers(policy), *outcome_levers(policy, rule)}
            self.levers = [name for name in policy.levers if name in self.words | levers_read(policy, rule)]

    def at(self, settings: Settings, met: Sequence[str] = ()) -> str:
        """The outcome word; `met`: criteria that are taken for met."""
        truths = dict.fromkeys(met, SETTLED[MET])
        reading = evaluate(Evaluation(settings, self.rows, truths, asking=False), self.position)
        return OUTCOMES[int(outcomes_of(reading, 1, closing_of(settings))[0])]

    def moved(self, settings: Settings, lever: str) -> str:
        """The same after a lever moved: evaluated anew only where a test, a condition or a word that it sets is new."""
        truths = Evaluation(settings, self.rows)
        read = (int(truths.codes(name)[0]) for name, test in self.tests.items() if lever in test.levers())
        held = (settings.holds(condition) for condition in self.conditions if lever in condition)
        key = (lever, settings[lever] if lever in self.words else None, *read, *held)
        if key not in self.known:
            self.known[key] = self.at(settings)
        return self.known[key]


def criterion_changes(settings: Settings, one: Cases, short: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What follows if the criteria that fall short (`short`) were met, one by one and together: names, outcome."""
    if any(settings.policy.criteria[name].test.else_missing for name in short):
        return  # what a record will say when it speaks is not known
    case = _Outcomes(one)
    before = case.at(settings)
    for names in [*((name,) for name in short), *([tuple(short)] if len(short) > 1 else [])]:
        after = case.at(settings, names)
        if after != before:
            yield names, after


def _criteria(settings: Settings, one: Cases, short: Sequence[str]) -> Iterator[str]:
    for names, after in criterion_changes(settings, one, short):
        if len(names) > 1:
            yield f"{' and '.join(names)} together: were they met, the outcome would be {after}"
        else:
            alone = " alone" if len(short) > 1 else ", the only cause"
            yield f"{names[0]}{alone}: were it met, the outcome would be {after}"


def lever_changes(settings: Settings, one: Cases) -> Iterator[tuple[str, Value, str]]:
    """For each lever, the nearest legal values at which this case's outcome differs: lever, value, outcome."""
    case, held = _Outcomes(one), dict(settings)
    before = case.at(settings)
    for name in case.levers:
        lever = settings.policy.levers[name]
        values = lever.values()
        here = values.index(settings[name])
        directions = [values[here + 1 :], values[:here][::-1]]
        if settings[name] is None and lever.direction == "stricter_when_lower":
            directions = [values[:0:-1]]
        for direction in directions:
            for value in direction:
                after = case.moved(Settings(settings.policy, {**held, name: value}), name)
                if after != before:
                    yield name, value, after
                    if lever.domain:
                        break


def _levers(settings: Settings, one: Cases) -> Iterator[str]:
    for name, value, after in lever_changes(settings, one):
        lever = settings.policy.levers[name]
        yield f"lever {name} at {lever.show(value)} instead of {lever.show(settings[name])}: {after}"
