"""A JSON Schema of the documents, made from the same records that read them, so that an editor completes and checks."""

import re
from collections.abc import Mapping
from typing import Any

from policy.entries.records import Record
from policy.model import FORMS

# What the records check beyond their fields, in the schema's own words
_WINDOW: Mapping[str, Any] = {"oneOf": [{"required": ["months"]}, {"required": ["days"]}]}
_NEEDS: Mapping[str, Mapping[str, Any]] = {
    "Lever": {
        "oneOf": [{"required": ["domain"]}, {"required": ["choices"]}],
        "allOf": [{"oneOf": [{"required": ["default"]}, {"required": ["values"]}]}],
        "dependentRequired": {"domain": ["unit", "direction"], "direction": ["domain"], "order": ["choices"]},
    },
    "Rule": {
        "oneOf": [{"required": [form]} for form in FORMS],
        "dependentRequired": {form: [*needs] for form, needs in FORMS.items() if needs},
    },
    "CountOfEvents": _WINDOW,
    "DistinctGroups": _WINDOW,
    "LongestRun": _WINDOW,
}
_WHOLE = r"^-?(0|[1-9][0-9]{0,8})$"
_UNQUOTED = {"integer": ("6", "64405", "-1"), "number": ("2026.1", "79.99"), "boolean": ("true", "false")}


def json_schema(model: type[Record], title: str) -> dict[str, Any]:
    """The schema (draft 2020-12) of what an author may write for `model`, quoted or not; no part of it may be null."""
    made = model.model_json_schema(by_alias=True)
    named = {name: _written(part) | _needs(name, part) for name, part in made.pop("$defs", {}).items()}
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_written(made)}
    return whole | ({"$defs": named} if named else {})


def _needs(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    sourced = {"statements", "origin"} <= part.get("properties", {}).keys()
    return {
        **_NEEDS.get(name, {}),
        **({"anyOf": [{"required": [k]} for k in ("statements", "origin")]} if sourced else {}),
    }


def _written(part: Any, named: bool = False) -> Any:
    """One node of the schema; `named`: its keys are names of entries, not words of the schema."""
    if isinstance(part, list):
        return [_written(item) for item in part if item != {"type": "null"}]
    if not isinstance(part, dict):
        return part
    kept = {k: v for k, v in part.items() if named or k not in ("title", "default", "format", "discriminator")}
    node = {k: _written(v, k in ("properties", "patternProperties") and not named) for k, v in kept.items()}
    if named:
        return node
    if len(node.get("anyOf", ())) == 1:
        node |= node.pop("anyOf")[0]
    if node.get("type") == "object":
        node.setdefault("additionalProperties", False)
    return _unquoted(node)


def _unquoted(node: dict[str, Any]) -> dict[str, Any]:
    """A scalar with and without quotes: what looks like a number to an editor is text to the reader."""
    if node.get("type") == "integer":
        return {**node, "type": ["integer", "string"], "pattern": _WHOLE}
    if node.get("type") == "boolean":
        return {"enum": [True, False, "true", "false"]}
    words = node.get("enum") or ([node["const"]] if "const" in node else None)
    if words:
        return {"enum": [*words, *(int(word) for word in words if str(word).isdigit())]}
    if node.get("type") == "string":
        pattern = node.setdefault("pattern", r"\S") if "minLength" in node else node.get("pattern", "")
        other = [kind for kind, texts in _UNQUOTED.items() if any(re.search(pattern, text) for text in texts)]
        return {**node, "type": ["string", *other]} if other else node
    return node
