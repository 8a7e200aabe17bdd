"""A test of a case: a tree whose leaves ask something of a fact or of the levers. Each kind is one class.

nodes.py has what all kinds share, leaves.py those that ask something, and here stand those that combine others.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeAlias, get_args

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.kinds import one_key, tagged
from policy.entries.records import Record
from policy.entries.scalars import Line, While, Whole
from policy.model.leaves import (
    AtLeast,
    AtMost,
    Between,
    Equals,
    LessThan,
    LeverIs,
    Mean,
    MoreThan,
    OnFile,
    States,
    Sum,
)  # fmt: skip
from policy.model.nodes import Node

MOST_POINTS = 100
Tests = Annotated[tuple["Test", ...], Field(min_length=1)]


class Combination(Node):
    """Several tests as one."""

    @property
    def parts(self) -> "tuple[Test, ...]":
        """What its one key holds."""
        held: tuple[Test, ...] = getattr(self, self.kind)
        return held


class AllOf(Combination):
    """Every part is met; a part that asks the levers switches the others on and off."""

    kind, turns, settles = "all_of", 1, 0
    all_of: Tests

    @property
    def only_while(self) -> tuple[While, ...]:
        """Those of the parts that ask the levers."""
        return tuple(part.condition for part in self.all_of if part.condition)


class AnyOf(Combination):
    """Some part is met."""

    kind, turns, settles = "any_of", 1, 2
    any_of: Tests

    @property
    def alternatives(self) -> "tuple[Test, ...]":
        """Each part alone."""
        return self.any_of


class NoneOf(Combination):
    """No part is met."""

    kind, turns, settles = "none_of", -1, 2
    none_of: Tests


class Counted(Record):
    """Several tests, and how many of them: a lever or a number."""

    at_least: Line
    of: Tests


class Count(Node):
    """At least so many of several tests are met."""

    kind, turns, inside, wanted, counts = "count", 1, ("of",), ("at_least",), True
    count: Counted

    @property
    def parts(self) -> "tuple[Test, ...]":
        """The tests that are counted."""
        return self.count.of

    def reference(self) -> str:
        """How many are wanted."""
        return self.count.at_least


class Points(Record):
    """What a test that is met adds to a score, or takes away."""

    points: Whole
    test: "Test"


class Scored(Record):
    """Tests with their points, and the score that is wanted: a lever or a number."""

    points: tuple[Points, ...] = Field(min_length=1)
    reaches: Line


class Score(Node):
    """The points of the tests that are met reach a number: surely (met), or with all that may still be met."""

    kind, turns, wanted, counts = "score", 1, ("reaches",), True
    score: Scored

    @model_validator(mode="after")
    def _worth(self) -> "Score":
        if any(not 1 <= abs(one.points) <= MOST_POINTS for one in self.score.points):
            message = f"points are 1 to {MOST_POINTS}, or as many less than none"
            raise PydanticCustomError("points", "{what}", {"what": message, "key": "score"})
        return self

    @property
    def parts(self) -> "tuple[Test, ...]":
        """The tests that have points."""
        return tuple(one.test for one in self.score.points)

    @property
    def points(self) -> tuple[int, ...]:
        """Those written beside each test."""
        return tuple(one.points for one in self.score.points)

    @property
    def most(self) -> int:
        """All points that can be had."""
        return sum(points for points in self.points if points > 0)

    def turn(self, part: int) -> int:
        """A test that takes points away makes it harder the easier it is met."""
        return 1 if self.points[part] > 0 else -1

    def steps(self, part: int) -> tuple[object, ...]:
        """To the test beside its points."""
        return "points", part, "test"

    def reference(self) -> str:
        """The score that is wanted."""
        return self.score.reaches


_Kinds: TypeAlias = (
    AllOf
    | AnyOf
    | NoneOf
    | Count
    | Score
    | AtLeast
    | MoreThan
    | LessThan
    | AtMost
    | Between
    | Mean
    | Sum
    | Equals
    | States
    | OnFile
    | LeverIs
)
TEST_KINDS = {next(iter(one.model_fields.values())).alias or one.kind: one for one in get_args(_Kinds)}

TAGS = frozenset(f"<{one.kind}>" for one in get_args(_Kinds))

if TYPE_CHECKING:
    Test: TypeAlias = _Kinds
else:
    Test = tagged(TEST_KINDS, "<{}>".format, partial(one_key, TEST_KINDS))
    for one in get_args(_Kinds):
        one.model_rebuild()
test_of: Callable[[object], Test] = TypeAdapter(Test).validate_python
