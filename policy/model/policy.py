"""A whole policy, and the settings of its levers that a case is determined under."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from pydantic import Field, PrivateAttr, model_validator

from policy.entries.codes import DiagnosisGroup, ProcedureFamily, with_otherwise
from policy.entries.exceptions import DirectionException
from policy.entries.levers import Amount, Value, simplest
from policy.entries.records import ReadOnly
from policy.entries.relations import Relation
from policy.entries.scalars import Id, is_number
from policy.entries.sources import OpenQuestion, TextElement
from policy.entries.units import KNOWN, Unit, in_units
from policy.entries.versioned import Versioned
from policy.model.document import CodeNotice, Example, Pathway
from policy.model.fields import CaseField
from policy.model.leaves import Comparison
from policy.model.levers import Lever
from policy.model.rules import Criterion, Gate, Requirement, Rule, Step
from policy.model.tests import Test
from policy.problems import Problem, ProblemsFound, nearest, shown

_PLAIN = (int, str, type(None))


class Policy(Versioned):
    """A versioned policy document; two are equal when their content is, wherever they were loaded from.

    An adopted version is in force from `effective` to the day before the next one's, or before its own `retired`.
    """

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
        return with_otherwise(content)

    @model_validator(mode="after")
    def _name_units(self) -> "Policy":
        """Levers and fields print their unit as the document writes it."""
        parts: list[Lever | CaseField] = [*self.levers.values(), *self.fields_.values()]
        for part in parts:
            part._unit = self.units.get(part.unit or "")
        return self

    @property
    def day(self) -> str | None:
        """The day on which dated values are read, as the day from which they stand; None: the latest of each lever."""
        return self._day

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

    def rules(self) -> tuple[Rule, ...]:
        """The rule of each pathway."""
        return tuple(pathway.rule for pathway in self.pathways.values())

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
    def remembered(self) -> dict[Any, Any]:
        """By rule the levers that it reads, those of its conditions, and by their values what is then in force."""
        return {}

    def plan(self, rule: Rule, settings: "Settings") -> tuple[list[Requirement], list[Step]]:
        """The requirements (`required`) and steps (`steps`) of a rule under some settings, remembered."""
        if id(rule) not in self.remembered:
            needs = [rule.while_, *(entry.while_ for pair in self.requirements(rule) for entry in pair)]
            needs += [step.while_ for step in rule.then]
            self.remembered[id(rule)] = tuple(dict.fromkeys(lever for condition in needs for lever in condition))
        key = (id(rule), *(settings[lever] for lever in self.remembered[id(rule)]))
        if key not in self.remembered:
            self.remembered[key] = (self.required(rule, settings), self.steps(rule, settings))
        found: tuple[list[Requirement], list[Step]] = self.remembered[key]
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

    def cut(self, test: Test) -> int | None:
        """The least value beyond the line that a field, or a sum of fields, is held against; None where there is none.

        On the grid of the fields; None also where the lever is off.
        """
        fields, reference = test.fields(), test.reference()
        threshold = self.threshold(fields[0], reference) if fields and reference else None
        return None if threshold is None else threshold * test.times + test.beyond

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
