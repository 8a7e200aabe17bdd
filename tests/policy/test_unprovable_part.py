"""A rule on the days that a duration is computed from: what cannot be proven is said, and the rest is proven."""

from itertools import product
from pathlib import Path

import pytest

from notebooks.drafting.effect import proof_in_words
from policy import Draft, determine, read_cases
from policy.authoring.coverage import covering
from policy.authoring.lint import lint
from policy.authoring.proof import prove
from policy.authoring.vignettes import batches, example_vignettes
from policy.model import OUTCOMES
from policy.reading.workspace import VARIABLE

APART = "pathways.neuralgia_occipital_block.rule.first_of.1.branches.diagnostic.require"  # reads no duration of pain
TOGETHER = "pathways.myofascial_trigger_point.rule.require"  # reads one
WHY = "the proof does not cover rules on what a duration is made of"


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draft:
    """With a criterion on the days of pain, which no rule asks for yet."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    made = Draft.of("occipital_myofascial@2026.1")
    test = {"at_least": {"pain_duration_days": "30"}}
    made.add_criterion(
        "thirty", says="Thirty days of pain", ask="days", citation="ours", origin="assumption", test=test
    )
    return made


def test_where_a_pathway_reads_the_days_alone_everything_is_proven(draft: Draft):
    draft.require(APART, "thirty")
    assert proof_in_words(draft).startswith("Proven: stricter.")
    assert [one for one in lint(draft.policy.settings()) if one.kind == "not checked"] == []


def test_where_it_reads_both_the_other_pathways_are_proven_all_the_same(draft: Draft):
    draft.require(APART, "thirty")
    draft.require(TOGETHER, "thirty")
    said = proof_in_words(draft)
    assert said.startswith("Not proven in “Trigger point injection for myofascial pain”: ")
    assert WHY in said
    assert "In all other pathways: Proven: stricter." in said
    found = [one for one in lint(draft.policy.settings()) if one.kind == "not checked"]
    assert found
    assert all(WHY in one.witness for one in found)
    assert any("pathways.myofascial_trigger_point" in one.says for one in found)
    asked = batches(example_vignettes(draft.policy), draft.policy, {"default": {}})
    *_, covered = covering(draft.policy, asked, {"default": {}})
    assert [*covered.unseen] == ["myofascial_trigger_point"]
    assert {way for _, way, _, _ in covered.uncovered} - {"myofascial_trigger_point"}


def test_a_proof_about_the_days_alone_is_what_every_case_shows(draft: Draft, tmp_path: Path):
    """Against requests written out: no case of the pathway comes out better, and some of them worse."""
    before = draft.policy
    draft.require(APART, "thirty")
    after = draft.policy
    head = "case_id,dx,cpt,intent,diagnostic_blocks_done,onset_date,request_date"
    same = "M54.81,64405,diagnostic,0,2025-12-01,2026-02-01"
    rows = product(("", "29", "30"), ("false", "true", ""), ("0", "6", ""))
    lines = [f"c{i},{same},{','.join(row)}" for i, row in enumerate(rows)]
    table = tmp_path / "cases.csv"
    named = "pain_duration_days,imaging_other_cause,sessions_last_12m"
    table.write_text("\n".join([f"{head},{named}", *lines]) + "\n", "utf-8")
    cases = [read_cases(table, policy) for policy in (before, after)]
    outcomes = [determine(p, c, p.settings()).outcome for p, c in zip((before, after), cases, strict=True)]
    moved = {(OUTCOMES[a], OUTCOMES[b]) for a, b in zip(*outcomes, strict=True) if a != b}
    assert moved == {("met", "not_met"), ("met", "pend"), ("pend", "not_met")}
    overall = prove(before.settings(), after.settings(), ["neuralgia_occipital_block"]).overall
    assert (overall.word, overall.stricter and (overall.stricter.before, overall.stricter.after)) == (
        "never looser",
        ("met", "not_met"),
    )
