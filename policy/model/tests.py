"""A test of a case: a tree whose leaves ask something of a fact or of the levers. Each kind is one class."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias, Union, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Record
from policy.entries.scalars import Id, Reference, While, Whole, Words


def is_number(reference: str) -> bool:
    """Whether what a test compares with is a plain number, and no lever."""
    return reference.replace(".", "", 1).isdigit()


MOST_POINTS = 100
Tests = Annotated[tuple["Test", ...], Field(min_length=1)]


class Node(Record):
    """One node of the tree; a document writes it as a mapping with one key, its `kind`."""

    kind: ClassVar[str]
    turns: ClassVar[int] = 0  # parts that get harder to meet make it harder: 1; easier: -1; either: 0 (`turn`)
    settles: ClassVar[int | None] = None  # the truth of a part that settles the whole, where one can
    inside: ClassVar[tuple[str, ...]] = ()  # the keys between its own and its parts
    counts: ClassVar[bool] = False  # whether it asks for a number of its parts
    sums: ClassVar[bool] = False  # whether its fields are added up, or one taken from another
    senses: ClassVar[tuple[str, str]] = ("", "")  # of a comparison: its sign in words, and that of the opposite
    rises: ClassVar[bool] = True  # of a comparison: whether it holds above the line, or below
    beyond: ClassVar[int] = 0  # 1 where the first value above the line is not the line itself but the next
    else_missing: ClassVar[bool] = False  # whether any other word than its own is as good as none

    @property
    def parts(self) -> "tuple[Test, ...]":
        """The tests that this one combines; none for a leaf."""
        return ()

    @property
    def alternatives(self) -> "tuple[Test, ...]":
        """The parts of which each alone meets it, where that is all that it asks."""
        return ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that this node asks its field for; none where it asks for no word."""
        return ()

    @property
    def key(self) -> str:
        """Its key in a document."""
        return next(iter(type(self).model_fields.values())).alias or self.kind

    @property
    def condition(self) -> While:
        """What the levers must say, where a node asks nothing else."""
        return {}

    @property
    def only_while(self) -> tuple[While, ...]:
        """The conditions on levers under which this node is in force."""
        return ()

    def turn(self, part: int) -> int:
        """As `turns`, of one part."""
        return self.turns

    def steps(self, part: int) -> tuple[object, ...]:
        """The keys and positions from its own key to a part."""
        return (*self.inside, part)

    def fields(self) -> tuple[str, ...]:
        """Fields this node itself reads (not those below it)."""
        return ()

    @property
    def signs(self) -> tuple[int, ...]:
        """Of each field: 1, or -1 where it is taken away."""
        return (1,) * len(self.fields())

    @property
    def times(self) -> int:
        """By what the number is multiplied that the sum of its fields is held against."""
        return 1

    @property
    def points(self) -> tuple[int, ...]:
        """Of a test that counts: what each part counts for."""
        return (1,) * len(self.parts)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The keys from its own to the number of parts that it asks for."""
        return ()

    @property
    def nested(self) -> bool:
        """Whether its parts are written as tests of their own."""
        return True

    @property
    def most(self) -> int:
        """Of a test that counts: the greatest count there can be."""
        return len(self.parts)

    def reference(self) -> str | None:
        """The lever or number this node compares with, if any."""
        return None

    def walk(self) -> "Iterator[Test]":
        """This node and all below."""
        yield self  # type: ignore[misc]  # no node is of the bare class
        for part in self.parts:
            yield from part.walk()

    def lines(self) -> "Iterator[tuple[Test, ...]]":
        """This node and all below, each as the last of all that it lies in."""
        yield (self,)  # type: ignore[misc]  # no node is of the bare class
        for part in self.parts:
            yield from ((self, *line) for line in part.lines())  # type: ignore[misc]

    def direction(self, of: "Callable[[Test], int | None]") -> int | None:
        """Which way it can only go: 1 harder to meet, -1 easier, 0 neither; None: either way.

        `of`: the same of each node, its parts staying as they are.
        """
        found = {of(self)}  # type: ignore[arg-type]
        for i, part in enumerate(self.parts):
            way = part.direction(of)
            found.add(None if way is None or (way and not self.turn(i)) else way * self.turn(i))
        return None if None in found or len(found - {0}) > 1 else max(found - {0}, default=0)  # type: ignore[type-var]

    def guarded(self, needs: tuple[While, ...] = ()) -> "Iterator[tuple[Test, tuple[While, ...]]]":
        """This node and all below, each with what levers must say, beside it or above, for it to be asked."""
        yield self, needs  # type: ignore[misc]  # no node is of the bare class
        for part in self.parts:
            beside = (condition for condition in self.only_while if condition is not part.condition)
            yield from part.guarded((*needs, *beside))

    def facts(self) -> tuple[str, ...]:
        """Every field that this node or one below reads."""
        return tuple(dict.fromkeys(name for node in self.walk() for name in node.fields()))

    def levers(self) -> tuple[str, ...]:
        """Every lever that this node or one below reads."""
        return self._every_lever

    @cached_property
    def _every_lever(self) -> tuple[str, ...]:
        own = [(*node.condition, node.reference() or "") for node in self.walk()]
        return tuple(dict.fromkeys(name for names in own for name in names if name and not is_number(name)))


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

    at_least: Reference
    of: Tests


class Count(Node):
    """At least so many of several tests are met."""

    kind, turns, inside, counts = "count", 1, ("of",), True
    count: Counted

    @property
    def parts(self) -> "tuple[Test, ...]":
        """The tests that are counted."""
        return self.count.of

    @property
    def wanted(self) -> tuple[str, ...]:
        """One key."""
        return ("at_least",)

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
    reaches: Reference


class Score(Node):
    """The points of the tests that are met reach a number: surely (met), or with all that may still be met."""

    kind, turns, counts = "score", 1, True
    score: Scored

    @model_validator(mode="after")
    def _worth(self) -> "Score":
        if any(not 1 <= abs(one.points) <= MOST_POINTS for one in self.score.points):
            message = f"points are 1 to {MOST_POINTS}, or as many less than none"
            raise PydanticCustomError("points", "{what}", {"what": message, "key": "points"})
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

    @property
    def wanted(self) -> tuple[str, ...]:
        """One key."""
        return ("reaches",)

    def reference(self) -> str:
        """The score that is wanted."""
        return self.score.reaches


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
    at_least: dict[Id, Reference]


class MoreThan(Comparison):
    """The field lies beyond the line."""

    kind, sign, rises, beyond, senses = "more_than", ">", True, 1, ("more than", "at most")
    more_than: dict[Id, Reference]


class LessThan(Comparison):
    """The field stays below the line."""

    kind, sign, rises, senses = "less_than", "<", False, ("less than", "at least")
    less_than: dict[Id, Reference]


class AtMost(Comparison):
    """The field stays below the line, or on it."""

    kind, sign, rises, beyond, senses = "at_most", "<=", False, 1, ("at most", "more than")
    at_most: dict[Id, Reference]


class Between(OneField):
    """The field lies between two lines, or on one of them."""

    kind, turns, settles = "between", 1, 0
    between: dict[Id, tuple[Reference, Reference]]

    @property
    def nested(self) -> bool:
        """They are written as two numbers."""
        return False

    @property
    def parts(self) -> "tuple[Test, ...]":
        """That it reaches the one and stays within the other."""
        ((name, (low, high)),) = self.between.items()
        return AtLeast(at_least={name: low}), AtMost(at_most={name: high})

    def fields(self) -> tuple[str, ...]:
        """None itself: its parts read the field."""
        return ()


class Averaged(Record):
    """Several fields, and the lever that their mean is held against."""

    of: tuple[Id, ...] = Field(min_length=1)
    reaches: Reference


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
    at_least: Reference | None = None
    more_than: Reference | None = None
    less_than: Reference | None = None
    at_most: Reference | None = None

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
    equals: dict[Id, Words] = Field(alias="is")


class States(Worded):
    """The record says one of these words; another says nothing: not documented, never not met."""

    kind, else_missing = "states", True
    states: dict[Id, Words]


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
_KEYS = {next(iter(one.model_fields.values())).alias or one.kind: one for one in get_args(_Kinds)}


def _one_key(value: object) -> object:
    """A mapping with the key of one kind of test."""
    if isinstance(value, Node):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError("model_type", "must be a mapping of keys to values")
    for key in value:
        if key not in _KEYS:
            raise PydanticCustomError("unknown-key", "", {"key": key, "known": [*_KEYS]})
    if len(value) != 1:
        raise PydanticCustomError("test", "needs exactly one test, found {n}", {"n": len(value)})
    return value


def _tag(value: object) -> str:
    """The tag by which pydantic chooses the class. It also stands in the place of an error; no key looks like it."""
    kind = value.kind if isinstance(value, Node) else _KEYS[next(iter(value))].kind  # type: ignore[call-overload]
    return f"<{kind}>"


if TYPE_CHECKING:
    Test: TypeAlias = _Kinds
else:
    _TAGGED = Union[tuple(Annotated[one, Tag(f"<{one.kind}>")] for one in get_args(_Kinds))]  # noqa: UP007
    Test = Annotated[_TAGGED, Discriminator(_tag), BeforeValidator(_one_key)]
    for one in get_args(_Kinds):
        one.model_rebuild()
TAGS = frozenset(f"<{one.kind}>" for one in get_args(_Kinds))
test_of: Callable[[object], Test] = TypeAdapter(Test).validate_python


def says_yes(field: str) -> Test:
    """That a yes-or-no field says yes; its name need not be one that a document may use."""
    return Equals.model_construct(equals={field: ("true",)})
