"""The other parts of a document: its sources, its codes, its pathways, its texts and its worked examples."""

from typing import Literal

from pydantic import Field

from policy.model.records import Element, Record
from policy.model.rules import Outcome, Rule
from policy.model.scalars import CptCode, IcdCode, Id, Key, StatementId, Text, Words, Written


class Statement(Record):
    """One statement of the source assessment, in our own words."""

    says: Text
    stance: Literal[
        "strong_against", "weak_for", "insufficient", "required", "first_line", "favourable", "risk", "caveat", "gap",
        "scope",
    ]  # fmt: skip
    source: Key | None = None
    seed_citation: Text
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


class Selector(Record):
    """The requests a pathway is for: groups of diagnoses, families of procedures, perhaps only one spinal level."""

    diagnosis: tuple[Id, ...] = Field(min_length=1)
    procedure: tuple[Id, ...] = Field(min_length=1)
    level: Literal["upper", "lumbar"] | None = None

    def takes(self, diagnosis: str, family: str, level: str | None) -> bool:
        """Whether it is for a group of diagnoses and a code of a family, with the spinal level of that code."""
        return diagnosis in self.diagnosis and family in self.procedure and self.level in (None, level)


class Pathway(Element):
    """The rule for some diagnoses and procedures."""

    title: Text
    selects: Selector = Field(alias="for")
    rule: Rule


class CodeLabel(Element):
    """A code with our own label."""

    label: Text
    level: Literal["upper", "lumbar"] | None = None


class CodeLabelPlain(Record):
    """A procedure code with our own label; descriptors belong to the AMA."""

    label: Text
    level: Literal["upper", "lumbar"] | None = None
    statements: tuple[StatementId, ...] = ()


class DiagnosisGroup(Record):
    """Diagnosis codes that share pathways."""

    label: Text
    codes: dict[IcdCode, CodeLabel]
    prefixes: dict[IcdCode, CodeLabel] = Field(default_factory=dict)


class ProcedureFamily(Record):
    """Procedure codes that share pathways."""

    label: Text
    codes: dict[CptCode, CodeLabelPlain]


class CodeNotice(Element):
    """A code whose label in the source assessment is wrong: a standing notice with its lever."""

    code: IcdCode
    source_label: Text
    official_meaning: Text
    consequence: Text
    likely_intended: tuple[Text, ...]
    lever: Id
    pend_while: Words


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


class Example(Record):
    """A worked example: a case, perhaps under other levers, and the outcome it must have; checked on load."""

    name: Text
    case: dict[Id, Text]
    set_: dict[Id, Written] = Field(default_factory=dict, alias="set")
    expect: Outcome
    asks: tuple[Id, ...] | None = None  # exactly these columns
