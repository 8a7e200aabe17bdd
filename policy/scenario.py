"""Named provisions over a policy: levers moved, criteria added to or removed from pathways, and what is expected.

A provision asserts what it moves `from` and a scenario may pin its `baseline` by fingerprint, so that neither is ever
read over a policy that has changed since. An edit of criteria gives a new policy, checked as any policy is.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy import document
from policy.model import Id, Pathway, Policy, Record, Requirement, Rule, StatementId, Text, Whole, Words, Written
from policy.problems import Finding, Problem, ProblemsFound, listed, nearest, shown
from policy.reading import located, read_text
from policy.validation import check_policy

Measure = Literal[
    "approval_pct", "approval_change_points", "moved", "looser", "stricter",
    "met", "not_met", "pend", "review", "mismatch", "out_of_scope",
    "met_change", "not_met_change", "pend_change", "review_change", "mismatch_change", "out_of_scope_change",
]  # fmt: skip
MEASURES: tuple[str, ...] = get_args(Measure)


def as_provision(value: object) -> object:
    """A plain value is what the lever moves to."""
    return {"to": value} if isinstance(value, str) else value


def as_name(value: object) -> object:
    """A plain name is a population."""
    return {"name": value} if isinstance(value, str) else value


def number(text: object) -> object:
    """'-1.5' as a decimal number."""
    if not isinstance(text, (str, Decimal)) or not re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?", str(text)):
        raise PydanticCustomError("number", "is not a number such as 12 or -1.5")
    return Decimal(text)


Number = Annotated[Decimal, BeforeValidator(number)]


class Provision(Record):
    """One lever moved: `to` a value, `from` the one that the baseline is asserted to have."""

    to: Written
    from_: Written | None = Field(None, alias="from")
    because: Text | None = None
    citation: Text | None = None


class Edit(Record):
    """One criterion added `to`, or removed `from`, some pathways: everywhere that they require anything."""

    add: Id | None = None
    to: Words = ()
    remove: Id | None = None
    from_: Words = Field((), alias="from")
    because: Text
    citation: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Edit":
        if [bool(self.add), bool(self.to)] == [bool(self.remove), bool(self.from_)] or bool(self.add) != bool(self.to):
            raise PydanticCustomError("edit", "needs either add and to, or remove and from")
        return self

    def __str__(self) -> str:
        verb, way = ("add", "to") if self.add else ("remove", "from")
        return f"{verb} {self.add or self.remove} {way} {', '.join(self.to or self.from_)}"


class Drawn(Record):
    """The population to ask, where the person who runs the scenario names none."""

    name: Text
    size: Whole | None = None
    seed: Whole | None = None


class Bounds(Record):
    """What a measure of the result is expected to be."""

    at_least: Number | None = None
    at_most: Number | None = None
    because: Text | None = None

    @model_validator(mode="after")
    def _some(self) -> "Bounds":
        if self.at_least is None and self.at_most is None:
            raise PydanticCustomError("bounds", "needs at_least, at_most or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise PydanticCustomError("bounds", "can never hold: at_least is above at_most")
        return self

    def __str__(self) -> str:
        ends = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{words} {end}" for words, end in ends if end is not None)


class Scenario(Record):
    """Named provisions over a policy, with the reason for each."""

    schema_: Literal["scenario/1"] = Field(alias="schema")
    id: Id
    label: Text
    policy: Text
    baseline: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12,64}$")] | None = None
    because: Text
    citation: Text | None = None
    read: Text | None = None  # when the source was read
    status: Text | None = None
    applies_to: dict[Id, tuple[Id, ...]] = Field(default_factory=dict)  # procedure -> diagnoses; empty: every request
    statements: tuple[StatementId, ...] = ()
    not_modelled: tuple[Text, ...] = ()  # terms of the source that no lever can express
    provisions_: dict[
        Id, Annotated[Provision, BeforeValidator(as_provision, json_schema_input_type=Written | Provision)]
    ] = Field(default_factory=dict, alias="provisions")
    criteria: tuple[Edit, ...] = ()
    population: Annotated[Drawn, BeforeValidator(as_name, json_schema_input_type=Text | Drawn)] | None = None
    assumptions: dict[Id, dict[Text, Number]] = Field(default_factory=dict)  # variable -> value -> % of requests
    expect: dict[Measure, Bounds] = Field(default_factory=dict)

    @property
    def provisions(self) -> dict[str, str]:
        """Lever -> the value it moves to, as written."""
        return {lever: provision.to for lever, provision in self.provisions_.items()}


def load_scenario(path: str | Path, policy: Policy) -> Scenario:
    """A scenario file that is legal for `policy`; raises ProblemsFound with every problem and its line."""
    path = Path(path)
    place = path.name if path.is_relative_to(document.DOCUMENTS.parent.parent) else str(path)
    scenario, node = document.parse(read_text(path), place, Scenario)
    problems = located(_problems(scenario, policy), place, node)
    if problems:
        raise ProblemsFound(problems)
    return scenario


def _problems(scenario: Scenario, policy: Policy) -> Iterator[Finding]:
    if scenario.policy not in (policy.id, policy.name):
        message = f"is a scenario for {scenario.policy}, but the policy is {policy.name}"
        yield Finding("scenario-policy", ("policy",), message)
        return
    if scenario.baseline and not policy.fingerprint.startswith(scenario.baseline):
        yield Finding("baseline", ("baseline",), _other_baseline(scenario.baseline, policy))
    try:
        policy.settings(scenario.provisions)
    except ProblemsFound as found:
        for p in found.problems:
            yield Finding(p.code, ("provisions", p.place), p.message)
    for name, provision in scenario.provisions_.items():
        if name in policy.levers and provision.from_ is not None:
            yield from _stale(policy, name, provision.from_)
    for procedure, diagnoses in scenario.applies_to.items():
        if procedure not in policy.procedures:
            message = f"no procedure is called {shown(procedure)}"
            yield Finding("applies-to", ("applies_to", procedure), message, procedure, policy.procedures)
        for place, diagnosis in enumerate(diagnoses):
            if diagnosis not in policy.diagnoses:
                message = f"no diagnosis is called {shown(diagnosis)}"
                yield Finding("applies-to", ("applies_to", procedure, place), message, diagnosis, policy.diagnoses)
    try:
        edited(policy, scenario.criteria)
    except ProblemsFound as found:
        for p in found.problems:
            yield Finding(p.code, ("criteria", int(p.place)), p.message)


def _stale(policy: Policy, name: str, asserted: str) -> Iterator[Finding]:
    """Whether the policy as it stands has the value that a provision moves from."""
    lever, path = policy.levers[name], ("provisions", name, "from")
    stands = lever.check(lever.default)
    try:
        value = lever.check(asserted)
    except ValueError as error:
        yield Finding("lever-value", path, str(error))
        return
    if value != stands:
        message = f"moves from {lever.show(value)}, but {policy.name} has {lever.show(stands)}: the scenario is stale"
        yield Finding("stale", path, message)


def _other_baseline(pinned: str, policy: Policy) -> str:
    """Which policy has the fingerprint that is asked for, if any that ships."""
    versions = [document.load(file) for file in document.shipped().values()]
    known = [version.name for version in versions if version.fingerprint.startswith(pinned)]
    ship = listed(version.name for version in versions)
    elsewhere = f"{listed(known)} has it" if known else f"no version that ships has it ({ship})"
    here = f"{policy.name} has fingerprint {policy.fingerprint[:12]}"
    return f"the baseline is pinned to {pinned[:12]}, but {here}; {elsewhere}"


# Criteria added and removed ------------------------------------------------------------------------------------------


def edited(policy: Policy, edits: Sequence[Edit]) -> Policy:
    """The policy with its pathways requiring more or less; the same object without edits.

    A new policy, checked as any is, with a fingerprint of its own and without the worked examples, which speak of the
    other one. Raises ProblemsFound; each place is the position of an edit.
    """
    if not edits:
        return policy
    problems = []
    pathways = dict(policy.pathways)
    for position, edit in enumerate(edits):
        for message in _edit(policy, pathways, edit):
            problems.append(Problem("criteria", str(position), f"{edit}: {message}"))
    if problems:
        raise ProblemsFound(problems)
    content = policy.model_copy(update={"pathways": pathways, "examples": ()})
    new = Policy.model_validate(content.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    if findings := list(check_policy(new)):
        raise ProblemsFound(Problem(f.code, "0", f.message) for f in findings)
    return new


def _edit(policy: Policy, pathways: dict[str, Pathway], edit: Edit) -> Iterator[str]:
    """Change `pathways`; what is wrong with the edit comes out."""
    criterion = str(edit.add or edit.remove)
    if criterion not in policy.criteria:
        yield f"no criterion is called {shown(criterion)}{nearest(criterion, policy.criteria)}"
    for name in edit.to or edit.from_:
        if name not in pathways:
            yield f"no pathway is called {shown(name)}{nearest(name, pathways)}"
        elif criterion in policy.criteria:
            before = pathways[name]
            rule = _rewritten(policy, before.rule, criterion, bool(edit.add))
            if rule == before.rule:
                requires = any(below.require for below in before.rule.walk())
                already = "requires it already" if edit.add else "does not require it"
                yield f"pathway {name} {already if requires else 'states an outcome and requires nothing'}"
            elif any(below.require == () for below in rule.walk()):
                yield f"pathway {name} would require nothing; set an outcome in the policy instead"
            else:
                pathways[name] = before.model_copy(update={"rule": rule})


def _rewritten(policy: Policy, rule: Rule, criterion: str, add: bool) -> Rule:
    """The rule with the criterion in, or out of, everything that it requires."""
    if rule.require is not None:
        entries = _with(policy, rule.require, criterion) if add else _without(policy, rule.require, criterion)
        return rule.model_copy(update={"require": entries})

    def below(part: Rule) -> Rule:
        return _rewritten(policy, part, criterion, add)

    update: dict[str, object] = {}
    if rule.first_of:
        update["first_of"] = tuple(map(below, rule.first_of))
    if rule.branches:
        update["branches"] = {word: below(branch) for word, branch in rule.branches.items()}
    if rule.otherwise:
        update["otherwise"] = below(rule.otherwise)
    return rule.model_copy(update=update)


def _with(policy: Policy, entries: tuple[Requirement, ...], criterion: str) -> tuple[Requirement, ...]:
    always = [e.criterion for entry in entries for e in _inside(policy, entry) if not e.while_ and not e.codes]
    return entries if criterion in always else (*entries, Requirement(criterion=criterion))


def _without(policy: Policy, entries: tuple[Requirement, ...], criterion: str) -> tuple[Requirement, ...]:
    """A gate that has the criterion is written out, as the gate itself belongs to other pathways too."""
    kept: list[Requirement] = []
    for entry in entries:
        inside = _inside(policy, entry)
        left = [e for e in inside if e.criterion != criterion]
        kept += [entry] if len(left) == len(inside) else left
    return tuple(kept)


def _inside(policy: Policy, entry: Requirement) -> list[Requirement]:
    """What a requirement asks for, its gate written out."""
    gate = policy.gates.get(entry.criterion)
    if gate is None:
        return [entry]
    return [
        Requirement(criterion=e.criterion, codes=e.codes, **{"while": entry.while_ | e.while_}) for e in gate.require
    ]
