"""What every node of a test can say of itself, whatever its kind."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

from policy.entries.records import Record
from policy.entries.scalars import While, is_number

Test: TypeAlias = Any  # the union of all kinds: tests.py, which is made of these


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

    def walk(self) -> "Iterator[Test]":
        """This node and all below."""
        yield self
        for part in self.parts:
            yield from part.walk()

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
