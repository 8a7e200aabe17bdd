"""A scenario file is checked against its policy in one pass; an edit gives the policy that one would write by hand."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import policy
from policy.bits.rows import Rows
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, NOT_MET
from policy.evaluation.reading import CODE
from policy.model import Policy
from policy.problems import ProblemsFound
from policy.reading.loading import DOCUMENTS
from policy.reading.scenario import Edit, edited, load_scenario
from simulations import population

SHIPPED = DOCUMENTS / "nerve_blocks" / "2026.2.yaml"
HEAD = "schema: scenario/1\nid: trial\nlabel: Trial\npolicy: nerve_blocks\nbecause: a test\n"


def nerve_blocks() -> Policy:
    return policy.load("nerve_blocks")


@cache
def frame():
    return population.generate(population.load("seed_low_prevalence"), 4000, 3)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("set:\n  conservative_weeks: 8\n", "provisions"), ("levers: {}\n", "provisions"), ("title: x\n", "label"),
     ("description: x\n", "because"), ("provisions:\n  conservative_weeks: {value: 8}\n", "to")],
)  # fmt: skip
def test_what_other_documents_call_a_key_is_understood_and_told(tmp_path: Path, written: str, meant: str):
    assert any(f"did you mean {meant}?" in line for line in refused(tmp_path, written))


def outcomes(document: Policy) -> np.ndarray:
    cases = policy.Cases.from_frame(frame(), document)
    return policy.determine(document, cases, document.settings()).outcome


def refused(folder: Path, text: str) -> list[str]:
    path = folder / "s.yaml"
    path.write_text(HEAD + text, "utf-8")
    with pytest.raises(ProblemsFound) as found:
        load_scenario(path, nerve_blocks())
    return [line.removeprefix(f"{path}:") for line in str(found.value).splitlines()]


def accepted(folder: Path, text: str) -> policy.Scenario:
    path = folder / "s.yaml"
    path.write_text(HEAD + text, "utf-8")
    return load_scenario(path, nerve_blocks())


def test_a_plain_value_and_a_provision_with_its_reason_say_the_same(tmp_path: Path):
    plain = accepted(tmp_path, "provisions:\n  conservative_weeks: 8\n  max_sessions_12m: 'off'\n")
    text = "provisions:\n  conservative_weeks: {to: 8, from: 6, because: longer, citation: R21}\n"
    full = accepted(tmp_path, text + "  max_sessions_12m: {to: 'off'}\n")
    assert plain.provisions == full.provisions == {"conservative_weeks": "8", "max_sessions_12m": "off"}
    assert full.provisions_["conservative_weeks"].citation == "R21"


def test_a_scenario_may_move_nothing(tmp_path: Path):
    assert accepted(tmp_path, "").provisions == {}


def test_a_copy_with_other_content_has_a_fingerprint_of_its_own():
    document = nerve_blocks()
    before, levers = document.fingerprint, {k: v for k, v in document.levers.items() if k != "relief_pct"}
    assert "relief_pct" in document.defaults
    assert document.model_copy() == document
    copy = document.model_copy(update={"levers": levers})
    assert copy != document
    assert copy.fingerprint != before == document.fingerprint
    assert "relief_pct" not in copy.defaults


def test_the_baseline_is_pinned_by_fingerprint(tmp_path: Path):
    fingerprint = nerve_blocks().fingerprint
    for pin in (fingerprint, fingerprint[:12]):
        assert accepted(tmp_path, f"baseline: {pin}\n").baseline == pin
    (line,) = refused(tmp_path, f"baseline: {'0' * 12}\n")
    said = (
        f"6: baseline: the baseline is pinned to {'0' * 12}, but nerve_blocks@2026.2 has fingerprint {fingerprint[:12]}"
    )
    ships = ", ".join(policy.shipped())
    assert line == f"{said}; no version that ships has it ({ships}) [baseline, column 1]"


def test_all_problems_come_in_one_pass_in_the_order_of_the_lines(tmp_path: Path):
    lines = [
        f"baseline: {'a' * 64}",
        "provisions:",
        "  conservative_weeks: {to: 8, from: 4}",
        "  relief_pct: {to: 82, from: 80}",
        "  relief_rul: {to: mean}",
        "  pain_duration_months: {to: 4, from: 99}",
        "criteria:",
        "  - {add: triger_points, to: spine_epidural, because: x}",
        "  - {remove: trigger_points, from: [spine_epidural, spine_epi], because: x}",
        "  - {add: imaging_clear, to: spine_facet_ablation, because: x}",
        "  - {add: imaging_clear, to: fibromyalgia_nerve_block, because: x}",
        "  - {remove: migraine_preventives, from: migraine_occipital_block, because: x}",
        "  - {remove: trial_or_radiculopathy, from: spine_epidural, because: x}",
        "  - {remove: radicular_pain, from: spine_epidural, because: x}",
    ]
    found = refused(tmp_path, "\n".join(lines))
    assert [int(line.partition(":")[0]) for line in found] == [6, 8, 9, 10, 11, 13, 14, 14, 15, 16, 19]
    for line, said in zip(
        found,
        [
            "the baseline is pinned to aaaaaaaaaaaa",
            "moves from 4 weeks, but nerve_blocks@2026.2 has 6 weeks: the scenario is stale",
            "'82' is between two steps",
            "did you mean relief_rule?",
            "'99' is outside the domain; allowed 0 to 12 months",
            "no criterion is called 'triger_points', did you mean trigger_points?",
            "pathway spine_epidural does not require it",
            "no pathway is called 'spine_epi', did you mean spine_epidural?",
            "requires it already",
            "states an outcome and requires nothing",
            "would require nothing",
        ],
        strict=True,
    ):
        assert said in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("criteria:\n  - {add: nerve_named, because: x}\n", "needs either add and to, or remove and from"),
        ("criteria:\n  - {add: nerve_named, from: spine_epidural, because: x}\n", "needs either add and to"),
        ("criteria:\n  - {add: nerve_named, to: spine_epidural}\n", "criteria.0.because: this key is missing"),
        ("criteria:\n  - {refuse: spine_epidural, refer: spine_epidural, because: x}\n", "or refer"),
        ("criteria:\n  - {unless: [M54.2], because: x}\n", "or refuse (perhaps with unless)"),
        ("criteria:\n  - {refuse: spine_epidural, unless: [54.2], because: x}\n", "write an ICD-10-CM code"),
        ("criteria:\n  - {refuse: spine_epidura, because: x}\n", "did you mean spine_epidural?"),
        ("criteria:\n  - {refuse: spine_lumbar_level, because: x}\n", "states a mismatch, which is no refusal"),
        ("criteria:\n  - {refer: spine_peripheral_block, because: x}\n", "met under no setting"),
        ("criteria:\n  - {refuse: spine_epidural, unless: [M54.2], because: x}\n", "has M54.2 and not M53.81, M54.6"),
        ("criteria:\n  - {refuse: migraine_occipital_block, unless: [G43.709], because: x}\n", "only part of G43.7;"),
        ("expect:\n  approval_pctt: {at_least: 3}\n", "did you mean approval_pct?"),
        ("expect:\n  approval_pct: {at_least: many}\n", "is not a number such as 12 or -1.5"),
        ("expect:\n  approval_pct: {because: x}\n", "needs at_least, at_most or both"),
        ("expect:\n  approval_pct: {at_least: 3, at_most: 2.5}\n", "at_least is above at_most"),
        ("baseline: abc\n", "at least the first 12 hexadecimal digits of a fingerprint"),
        ("provisions:\n  conservative_weeks: {from: 6}\n", "provisions.conservative_weeks.to: this key is missing"),
        ("provisions:\n  conservative_weeks: {to: 8, form: 6}\n", "did you mean from?"),
    ],
)  # fmt: skip
def test_a_faulty_entry_is_refused_with_its_line(tmp_path: Path, text: str, said: str):
    (line,) = refused(tmp_path, text)
    assert said in line
    assert line.partition(":")[0].isdigit()


def test_requests_that_a_scenario_cannot_be_for_are_named(tmp_path: Path):
    text = "applies_to:\n  facet_ablatio: [neck_pain]\n  epidural: [neck_pain, nek_pain]\n"
    procedure, diagnosis = refused(tmp_path, text)
    assert procedure.startswith("7: applies_to.facet_ablatio: no procedure is called 'facet_ablatio'; one of ")
    assert procedure.endswith(", did you mean facet_ablation? [applies-to, column 3]")
    assert diagnosis.startswith("8: applies_to.epidural.1: no diagnosis is called 'nek_pain'; one of ")
    assert diagnosis.endswith(", did you mean neck_pain? [applies-to, column 25]")


def test_an_edit_in_words():
    there = Edit(add="fm_drugs", to=("spine_epidural", "fibromyalgia_trigger_point"), because="x")
    back = Edit.model_validate({"remove": "fm_drugs", "from": "spine_epidural", "because": "x"})
    refused = Edit(refuse=("spine_epidural",), unless=("M54.12", "M54.13"), because="x")
    assert str(refused) == "refuse spine_epidural unless the code is one of 2"
    assert str(Edit(refer=("spine_epidural",), because="x")) == "refer what would be met in spine_epidural"
    assert str(there) == "add fm_drugs to spine_epidural, fibromyalgia_trigger_point"
    assert str(back) == "remove fm_drugs from spine_epidural"


# Criteria ------------------------------------------------------------------------------------------------------------


def test_no_edit_is_the_same_policy():
    assert edited(nerve_blocks(), []) is nerve_blocks()


def test_an_added_criterion_decides_with_the_others():
    """Kleene's least: one more criterion leaves refusals, refuses where it fails, holds open where it is missing."""
    edit = Edit(add="nerve_named", to=("spine_facet_ablation",), because="x")
    new = edited(nerve_blocks(), [edit])
    assert new.fingerprint != nerve_blocks().fingerprint
    assert len(nerve_blocks().examples) > len(new.examples) == 0  # they speak of the other policy
    before, after = outcomes(nerve_blocks()), outcomes(new)
    cases = policy.Cases.from_frame(frame(), nerve_blocks())
    at = policy.determine(nerve_blocks(), cases, nerve_blocks().settings()).pathway
    mine = at == list(nerve_blocks().pathways).index("spine_facet_ablation")
    assert (before[~mine] == after[~mine]).all()
    truth = Evaluation(nerve_blocks().settings(), Rows.of(cases)).codes("nerve_named")
    expected = np.where(truth == MET, before, np.where((truth == NOT_MET) | (before == CODE["not_met"]), 1, 2))
    assert (after[mine] == expected[mine]).all()
    assert (before[mine] != after[mine]).any()


GATE = ["pain_duration", "conservative_care", "conservative_modalities", "function_limited", "radiculopathy_stated"]


def listed(*criteria: str) -> str:
    return "".join(f"            - {name}\n" for name in criteria)


@pytest.mark.parametrize(
    ("criterion", "pathway", "old", "new"),
    [
        ("trigger_points", "spine_trigger_point", listed("spine_gate", "trigger_points"), listed("spine_gate")),
        (
            "imaging_clear",
            "spine_trigger_point",
            listed("spine_gate", "trigger_points"),
            listed(*GATE, "trigger_points"),
        ),
    ],
)
def test_a_removal_is_what_one_would_write_into_the_file(
    tmp_path: Path, criterion: str, pathway: str, old: str, new: str
):
    edit = Edit.model_validate({"remove": criterion, "from": (pathway,), "because": "x"})
    text = SHIPPED.read_text("utf-8")
    start = text.index(f"  {pathway}:\n    title")
    assert old in text[start:]
    path = tmp_path / "by_hand.yaml"
    by_hand = text[:start] + text[start : text.index("\nexamples:")].replace(old, new, 1)
    path.write_text(by_hand + "\n", "utf-8")
    changed = edited(nerve_blocks(), [edit])
    assert (outcomes(changed) == outcomes(policy.load(path))).all()
    assert (outcomes(changed) != outcomes(nerve_blocks())).any()


def test_adding_and_removing_again_leaves_every_outcome():
    there = Edit(add="fm_drugs", to=("migraine_occipital_block", "spine_epidural"), because="x")
    back = Edit(remove="fm_drugs", **{"from": ("migraine_occipital_block", "spine_epidural")}, because="x")
    assert (outcomes(edited(nerve_blocks(), [there])) != outcomes(nerve_blocks())).any()
    assert edited(nerve_blocks(), [there, back]).pathways == nerve_blocks().pathways


def test_an_edit_leaves_each_version_the_life_that_is_its_own():
    """Equal in content, and so in fingerprint; one is retired."""
    edit = Edit(remove="imaging_clear", from_=("spine_trigger_point",), because="a test")
    ends = nerve_blocks().model_copy(update={"status": "retired", "effective": "2026-02-01", "retired": "2027-01-01"})
    assert ends == nerve_blocks()
    for one in (nerve_blocks(), ends, nerve_blocks()):
        changed = edited(one, [edit])
        assert (changed.status, changed.retired) == (one.status, one.retired)
