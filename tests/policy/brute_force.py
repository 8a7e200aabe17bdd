"""Which missing documents could still change the outcome of a case: everything tried, by the oracle alone.

A missing fact can change the outcome when, with some of the other missing facts told in some way (or left missing), one
of its values gives another answer than its absence. Nothing here knows how the policy asks.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.policy import oracle
from tests.policy.near_misses import BOOLEANS, Case, matters

CENT = Decimal("0.01")
DURATION = ("onset_date", "request_date", "pain_duration_days")
MOST = 20_000  # ways to tell the missing facts; a case with more is not answered


def state(case: Case, levers: Mapping[str, Any]) -> tuple[str, bool]:
    """The answer; a pend that waits for facts is another than the pend of radiculopathy."""
    finding = oracle.determine(case, levers)
    return finding.outcome, finding.closable


def told(column: str, case: Case, levers: Mapping[str, Any]) -> list[Any]:
    """Values on both sides of everything that a missing fact is held against."""
    if column in BOOLEANS:
        return [True, False]
    if column == "intent":
        return ["acute", "preventive"] if case["dx"].startswith("G43") else ["diagnostic", "therapeutic"]
    if column == "image_guidance":
        return ["ct", "none"]
    if column == "site_of_service":
        return ["office", "ed"]
    if column.startswith("block_"):
        at = Decimal(levers["relief_pct"])
        return (
            [Decimal(0), 2 * at - 100, at - CENT, at, Decimal(100)] if levers["relief_rule"] == "mean" else [at - 1, at]
        )
    if column == "prior_relief_pct":
        return [Decimal(0), Decimal(100)]
    if column in ("onset_date", "request_date"):
        known = case["request_date"] or case["onset_date"] or datetime.date(2024, 5, 15)
        sign = -1 if column == "onset_date" else 1
        return [known, known + sign * datetime.timedelta(days=3000)]
    if column == "diagnostic_blocks_done":
        return [0, 1, 2]
    if column == "sessions_last_12m":
        most = levers["max_sessions_12m"]
        return sorted({0, 1, *((most - 1, most) if most else ())})
    if column == "headache_days_per_month":
        least = levers["headache_days_month_min"] or 0
        return sorted({0, 14, 15, 31, max(least - 1, 0), least})
    return [0, 3000 if column.endswith("days") else 20]


def missing(case: Case, levers: Mapping[str, Any]) -> list[str]:
    """The facts still to be told, each by one column. What the contract reads when it is absent is not missing."""
    migraine = case["dx"].startswith("G43")
    answered = {"clinical_trial", "conservative_care_contraindicated", *DURATION}
    if migraine and levers["intent_missing_action"] == "assume_preventive":
        answered.add("intent")
    if case["cpt"] in oracle.FACET:  # the second relief would only tell how many blocks were done: that has its column
        answered.add("block_2_relief_pct")
    words = ("acute", "preventive") if migraine else ("diagnostic", "therapeutic")
    found = [
        column
        for column in dict.fromkeys(matters(case["dx"], case["cpt"]))
        if column not in answered
        and (
            case[column] is None
            or (column == "intent" and case[column] not in words)
            or (column == "nerve_named" and not case[column])
        )
    ]
    dated = case["onset_date"] is not None and case["request_date"] is not None
    if not dated and case["pain_duration_days"] is None:
        by_date = "onset_date" if case["request_date"] else "request_date" if case["onset_date"] else ""
        found.append(by_date or "pain_duration_days")
    return found


def possible(case: Case) -> bool:
    """Whether the blocks done and their reliefs go together (contract 3)."""
    done, first, second = (case[c] for c in ("diagnostic_blocks_done", "block_1_relief_pct", "block_2_relief_pct"))
    return done is None or ((done >= 2 or second is None) and (done >= 1 or first is None))


def answers(case: Case, levers: Mapping[str, Any]) -> tuple[list[str], dict[tuple[int, ...], tuple[str, bool]]] | None:
    """The missing columns, and the answer for every way of telling them (0 = left as it is); None: too many ways."""
    columns = missing(case, levers)
    choices = [[case[column], *told(column, case, levers)] for column in columns]
    if len(list(itertools.islice(itertools.product(*choices), MOST + 1))) > MOST:
        return None
    found = {}
    for way in itertools.product(*(range(len(choice)) for choice in choices)):
        one = {**case, **{c: choice[i] for c, choice, i in zip(columns, choices, way, strict=True)}}
        if possible(one):
            found[way] = state(one, levers)
    return columns, found


def relevant(case: Case, levers: Mapping[str, Any]) -> set[str] | None:
    """The columns that could still change the outcome; None: too many ways to try."""
    tried = answers(case, levers)
    if tried is None:
        return None
    columns, found = tried
    done = columns.index("diagnostic_blocks_done") if "diagnostic_blocks_done" in columns else None
    result = set()
    for way, answer in found.items():
        for place, column in enumerate(columns):
            without = (*way[:place], 0, *way[place + 1 :])
            implied = (
                column.startswith("block_") and done is not None and way[done] == 0
            )  # relief tells a block was done
            if way[place] and not implied and without in found and found[without] != answer:
                result.add(column)
    if case["cpt"] in oracle.FACET and case["diagnostic_blocks_done"] is None:
        result.discard("block_1_relief_pct")  # it does not arise before a block is known to be done
    return result


def smallest_sets(case: Case, levers: Mapping[str, Any]) -> dict[str, set[frozenset[str]]] | None:
    """For each answer but the present one: the sets of missing columns that can give it and no part of which can."""
    tried = answers(case, levers)
    if tried is None:
        return None
    columns, found = tried
    now = found[(0,) * len(columns)]
    sets: dict[str, set[frozenset[str]]] = {}
    for way, answer in found.items():
        if answer != now:
            sets.setdefault(answer[0], set()).add(frozenset(c for c, i in zip(columns, way, strict=True) if i))
    return {word: {s for s in group if not any(other < s for other in group)} for word, group in sets.items()}
