"""One case in words: each criterion with truth, value, threshold and distance, and what would change the outcome."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from policy.cases import Cases, day_of, half_months, half_months_of_days
from policy.evaluation import Evaluation, Memory, determine, diagnosis_group
from policy.model import OUTCOMES, UNITS, Mean, Policy, Settings, Test, unit_word
from policy.truth import MET, WORDS

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
        lines = [
            f"Case {self.case_id}: {self.heading}",
            f"Outcome: {self.outcome} ({meaning})",
            self.why,
            "",
        ]
        for reason in self.reasons:
            lines.append(f"  {WORDS[reason.truth]:<15} {reason.criterion}: {reason.says}")
            lines += [f"{'':18}{detail}" for detail in (*reason.details, f"source: {reason.citation}")]
        lines += [
            "",
            "What would change the outcome",
            *(f"  - {change}" for change in self.changes or ("nothing that this policy reads",)),
        ]
        return "\n".join(lines)


def explain(policy: Policy, cases: Cases, row: int, settings: Settings) -> Explanation:
    """Explain the case at position `row`."""
    one = cases.take(np.array([row]))
    d = determine(policy, one, settings)
    words = d.frame().iloc[0]
    evaluation = Evaluation(settings, one, np.array([0]))
    reasons = []
    for name, value in d.truths.items():
        if int(value[0]) in (0, 1, 2):
            criterion = policy.criteria[name]
            details = tuple(_details(evaluation, criterion.test))
            reasons.append(Reason(name, int(value[0]), settings.says(name), criterion.citation, details))
    dx, cpt = str(one.dx[0]), str(one.cpt[0])
    group = diagnosis_group(policy, dx)
    labels = {code: x.label for family in policy.procedures.values() for code, x in family.codes.items()}
    heading = f"{dx} ({policy.diagnoses[group].label if group else 'outside this policy'}), {cpt}"
    heading += f" ({labels.get(cpt, 'outside this policy')})" + (
        f", pathway {words['pathway']}" if words["pathway"] else ""
    )
    ask = tuple(str(words["ask"]).split(";")) if words["ask"] else ()
    memory = Memory(one, lasting=False)
    changes = _documents(policy, ask) + _criteria(policy, one, memory, settings, reasons)
    changes += _levers(policy, one, memory, settings)
    return Explanation(
        str(one.ids[0]),
        heading,
        str(words["outcome"]),
        f"Because: {words['reasons']}",
        tuple(reasons),
        ask,
        tuple(changes),
    )


def _documents(policy: Policy, ask: tuple[str, ...]) -> list[str]:
    return [f"document {name}: {policy.fields_[name].ask}" for name in ask]


def _outcome(one: Cases, memory: Memory, settings: Settings, assumed: dict[str, np.int8] | None = None) -> str:
    found = determine(one.policy, one, settings, assumed=assumed, memory=memory, asking=False)
    return OUTCOMES[int(found.outcome[0])]


def _criteria(policy: Policy, one: Cases, memory: Memory, settings: Settings, reasons: list[Reason]) -> list[str]:
    """What follows if the criteria that are not met (or not documented) were met, one by one and together."""
    before = _outcome(one, memory, settings)
    short = [r.criterion for r in reasons if r.truth < MET]
    lines: list[str] = []
    if any(policy.criteria[name].test.states for name in short):
        return lines  # what a record will say when it speaks is not known
    for name in short:
        after = _outcome(one, memory, settings, {name: MET})
        if after != before:
            alone = " alone" if len(short) > 1 else ", the only cause"
            lines.append(f"{name}{alone}: were it met, the outcome would be {after}")
    if len(short) > 1:
        after = _outcome(one, memory, settings, dict.fromkeys(short, MET))
        if after != before:
            lines.append(f"{' and '.join(short)} together: were they met, the outcome would be {after}")
    return lines


def _levers(policy: Policy, one: Cases, memory: Memory, settings: Settings) -> list[str]:
    """For each lever, the nearest legal values at which this case's outcome differs."""
    before = _outcome(one, memory, settings)
    lines = []
    for name, lever in policy.levers.items():
        values = lever.values()
        here = values.index(settings[name])
        directions = [values[here + 1 :], values[:here][::-1]]
        if settings[name] is None and lever.direction == "stricter_when_lower":
            directions = [values[:0:-1]]
        for direction in directions:
            for value in direction:
                after = _outcome(one, memory, Settings(policy, {**settings, name: value}))
                if after != before:
                    lines.append(
                        f"lever {name} at {lever.show(value)} instead of {lever.show(settings[name])}: {after}"
                    )
                    if lever.domain:
                        break
    return lines


def _details(evaluation: Evaluation, test: Test, negated: bool = False) -> list[str]:
    """Value, threshold and distance of each comparison that is in force."""
    parts = test.all_of or test.any_of or test.none_of or (test.count.of if test.count else ())
    if any(part.lever and evaluation.test(part) != MET for part in test.all_of or ()):
        return []
    negated ^= test.none_of is not None
    lines = [line for part in parts for line in _details(evaluation, part, negated)]
    for name in test.fields():
        lines.append(f"{name}: {_value(evaluation, name)}{_needed(evaluation, test, name, negated)}")
    if test.mean:
        lines.append(_mean(evaluation, test.mean))
    return lines


def _mean(evaluation: Evaluation, mean: Mean) -> str:
    """The mean of several facts with its distance, in the lever's unit."""
    values = [int(evaluation.fact(name)[0]) for name in mean.of]
    threshold = evaluation.threshold(mean.of[0], mean.reaches)
    if min(values) < 0 or threshold is None:
        return "mean: not known"
    short = threshold - Fraction(sum(values), len(values))
    shown = [_percent(v) for v in (threshold - short, short)]
    return f"mean: {shown[0]}; " + (f"{shown[1]} short" if short > 0 else "reached")


def _percent(hundredths: Fraction) -> str:
    return f"{float(hundredths) / 100:.3f}".rstrip("0").rstrip(".") + " %"


def _value(evaluation: Evaluation, name: str) -> str:
    kind, value = evaluation.policy.fields_[name], int(evaluation.fact(name)[0])
    if kind.type == "months":
        onset, request, days = (int(evaluation.fact(str(c))[0]) for c in (kind.onset, kind.request, kind.days))
        if onset >= 0 and request >= 0:
            return f"from {day_of(onset)} to {day_of(request)}"
        return f"{days} days" if days >= 0 else "not documented"
    if value < 0:
        known = f"at least {_amount(-1 - value, kind.type, kind.unit)}, " if value < -1 else ""
        return f"{known}how many is not documented" if known else "not documented"
    if kind.type == "boolean":
        return ("false", "true")[value]
    return kind.choices[value] if kind.type == "choice" else _amount(value, kind.type, kind.unit)


def _amount(value: int, kind: str, unit: str | None) -> str:
    if kind == "percent":
        return _percent(Fraction(value))
    return f"{value} {unit_word(unit, value)}"


def _needed(evaluation: Evaluation, test: Test, name: str, negated: bool) -> str:
    """The threshold with its distance, or the words allowed."""
    kind, reference = evaluation.policy.fields_[name], test.reference()
    if reference is None:
        words = (test.equals or test.states or {}).get(name, ())
        return f" (asked for: {'not ' * negated}{' or '.join(words)})" if words else ""
    threshold = evaluation.threshold(name, reference)
    if threshold is None:
        return " (lever off: not asked for)"
    verbs = {"less_than": "less than", "more_than": "more than", "mean": "mean of at least"}
    verb = verbs.get(test.kind, "at least")
    lever = evaluation.policy.levers.get(reference)
    shown = lever.show(evaluation.settings[reference]) if lever else _amount(int(reference), kind.type, kind.unit)
    return f" (needed: {verb} {shown}{_distance(evaluation, test, name, threshold, lever.unit if lever else None)})"


def _distance(evaluation: Evaluation, test: Test, name: str, threshold: int, unit: str | None) -> str:
    kind, value = evaluation.policy.fields_[name], int(evaluation.fact(name)[0])
    if value < 0 or test.mean:
        return ""
    if kind.type == "months":
        days = _days_short(evaluation, kind, threshold + bool(test.more_than))
        return f"; {days} day{'s' * (days != 1)} short" if days else "; reached"
    short = value - threshold + 1 if test.less_than else threshold + bool(test.more_than) - value
    if short <= 0:
        return "; reached"
    steps = UNITS.get(unit or "", 1)
    in_unit = f" ({short // steps} {unit_word(unit, short // steps)})" if steps > 1 and not short % steps else ""
    in_unit = "" if unit == "percent" else in_unit
    return f"; {_amount(short, kind.type, kind.unit)} {'too many' if test.less_than else 'short'}{in_unit}"


def _days_short(evaluation: Evaluation, kind: Any, wanted: int) -> int:
    """Days until a duration reaches `wanted` half months (0 when it does)."""
    later = np.arange(0, 31 * (wanted // 2 + 2))
    onset, request, days = (int(evaluation.fact(c)[0]) for c in (kind.onset, kind.request, kind.days))
    if onset >= 0 and request >= 0:
        reached = half_months(np.full(len(later), onset), request + later) >= wanted
    else:
        reached = half_months_of_days(days + later) >= wanted
    return int(np.argmax(reached))
