"""The other parts of a document: its pathways, the codes that mean something else, and its worked examples."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from policy.entries.codes import CodeLabelPlain, chosen_codes
from policy.entries.records import Element, Record
from policy.entries.scalars import Flag, IcdCode, Id, Text, While, Word, Words, Written
from policy.model.rules import Outcome, Rule


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


class Pathway(Element):
    """The rule for some diagnoses and procedures."""

    title: Text
    selects: Annotated[
        Selector, BeforeValidator(chosen_codes, json_schema_input_type=Literal["otherwise"] | Selector)
    ] = Field(alias="for")
    rule: Rule


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
