"""The leaves of a test: what is asked of one fact, of several together, or of the levers."""

from typing import ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Record
from policy.entries.scalars import Id, Line, Values, While
from policy.model.nodes import Node


class OneField(Node):
    """A leaf that asks something of one field."""

    @property
    def _held(self) -> dict[str, str | tuple[str, ...]]:
        held: dict[str, str | tuple[str, ...]] = getattr(self, self.kind)
        return held

    @model_validator(mode="after")
    def _one_field(self) -> "OneField":
        if isinstance(self._held, dict) and len(self._held) != 1:
            raise PydanticCustomError("test", "{kind} compares exactly one field", {"kind": self.kind})
        return self

    def fields(self) -> tuple[str, ...]:
        """The one field."""
        return tuple(self._held)


class Comparison(OneField):
    """A field compared with a lever or a number: the line."""

    sign: ClassVar[str]  # as SQL and Python write it

    def reference(self) -> str:
        """What it is held against."""
        return str(next(iter(self._held.values())))


class AtLeast(Comparison):
    """The field reaches the line."""

    kind, sign, rises, senses = "at_least", ">=", True, ("at least", "less than")
    at_least: dict[Id, Line]


class MoreThan(Comparison):
    """The field lies beyond the line."""

    kind, sign, rises, beyond, senses = "more_than", ">", True, 1, ("more than", "at most")
    more_than: dict[Id, Line]


class LessThan(Comparison):
    """The field stays below the line."""

    kind, sign, rises, senses = "less_than", "<", False, ("less than", "at least")
    less_than: dict[Id, Line]


class AtMost(Comparison):
    """The field stays below the line, or on it."""

    kind, sign, rises, beyond, senses = "at_most", "<=", False, 1, ("at most", "more than")
    at_most: dict[Id, Line]


class Between(OneField):
    """The field lies between two lines, or on one of them."""

    kind, turns, settles, nested = "between", 1, 0, False
    between: dict[Id, tuple[Line, Line]]

    @property
    def parts(self) -> "tuple[AtLeast, AtMost]":
        """That it reaches the one and stays within the other."""
        ((name, (low, high)),) = self.between.items()
        return AtLeast(at_least={name: low}), AtMost(at_most={name: high})

    def fields(self) -> tuple[str, ...]:
        """None itself: its parts read the field."""
        return ()


class Averaged(Record):
    """Several fields, and the lever that their mean is held against."""

    of: tuple[Id, ...] = Field(min_length=1)
    reaches: Line

    @model_validator(mode="after")
    def _each_once(self) -> "Averaged":
        if len({*self.of}) < len(self.of):
            raise PydanticCustomError("mean", "a mean has each field once", {"key": "of"})
        return self


class Mean(Comparison):
    """The mean of several fields reaches the line."""

    kind, sign, rises, sums, senses = "mean", ">=", True, True, ("at least", "less than")
    mean: Averaged

    def fields(self) -> tuple[str, ...]:
        """The fields of the mean."""
        return self.mean.of

    def reference(self) -> str:
        """What it is held against."""
        return self.mean.reaches

    @property
    def times(self) -> int:
        """The sum is held against the number once for each field."""
        return len(self.mean.of)


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


_SIDES: dict[str, type[Comparison]] = {one.kind: one for one in (AtLeast, MoreThan, LessThan, AtMost)}


class Sum(Comparison):
    """The sum of several fields, some taken away, compared with the line; with the number 0 one field with another."""

    kind, sums = "sum", True
    sum: Summed

    @property
    def side(self) -> type[Comparison]:
        """The comparison of one field that compares alike."""
        return _SIDES[next(iter(self.sum.lines))]

    @property
    def sign(self) -> str:  # type: ignore[override]
        """As of `side`, like the next four."""
        return self.side.sign

    @property
    def rises(self) -> bool:  # type: ignore[override]
        """Whether it holds above the line."""
        return self.side.rises

    @property
    def beyond(self) -> int:  # type: ignore[override]
        """1 where the line itself is not enough."""
        return self.side.beyond

    @property
    def senses(self) -> tuple[str, str]:  # type: ignore[override]
        """The sign in words, and its opposite."""
        return self.side.senses

    def fields(self) -> tuple[str, ...]:
        """Those added, then those taken away."""
        return (*self.sum.of, *self.sum.minus)

    @property
    def signs(self) -> tuple[int, ...]:
        """1 for those added, -1 for those taken away."""
        return (1,) * len(self.sum.of) + (-1,) * len(self.sum.minus)

    def reference(self) -> str:
        """What it is held against."""
        return next(iter(self.sum.lines.values()))


class Worded(OneField):
    """A field says one of some words."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words."""
        return tuple(next(iter(self._held.values())))


class Equals(Worded):
    """The field has one of these values; another is not met, a missing one not documented."""

    kind = "equals"
    equals: dict[Id, Values] = Field(alias="is")


class States(Worded):
    """The record says one of these words; another says nothing: not documented, never not met."""

    kind, else_missing = "states", True
    states: dict[Id, Values]


class OnFile(Node):
    """The field has any value at all; a missing one is not met."""

    kind = "on_file"
    on_file: Id

    def fields(self) -> tuple[str, ...]:
        """The one field."""
        return (self.on_file,)


class LeverIs(Node):
    """The policy's own setting, not a fact."""

    kind = "lever"
    lever: While

    @property
    def condition(self) -> While:
        """All that it asks."""
        return self.lever
