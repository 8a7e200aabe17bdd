"""The state behind the panel, without a widget."""

import subprocess
import sys
from pathlib import Path

import pytest

import simulations
from notebooks.reach import mentions, pathways_of
from notebooks.tweaks import MOST, Tweaks
from policy import determine, load_scenario
from policy.model import Policy
from policy.problems import ProblemsFound
from simulations import Caseload
from simulations.scenario.loading import proposed


@pytest.fixture
def tweaks(nerve_blocks: Policy, cases: Caseload) -> Tweaks:
    return Tweaks(nerve_blocks.settings(), cases)


def test_a_move_is_what_a_determination_from_scratch_says(tweaks: Tweaks, nerve_blocks: Policy, cases: Caseload):
    """Whatever the memory holds from earlier moves."""
    (part,) = cases.slices()
    for lever, value in (
        ("conservative_weeks", 8), ("relief_pct", 50), ("axial_spine_stance", "no_position"),
        ("m5381_mapping", "reject_code_mismatch"), ("conservative_weeks", 2), ("undocumented_action", "not_met"),
        ("max_sessions_12m", 3), ("g43819_mapping", "pend_for_code"),
    ):  # fmt: skip
        tweaks.move(lever, value)
        fresh = determine(nerve_blocks, part, nerve_blocks.settings(tweaks.settings.provisions()))
        impact = tweaks.answer().impact
        assert dict(zip(fresh.counts(), impact.outcomes()["scenario"], strict=True)) == fresh.counts()
        assert impact.cases == len(part)


def test_an_answer_equals_the_report(tweaks: Tweaks):
    tweaks.move("conservative_weeks", 8)
    study = simulations.ask(provisions={"conservative_weeks": 8}, size=2_000, seed=1)
    ours = tweaks.answer().impact
    assert ours.rates() == study.impact.rates()
    assert (ours.counts == study.impact.counts).all()
    assert ours.groups().equals(study.impact.groups())


def test_undo_and_redo_walk_the_history(tweaks: Tweaks):
    tweaks.move("conservative_weeks", 8)
    tweaks.move("relief_pct", 70)
    assert tweaks.steps == (2, 0)
    assert tweaks.undo()
    assert tweaks.settings.provisions() == {"conservative_weeks": 8}
    assert tweaks.undo()
    assert not tweaks.undo()
    assert tweaks.settings.provisions() == {}
    assert tweaks.redo()
    assert tweaks.redo()
    assert not tweaks.redo()
    assert tweaks.settings.provisions() == {"conservative_weeks": 8, "relief_pct": 70}


def test_a_new_move_after_undo_forgets_what_was_undone(tweaks: Tweaks):
    tweaks.move("conservative_weeks", 8)
    tweaks.undo()
    tweaks.move("relief_pct", 70)
    assert not tweaks.redo()
    assert tweaks.settings.provisions() == {"relief_pct": 70}


def test_moves_of_one_gesture_are_one_step(tweaks: Tweaks):
    tweaks.move("conservative_weeks", 7)
    tweaks.move("conservative_weeks", 8, joined=True)
    tweaks.move("conservative_weeks", 9, joined=True)
    tweaks.move("relief_pct", 70, joined=True)  # another lever is another step
    assert tweaks.steps == (2, 0)
    tweaks.undo()
    assert tweaks.settings["conservative_weeks"] == 9
    tweaks.undo()
    assert tweaks.settings["conservative_weeks"] == 6


def test_a_gesture_that_ends_where_it_began_leaves_no_step(tweaks: Tweaks):
    tweaks.move("conservative_weeks", 7)
    tweaks.move("conservative_weeks", 6, joined=True)
    assert tweaks.steps == (0, 0)


def test_reset_is_a_step_and_revert_takes_one_lever(tweaks: Tweaks):
    tweaks.move("conservative_weeks", 8)
    tweaks.move("relief_pct", 70)
    assert tweaks.revert("relief_pct")
    assert tweaks.settings.provisions() == {"conservative_weeks": 8}
    assert tweaks.reset()
    assert not tweaks.reset()
    assert tweaks.settings.provisions() == {}
    tweaks.undo()
    assert tweaks.settings.provisions() == {"conservative_weeks": 8}


@pytest.mark.parametrize(
    ("lever", "value", "says"),
    [
        ("conservative_weeks", 80, "outside the domain; allowed 0 to 26 weeks"),
        ("relief_pct", 83, "between two steps"),
        ("conservative_weeks", None, "is not a whole number"),
        ("conservative_week", 8, "did you mean conservative_weeks"),
        ("relief_rule", "both", "choose one of each_block, mean, second_only"),
    ],
)
def test_an_illegal_move_changes_nothing(tweaks: Tweaks, lever: str, value: object, says: str):
    with pytest.raises(ProblemsFound, match=says):
        tweaks.move(lever, value)
    assert tweaks.settings.provisions() == {}
    assert tweaks.steps == (0, 0)


def test_more_cases_than_fit_are_refused_before_they_are_drawn(nerve_blocks: Policy):
    with pytest.raises(ProblemsFound, match="10,000,001 cases are too many"):
        Tweaks(nerve_blocks.settings(), simulations.cases_of(nerve_blocks, size=MOST + 1))


def test_a_start_other_than_the_baseline(nerve_blocks: Policy, cases: Caseload):
    strict = Tweaks(nerve_blocks.settings(), cases, proposed(nerve_blocks, "strict_reading"))
    assert len(strict.answer().changes) == 6
    assert strict.reset()
    assert strict.answer().nothing == "no lever is moved"


# Reach ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provisions", [{}, {"axial_spine_stance": "no_position"}, {"tn_selection": "mri_done"}])
def test_reach_is_what_trying_every_value_finds(nerve_blocks: Policy, cases: Caseload, provisions: dict[str, str]):
    tweaks = Tweaks(nerve_blocks.settings(), cases, nerve_blocks.settings(provisions))
    (part,) = cases.slices()
    here = determine(nerve_blocks, part, tweaks.settings).outcome
    for name, lever in nerve_blocks.levers.items():
        few = lever.values() if len(lever.values()) < 8 else lever.values()[:: len(lever.values()) // 4]
        tried = [
            (
                determine(nerve_blocks, part, nerve_blocks.settings({**provisions, name: v}), asking=False).outcome
                != here
            )
            for v in few
        ]
        if any(t.any() for t in tried):
            assert tweaks.idle(name) == "", name
        elif len(few) == len(lever.values()):
            assert tweaks.idle(name).startswith("reaches no case here: "), name


def test_the_small_steps_find_the_same(tweaks: Tweaks, nerve_blocks: Policy, cases: Caseload):
    settled = [name for name in tweaks.looking() if name]
    assert settled == list(nerve_blocks.levers)
    again = Tweaks(nerve_blocks.settings(), cases)
    assert all(tweaks.known_idle(n) == again.idle(n) for n in nerve_blocks.levers)
    tweaks.move("conservative_weeks", 8)
    assert tweaks.known_idle("conservative_weeks") is None


def test_why_a_lever_is_idle(tweaks: Tweaks):
    assert tweaks.idle("diagnostic_block_exempt") == (
        "reaches no case here: it counts only while “Stance on axial spine pain” is no position or never outside trial "
        "(now conditional)"
    )
    assert tweaks.idle("conservative_weeks") == ""
    tweaks.move("axial_spine_stance", "no_position")
    assert "“Stance on axial spine pain” is no position" in tweaks.idle("confirmed_facet_other_code")


def test_a_population_without_such_requests_is_the_reason(nerve_blocks: Policy, tmp_path: Path):
    table = tmp_path / "migraine.csv"
    table.write_text("case_id,dx,cpt,intent\nA,G43.819,64405,acute\nB,G43.709,64400,\n", encoding="utf-8")
    tweaks = Tweaks(nerve_blocks.settings(), simulations.cases_of(nerve_blocks, table, exact=True))
    assert tweaks.idle("rfa_stance") == (
        "reaches no case here: none asks for facet nerve ablation for spine pain"
    )  # fmt: skip


def test_of_people_no_lever_tells_whom_it_reaches(nerve_blocks: Policy, tmp_path: Path):
    """Two tables that differ in every row: all that is said of a lever is the same."""
    said = []
    for dx, cpt in (("M54.2", "20553"), ("G43.709", "64400")):
        table = tmp_path / f"{cpt}.csv"
        table.write_text("case_id,dx,cpt\n" + "".join(f"c{i},{dx},{cpt}\n" for i in range(60)), encoding="utf-8")
        tweaks = Tweaks(nerve_blocks.settings(), simulations.cases_of(nerve_blocks, table))
        list(tweaks.looking())
        told = {name: (tweaks.idle(name), tweaks.known_idle(name), tweaks.by_pathway) for name in nerve_blocks.levers}
        said.append(told)
    assert said[0] == said[1]
    assert said[0]["diagnostic_block_exempt"][0].startswith("reaches no case here: it counts only while")
    assert said[0]["conservative_weeks"][0] == ""


def test_nothing_changes_because(tweaks: Tweaks):
    assert tweaks.answer().nothing == "no lever is moved"
    tweaks.move("tpi_is_im_injection", "false")
    assert tweaks.answer().nothing.startswith("“Trigger point counts as intramuscular” reaches no case here: it counts")
    tweaks.move("conservative_weeks", 20)
    assert tweaks.answer().nothing == ""


def test_a_mention_is_where_the_document_reads_a_lever(nerve_blocks: Policy):
    found = mentions(nerve_blocks)
    assert {m.lever for m in found} | {"undocumented_action"} == set(nerve_blocks.levers)
    assert pathways_of(nerve_blocks, "tn_failed_drugs_min", found) == ("trigeminal_block",)
    assert pathways_of(nerve_blocks, "fm_drugs_failed_min", found) == ("fibromyalgia_trigger_point",)
    assert "spine_epidural" not in pathways_of(nerve_blocks, "conservative_weeks", found)


# Keeping -------------------------------------------------------------------------------------------------------------


def test_a_kept_scenario_is_a_scenario(tweaks: Tweaks, nerve_blocks: Policy, tmp_path: Path):
    for lever, value in (("conservative_weeks", 8), ("max_sessions_12m", 3), ("diagnostic_block_exempt", "false")):
        tweaks.move(lever, value)
    path = tweaks.keep("Eight weeks, “strict” Ümlaut: #1", tmp_path / "new")
    assert path.name == "eight_weeks_strict_mlaut_1.yaml"
    scenario = load_scenario(path, nerve_blocks)
    assert scenario.label == "Eight weeks, “strict” Ümlaut: #1"
    assert nerve_blocks.settings(scenario.provisions) == tweaks.settings


def test_an_off_lever_survives_keeping(nerve_blocks: Policy, cases: Caseload, tmp_path: Path):
    start = nerve_blocks.settings({"max_sessions_12m": 3, "relief_pct": 70})
    tweaks = Tweaks(nerve_blocks.settings(), cases, start)
    tweaks.move("max_sessions_12m", None)
    assert load_scenario(tweaks.keep("x", tmp_path), nerve_blocks).provisions == {"relief_pct": "70"}


def test_a_kept_scenario_is_accepted_by_the_command(tweaks: Tweaks, tmp_path: Path):
    tweaks.move("conservative_weeks", 8)
    path = tweaks.keep("eight weeks", tmp_path)
    code = "from workbook import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "validate", str(path)], capture_output=True, text=True, cwd=Path.cwd(), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "scenario eight_weeks for nerve_blocks@2026.2: no problems" in done.stdout
    study = simulations.ask(scenario=path, size=2_000, seed=1)
    assert study.impact.rates() == tweaks.answer().impact.rates()


def test_an_existing_file_stays_as_it_is(tweaks: Tweaks, tmp_path: Path):
    tweaks.move("conservative_weeks", 8)
    before = tweaks.keep("mine", tmp_path).read_bytes()
    tweaks.move("conservative_weeks", 9)
    with pytest.raises(ProblemsFound, match="is there already"):
        tweaks.keep("Mine!", tmp_path)
    assert (tmp_path / "mine.yaml").read_bytes() == before
    with pytest.raises(ProblemsFound, match="is there already"):
        tweaks.keep("strict reading", tmp_path)


@pytest.mark.parametrize("name", ["", "   ", "…", "../..", "/"])
def test_a_name_that_is_none_is_refused(tweaks: Tweaks, tmp_path: Path, name: str):
    tweaks.move("conservative_weeks", 8)
    with pytest.raises(ProblemsFound, match="no name"):
        tweaks.keep(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../escape", "/etc/x", "a\\b", "x" * 300])
def test_a_name_cannot_leave_the_folder(tweaks: Tweaks, tmp_path: Path, name: str):
    tweaks.move("conservative_weeks", 8)
    path = tweaks.keep(name, tmp_path)
    assert path.parent == tmp_path
    assert path.is_file()


@pytest.mark.parametrize("name", ["eight\u202eweeks", "con\x07trol"])
def test_a_hidden_character_in_a_name_is_refused(tweaks: Tweaks, tmp_path: Path, name: str):
    tweaks.move("conservative_weeks", 8)
    with pytest.raises(ProblemsFound, match="characters that do not print"):
        tweaks.keep(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_moved_is_nothing_to_keep(tweaks: Tweaks, tmp_path: Path):
    with pytest.raises(ProblemsFound, match="no lever is moved"):
        tweaks.keep("x", tmp_path)
