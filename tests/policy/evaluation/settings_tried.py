"""Cases and settings on which the evaluation is tried."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import policy
from tests.policy.near_misses import DATES, Case, Draws, legal, near_misses, random_settings, satisfied, table, written

CODE = {word: code for code, word in enumerate(policy.OUTCOMES)}

STRICT = {
    "axial_spine_stance": "never_outside_trial",
    "rfa_stance": "never_outside_trial",
    "diagnostic_block_exempt": "false",
    "insufficient_evidence_action": "not_met",
    "fm_tpi_with_trigger_points": "not_met",
    "undocumented_action": "not_met",
}


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


def admitted(cases: Sequence[Case]) -> policy.Cases:
    """The cases through the door."""
    return policy.Cases.from_frame(table(cases), nerve_blocks())


def determined(cases: Sequence[Case], settings: policy.Settings) -> policy.Determinations:
    """The policy's answers."""
    return policy.determine(nerve_blocks(), admitted(cases), settings)


def settings(**provisions: Any) -> policy.Settings:
    return nerve_blocks().settings(provisions)


def story(case: Case, levers: policy.Settings) -> str:
    """A case and its setting, to be read in a failure."""
    facts = {column: written(value) for column, value in case.items() if value is not None}
    return f"case {facts}\nlevers {levers.provisions()}"


def split(text: object) -> frozenset[str]:
    """Ids joined by a semicolon."""
    return frozenset(part for part in str(text).split(";") if part)


def some_settings(seed: int, number: int, **fixed: Any) -> Iterator[tuple[policy.Settings, list[Case], Draws]]:
    """Random settings with near misses for each."""
    draws = Draws(seed)
    for _ in range(number):
        levers = random_settings(nerve_blocks(), draws, **fixed)
        yield levers, near_misses(dict(levers), 500, draws), draws


def exempt(column: str, case: Case, levers: Mapping[str, Any]) -> str:
    """Why documenting this fact may change a settled outcome, by the contract; empty when it may not."""
    if column in ("clinical_trial", "conservative_care_contraindicated"):
        return "absent is false"
    if column in DATES and case["pain_duration_days"] is not None:
        return "dates beat the day count"
    if column == "intent" and levers["intent_missing_action"] == "assume_preventive":
        return "a missing intent is taken as preventive"
    return ""


CONFIRMED: Case = {
    **satisfied("M54.2", "64633", dict(settings()), Draws(1)),
    **{"radiculopathy": False, "onset_date": None, "request_date": None, "pain_duration_days": 200},
    **{"sessions_last_12m": 0, "diagnostic_blocks_done": 2, "blocks_comparative": True},
}


def outcome(levers: Mapping[str, Any], **changes: Any) -> str:
    """Outcome of the confirmed neck pain case with changes."""
    return policy.OUTCOMES[determined([legal({**CONFIRMED, **changes})], settings(**levers)).outcome[0]]
