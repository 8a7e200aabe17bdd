"""The panel, driven as a hand drives it: by setting the values of its widgets."""

import asyncio
import re
import threading

import ipywidgets as widgets
import pytest

import simulations
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from notebooks.tweaking.moved import WHO_MOVES
from policy.model import Policy
from policy.problems import ProblemsFound
from simulations import Caseload, Study
from simulations.studies.denials import dissect
from simulations.studies.shapley import attribute
from tests.notebooks.hostile import SCRIPT, Elements
from tests.notebooks.widgets_below import below, changes, finding, slider

pytestmark = pytest.mark.usefixtures("workspace")


# From the document ---------------------------------------------------------------------------------------------------


def test_there_is_a_control_for_each_lever_and_no_other(panel: LeverPanel, nerve_blocks: Policy):
    assert list(panel.controls) == list(nerve_blocks.levers)
    shown = {c for w in below(panel.view) for c in getattr(w, "_dom_classes", ()) if c.startswith("nbw-lever-")}
    assert shown == {f"nbw-lever-{name}" for name in nerve_blocks.levers}


def test_only_the_button_that_tries_again_is_hidden_while_nothing_failed(panel: LeverPanel):
    """Buttons share a layout: who hides one with it hides all."""
    hidden = [w for w in below(panel.view) if isinstance(w, widgets.Button) and w.layout.display == "none"]
    assert hidden == [panel.retry]


def test_each_control_is_built_from_its_levers_domain(panel: LeverPanel, nerve_blocks: Policy):
    for name, lever in nerve_blocks.levers.items():
        control = panel.controls[name]
        if lever.domain:
            widget = control.parts["slider"]
            found = (widget.min, widget.max, widget.step)
            assert found == (lever.domain.min, lever.domain.max, lever.domain.step), name
            assert control.parts["number"].value == widget.value
            assert ("on" in control.parts) == lever.off_allowed
        elif control.kind == "switch":
            assert set(lever.choices or {}) in ({"true", "false"}, {"off", "on"})
        else:
            assert [value for _, value in control.parts["choice"].options] == list(lever.choices or {})
        assert control.value == lever.check(lever.default), name


def test_every_legal_value_can_be_reached_by_its_control(panel: LeverPanel, nerve_blocks: Policy):
    for name, lever in nerve_blocks.levers.items():
        for value in {lever.values()[0], lever.values()[-1], lever.check(lever.default)}:
            panel.set(name, value)
            assert panel.tweaks.settings[name] == value == panel.controls[name].value
        panel.set(name, lever.default)
    assert changes(panel) == []


def test_what_can_be_named_has_a_name_and_a_unit(panel: LeverPanel, nerve_blocks: Policy):
    for name, lever in nerve_blocks.levers.items():
        for part in panel.controls[name].parts.values():
            assert part.tooltip.startswith(lever.label), name
    assert panel.controls["conservative_weeks"].parts["number"].tooltip == "Minimum conservative care, weeks"
    unnamed = [w for w in below(panel.view) if isinstance(w, widgets.Button) and not w.description]
    assert unnamed == []


def test_value_default_source_and_origin_stand_beside_the_lever(panel: LeverPanel, nerve_blocks: Policy):
    for name, lever in nerve_blocks.levers.items():
        head, note = (plain(panel.controls[name].box.children[i].value) for i in (0, 2))
        assert head.startswith(lever.label)
        assert (lever.origin or "assumption") in head or lever.origin is None
        assert f"Default {lever.in_words(lever.check(lever.default))}" in note
        assert lever.citation in note
        assert all(statement in note for statement in lever.statements)


def test_levers_are_grouped_by_their_pathways(panel: LeverPanel):
    assert list(panel.groups) == [
        "More than one diagnosis", "Neck pain and thoracic spine pain", "Trigeminal neuralgia", "Fibromyalgia",
        "Migraine",
    ]  # fmt: skip
    assert panel.groups["Fibromyalgia"] == ["fm_drugs_failed_min", "fm_tpi_with_trigger_points"]
    assert "conservative_weeks" in panel.groups["More than one diagnosis"]


def test_only_what_waits_for_a_fault_is_hidden_at_first(panel: LeverPanel):
    assert panel.retry.layout.display == "none"
    assert panel.report_button.layout.display is None  # though buttons share a layout


# Moving --------------------------------------------------------------------------------------------------------------


def test_moving_a_slider_changes_the_answer_the_list_and_the_table(panel: LeverPanel):
    assert finding(panel) == "No lever is moved: this is the policy as it stands."
    before = panel.table.value
    slider(panel, "conservative_weeks").value = 8
    study = simulations.ask(provisions={"conservative_weeks": 8}, size=2_000, seed=1)
    assert finding(panel) == study.impact.finding() + "."
    assert changes(panel) == ["Minimum conservative care: 6 weeks → 8 weeks (stricter)"]
    assert panel.table.value != before
    assert "moved, was 6 weeks" in panel.controls["conservative_weeks"].head.value
    assert panel.accordion.get_title(0) == "More than one diagnosis (1 moved)"


def test_each_view_is_set_once_for_each_event(panel: LeverPanel):
    seen: list[str] = []
    for name in ("headline", "table"):
        getattr(panel, name).observe(lambda _, name=name: seen.append(name), names="value")
    slider(panel, "conservative_weeks").value = 9
    assert sorted(seen) == ["headline", "table"]


def test_no_move_of_a_lever_draws_cases_again(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch):
    def drawn(*_: object, **__: object) -> None:
        raise AssertionError("cases were drawn or read again")

    monkeypatch.setattr(Caseload, "part", drawn)
    slider(panel, "conservative_weeks").value = 9
    assert panel.alert.value == ""
    assert finding(panel).startswith("Approvals fall")


def test_the_table_sums_to_the_cases(panel: LeverPanel):
    slider(panel, "conservative_weeks").value = 12
    rows = [line.split(" | ") for line in plain(panel.table.value).splitlines() if line.count("|") > 2]
    header, body = rows[0], rows[1:]
    assert header[:4] == ["Request", "Cases", "Approval rate", "Met"]
    assert sum(int(row[1].replace(",", "")) for row in body) == 2_000
    for row in body:
        counts = [int(re.sub(r"[^\d]", "", cell.split(" ")[0]) or 0) for cell in row[3:]]
        assert sum(counts) == int(row[1].replace(",", "")), row


def test_a_thousand_events_leave_the_last_value_and_one_step(panel: LeverPanel):
    for i in range(250):
        slider(panel, "conservative_weeks").value = i % 26
    last = panel.tweaks.settings["conservative_weeks"]
    assert last == 249 % 26 == slider(panel, "conservative_weeks").value
    assert f"{last} weeks" in panel.controls["conservative_weeks"].head.value
    assert panel.readback().splitlines()[1] == finding(panel)
    assert panel.tweaks.steps[0] <= 2


def test_an_off_lever_is_switched_on_at_its_suggestion(panel: LeverPanel):
    control = panel.controls["max_sessions_12m"]
    assert control.parts["slider"].disabled
    control.parts["on"].value = True
    assert panel.tweaks.settings["max_sessions_12m"] == 3
    assert not control.parts["slider"].disabled
    control.parts["slider"].value = 5
    control.parts["on"].value = False
    assert panel.tweaks.settings["max_sessions_12m"] is None
    assert control.parts["number"].disabled


def test_a_value_between_two_steps_is_refused_beside_the_lever(panel: LeverPanel):
    slider(panel, "relief_pct").value = 83  # what a typed number does
    head = panel.controls["relief_pct"].head.value
    assert 'role="alert"' in head
    assert "between two steps; allowed 50 to 100 percent in steps of 5" in plain(head)
    assert slider(panel, "relief_pct").value == 80
    assert changes(panel) == []
    slider(panel, "relief_pct").value = 85
    assert 'role="alert"' not in panel.controls["relief_pct"].head.value


@pytest.mark.parametrize(
    ("lever", "typed", "says"),
    [
        ("conservative_weeks", "6.5", "'6.5' is not a whole number; allowed 0 to 26 weeks, nearest 6 and 7"),
        ("conservative_weeks", "99", "'99' is outside the domain; allowed 0 to 26 weeks, nearest 26"),
        ("conservative_weeks", "-3", "'-3' is outside the domain; allowed 0 to 26 weeks, nearest 0"),
        ("conservative_weeks", "42", "did you mean 6 (42 days)?"),
        ("conservative_weeks", "1e30", "is not a whole number; allowed 0 to 26 weeks"),
        ("relief_pct", "72", "is between two steps; allowed 50 to 100 percent in steps of 5, nearest 70 and 75"),
        ("relief_pct", "0.8", "did you mean 80?"),
    ],
)
def test_a_typed_number_that_is_not_legal_is_refused_and_the_old_one_stays(
    panel: LeverPanel, lever: str, typed: str, says: str
):
    """A box for numbers clipped 6.5, 99 and -3 to 26, 26 and 0, and stood at 72 while its lever stood at 70."""
    control, before = panel.controls[lever], panel.tweaks.settings[lever]
    control.parts["number"].value = float(typed)
    assert says in plain(control.head.value)
    assert 'role="alert"' in control.head.value
    assert control.parts["number"].value == before == control.parts["slider"].value
    assert panel.tweaks.settings[lever] == before
    assert changes(panel) == []
    control.parts["number"].value = control.lever.values()[-1]
    assert 'role="alert"' not in control.head.value
    assert panel.tweaks.settings[lever] == control.parts["slider"].value == control.lever.values()[-1]


def test_box_and_lever_never_disagree(panel: LeverPanel):
    control = panel.controls["conservative_weeks"]
    for act in (
        lambda: setattr(control.parts["slider"], "value", 9),
        lambda: setattr(control.parts["number"], "value", 12.0),
        lambda: setattr(control.parts["number"], "value", 99.0),
        lambda: panel.set("conservative_weeks", 3),
        panel.undo_button.click, panel.redo_button.click, control.reset.click, panel.undo_button.click,
    ):  # fmt: skip
        act()
        stands = panel.tweaks.settings["conservative_weeks"]
        assert (control.parts["number"].value, control.parts["slider"].value) == (stands, stands)


def test_undo_redo_revert_and_reset(panel: LeverPanel):
    slider(panel, "conservative_weeks").value = 8
    panel.controls["relief_rule"].parts["choice"].value = "mean"
    assert len(changes(panel)) == 2
    panel.undo_button.click()
    assert panel.controls["relief_rule"].value == "each_block"
    panel.redo_button.click()
    assert panel.controls["relief_rule"].value == "mean"
    panel.changes.children[0].children[1].click()
    assert slider(panel, "conservative_weeks").value == 6
    assert changes(panel) == ["Which relief counts: each block → mean"]
    panel.controls["relief_rule"].reset.click()
    assert changes(panel) == []
    panel.undo_button.click()
    panel.undo_button.click()
    panel.reset_button.click()
    assert changes(panel) == []
    assert panel.reset_button.disabled
    assert slider(panel, "conservative_weeks").value == 6


def test_this_changes_nothing_because(panel: LeverPanel):
    panel.set("diagnostic_block_exempt", "false")
    assert finding(panel).startswith(
        "This changes nothing, because “Diagnostic block exempt from the stance” reaches no"
    )


def test_setting_by_code_says_what_is_allowed(panel: LeverPanel):
    with pytest.raises(ProblemsFound, match="outside the domain; allowed 0 to 26 weeks"):
        panel.set("conservative_weeks", 80)
    with pytest.raises(ProblemsFound, match="did you mean conservative_weeks"):
        panel.set("conservative_week", 8)


def test_a_start_from_a_scenario(nerve_blocks: Policy, cases: Caseload):
    panel = LeverPanel(nerve_blocks, cases, scenario="strict_reading")
    assert len(changes(panel)) == 6
    assert panel.controls["diagnostic_block_exempt"].parts["on"].value is False


# Levers that reach no case --------------------------------------------------------------------------------------------


def test_idle_levers_are_grey_with_the_reason_and_come_back(panel: LeverPanel):
    panel.look_for_idle()
    control = panel.controls["tpi_is_im_injection"]
    assert "nbw-idle" in control.box._dom_classes
    assert "Reaches no case here: it counts only while “Stance on axial spine pain” is" in plain(control.head.value)
    assert "nbw-idle" not in panel.controls["conservative_weeks"].box._dom_classes
    panel.set("axial_spine_stance", "no_position")
    panel.look_for_idle()
    assert "nbw-idle" not in control.box._dom_classes
    assert "nbw-idle" in panel.controls["confirmed_facet_other_code"].box._dom_classes


def test_with_an_event_loop_the_look_comes_by_itself_after_a_rest(panel: LeverPanel):
    async def rest() -> None:
        slider(panel, "conservative_weeks").value = 8
        for _ in range(200):
            await asyncio.sleep(0.05)
            if all(panel.tweaks.known_idle(name) is not None for name in panel.controls):
                return

    asyncio.run(rest())
    assert panel.tweaks.known_idle("tpi_is_im_injection")
    assert "nbw-idle" in panel.controls["tpi_is_im_injection"].box._dom_classes


# Faults --------------------------------------------------------------------------------------------------------------


def test_a_fault_in_a_callback_is_shown_and_the_numbers_are_greyed(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise ZeroDivisionError(SCRIPT)

    monkeypatch.setattr(panel.tweaks, "answer", broken)
    slider(panel, "conservative_weeks").value = 8
    assert 'role="alert"' in panel.alert.value
    assert f"ZeroDivisionError: {SCRIPT}" in plain(panel.alert.value)
    assert SCRIPT not in panel.alert.value
    for part in (panel.headline, panel.table):
        assert part.value.startswith('<div class="nbw mathjax_ignore live stale" aria-disabled="true">')
    monkeypatch.undo()
    slider(panel, "conservative_weeks").value = 9
    assert panel.alert.value == ""
    assert "stale" not in panel.headline.value
    assert finding(panel).startswith("Approvals fall")


def test_every_button_and_hand_runs_in_the_wrapper(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch):
    """Whatever breaks, the alert is there: nothing is swallowed."""

    def broken(*_: object, **__: object) -> None:
        raise OSError("no")

    slider(panel, "conservative_weeks").value = 8
    for name in ("move", "revert", "undo", "redo", "reset", "keep"):
        monkeypatch.setattr(panel.tweaks, name, broken)
    panel._build()
    panel.name.value = "To be saved"
    acts = [
        lambda: setattr(slider(panel, "relief_pct"), "value", 90),
        lambda: panel.controls["conservative_weeks"].reset.click(),
        lambda: panel.changes.children[0].children[1].click(),
        *(button.click for button in (panel.undo_button, panel.redo_button, panel.reset_button, panel.save_button)),
    ]
    monkeypatch.setattr(panel.tweaks, "study", broken)
    monkeypatch.setattr("notebooks.tweaking.closer_forms.look_for", broken)
    acts += [button.click for button in panel.closer.buttons.values()]
    panel._refresh()
    for act in acts:
        panel.alert.value = ""
        act()
        assert "OSError: no" in panel.alert.value


def test_looking_closer_says_what_the_reports_say(panel: LeverPanel, nerve_blocks: Policy, cases: Caseload):
    panel.set("conservative_weeks", 12)
    panel.set("relief_pct", 60)
    study = Study("now", nerve_blocks.settings(), panel.tweaks.settings, cases)
    shares = attribute(study).shares()
    assert sum(shares.values()) == study.impact.outcomes().set_index("outcome")["change"]["met"]
    said = {}
    for question, button in panel.closer.buttons.items():
        button.click()
        said[question] = plain(panel.closer.answer.value)
        images = [attributes for tag, attributes in Elements(panel.closer.answer.value).found if tag == "img"]
        assert images or question == WHO_MOVES, question
        assert all(len(image["alt"] or "") > 50 for image in images), question
    assert panel.alert.value == ""
    for name in shares:
        assert nerve_blocks.levers[name].label in said["Whose change is it"]
    anatomy = dissect(study.scenario, cases)
    assert f"{anatomy.outcomes()['not_met']:,}" in said["Why refused"]
    panel.set("relief_pct", 65)
    assert "before the last move" in plain(panel.closer.answer.value)
    assert "stale" in panel.closer.answer.value
    assert panel.closer.answer.value.count("before the last move") == 1
    panel.set("relief_pct", 70)
    assert panel.closer.answer.value.count("before the last move") == 1


def test_two_threads_never_mix_state_and_view(panel: LeverPanel):
    """JupyterLab may run callbacks beside a running cell."""
    levers = ("conservative_weeks", "pain_duration_months")

    def drag(lever: str) -> None:
        for i in range(30):
            slider(panel, lever).value = i % 12 + 1

    threads = [threading.Thread(target=drag, args=(lever,)) for lever in levers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert panel.alert.value == ""
    assert all(panel.tweaks.settings[n] == slider(panel, n).value for n in levers)
    assert panel.readback().splitlines()[2 if len(changes(panel)) > 1 else 1] == finding(panel)
