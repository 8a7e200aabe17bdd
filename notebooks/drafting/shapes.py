"""What may stand at a place of a document, read from its schema: a form is built from this, so none can be forgotten.

A shape is a text, a choice of words, names of other entries, a list, a mapping, a record with keys, or one of several
kinds (tests, rules).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from notebooks.drafting.words import FORM
from policy.authoring.schema import json_schema
from policy.model import FORMS, OPTIONAL, Policy

__all__ = ["Kind", "Shape", "document"]

Kind = Literal["text", "choice", "list", "mapping", "record", "either", "rule", "requirement", "words"]


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return json_schema(Policy, "policy")


def document() -> "Shape":
    """The shape of a whole document."""
    return Shape(_schema(), "Policy", "", "")


@dataclass(frozen=True)
class Shape:
    """One node of the schema; `record` and `key` say where it stands: what it is called, and which names fit.

    `above` is the record that its own record is a part of.
    """

    node: Mapping[str, Any]
    record: str
    key: str
    above: str
    item: bool = False  # an item of a list, or a value of a mapping, of that key

    @cached_property
    def _node(self) -> Mapping[str, Any]:
        name = self.node.get("$ref")
        return _schema()["$defs"][name.rpartition("/")[2]] if name else self.node

    @property
    def named(self) -> str:
        """The record that it is, where it is one."""
        name = str(self.node.get("$ref", ""))
        return name.rpartition("/")[2] or (self.record if "properties" in self.node else "")

    @cached_property
    def kind(self) -> Kind:
        """What a form of it is made of."""
        if self.named == "Rule":
            return "rule"
        ways = self._ways
        if ways:
            references = ["$ref" in way for way in ways]
            if not all(references):
                return "requirement" if self.key == "require" else "either" if any(references) else "words"
            return "either"
        if "enum" in self._node:
            return "choice"
        if self._node.get("type") == "array":
            return "list"
        if "properties" in self._node:
            return "record"
        return "mapping" if "patternProperties" in self._node else "text"

    @property
    def _ways(self) -> list[Any]:
        if "properties" in self._node:
            return []
        return [*self._node.get("oneOf", ()), *self._node.get("anyOf", ())]

    @property
    def options(self) -> tuple[str, ...]:
        """The words of a choice."""
        return tuple(dict.fromkeys(str(word).lower() for word in self._node.get("enum", ())))

    @property
    def optional(self) -> tuple[str, ...]:
        """The keys of a record that it may do without."""
        return tuple(key for key in self._node.get("properties", {}) if key not in self.needed)

    @property
    def needed(self) -> tuple[str, ...]:
        """The keys that a record cannot do without."""
        return tuple(self._node.get("required", ()))

    @property
    def keys(self) -> "dict[str, Shape]":
        """The keys of a record, in their order; what it stands on comes last."""
        found = self._node.get("properties", {})
        last = ("citation", "evidence", "statements", "origin")
        order = [*(key for key in found if key not in last), *(key for key in last if key in found)]
        record = self.key if self.key == "assume" else self.named  # its criterion is the word of a branch
        return {key: Shape(found[key], record, key, self.record) for key in order}

    @property
    def items(self) -> "Shape":
        """What a list holds, or the values of a mapping."""
        if self.kind == "mapping":
            held = next(iter(self._node["patternProperties"].values()))
            return Shape(held, self.record, self.key, self.above, item=True)
        held = self._node["prefixItems"][0] if "prefixItems" in self._node else self._node["items"]
        return Shape(held, self.record, self.key, self.above, item=True)

    @property
    def pair(self) -> bool:
        """Whether a list is two lines, low and high."""
        return "prefixItems" in self._node

    @property
    def single(self) -> bool:
        """Whether a mapping has exactly one entry: the test of one column."""
        compared = ("at_least", "more_than", "less_than", "at_most", "between")
        return self.kind == "mapping" and self.key in ("is", "states", *compared)

    def kind_of(self, value: Any) -> str:
        """Which of its kinds a value is of; empty: of none."""
        if isinstance(value, str):
            return value if value in self.kinds else ""
        keys = {*value} if isinstance(value, dict) else set()
        if self.kind == "rule":
            return next((form for form in self.kinds if form in keys), "")
        return next((kind for kind, shape in self.kinds.items() if shape.needed and {*shape.needed} <= keys), "")

    @property
    def kinds(self) -> "dict[str, Shape]":
        """The kinds of one of several: of tests by their one key, of a rule by its form."""
        if self.kind == "rule":
            return {form: self._form(form) for form in FORM if form in FORMS}
        found: dict[str, Shape] = {}
        for way in self._ways:
            shape = Shape(way, self.record, self.key, self.above)
            if "enum" in way:
                found |= {word: Shape({"enum": [word]}, self.record, self.key, self.above) for word in way["enum"]}
            else:
                needed = shape.needed
                found[needed[-1] if len(shape.keys) == 1 else shape.named] = shape
        return found

    def _form(self, form: str) -> "Shape":
        properties = self._node["properties"]
        kept = ("while", form, *FORMS[form], *OPTIONAL.get(form, ()))
        node = {"properties": {k: properties[k] for k in kept}, "required": [form, *FORMS[form]]}
        return Shape(node, "Rule", form, self.record)
