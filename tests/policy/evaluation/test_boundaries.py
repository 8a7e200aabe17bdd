"""Both sides of every threshold, to the day and the hundredth."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from tests.policy import oracle
from tests.policy.evaluation.settings_tried import CODE, CONFIRMED, determined, nerve_blocks, settings
from tests.policy.near_misses import CENT, Draws, satisfied

PERCENTAGES = [
    Decimal(0),
    *sorted(v for p in range(1, 101) for v in (p - CENT, Decimal(p), p + CENT) if 1 <= v <= 100),
]


def test_every_percentage_at_every_relief_threshold() -> None:
    """80 passes 80 and 79.99 does not, at each whole per cent and a hundredth beside it: one block, mean and second."""
    one = [{**CONFIRMED, "block_1_relief_pct": p, "block_2_relief_pct": None} for p in PERCENTAGES]
    for case in one:
        case |= {"diagnostic_blocks_done": 1, "blocks_comparative": None}
    both = [{**CONFIRMED, "block_1_relief_pct": p, "block_2_relief_pct": p} for p in PERCENTAGES]
    apart = [{**CONFIRMED, "block_1_relief_pct": p - 30, "block_2_relief_pct": p + 30} for p in range(31, 71)]
    for threshold in nerve_blocks().levers["relief_pct"].values():
        assert isinstance(threshold, int)
        single = determined(one, settings(relief_pct=threshold, diagnostic_blocks_required=1)).outcome
        assert (single == CODE["met"]).tolist() == [p >= threshold for p in PERCENTAGES]
        for rule in ("each_block", "mean", "second_only"):
            found = determined(both, settings(relief_pct=threshold, relief_rule=rule)).outcome
            assert (found == CODE["met"]).tolist() == [p >= threshold for p in PERCENTAGES], rule
        found = determined(apart, settings(relief_pct=threshold, relief_rule="mean")).outcome
        assert (found == CODE["met"]).tolist() == [p >= threshold for p in range(31, 71)]


def test_every_percentage_at_every_repeat_threshold() -> None:
    base = satisfied("M79.7", "20553", dict(settings()), Draws(1)) | {"sessions_last_12m": 1}
    cases = [{**base, "prior_relief_pct": p} for p in PERCENTAGES]
    for threshold in nerve_blocks().levers["repeat_min_relief_pct"].values():
        levers = settings(repeat_min_relief_pct=threshold, fm_tpi_with_trigger_points="met_if_prereqs")
        met = (determined(cases, levers).outcome == CODE["met"]).tolist()
        assert met == [threshold is None or p >= int(threshold) for p in PERCENTAGES], threshold


@pytest.mark.parametrize("operator", ["exceeds", "at_least"])
def test_every_day_at_every_pain_duration(operator: str) -> None:
    """Whole days against months of 30.4375 days, and dates against calendar months."""
    base = {**CONFIRMED, "cpt": "20553", "trigger_points_on_exam": True}
    start = datetime.date(2023, 11, 30)
    days = range(0, 400)
    by_days = [{**base, "pain_duration_days": d} for d in days]
    by_dates = [
        {**base, "pain_duration_days": None, "onset_date": start, "request_date": start + datetime.timedelta(days=d)}
        for d in days
    ]
    for months in nerve_blocks().levers["pain_duration_months"].values():
        assert isinstance(months, int)
        levers = settings(pain_duration_months=months, pain_duration_operator=operator)
        limit = int(Decimal("30.4375") * months)
        met = (determined(by_days, levers).outcome == CODE["met"]).tolist()
        assert met == [d > limit if operator == "exceeds" else d >= limit for d in days], months
        limit = (oracle.months_later(start, months) - start).days
        met = (determined(by_dates, levers).outcome == CODE["met"]).tolist()
        assert met == [d > limit if operator == "exceeds" else d >= limit for d in days], months
