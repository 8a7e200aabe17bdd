"""How fields are written that are compared together: as their mean, or as a sum."""

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Record
from policy.entries.scalars import Id, Line

_SIDES = ("at_least", "more_than", "less_than", "at_most")


class Averaged(Record):
    """Several fields, and the lever that their mean is held against."""

    of: tuple[Id, ...] = Field(min_length=1)
    reaches: Line

    @model_validator(mode="after")
    def _each_once(self) -> "Averaged":
        if len({*self.of}) < len(self.of):
            raise PydanticCustomError("mean", "a mean has each field once", {"key": "of"})
        return self


class Summed(Record):
    """Fields that are added up, fields that are taken from them, and what the sum is held against: one of four keys."""

    of: tuple[Id, ...] = Field(min_length=1)
    minus: tuple[Id, ...] = ()
    at_least: Line | None = None
    more_than: Line | None = None
    less_than: Line | None = None
    at_most: Line | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Summed":
        fields = (*self.of, *self.minus)
        if len(fields) < 2 or len({*fields}) < len(fields):
            raise PydanticCustomError("sum", "a sum needs two fields or more, each once")
        if len(self.lines) != 1:
            raise PydanticCustomError("sum", "a sum needs one of {keys}", {"keys": ", ".join(_SIDES)})
        return self

    @property
    def lines(self) -> dict[str, str]:
        """The key that says how it is compared, and with what."""
        return {key: line for key in _SIDES if (line := getattr(self, key)) is not None}
