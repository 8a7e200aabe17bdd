"""How a column of the case table is described: its type, its unit and the steps in which it is written."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.history import History
from policy.entries.records import Element
from policy.entries.scalars import Flag, Id, Number, Text, Whole, Word
from policy.entries.units import KNOWN, Unit


class ColumnEntry(Element):
    """What a document says of one fact."""

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
    def _measured(self) -> Self:
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
    def steps(self) -> int:
        """Least difference of two values on the grid of the fact; a finer value is rejected."""
        return int(Decimal(self.step) * self.scale) if self.step else 1
