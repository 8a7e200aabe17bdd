"""One case in words: each criterion with truth, value, threshold and distance, and what would change the outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import Planes
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, WORDS
from policy.evaluation.pathways import diagnosis_group
from policy.explanation.details import details
from policy.model import OUTCOMES, Policy, Settings, Value

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


def _outcome(one: Cases, planes: Planes, settings: Settings, assumed: dict[str, int] | None = None) -> str:
    found = determine(one.policy, one, settings, assumed=assumed, planes=planes, asking=False)
    return OUTCOMES[int(found.outcome[0])]


def criterion_changes(settings: Settings, one: Cases, short: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What follows if the criteria that fall short (`short`) were met, one by one and together: names, outcome."""
    if any(settings.policy.criteria[name].test.else_missing for name in short):
        return  # what a record will say when it speaks is not known
    planes = Planes(one)
    before = _outcome(one, planes, settings)
    for names in [*((name,) for name in short), *([tuple(short)] if len(short) > 1 else [])]:
        after = _outcome(one, planes, settings, dict.fromkeys(names, int(MET)))
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
    planes = Planes(one)
    before = _outcome(one, planes, settings)
    for name, lever in settings.policy.levers.items():
        values = lever.values()
        here = values.index(settings[name])
        directions = [values[here + 1 :], values[:here][::-1]]
        if settings[name] is None and lever.direction == "stricter_when_lower":
            directions = [values[:0:-1]]
        for direction in directions:
            for value in direction:
                after = _outcome(one, planes, Settings(settings.policy, {**settings, name: value}))
                if after != before:
                    yield name, value, after
                    if lever.domain:
                        break


def _levers(settings: Settings, one: Cases) -> Iterator[str]:
    for name, value, after in lever_changes(settings, one):
        lever = settings.policy.levers[name]
        yield f"lever {name} at {lever.show(value)} instead of {lever.show(settings[name])}: {after}"
