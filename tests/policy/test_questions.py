"""What a case still needs: asks, smallest sets of documents and of changes, against everything tried by the oracle."""

from __future__ import annotations

import functools
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import policy
from policy.authoring.letter import answer
from policy.authoring.questions import asked, documents, row_of, to_meet
from tests.policy import oracle
from tests.policy.brute_force import DURATION, relevant, smallest_sets, state
from tests.policy.near_misses import COLUMNS, Case, Draws, near_misses, random_settings, satisfied, table

# Settings in which one criterion can make another one idle, or two branches come to the same.
CORNERS: list[dict[str, Any]] = [
    {},
    {"max_sessions_12m": 1, "repeat_min_relief_pct": 50, "repeat_min_weeks": 12},
    {"gon_acute_action": "review", "insufficient_evidence_action": "review", "ahs2025_ed_pathway": "on"},
    {"gon_acute_action": "review", "insufficient_evidence_action": "review", "headache_days_month_min": 15},
    {"relief_rule": "mean", "tpi_needs_block_confirmation": "true"},
    {"confirmed_facet_other_code": "not_met"},
]


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


def waiting(seed: int, number: int) -> Iterator[tuple[Case, policy.Settings, policy.Cases]]:
    """Near misses that wait for facts, a fifth each under the default, the corners above and random settings."""
    draws, found = Draws(seed), 0
    for turn in itertools.count():
        fixed = CORNERS[turn % len(CORNERS)]
        levers = nerve_blocks().settings(fixed)
        if turn % 2:
            levers = random_settings(nerve_blocks(), draws, undocumented_action="pend", **fixed)
        open_ = [c for c in near_misses(dict(levers), 300, draws) if oracle.determine(c, dict(levers)).closable]
        for case, one in zip(open_, one_by_one(open_), strict=True):
            yield case, levers, one
            found += 1
            if found == number:
                return


def one_by_one(cases: list[Case]) -> Iterator[policy.Cases]:
    if cases:
        together = policy.Cases.from_frame(table(cases), nerve_blocks())
        yield from (together.take([row]) for row in range(len(cases)))  # type: ignore[arg-type]


def as_fact(column: str) -> str:
    return "pain_duration" if column in DURATION else column


def compare_asks(seed: int, number: int) -> tuple[int, Counter[str], list[str]]:
    """Cases compared, how often each column could change the outcome, and where `ask` differs."""
    compared, seen, wrong = 0, Counter[str](), []
    for case, levers, one in waiting(seed, number):
        wanted = relevant(case, dict(levers))
        if wanted is None:
            continue
        compared += 1
        seen.update(wanted)
        said = str(policy.determine(nerve_blocks(), one, levers).frame()["ask"].iloc[0])
        if set(said.split(";")) != wanted:
            wrong.append(f"{said} for {sorted(wanted)}\n{row_of(one, 0)}\n{levers.provisions()}")
    return compared, seen, wrong


def test_the_ask_is_exactly_what_could_still_change_the_outcome() -> None:
    compared, seen, wrong = compare_asks(21, 400)
    assert not wrong, f"{len(wrong)} of {compared}\n{wrong[0]}"
    assert compared > 380
    assert len(seen) >= 20, seen


def compare_documents(seed: int, number: int) -> tuple[int, Counter[int], list[str]]:
    """Cases compared, how many documents the smallest sets hold, and where they differ from everything tried."""
    compared, sizes, wrong = 0, Counter[int](), []
    for case, levers, one in waiting(seed, number):
        wanted = smallest_sets(case, dict(levers))
        if wanted is None:
            continue
        compared += 1
        found: dict[str, set[frozenset[str]]] = {}
        for way in documents(one, 0, levers):
            found.setdefault(way.outcome, set()).add(frozenset(way.changes))
        facts = {word: {frozenset(map(as_fact, s)) for s in group} for word, group in wanted.items()}
        sizes.update(len(s) for group in facts.values() for s in group)
        if found != facts:
            wrong.append(f"{found}\n{facts}\n{row_of(one, 0)}\n{levers.provisions()}")
    return compared, sizes, wrong


@pytest.mark.slow
def test_the_smallest_sets_of_documents_are_those_of_brute_force() -> None:
    compared, sizes, wrong = compare_documents(22, 70)
    assert not wrong, f"{len(wrong)} of {compared}\n{wrong[0]}"
    assert compared > 60
    assert sizes[1] > 40
    assert sizes[2] > 8
    assert max(sizes) >= 3, sizes


@pytest.mark.slow
def test_minimal_documents_in_a_long_run() -> None:
    """5,000 near misses for the ask, 5,000 for the smallest sets."""
    for compare in (compare_asks, compare_documents):
        compared, _, wrong = compare(23, 5_200)
        assert not wrong, f"{len(wrong)} of {compared}\n{wrong[0]}"
        assert compared >= 5_000


def test_an_empty_case_is_answered_too() -> None:
    """Nothing documented: each fact alone can refuse it, and what meets it is asked for together."""
    case = {**dict.fromkeys(COLUMNS), "dx": "M54.2", "cpt": "64405"}
    one = policy.Cases.from_frame(table([case]), nerve_blocks())
    ways = documents(one, 0, nerve_blocks().settings())
    met = [set(way.changes) for way in ways if way.outcome == "met"]
    assert len(met) == 3, met  # any one of three kinds of care
    shared = {"pain_duration", "conservative_care_days", "conservative_care_failed", "function_limited"}
    shared |= {"imaging_other_cause", "radiculopathy", "block_1_relief_pct", "block_2_relief_pct", "blocks_comparative"}
    assert all(shared < way for way in met)
    alone = {fact for way in ways if way.outcome == "not_met" and len(way.changes) == 1 for fact in way.changes}
    assert alone == (shared | {"diagnostic_blocks_done"}) - {"radiculopathy"}
    modalities = {"tried_physical_therapy", "tried_nsaid", "tried_exercise"}
    assert [set(w.changes) for w in ways if w.outcome == "not_met" and len(w.changes) > 1] == [modalities]
    frame = policy.determine(nerve_blocks(), one, nerve_blocks().settings()).frame()
    assert {as_fact(column) for column in frame["ask"].iloc[0].split(";")} == asked(ways)


def test_the_smallest_changes_meet_the_case_and_no_part_of_them_does() -> None:
    """By determining again with the values that are named, all of them and all but one."""
    draws, sizes = Draws(24), Counter[int]()
    for turn in range(8):
        levers = random_settings(nerve_blocks(), draws) if turn % 2 else nerve_blocks().settings()
        near = near_misses(dict(levers), 60, draws)
        cases = [case for case in near if oracle.determine(case, dict(levers)).outcome != "met"][:6]
        for one in one_by_one(cases):
            ways = to_meet(one, 0, levers)
            assert len({len(way.changes) for way in ways}) <= 1
            for way in ways:
                sizes[len(way.changes)] += 1
                changed = determined(one, way.changes, levers)
                assert changed == "met", (row_of(one, 0), way, levers.provisions())
                for fact in way.changes:
                    rest = {name: value for name, value in way.changes.items() if name != fact}
                    assert determined(one, rest, levers) != "met", (row_of(one, 0), way, fact)
    assert sizes[1] >= 4, sizes
    assert sum(sizes.values()) >= 12, sizes


def determined(one: policy.Cases, changes: dict[str, str], levers: policy.Settings) -> str:
    """The outcome with some facts changed; a duration is told in days."""
    row = row_of(one, 0)
    for fact, value in changes.items():
        if fact == "pain_duration":
            row = {k: v for k, v in row.items() if k not in DURATION} | {"pain_duration_days": value}
        else:
            row[fact] = value
    cases = policy.Cases.from_frame(pd.DataFrame([{"case_id": "a", **row}], dtype="str"), nerve_blocks())
    return str(policy.determine(nerve_blocks(), cases, levers).frame()["outcome"].iloc[0])


def test_one_change_that_is_enough_is_found() -> None:
    """41 days of care: a day more, or a documented contraindication; nothing else alone."""
    case = satisfied("M54.2", "20553", dict(nerve_blocks().settings()), Draws(1))
    case |= {"radiculopathy": False, "conservative_care_days": 41, "sessions_last_12m": None}
    one = policy.Cases.from_frame(table([case]), nerve_blocks())
    ways = to_meet(one, 0, nerve_blocks().settings())
    assert {tuple(way.changes.items()) for way in ways} == {
        (("conservative_care_days", "42"),),
        (("conservative_care_contraindicated", "true"),),
    }


def test_what_no_document_can_change_asks_for_none() -> None:
    """A constant outcome, a mismatch, a code outside, a case that is met, and a radiculopathy that waits."""
    levers = nerve_blocks().settings()
    settled = [c for c in near_misses(dict(levers), 400, Draws(25)) if not oracle.determine(c, dict(levers)).closable]
    assert len({state(c, dict(levers)) for c in settled}) == 6
    for one in itertools.islice(one_by_one(settled), 60):
        assert documents(one, 0, levers) == ()


# ------------------------------------------------------------------------------------------------ what a person reads


def told(**changes: Any) -> Any:
    case = satisfied("M54.2", "20553", dict(nerve_blocks().settings()), Draws(1))
    case |= {"radiculopathy": False, "sessions_last_12m": None, **changes}
    one = policy.Cases.from_frame(table([case]), nerve_blocks())
    return answer(nerve_blocks(), one, 0, nerve_blocks().settings())


def test_the_only_cause_is_named_and_two_are_not() -> None:
    assert told(conservative_care_days=28).cause == "conservative_care"
    assert told(function_limited=None).cause == "function_limited"
    assert told(conservative_care_days=28, function_limited=False).cause is None
    assert told(conservative_care_days=28, function_limited=None).cause == "conservative_care"
    assert told().cause is None


def test_a_letter_says_what_is_short_in_plain_words() -> None:
    """The criterion, what is on file, how much is missing, its source; no column name, no denial by a program."""
    letter = told(conservative_care_days=28, function_limited=False).letter
    for wanted in (
        "Synthetic data, policy simulation only, not for individual determinations.",
        "does not meet", "At least 6 weeks".lower(), "28 days", "14 days short (2 weeks)", "S13",
        "pain limits daily activities", "Daily activities are limited: no", "clinician", "edit",
    ):  # fmt: skip
        assert wanted in letter, letter
    columns = [name for name in nerve_blocks().fields_ if "_" in name]
    assert [name for name in columns if name in letter] == []
    assert "denied" not in letter
    assert "true" not in letter
    assert "Imaging" not in letter, "what is met is no reason"


def test_a_letter_that_waits_asks_for_exactly_what_matters() -> None:
    letter = told(function_limited=None, trigger_points_on_exam=None).letter
    lines = [line for line in letter.splitlines() if line.startswith("- ")]
    fields = nerve_blocks().fields_
    assert lines == [f"- {fields['function_limited'].ask}", f"- {fields['trigger_points_on_exam'].ask}"]


def test_the_data_hold_what_the_text_says() -> None:
    """Plain values that go to JSON and back; every criterion with its truth in words, details and citation."""
    found = told(conservative_care_days=28)
    data = json.loads(json.dumps(found.data()))
    assert data["outcome"] == "not_met"
    reasons = {reason["criterion"]: reason for reason in data["reasons"]}
    assert reasons["conservative_care"]["truth"] == "not met"
    assert any("14 days short (2 weeks)" in line for line in reasons["conservative_care"]["details"])
    assert {"outcome": "met", "changes": {"conservative_care_days": "42"}} in data["to_meet"]
    assert data["letter"] == found.letter
    text = found.text(nerve_blocks())
    assert "Days of conservative care: 42 days" in text
    assert all(line.strip() in text for line in found.letter.splitlines())
