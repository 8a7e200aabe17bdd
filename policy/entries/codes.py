"""The codes of a document: diagnoses in groups and procedures in families, each with our own label."""

from typing import Any

from pydantic import Field
from pydantic_core import PydanticCustomError

from policy.entries.records import Element, Record
from policy.entries.scalars import CptCode, IcdCode, Id, StatementId, Text, Word


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


class DiagnosisGroup(Record):
    """Diagnosis codes that share pathways."""

    label: Text
    codes: dict[IcdCode, CodeLabel]
    prefixes: dict[IcdCode, CodeLabel] = Field(default_factory=dict)


class ProcedureFamily(Record):
    """Procedure codes that share pathways."""

    label: Text
    codes: dict[CptCode, CodeLabelPlain]


def chosen_codes(chosen: object) -> object:
    """A mapping; `for: otherwise` is one already when this is asked."""
    if isinstance(chosen, str):
        raise PydanticCustomError("choice", "is not allowed; write otherwise, or diagnosis: and procedure: with groups")
    return chosen


def with_otherwise(content: Any) -> Any:
    """A policy as written, with the `for: otherwise` of a pathway written out as every group and every family."""
    if not isinstance(content, dict) or not isinstance(content.get("pathways"), dict):
        return content
    every = {"diagnosis": [*(content.get("diagnoses") or ())], "procedure": [*(content.get("procedures") or ())]}
    rest = {"for": {**every, "otherwise": "true"}}
    ways = content["pathways"].items()
    pathways = {n: way | rest if isinstance(way, dict) and way.get("for") == "otherwise" else way for n, way in ways}
    return {**content, "pathways": pathways}
