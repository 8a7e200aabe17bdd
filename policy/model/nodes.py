"""What every node of a test can say of itself, whatever its kind."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

from policy.entries.records import Record
from policy.entries.scalars import While

Test: TypeAlias = Any  # the union of all kinds: tests.py, which is made of these


def is_number(reference: str) -> bool:
    """Whether what a test compares with is a plain number, and no lever."""
    return reference.replace(".", "", 1).isdigit()


class Node(Record):
    """One node of the tree; a document writes it as a mapping with one key, its `kind`."""

    kind: ClassVar[str]
    turns: ClassVar[int] = 0  # parts that get harder to meet make it harder: 1; easier: -1; either: 0 (`turn`)
    settles: ClassVar[int | None] = None  # the truth of a part that settles the whole, where one can
    inside: ClassVar[tuple[str, ...]] = ()  # the keys between its own and its parts
    wanted: ClassVar[tuple[str, ...]] = ()  # the keys from its own to the number of parts that it asks for
    nested: ClassVar[bool] = True  # whether its parts are written as tests of their own
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
    def most(self) -> int:
        """Of a test that counts: the greatest count there can be."""
        return len(self.parts)

    def reference(self) -> str | None:
        """The lever or number this node compares with, if any."""
        return None

    def weighed(self) -> "Iterator[tuple[Test, int, bool]]":
        """Each of its parts, what that counts for, and whether it is asked the other way round."""
        for i, part in enumerate(self.parts):
            yield part, self.points[i], self.turn(i) < 0

    def walk(self) -> "Iterator[Test]":
        """This node and all below."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def placed(self, path: tuple[object, ...] = ()) -> "Iterator[tuple[tuple[object, ...], Test]]":
        """This node and all below, each with the keys that lead to it; not what is no test of its own in a document."""
        yield path, self
        for i, part in enumerate(self.parts if self.nested else ()):
            yield from part.placed((*path, self.key, *self.steps(i)))

    def lines(self) -> "Iterator[tuple[Test, ...]]":
        """This node and all below, each as the last of all that it lies in."""
        yield (self,)
        for part in self.parts:
            yield from ((self, *line) for line in part.lines())

    def direction(self, of: "Callable[[Test], int | None]") -> int | None:
        """Which way it can only go: 1 harder to meet, -1 easier, 0 neither; None: either way.

        `of`: the same of each node, its parts staying as they are.
        """
        found = {of(self)}
        for i, part in enumerate(self.parts):
            way = part.direction(of)
            found.add(None if way is None or (way and not self.turn(i)) else way * self.turn(i))
        return None if None in found or len(found - {0}) > 1 else max(found - {0}, default=0)  # type: ignore[type-var]

    def guarded(self, needs: tuple[While, ...] = ()) -> "Iterator[tuple[Test, tuple[While, ...]]]":
        """This node and all below, each with what levers must say, beside it or above, for it to be asked."""
        yield self, needs
        for part in self.parts:
            beside = (condition for condition in self.only_while if condition is not part.condition)
            yield from part.guarded((*needs, *beside))

    def facts(self) -> tuple[str, ...]:
        """Every field that this node or one below reads."""
        return self._every_fact

    def levers(self) -> tuple[str, ...]:
        """Every lever that this node or one below reads."""
        return self._every_lever

    @cached_property
    def _every_fact(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for node in self.walk() for name in node.fields()))

    @cached_property
    def _every_lever(self) -> tuple[str, ...]:
        own = [(*node.condition, node.reference() or "") for node in self.walk()]
        return tuple(dict.fromkeys(name for names in own for name in names if name and not is_number(name)))
