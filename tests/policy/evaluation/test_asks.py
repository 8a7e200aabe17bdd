"""What is asked for, and that nothing else could change the outcome."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import policy
from tests.policy import oracle
from tests.policy.evaluation.settings_tried import CONFIRMED, determined, exempt, settings, some_settings, split, story
from tests.policy.near_misses import FACTS, Case, Draws, legal, options
from tests.policy.small import small
from tests.sampling import some

# Documenting the one states the other, so that either answers: three ways to tell a duration, two to tell the blocks.
ANSWERED_TOGETHER = (
    {"pain_duration_days", "onset_date", "request_date"},
    {"diagnostic_blocks_done", "block_2_relief_pct"},
)


def is_open(column: str, case: Case) -> bool:
    """Nothing usable is documented: missing, or one of the two values that read as missing."""
    words = ("acute", "preventive") if case["dx"].startswith("G43") else ("diagnostic", "therapeutic")
    unusable = (column == "intent" and case[column] not in words) or (column == "nerve_named" and not case[column])
    return case[column] is None or unusable


def documented(case: Case, columns: Sequence[str], levers: Mapping[str, Any], draws: Draws) -> list[Case]:
    """The case with these columns documented in every combination of a few values, at most 300 that are legal."""
    choices = [options(column, case, levers) for column in columns]
    ways = list(itertools.product(*choices))
    if len(ways) > 300:
        ways = [tuple(draws.one(choice) for choice in choices) for _ in range(300)]
    told = ({**case, **dict(zip(columns, way, strict=True))} for way in ways)
    return [case for case in told if legal(dict(case)) == case]


def faults_of_the_ask(case: Case, ask: frozenset[str], levers: Mapping[str, Any], draws: Draws) -> Iterator[str]:
    """What is wrong with the ask of a request that waits for facts, by brute force over a few values per column."""

    def state(one: Case) -> tuple[str, bool]:
        """The outcome; a pend that waits for facts is another than the pend of radiculopathy."""
        finding = oracle.determine(one, levers)
        return finding.outcome, finding.closable and finding.outcome == "pend"

    waits = ("pend", True)
    for column in ask:
        if not is_open(column, case):
            yield f"{column} is asked for and documented"
    told = documented(case, sorted(ask), levers, draws)
    states = [state(one) for one in told]
    if set(states) <= {waits}:
        yield "documenting all that is asked for settles nothing"
    for column in sorted(ask):
        if all(state({**one, column: case[column]}) == after for one, after in zip(told, states, strict=True)):
            yield f"{column} is asked for and changes nothing"
    answered = set().union(*(group for group in ANSWERED_TOGETHER if group & ask)) | ask
    for column in [c for c in FACTS if c not in answered and is_open(c, case)]:
        if exempt(column, case, {**levers, "confirmed_facet_other_code": "met_if_prereqs"}):
            continue  # absent is false, or the duration is told already: nothing is missing
        if column == "block_1_relief_pct" and "diagnostic_blocks_done" in ask:
            continue  # it does not arise before a block is known to be done
        if any(state(one) != waits for one in documented(case, [column], levers, draws)):
            yield f"{column} settles the request alone and is not asked for"


@pytest.mark.parametrize("number", some([12, 60], 1))
def test_what_is_asked_for_can_settle_the_request_and_nothing_else_can(number: int) -> None:
    """Documenting all that is asked for settles some way; each asked column makes a difference beside the others; no
    other missing column settles anything alone."""
    asked_for, examined, wrong = Counter[str](), 0, []
    for levers, cases, draws in some_settings(6, number, undocumented_action="pend"):
        values = dict(levers)
        waiting = [case for case in cases if oracle.determine(case, values).closable][:50]
        asks = determined(waiting, levers).frame()["ask"].map(split).tolist() if waiting else []
        for case, ask in zip(waiting, asks, strict=True):
            examined += 1
            asked_for.update(ask)
            about = f"ask {sorted(ask)}\n{story(case, levers)}"
            wrong += [f"{fault}\n{about}" for fault in faults_of_the_ask(case, ask, values, draws)]
    assert not wrong, f"{len(wrong)} of {examined} requests\n" + "\n".join(wrong[:3])
    assert examined > 2_000 * number / 60
    never_asked = {"clinical_trial", "conservative_care_contraindicated"}
    assert set(asked_for) <= set(FACTS) - never_asked
    assert number < 60 or set(asked_for) == set(FACTS) - never_asked, set(FACTS) ^ set(asked_for)


def test_relief_of_a_first_block_rules_out_that_none_was_done() -> None:
    """Block 1 failed: one block done is not_met, two done is review, whatever function is; only the number is asked."""
    case = {**CONFIRMED, "cpt": "64490", "intent": "diagnostic", "diagnostic_blocks_done": None}
    case |= {"block_1_relief_pct": Decimal(79), "block_2_relief_pct": None, "blocks_comparative": None}
    case |= {"function_limited": None}
    row = determined([case], settings()).frame().iloc[0]
    assert (row["outcome"], split(row["ask"])) == ("pend", {"diagnostic_blocks_done"})


def test_nothing_is_asked_for_once_the_outcome_is_settled() -> None:
    """Only a pend of missing facts asks, or one of a code mapping, for the diagnosis code."""
    seen = Counter[str]()
    for levers, cases, _ in some_settings(7, 16):
        values = dict(levers)
        frame = determined(cases, levers).frame()
        for case, ask in zip(cases, frame["ask"].map(split), strict=True):
            before = oracle.before_closing(case, values)
            if before.closable:
                continue
            by_code = before.outcome == "pend" and before.truths is None
            assert ask == ({"dx"} if by_code else set()), story(case, levers)
            seen[before.outcome + " by code" * by_code] += 1
    assert set(seen) == {*policy.OUTCOMES, "pend by code"}


def test_a_line_implies_another_in_whatever_unit_both_are_written() -> None:
    """12 days are not two weeks: who reaches them must still be asked for what stands in for two weeks."""
    weeks = {"domain": {"min": "0", "max": "9", "step": "1"}, "unit": "weeks", "default": "2"}
    document = small(
        {"exercised": {"type": "whole", "unit": "days", "max": "99"}, "excused": {"type": "boolean"}},
        {"long": {**weeks, "direction": "stricter_when_higher"}},
        {
            "some": {"at_least": {"exercised": "12"}},
            "enough": {"any_of": [{"at_least": {"exercised": "long"}}, {"is": {"excused": "true"}}]},
        },
    )
    row = {"case_id": "1", "dx": "G47.33", "cpt": "E0601"}
    cases = policy.Cases.from_frame(pd.DataFrame([row]), document)
    asked = policy.determine(document, cases, document.settings()).frame()["ask"][0]
    assert asked == "exercised;excused"
