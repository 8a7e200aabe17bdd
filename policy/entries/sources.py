"""What a document says beside its rules: statements, sources, standing texts, open questions. None decides a case."""

from typing import Literal

from policy.entries.records import Element, Record
from policy.entries.scalars import Flag, Key, Text

_READ = "read"  # the whole of `verified` of a card whose source was read, in documents of before `in_full`


class Statement(Record):
    """One statement of the policy's source, in our own words."""

    says: Text
    stance: Literal[
        "strong_against", "weak_for", "insufficient", "required", "first_line", "favourable", "risk", "caveat", "gap",
        "scope",
    ]  # fmt: skip
    source: Key | None = None
    seed_citation: Text | None = None  # as the source that is retold cites it
    applies_to: Text


class Evidence(Element):
    """A cited source: what it says, about whom, how strongly, and its standing today."""

    title: Text
    source: Text
    year: Text
    population: Text
    stance: Text
    strength: Text
    status: Literal["current", "contested", "superseded", "retracted"]
    status_note: Text | None = None
    note: Text
    verified: Text
    in_full: Flag | None = None  # whether the source itself was read in full; not stated: see `verified_in_full`
    reference: Text

    @property
    def verified_in_full(self) -> bool:
        """As the document states it; where it does not, only `verified: read`, with nothing to qualify it, says so."""
        return self.verified == _READ if self.in_full is None else self.in_full


class TextElement(Element):
    """Standing text."""

    title: Text
    says: Text


class OpenQuestion(Element):
    """A contradiction with no column or no computable meaning: shown, not modelled."""

    question: Text
    options: tuple[Text, ...]
    why_open: Text
    contradiction: Text | None = None
