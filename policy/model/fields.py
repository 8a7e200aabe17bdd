"""A fact of a case: one column of the case table, or what is worked out from columns."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Element
from policy.entries.scalars import Flag, Id, Text, Whole, Word
from policy.model.history import History
from policy.model.units import UNITS, no_unit


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
    absent: Word | None = None  # the value that is taken where nothing is documented, as if it had been written
    implied_by: dict[Id, Whole] = Field(default_factory=dict)  # column -> n: on file, it tells of at least n here
    ignored: Flag = False  # read and checked, but no rule may use it
    onset: Id | None = None  # of a duration in months: its first day; the day of the request; days without dates
    request: Id | None = None
    days: Id | None = None
    history: History | None = None  # how `--history` works it out of events; without, it is a column as any other

    @model_validator(mode="after")
    def _measured(self) -> "CaseField":
        if self.unit is not None and self.unit not in UNITS:
            raise no_unit(self.unit)
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
    def grid(self) -> str:
        """The grid the fact is counted on, to be compared with that of a lever."""
        return {"months": "half months", "percent": "hundredths"}.get(self.type, self.unit or "")

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a boolean or a choice by their integers; none for any other fact."""
        return ("false", "true") if self.type == "boolean" else self.choices

    def code(self, word: str) -> int:
        """Integer of a boolean's or choice's word; ValueError when it is not allowed."""
        return self.words.index(word)
