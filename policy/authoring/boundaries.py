"""Vignettes at the boundary of every numeric lever, as a file for an author to judge: a help, not evidence.

For each lever a case in which the criterion that reads it decides; in it the fact that is held against the lever is one
step below, at, one step above the threshold, and missing. What the policy answers today stands as expectation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from policy.authoring.coverage import activations, criteria_of, deciding
from policy.authoring.enumeration import Ground, Row, as_cases
from policy.authoring.facts import column_of, days_of, values
from policy.bits.rows import Rows
from policy.case_files.written import as_written
from policy.determinations.determination import determine
from policy.determinations.results import LENIENCY
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET
from policy.model import OUTCOMES, CaseField, Policy, Settings, is_number
from policy.trees.tests import in_force

NAMES = ("below", "at", "above", "missing")


@dataclass(frozen=True)
class Boundary:
    """One vignette to be: what it is about, the levers to set, the case and today's outcome."""

    lever: str
    field: str
    where: str
    provisions: Mapping[str, str]
    case: Row
    outcome: str


def boundaries(policy: Policy) -> Iterator[Boundary]:
    """The vignettes of every numeric lever that some rule reads."""
    for name, lever in policy.levers.items():
        if lever.domain:
            yield from _boundary(policy, name, str(lever.on) if lever.default == "off" else lever.default)


def boundary_file(policy: Policy) -> str:
    """The vignettes as one file in the form of those that ship."""
    lines = [
        f"# Generated from {policy.name}: what it answers today at the boundary of every numeric lever.",
        "# Judge each expectation against the sources, mend what is wrong, delete what is of no use.",
        f"# {policy.notice}",
        "cell: boundaries of the numeric levers",
        f"about: generated from {policy.name}, not yet judged by a person",
        "case: {}",
        "vignettes:",
    ]
    for found in boundaries(policy):
        lines.append(f"  - name: {found.lever}, {found.field} {found.where}")
        if found.provisions:
            lines.append(f"    set: {{{', '.join(f'{k}: {_quoted(v)}' for k, v in found.provisions.items())}}}")
        lines.append(f"    change: {{{', '.join(f'{k}: {_quoted(v)}' for k, v in found.case.items())}}}")
        lines.append(f"    expect: {{default: {found.outcome}}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _boundary(policy: Policy, name: str, value: str) -> Iterator[Boundary]:
    for criterion in [c for c, x in policy.criteria.items() if name in x.test.levers()]:
        for pathway in [w for w, x in policy.pathways.items() if criterion in criteria_of(policy, x.rule)]:
            for levers in activations(policy, pathway, criterion):
                provisions = levers | ({name: value} if value != policy.levers[name].default else {})
                settings = policy.settings(provisions)
                base = _met(settings, pathway, criterion)
                told = _variants(settings, criterion, name) if base else None
                found = _decided_by(settings, base, criterion, told[1]) if base and told else None
                if found and told:
                    for where, changes in told[1].items():
                        case = _admitted({**found, **changes}, policy)
                        outcome = determine(policy, as_cases([case], policy), settings, asking=False).outcome[0]
                        yield Boundary(name, told[0], where, provisions, case, OUTCOMES[outcome])
                    return


def _met(settings: Settings, pathway: str, criterion: str) -> Row | None:
    """The smallest case of the most lenient outcome in which a criterion is met and decides."""
    space = Ground.of([settings]).space([pathway], focus=criterion)
    if not space.rows:
        return None
    cases = space.cases(settings.policy)
    leniency = LENIENCY[determine(settings.policy, cases, settings, asking=False).outcome]
    for _, truth, decides in deciding(settings.policy, cases, settings, [criterion]):
        rows = np.flatnonzero(decides & (truth == MET))
        if len(rows):
            return space.case(int(min(rows, key=lambda i: (-leniency[i], len(space.rows[i]), i))))
    return None


def _variants(settings: Settings, criterion: str, name: str) -> tuple[str, dict[str, Row]] | None:
    """The fact held against a lever, and how it is written below, at and above the threshold, and missing."""
    policy, number = settings.policy, settings.number(name)
    for test, _ in in_force(settings, policy.criteria[criterion].test):
        if test.counts and set(test.points) == {1} and test.reference() == name and number is not None:
            fields = test.facts()
            if any(policy.fields_[field].type != "boolean" for field in fields):
                return None
            told = _counted(fields, int(number))
            if any(policy.fields_[field].required for field in fields):
                del told["missing"]
            return "how many", told
        for field in test.fields():
            kind = policy.fields_[field]
            of_its_unit = kind.unit == policy.levers[name].unit and is_number(str(test.reference()))
            if (test.reference() == name or of_its_unit) and number is not None and not test.sums:
                column = kind.column(field)
                texts = _texts(kind, int(number * policy.grid_steps(field, name)))[: 3 if kind.required else None]
                return column, {w: {column: t} for w, t in zip(NAMES, texts, strict=False) if t is not None}
    return None


def _decided_by(settings: Settings, base: Row, criterion: str, variants: Mapping[str, Row]) -> Row | None:
    """The case with the least facts around a fact such that its criterion is another below the threshold than at it."""
    policy = settings.policy
    changed = next(iter(variants.values())).keys()
    columns = {f: column_of(f, [policy]) for f in policy.criteria[criterion].test.facts()}
    facts = {f: column for f, column in columns.items() if column not in changed}
    rest = {k: v for k, v in base.items() if k not in facts.values() and k not in changed}
    choices = list(product(*(values(fact, [settings]) for fact in facts)))
    choices.sort(key=lambda row: sum(map(bool, row)))
    sides = [variants[word] for word in NAMES[:3] if word in variants]
    if not sides:  # the threshold lies outside the range of the fact
        return None
    rows = [{**rest, **dict(zip(facts.values(), row, strict=True)), **told} for row in choices for told in sides]
    rows = [{k: v for k, v in row.items() if v} for row in rows]
    table = as_cases(rows, policy, keep_good=True)
    truth = np.full(len(rows), -1)  # what the case reader refuses is no case on this side
    truth[table.ids.astype(int)] = Evaluation(settings, Rows.of(table)).codes(criterion)
    each = truth.reshape(-1, len(sides))
    apart = np.flatnonzero((each.max(axis=1) == MET) & (each.min(axis=1) <= 0))
    return rows[len(sides) * int(apart[0]) + int(each[apart[0]].argmax())] if len(apart) else None


def _texts(kind: CaseField, at: int) -> list[str | None]:
    """The fact a step below, at and above the threshold (None: outside its range), and missing."""
    if not kind.told:
        days = days_of(kind, at)
        return [str(days - 1) if days else None, str(days), str(days + 1), ""]
    low, high = kind.span
    inside = [v if low <= v <= high else None for v in (at - 1, at, at + 1)]
    return [None if v is None else as_written(kind, v) for v in inside] + [""]


def _counted(fields: Sequence[str], least: int) -> dict[str, Row]:
    """A count of yes and no facts: one too few, just enough, one more, and one too few with the rest missing."""
    found: dict[str, Row] = {}
    for where, number in zip(NAMES[:3], (least - 1, least, least + 1), strict=True):
        if 0 <= number <= len(fields):
            found[where] = {field: "true" if i < number else "false" for i, field in enumerate(fields)}
    known = {field: "true" if i < least - 1 else "" for i, field in enumerate(fields)}
    return {**found, "missing": known}


def _admitted(case: Row, policy: Policy) -> Row:
    """The case without empty columns and without what contradicts the other facts."""
    row = {k: v for k, v in case.items() if v}
    rejected: Sequence[str] = as_cases([row], policy, keep_good=True).rejected["column"].tolist()
    return {k: v for k, v in row.items() if k not in rejected}
