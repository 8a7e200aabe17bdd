"""The page on the language says what the language has: every kind of test and field, every unit, examples that load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import yaml

from policy.entries.relations import Relation
from policy.entries.units import KNOWN, Unit
from policy.model import CaseField
from policy.model.tests import TEST_KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "language.md").read_text("utf-8")


def test_every_kind_of_test_and_field_and_every_unit_is_told() -> None:
    types = {*get_args(CaseField.model_fields["type"].annotation)} - {"diagnosis", "procedure", "months"}
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.S)
    written = {word for code in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"[a-z_]+", code)}
    assert TEST_KINDS.keys() - written == set()
    assert types - written == set()
    (units,) = re.findall(r"Known units are ([^.]+)\.", PAGE)
    assert set(re.findall(r"[a-z_]+", units)) - {"and"} == KNOWN.keys()


def test_the_examples_are_what_the_records_read() -> None:
    texts = re.findall(r"```yaml\n(.*?)```", PAGE.replace(", ...}", "}"), re.S)
    units, relations, codes = (yaml.load(text, yaml.BaseLoader) for text in texts)
    assert [*map(Unit.model_validate, units["units"].values())]
    assert [*map(Relation.model_validate, relations["relations"])]
    assert codes["pathways"]["anything_else"]["for"] == "otherwise"
