"""A rule: which criteria a pathway requires and what follows; and the criteria and gates that rules name."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Element, Record
from policy.entries.scalars import IcdCode, Id, Key, Text, While, Word
from policy.model.tests import Test

Outcome = Literal["met", "not_met", "pend", "review", "mismatch", "out_of_scope"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Variant(Record):
    """The sentence of a criterion while levers have certain values."""

    while_: While = Field(alias="while", min_length=1)
    says: Text


class Criterion(Element):
    """One test of a case with its sentence, its source, and what to ask for where it is open."""

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
        """This requirement for `codes`, those of the entry that names its gate (none: all); None: none is left."""
        common = tuple(code for code in codes if code in self.codes) if self.codes and codes else self.codes or codes
        if common == self.codes:
            return self if common or not codes else None
        return self.model_copy(update={"codes": common}) if common else None


class Step(Record):
    """What follows once all requirements are met: the first step that applies gives the outcome."""

    outcome: Word  # an outcome word, or an action lever
    when: Id | None = None  # where this criterion is met; not documented: open, unless both ways give one outcome
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


FORMS = {"first_of": (), "outcome": ("because",), "require": ("then",), "switch": ("stated", "branches")}  # with needs
OPTIONAL = {"switch": ("otherwise", "assume")}  # what a form of a rule may have besides


class Switch(NamedTuple):
    """What a switch asks: a field, and the criterion that it is stated.

    `words`: those with a branch of their own; `rest`: whether any other has one;
    `assumed`: the branch that a missing value is read as, while levers say so.
    """

    field: str
    criterion: str
    words: tuple[str, ...]
    rest: bool
    assumed: Requirement | None


class Rule(Record):
    """Require criteria, state an outcome, switch on a field, or take the first of several rules that is in force."""

    while_: While = Field(default_factory=dict, alias="while")
    first_of: tuple["Rule", ...] | None = Field(None, min_length=1)
    outcome: Word | None = None
    because: Text | None = None
    require: Requirements | None = Field(None, min_length=1)
    then: tuple[Step, ...] = ()
    switch: Id | None = None
    stated: Id | None = None  # criterion that reports the field as not documented when no branch can be chosen
    branches: dict[Word, "Rule"] = Field(default_factory=dict)
    otherwise: "Rule | None" = None  # any other documented value
    assume: Requirement | None = None  # `criterion`: the word of the branch that a missing value is read as, while ...

    @model_validator(mode="after")
    def _one_form(self) -> "Rule":
        forms = [form for form in FORMS if getattr(self, form) is not None]
        if len(forms) != 1:
            raise PydanticCustomError("rule", f"needs one of {', '.join(FORMS)}")
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

    @property
    def requires(self) -> bool:
        """Whether it requires criteria, and something follows."""
        return self.require is not None

    def walk(self) -> Iterator["Rule"]:
        """This rule and all below."""
        yield self
        for rule in self.below:
            yield from rule.walk()

    def entries(self) -> tuple[Requirement, ...]:
        """All that is required here or below, gates as such."""
        return tuple(entry for rule in self.walk() for entry in rule.require or ())

    def steps(self) -> tuple[Step, ...]:
        """All that may follow, here or below."""
        return tuple(step for rule in self.walk() for step in rule.then)

    def whens(self) -> tuple[str, ...]:
        """The criteria that steps ask about."""
        return tuple(dict.fromkeys(step.when for step in self.steps() if step.when))

    @property
    def asked(self) -> Switch | None:
        """What this rule itself switches on, if anything."""
        if not self.switch or not self.stated:
            return None
        return Switch(self.switch, self.stated, tuple(self.branches), self.otherwise is not None, self.assume)

    def switches(self) -> tuple[Switch, ...]:
        """What is switched on, here or below."""
        return tuple(rule.asked for rule in self.walk() if rule.asked)

    def branch(self, word: str = "") -> "Rule | None":
        """The branch of a word; of any other documented value where the word has none."""
        return self.branches.get(word, self.otherwise)
