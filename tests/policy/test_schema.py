"""The published JSON Schemas: kept in docs/schema, true of what ships, false of what is refused for its form."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from policy.model import Policy
from policy.problems import ProblemsFound
from policy.reading.yaml import read_yaml
from simulations.cli.validation import json_schema_of
from tests.policy import broken, fuzz

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("policy", "scenario", "population")
SHIPPED = sorted([*ROOT.glob("policy/documents/*/*.yaml"), *ROOT.glob("simulations/*/*.yaml")])
BEYOND = {"policy two fields compared"}  # JSON Schema could say it of each operator, at more length than it is worth
FORM = {"missing-key", "unknown-key", "pattern", "choice", "type", "empty-list", "empty-text", "source", "test", "rule"}
VALIDATORS = {kind: Draft202012Validator(json.loads(json_schema_of(kind))) for kind in KINDS}


class Editor(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.2 as an editor reads it: numbers, true and false have types, dates, `no` and keys do not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


Editor.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] in ("int", "float", "null")]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|false)$"), list("tf"))


def read(text: str) -> Any:
    return yaml.load(text, Editor)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_for_editors_is_the_schema_that_is_printed(kind: str) -> None:
    assert (ROOT / "docs" / "schema" / f"{kind}.json").read_text("utf-8") == json_schema_of(kind)
    Draft202012Validator.check_schema(json.loads(json_schema_of(kind)))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_ships_names_its_schema_and_keeps_to_it(path: Path) -> None:
    text = path.read_text("utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    schema = json.loads((path.parent / named[1]).read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(read(text))] == []


@pytest.mark.parametrize(
    "file",
    [f for f in broken.files() if f.code in FORM and f.name not in BEYOND and "exh" not in f.name],
    ids=lambda f: f.name,
)
def test_a_fault_of_form_is_seen_by_an_editor_too(file: broken.Broken) -> None:
    kind = file.name.partition(" ")[0]
    assert not VALIDATORS[kind].is_valid(read(file.content.decode()))


def test_an_editor_never_objects_to_what_the_loader_accepts() -> None:
    luck, accepted = random.Random(3), 0
    for _ in range(120):
        text = luck.choice((fuzz.in_values, fuzz.in_subtrees))(luck, luck.choice(fuzz.pathways()[:8]))
        try:
            Policy.model_validate(read_yaml(text, "p.yaml").plain())
        except (ProblemsFound, ValidationError):
            continue
        accepted += 1
        assert [e.message for e in VALIDATORS["policy"].iter_errors(read(text))] == [], text
    assert accepted > 15
