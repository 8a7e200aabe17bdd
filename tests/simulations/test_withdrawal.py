"""The cases that change when a source is withdrawn: counted from a document edited by hand, and as a user asks."""

from __future__ import annotations

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import policy
from policy.model import OUTCOMES, Policy
from policy.reading.validation import check_policy
from simulations import population
from simulations.studies.caseload import cases_of
from simulations.studies.withdrawal import WithdrawalStudy, changed_cases, withdrawal_study
from tests.simulations.typed import HEADER, MET, NOTICE, workbook

SIZE, SEED = 3000, 4
STRICT = {"axial_spine_stance": "never_outside_trial", "rfa_stance": "never_outside_trial"}


@cache
def nerve_blocks() -> Policy:
    return policy.load("nerve_blocks@2026.2")


@cache
def asked(card: str, strict: bool = False) -> WithdrawalStudy:
    cases = cases_of(nerve_blocks(), "seed_low_prevalence", SIZE, SEED)
    return withdrawal_study(nerve_blocks().settings(STRICT if strict else {}), cases, card)


def outcomes(document: Policy, levers: dict[str, str]) -> np.ndarray:
    frame = population.generate(population.load("seed_low_prevalence"), SIZE, SEED)
    return np.array(OUTCOMES)[
        policy.determine(
            document, policy.Cases.from_frame(frame, document), document.settings(levers), asking=False
        ).outcome
    ]


def by_hand(levers: dict[str, str], change: Any) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes under the document, and under one whose tree somebody changed."""
    tree = copy.deepcopy(nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True))
    tree.pop("examples")
    change(tree)
    document = Policy.model_validate(tree)
    assert not [*check_policy(document)]
    return outcomes(nerve_blocks(), levers), outcomes(document, levers)


def flow(before: np.ndarray, after: np.ndarray) -> dict[tuple[str, str], int]:
    moved = before != after
    return pd.Series([*zip(before[moved], after[moved], strict=True)], dtype=object).value_counts().to_dict()


def told(table: pd.DataFrame) -> dict[tuple[str, str], int]:
    return {(row.before, row.after): int(row.cases) for row in table.itertuples()}


def without_the_trial(node: Any) -> None:
    """Take the requirement of a trial out of every list of a tree."""
    if isinstance(node, dict):
        for key, below in node.items():
            if key == "require":
                node[key] = [e for e in below if not isinstance(e, dict) or e["criterion"] != "trial_or_radiculopathy"]
            without_the_trial(node[key])
    elif isinstance(node, list):
        for below in node:
            without_the_trial(below)


def migraine_to_a_clinician(tree: dict[str, Any]) -> None:
    """Review in the place of whatever is stated where VA/DoD alone is named."""

    def judged(node: Any) -> None:
        if isinstance(node, dict):
            if "outcome" in node:
                node.update(outcome="review", because="x")
            for below in node.values():
                judged(below)
        elif isinstance(node, list):
            for below in node:
                judged(below)

    for name in ("migraine_occipital_block", "migraine_supraorbital_block"):
        judged(tree["pathways"][name]["rule"])


@pytest.mark.parametrize("strict", [False, True])
def test_the_bmj_withdrawn_moves_what_a_document_without_its_criterion_moves(strict: bool) -> None:
    before, after = by_hand(STRICT if strict else {}, lambda tree: without_the_trial(tree["pathways"]))
    table = changed_cases(asked("bmj-2025", strict).criteria)
    assert told(table) == flow(before, after)
    assert bool(len(table)) == strict  # under the conditional reading the criterion is not in force
    assert set(table["way"]) <= {"looser"}
    assert asked("bmj-2025", strict).criteria.shown.approvals() == (
        (0, 0) if not strict else (0, told(table)["not_met", "met"])
    )


def test_va_dod_withdrawn_moves_what_its_pathways_state_and_no_refusal() -> None:
    found = asked("va-dod-2023")
    assert told(changed_cases(found.criteria)) == {}
    before, after = by_hand({}, migraine_to_a_clinician)
    table = changed_cases(found.rules)
    assert told(table) == flow(before, after)
    assert told(table).keys() == {("met", "review"), ("pend", "review")}
    assert dict(zip(table["before"], table["way"], strict=True)) == {"met": "stricter", "pend": "neither"}


def test_cases_change_either_way_where_a_policy_refuses_on_insufficient_evidence() -> None:
    levers = {"insufficient_evidence_action": "not_met"}
    cases = cases_of(nerve_blocks(), "seed_low_prevalence", SIZE, SEED)
    found = withdrawal_study(nerve_blocks().settings(levers), cases, "va-dod-2023")
    table = changed_cases(found.rules)
    assert told(table) == flow(*by_hand(levers, migraine_to_a_clinician))
    assert {"looser", "stricter"} <= set(table["way"])


def test_every_way_has_its_cases_and_no_case_stays_in_it() -> None:
    table = changed_cases(asked("bmj-2025", strict=True).rules)
    impact = asked("bmj-2025", strict=True).rules.shown
    assert table["cases"].sum() == impact.moved
    assert (table["before"] != table["after"]).all()
    assert (table["cases"] > 0).all()


# As a user asks ------------------------------------------------------------------------------------------------------


def test_the_command_names_what_is_left_and_the_cases_that_change() -> None:
    words = ("compare", "nerve_blocks", "--withdraw", "bmj-2025", "--population", "seed_low_prevalence")
    result = workbook(*words, "--set", "axial_spine_stance=never_outside_trial", "--size", SIZE, "--seed", SEED)
    assert result.exit_code == 0, result.output
    assert NOTICE in result.output
    assert (
        "criterion trial_or_radiculopathy: stood on bmj-2025 (S3, S6, S8, S9, S10); S5 names no source" in result.output
    )
    assert "lever radiculopathy_action: stood on bmj-2025; S5 names no source; stays at pend" in result.output
    first, second = result.output.split("\n1. ")[1].split("\n2. ")
    assert "remove trial_or_radiculopathy from spine_occipital_block" in first
    assert re.search(r"[0-9]+ not_met -> met \(looser\)\n      S[0-9]+ ", first)
    assert "review in the place of what spine_epidural states" in second
    assert "pend -> review (neither)" in second


def test_the_relation_is_proven_as_for_any_two() -> None:
    told = workbook("compare", "nerve_blocks", "--withdraw", "va-dod-2023", "--prove").output
    first, second = told.split("\n1. ")[1].split("\n2. ")
    assert "nothing is dropped, and no case changes" in first
    assert "  mixed\n    stricter, worst change on a smallest case: dx G43.7, cpt 64405" in second
    assert "spine_trigger_point: equal" in second


def test_a_card_that_nothing_stands_on_alone_changes_nothing() -> None:
    told = workbook("compare", "nerve_blocks", "--withdraw", "cms-facet").output
    assert "nothing: whatever names it has another source" in told
    assert "nothing is dropped, and no case changes" in told
    assert "\n2. " not in told


def test_of_people_only_rounded_shares_are_told(tmp_path: Path) -> None:
    """7 of 107 become met without the BMJ: neither the 7 nor a case of it comes out."""
    short = MET.replace(",42,", ",41,")
    rows = [MET.format(f"m{i}") for i in range(7)] + [short.format(f"c{i}") for i in range(100)]
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "".join(rows))
    words = ("compare", "nerve_blocks", "--withdraw", "bmj-2025", "--set", "axial_spine_stance=never_outside_trial")
    told = workbook(*words, "--population", path).output
    assert told.count("The cases may be people; policy simulation only") == 1
    assert "ynthetic data" not in told
    lines = [line for line in told.splitlines() if "about" in line]
    assert len(lines) == 2
    assert all(re.fullmatch(r"  met: about [0-9.]+% of all cases before, about [0-9.]+% after", line) for line in lines)
    assert not re.search(r"->|\b[mc][0-9]+ M54|\b7\b", told)
    path.write_text(HEADER + "".join(rows[:10]))
    few = workbook(*words, "--population", path).output
    assert "about" not in few
    assert "fewer than 11" in few


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nerve_blocks", "--withdraw", "bmj-2024"], 1, "did you mean bmj-2025"),
        (["nerve_blocks", "--withdraw", "bmj-2025", "--population", "nowhere"], 1, "is no population that ships"),
        (["nerve_blocks"], 2, "name B, or a card with --withdraw"),
        (["nerve_blocks", "strict_reading", "--withdraw", "bmj-2025"], 2, "--withdraw stands in place of B"),
        (["nerve_blocks", "strict_reading", "--population", "seed_low_prevalence"], 2, "--population needs --withdraw"),
        (["nerve_blocks", "strict_reading", "--size", "5000"], 2, "--size needs --population"),
        (["nerve_blocks", "--withdraw", "bmj-2025", "--seed", "2"], 2, "--seed needs --population"),
    ],
)
def test_what_cannot_be_asked_is_said(words: list[str], code: int, said: str) -> None:
    result = workbook("compare", *words)
    assert result.exit_code == code
    assert said in result.output
    assert code == 2 or len(result.output.strip().splitlines()) == 1
