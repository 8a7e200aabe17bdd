"""What a policy document is made of: immutable records, checked one by one by pydantic (references: validation.py).

Scalars arrive as text (reading.py); each type here accepts one spelling and says so when it gets another.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy.problems import Problem, ProblemsFound, nearest, shown

Outcome = Literal["met", "not_met", "pend", "review", "mismatch", "out_of_scope"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Value = int | str | None  # a lever's value: steps in its unit, a choice, or None for "off"
_PLAIN = (int, str, type(None))

# How one unit of a lever becomes the integer grid of the facts it is compared with (contract.md 2; domain.md 4.2).
# Months are counted in half steps: 2n = exactly n months, 2n + 1 = more than n and less than n + 1.
UNITS = {"months": 2, "weeks": 7, "percent": 100} | dict.fromkeys(
    ("days", "blocks", "drugs", "drug_classes", "modalities", "sessions", "years", "headache_days"), 1
)
GRIDS = {"months": "half months", "weeks": "days", "percent": "hundredths"}  # the grid where it is not the unit itself


def _no_unit(unit: str | None) -> PydanticCustomError:
    units = ", ".join(UNITS)
    if unit is None:
        return PydanticCustomError("unit", "needs a unit of {units}", {"units": units, "key": "unit"})
    told = {"unit": shown(unit), "units": units, "near": nearest(unit, UNITS), "key": "unit"}
    return PydanticCustomError("unit", "{unit} is no unit; allowed {units}{near}", told)


def unit_word(unit: str | None, number: int) -> str:
    """'week' for 1, 'weeks' otherwise; '%' for per cent."""
    word = "%" if unit == "percent" else (unit or "").replace("_", " ")
    singular = {"modalities": "modality", "drug classes": "drug class"}.get(word, word.removesuffix("s"))
    return singular if number == 1 else word


def whole(text: object) -> object:
    """'6' -> 6; digits and one sign only (no 1_000, 0x1F, 017, +6, 80%)."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if not isinstance(text, str) or not re.fullmatch(r"-?(0|[1-9]\d{0,8})", text, re.ASCII):
        meant = _meant(str(text)[:80])
        hint = f", did you mean {meant}?" if meant else ""
        raise PydanticCustomError("number", "is not a whole number{hint}", {"hint": hint})
    return int(text)


def _meant(text: str) -> str:
    """The plain digits of '80%', '+80', '080', '80.0', '1,000', '1_000', '6 weeks' or full-width digits, else ''."""
    plain = unicodedata.normalize("NFKC", text).replace("_", "").strip(" +%")
    found = re.fullmatch(r"0*(\d{1,3}(?:,\d{3}){1,2}|\d{1,9})(?:\.0+)?(?: *[a-z_]+)?", plain, re.ASCII)
    return found[1].replace(",", "") if found else ""


def truth_word(text: object) -> object:
    """'true' / 'false' only."""
    if isinstance(text, bool):
        return text
    if text not in ("true", "false"):
        raise PydanticCustomError("boolean", "must be true or false")
    return text == "true"


def as_list(value: object) -> object:
    """One item may stand without a list."""
    return value if isinstance(value, (list, tuple)) else (value,)


Whole = Annotated[int, BeforeValidator(whole)]
Flag = Annotated[bool, BeforeValidator(truth_word)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Written = Annotated[str, StringConstraints(min_length=1)]  # as it stands, for `Lever.check` to judge
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
StatementId = Annotated[str, StringConstraints(pattern=r"^S[1-9][0-9]?$")]
ICD_PATTERN = r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?"
CPT_PATTERN = r"([0-9]{4}[0-9FTU]|[A-Z][0-9]{4})"
IcdCode = Annotated[str, StringConstraints(pattern=f"^{ICD_PATTERN}$")]
CptCode = Annotated[str, StringConstraints(pattern=f"^{CPT_PATTERN}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Words = Annotated[
    tuple[Word, ...], BeforeValidator(as_list, json_schema_input_type=Word | tuple[Word, ...]), Field(min_length=1)
]
While = dict[Id, Words]  # levers and the values under which an entry is in force


class ReadOnly(dict[Any, Any]):
    """A dict that refuses every change; `|` and `dict(...)` give one that may be changed."""

    def _refuse(self, *_: object, **__: object) -> None:
        raise TypeError("a loaded document cannot be changed; edit a copy of its file and load that")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]
    __ior__ = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:  # copied and pickled whole, not entry by entry
        return type(self), (dict(self),)


class Record(BaseModel):
    """Frozen, its mappings too, with no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def model_post_init(self, context: Any, /) -> None:
        """Close the mappings."""
        for name, value in self.__dict__.items():
            if type(value) is dict:
                self.__dict__[name] = ReadOnly(value)


class Element(Record):
    """Whatever stands on the source assessment: names its statements, or says where else it comes from."""

    statements: tuple[StatementId, ...] = ()
    origin: Literal["alternative", "assumption"] | None = None

    @model_validator(mode="after")
    def _sourced(self) -> "Element":
        if not self.statements and self.origin is None:
            raise PydanticCustomError("source", "names no statement (S1-S66) and no origin: alternative or assumption")
        return self


class Statement(Record):
    """One statement of the source assessment, in our own words."""

    says: Text
    stance: Literal[
        "strong_against", "weak_for", "insufficient", "required", "first_line", "favourable", "risk", "caveat", "gap",
        "scope",
    ]  # fmt: skip
    source: Key | None = None
    seed_citation: Text
    applies_to: Text


class Evidence(Element):
    """A cited source: what it says, about whom, how strongly, and its standing today."""

    title: Text
    source: Text
    year: Text
    population: Text
    stance: Text
    strength: Text
    status: Literal["current", "contested", "superseded", "retracted"]
    status_note: Text | None = None
    note: Text
    verified: Text
    reference: Text


MOST_VALUES = 10_000  # of a lever: every one of them is tried somewhere


class Span(Record):
    """The least and the greatest value that a cited source uses."""

    min: Whole
    max: Whole

    @model_validator(mode="after")
    def _sound(self) -> "Span":
        if self.max < self.min:
            raise PydanticCustomError("domain", "needs min <= max")
        return self


class Domain(Span):
    """Legal values of a numeric lever, ends included."""

    step: Whole

    @model_validator(mode="after")
    def _stepped(self) -> "Domain":
        if self.step < 1 or self.max <= self.min or (self.max - self.min) % self.step:
            raise PydanticCustomError("domain", "needs min < max and a step of at least 1 that divides the range")
        if len(self.values()) > MOST_VALUES:
            raise PydanticCustomError("domain", "has more than {most} values", {"most": f"{MOST_VALUES:,}"})
        return self

    def values(self) -> range:
        """Every legal value in order."""
        return range(self.min, self.max + 1, self.step)


class Lever(Element):
    """One adjustable setting: numeric (domain, unit, direction) or a choice (stance, action, switch)."""

    label: Text
    says: Text
    default: Written
    domain: Domain | None = None
    unit: Text | None = None
    direction: Literal["stricter_when_higher", "stricter_when_lower"] | None = None
    off_allowed: Flag = False
    suggested: Whole | None = None
    cited: Span | None = None  # what the sources named in `citation` use; a value outside is remarked on
    choices: dict[Word, Text] | None = None
    order: tuple[Word, ...] = ()  # of choices, the loosest first: moving down the list is stricter
    citation: Text
    evidence: tuple[Key, ...] = ()
    contradictions: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "Lever":
        if (self.domain is None) == (self.choices is None):
            raise PydanticCustomError("lever", "needs either a domain (numeric) or choices, not both")
        if self.choices and self.direction is not None:
            message = "a choice has a direction by its order: list its choices, the loosest first"
            raise PydanticCustomError("direction", message, {"key": "direction"})
        if self.order and sorted(self.order) != sorted(self.choices or ()):
            message = "lists every choice once, the loosest first (a numeric lever has direction: instead)"
            raise PydanticCustomError("order", message, {"key": "order"})
        if self.domain and self.unit not in UNITS:
            raise _no_unit(self.unit)
        if self.domain and self.direction is None:
            raise PydanticCustomError("direction", "needs a direction (stricter_when_...)", {"key": "direction"})
        for name, value in (("default", self.default), ("suggested", self.suggested)):
            if value is not None:
                try:
                    self.check(value)
                except ValueError as error:
                    raise PydanticCustomError("lever-value", "{what}", {"what": str(error), "key": name}) from None
        return self

    def check(self, value: object) -> Value:
        """A legal value from text, int or bool; ValueError says what is allowed."""
        text = str(value).lower() if isinstance(value, bool) else "off" if value is None else str(value)
        if self.choices is not None:
            if text not in self.choices:
                near = nearest(text, self.choices)
                raise ValueError(f"{shown(text)} is not allowed; choose one of {', '.join(self.choices)}{near}")
            return text
        if text == "off" and self.off_allowed:
            return None
        assert self.domain
        try:
            number = int(str(whole(text)))
        except PydanticCustomError:
            wrong = "is not a whole number"
        else:
            if number in self.domain.values():
                return number
            inside = self.domain.min <= number <= self.domain.max
            wrong = f"is {'between two steps' if inside else 'outside the domain'}"
        raise ValueError(f"{shown(text)} {wrong}; {self.allowed}{self._near(text)}")

    @property
    def allowed(self) -> str:
        """'allowed 50 to 100 percent in steps of 5, or off'."""
        if self.domain is None:
            return f"allowed {', '.join(self.choices or ())}"
        steps = f" in steps of {self.domain.step}" if self.domain.step > 1 else ""
        off = ", or off" if self.off_allowed else ""
        return f"allowed {self.domain.min} to {self.domain.max} {(self.unit or '').replace('_', ' ')}{steps}{off}"

    def _near(self, text: str) -> str:
        """The legal values that were perhaps meant: plain digits, the steps beside, 80 for 0.8, 6 weeks for 42 days."""
        assert self.domain
        legal, plain = self.domain.values(), _meant(text[:80])
        if plain and int(plain) in legal:
            return f", did you mean {int(plain)}?"
        if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text, re.ASCII):
            return ""
        number = Decimal(text)
        if self.unit == "percent" and 0 < number <= 1 and 100 * number in legal:
            return f", did you mean {int(100 * number)}?"
        if self.domain.min < number < self.domain.max:
            below = legal[int(number - self.domain.min) // self.domain.step]
            return f", nearest {below} and {below + self.domain.step}"
        for days, word in ((30, "months"), (7, "weeks")):
            if self.unit == word and number % days == 0 and number // days in legal:
                return f", did you mean {number // days} ({number} days)?"
        return f", nearest {self.domain.min if number < self.domain.min else self.domain.max}"

    @property
    def on(self) -> int:
        """A value that a lever which may be off has when it is on: the suggested one, else the greatest."""
        assert self.domain
        return self.domain.max if self.suggested is None else self.suggested

    def values(self) -> list[Value]:
        """Every legal value; off first where it is allowed."""
        if self.choices is not None:
            return list(self.choices)
        assert self.domain
        off: list[Value] = [None] * self.off_allowed
        return [*off, *self.domain.values()]

    @cached_property
    def legal(self) -> frozenset[Value]:
        """The values of `values`, to ask whether one of them is meant."""
        return frozenset(self.values())

    def loosest_first(self) -> list[Value]:
        """Every legal value in the order of its direction, off at the loose end; empty: the lever has no direction."""
        if self.choices is not None:
            return list(self.order)
        assert self.domain
        off: list[Value] = [None] * self.off_allowed
        return [*off, *self.domain.values()[:: 1 if self.direction == "stricter_when_higher" else -1]]

    def show(self, value: Value) -> str:
        """'6 weeks', '80 %', 'off' or the choice's word."""
        if value is None:
            return "off"
        if self.choices is not None:
            return str(value)
        return f"{value} {unit_word(self.unit, int(value))}"


class CaseField(Element):
    """One column of the case table, or a fact derived from columns (type `months`)."""

    label: Text
    ask: Text
    type: Literal["text", "diagnosis", "procedure", "date", "whole", "percent", "boolean", "choice", "months"]
    unit: Text | None = None
    min: Whole = 0
    max: Whole = 1
    step: Annotated[str, StringConstraints(pattern=r"^(0\.[0-9]{1,2}|[1-9][0-9]{0,8}(\.[0-9]{1,2})?)$")] | None = None
    choices: tuple[Word, ...] = ()
    required: Flag = False
    absent: Word | None = None
    implied_by: dict[Id, Whole] = Field(default_factory=dict)  # columns that, on file, tell that it is at least so many
    ignored: Flag = False  # read and checked, but no rule may use it
    onset: Id | None = None
    request: Id | None = None
    days: Id | None = None

    @model_validator(mode="after")
    def _measured(self) -> "CaseField":
        if self.unit is not None and self.unit not in UNITS:
            raise _no_unit(self.unit)
        if self.step is not None:
            units = Decimal(self.step) * (100 if self.type == "percent" else 1)
            if self.type not in ("whole", "percent") or units != int(units) or units < 1:
                what = "a whole number for a field of type whole, hundredths or more for one of type percent"
                raise PydanticCustomError("step", "needs {what}", {"what": what, "key": "step"})
        return self

    @property
    def steps(self) -> int:
        """Least difference of two values on the grid of the fact; a finer value is rejected."""
        return int(Decimal(self.step or ("0.01" if self.type == "percent" else "1")) * UNITS.get(self.type, 1))

    @property
    def span(self) -> tuple[int, int]:
        """Least and greatest value of the fact on its integer grid (booleans 0, 1; choices their position)."""
        if self.type in ("percent", "months"):
            return self.min * UNITS[self.type], self.max * UNITS[self.type]
        return {"boolean": (0, 1), "choice": (0, len(self.choices) - 1)}.get(self.type, (self.min, self.max))

    @property
    def bounds(self) -> tuple[int, ...]:
        """What a missing number may be known to be at least, written -1 - n in its place (-1: nothing is known)."""
        return tuple(sorted({n for n in self.implied_by.values() if n < self.span[1]}))

    @property
    def missing(self) -> tuple[int, ...]:
        """The codes of a missing value, in order; the last is -1."""
        return tuple(-1 - n for n in reversed((0, *self.bounds)))

    @property
    def dtype(self) -> Any:
        """The smallest integer type that holds the span and -1."""
        return np.dtype(np.int32) if self.type == "date" else np.min_scalar_type(-max(self.span[1], 1) - 1)

    @property
    def grid(self) -> str:
        """The grid the fact is counted on, to be compared with that of a lever."""
        return {"months": "half months", "percent": "hundredths"}.get(self.type, self.unit or "")

    def code(self, word: str) -> int:
        """Integer of a boolean's or choice's word; ValueError when it is not allowed."""
        return (("false", "true") if self.type == "boolean" else self.choices).index(word)


class Count(Record):
    """At least k (a lever or a number) of several tests."""

    at_least: Word
    of: tuple["Test", ...] = Field(min_length=1)


class Mean(Record):
    """The mean of several facts reaches a lever."""

    of: tuple[Id, ...] = Field(min_length=1)
    reaches: Word


class Test(Record):
    """A tree with exactly one key at each node; a comparison sets one field against a lever or a whole number."""

    __test__ = False
    all_of: tuple["Test", ...] | None = Field(None, min_length=1)
    any_of: tuple["Test", ...] | None = Field(None, min_length=1)
    none_of: tuple["Test", ...] | None = Field(None, min_length=1)
    count: Count | None = None
    at_least: dict[Id, Word] | None = None
    more_than: dict[Id, Word] | None = None
    less_than: dict[Id, Word] | None = None
    mean: Mean | None = None
    equals: dict[Id, Words] | None = Field(None, alias="is")  # one of the words
    states: dict[Id, Words] | None = None  # one of the words, anything else is not documented
    on_file: Id | None = None  # any value at all; absent is NOT_MET
    lever: While | None = None  # the policy's own setting, not a fact

    @model_validator(mode="after")
    def _one_key(self) -> "Test":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("test", "needs exactly one test, found {n}", {"n": len(self.model_fields_set)})
        body = getattr(self, self.kind)
        if isinstance(body, dict) and self.kind != "lever" and len(body) != 1:
            raise PydanticCustomError("test", "{kind} compares exactly one field", {"kind": self.kind})
        return self

    @property
    def kind(self) -> str:
        """Name of the one key."""
        return next(iter(self.model_fields_set))

    def walk(self) -> Iterator["Test"]:
        """This node and all below."""
        yield self
        parts = self.all_of or self.any_of or self.none_of or (self.count.of if self.count else ())
        for part in parts:
            yield from part.walk()

    def fields(self) -> tuple[str, ...]:
        """Fields this node itself reads (not those below it)."""
        if self.mean:
            return self.mean.of
        if self.on_file:
            return (self.on_file,)
        return tuple(self.at_least or self.more_than or self.less_than or self.equals or self.states or ())

    def levers(self) -> tuple[str, ...]:
        """Every lever that this node or one below reads."""
        return self.every_lever

    @cached_property
    def every_lever(self) -> tuple[str, ...]:
        """What `levers` says, found once."""
        names = [name for node in self.walk() for name in (*(node.lever or ()), *filter(None, [node.reference()]))]
        return tuple(dict.fromkeys(name for name in names if not name.isdigit()))

    def reference(self) -> str | None:
        """The lever or number this node compares with, if any."""
        if self.mean or self.count:
            return self.mean.reaches if self.mean else self.count.at_least  # type: ignore[union-attr]
        compared = self.at_least or self.more_than or self.less_than
        return next(iter(compared.values())) if compared else None


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
        return self.model_copy(update={"codes": common}) if common or not codes else None


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

    def walk(self) -> Iterator["Rule"]:
        """This rule and all below."""
        yield self
        for below in (*(self.first_of or ()), *self.branches.values(), *([self.otherwise] if self.otherwise else [])):
            yield from below.walk()


class Selector(Record):
    """The requests a pathway is for: groups of diagnoses, families of procedures, perhaps only one spinal level."""

    diagnosis: tuple[Id, ...] = Field(min_length=1)
    procedure: tuple[Id, ...] = Field(min_length=1)
    level: Literal["upper", "lumbar"] | None = None


class Pathway(Element):
    """The rule for some diagnoses and procedures."""

    title: Text
    selects: Selector = Field(alias="for")
    rule: Rule


class CodeLabel(Element):
    """A code with our own label."""

    label: Text
    level: Literal["upper", "lumbar"] | None = None


class CodeLabelPlain(Record):
    """A procedure code with our own label; descriptors belong to the AMA."""

    label: Text
    level: Literal["upper", "lumbar"] | None = None
    statements: tuple[StatementId, ...] = ()


class DiagnosisGroup(Record):
    """Diagnosis codes that share pathways."""

    label: Text
    codes: dict[IcdCode, CodeLabel]
    prefixes: dict[IcdCode, CodeLabel] = Field(default_factory=dict)


class ProcedureFamily(Record):
    """Procedure codes that share pathways."""

    label: Text
    codes: dict[CptCode, CodeLabelPlain]


class CodeNotice(Element):
    """A code whose label in the source assessment is wrong: a standing notice with its lever."""

    code: IcdCode
    source_label: Text
    official_meaning: Text
    consequence: Text
    likely_intended: tuple[Text, ...]
    lever: Id
    pend_while: Words


class TextElement(Element):
    """Standing text."""

    title: Text
    says: Text


class OpenQuestion(Element):
    """A contradiction with no column or no computable meaning: shown, not modelled."""

    question: Text
    options: tuple[Text, ...]
    why_open: Text
    contradiction: Text | None = None


class DirectionException(Record):
    """Where moving a lever the strict way can turn another outcome into met, with a case that shows it.

    Holds for every move from `from` or a stricter value to `to` or a looser one, while the other levers have the values
    named. The case is not met at `from` and met at `to`, with `while` and `set` set; checked on load.
    """

    lever: Id
    from_: Written = Field(alias="from")
    to: Written
    while_: While = Field(default_factory=dict, alias="while")
    because: Text
    case: dict[Id, Text]
    set_: dict[Id, Written] = Field(default_factory=dict, alias="set")

    def settings(self, policy: "Policy", value: str) -> "Settings":
        """Those that the case is determined under, with the lever at a value; raises ProblemsFound."""
        named = {name: words[0] for name, words in self.while_.items()}
        return policy.settings({**named, **self.set_, self.lever: value})

    def says(self, policy: "Policy") -> str:
        """'Going from 1 block to 2 blocks can turn ... into met while Which relief counts is mean; because ...'."""
        lever = policy.levers[self.lever]
        ends = [lever.show(lever.check(value)).replace("_", " ") for value in (self.from_, self.to)]
        held = [f"{policy.levers[name].label} is {' or '.join(words)}" for name, words in self.while_.items()]
        condition = f" while {' and '.join(held)}".replace("_", " ") if held else ""
        return f"Going from {ends[0]} to {ends[1]} can turn another outcome into met{condition}: {self.because}"


class Example(Record):
    """A worked example: a case, perhaps under other levers, and the outcome it must have; checked on load."""

    name: Text
    case: dict[Id, Text]
    set_: dict[Id, Written] = Field(default_factory=dict, alias="set")
    expect: Outcome
    asks: tuple[Id, ...] | None = None  # exactly these columns


class Policy(Record):
    """A versioned policy document; two are equal when their content is, wherever they were loaded from."""

    schema_: Literal["policy/1"] = Field(alias="schema")
    id: Id
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{1,3}$")]
    title: Text
    status: Literal["draft", "adopted", "retired"]
    notice: Text
    statements: dict[StatementId, Statement]
    evidence: dict[Key, Evidence]
    references: dict[Annotated[str, StringConstraints(pattern=r"^R[1-9][0-9]?$")], Text]
    retired_codes: dict[IcdCode, Text] = Field(default_factory=dict)  # diagnosis codes no longer valid, and since when
    fields_: dict[Id, CaseField] = Field(alias="fields")
    levers: dict[Id, Lever]
    criteria: dict[Id, Criterion]
    diagnoses: dict[Id, DiagnosisGroup]
    procedures: dict[Id, ProcedureFamily]
    code_notices: tuple[CodeNotice, ...]
    gates: dict[Id, Gate]
    pathways: dict[Id, Pathway]
    texts: dict[Id, TextElement]
    open_questions: dict[Id, OpenQuestion]
    direction_exceptions: tuple[DirectionException, ...] = Field((), max_length=100)  # each case is determined on load
    examples: tuple[Example, ...] = Field((), max_length=200)  # each is determined on load

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Policy) and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Policy":
        """As of any model, without what this one has worked out of its own content."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("fingerprint", "defaults"):
            vars(copy).pop(name, None)
        return copy

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content, whatever the layout of the file."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def name(self) -> str:
        """id@version."""
        return f"{self.id}@{self.version}"

    def __repr__(self) -> str:
        return f"{self.name} ({self.status}): {len(self.levers)} levers, {len(self.pathways)} pathways"

    __str__ = __repr__

    def required(self, rule: Rule, settings: "Settings") -> list[Requirement]:
        """The requirements of a rule that are in force, gates written out."""
        active = []
        for entry in rule.require or ():
            if settings.holds(entry.while_):
                gate = self.gates.get(entry.criterion)
                inside = [r for r in gate.require if settings.holds(r.while_)] if gate else [entry]
                active += [both for r in inside if (both := r.within(entry.codes))]
        return active

    def steps(self, rule: Rule, settings: "Settings") -> list[Step]:
        """The steps of a rule that can apply, up to the first that always does; asked again, a criterion has failed."""
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
        """Each lever's value in the document."""
        return ReadOnly({name: lever.check(lever.default) for name, lever in self.levers.items()})


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
        """Whether every lever of `condition` has one of the values named."""
        return all(
            ("off" if self[k] is None else str(self[k])) in words
            or ("on" in words and self[k] is not None and self.policy.levers[k].off_allowed)
            for k, words in condition.items()
        )

    def number(self, reference: str) -> int | None:
        """The whole number or the lever's value that a test compares with; None when the lever is off."""
        if reference.isdigit():
            return int(reference)
        value = self[reference]
        assert value is None or isinstance(value, int)
        return value

    def says(self, criterion: str) -> str:
        """The criterion's sentence under these settings, with the values of its levers."""
        stated = self.policy.criteria[criterion]
        says = next((v.says for v in stated.variants if self.holds(v.while_)), stated.says)
        for name, lever in self.policy.levers.items():
            if "{" + name + "}" in says:
                says = says.replace("{" + name + "}", lever.show(self[name]).replace("_", " "))
        return says

    def implies(self, one: Test, other: Test) -> bool:
        """Whether every value that meets `one` meets `other`: two thresholds of one kind on the same single field."""
        if (
            one.kind != other.kind
            or one.fields() != other.fields()
            or not (one.at_least or one.more_than or one.less_than)
        ):
            return False
        mine, others = self.number(str(one.reference())), self.number(str(other.reference()))
        return mine is not None and others is not None and (mine <= others if one.less_than else mine >= others)
