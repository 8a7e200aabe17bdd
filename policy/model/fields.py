"""A fact of a case: one column of the case table, or what is worked out from columns."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, PrivateAttr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.history import History
from policy.entries.records import Element
from policy.entries.scalars import Flag, Id, Number, Text, Whole, Word
from policy.entries.units import KNOWN, Unit

# From the first day that a case table may hold, 1901-01-01, to the last, 2099-12-31
LONGEST_DAYS, LONGEST_MONTHS = 72_682, 199 * 12
AGE = "age"  # the column of this name is read in whole years


class CaseField(Element):
    """One column of the case table, or a fact derived from columns (types `duration` and `months`).

    A `duration` lasts from one date to another, in its unit; where a date is missing, the column `days` tells it.
    `months` is one in months that names its dates `onset` and `request`.
    """

    label: Text
    ask: Text
    type: Literal[
        "text", "diagnosis", "procedure", "date", "whole", "decimal", "percent", "boolean", "choice",
        "duration", "months",
    ]  # fmt: skip
    unit: Text | None = None
    min: Number = 0
    max: Number = 1
    step: Annotated[str, StringConstraints(pattern=r"^(0\.[0-9]{1,4}|[1-9][0-9]{0,8}(\.[0-9]{1,4})?)$")] | None = None
    choices: tuple[Word, ...] = ()
    required: Flag = False
    absent: Word | None = None  # the value that is taken where nothing is documented, as if it had been written
    implied_by: dict[Id, Whole] = Field(default_factory=dict)  # column -> n: on file, it tells of at least n here
    ignored: Flag = False  # read and checked, but no rule may use it
    onset: Id | None = None  # of a duration in months: its first day; the day of the request
    request: Id | None = None
    from_: Id | None = Field(default=None, alias="from")
    to: Id | None = None
    days: Id | None = None  # of a duration: its days, where a date is missing
    history: History | None = None  # how `--history` works it out of events; without, it is a column as any other
    _unit: Unit | None = PrivateAttr(None)  # what the document says of the unit

    @model_validator(mode="after")
    def _measured(self) -> "CaseField":
        if self.step is not None:
            units = Decimal(self.step) * (100 if self.type == "percent" else 1)
            whole = self.type == "decimal" or units == int(units)
            if self.type not in ("whole", "percent", "decimal") or not whole or units <= 0:
                what = "above 0; a whole number for a field of type whole, hundredths or more for one of type percent"
                raise PydanticCustomError("step", "needs to be {what}", {"what": what, "key": "step"})
        elif self.type == "decimal":
            raise PydanticCustomError("step", "a field of type decimal needs a step such as 0.1", {"key": "step"})
        if any((Decimal(end) * self.scale) % 1 for end in (self.min, self.max)):
            raise PydanticCustomError("bounds", "min and max need no more decimals than the step has", {"key": "max"})
        if self.step and any((Decimal(end) * self.scale) % self.steps for end in (self.min, self.max)):
            raise PydanticCustomError("bounds", "min and max must be whole numbers of steps", {"key": "max"})
        return self

    @property
    def measure(self) -> Unit | None:
        """Its unit in words; None for a fact without one."""
        name = "percent" if self.type == "percent" else "months" if self.type == "months" else self.unit
        return self._unit or KNOWN.get(name or "")

    @property
    def told(self) -> bool:
        """Whether it has a column of its own, and is not worked out from others."""
        return self.type not in ("duration", "months")

    @property
    def numeric(self) -> bool:
        """Whether it is a number that a line can be drawn through."""
        return self.type in ("whole", "decimal", "percent") or not self.told

    @property
    def ends(self) -> tuple[str, str]:
        """The two dates of a duration: its first day and its last."""
        return str(self.from_ or self.onset), str(self.to or self.request)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that a duration is worked out from: two dates, or else its days."""
        return () if self.told else (*self.ends, str(self.days))

    def column(self, name: str) -> str:
        """The column that tells a fact of this name where no dates do: its own, or the days of a duration."""
        return name if self.told else str(self.days)

    @property
    def calendar(self) -> bool:
        """Whether it is a duration that is counted in calendar months, and not in days."""
        return self.type == "months" or (self.type == "duration" and self.unit in ("months", "years"))

    @property
    def places(self) -> int:
        """Digits after the decimal point of the grid."""
        if self.type == "percent":
            return 2
        return len((self.step or "").partition(".")[2]) if self.type == "decimal" else 0

    @property
    def scale(self) -> int:
        """How many steps of the grid one unit of a plain number of the column is."""
        return int(10**self.places)

    @property
    def grid(self) -> tuple[str, int]:
        """The unit that the grid divides, and into how many steps: months of a duration into halves (2n: exactly n)."""
        if self.calendar:
            return "months", 2
        unit = {"percent": "percent", "duration": "days"}.get(self.type, self.unit or "")
        return unit, self.scale

    @property
    def steps(self) -> int:
        """Least difference of two values on the grid of the fact; a finer value is rejected."""
        return int(Decimal(self.step) * self.scale) if self.step else 1

    @property
    def span(self) -> tuple[int, int]:
        """Least and greatest value of the fact on its integer grid (booleans 0, 1; choices their position)."""
        if self.type == "duration":
            return 0, 2 * LONGEST_MONTHS if self.calendar else LONGEST_DAYS
        if self.type == "months":
            return int(self.min) * 2, int(self.max) * 2
        whole = (int(self.min * self.scale), int(self.max * self.scale))
        return {"boolean": (0, 1), "choice": (0, len(self.choices) - 1)}.get(self.type, whole)

    @property
    def bounds(self) -> tuple[int, ...]:
        """Lower bounds that other columns may give to a number that is not documented, then stored as -1 - n.

        A history that is not complete may give any other (`bounded`); no column of a table holds one.
        """
        return tuple(sorted({n for n in self.implied_by.values() if n < self.span[1]}))

    @property
    def bounded(self) -> bool:
        """Whether a number that is not documented may be known to be at least n."""
        return bool(self.bounds) or self.history is not None

    @property
    def missing(self) -> tuple[int, ...]:
        """The codes of a missing value, in order; the last is -1."""
        return tuple(-1 - n for n in reversed((0, *self.bounds)))

    @property
    def dtype(self) -> Any:
        """The smallest integer type that holds the span and the codes of a missing value."""
        return np.dtype(np.int32) if self.type == "date" else np.min_scalar_type(-max(self.span[1], 1) - 1)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a boolean or a choice by their integers; none for any other fact."""
        return ("false", "true") if self.type == "boolean" else self.choices

    def code(self, word: str) -> int:
        """Integer of a boolean's or choice's word; ValueError when it is not allowed."""
        return self.words.index(word)
