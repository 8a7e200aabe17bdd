"""A policy written from an empty document by hands alone: what could not be done so would have no form."""

from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from notebooks.drafting.draft_panel import DraftPanel
from notebooks.drafting.entry_forms import EntryForm
from policy import load
from tests.notebooks.draft_opened import panel
from tests.notebooks.widgets_below import below, choose, first, press

__all__ = ["panel"]

pytestmark = pytest.mark.usefixtures("workspace")


def add(panel: DraftPanel) -> None:
    press(panel.middle, "Add it")
    assert isinstance(panel.entry, EntryForm), panel.message.value


def fill(panel: DraftPanel, section: str, begin: str = "", /, **texts: str) -> Any:
    """A new entry of a section: boxes by label (_ for a blank), an option of a list where a list stands there."""
    panel.outline.section.value = section
    panel.outline.add.click()
    form = panel.middle
    if begin:
        choose(form, "Begin with", begin)
    for name, text in texts.items():
        put(form, name.replace("_", " "), text)
    return form


def put(form: Any, name: str, text: str) -> None:
    box = first(form, name)
    if isinstance(box, widgets.Dropdown):
        choose(form, name, text)
    elif isinstance(box, widgets.Checkbox):
        box.value = True
    else:
        box.value = text


def new_lever(form: Any, label: str, **texts: str) -> None:
    """The lever that is made with a line."""
    for name, text in {"Label": label, "Value": "6", "Citation": "Our assumption", **texts}.items():
        put(form, f"{name} (new lever)", text)


def labelled(form: Any, name: str, nth: int = 0) -> Any:
    return [w for w in below(form) if getattr(w, "description", None) == name][nth]


def plus(form: Any, label: str) -> None:
    """One more item of a list or mapping."""
    next(w for w in below(form) if getattr(w, "tooltip", None) == f"Add one more: {label}").click()


def sources(panel: DraftPanel) -> None:
    """An evidence card, and a statement of it."""
    fill(panel, "evidence", Title="Rule on occipital blocks", Source="A review company", Year="2024",
         About_whom="adults with occipital neuralgia", Stance="covers blocks", Strength="not graded",
         Note="read in a summary", How_far_it_was_read="a summary", Reference="a web page")  # fmt: skip
    add(panel)
    fill(panel, "statements", Sentence="Six blocks in twelve months are covered.", Stance="favourable",
         Evidence_card="Rule on occipital blocks", About="occipital neuralgia x 64405")  # fmt: skip
    add(panel)
    assert panel.tree["statements"]["S1"]["source"] == "rule-on-occipital-blocks"
    card = panel.tree["evidence"]["rule-on-occipital-blocks"]
    assert (card["statements"], card.get("origin")) == (["S1"], None)  # its card lists it


def columns(panel: DraftPanel) -> None:
    """Columns of three types."""
    fill(panel, "fields", "A whole number", Label="Sessions in 12 months", Asked_for_where_not_documented="how many",
         Unit="sessions", Greatest="20")  # fmt: skip
    add(panel)
    fill(panel, "fields", "A whole number", Label="Days of care", Asked_for_where_not_documented="care notes",
         Unit="days", Greatest="1000")  # fmt: skip
    add(panel)
    fill(panel, "fields", "Yes or no", Label="Care failed", Asked_for_where_not_documented="whether it failed")
    add(panel)
    form = fill(panel, "fields", "One of some words", Label="Intent", Asked_for_where_not_documented="what it is for")
    labelled(form, "Word").value = "diagnostic"
    plus(form, "Words that it may say")
    labelled(form, "Word", 1).value = "therapeutic"
    add(panel)


def codes(panel: DraftPanel) -> None:
    """A diagnosis group and two procedure families."""
    form = fill(panel, "diagnoses", Label="Occipital neuralgia", Code="M54.81")
    labelled(form, "Label", 1).value = "Occipital neuralgia"
    add(panel)
    for label, code in (("Occipital block", "64405"), ("Nerve ablation", "64640")):
        form = fill(panel, "procedures", Label=label, Code=code)
        labelled(form, "Label", 1).value = label
        add(panel)


def lever(panel: DraftPanel) -> None:
    """A lever of some words."""
    form = fill(panel, "levers", "Some words", Label="Ablation", Sentence="What becomes of an ablation.",
                Value="not_met", Citation="Our assumption")  # fmt: skip
    labelled(form, "Word").value = "review"
    labelled(form, "Meaning").value = "a clinician looks at it"
    plus(form, "Choices")
    labelled(form, "Word", 1).value = "not_met"
    labelled(form, "Meaning", 1).value = "not covered"
    labelled(form, "Choice").value = "review"
    plus(form, "Order of strictness")
    labelled(form, "Choice", 1).value = "not_met"
    add(panel)


def criteria(panel: DraftPanel) -> None:
    """Three criteria, two with a lever that is made with them."""
    form = fill(panel, "criteria", Sentence="At least {care_weeks} of care failed", Citation="Our assumption",
                Asked_for_where_not_documented="notes of care", Test="all of these")  # fmt: skip
    labelled(form, "Test", 1).value = "at_least"
    choose(form, "Column", "Days of care")
    choose(form, "is at least", "a new lever")
    new_lever(form, "Care weeks", Greatest="26", Sentence="How long care was tried.", Unit="weeks")
    next(w for w in below(form) if getattr(w, "tooltip", "") == "Add one more: All of").click()
    labelled(form, "Test", 2).value = "is"
    box = labelled(form, "Column", 1)
    box.value = "care_failed"
    put(form, "yes", "")
    add(panel)
    form = fill(panel, "criteria", Sentence="Fewer than {sessions_12m} took place in 12 months",
                Asked_for_where_not_documented="number of sessions", Citation="Review company", Test="a number is less",
                Column="Sessions in 12 months")  # fmt: skip
    choose(form, "is less than", "a new lever")
    new_lever(form, "Sessions 12m", Greatest="12", Sentence="How many are covered.", Unit="sessions")
    add(panel)
    form = fill(panel, "criteria", Sentence="The request states what the block is for",
                Asked_for_where_not_documented="diagnostic or therapeutic", Citation="Our assumption",
                Test="a column says one of …, anything", Column="Intent")  # fmt: skip
    put(form, "diagnostic", "")
    put(form, "therapeutic", "")
    add(panel)


def pathways(panel: DraftPanel) -> None:
    """A pathway with a branch for each word, and one with an outcome that a lever sets."""
    form = fill(
        panel,
        "pathways",
        "Ask a column",
        Title="Occipital block",
        Diagnosis_group="Occipital",
        Procedure_family="Occipital block",
    )
    choose(form, "Depends on (column)", "Intent")
    choose(form, "Criterion that it is stated", "The request states")
    labelled(form, "Word").value = "diagnostic"
    choose(form, "Criterion", "Fewer than")
    plus(form, "Branches")
    labelled(form, "Word", 1).value = "therapeutic"
    choose(labelled(form, "Rule", 2), "", "require criteria")
    choose(labelled(form, "Criterion", 1), "", "At least 6 weeks")
    choose(labelled(form, "Outcome", 1), "", "met")
    add(panel)
    fill(panel, "pathways", "Always one outcome", Title="Ablation of an occipital nerve", Diagnosis_group="Occipital",
         Procedure_family="Nerve ablation", Outcome="Ablation", Because="no source covers it")  # fmt: skip
    add(panel)


def example(panel: DraftPanel) -> None:
    """A worked example."""
    form = fill(panel, "examples", Name="a first diagnostic block", Outcome_that_it_must_have="met")
    labelled(form, "What it says").value = "M54.81"
    labelled(form, "What it says", 1).value = "64405"
    for i, (column, value) in enumerate((("intent", "diagnostic"), ("sessions_12_months", "0")), 2):
        plus(form, "Case")
        labelled(form, "Column", i).value = column
        labelled(form, "What it says", i).value = value
    add(panel)


def test_a_policy_is_written_from_an_empty_document_by_hands_alone(panel: DraftPanel, workspace: Path):
    """Occipital neuralgia in small: two pathways, columns, codes, levers, criteria, evidence, statements, examples."""
    panel.opening.title.value = "Occipital neuralgia (small)"
    assert panel.opening.id.value == "occipital_neuralgia_small"
    press(panel.opening.box, "Begin an empty document")
    assert "No numbers now." in panel.effect.numbers.value
    sources(panel)
    columns(panel)
    codes(panel)
    lever(panel)
    criteria(panel)
    pathways(panel)
    example(panel)
    assert panel.draft.problems == (), "\n".join(map(str, panel.draft.problems))
    panel.effect._made.click()
    assert "placeholder" in panel.effect.numbers.value
    panel.saving.version.value, panel.saving.author.value = "2026.1", "A. Author"
    panel.saving.reason.value, panel.saving.date.value = "a first version", "2026-12-01"
    press(panel.saving.box, "Save as version")
    made = load("occipital_neuralgia_small@2026.1")
    assert (len(made.pathways), len(made.criteria), len(made.levers), len(made.examples)) == (2, 3, 4, 1)
    file = workspace / "policies" / "occipital_neuralgia_small" / "2026.1.yaml"
    by_hand = file.read_bytes()
    file.unlink()
    exec(panel.code(), {})
    assert file.read_bytes() == by_hand


def test_a_column_that_a_duration_is_made_of_is_warned_of_before_it_is_added(panel: DraftPanel):
    form = fill(panel, "criteria", Test="a number is at least")
    box = labelled(form, "Column")
    warned = {}
    for column in ("pain_duration_days", "headache_days_per_month"):
        box.value = column
        warned[column] = any("cannot be proven" in w.value for w in below(form) if isinstance(w, widgets.HTML))
    assert warned == {"pain_duration_days": True, "headache_days_per_month": False}
