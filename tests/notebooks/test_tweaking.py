"""The desk of notebook 2: scenarios by their label, the cases, the search over levers, and who moves."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import click
import ipywidgets as widgets
import numpy as np
import pytest

import simulations
from notebooks.desk import handed
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from notebooks.review.case_panel import CasePanel
from notebooks.tweaking import case_choice, scenarios
from notebooks.tweaking.moved import look_for
from policy import determine, load_scenario
from policy.model import OUTCOMES, Policy
from policy.problems import ProblemsFound
from policy.storage.files import save
from simulations import Caseload, Study
from simulations.cli.command import main
from simulations.scenario.loading import proposed, shipped_for
from tests.notebooks.hostile import cases as hostile_cases
from tests.notebooks.hostile import policy as hostile_policy
from tests.notebooks.widgets_below import below

pytestmark = pytest.mark.usefixtures("workspace")
EDITED = "Medicare-like, epidural injection"  # a scenario that changes criteria besides levers


@pytest.fixture
def saved(panel: LeverPanel) -> LeverPanel:
    """With eight weeks of conservative care saved as a scenario."""
    panel.set("conservative_weeks", 8)
    panel.save("Eight weeks")
    return panel


def line(panel: LeverPanel) -> str:
    return plain(panel.scenarios.line.value)


def labels(panel: LeverPanel) -> list[str]:
    return [label for label, _ in panel.scenarios.choice.options][1:]


def files(workspace: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted((workspace / "scenarios").glob("*.yaml"))}


# Scenarios ------------------------------------------------------------------------------------------------------------


def test_every_scenario_of_the_policy_is_offered_by_its_label(panel: LeverPanel, nerve_blocks: Policy):
    offered = shipped_for(nerve_blocks)
    assert len(labels(panel)) == len(offered) > 10
    assert not [name for name in offered if any(name in label for label in labels(panel))]
    assert "Positive airway pressure, the text to the letter" not in labels(panel)


def test_each_scenario_loads_as_a_report_has_it_and_undo_takes_it_back(
    panel: LeverPanel, nerve_blocks: Policy, cases: Caseload
):
    """Those too that change criteria: the same counts as two determinations from scratch."""
    panel.set("relief_pct", 70)
    for one in panel.scenarios.entries:
        panel.load(one.label)
        study = Study("x", nerve_blocks.settings(), proposed(nerve_blocks, one.name), cases)
        assert np.array_equal(panel._answer.impact.counts, study.impact.counts), one.name
        assert line(panel) == f"Loaded: {one.label}"
        panel.undo()
        assert panel.tweaks.settings.provisions() == {"relief_pct": 70}
        assert line(panel) == "Levers moved by hand, not saved as a scenario yet."


def test_a_lever_moved_after_loading_keeps_what_the_scenario_changes_in_criteria(
    panel: LeverPanel, nerve_blocks: Policy, cases: Caseload, workspace: Path
):
    panel.load(EDITED)
    panel.set("relief_pct", 70)
    assert line(panel) == f"Loaded: {EDITED}, with levers moved since"
    assert "Epidural injection for spine pain: also requires" in panel.readback()
    both = proposed(nerve_blocks, "p2b_cms_epidural", {"relief_pct": 70})
    expected = Study("x", nerve_blocks.settings(), both, cases).impact.counts
    assert np.array_equal(panel._answer.impact.counts, expected)
    path = panel.save("Epidural and 70 percent")
    again = Study("x", nerve_blocks.settings(), proposed(nerve_blocks, path), cases).impact.counts
    assert np.array_equal(again, expected)
    assert path == workspace / "scenarios" / "epidural_and_70_percent.yaml"


def test_a_scenario_that_no_longer_fits_is_refused_and_the_levers_stay(saved: LeverPanel, workspace: Path):
    path = workspace / "scenarios" / "eight_weeks.yaml"
    save(path, path.read_bytes().replace(b'"8"', b'"80"'))
    saved.reset_button.click()
    saved.scenarios.look_again()
    saved.scenarios.choice.value = "eight_weeks"
    saved.scenarios.load_button.click()
    assert "outside the domain; allowed 0 to 26 weeks" in plain(saved.message.value)
    assert saved.tweaks.settings.provisions() == {}


def test_what_is_saved_is_named_and_can_be_renamed(saved: LeverPanel, nerve_blocks: Policy, workspace: Path):
    assert line(saved) == "Loaded: Eight weeks"
    before = load_scenario(workspace / "scenarios" / "eight_weeks.yaml", nerve_blocks)
    saved.scenarios.rename_button.click()
    saved.scenarios.new_name.value = 'Two more weeks: "tried"'
    next(w for w in below(saved.scenarios._naming) if getattr(w, "description", "") == "Rename it").click()
    assert list(files(workspace)) == ["two_more_weeks_tried.yaml"]
    now = load_scenario(workspace / "scenarios" / "two_more_weeks_tried.yaml", nerve_blocks)
    assert now == before.model_copy(update={"id": "two_more_weeks_tried", "label": 'Two more weeks: "tried"'})
    assert line(saved) == 'Loaded: Two more weeks: "tried"'
    assert labels(saved)[-1] == 'Two more weeks: "tried" (saved here)'
    saved.rename('Two more weeks: "tried"', "two MORE weeks, tried")  # the same file
    assert list(files(workspace)) == ["two_more_weeks_tried.yaml"]


def test_no_name_is_taken_twice_and_what_ships_stays(saved: LeverPanel, workspace: Path):
    saved.set("conservative_weeks", 9)
    saved.save("Nine weeks")
    before = files(workspace)
    for act, says in (
        (lambda: saved.rename("Nine weeks", "eight weeks"), "eight_weeks.yaml: is there already"),
        (lambda: saved.rename("Nine weeks", "Strict reading"), "strict_reading.yaml: ships with the workbook"),
        (lambda: saved.rename("Nine weeks", "…"), "is no name for a scenario"),
        (lambda: saved.rename("Aetna-like", "Mine"), "“Aetna-like”: ships with the workbook and stays as it is"),
        (lambda: saved.delete("Aetna-like"), "“Aetna-like”: ships with the workbook and stays as it is"),
        (lambda: saved.delete("Ten weeks"), "“Ten weeks” is none of the scenarios of this policy"),
        (lambda: saved.save("Nine  weeks"), "nine_weeks.yaml: is there already"),
    ):
        with pytest.raises(ProblemsFound, match=says):
            act()
    assert files(workspace) == before
    saved.scenarios.choice.value = "p3_aetna_like"
    assert saved.scenarios.rename_button.disabled
    assert saved.scenarios.delete_button.disabled


def test_what_is_deleted_is_kept_and_can_be_put_back(saved: LeverPanel, workspace: Path):
    before = files(workspace)
    for _ in "12":  # a second copy lies beside the first
        saved.scenarios.choice.value = "eight_weeks"
        saved.scenarios.delete_button.click()
        assert files(workspace) == {}
        assert line(saved) == "Begun from “Eight weeks”, which is deleted."
        assert saved.tweaks.settings.provisions() == {"conservative_weeks": 8}
        saved.scenarios.put_back_button.click()
        assert files(workspace) == before
    assert {p.read_text("utf-8") for p in (workspace / ".deleted").iterdir()} == set(before.values())
    assert len([*(workspace / ".deleted").iterdir()]) == 2


def test_two_notebooks_at_once_lose_nothing(saved: LeverPanel, nerve_blocks: Policy, cases: Caseload, workspace: Path):
    other = LeverPanel(nerve_blocks, cases)
    saved.rename("Eight weeks", "Two more")
    with pytest.raises(ProblemsFound, match="was renamed or deleted by somebody else meanwhile"):
        other.delete("Eight weeks")
    other._meanwhile()
    assert labels(other)[-1] == "Two more (saved here)"
    path = workspace / "scenarios" / "two_more.yaml"
    save(path, path.read_bytes().replace(b'"8"', b'"10"'))
    for act in (lambda: other.delete("Two more"), lambda: other.rename("Two more", "Ten")):
        with pytest.raises(ProblemsFound, match="was changed by somebody else meanwhile"):
            act()
    assert '"10"' in path.read_text("utf-8")
    saved.scenarios.look_again()
    saved.delete("Two more")
    save(path, b"another one\n")
    with pytest.raises(ProblemsFound, match=r"two_more.yaml: is there already"):
        saved.put_back()
    assert path.read_bytes() == b"another one\n"


def test_a_file_that_is_no_scenario_is_passed_over(panel: LeverPanel, workspace: Path):
    many = len(labels(panel))
    (workspace / "scenarios").mkdir(parents=True)
    for name, text in (("spoilt", "{"), ("other", "schema: scenario/1\nid: other\nlabel: x\npolicy: knees\n")):
        save(workspace / "scenarios" / f"{name}.yaml", text.encode())
    panel._meanwhile()
    assert len(labels(panel)) == many


# Cases ----------------------------------------------------------------------------------------------------------------


def test_other_cases_keep_the_levers_and_answer_as_a_panel_over_them(panel: LeverPanel, nerve_blocks: Policy):
    panel.load(EDITED)
    panel.set("relief_pct", 70)
    panel.ask("Who moves")
    before = panel.tweaks.settings
    panel.draw("Facet pain in 10 to 15 % of spine patients, as in the trial of diagnostic blocks", size=3_000, seed=7)
    assert panel.tweaks.settings == before
    fresh = simulations.cases_of(nerve_blocks, "trial_10_15", size=3_000, seed=7)
    expected = Study("x", nerve_blocks.settings(), before, fresh).impact
    assert np.array_equal(panel._answer.impact.counts, expected.counts)
    assert plain(panel.case_form.line.value) == f"Cases: {fresh!r}"
    assert panel.closer.view.children == ()  # it spoke of other cases
    assert f"all {fresh!r}" in panel.readback()
    panel.undo()
    assert panel.tweaks.settings != before
    some = panel.controls["conservative_weeks"].note.value
    pathway = nerve_blocks.pathways["spine_facet_injection"].title
    assert f"{pathway} ({panel.tweaks.by_pathway['spine_facet_injection']:,})" in plain(some)


def test_the_form_offers_what_fits_with_its_mix(panel: LeverPanel):
    panel.case_form.open_button.click()
    form = panel.case_form
    assert "A pain clinic, where two positive blocks" in form.population.options[0][0]
    assert form.population.value == "seed_low_prevalence"
    assert not [name for _, name in form.population.options if "back" in name or "airway" in name]
    assert "Requests: Neck pain 35 %, Migraine 35 %, Fibromyalgia 15 %" in plain(form.mix.value)
    assert {10_000, 100_000, 1_000_000} <= {size for _, size in form.size.options}
    form.seed.value, form.size.value = 5, 10_000
    form.draw_button.click()
    assert (panel.cases.size, panel.cases.seed) == (10_000, 5)
    form.seed.value = -1
    form.draw_button.click()
    assert "These cases cannot be used; those of before stay" in plain(form.progress.value)
    assert 'role="alert"' in form.progress.value
    assert panel.cases.seed == 5


def test_a_size_that_takes_long_says_what_it_needs_where_it_is_chosen(panel: LeverPanel):
    panel.case_form.open_button.click()
    told = {size: label for label, size in panel.case_form.size.options}
    assert told.pop(10_000_000) == "10,000,000: needs 0.8 GB of memory and about a minute"
    assert all(label == f"{size:,}" for size, label in told.items())


def test_a_file_of_ones_own_is_found_read_and_guarded(panel: LeverPanel, workspace: Path, cases: Caseload):
    workspace.mkdir()
    part = cases.part(0).take(np.arange(500))
    table = {"case_id": [f"row {i}" for i in range(500)], "dx": list(part.dx), "cpt": list(part.cpt)}
    lines = [",".join(table), *(",".join(row) for row in zip(*table.values(), strict=True))]
    save(workspace / "ours.csv", ("\n".join(lines) + "\n").encode())
    panel.set("conservative_weeks", 8)
    panel.case_form.open_button.click()
    assert [path.name for path in case_choice.case_tables()] == ["ours.csv"]
    panel.case_form.file.value = panel.case_form.file.options[1][1]
    panel.case_form.read_button.click()
    assert panel.cases.name == "ours.csv"
    assert panel.cases.people
    assert plain(panel.notices.value).startswith("The cases may be people; policy simulation only")
    assert panel.tweaks.settings.provisions() == {"conservative_weeks": 8}
    panel.ask("Who moves")
    assert "row 1" not in "".join(str(getattr(w, "value", "")) for w in below(panel.view))
    assert panel.closer.rows.children == ()
    assert panel._answer.guarded


def test_everything_wrong_with_a_file_is_said_in_one_list(panel: LeverPanel, workspace: Path, cases: Caseload):
    workspace.mkdir()
    save(workspace / "bad.csv", b"case_id,dx,cpt,age\na,M54.2,20553,old\nb,M54.2,,7\n")
    before = panel.cases
    panel.read(workspace / "bad.csv")
    said = plain(panel.case_form.progress.value)
    with pytest.raises(ProblemsFound) as found:
        simulations.cases_of(panel.policy, workspace / "bad.csv")
    assert len(found.value.problems) > 1
    assert all(str(one) in said for one in found.value.problems)
    for path, says in (("nowhere.csv", "nowhere.csv: is not there"), ("x.yaml", "is no case table"), (" ", "choose a")):
        panel.read(path)
        assert says in plain(panel.case_form.progress.value)
    assert panel.cases is before


# Searching ------------------------------------------------------------------------------------------------------------


def test_a_search_finds_levers_by_label_sentence_value_and_source(panel: LeverPanel, nerve_blocks: Policy):
    def shown() -> set[str]:
        return {c[10:] for w in below(panel.levers.found) for c in w._dom_classes if c.startswith("nbw-lever-")}

    for text, one in (
        ("Minimum CONSERVATIVE", "conservative_weeks"),
        ("80 %", "relief_pct"),
        ("26 weeks", "conservative_weeks"),
    ):
        found = panel.find(text)
        assert one in found
        assert shown() == set(found)
        assert panel.accordion.layout.display == "none"
        assert panel.levers.search.layout.display != "none"  # what is shared by two is hidden with one
    card = next(iter(nerve_blocks.evidence[key] for lever in nerve_blocks.levers.values() for key in lever.evidence))
    assert panel.find(card.source)
    for name, lever in nerve_blocks.levers.items():
        assert name in panel.find(lever.label)
    assert panel.find("test block") == panel.find("Blocks TESTS")
    assert panel.find("test block") == ["diagnostic_blocks_required", "diagnostic_block_exempt"]
    assert panel.find("zebra") == []
    assert "No lever has that" in plain(panel.levers.told.value)
    assert len(panel.find("")) == len(nerve_blocks.levers)
    assert (panel.accordion.layout.display, panel.levers.found.children) == ("", ())


# Who moves ------------------------------------------------------------------------------------------------------------


def test_who_moves_lists_true_moves_of_each_kind(panel: LeverPanel, cases: Caseload):
    panel.set("conservative_weeks", 12)
    part = cases.part(0)
    was, now = (determine(panel.policy, part, one).outcome for one in (panel.tweaks.baseline, panel.tweaks.settings))
    found = look_for(panel._answer.impact, cases)
    assert found.many == int((was != now).sum())
    places = {str(one): i for i, one in enumerate(part.ids)}
    for case in found.cases:
        at = places[case["case_id"]]
        assert (OUTCOMES[was[at]], OUTCOMES[now[at]]) == (case["baseline"], case["scenario"])
    kinds = {(a, b) for a, b in zip(was, now, strict=True) if a != b}
    assert {(OUTCOMES.index(c["baseline"]), OUTCOMES.index(c["scenario"])) for c in found.cases} == kinds
    counted = {(OUTCOMES[a], OUTCOMES[b]): int(((was == a) & (now == b)).sum()) for a, b in kinds}
    assert {(before, after): number for before, after, number in found.ways} == counted
    panel.ask("Who moves")
    newly = (now == OUTCOMES.index("not_met")) & (was != OUTCOMES.index("not_met"))
    fails = determine(panel.policy, part, panel.tweaks.settings).truths["conservative_care"] == 0
    said = plain(panel.closer.answer.value)
    assert f"Why newly refused: {newly.sum():,} cases are newly not met." in said
    assert f"failed, or it is contraindicated | {(newly & fails).sum():,} |" in said
    assert len(panel.closer.rows.children) == len(found.cases)
    assert f"{found.many:,} cases have another outcome" in plain(panel.closer.answer.value)
    panel.reset_button.click()
    assert "before the last move" in plain(panel.closer.answer.value)
    panel.ask("Who moves")
    assert "Nobody moves: no lever is moved." in plain(panel.closer.answer.value)


def test_a_moved_case_opens_in_its_review_with_the_cases_and_the_levers(
    panel: LeverPanel, nerve_blocks: Policy, monkeypatch: pytest.MonkeyPatch, workspace: Path
):
    monkeypatch.setenv("WORKBOOK_SERVED", str(workspace))
    panel.draw("trial_10_15", size=20_000, seed=3)
    panel.set("conservative_weeks", 12)
    (case, *_) = look_for(panel._answer.impact, panel.cases).cases
    panel.review(case["case_id"])
    review = CasePanel(nerve_blocks, simulations.cases_of(nerve_blocks, size=100)).review
    assert review.case_id == case["case_id"]
    assert (review.load.name, review.load.seed, review.load.size) == ("trial_10_15", 3, 10_000)
    assert (review.before().outcome, review.now().outcome) == (case["baseline"], case["scenario"])
    assert json.loads(handed("3_review_a_case")["levers"]) == {"conservative_weeks": "12"}


def test_hostile_cases_and_labels_are_only_text(tmp_path: Path):
    policy = hostile_policy()
    panel = LeverPanel(policy, simulations.cases_of(policy, hostile_cases(tmp_path)))
    panel.set("conservative_weeks", 12)
    panel.save("<img src=x> $x$")
    panel.case_form.open_button.click()
    for part in below(panel.scenarios.view), below(panel.case_form.view):
        assert not [w for w in part if "<img" in str(getattr(w, "value", ""))]


# Slow work beside the hands -------------------------------------------------------------------------------------------


def test_levers_move_while_cases_are_drawn(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch, workspace: Path):
    """A move in between is kept: the cases that come are answered for the levers as they stand then."""
    monkeypatch.setenv("WORKBOOK_SERVED", str(workspace))
    seen: list[Any] = []

    async def draw() -> None:
        panel.case_form.draw("", 5_000, 2)
        seen.append(plain(panel.case_form.progress.value))
        panel.set("conservative_weeks", 8)
        while panel._errands:
            await asyncio.sleep(0.01)

    asyncio.run(draw())
    assert seen == ["Drawing 5,000 cases …: the levers stay as they are."]
    assert panel._answer.impact.cases == 5_000
    assert panel.tweaks.settings.provisions() == {"conservative_weeks": 8}
    assert panel.case_form.progress.value == ""


def test_a_fault_of_slow_work_leaves_nothing_counting(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("notebooks.tweaking.closer_forms.look_for", broken)
    panel.closer.buttons["Who moves"].click()
    assert "OSError: no" in panel.alert.value
    assert panel.closer.view.children == ()


def test_a_scenario_of_two_files_with_one_label_is_told_by_its_file(saved: LeverPanel, workspace: Path):
    text = (workspace / "scenarios" / "eight_weeks.yaml").read_bytes()
    save(workspace / "scenarios" / "twin.yaml", text.replace(b'"eight_weeks"', b'"twin"'))
    found = [one.label for one in scenarios.entries_for(saved.policy) if one.own]
    assert found == ["Eight weeks (eight_weeks.yaml)", "Eight weeks (twin.yaml)"]


def test_a_command_that_the_desk_names_is_one(panel: LeverPanel):
    panel.case_form.turn()
    shown = " ".join(plain(one.value) for one in below(panel.view) if isinstance(one, widgets.HTML))
    named = re.findall(r"the command workbook (\w+)", shown)
    assert named
    assert set(named) <= {*main.list_commands(click.Context(main))}
