"""The leaves of a test: what is asked of one fact, of several together, or of the levers."""

from operator import attrgetter
from typing import ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.scalars import Id, Line, Values, While
from policy.entries.sums import Averaged, Summed
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


_SIDES: dict[str, type[Comparison]] = {one.kind: one for one in (AtLeast, MoreThan, LessThan, AtMost)}


class Sum(Comparison):
    """The sum of several fields, some taken away, compared with the line; with the number 0 one field with another."""

    kind, sums = "sum", True
    sum: Summed

    @property
    def side(self) -> type[Comparison]:
        """The comparison of one field that compares alike."""
        return _SIDES[next(iter(self.sum.lines))]

    sign = property(attrgetter("side.sign"))
    rises = property(attrgetter("side.rises"))
    beyond = property(attrgetter("side.beyond"))
    senses = property(attrgetter("side.senses"))

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
