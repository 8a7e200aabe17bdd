"""What a draft does to cases, edit after edit, is what determining all of them twice gives."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from policy.authoring.draft import Draft
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.results import Determinations
from policy.model import OUTCOMES, Policy
from policy.problems import ProblemsFound
from simulations import DraftImpact, cases_of
from simulations.studies.draft_impact import DraftAnswer
from simulations.studies.impact import cells
from tests.policy.cases_of_generated import frame, near_misses
from tests.policy.edited import EDITS, edited
from tests.policy.generated import WIDE, generated
from tests.policy.interpreter import levers_of


def determined(table: pd.DataFrame, policy: Policy) -> Determinations:
    """All cases afresh; columns that the policy does not have are left out."""
    own = table[[name for name in table if name in policy.fields_]]
    return determine(policy, Cases.from_frame(own, policy), policy.settings())


def assert_same(answer: DraftAnswer, before: Determinations, after: Determinations, same_fields: bool) -> None:
    impact, words = answer.impact, OUTCOMES
    places = list(zip(*cells(before.policy, before.cases), before.outcome, after.outcome, strict=True))
    flows = Counter(tuple(map(int, place)) for place in places)
    assert {tuple(map(int, at)): int(impact.counts[tuple(at)]) for at in np.argwhere(impact.counts)} == flows
    if same_fields:
        assert impact.touched == before.touched(after)
    names = [*after.policy.pathways, ""]
    rows = np.flatnonzero(before.outcome != after.outcome)
    found = answer.moved_cases(7)
    assert found["case_id"].tolist() == before.cases.ids[rows[:7]].tolist()
    assert found["pathway"].tolist() == [names[p] for p in after.pathway[rows[:7]]]
    for side, one in (("baseline", before), ("scenario", after)):
        told = one.frame()
        assert found[side].tolist() == [words[c] for c in one.outcome[rows[:7]]]
        assert found[f"reasons_{side}"].tolist() == told["reasons"].astype(str).iloc[rows[:7]].tolist()
    ways = Counter(names[p] for p in after.pathway[rows])
    table = answer.by_pathway().set_index("pathway")
    assert table["moved"].to_dict() == ways
    for name, row in table.iterrows():
        here = np.array([names[p] == name for p in after.pathway])
        assert row["cases"] == here.sum()
        assert row["lost"] == (here & (before.outcome == 0) & (after.outcome != 0)).sum()
        assert row["gained"] == (here & (before.outcome != 0) & (after.outcome == 0)).sum()


@pytest.mark.parametrize("seed", [*range(6), *range(WIDE, WIDE + 6)])
def test_edit_after_edit_the_numbers_are_those_of_two_determinations(seed: int, tmp_path: Path):
    tree, policy = generated(seed)
    luck = random.Random(seed)
    table = frame(tree, near_misses(tree, levers_of(tree, {}), 250, luck))
    file = tmp_path / "cases.csv"
    table.to_csv(file, index=False)
    before = determined(table, policy)
    drafted = DraftImpact(policy.settings(), cases_of(policy, file, exact=True))
    at = tree
    for _ in range(14):
        new, draft, kinds = edited(at, luck)
        at = new if luck.random() < 0.6 else tree
        assert_same(drafted.of(draft), before, determined(table, draft), "fields" not in kinds)


def test_every_kind_of_edit_moves_cases():
    """Else the test above could not fail."""
    moved = Counter[str]()
    for seed in range(12):
        tree, policy = generated(seed)
        luck = random.Random(seed)
        table = frame(tree, near_misses(tree, levers_of(tree, {}), 60, luck))
        before = determined(table, policy)
        for name in EDITS:
            _, draft, _ = edited(tree, luck, (name,))
            moved[name] += int((determined(table, draft).outcome != before.outcome).sum())
    assert {name for name in EDITS if not moved[name]} == {"reworded", "ordered"}


def test_only_what_an_edit_can_have_changed_is_read_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from simulations.studies import draft_impact as module

    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path))
    draft = Draft.of("nerve_blocks@2026.2")
    drafted = DraftImpact(draft.published.settings(), cases_of(draft.published, size=500))
    read: list[int] = []
    evaluate = module.evaluate
    monkeypatch.setattr(module, "evaluate", lambda rows, position: read.append(position) or evaluate(rows, position))

    def anew() -> int:
        read.clear()
        drafted.of(draft.policy)
        return len(read)

    assert anew() == 0
    draft.reword("criteria", "conservative_care", "Other words")
    draft.set_evidence(next(iter(draft.policy.evidence)), status="superseded")
    assert anew() == 0
    draft.set_default("fm_drugs_failed_min", 2)
    assert 0 < anew() < 3
    draft.undo()
    assert anew() == 0
    draft.redo()
    assert anew() == 0


def test_a_column_that_the_cases_do_not_have_is_not_documented_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path))
    draft = Draft.of("nerve_blocks@2026.2")
    drafted = DraftImpact(draft.published.settings(), cases_of(draft.published, size=400))
    assert drafted.of(draft.policy).notes == ()
    own = {"label": "x", "ask": "x", "origin": "assumption", "type": "boolean"}
    draft.put("fields.smokes", own)
    draft.add_criterion(
        "no_smoke", says="x", ask="x", citation="x", origin="assumption", test={"is": {"smokes": "false"}}
    )
    name = next(name for name, way in draft.policy.pathways.items() if way.rule.require and way.rule.then)
    draft.require(name, "no_smoke")
    answer = drafted.of(draft.policy)
    assert answer.notes == ("The cases have no column smokes: it counts as not documented in all of them.",)
    assert answer.by_pathway()["pathway"].tolist() == [name]
    assert set(answer.moved_cases()["scenario"]) == {"pend"}
    draft.put("fields.smokes.absent", "false")
    answer = drafted.of(draft.policy)
    assert "counts as false" in answer.notes[0]
    assert answer.impact.moved == 0


def test_of_people_no_case_and_no_pathway_is_told(tmp_path: Path):
    tree, policy = generated(3)
    luck = random.Random(3)
    file = tmp_path / "cases.csv"
    frame(tree, near_misses(tree, levers_of(tree, {}), 200, luck)).to_csv(file, index=False)
    drafted = DraftImpact(policy.settings(), cases_of(policy, file))
    answers = [drafted.of(edited(tree, luck)[1]) for _ in range(10)]
    assert any(answer.impact.moved for answer in answers)
    for answer in answers:
        assert answer.guarded
        assert answer.moved_cases().empty
        assert answer.by_pathway().empty


def test_a_column_that_the_draft_cannot_read_is_said(tmp_path: Path):
    tree, policy = generated(1)
    luck = random.Random(1)
    file = tmp_path / "cases.csv"
    frame(tree, near_misses(tree, levers_of(tree, {}), 50, luck)).to_csv(file, index=False)
    drafted = DraftImpact(policy.settings(), cases_of(policy, file, exact=True))
    name = next(n for n, kind in policy.fields_.items() if kind.type == "boolean")
    other = policy.model_dump(by_alias=True, mode="json")
    other["fields"][name] |= {"type": "choice", "choices": ["one", "two"]}
    with pytest.raises(ProblemsFound, match=name):
        drafted.of(Policy.model_construct(**{**dict(policy), "fields_": Policy.model_validate(other).fields_}))
