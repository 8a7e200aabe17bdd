"""The order in which a case is decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.policy import oracle
from tests.policy.evaluation.settings_tried import CODE, determined, outcome, some_settings
from tests.policy.near_misses import DECIDED

SPINE_REJECTED = {"m5381_mapping": "reject_code_mismatch"}
MIGRAINE_REJECTED = {"g43819_mapping": "pend_for_code"}
NO_POSITION = {"axial_spine_stance": "no_position"}


@pytest.mark.parametrize(
    ("rule", "levers", "changes", "expected"),
    [
        ("out of scope before mapping", SPINE_REJECTED, {"dx": "M53.81", "cpt": "99213"}, "out_of_scope"),
        ("mapping before mismatch", SPINE_REJECTED, {"dx": "M53.81", "cpt": "64400"}, "pend"),
        ("mapping before mismatch", SPINE_REJECTED, {"dx": "M53.81", "cpt": "64635"}, "pend"),
        ("mapping before mismatch", MIGRAINE_REJECTED, {"dx": "G43.819", "cpt": "62321"}, "pend"),
        ("mapping before a constant outcome", MIGRAINE_REJECTED, {"dx": "G43.819", "cpt": "20553"}, "pend"),
        ("mapping before stance", {**SPINE_REJECTED, **NO_POSITION}, {"dx": "M53.81", "cpt": "64405"}, "pend"),
        ("mapping before criteria", SPINE_REJECTED, {"dx": "M53.81", "function_limited": False}, "pend"),
        (
            "a mapping's pend is not closed",
            {**SPINE_REJECTED, "undocumented_action": "not_met"},
            {"dx": "M53.81"},
            "pend",
        ),
        ("the mapping is of one code", SPINE_REJECTED, {"dx": "M54.6"}, "met"),
        ("the mapping is of one code", MIGRAINE_REJECTED, {"dx": "G43.709", "cpt": "64450"}, "review"),
        ("mismatch before stance", NO_POSITION, {"cpt": "62323"}, "mismatch"),
        ("mismatch before stance", NO_POSITION, {"cpt": "64400"}, "mismatch"),
        ("mismatch before criteria", {}, {"cpt": "64493", "function_limited": False, "intent": None}, "mismatch"),
        ("stance before criteria", NO_POSITION, {"cpt": "64405", "function_limited": False}, "review"),
        ("stance before what is missing", NO_POSITION, {"cpt": "62321", "radiculopathy": None}, "review"),
        ("ablation has its own stance", NO_POSITION, {"function_limited": False}, "not_met"),
        (
            "extrapolation before what is missing",
            {"extrapolate_lumbar": "false"},
            {"cpt": "64490", "intent": "therapeutic", "radiculopathy": None},
            "review",
        ),
        (
            "a failing criterion before a missing one",
            {},
            {"function_limited": False, "imaging_other_cause": None},
            "not_met",
        ),
        ("a failing criterion before radiculopathy", {}, {"function_limited": False, "radiculopathy": True}, "not_met"),
        (
            "a failing criterion before missing radiculopathy",
            {},
            {"function_limited": False, "radiculopathy": None},
            "not_met",
        ),
        (
            "a missing criterion before radiculopathy",
            {"radiculopathy_action": "not_met"},
            {"function_limited": None, "radiculopathy": True},
            "pend",
        ),
        ("radiculopathy", {"radiculopathy_action": "review"}, {"radiculopathy": True}, "review"),
        (
            "radiculopathy before the evidence action",
            {"radiculopathy_action": "review", "unmapped_action": "not_met"},
            {"cpt": "64450", "radiculopathy": True},
            "review",
        ),
        (
            "radiculopathy before confirmed facet pain",
            {"radiculopathy_action": "review", "confirmed_facet_other_code": "not_met"},
            {"cpt": "64405", "radiculopathy": True},
            "review",
        ),
        ("radiculopathy's pend is not closed", {"undocumented_action": "not_met"}, {"radiculopathy": True}, "pend"),
        ("missing radiculopathy is closed", {"undocumented_action": "not_met"}, {"radiculopathy": None}, "not_met"),
        ("the evidence action", {"unmapped_action": "not_met"}, {"cpt": "64450"}, "not_met"),
        (
            "a missing criterion before the evidence action",
            {"unmapped_action": "not_met"},
            {"cpt": "64450", "function_limited": None},
            "pend",
        ),
        (
            "a review of the evidence is not closed",
            {"undocumented_action": "not_met"},
            {"cpt": "64450"},
            "review",
        ),
        (
            "the emergency pathway before prerequisites",
            {"ahs2025_ed_pathway": "on", "max_sessions_12m": 1},
            {
                **{"dx": "G43.709", "cpt": "64405", "intent": "acute", "site_of_service": "ed"},
                **{"function_limited": False, "failed_preventives": 0, "sessions_last_12m": 9},
            },
            "met",
        ),
        (
            "a code mapping before the emergency pathway",
            {"ahs2025_ed_pathway": "on", **MIGRAINE_REJECTED},
            {"dx": "G43.819", "cpt": "64405", "intent": "acute", "site_of_service": "ed"},
            "pend",
        ),
    ],
)
def test_order_of_evaluation(rule: str, levers: Mapping[str, Any], changes: Mapping[str, Any], expected: str) -> None:
    """Two rules that both apply, one answer: that of the earlier one."""
    assert outcome(levers, **changes) == expected, rule


def test_the_base_of_the_order_examples_is_met() -> None:
    """Each example above differs from a met case, so that nothing but the rules it names decides it."""
    assert outcome({}) == "met"
    assert outcome({}, dx="M54.6") == outcome({}, dx="M53.81") == "met"
    assert outcome({}, cpt="64405") == outcome({}, cpt="20553") == "met"


def test_every_decided_cell_can_be_met_but_those_that_never_are() -> None:
    """Under some setting each cell that hangs on facts approves, save the ones whose best answer is review."""
    met, reachable = set(), {(dx, cpt) for dx, cpt in DECIDED if cpt not in ("64450", *oracle.EPIDURAL)}
    for levers, cases, _ in some_settings(12, 16):
        outcomes = determined(cases, levers).outcome
        met |= {(case["dx"], case["cpt"]) for case, code in zip(cases, outcomes, strict=True) if code == CODE["met"]}
    assert met >= reachable, reachable - met
    assert {(dx, cpt) for dx, cpt in met if cpt in ("64450", *oracle.EPIDURAL)} == set()
