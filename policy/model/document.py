"""The other parts of a document: its pathways, its codes and its worked examples."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from policy.entries.records import Element, Record
from policy.entries.scalars import CptCode, Day, Flag, IcdCode, Id, StatementId, Text, While, Word, Words, Written
from policy.model.fields import CaseField
from policy.model.rules import Outcome, Rule


class CodeLabel(Element):
    """A code with our own label."""

    label: Text
    level: Word | None = None


class CodeLabelPlain(Record):
    """A procedure code with our own label; descriptors belong to the AMA. `attributes` are the author's own words."""

    label: Text
    level: Word | None = None
    attributes: dict[Id, Word] = Field(default_factory=dict)
    statements: tuple[StatementId, ...] = ()

    @property
    def told(self) -> dict[str, str]:
        """Its attributes; the level is one."""
        return {**self.attributes, **({"level": self.level} if self.level else {})}


class Selector(Record):
    """The requests a pathway is for: groups of diagnoses and families of procedures, perhaps only codes `with` words.

    `otherwise` (a document writes `for: otherwise`): all that no other pathway is for.
    """

    diagnosis: tuple[Id, ...] = Field(min_length=1)
    procedure: tuple[Id, ...] = Field(min_length=1)
    level: Word | None = None
    with_: While = Field(default_factory=dict, alias="with")  # attribute of the code -> its words
    rest: Flag = Field(False, alias="otherwise")  # as a switch says it

    @property
    def asked(self) -> While:
        """The words that a code's attributes must have; the level is one."""
        return {**self.with_, **({"level": (self.level,)} if self.level else {})}

    def takes(self, diagnosis: str, family: str, label: CodeLabelPlain) -> bool:
        """Whether it is for a group of diagnoses and a code of a family, with what is told of that code."""
        mine = diagnosis in self.diagnosis and family in self.procedure
        return mine and all(label.told.get(name) in words for name, words in self.asked.items())


def _codes(chosen: object) -> object:
    """A mapping; `for: otherwise` is one already when this is asked."""
    if isinstance(chosen, str):
        raise PydanticCustomError("choice", "is not allowed; write otherwise, or diagnosis: and procedure: with groups")
    return chosen


class Pathway(Element):
    """The rule for some diagnoses and procedures."""

    title: Text
    selects: Annotated[Selector, BeforeValidator(_codes, json_schema_input_type=Literal["otherwise"] | Selector)] = (
        Field(alias="for")
    )
    rule: Rule


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


class Relation(Record):
    """What one fact must be to another, or should: numbers or dates of one unit, where both are documented.

    Days may also be held against a duration. `says`: what is wrong, or odd: 'more days of care than of symptoms'.
    """

    field: Id
    at_most: Id
    verdict: Literal["reject", "remark"]  # of a row where it is not so
    says: Text

    def broken(self, fields: Mapping[str, CaseField], facts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Where both are documented and the first is more than the second, bool (n,)."""
        one, other = facts[self.field], facts[self.at_most]
        if not fields[self.at_most].told:
            first, last, days = (facts[column].astype(np.int64) for column in fields[self.at_most].sources)
            other = np.where((first >= 0) & (last >= first), last - first, days)
        found: NDArray[np.bool_] = (one >= 0) & (other >= 0) & (one > other)
        return found


class Note(Record):
    """What happened to a version on a day of its life."""

    date: Day
    says: Text


class Example(Record):
    """A worked example: a case, perhaps under other levers, and the outcome it must have; checked on load."""

    name: Text
    case: dict[Id, Text]
    set_: dict[Id, Written] = Field(default_factory=dict, alias="set")
    expect: Outcome
    asks: tuple[Id, ...] | None = None  # exactly these columns
