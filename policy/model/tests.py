"""A test of a case: a tree of comparisons, true to what one criterion says."""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, cast

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policy.model.records import Record
from policy.model.scalars import Id, While, Word, Words

Kind = Literal[
    "all_of", "any_of", "none_of", "count", "at_least", "more_than", "less_than", "mean", "equals", "states",
    "on_file", "lever",
]  # fmt: skip
Sign = Literal[">=", ">", "<"]


class Count(Record):
    """At least k (a lever or a number) of several tests."""

    at_least: Word
    of: tuple["Test", ...] = Field(min_length=1)


class Mean(Record):
    """The mean of several facts reaches a lever."""

    of: tuple[Id, ...] = Field(min_length=1)
    reaches: Word


class Test(Record):
    """A tree with exactly one key at each node; a comparison sets one field against a lever or a whole number."""

    __test__ = False
    all_of: tuple["Test", ...] | None = Field(None, min_length=1)
    any_of: tuple["Test", ...] | None = Field(None, min_length=1)
    none_of: tuple["Test", ...] | None = Field(None, min_length=1)
    count: Count | None = None
    at_least: dict[Id, Word] | None = None
    more_than: dict[Id, Word] | None = None
    less_than: dict[Id, Word] | None = None
    mean: Mean | None = None
    equals: dict[Id, Words] | None = Field(None, alias="is")  # one of the words
    states: dict[Id, Words] | None = None  # one of the words, anything else is not documented
    on_file: Id | None = None  # any value at all; absent is NOT_MET
    lever: While | None = None  # the policy's own setting, not a fact

    @model_validator(mode="after")
    def _one_key(self) -> "Test":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("test", "needs exactly one test, found {n}", {"n": len(self.model_fields_set)})
        body = getattr(self, self.kind)
        if isinstance(body, dict) and self.kind != "lever" and len(body) != 1:
            raise PydanticCustomError("test", "{kind} compares exactly one field", {"kind": self.kind})
        return self

    @property
    def kind(self) -> Kind:
        """Name of the one key."""
        return cast(Kind, next(iter(self.model_fields_set)))

    @property
    def words(self) -> tuple[str, ...]:
        """The words that this node asks its field for; none where it asks for no word."""
        return next(iter((self.equals or self.states or {}).values()), ())

    @property
    def sign(self) -> Sign:
        """How this node compares its fields with a number."""
        return "<" if self.less_than else ">" if self.more_than else ">="

    @property
    def parts(self) -> tuple["Test", ...]:
        """The tests that this one combines; none for a comparison."""
        return self.all_of or self.any_of or self.none_of or (self.count.of if self.count else ())

    def walk(self) -> Iterator["Test"]:
        """This node and all below."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def fields(self) -> tuple[str, ...]:
        """Fields this node itself reads (not those below it)."""
        if self.mean:
            return self.mean.of
        if self.on_file:
            return (self.on_file,)
        return tuple(self.at_least or self.more_than or self.less_than or self.equals or self.states or ())

    def levers(self) -> tuple[str, ...]:
        """Every lever that this node or one below reads."""
        return self.every_lever

    @cached_property
    def every_lever(self) -> tuple[str, ...]:
        """What `levers` says, found once."""
        names = [name for node in self.walk() for name in (*(node.lever or ()), *filter(None, [node.reference()]))]
        return tuple(dict.fromkeys(name for name in names if not name.isdigit()))

    def reference(self) -> str | None:
        """The lever or number this node compares with, if any."""
        if self.mean or self.count:
            return self.mean.reaches if self.mean else self.count.at_least  # type: ignore[union-attr]
        compared = self.at_least or self.more_than or self.less_than
        return next(iter(compared.values())) if compared else None
