"""Every entry of a document has a form, a place in the outline, and words that people use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from notebooks.drafting.add_forms import AddForm, added
from notebooks.drafting.draft_panel import DraftPanel
from notebooks.drafting.names import by_label, name_from
from notebooks.drafting.outline import entry_at, outline, searched
from notebooks.drafting.record_forms import form_for
from notebooks.drafting.shapes import document
from notebooks.drafting.value_forms import Room
from notebooks.drafting.words import BEGINNINGS, FORM, KEYS, KINDS, SECTION_WORDS
from policy import Draft
from policy.authoring.pages import Page
from policy.authoring.schema import json_schema
from policy.model import Policy
from policy.reading.loading import shipped
from tests.notebooks.draft_opened import panel
from tests.notebooks.widgets_below import below

__all__ = ["panel"]

pytestmark = pytest.mark.usefixtures("workspace")


# Every entry has a form ----------------------------------------------------------------------------------------------


def entries() -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    for name, path in shipped().items():
        tree = Page(path.read_text("utf-8"), name).root.plain()
        for found in outline(tree).values():
            yield from ((name, tree, one.path) for one in found if len(one.path) > 1)


def test_every_section_of_a_document_is_in_the_outline():
    head = ("schema", "id", "version", "title", "status", "effective", "retired", "notice", "source_name")
    assert {*document().keys} - {*head} == {*SECTION_WORDS} - {"head"}


def test_every_kind_of_test_and_form_of_a_rule_is_called_something():
    tests = document().keys["criteria"].items.keys["test"].kinds
    assert tests.keys() == KINDS.keys()
    assert document().keys["pathways"].items.keys["rule"].kinds.keys() < FORM.keys()


def test_every_key_of_every_record_is_called_something():
    """So that no form shows a bare word of the language."""
    records = json_schema(Policy, "policy")["$defs"]
    unnamed = {
        key
        for record, node in records.items()
        for key in node.get("properties", {})
        if f"{record}.{key}" not in KEYS and key not in KEYS and key not in KINDS
    }
    assert unnamed == set()


def test_each_form_says_what_stands_in_the_document():
    """Of every entry of every document that ships: same value, keys in the same order, nothing lacking."""
    found = list(entries())
    assert len(found) > 1000
    for name, tree, path in found[::3]:
        room = Room(tree, lambda: None, lambda act: act, form_for)
        value = tree[path[0]][path[1]]
        form = form_for(document().keys[path[0]].items, value, room)
        assert form.value() == value, (name, path)
        assert list(form.value()) == list(value), (name, path)
        assert form.lacks() == [], (name, path)


def test_what_stands_in_a_document_could_be_chosen_in_its_form():
    """Else somebody who writes the same document from an empty one could not."""
    chosen = ("relations", "direction_exceptions", "examples", "gates", "pathways", "code_notices")
    for name, tree, path in entries():
        if path[0] not in chosen or name == "nerve_blocks@2026.1":
            continue
        room = Room(tree, lambda: None, lambda act: act, form_for)
        form = form_for(document().keys[path[0]].items, tree[path[0]][path[1]], room)
        lists = [box for box in below(form.box) if isinstance(box, widgets.Dropdown)]
        assert [one.label for one in lists if one.label.endswith("(there is none)")] == [], (name, path)


@pytest.mark.parametrize("section", [one for one in SECTION_WORDS if one != "head"])
def test_every_section_can_be_added_to(panel: DraftPanel, section: str):
    form = AddForm(panel, section)
    assert form.add.disabled  # nothing is filled in
    assert len(form.begin) == len(BEGINNINGS.get(section, {"": None})) + (
        len(panel.tree["criteria"]) if section == "criteria" else 0
    )


# Outline -------------------------------------------------------------------------------------------------------------


def test_what_is_searched_is_found_in_every_section(panel: DraftPanel):
    found = {one.section for one in searched(outline(panel.tree), "conservative care")}
    assert {"levers", "criteria", "fields"} <= found
    assert searched(outline(panel.tree), "no such words anywhere") == []


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("levers.conservative_weeks.default", ("levers", "conservative_weeks")),
        ("criteria.conservative_care.test.any_of.0", ("criteria", "conservative_care")),
        ("examples.3.expect", ("examples", 3)),
        ("retired_codes.M79.1", ("retired_codes", "M79.1")),
        ("title", ("head",)),
        ("levers.no_such", None),
        ("examples.999", None),
        ("", None),
    ],
)
def test_a_place_belongs_to_an_entry(panel: DraftPanel, place: str, path: Any):
    assert entry_at({**panel.tree, "retired_codes": {"M79.1": "x"}}, place) == path


def test_a_name_is_made_from_a_label_and_not_taken():
    tree = {"levers": {"least_age": {}}, "statements": {"N1": {}, "N7": {}}, "evidence": {}, "references": {"R2": ""}}
    assert name_from(tree, "levers", "Least age") == "least_age_2"
    assert name_from(tree, "levers", "3 weeks, or more!") == "weeks_more"
    assert name_from(tree, "evidence", "A trial of 2020") == "trial-2020"
    assert name_from(tree, "statements", "x") == "N8"
    assert name_from(tree, "references", "x") == "R3"
    assert name_from(tree, "retired_codes", "x") == ""


def test_edits_are_told_by_what_people_call_the_entries(panel: DraftPanel):
    assert by_label(panel.tree, "conservative_weeks: default 8") == "“Minimum conservative care”: default 8"
    assert by_label(panel.tree, "levers.conservative_weeks is added") == "“Minimum conservative care” is added"


@pytest.mark.parametrize("section", ["levers", "criteria", "examples", "evidence", "pathways"])
def test_what_stands_in_a_document_can_be_added_to_an_empty_one(section: str, workspace: Path):
    """Whatever keys an entry has, in the order in which they stand there."""
    tree = Draft.of("nerve_blocks@2026.2", anew=True).page.root.plain()
    draft, held = Draft.blank("a_new_one", "A new one"), tree[section]
    for name, one in held.items() if isinstance(held, dict) else [("", one) for one in held[:12]]:
        if name == "undocumented_action":
            continue
        assert added(draft.page.root.plain(), section, name, one).on(draft).done
        now = draft.value(section)
        assert (now[name] if name else now[-1]) == one
