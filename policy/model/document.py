"""The other parts of a document: its pathways, its codes and its worked examples."""

from pydantic import Field

from policy.entries.records import Element, Record
from policy.entries.scalars import CptCode, IcdCode, Id, StatementId, Text, Word, Words, Written
from policy.model.rules import Outcome, Rule


class Selector(Record):
    """The requests a pathway is for: groups of diagnoses, families of procedures, perhaps only codes of one level."""

    diagnosis: tuple[Id, ...] = Field(min_length=1)
    procedure: tuple[Id, ...] = Field(min_length=1)
    level: Word | None = None

    def takes(self, diagnosis: str, family: str, level: str | None) -> bool:
        """Whether it is for a group of diagnoses and a code of a family, with the level of that code."""
        return diagnosis in self.diagnosis and family in self.procedure and self.level in (None, level)


class Pathway(Element):
    """The rule for some diagnoses and procedures."""

    title: Text
    selects: Selector = Field(alias="for")
    rule: Rule


class CodeLabel(Element):
    """A code with our own label."""

    label: Text
    level: Word | None = None


class CodeLabelPlain(Record):
    """A procedure code with our own label; descriptors belong to the AMA."""

    label: Text
    level: Word | None = None
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
    """A code whose label in the policy's source is wrong: a standing notice with its lever."""

    code: IcdCode
    source_label: Text
    official_meaning: Text
    consequence: Text
    likely_intended: tuple[Text, ...]
    lever: Id
    pend_while: Words


class Example(Record):
    """A worked example: a case, perhaps under other levers, and the outcome it must have; checked on load."""

    name: Text
    case: dict[Id, Text]
    set_: dict[Id, Written] = Field(default_factory=dict, alias="set")
    expect: Outcome
    asks: tuple[Id, ...] | None = None  # exactly these columns
