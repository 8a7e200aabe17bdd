"""A population as a page of YAML: the records that an epidemiologist's text is read into.

A page is an ordered list of variables. Each is a table of shares that may depend on variables above it; those marked
`latent` stay behind the scenes and tie the others together. Whether a fact is written down is a second decision with a
table of its own. A page may be `based_on` a shipped one: it then says only what differs.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Record
from policy.entries.scalars import Flag, Id, StatementId, Text, as_list, whole
from policy.reading.loading import DEFAULT

FOLDER = Path(__file__).resolve().parent.parent / "populations"
TABLES = (".csv", ".parquet")  # a file of cases, which may stand in the place of a population


def _exact(text: object) -> object:
    """'5.85' -> Decimal: digits and at most six decimals, so that every share is a whole number of millionths."""
    if not isinstance(text, str) or not re.fullmatch(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?", text):
        raise PydanticCustomError("number", "is not a number such as 35 or 5.85, without a % sign")
    return Decimal(text)


def _signed(text: object) -> object:
    """As `_exact`, with a minus sign allowed: a difference of percentages may be negative."""
    if isinstance(text, str) and text.startswith("-"):
        return -Decimal(str(_exact(text[1:])))
    return _exact(text)


def _day(text: object) -> object:
    """'2026-01-31' and no other spelling."""
    if isinstance(text, datetime.date):
        return text
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", str(text)):
            raise ValueError
        return datetime.date.fromisoformat(str(text))
    except ValueError:
        raise PydanticCustomError("date", "is not a date such as 2026-01-31") from None


Number = Annotated[Decimal, BeforeValidator(_exact)]
Points = Annotated[Decimal, BeforeValidator(_signed)]
Metric = Literal[
    "share", "dual_positive", "single_test_false_positive", "single_test_ppv", "dual_test_ppv",
    "helped", "success_per_treatment", "cut_off_gain", "more_relief_gain", "denied", "overturned",
]  # fmt: skip
FORMS = ("shares", "percent", "value", "empty")  # of a row
MOST_EFFECTS = 8  # of one table: each doubles its rows
ARMS, ANCHORS = ("helped", "success_per_treatment"), ("denied", "overturned")
GAINS = ("cut_off_gain", "more_relief_gain")  # in percentage points
Use = Literal["input", "fitted", "held_out"]  # of a published figure; an anchor has none
SourceId = Annotated[str, StringConstraints(pattern=r"^R[0-9]{1,3}[a-z]?$")]
Sources = Annotated[
    tuple[SourceId, ...],
    BeforeValidator(as_list, json_schema_input_type=SourceId | tuple[SourceId, ...]),
    Field(min_length=1),
]
Listed = Annotated[
    tuple[str, ...], BeforeValidator(as_list, json_schema_input_type=str | tuple[str, ...]), Field(min_length=1)
]
Day = Annotated[datetime.date, BeforeValidator(_day)]
_MILLIONTH = Decimal("0.000001")


class Range(Record):
    """How far an assumption may be moved: each share, or its odds, scaled to so many percent; or the one percentage."""

    scale_percent: tuple[Number, Number] | None = None
    odds_percent: tuple[Number, Number] | None = None
    percent: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Range":
        given = [pair for pair in (self.scale_percent, self.odds_percent, self.percent) if pair]
        if len(given) != 1 or given[0][0] >= given[0][1]:
            message = "needs scale_percent, odds_percent or percent: two numbers, the lower one first"
            raise PydanticCustomError("range", message)
        if self.odds_percent and not self.odds_percent[0]:
            raise PydanticCustomError("range", "needs odds above 0")
        return self


class Cited(Record):
    """Where numbers come from: a source of `sources:`, statements (S1, S2, ...), or an assumption with its range."""

    source: Sources = ()
    statements: tuple[StatementId, ...] = ()
    assumption: Flag = False
    range: Range | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _ranged(self) -> "Cited":
        if self.assumption and self.range is None:
            raise PydanticCustomError("range", "is an assumption without a range")
        return self

    @property
    def cited(self) -> bool:
        """Whether anything stands behind the numbers."""
        return bool(self.source or self.statements or self.assumption)


class Row(Cited):
    """Shares (in %), one percentage of yes, one value, or nothing at all, for the cases that `when` describes."""

    when: dict[Id, Listed] = Field(default_factory=dict)
    shares: dict[str, Number] | None = None
    percent: Number | None = None
    value: str | None = None
    empty: Flag = False

    @model_validator(mode="after")
    def _one_form(self) -> "Row":
        forms = [self.shares is not None, self.percent is not None, self.value is not None, self.empty]
        if sum(forms) != 1:
            raise PydanticCustomError("form", "needs one of shares, percent, value, empty: true")
        if self.shares is not None and sum(self.shares.values()) != 100:
            total = {"total": str(sum(self.shares.values())), "key": "shares"}
            raise PydanticCustomError("shares", "has shares that add up to {total}; they must add up to 100", total)
        if self.percent is not None and self.percent > 100:
            raise PydanticCustomError("percent", "is above 100", {"key": "percent"})
        return self

    def parts(self) -> Iterator[tuple[str | None, Decimal]]:
        """Each value with its share in %; None stands for no value."""
        if self.percent is not None:
            yield from (("false", 100 - self.percent), ("true", self.percent))
        elif self.empty:
            yield None, Decimal(100)
        else:
            yield from (self.shares or {str(self.value): Decimal(100)}).items()

    @property
    def numeric(self) -> bool:
        """Whether the row holds a number that needs a source."""
        return self.shares is not None or self.percent is not None or (self.value or "").isdigit()


class Effect(Cited):
    """What a fact does to a yes: the odds of each percentage of the table, scaled to so many percent where `when` fits.

    100 is no effect and changes no case. An assumption has a range of odds_percent that includes 100 and its own value.
    """

    when: dict[Id, Listed] = Field(min_length=1)
    odds_percent: Number = Decimal(100)

    @model_validator(mode="after")
    def _sound(self) -> "Effect":
        if not self.cited:
            raise PydanticCustomError("source", "names no source, statements or assumption: true with a range")
        if not 0 < self.odds_percent <= 10_000:
            raise PydanticCustomError("effect", "needs odds above 0, up to 10000 %", {"key": "odds_percent"})
        ends = self.range.odds_percent if self.range else None
        if self.range and ends is None:
            raise PydanticCustomError("range", "needs a range of odds_percent", {"key": "range"})
        if ends and not all(ends[0] <= odds <= ends[1] for odds in (100, self.odds_percent)):
            raise PydanticCustomError(
                "range", "needs a range with 100 (no effect) and its odds in it", {"key": "range"}
            )
        return self

    def on(self, percent: Decimal) -> Decimal:
        """The percentage with its odds scaled, in millionths; what is neither 0 nor 100 never becomes it."""
        if percent in (0, 100) or self.odds_percent == 100:
            return percent
        yes = percent * self.odds_percent / 100
        return min(max((100 * yes / (yes + 100 - percent)).quantize(_MILLIONTH), _MILLIONTH), 100 - _MILLIONTH)


def _short_form(schema: dict[str, Any]) -> None:
    """In a JSON Schema: a table of one row may be written without `rows`."""
    forms = Row.model_json_schema()["properties"]
    schema["properties"] |= {form: forms[form] for form in FORMS}
    schema["required"].remove("rows")
    schema["oneOf"] = [{"required": [form]} for form in ("rows", *FORMS)]


class Table(Cited):
    """Rows tried from the top: the first whose `when` fits a case is the one it is drawn from; then all `effects`."""

    model_config = ConfigDict(json_schema_extra=_short_form)
    rows: tuple[Row, ...] = Field(min_length=1)
    effects: tuple[Effect, ...] = Field((), max_length=MOST_EFFECTS)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        row = {form: data[form] for form in FORMS if form in data} if isinstance(data, Mapping) else {}
        if isinstance(data, Mapping) and "rows" not in data and row:
            return {k: v for k, v in data.items() if k not in row} | {"rows": [row]}
        return data

    @model_validator(mode="after")
    def _grounded(self) -> "Table":
        if not self.cited and any(row.numeric and not row.cited for row in self.rows):
            raise PydanticCustomError(
                "source", "holds numbers without a source, statements or assumption: true with a range"
            )
        return self


def at_work(row: Row, effects: Sequence[Effect]) -> Iterator[Sequence[tuple[str | None, Decimal]]]:
    """The parts of a row under each set of effects: bit k of its number says whether effect k is at work."""
    if row.percent is None:
        yield from [list(row.parts())] * (1 << len(effects))
        return
    percents = [row.percent]
    for effect in effects:
        percents += [effect.on(percent) for percent in percents]
    yield from ([("false", 100 - percent), ("true", percent)] for percent in percents)


Habit = Annotated[
    Annotated[Id, Tag("habit")] | Annotated[Table, Tag("table")],
    Discriminator(lambda given: "habit" if isinstance(given, str) else "table"),
]


class Variable(Table):
    """One fact of a case, or one latent cause of several."""

    says: Text
    unit: Text | None = None
    latent: Flag = False
    at_most: Id | None = None
    documented: Habit | None = None
    only_with: Id | None = None


class Period(Cited):
    """First and last request date; every day is as likely as the next."""

    first: Day
    last: Day

    @model_validator(mode="after")
    def _sound(self) -> "Period":
        if not self.first <= self.last <= self.first.replace(year=self.first.year + 1):
            raise PydanticCustomError("period", "must end after it begins, within 12 months")
        if not self.cited:
            raise PydanticCustomError("source", "names no source, statements or assumption: true with a range")
        return self


class Target(Cited):
    """A figure that the cases should show, in % or percentage points, with the interval that counts as agreement.

    `metric` is worked out among the cases of `stratum`: `share` of those that `share_of` describes, or a figure of the
    page's virtual trial (see virtual_trial.py), for which `tests` may name the arm. `use` says what became of it: an
    `input` was put into the page, a `fitted` one is what population/fit.py aims at, a `held_out` one was seen by
    neither, so only it can speak against the page; without a word it is counted apart. Without `between` it is an
    anchor: shown, and never judged.
    """

    says: Text
    use: Use | None = None
    metric: Metric = "share"
    stratum: dict[Id, Listed] = Field(default_factory=dict)
    share_of: dict[Id, Listed] = Field(default_factory=dict)
    tests: Literal["0", "1", "2"] | None = None
    value: Points
    between: tuple[Points, Points] | None = None

    @model_validator(mode="after")
    def _grounded(self) -> "Target":
        if not self.cited:
            raise PydanticCustomError("source", "names no source, statements or assumption: true with a range")
        if self.between and not self.between[0] <= self.value <= self.between[1]:
            raise PydanticCustomError("between", "needs two numbers with the value between them")
        if bool(self.share_of) != (self.metric == "share"):
            raise PydanticCustomError("share_of", "needs share_of with the metric share, and with no other")
        if (self.tests is not None) != (self.metric in ARMS):
            raise PydanticCustomError("tests", "needs tests (0, 1 or 2) with an arm of the trial, and with no other")
        if (self.between is None) != (self.metric in ANCHORS):
            raise PydanticCustomError("between", "needs between: two numbers, unless its metric is an anchor")
        if self.use and self.metric in ANCHORS:
            raise PydanticCustomError(
                "use", "is an anchor, which is shown and never judged, and has no use", {"key": "use"}
            )
        return self


class TrialWords(Record):
    """What a report calls the test (one of them), the condition that it looks for, and the treatment that follows."""

    test: Text
    condition: Text
    treatment: Text


class VirtualTrial(Cited):
    """How the figures of a diagnostic test are taken: the patients `among` all cases, all given what `assign` says.

    Assigning cuts the causes of a variable and changes nothing else, as allocation in a trial does. A test, of which
    each patient gets two (`tests`, in per cent), counts as positive from `cut_off` on, which a policy's `lever` sets;
    `loosest` is the lowest cut-off that it may have, `parted_at` where a published study parts its patients. `truth`
    is the condition that it looks for, in requests for `procedures`; `benefit`, that the treatment would help.
    """

    among: dict[Id, Listed]
    assign: dict[Id, str]
    truth: Id
    benefit: Id
    tests: tuple[Id, Id]
    procedures: tuple[Id, ...] = Field(min_length=1)
    cut_off: Annotated[int, BeforeValidator(whole)]
    loosest: Annotated[int, BeforeValidator(whole)]
    parted_at: Annotated[int, BeforeValidator(whole)]
    lever: Id
    words: TrialWords

    @model_validator(mode="after")
    def _grounded(self) -> "VirtualTrial":
        if not self.cited:
            raise PydanticCustomError("source", "names no source, statements or assumption: true with a range")
        return self


class Stage(Record):
    """A stage of the pathway that reports tell apart: the first whose `when` fits what is on file of a case."""

    name: Text
    when: dict[Id, Listed] = Field(default_factory=dict)


Section = Literal["targets", "conflicts", "tests", "cut_off", "truth", "stages", "by_lever", "fitted", "cannot"]


class Page(Record):
    """The whole document as written; one that is `based_on` a shipped page replaces whole entries of it."""

    schema_: Literal["population/1"] = Field(alias="schema")
    id: Id
    based_on: Id | None = None
    compare_with: tuple[Id, ...] = ()  # shipped pages based on it that reports show beside it
    policy: Text = DEFAULT  # by name, or by a path from the folder of the page; its fields are the columns
    label: Text
    short: Text | None = None  # see `short_label`; in no fingerprint
    notice: Text
    statements: tuple[StatementId, ...] = ()
    sources: dict[SourceId, Text] = Field(default_factory=dict)
    period: Period | None = None
    habits: dict[Id, Table] = Field(default_factory=dict)
    variables: dict[Id, Variable] = Field(default_factory=dict)
    virtual_trial: VirtualTrial | None = None
    stages: tuple[Stage, ...] = ()
    remarks: dict[Section, tuple[Text, ...]] = Field(default_factory=dict)  # what the report on the page says of each
    targets: dict[Id, Target] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> "Page":
        if self.based_on is None and (self.period is None or not self.variables):
            raise PydanticCustomError("page", "needs a period and variables, or based_on: the page it changes")
        return self

    @property
    def short_label(self) -> str:
        """What to call it in a sentence: `short`, by default the label up to its first comma."""
        return self.short or self.label.partition(",")[0]

    def over(self, base: "Page") -> "Page":
        """This page with what it leaves out taken from `base`: whole entries, in the order of `base`."""
        return self.model_copy(
            update={
                "policy": base.policy,
                "sources": base.sources | self.sources,
                "period": self.period or base.period,
                "habits": base.habits | self.habits,
                "variables": base.variables | self.variables,
                "virtual_trial": self.virtual_trial or base.virtual_trial,
                "stages": self.stages or base.stages,
                "targets": self.targets or base.targets,
            }
        )
