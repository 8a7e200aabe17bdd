"""What an explanation says of a score or a count: what each part counts for, the sum, and how far the line is."""

from __future__ import annotations

import itertools
import re
from random import Random
from typing import Any

import pandas as pd
import pytest

import policy
from policy.model import Policy
from tests.policy.small import small

POINTS = {"snores": 1, "tired": 2, "treated": -1}  # and 3 for a high number with a low one, all of it
YES_OR_NO = (True, False, None)


def scored(kind: str, turned: bool = False) -> Policy:
    fields = {name: {"type": "boolean"} for name in POINTS} | {
        name: {"type": "whole", "unit": "points", "max": "10"} for name in ("high", "low")
    }
    both = {"all_of": [{"more_than": {"high": "5"}}, {"less_than": {"low": "3"}}]}
    tests: list[dict[str, Any]] = [{"is": {name: "true"}} for name in POINTS]
    if kind == "score":
        parts = [{"points": str(p), "test": t} for p, t in zip((*POINTS.values(), 3), (*tests, both), strict=True)]
        test: dict[str, Any] = {"score": {"points": parts, "reaches": "line"}}
    else:
        test = {"count": {"at_least": "line", "of": [*tests, both]}}
    line = {
        "says": "x",
        "unit": "points",
        "direction": "stricter_when_higher",
        "domain": {"min": "1", "max": "4", "step": "1"},
        "default": "3",
    }
    return small(fields, {"line": line}, {"enough": {"none_of": [test]} if turned else test})


def told(document: Policy, case: dict[str, Any]) -> tuple[int, dict[str, str]]:
    """The truth of the criterion, and each line by the fact that it begins with."""
    row = {"case_id": "A", "dx": "G47.33", "cpt": "E0601", **case}
    cases = policy.Cases.from_frame(pd.DataFrame([row]), document)
    (reason,) = policy.explain(document, cases, 0, document.settings()).reasons
    return reason.truth, dict(line.split(": ", 1) for line in reason.details)


def worth(line: str) -> list[int]:
    said = re.search(r"counts (−?\d)(?: or (−?\d))?$", line)
    assert said, line
    numbers = [int(one.replace("−", "-")) for one in said.groups() if one]
    return [min(numbers), max(numbers)]


def expected(kind: str, case: dict[str, Any]) -> list[list[int]]:
    """The least and the most that each part can count for, over all that is not known."""
    weights = [*POINTS.values(), 3] if kind == "score" else [1] * 4
    answers = [(case[name],) if case[name] is not None else (True, False) for name in POINTS]
    high = (case["high"] > 5,) if case["high"] is not None else (True, False)
    low = (case["low"] < 3,) if case["low"] is not None else (True, False)
    answers.append(tuple({one and other for one in high for other in low}))  # type: ignore[arg-type]
    found = [[p * yes for yes in some] for p, some in zip(weights, answers, strict=True)]
    return [[min(some), max(some)] for some in found]


@pytest.mark.parametrize("kind", ["score", "count"])
def test_the_points_of_each_part_add_up_to_the_sum_and_the_sum_says_the_truth(kind: str) -> None:
    straight, turned = scored(kind), scored(kind, turned=True)
    every = [*itertools.product(*[YES_OR_NO] * 3, (7, 2, None), (1, 8, None))]
    for snores, tired, treated, high, low in Random(5).sample(every, 20):
        case = {"snores": snores, "tired": tired, "treated": treated, "high": high, "low": low}
        parts = expected(kind, case)
        least, most = (sum(part[end] for part in parts) for end in (0, 1))
        truth, lines = told(straight, case)
        assert [worth(lines[name]) for name in (*POINTS, "low")] == parts
        assert "together" in lines["low"]
        numbers = [int(one.replace("−", "-")) for one in re.findall(r"−?\d+", lines[kind])]
        ends = [least, most] if least < most else [least]
        assert numbers[: len(ends) + 2] == [*ends, 6 if kind == "score" else 4, 3]
        assert truth == (2 if least >= 3 else 0 if most < 3 else 1)
        way = "reached" if truth == 2 else "open" if truth == 1 else f"{3 - most} short"
        assert f"at least 3; {way}" in lines[kind]
        opposite, lines = told(turned, case)
        assert opposite == 2 - truth
        way = "kept" if truth == 0 else "open" if truth == 1 else f"{least - 2} too many"
        assert f"less than 3; {way}" in lines[kind]


def test_the_score_of_a_policy_that_ships_is_told() -> None:
    document = policy.load("positive_airway_pressure")
    row = {
        "case_id": "A", "dx": "G47.33", "cpt": "E0601", "phase": "first_device", "test_type": "home_type_3",
        "snores": "true", "tired": "true", "bmi": "36", "sex": "female", "age": "40",
    }  # fmt: skip
    cases = policy.Cases.from_frame(pd.DataFrame([row]), document)
    settings = document.settings({"home_test_risk": 4})
    found = policy.explain(document, cases, 0, settings)
    (reason,) = (one for one in found.reasons if one.criterion == "home_test_suits")
    assert "sex: female (asked for: male); counts 0" in reason.details
    (neck,) = (line for line in reason.details if line.startswith("neck_cm: "))
    assert neck.endswith("; counts 0 or 1")
    assert reason.details[-1] == "score: 3 to 6 of 8 (needed: at least 4; open until all of it is documented)"
