"""A whole policy, and the settings of its levers that a case is determined under."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from policy.entries.records import ReadOnly, Record
from policy.entries.scalars import Day, IcdCode, Id, Key, StatementId, Text
from policy.entries.sources import Evidence, OpenQuestion, Statement, TextElement
from policy.entries.units import KNOWN, Unit, in_units
from policy.model.document import CodeNotice, DiagnosisGroup, Example, Note, Pathway, ProcedureFamily, Relation
from policy.model.fields import CaseField
from policy.model.leaves import Comparison
from policy.model.levers import Amount, DirectionException, Lever, Value, simplest
from policy.model.nodes import is_number
from policy.model.rules import Criterion, Gate, Requirement, Rule, Step
from policy.model.tests import Test
from policy.problems import Problem, ProblemsFound, nearest, shown

_PLAIN = (int, str, type(None))
FIRST_DAY = "1901-01-01"  # of the dates that a case table may hold
PEOPLE = "The cases may be people; policy simulation only, not for individual determinations."
LIFE = ("status", "effective", "retired", "history")  # of a version, no part of its content


class Policy(Record):
    """A versioned policy document; two are equal when their content is, wherever they were loaded from.

    An adopted version is in force from `effective` to the day before the next one's, or before its own `retired`.
    """

    schema_: Literal["policy/1"] = Field(alias="schema")
    id: Id
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{1,3}$")]
    title: Text
    status: Literal["draft", "adopted", "retired", "withdrawn"]
    effective: Day | None = None
    retired: Day | None = None  # the first day on which it is no longer in force
    history: tuple[Note, ...] = Field((), max_length=200)
    notice: Text  # what stands on every output
    source_name: Text = "the source"  # what the document calls the text that its statements retell
    statements: dict[StatementId, Statement]
    evidence: dict[Key, Evidence]
    references: dict[Annotated[str, StringConstraints(pattern=r"^R[1-9][0-9]?$")], Text]
    retired_codes: dict[IcdCode, Text] = Field(default_factory=dict)  # diagnosis codes no longer valid, and since when
    fields_: dict[Id, CaseField] = Field(alias="fields")
    units: dict[Id, Unit] = Field(default_factory=dict)
    levers: dict[Id, Lever]
    criteria: dict[Id, Criterion]
    diagnoses: dict[Id, DiagnosisGroup]
    procedures: dict[Id, ProcedureFamily]
    relations: tuple[Relation, ...] = ()
    code_notices: tuple[CodeNotice, ...]
    gates: dict[Id, Gate]
    pathways: dict[Id, Pathway]
    texts: dict[Id, TextElement]
    open_questions: dict[Id, OpenQuestion]
    direction_exceptions: tuple[DirectionException, ...] = Field((), max_length=100)  # each case is determined on load
    examples: tuple[Example, ...] = Field((), max_length=200)  # each is determined on load
    _day: str | None = PrivateAttr(None)  # on which dated values of levers are read; see `on`

    @model_validator(mode="before")
    @classmethod
    def _write_otherwise(cls, content: Any) -> Any:
        """`for: otherwise` is every group and every family."""
        if not isinstance(content, dict) or not isinstance(content.get("pathways"), dict):
            return content
        every = {"diagnosis": [*(content.get("diagnoses") or ())], "procedure": [*(content.get("procedures") or ())]}
        rest = {"for": {**every, "otherwise": "true"}}
        ways = content["pathways"].items()
        pathways = {
            n: way | rest if isinstance(way, dict) and way.get("for") == "otherwise" else way for n, way in ways
        }
        return {**content, "pathways": pathways}

    @model_validator(mode="after")
    def _name_units(self) -> "Policy":
        """Levers and fields print their unit as the document writes it."""
        for lever in self.levers.values():
            lever._unit = self.units.get(lever.unit or "")
        for field in self.fields_.values():
            field._unit = self.units.get(field.unit or "")
        return self

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Policy) and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Policy":
        """As of any model, without the fingerprint and the defaults that this one has worked out."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("fingerprint", "defaults", "_plans"):
            vars(copy).pop(name, None)
        return copy

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content, whatever the layout of the file and whatever becomes of the version."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={*LIFE})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def day(self) -> str | None:
        """The day on which dated values are read, as the day from which they stand; None: the latest of each lever."""
        return self._day

    def changes_of_values(self, but: Collection[str] = ()) -> list[str]:
        """The days on which a value of some lever changes, those of `but` left out, in order."""
        days = {day for name, lever in self.levers.items() if name not in but for day in sorted(lever.dated)[1:]}
        return sorted(days)

    def on(self, day: str | None) -> "Policy":
        """The same policy, its levers at the values that stand on a day (ISO); None: at the latest."""
        days = {at for lever in self.levers.values() for at in lever.dated}
        if day is not None and days:
            day = max((at for at in days if at <= day), default=min(days))
        if not days or day == self._day:
            return self
        copy = self.model_copy()
        copy._day = day
        return copy

    @property
    def name(self) -> str:
        """id@version."""
        return f"{self.id}@{self.version}"

    @property
    def titled(self) -> str:
        """'Knee braces, version 2026.1': what a person calls it."""
        return f"{self.title}, version {self.version}"

    def notice_of(self, people: bool) -> str:
        """What stands on every output; of cases that may be people without what it says of synthetic data."""
        if not people:
            return self.notice
        true = [said for said in re.split(r"(?<=[.!])\s+", self.notice) if "synthetic" not in said.lower()]
        return " ".join([*true, PEOPLE])

    def __repr__(self) -> str:
        return f"{self.name} ({self.status}): {len(self.levers)} levers, {len(self.pathways)} pathways"

    __str__ = __repr__

    def cell(self, group: str, family: str, code: str) -> list[str]:
        """The pathways for a group of diagnoses and a code of a family; where no other is, the one for all else."""
        label = self.procedures[family].codes[code]
        found = [name for name, way in self.pathways.items() if way.selects.takes(group, family, label)]
        return [name for name in found if not self.pathways[name].selects.rest] or found

    def inside(self, name: str) -> tuple[Requirement, ...]:
        """What a gate requires; nothing where the name is that of a criterion."""
        return self.gates[name].require if name in self.gates else ()

    def requirements(self, rule: Rule, dx: str | None = None) -> Iterator[tuple[Requirement, Requirement]]:
        """Every requirement of a rule itself, whatever the settings: an entry, with itself or each in its gate.

        With `dx` only what may be asked of this diagnosis code.
        """
        for entry in rule.require or ():
            for inner in self.inside(entry.criterion) or (entry,):
                if dx is None or not inner.codes or dx in inner.codes:
                    yield entry, inner

    def levers_read(self, rule: Rule) -> frozenset[str]:
        """Every lever that what a rule makes of a case can depend on, remembered."""
        if ("read", id(rule)) not in self._plans:
            required = [inner for below in rule.walk() for _, inner in self.requirements(below)]
            known = self.criteria.keys() & self.criteria_read(rule)  # a proof leaves out what states a switch
            found = {lever for name in known for lever in self.criteria[name].test.levers()}
            found |= {word for word, _ in rule.stated_outcomes() if word in self.levers}
            found = found.union(*rule.conditions(), *(one.while_ for one in required))
            self._plans["read", id(rule)] = frozenset(found)
        read: frozenset[str] = self._plans["read", id(rule)]
        return read

    def rules(self) -> tuple[Rule, ...]:
        """The rule of each pathway."""
        return tuple(pathway.rule for pathway in self.pathways.values())

    def required_somewhere(self, rule: Rule) -> tuple[str, ...]:
        """The criteria that a rule or one below requires under one setting or another, gates written out."""
        found = (inner.criterion for below in rule.walk() for _, inner in self.requirements(below))
        return tuple(dict.fromkeys(found))

    def criteria_read(self, rule: Rule) -> tuple[str, ...]:
        """The criteria that can decide what a rule makes of a case: required, asked by a step or stating a switch."""
        stating = (switch.criterion for switch in rule.switches())
        return tuple(dict.fromkeys((*self.required_somewhere(rule), *rule.whens(), *stating)))

    def facts_read(self, rule: Rule) -> set[str]:
        """The facts that can decide what a rule makes of a case: of its criteria, of its steps', of its switches."""
        names = {*self.required_somewhere(rule), *rule.whens()}
        found = {fact for name in names if name in self.criteria for fact in self.criteria[name].test.facts()}
        return found | {switch.field for switch in rule.switches()}

    def codes_asked(self) -> set[str]:
        """The diagnosis codes that some requirement is for."""
        entries = [entry for rule in self.rules() for entry in rule.entries()]
        return {code for e in (*entries, *(e for g in self.gates.values() for e in g.require)) for code in e.codes}

    @property
    def every_unit(self) -> Mapping[str, Unit]:
        """The units that every document knows, and those of this one."""
        return {**KNOWN, **self.units}

    def grid_steps(self, field: str, reference: str) -> int:
        """How many steps of a field's grid one unit of a lever, or of a plain number, is; 0: they do not compare."""
        kind = self.fields_[field]
        unit, steps = kind.grid
        own = "months" if kind.type == "months" else kind.unit if kind.type == "duration" else unit
        name = own if is_number(reference) else self.levers[reference].unit
        return steps * (in_units(self.every_unit, name or "", unit) or 0)

    @cached_property
    def _plans(self) -> dict[Any, Any]:
        """By rule the levers that it reads, those of its conditions, and by their values what is then in force."""
        return {}

    def plan(self, rule: Rule, settings: "Settings") -> tuple[list[Requirement], list[Step]]:
        """The requirements (`required`) and steps (`steps`) of a rule under some settings, remembered."""
        if id(rule) not in self._plans:
            needs = [rule.while_, *(entry.while_ for pair in self.requirements(rule) for entry in pair)]
            needs += [step.while_ for step in rule.then]
            self._plans[id(rule)] = tuple(dict.fromkeys(lever for condition in needs for lever in condition))
        key = (id(rule), *(settings[lever] for lever in self._plans[id(rule)]))
        if key not in self._plans:
            self._plans[key] = (self.required(rule, settings), self.steps(rule, settings))
        found: tuple[list[Requirement], list[Step]] = self._plans[key]
        return found

    def required(self, rule: Rule, settings: "Settings") -> list[Requirement]:
        """The requirements of a rule that are in force, gates written out."""
        pairs = [pair for pair in self.requirements(rule) if all(settings.holds(one.while_) for one in pair)]
        return [both for entry, inner in pairs if (both := inner.within(entry.codes))]

    def steps(self, rule: Rule, settings: "Settings") -> list[Step]:
        """The steps of a rule that can apply, to the first that always does; of two with one `when` the first."""
        active: dict[str | None, Step] = {}
        for step in rule.then:
            if settings.holds(step.while_):
                active.setdefault(step.when, step)
                if step.when is None:
                    break
        return list(active.values())

    def settings(self, provisions: Mapping[str, object] | None = None) -> "Settings":
        """Defaults with `provisions` over them; ProblemsFound names every unknown lever and illegal value."""
        return Settings(self, self.defaults | dict(provisions or {}))

    @cached_property
    def defaults(self) -> dict[str, Value]:
        """Each lever's value in the document, on the day of the policy."""
        return ReadOnly({name: lever.check(lever.at(self._day)) for name, lever in self.levers.items()})


class Settings(Mapping[str, Value]):
    """A legal value for every lever of a policy: what one evaluation runs under.

    `values`: lever -> value, as a whole number, a choice, None for off, or the text of one. ProblemsFound names every
    lever that the policy does not have or that is left out, and every illegal value.
    """

    def __init__(self, policy: Policy, values: Mapping[str, object]):
        self.policy = policy
        self._values: dict[str, Any] = dict(values)
        problems = []
        for name, value in values.items():
            lever = policy.levers.get(name)
            if lever is None:
                message = f"{shown(name)} is not a lever of {policy.name}{nearest(name, policy.levers)}"
                problems.append(Problem("unknown-lever", name, message))
            elif type(value) not in _PLAIN or value not in lever.legal:
                try:
                    self._values[name] = lever.check(value)
                except ValueError as error:
                    problems.append(Problem("lever-value", name, str(error)))
        problems += [Problem("lever-value", name, "has no value") for name in policy.levers if name not in values]
        if problems:
            raise ProblemsFound(problems)

    def __getitem__(self, lever: str) -> Value:
        value: Value = self._values[lever]
        return value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Settings) and self.policy != other.policy:
            return False
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{self.policy.name}.settings({self.provisions()!r})"

    def provisions(self) -> dict[str, Value]:
        """The levers that differ from the policy's defaults."""
        return {name: value for name, value in self._values.items() if value != self.policy.defaults[name]}

    def holds(self, condition: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether every lever of `condition` has one of the values named (of a number also `off`, or `on`: any)."""
        return all(self.policy.levers[name].meets(self[name], words) for name, words in condition.items())

    def number(self, reference: str) -> Amount | None:
        """The plain number or the lever's value that a test compares with; None when the lever is off."""
        if is_number(reference):
            return simplest(Decimal(reference))
        value = self[reference]
        assert not isinstance(value, str)
        return value

    def threshold(self, field: str, reference: str) -> int | None:
        """The number that a test compares a field with, on the field's grid; None when the lever is off."""
        number = self.number(reference)
        return None if number is None else int(number * self.policy.grid_steps(field, reference))

    def asks(self, test: Test) -> bool:
        """Whether the levers leave a test in force, instead of switching it off."""
        return all(map(self.holds, test.only_while))

    def in_force(self, test: Test, turned: bool = False) -> Iterator[tuple[Test, bool]]:
        """The nodes of a tree of tests that the levers leave in force; `turned`: asked the other way round."""
        if self.asks(test):
            yield test, turned
            for i, part in enumerate(test.parts):
                yield from self.in_force(part, turned ^ (test.turn(i) < 0))

    def cut(self, test: Test) -> int | None:
        """The least value beyond the line that a field, or a sum of fields, is held against; None where there is none.

        On the grid of the fields; None also where the lever is off.
        """
        fields, reference = test.fields(), test.reference()
        threshold = self.threshold(fields[0], reference) if fields and reference else None
        return None if threshold is None else threshold * test.times + test.beyond

    def reached(self, rule: Rule) -> Iterator[Rule]:
        """The rules that some case comes to: of several the one in force, of a switch every branch after itself."""
        if rule.first_of is not None:
            yield from self.reached(self.first(rule))
            return
        yield rule
        for below in rule.below:
            yield from self.reached(below)

    def first(self, rule: Rule) -> Rule:
        """The first of several rules that is in force."""
        return next(below for below in rule.first_of or () if self.holds(below.while_))

    def outcome(self, word: str) -> str:
        """The outcome that a rule or a step states: its word, or the value of the action lever that it names."""
        return str(self[word]) if word in self.policy.levers else word

    def says(self, criterion: str) -> str:
        """The criterion's sentence under these settings, with the values of its levers."""
        stated = self.policy.criteria[criterion]
        says = next((v.says for v in stated.variants if self.holds(v.while_)), stated.says)
        for name, lever in self.policy.levers.items():
            if "{" + name + "}" in says:
                says = says.replace("{" + name + "}", lever.in_words(self[name]))
        return says

    def implies(self, one: Test, other: Test) -> bool:
        """Whether every value that meets `one` meets `other`: two thresholds of one kind on the same single field."""
        if not isinstance(one, Comparison) or not isinstance(other, Comparison) or one.kind != other.kind:
            return False
        if one.fields() != other.fields() or len(one.fields()) != 1:
            return False
        mine, others = self.cut(one), self.cut(other)
        return mine is not None and others is not None and (mine >= others if one.rises else mine <= others)
