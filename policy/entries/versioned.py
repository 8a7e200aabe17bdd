"""What a version of a document says of itself: its name, its sources, what became of it, and what its content is."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from policy.entries.records import Record
from policy.entries.scalars import Day, IcdCode, Id, Key, StatementId, Text
from policy.entries.sources import Evidence, Statement

FIRST_DAY = "1901-01-01"  # of the dates that a case table may hold
PEOPLE = "The cases may be people; policy simulation only, not for individual determinations."
LIFE = ("status", "effective", "retired", "history")  # of a version, no part of its content


class Note(Record):
    """What happened to a version on a day of its life."""

    date: Day
    says: Text


class Versioned(Record):
    """A versioned document; two are equal when their content is, wherever they were loaded from.

    An adopted version is in force from `effective` to the day before the next one's, or before its own `retired`.
    """

    schema_: Literal["policy/1"] = Field(alias="schema")
    id: Id
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{1,3}$")]
    title: Text
    status: Literal["draft", "adopted", "retired", "withdrawn"]
    effective: Day | None = None
    retired: Day | None = None  # the first day on which it is no longer in force
    history: tuple[Note, ...] = Field((), max_length=200)
    notice: Text  # what stands on every output
    source_name: Text = "the source"  # what the document calls the text that its statements retell
    statements: dict[StatementId, Statement]
    evidence: dict[Key, Evidence]
    references: dict[Annotated[str, StringConstraints(pattern=r"^R[1-9][0-9]?$")], Text]
    retired_codes: dict[IcdCode, Text] = Field(default_factory=dict)  # diagnosis codes no longer valid, and since when

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Versioned) and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As of any model, without what this one has worked out and remembers."""
        copy = super().model_copy(update=update, deep=deep)
        for name in [name for name in vars(copy) if isinstance(getattr(type(copy), name, None), cached_property)]:
            del vars(copy)[name]
        return copy

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content, whatever the layout of the file and whatever becomes of the version."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={*LIFE})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """id@version."""
        return f"{self.id}@{self.version}"

    @property
    def titled(self) -> str:
        """'Knee braces, version 2026.1': what a person calls it."""
        return f"{self.title}, version {self.version}"

    def notice_of(self, people: bool) -> str:
        """What stands on every output; of cases that may be people without what it says of synthetic data."""
        if not people:
            return self.notice
        true = [said for said in re.split(r"(?<=[.!])\s+", self.notice) if "synthetic" not in said.lower()]
        return " ".join([*true, PEOPLE])
