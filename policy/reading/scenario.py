"""Named provisions over a policy: levers moved, pathways that ask for more or less or refuse, and what is expected.

A provision asserts what it moves `from` and a scenario may pin its `baseline` by fingerprint, so that neither is ever
read over a policy that has changed since. An edit of criteria gives a new policy, checked as any policy is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Record
from policy.entries.scalars import IcdCode, Id, StatementId, Text, Whole, Word, Words, Written
from policy.entries.versioned import LIFE
from policy.model import Pathway, Policy, Requirement, Rule, Step
from policy.problems import Finding, Problem, ProblemsFound, listed, nearest, shown
from policy.reading import loading
from policy.reading.validation import check_policy
from policy.reading.yaml import Node, located, read_text
from policy.trees.rules import mapped, requiring, unless

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
    """One change of some pathways; exactly one of four forms.

    `add` a criterion `to`, or `remove` it `from`, everything that they require; `refuse` their requests, but for those
    whose diagnosis code is on a closed list (`unless`); or `refer` to a clinician what they would meet.
    """

    add: Id | None = None
    to: Words = ()
    remove: Id | None = None
    from_: Words = Field((), alias="from")
    refuse: Words = ()
    unless: tuple[IcdCode, ...] = Field((), min_length=1)
    refer: Words = ()
    because: Text
    citation: Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "Edit":
        given = self.model_fields_set - {"because", "citation"}
        if given not in ({"add", "to"}, {"remove", "from_"}, {"refuse"}, {"refuse", "unless"}, {"refer"}):
            message = "needs either add and to, or remove and from, or refuse (perhaps with unless), or refer"
            raise PydanticCustomError("edit", message)
        return self

    @property
    def pathways(self) -> tuple[str, ...]:
        """Those that change."""
        return self.to or self.from_ or self.refuse or self.refer

    def __str__(self) -> str:
        names = ", ".join(self.pathways)
        if self.refuse:
            return f"refuse {names}" + (f" unless the code is one of {len(self.unless)}" if self.unless else "")
        if self.refer:
            return f"refer what would be met in {names}"
        return f"add {self.add} to {names}" if self.add else f"remove {self.remove} from {names}"


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
    number: Annotated[str, StringConstraints(pattern=r"^P[0-9]{1,2}[a-z]?$")] | None = None  # among its alternatives
    yardstick_for: dict[Id, Word] = Field(default_factory=dict, max_length=1)  # column -> word: reports hold them to it
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
    place = path.name if path.is_relative_to(loading.DOCUMENTS.parent.parent) else str(path)
    scenario, node = _parsed(read_text(path), place)
    problems = located(_problems(scenario, policy), place, node)
    if problems:
        raise ProblemsFound(problems)
    return scenario


@lru_cache(maxsize=64)  # every report reads the presets of its policy
def _parsed(text: str, place: str) -> tuple[Scenario, Node]:
    return loading.parse(text, place, Scenario)


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
    for name, word in scenario.yardstick_for.items():
        kind = policy.fields_.get(name)
        if kind is None or word not in kind.words:
            message = f"{name} {word} is no word of a column of {policy.name}"
            yield Finding("yardstick", ("yardstick_for", name), message, name, policy.fields_)
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
    stands = policy.defaults[name]
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
    versions = [loading.outline(file) for file in loading.shipped().values()]
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
    return _edited(policy, (policy.day, *(getattr(policy, key) for key in LIFE)), tuple(edits)) if edits else policy


@lru_cache(maxsize=16)
def _edited(policy: Policy, life: tuple[object, ...], edits: tuple[Edit, ...]) -> Policy:
    """As `edited`; policies of the same content are told apart by their day and their life."""
    problems = []
    pathways = dict(policy.pathways)
    for position, edit in enumerate(edits):
        for message in _edit(policy, pathways, edit):
            problems.append(Problem("criteria", str(position), f"{edit}: {message}"))
    if problems:
        raise ProblemsFound(problems)
    return with_pathways(policy, pathways)


def with_pathways(policy: Policy, pathways: Mapping[str, Pathway]) -> Policy:
    """The policy with other pathways, checked as any is, without the worked examples; raises ProblemsFound."""
    content = policy.model_copy(update={"pathways": dict(pathways), "examples": ()})
    new = Policy.model_validate(content.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    if findings := list(check_policy(new)):
        raise ProblemsFound(Problem(f.code, "0", f.message) for f in findings)
    return new.on(policy.day)


def _edit(policy: Policy, pathways: dict[str, Pathway], edit: Edit) -> Iterator[str]:
    """Change `pathways`; what is wrong with the edit comes out."""
    criterion = edit.add or edit.remove
    known = criterion is None or criterion in policy.criteria
    if not known:
        yield f"no criterion is called {shown(str(criterion))}{nearest(str(criterion), policy.criteria)}"
    for name in edit.pathways:
        if name not in pathways:
            yield f"no pathway is called {shown(name)}{nearest(name, pathways)}"
        elif known:
            rule = _changed(policy, pathways[name], edit)
            if isinstance(rule, str):
                yield f"pathway {name} {rule}"
            else:
                pathways[name] = pathways[name].model_copy(update={"rule": rule})


def _changed(policy: Policy, pathway: Pathway, edit: Edit) -> Rule | str:
    """The rule of the pathway with the edit, or why it cannot be."""
    before = pathway.rule
    if edit.refuse:
        return _refused(policy, pathway, edit)
    if edit.refer:
        rule = mapped(before, lambda leaf: _referred(policy, leaf, edit.because))
        return "is met under no setting: there is nothing to refer" if rule == before else rule
    criterion = str(edit.add or edit.remove)
    change = _with if edit.add else _without

    def below(leaf: Rule) -> Rule:
        return requiring(leaf, change(policy, leaf.entries(), criterion), leaf.steps()) if leaf.requires else leaf

    rule = mapped(before, below)
    if rule == before:
        already = "requires it already" if edit.add else "does not require it"
        return already if before.entries() else "states an outcome and requires nothing"
    empty = any(part.requires and not part.entries() for part in rule.walk())
    return "would require nothing; set an outcome in the policy instead" if empty else rule


def _refused(policy: Policy, pathway: Pathway, edit: Edit) -> Rule | str:
    """not_met, unless the list has every diagnosis code of the pathway; a list cannot cut a pathway in two."""
    if pathway.rule.outcome == "mismatch":
        return "states a mismatch, which is no refusal"
    groups = [policy.diagnoses[name] for name in pathway.selects.diagnosis]
    codes = [code for group in groups for code in (*group.codes, *group.prefixes)]
    on = [code for code in codes if code.startswith(edit.unless)]
    off = [code for code in codes if code not in on]
    partly = [code for code in off if any(entry.startswith(code) for entry in edit.unless)]
    if partly or (on and off):
        some = f"only part of {listed(partly)}" if partly else f"{listed(on)} and not {listed(off)}"
        return f"judges codes together of which the list has {some}; give those a pathway of their own"
    return pathway.rule if on else Rule.model_validate({"outcome": "not_met", "because": edit.because})


def _referred(policy: Policy, leaf: Rule, because: str) -> Rule:
    """A rule without rules below it, review in the place of met."""
    review = {"outcome": "review", "because": because}
    if leaf.outcome == "met":
        return leaf.model_copy(update=review)
    if leaf.outcome is not None:
        words = _favourable(policy, leaf.outcome)
        if not words:
            return leaf
        return unless(leaf, Rule.model_validate({**review, "while": {leaf.outcome: words}}))
    steps: list[Step] = []
    for step in leaf.steps():
        if step.outcome == "met":
            steps.append(step.model_copy(update=review))
            continue
        words = tuple(w for w in _favourable(policy, step.outcome) if w in step.while_.get(step.outcome, (w,)))
        if words:
            condition = {**step.while_, step.outcome: words}
            steps.append(step.model_copy(update={**review, "while_": condition}))
        steps.append(step)
    return requiring(leaf, leaf.entries(), tuple(steps))


def _favourable(policy: Policy, outcome: str) -> tuple[str, ...]:
    """The values of an action lever at which it means met."""
    lever = policy.levers.get(outcome)
    return tuple(word for word in (lever.choices or {} if lever else {}) if word in ("met", "met_if_prereqs"))


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
    inside = policy.inside(entry.criterion)
    written = (Requirement(criterion=e.criterion, codes=e.codes, **{"while": entry.while_ | e.while_}) for e in inside)
    return [*written] or [entry]
