"""Made-up requests: a page of YAML that an epidemiologist can read becomes a case table.

`load` reads and checks the page (every problem at once, with file and line); `generate` makes any slice of its cases.
A page is an ordered list of variables. Each is a table of shares that may depend on variables above it; those marked
`latent` stay behind the scenes and tie the others together. Whether a fact is written down is a second decision, with a
table and a stream of its own. No fact is a float: shares become whole numbers out of 2**32, and a fact that does not
arise or is not documented is <NA>.
"""

import datetime
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from policy import document
from policy.model import Flag, Id, Record, StatementId, Text, as_list
from policy.problems import Problem, ProblemsFound, listed, nearest, refuse, shown
from policy.reading import Node, read_text
from simulations.streams import Streams, Words, whole

FOLDER = Path(__file__).parent / "populations"
LAST_CASE = 10**10 - 1  # a case_id has ten digits
MOST_CASES = 5_000_000  # at a time; at about 450 bytes each
_BLOCK = 1 << 16  # cases drawn together, so that the work stays in the cache
_MOST_STATES = 1 << 16
_EMPTY = -1
_THIS = "this"  # in a table of documentation: the fact itself
_BITS, _LOW_BITS = np.uint64(32), np.uint64(2**32 - 1)
_TEXT = pd.StringDtype("pyarrow")

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Column:
    """What a column of the case table may hold: words, yes or no, a count, text of a pattern, or what is made here."""

    kind: Literal["words", "flag", "count", "pattern", "made"]
    words: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = 0
    pattern: str = ""


_DAYS, _DRUGS, _PERCENT = Column("count", highest=36_500), Column("count", highest=20), Column("count", highest=100)
_FLAG = Column("flag")
COLUMNS: dict[str, Column] = {
    "case_id": Column("made"),
    "dx": Column("pattern", pattern=r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?"),
    "cpt": Column("pattern", pattern=r"\d{5}"),
    "request_date": Column("made"),
    "onset_date": Column("made"),
    "pain_duration_days": _DAYS,
    "conservative_care_days": _DAYS,
    "conservative_care_failed": _FLAG,
    "tried_physical_therapy": _FLAG,
    "tried_nsaid": _FLAG,
    "tried_exercise": _FLAG,
    "conservative_care_contraindicated": _FLAG,
    "function_limited": _FLAG,
    "imaging_other_cause": _FLAG,
    "radiculopathy": _FLAG,
    "diagnostic_blocks_done": Column("count", highest=2),
    "block_1_relief_pct": _PERCENT,
    "block_2_relief_pct": _PERCENT,
    "blocks_comparative": _FLAG,
    "image_guidance": Column("words", ("fluoroscopy", "ct", "ultrasound", "none")),
    "intent": Column("words", ("diagnostic", "therapeutic", "acute", "preventive")),
    "trigger_points_on_exam": _FLAG,
    "nerve_named": _FLAG,
    "failed_anticonvulsants": _DRUGS,
    "failed_preventives": _DRUGS,
    "failed_fibromyalgia_drugs": _DRUGS,
    "headache_days_per_month": Column("count", highest=31),
    "tn_specialist_diagnosis": _FLAG,
    "tn_mri_done": _FLAG,
    "clinical_trial": _FLAG,
    "site_of_service": Column("words", ("office", "outpatient", "asc", "ed")),
    "sessions_last_12m": Column("count", highest=365),
    "prior_relief_pct": _PERCENT,
    "prior_relief_days": Column("count", highest=3650),
    "age": Column("count", highest=120),
    "sex": Column("words", ("female", "male", "other")),
    "line_of_business": Column("words", ("medicare_advantage", "medicaid", "commercial", "marketplace")),
    "race_ethnicity": Column("pattern", pattern=r"[a-z][a-z_]{1,39}"),
    "rural": _FLAG,
    "low_income_subsidy": _FLAG,
    "dual_eligible": _FLAG,
    "disability": _FLAG,
    "truth_benefit": _FLAG,
    "truth_facet_pain": _FLAG,
}
_GIVEN = {name: column for name, column in COLUMNS.items() if column.kind != "made"}
_ONSET = "pain_duration_days"  # onset_date is request_date less this fact, written down together with it


# The page, as written ------------------------------------------------------------------------------------------------


def _exact(text: object) -> object:
    """'5.85' -> Decimal: digits and at most six decimals, so that every share is a whole number of millionths."""
    if not isinstance(text, str) or not re.fullmatch(r"(0|[1-9]\d{0,5})(\.\d{1,6})?", text):
        raise PydanticCustomError("number", "is not a number such as 35 or 5.85")
    return Decimal(text)


Number = Annotated[Decimal, BeforeValidator(_exact)]
Sources = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^R\d{1,3}[a-z]?$")], ...],
    BeforeValidator(as_list),
    Field(min_length=1),
]
Listed = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
Day = Annotated[datetime.date, BeforeValidator(lambda text: datetime.date.fromisoformat(str(text)))]


class Range(Record):
    """How far an assumption may be moved: each share scaled to so many percent of itself, or the one percentage."""

    scale_percent: tuple[Number, Number] | None = None
    percent: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Range":
        given = [pair for pair in (self.scale_percent, self.percent) if pair]
        if len(given) != 1 or given[0][0] >= given[0][1]:
            raise PydanticCustomError("range", "needs scale_percent or percent: two numbers, the lower one first")
        return self


class Cited(Record):
    """Where numbers come from: a source of `sources:`, statements (S1-S66), or an assumption with its range."""

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
            total = {"total": str(sum(self.shares.values()))}
            raise PydanticCustomError("shares", "has shares that add up to {total}; they must add up to 100", total)
        if self.percent is not None and self.percent > 100:
            raise PydanticCustomError("percent", "has a percentage above 100")
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


class Table(Cited):
    """Rows tried from the top: the first whose `when` fits a case is the one it is drawn from."""

    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        forms = {"shares", "percent", "value", "empty"}
        if isinstance(data, Mapping) and "rows" not in data and forms & data.keys():
            return {k: v for k, v in data.items() if k not in forms} | {
                "rows": [{k: data[k] for k in forms & data.keys()}]
            }
        return data

    @model_validator(mode="after")
    def _grounded(self) -> "Table":
        if not self.cited and any(row.numeric and not row.cited for row in self.rows):
            raise PydanticCustomError(
                "source", "holds numbers without a source, statements or assumption: true with a range"
            )
        return self


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
    """A published share that the cases should show: `share_of` among `among`, both by column and values."""

    says: Text
    share_of: dict[Id, Listed]
    among: dict[Id, Listed] = Field(default_factory=dict)
    percent: Number
    tolerance: Number

    @model_validator(mode="after")
    def _grounded(self) -> "Target":
        if not self.cited:
            raise PydanticCustomError("source", "names no source, statements or assumption: true with a range")
        return self


class Page(Record):
    """The whole document as written."""

    schema_: Literal["population/1"] = Field(alias="schema")
    id: Id
    label: Text
    notice: Text
    statements: tuple[StatementId, ...] = ()
    sources: dict[Annotated[str, StringConstraints(pattern=r"^R\d{1,3}[a-z]?$")], Text] = Field(default_factory=dict)
    period: Period
    habits: dict[Id, Table] = Field(default_factory=dict)
    variables: dict[Id, Variable] = Field(min_length=1)
    targets: tuple[Target, ...] = ()


# The page, ready to draw from ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Choice:
    """A table in whole numbers: row r owns the keys from r * 2**32; an entry is `lowest + step * k`, k < `count`."""

    parents: tuple[tuple[str, int], ...]  # name and stride in `base`
    base: Words
    bounds: Words
    lowest: Codes
    step: Codes
    count: Words

    def pick(self, words: Words, facts: Mapping[str, Codes]) -> Codes:
        """One value for each word: int32 (n,), -1 where there is none; the high half of a word picks the entry."""
        key = words >> _BITS
        if self.parents:
            state = sum(((facts[name] + 1) * np.int32(stride) for name, stride in self.parents), np.int32(0))
            key += self.base[state]
        entry = np.searchsorted(self.bounds, key, side="right")
        value = self.lowest[entry]
        if (self.count > 1).any():
            value += self.step[entry] * (((words & _LOW_BITS) * self.count[entry]) >> _BITS).astype(np.int32)
        return value


@dataclass(frozen=True, eq=False)
class Decision:
    """A variable with its tables: `values` are its words by code, none for a count; `documented` None means always."""

    name: str
    latent: bool
    kind: Literal["words", "flag", "count"]
    values: tuple[str, ...]
    choice: Choice
    at_most: str | None
    documented: Choice | None
    only_with: str | None


@dataclass(frozen=True, eq=False)
class Population:
    """A checked page, ready to `generate` from; `fingerprint` is the SHA-256 of its content, whatever the layout."""

    page: Page
    decisions: tuple[Decision, ...]
    fingerprint: str

    def __repr__(self) -> str:
        return f"<Population {self.id} {self.fingerprint[:12]}>"

    @property
    def id(self) -> str:
        """The page's own name."""
        return self.page.id

    @property
    def label(self) -> str:
        """What to call it in a report."""
        return self.page.label

    @property
    def notice(self) -> str:
        """What every output made from it must say."""
        return self.page.notice


def shipped() -> tuple[str, ...]:
    """Names of the populations that come with the workbook."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load(name_or_path: str | Path) -> Population:
    """A shipped population by name, or one from a YAML file; raises ProblemsFound with every problem of the page."""
    name = str(name_or_path)
    known = shipped()
    path = FOLDER / f"{name}.yaml" if name in known else Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        message = f"is no population that ships ({listed(known)}) and no .yaml file{nearest(name, known)}"
        raise refuse("unknown-population", shown(name), message)
    return parse(read_text(path), path.name if path.is_relative_to(FOLDER) else name)


def parse(text: str, name: str) -> Population:
    """The population written in `text`; `name` stands for the file in messages. Raises ProblemsFound."""
    page, node = document.parse(text, name, Page)
    compiler = _Compiler(page, node, name)
    decisions = compiler.decisions()
    if compiler.problems:
        raise ProblemsFound(sorted(compiler.problems, key=lambda p: int(p.place.rpartition(":")[2])))
    content = json.dumps(node.plain(), ensure_ascii=False, separators=(",", ":")).encode()
    return Population(page, decisions, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class _Facts:
    """What the values of a fact may be: `values` are its words, none for a count, whose column bounds it."""

    kind: Literal["words", "flag", "count"]
    values: tuple[str, ...]
    column: Column

    def entry(self, text: str) -> tuple[int, int, int] | None:
        """Lowest value, step and number of values behind one key of `shares`; None when it is not allowed."""
        if self.kind == "count":
            span = _span(text)
            fits = span is not None and span[0] >= self.column.lowest and _last(span) <= self.column.highest
            return span if fits else None
        pattern = self.column.pattern
        fits = bool(re.fullmatch(pattern, text)) if pattern else text in (self.column.words or self.values)
        return (self.values.index(text), 1, 1) if fits and text in self.values else None

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind == "count":
            span = f"from {self.column.lowest} to {self.column.highest:,}"
            return f"a whole number, 'low to high' or 'low to high by step', {span}"
        return self.column.pattern or listed(self.column.words or self.values)


_YES_NO = _Facts("flag", ("false", "true"), _FLAG)


class _Compiler:
    """Turns a page into decisions and collects what does not fit together."""

    def __init__(self, page: Page, node: Node, name: str):
        self.page, self.node, self.file = page, node, name
        self.problems: dict[Problem, None] = {}
        self.done: dict[str, Decision] = {}
        self.states: dict[str, NDArray[np.bool_]] = {}  # which of empty, 0, 1, 2... a variable can be

    def problem(self, path: tuple[Any, ...], message: str) -> None:
        where = ".".join(str(step) for step in path)
        self.problems[Problem("population", f"{self.file}:{self.node.line_of(path)}", f"{where} {message}")] = None

    def decisions(self) -> tuple[Decision, ...]:
        for name, variable in self.page.variables.items():
            self._variable(name, variable)
        for name in _GIVEN.keys() - self.page.variables.keys():
            self.problem(("variables",), f"do not say how the column {name} comes about")
        used = {v.documented for v in self.page.variables.values() if isinstance(v.documented, str)}
        for name in self.page.habits.keys() - used:
            self.problem(("habits", name), "is used by no variable")
        self._sources()
        self._targets()
        return tuple(self.done.values())

    def _sources(self) -> None:
        cited: set[str] = set()
        for path, record in _records(self.page, ()):
            cited.update(record.source)
            for source in set(record.source) - self.page.sources.keys():
                self.problem((*path, "source"), f"{source} is not described under sources")
        for source in self.page.sources.keys() - cited:
            self.problem(("sources", source), "is cited by nothing")

    def _targets(self) -> None:
        for index, target in enumerate(self.page.targets):
            for side in ("share_of", "among"):
                for column, values in getattr(target, side).items():
                    decision = self.done.get(column)
                    if decision is None or decision.latent or decision.kind == "count":
                        self.problem(
                            ("targets", index, side), f"{column} is no column of words{nearest(column, _GIVEN)}"
                        )
                    elif not set(values) <= set(decision.values):
                        self.problem(("targets", index, side, column), f"can only be {listed(decision.values)}")

    def _variable(self, name: str, variable: Variable) -> None:
        path = ("variables", name)
        column = COLUMNS.get(name)
        self._place(path, variable, column)
        kind: Literal["words", "flag", "count"] = "flag" if _is_flag(variable) else "words"
        if column and column.kind in ("words", "flag", "count"):
            kind = column.kind
        if kind == "count" and variable.unit is None:
            self.problem(path, "is a number and needs a unit")
        facts = (
            _YES_NO
            if kind == "flag"
            else _Facts(kind, () if kind == "count" else _words(variable), column or Column("words"))
        )
        choice = self._choice(path, variable, facts)
        self.states[name] = _states(choice, len(facts.values), variable.at_most is not None)
        self.done[name] = Decision(
            name, variable.latent, kind, facts.values, choice, variable.at_most, None, variable.only_with
        )
        habit = self._habit(path, variable.documented, name)
        self.done[name] = replace(self.done[name], documented=habit)

    def _place(self, path: tuple[Any, ...], variable: Variable, column: Column | None) -> None:
        """Whether the variable is a column or latent, and stands below those it needs."""
        name = path[-1]
        if column is not None and column.kind == "made":
            self.problem(path, "is made from the period, the number of the case and the duration of pain; remove it")
        elif column is not None and variable.latent:
            self.problem(path, "is a column of the case table and cannot be latent")
        elif column is None and not variable.latent:
            near = nearest(name, _GIVEN.keys() - self.page.variables.keys())
            self.problem(path, f"is no column of the case table{near}; a cause behind the scenes is latent: true")
        if variable.latent and (variable.documented or variable.only_with):
            self.problem(path, "is latent, so it cannot be documented")
        if not variable.latent and variable.documented is None:
            self.problem(path, "does not say how often it is documented: always, a habit or a table")
        if variable.only_with is not None and (
            variable.only_with not in self.done or self.done[variable.only_with].latent
        ):
            self.problem(
                (*path, "only_with"),
                f"{variable.only_with} is no column above it{nearest(variable.only_with, self.done)}",
            )
        limit = variable.at_most
        if limit is not None and (limit not in self.done or self.done[limit].kind != "count" or self.states[limit][0]):
            self.problem(
                (*path, "at_most"), f"{limit} is no number above it that is never empty{nearest(limit, self.done)}"
            )

    def _habit(self, path: tuple[Any, ...], documented: str | Table | None, name: str) -> Choice | None:
        if isinstance(documented, Table):
            return self._choice((*path, "documented"), documented, _YES_NO, name)
        if documented in self.page.habits:
            return self._choice(("habits", documented), self.page.habits[documented], _YES_NO, name)
        if documented not in (None, "always"):
            known = ("always", *self.page.habits)
            near = nearest(documented, known)
            self.problem((*path, "documented"), f"{shown(documented)} is no habit; there is {listed(known)}{near}")
        return None

    def _choice(self, path: tuple[Any, ...], table: Table, facts: _Facts, this: str = _THIS) -> Choice:
        """The table in whole numbers; `this` is the fact whose documentation it decides."""
        whens = [{this if key == _THIS else key: wanted for key, wanted in row.when.items()} for row in table.rows]
        parents = list(dict.fromkeys(parent for when in whens for parent in when))
        for parent in [p for p in parents if p not in self.done]:
            self.problem(
                (*path, "rows"), f"depends on {parent}, which is no variable above it{nearest(parent, self.done)}"
            )
        known = all(parent in self.done for parent in parents)
        parents = [parent for parent in parents if parent in self.done]
        shape = [len(self.states[parent]) for parent in parents]
        if math.prod(shape) > _MOST_STATES:
            self.problem(
                (*path, "rows"), f"depends on {listed(parents)}: that is more than {_MOST_STATES:,} combinations"
            )
            known, parents, shape = False, [], []
        row_of = np.full(shape, -1)
        for index in reversed(range(len(whens))):
            fitting = [
                self._when((*path, "rows", index, "when"), parent, whens[index].get(parent)) for parent in parents
            ]
            row_of[np.ix_(*fitting)] = index
        if known:
            self._reach(path, table, parents, row_of)
        bounds, entries = self._entries(path, table, facts)
        lowest, step, count = np.array(entries, dtype=np.int64).T
        strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        return Choice(
            tuple(zip(parents, strides, strict=True)),
            np.maximum(row_of, 0).ravel().astype(np.uint64) << _BITS,
            np.array(bounds, dtype=np.uint64),
            lowest.astype(np.int32),
            step.astype(np.int32),
            count.astype(np.uint64),
        )

    def _reach(self, path: tuple[Any, ...], table: Table, parents: list[str], row_of: NDArray[np.intp]) -> None:
        """Every case has a row, and every row has cases."""
        possible = np.ones(row_of.shape, dtype=np.bool_)
        for axis, parent in enumerate(parents):
            possible &= self.states[parent].reshape([-1 if i == axis else 1 for i in range(len(parents))])
        missed = np.argwhere((row_of < 0) & possible)
        if len(missed):
            case = ", ".join(f"{p} {self._state(p, int(state))}" for p, state in zip(parents, missed[0], strict=True))
            self.problem((*path, "rows"), f"have no row for {case}")
        for index in sorted(set(range(len(table.rows))) - set(row_of[possible].tolist())):
            if _THIS not in table.rows[index].when:
                self.problem((*path, "rows", index), "is never reached: the rows above it take all its cases")

    def _when(self, path: tuple[Any, ...], parent: str, wanted: tuple[str, ...] | None) -> NDArray[np.intp]:
        """States of `parent` (0 is empty, then its values) that fit `wanted`; all of them when it is not mentioned."""
        states = self.states[parent]
        if wanted is None:
            return np.arange(len(states))
        decision = self.done[parent]
        found: set[int] = set()
        for text in wanted:
            span = _span(text) if decision.kind == "count" else None
            if text == "empty" and states[0]:
                found.add(0)
            elif text in decision.values:
                found.add(decision.values.index(text) + 1)
            elif span is not None and _last(span) + 1 < len(states):
                found.update(span[0] + span[1] * k + 1 for k in range(span[2]))
            else:
                known = decision.values or (f"0 to {len(states) - 2}",)
                self.problem(
                    (*path, parent), f"is never {shown(text)}; it can be {listed(known)}{nearest(text, known)}"
                )
        return np.array(sorted(found), dtype=np.intp)

    def _state(self, name: str, state: int) -> str:
        values = self.done[name].values
        return "empty" if state == 0 else values[state - 1] if values else str(state - 1)

    def _entries(
        self, path: tuple[Any, ...], table: Table, facts: _Facts
    ) -> tuple[list[int], list[tuple[int, int, int]]]:
        """Upper bound of each share in the words of its row, and the values that it stands for."""
        bounds, entries = [], []
        for index, row in enumerate(table.rows):
            place = (*path, "rows", index)
            if row.percent is not None and facts.kind != "flag":
                self.problem(place, "gives a percentage of yes, but this is no yes-or-no fact: use shares")
            total = Decimal(0)
            for text, share in row.parts():
                entry = (_EMPTY, 1, 1) if text is None else facts.entry(text)
                if entry is None and (row.percent is None or facts.kind == "flag"):
                    self.problem(
                        place,
                        f"{shown(text)} is not allowed{nearest(str(text), facts.values)}; allowed: {facts.allowed}",
                    )
                total += share
                if share:
                    bounds.append((index << 32) + int(total * 2**32 / 100))
                    entries.append(entry or (0, 1, 1))
        return bounds, entries


def _records(value: object, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Cited]]:
    """Every citing record of the page with its path."""
    if isinstance(value, Cited):
        yield path, value
    if isinstance(value, Record):
        for name in type(value).model_fields:
            yield from _records(getattr(value, name), (*path, name))
    elif isinstance(value, (dict, tuple)):
        for key, item in dict(value if isinstance(value, dict) else enumerate(value)).items():
            yield from _records(item, (*path, key))


def _span(text: str) -> tuple[int, int, int] | None:
    """'7' -> (7, 1, 1), '0 to 6' -> (0, 1, 7), '50 to 60 by 5' -> (50, 5, 3); anything else None."""
    found = re.fullmatch(r"(\d{1,6})(?: to (\d{1,6})(?: by (\d{1,6}))?)?", text)
    if not found:
        return None
    low, high, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
    return (low, step, (high - low) // step + 1) if step > 0 and high >= low and (high - low) % step == 0 else None


def _last(span: tuple[int, int, int]) -> int:
    return span[0] + span[1] * (span[2] - 1)


def _states(choice: Choice, values: int, capped: bool) -> NDArray[np.bool_]:
    """Which of empty, 0, 1, 2... the table can give; below a cap, any number up to its highest."""
    spans = list(zip(choice.lowest.tolist(), choice.step.tolist(), choice.count.tolist(), strict=True))
    states = np.zeros(max(values, *(_last(span) + 1 for span in spans)) + 1, dtype=np.bool_)
    for low, step, count in spans:
        states[low + 1 : low + 2 + step * (count - 1) : step] = True
    states[1:] |= capped
    return states


def _is_flag(table: Table) -> bool:
    return any(row.percent is not None or row.value in ("true", "false") for row in table.rows)


def _words(table: Table) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(text for row in table.rows for text in (row.shares or ([row.value] if row.value else [])))
    )


# Cases ---------------------------------------------------------------------------------------------------------------


def generate(population: Population, size: int, seed: int, start: int = 0) -> pd.DataFrame:
    """Cases `start` to `start + size - 1` (counted from 0) with every column of the case table, in its order.

    Counts are Int64, yes-or-no facts boolean, all else text (dates ISO); <NA> is not documented. Case i depends on the
    population, the seed and i alone. Raises ProblemsFound for a size outside 1 to 5,000,000, a seed outside 0 to
    2**64 - 1 or a start outside 0 to what ten digits can number.
    """
    size = whole("size", size, 1, MOST_CASES)
    start = whole("start", start, 0, LAST_CASE - size)
    streams = Streams(seed)
    columns = [decision for decision in population.decisions if not decision.latent]
    made = {d.name: np.empty(size, dtype=_narrow(d)) for d in columns}
    days = np.empty(size, dtype=np.int32)
    for first in range(0, size, _BLOCK):
        count = min(_BLOCK, size - first)
        here = slice(first, first + count)
        for name, codes in _block(population, streams, start + first, count).items():
            made[name][here] = codes
        days[here] = _request_days(population.page.period, streams.draw("request_date", start + first, count))
    frame = {
        "case_id": _case_ids(start, size),
        "request_date": _dates(days, np.ones(size, dtype=np.bool_)),
        "onset_date": _dates(days - made[_ONSET], made[_ONSET] >= 0),
    }
    for decision in columns:
        frame[decision.name] = _column(decision, made.pop(decision.name))
    return pd.DataFrame({name: frame[name] for name in COLUMNS}, copy=False)


def _block(population: Population, streams: Streams, start: int, count: int) -> dict[str, Codes]:
    """The columns of `count` cases as codes, -1 where a fact is empty or not documented."""
    facts: dict[str, Codes] = {}
    seen: dict[str, NDArray[np.bool_]] = {}
    for decision in population.decisions:
        value = decision.choice.pick(streams.draw(decision.name, start, count), facts)
        if decision.at_most is not None:
            value = np.minimum(value, facts[decision.at_most])
        facts[decision.name] = value
        if decision.latent:
            continue
        seen[decision.name] = value >= 0
        if decision.documented is not None:
            words = streams.draw(f"{decision.name}/documented", start, count)
            seen[decision.name] &= decision.documented.pick(words, facts) == 1
        if decision.only_with is not None:
            seen[decision.name] &= seen[decision.only_with]
    return {name: np.where(documented, facts[name], np.int32(_EMPTY)) for name, documented in seen.items()}


def _narrow(decision: Decision) -> type[np.signedinteger[Any]]:
    return np.int32 if decision.kind == "count" else np.int8 if len(decision.values) < 127 else np.int32


def _request_days(period: Period, words: Words) -> Codes:
    """Days since 1970-01-01."""
    first = (period.first - datetime.date(1970, 1, 1)).days
    length = np.uint64((period.last - period.first).days + 1)
    return (first + (((words >> _BITS) * length) >> _BITS).astype(np.int32)).astype(np.int32)


def _case_ids(start: int, size: int) -> Any:
    numbers = pa.array(np.arange(start + 1, start + size + 1)).cast(pa.string())
    return pd.array(pc.binary_join_element_wise("S", pc.utf8_lpad(numbers, 10, "0"), ""), dtype=_TEXT)


def _dates(days: Codes, known: NDArray[np.bool_]) -> Any:
    if not known.any():
        return pd.array([pd.NA] * len(days), dtype=_TEXT)
    lowest, highest = int(days[known].min()), int(days[known].max())
    calendar = np.datetime_as_string(np.arange(lowest, highest + 1).astype("datetime64[D]"))
    return pd.array(calendar, dtype=_TEXT).take(np.where(known, days - lowest, _EMPTY), allow_fill=True)


def _column(decision: Decision, codes: NDArray[np.signedinteger[Any]]) -> Any:
    missing = codes < 0
    if decision.kind == "count":
        return pd.arrays.IntegerArray(np.where(missing, 0, codes).astype(np.int64), missing)
    if decision.kind == "flag":
        return pd.arrays.BooleanArray(codes == 1, missing)
    words = pd.array(list(decision.values), dtype=_TEXT)
    return words.take(codes, allow_fill=True)


def against_targets(population: Population, frame: pd.DataFrame) -> list[str]:
    """One line per target of the page: what is published, what was generated, and whether they agree.

    Within is the target's own tolerance and four standard errors of the sample; a sample without such cases says so.
    """
    lines = []
    for target in population.page.targets:
        among = _where(frame, target.among)
        hits, cases = int((among & _where(frame, target.share_of)).sum()), int(among.sum())
        wanted = f"{target.says}: target {target.percent} %"
        if not cases:
            lines.append(f"{wanted}, no such case among {len(frame):,}")
            continue
        generated, share = 100 * hits / cases, float(target.percent) / 100
        allowed = float(target.tolerance) + 400 * (share * (1 - share) / cases) ** 0.5
        verdict = "within" if abs(generated - 100 * share) <= allowed else "OUTSIDE"
        basis = ", ".join([*target.source, *target.statements]) or "assumption"
        lines.append(f"{wanted} ({basis}), generated {generated:.2f} % of {cases:,}: {verdict} {allowed:.2f} points")
    return lines


def _where(frame: pd.DataFrame, wanted: Mapping[str, tuple[str, ...]]) -> NDArray[np.bool_]:
    """Rows whose columns hold one of the wanted words; a fact that is not documented never does."""
    chosen = np.ones(len(frame), dtype=np.bool_)
    for column, values in wanted.items():
        text = frame[column].astype(_TEXT).str.lower() if frame[column].dtype == "boolean" else frame[column]
        chosen &= text.isin(values).to_numpy(dtype=np.bool_)
    return chosen
