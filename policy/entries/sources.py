"""What a document says beside its rules: statements, sources, standing texts, open questions. None decides a case."""

from typing import Literal

from policy.entries.records import Element, Record
from policy.entries.scalars import Key, Text


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
    reference: Text


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
