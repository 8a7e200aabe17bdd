"""A rule: which criteria a pathway requires and what follows; and the criteria and gates that rules name."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from policy.model.records import Element, Record
from policy.model.scalars import IcdCode, Id, Key, Text, While, Word
from policy.model.tests import Test

Outcome = Literal["met", "not_met", "pend", "review", "mismatch", "out_of_scope"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Variant(Record):
    """The sentence of a criterion while levers have certain values."""

    while_: While = Field(alias="while", min_length=1)
    says: Text


class Criterion(Element):
    """One test of a case, true to one statement."""

    says: Text
    variants: tuple[Variant, ...] = ()
    ask: Text
    citation: Text
    evidence: tuple[Key, ...] = ()
    test: Test


class Requirement(Record):
    """A criterion of a pathway, perhaps only while levers have certain values."""

    criterion: Id  # or the name of a gate
    while_: While = Field(default_factory=dict, alias="while")
    codes: tuple[IcdCode, ...] = ()  # only for these diagnosis codes

    def within(self, codes: tuple[str, ...]) -> "Requirement | None":
        """The same for some codes only (of a gate that is asked for them alone; none: all); None: for no code."""
        common = tuple(code for code in codes if code in self.codes) if self.codes and codes else self.codes or codes
        if common == self.codes:
            return self if common or not codes else None
        return self.model_copy(update={"codes": common}) if common else None


class Step(Record):
    """What follows once all requirements are met: the first step that applies gives the outcome."""

    outcome: Word  # an outcome word, or an action lever
    when: Id | None = None  # a criterion that is MET; not documented: both ways are taken (one same outcome, else open)
    while_: While = Field(default_factory=dict, alias="while")
    because: Text | None = None


def as_requirement(value: object) -> object:
    """A bare criterion id is a requirement that is always in force."""
    return {"criterion": value} if isinstance(value, str) else value


Requirements = tuple[
    Annotated[Requirement, BeforeValidator(as_requirement, json_schema_input_type=Id | Requirement)], ...
]


class Gate(Record):
    """Requirements that several pathways share."""

    title: Text
    require: Requirements = Field(min_length=1)


class Rule(Record):
    """Require criteria, state an outcome, switch on a field, or take the first of several rules that is in force."""

    while_: While = Field(default_factory=dict, alias="while")
    first_of: tuple["Rule", ...] | None = Field(None, min_length=1)
    outcome: Word | None = None
    because: Text | None = None
    require: Requirements | None = Field(None, min_length=1)
    then: tuple[Step, ...] = ()
    switch: Id | None = None
    stated: Id | None = None  # the criterion that is not documented when no branch fits
    branches: dict[Word, "Rule"] = Field(default_factory=dict)
    otherwise: "Rule | None" = None  # any other documented value
    assume: Requirement | None = None  # criterion: the branch a missing value is read as, while ...

    @model_validator(mode="after")
    def _one_form(self) -> "Rule":
        forms = [k for k in ("first_of", "outcome", "require", "switch") if getattr(self, k) is not None]
        if len(forms) != 1:
            raise PydanticCustomError("rule", "needs one of first_of, outcome, require, switch")
        if forms == ["require"] and not self.then:
            raise PydanticCustomError("rule", "require needs then: what follows when all is met")
        if forms == ["outcome"] and not self.because:
            raise PydanticCustomError("rule", "outcome needs because")
        if forms == ["switch"] and not (self.stated and self.branches):
            raise PydanticCustomError("rule", "switch needs stated and branches")
        return self

    @property
    def below(self) -> tuple["Rule", ...]:
        """The rules that this one chooses among, by levers or by a field."""
        return *(self.first_of or ()), *self.branches.values(), *([self.otherwise] if self.otherwise else [])

    def walk(self) -> Iterator["Rule"]:
        """This rule and all below."""
        yield self
        for below in self.below:
            yield from below.walk()
