"""What an explanation says of values, thresholds and distances, and its sentences."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest

import policy
from tests.policy.evaluation.explaining import WORDS, neck, nerve_blocks, shown, stories, tell
from tests.policy.near_misses import Case, Draws, satisfied, table


def details(case: Case, criterion: str, **provisions: object) -> str:
    """The lines of one criterion, joined."""
    explanation = tell(case, nerve_blocks().settings(provisions)).explanation
    return "\n".join(next(reason for reason in explanation.reasons if reason.criterion == criterion).details)


DATED = {"onset_date": datetime.date(2024, 1, 31), "pain_duration_days": None}


@pytest.mark.parametrize(
    ("criterion", "changes", "provisions", "wanted"),
    [
        ("conservative_care", {"conservative_care_days": 35}, {}, ["35 days", "6 weeks", "7 days short"]),
        ("conservative_care", {"conservative_care_days": 41}, {}, ["41 days", "1 day short"]),
        ("conservative_care", {"conservative_care_days": 42}, {}, ["42 days", "6 weeks", "reached"]),
        (
            "conservative_care",
            {"conservative_care_days": 42},
            {"conservative_weeks": 8},
            ["8 weeks", "14 days short", "2 weeks"],
        ),
        ("conservative_care", {"conservative_care_days": None}, {}, ["days: not documented", "6 weeks"]),
        ("pain_duration", {"pain_duration_days": 90}, {}, ["90 days", "more than 3 months", "2 days short"]),
        ("pain_duration", {"pain_duration_days": 91}, {}, ["91 days", "1 day short"]),
        ("pain_duration", {"pain_duration_days": 92}, {}, ["92 days", "reached"]),
        (
            "pain_duration",
            {"pain_duration_days": 90},
            {"pain_duration_operator": "at_least"},
            ["90 days", "at least 3 months", "1 day short"],
        ),
        (
            "pain_duration",
            {**DATED, "request_date": datetime.date(2024, 4, 30)},
            {},
            ["2024-01-31", "2024-04-30", "more than 3 months", "1 day short"],
        ),
        ("pain_duration", {**DATED, "request_date": datetime.date(2024, 5, 1)}, {}, ["2024-05-01", "reached"]),
        (
            "pain_duration",
            {**DATED, "request_date": datetime.date(2024, 2, 1)},
            {"pain_duration_months": 12},
            ["12 months", "366 days short"],
        ),
        (
            "facet_confirmed",
            {"cpt": "64405", "block_1_relief_pct": Decimal("79.99"), "block_2_relief_pct": Decimal(60)},
            {},
            ["block_1_relief_pct: 79.99 %", "at least 80 %", "0.01 % short", "60 %", "20 % short"],
        ),
        (
            "facet_confirmed",
            {"cpt": "64405", "block_1_relief_pct": Decimal(100), "block_2_relief_pct": Decimal(75)},
            {"relief_pct": 95},
            ["at least 95 %", "reached", "20 % short"],
        ),
        (
            "session_limit",
            {"sessions_last_12m": 3},
            {"max_sessions_12m": 3},
            ["less than 3 sessions", "1 session too many"],
        ),
        ("session_limit", {"sessions_last_12m": 5}, {"max_sessions_12m": 3}, ["5 sessions", "3 sessions too many"]),
        (
            "repeat_duration",
            {"sessions_last_12m": 2, "prior_relief_days": 50},
            {"repeat_min_weeks": 12},
            ["50 days", "12 weeks", "34 days short"],
        ),
        (
            "repeat_relief",
            {"sessions_last_12m": 2, "prior_relief_pct": Decimal("49.5")},
            {"repeat_min_relief_pct": 50},
            ["49.5 %", "at least 50 %", "0.5 % short"],
        ),
        ("trigger_points", {"trigger_points_on_exam": False}, {}, ["trigger_points_on_exam: false", "true"]),
        ("imaging_clear", {"imaging_other_cause": True}, {}, ["imaging_other_cause: true", "not true"]),
    ],
)  # fmt: skip
def test_value_threshold_and_distance(
    criterion: str, changes: Case, provisions: dict[str, Any], wanted: list[str]
) -> None:
    """Each in the unit of the lever or of the column, worked out by hand."""
    base = {"diagnostic_blocks_done": 2, "block_1_relief_pct": Decimal(80), "block_2_relief_pct": Decimal(80)}
    text = details({**neck(**base, blocks_comparative=True), **changes}, criterion, **provisions)
    for part in wanted:
        assert re.search(rf"(?<![\d.]){re.escape(part)}(?!\w)", text), f"{part!r} is not in\n{text}"


def test_the_mean_of_two_blocks_is_shown_with_its_distance() -> None:
    """70 and 79 are 74.5 on average: half a per cent short of 75."""
    blocks = {"diagnostic_blocks_done": 2, "block_1_relief_pct": Decimal(70), "block_2_relief_pct": Decimal(79)}
    case = neck(cpt="64405", blocks_comparative=True, **blocks)
    text = details(case, "facet_confirmed", relief_rule="mean", relief_pct=75)
    assert "74.5 %" in text, text
    assert "0.5 % short" in text, text


def rewritten(criterion: str, test: dict[str, Any], **changes: object) -> str:
    """What is said of a criterion whose test is another, for a facet ablation with two blocks of 80 %."""
    tree = nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True)
    tree["criteria"][criterion]["test"] = test
    tree["examples"] = []
    document = policy.Policy.model_validate(tree)
    blocks = {"diagnostic_blocks_done": 2, "block_1_relief_pct": Decimal(80), "block_2_relief_pct": Decimal(80)}
    case = neck(cpt="64633", image_guidance="ct", **{**blocks, **changes})
    cases = policy.Cases.from_frame(table([case]), document)
    found = policy.explain(document, cases, 0, document.settings())
    reason = next(reason for reason in found.reasons if reason.criterion == criterion)
    return "; ".join(f"{WORDS[{0: False, 1: None, 2: True}[reason.truth]]}: {detail}" for detail in reason.details)


K = "facet_confirmed"
PCT, DONE, CARE = "block_1_relief_pct", "diagnostic_blocks_done", "conservative_care_days"
LASTS = "pain_duration"
MEAN = "(needed: mean of less than 80 %)"


@pytest.mark.parametrize(
    ("test", "changes", "said"),
    [
        ({"at_least": {PCT: "90"}}, {}, f"not met: {PCT}: 80 % (needed: at least 90 %; 10 % short)"),
        ({"more_than": {PCT: "80"}}, {}, f"not met: {PCT}: 80 % (needed: more than 80 %; 0.01 % short)"),
        ({"less_than": {PCT: "80"}}, {}, f"not met: {PCT}: 80 % (needed: less than 80 %; 0.01 % too much)"),
        ({"none_of": [{"more_than": {DONE: "2"}}]}, {}, f"met: {DONE}: 2 blocks (needed: at most 2 blocks; kept)"),
        (
            {"none_of": [{"more_than": {DONE: "1"}}]}, {},
            f"not met: {DONE}: 2 blocks (needed: at most 1 block; 1 block too many)",
        ),
        (
            {"none_of": [{"at_least": {PCT: "relief_pct"}}]}, {},
            f"not met: {PCT}: 80 % (needed: less than 80 %; 0.01 % too much)",
        ),
        ({"less_than": {LASTS: "0"}}, {}, f"not met: {LASTS}: 92 days (needed: less than 0 months; no value is)"),
        ({"more_than": {DONE: "2"}}, {}, f"not met: {DONE}: 2 blocks (needed: more than 2 blocks; no value is)"),
        ({"at_most": {PCT: "79"}}, {}, f"not met: {PCT}: 80 % (needed: at most 79 %; 1 % too much)"),
        ({"at_most": {PCT: "80"}}, {}, f"met: {PCT}: 80 % (needed: at most 80 %; kept)"),
        ({"none_of": [{"at_most": {DONE: "1"}}]}, {}, f"met: {DONE}: 2 blocks (needed: more than 1 block; reached)"),
        ({"none_of": [{"less_than": {DONE: "2"}}]}, {}, f"met: {DONE}: 2 blocks (needed: at least 2 blocks; reached)"),
        (
            {"none_of": [{"none_of": [{"at_least": {DONE: "2"}}]}]}, {},
            f"met: {DONE}: 2 blocks (needed: at least 2 blocks; reached)",
        ),
        (
            {"none_of": [{"at_least": {CARE: "conservative_weeks"}}]}, {CARE: 56},
            f"not met: {CARE}: 56 days (needed: less than 6 weeks; 15 days too many)",
        ),
        ({"less_than": {LASTS: "3"}}, {}, f"not met: {LASTS}: 92 days (needed: less than 3 months; 2 days too long)"),
        (
            {"none_of": [{"more_than": {LASTS: "3"}}]}, {},
            f"not met: {LASTS}: 92 days (needed: at most 3 months; 1 day too long)",
        ),
        ({"less_than": {LASTS: "12"}}, {}, f"met: {LASTS}: 92 days (needed: less than 12 months; kept)"),
        (
            {"none_of": [{"mean": {"of": [PCT, "block_2_relief_pct"], "reaches": "relief_pct"}}]}, {},
            f"not met: {PCT}: 80 % {MEAN}; not met: block_2_relief_pct: 80 % {MEAN}; not met: mean: 80 %; not below",
        ),
        (
            {"mean": {"of": [CARE], "reaches": "conservative_weeks"}}, {CARE: 35},
            f"not met: {CARE}: 35 days (needed: mean of at least 6 weeks); not met: mean: 35 days; 7 days short",
        ),
        (
            {"none_of": [{"is": {"image_guidance": ["ct", "ultrasound"]}}]}, {},
            "not met: image_guidance: ct (asked for: neither ct nor ultrasound)",
        ),
        ({"none_of": [{"on_file": PCT}]}, {}, f"not met: {PCT}: 80 % (asked for: not on file)"),
    ],
)  # fmt: skip
def test_number_unit_and_sense_of_any_comparison(test: dict[str, Any], changes: Case, said: str) -> None:
    """Plain numbers are in the unit of their field; under `none_of` what would meet the criterion is said."""
    assert rewritten(K, test, **changes) == said


def test_a_distance_is_said_in_grammar() -> None:
    """One week, one day, one session: no plural after 1."""
    for told in stories():
        assert not re.search(r"(?<![\d.])1 \w+s\b(?<!les)", told.explanation.text()), told
    assert "(1 week)" in details(neck(conservative_care_days=35), "conservative_care")


def test_nothing_is_said_of_a_lever_that_is_not_in_force() -> None:
    """The relief rule in force is the only one that is shown, and one block where one is required."""
    case = neck(cpt="64405", diagnostic_blocks_done=2, block_1_relief_pct=Decimal(85), block_2_relief_pct=Decimal(70))
    one = details(case, "facet_confirmed", diagnostic_blocks_required=1)
    assert "block_2_relief_pct" not in one
    assert "at least 1 block" in one
    assert "block_1_relief_pct: 85 %" in one.splitlines()  # that it is on file says that one block was done
    assert "block_1_relief_pct" not in details(case, "facet_confirmed", relief_rule="second_only")
    assert "conservative_care_contraindicated" not in details(
        case, "conservative_care", contraindication_counts_as_met="false"
    )


def read_levers(criterion: str) -> set[str]:
    """The levers that a criterion's test compares with."""
    references = (node.reference() for node in nerve_blocks().criteria[criterion].test.walk())
    return {name for name in references if name in nerve_blocks().levers}


def test_sentences_show_the_settings_in_force() -> None:
    """No name of a lever is left in a sentence, and each threshold that a criterion compares with stands in it."""
    thresholds = 0
    for told in stories():
        assert not re.search(r"[{}]", told.explanation.text()), told
        for reason in told.explanation.reasons:
            if reason.criterion == "facet_confirmed" and told.settings["diagnostic_blocks_required"] == 0:
                continue
            for name in read_levers(reason.criterion):
                value = shown(name, told.settings[name])
                assert re.search(rf"(?<![\d.]){re.escape(value)}(?!\w)", reason.says), (
                    f"{name} = {value}: {reason.says}"
                )
                thresholds += 1
    assert thresholds > 100


SHOWN_BY = {
    "pain_duration_months": ("pain_duration", "G50.0", "64400"),
    "conservative_weeks": ("conservative_care", "G50.0", "64400"),
    "conservative_modalities_min": ("conservative_modalities", "M54.2", "20553"),
    "relief_pct": ("facet_confirmed", "M54.2", "64405"),
    "diagnostic_blocks_required": ("facet_confirmed", "M54.2", "64405"),
    "tn_failed_drugs_min": ("tn_drugs", "G50.0", "64400"),
    "migraine_preventives_failed_min": ("migraine_preventives", "G43.709", "64400"),
    "fm_drugs_failed_min": ("fm_drugs", "M79.7", "20553"),
    "headache_days_month_min": ("headache_days", "G43.709", "64405"),
    "repeat_min_relief_pct": ("repeat_relief", "G50.0", "64400"),
    "repeat_min_weeks": ("repeat_duration", "G50.0", "64400"),
    "max_sessions_12m": ("session_limit", "G50.0", "64400"),
}


def test_every_numeric_lever_has_its_sentence() -> None:
    assert set(SHOWN_BY) == {name for name, lever in nerve_blocks().levers.items() if lever.domain}


@pytest.mark.parametrize("name", SHOWN_BY)
def test_another_setting_is_another_sentence(name: str) -> None:
    """The sentence shows the value in force, with its unit, at both ends of the lever's domain."""
    criterion, dx, cpt = SHOWN_BY[name]
    domain = nerve_blocks().levers[name].domain
    assert domain is not None
    for value in (domain.min, domain.max):
        told = tell(neck(dx=dx, cpt=cpt, intent="preventive"), nerve_blocks().settings({name: value}))
        says = next(reason.says for reason in told.explanation.reasons if reason.criterion == criterion)
        words = "No diagnostic block" if (name, value) == ("diagnostic_blocks_required", 0) else shown(name, value)
        assert re.search(rf"(?<!\d){re.escape(words)}(?!\w)", says), says


def test_no_sentence_speaks_of_what_the_setting_has_switched_off() -> None:
    """A contraindication that does not count, and two anaesthetics where one block is enough, are not offered."""
    levers = nerve_blocks().settings({"contraindication_counts_as_met": "false", "diagnostic_blocks_required": 1})
    says = {reason.criterion: reason.says for reason in tell(neck(cpt="64405"), levers).explanation.reasons}
    assert "contraindicated" not in says["conservative_care"], says["conservative_care"]
    assert "two blocks" not in says["facet_confirmed"], says["facet_confirmed"]


def test_the_words_fit_the_outcome() -> None:
    """A met case is not told that something it needs is not documented, a waiting one is told what it waits for."""
    for told in stories():
        if told.finding.outcome == "met":
            assert "not met" not in told.explanation.why, told
        if told.finding.closable:
            assert told.explanation.ask, told
        assert told.explanation.why.removeprefix("Because: ").strip(), told


def test_an_assumed_intent_is_called_assumed() -> None:
    """Intent not stated and taken as preventive: the outcome is met, so that no reason may read like a gap."""
    case = satisfied("G43.709", "64405", dict(nerve_blocks().settings()), Draws(1)) | {"intent": None}
    levers = {"intent_missing_action": "assume_preventive", "insufficient_evidence_action": "met_if_prereqs"}
    told = tell(case, nerve_blocks().settings(levers))
    assert told.finding.outcome == told.explanation.outcome == "met"
    assert "preventive" in told.explanation.why or "assum" in told.explanation.why, told.explanation.why
