"""A small policy of one pathway, for tests that need fields, levers and criteria of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policy.model import Policy
from policy.reading.loading import parse
from policy.reading.validation import check_policy
from tests.policy.fuzz import written

OWN = {"origin": "assumption"}


def small(
    fields: Mapping[str, Mapping[str, Any]], levers: Mapping[str, Mapping[str, Any]], tests: Mapping[str, Any],
    **more: Any,
) -> Policy:  # fmt: skip
    """A policy that requires all of `tests`, read from YAML as any other; it must be without fault."""
    policy, _ = parse(text_of(fields, levers, tests, **more), "small.yaml", Policy)
    faults = [str(fault) for fault in check_policy(policy)]
    assert not faults, faults
    return policy


def text_of(
    fields: Mapping[str, Mapping[str, Any]], levers: Mapping[str, Mapping[str, Any]], tests: Mapping[str, Any],
    **more: Any,
) -> str:  # fmt: skip
    """The same as YAML."""
    kinds = {"case_id": "text", "dx": "diagnosis", "cpt": "procedure"}
    columns = {
        name: {"label": name, "ask": name, "type": kind, "required": "true", **OWN} for name, kind in kinds.items()
    }
    closing = {"choices": {"pend": "x", "not_met": "x"}, "default": "pend"}
    lever = {"label": "x", "says": "x", "citation": "x", **OWN}
    criterion = {"says": "x", "ask": "x", "citation": "x", **OWN}
    codes = {"G47.33": {"label": "x", **OWN}}
    whole = {
        "schema": "policy/1", "id": "small", "version": "2026.1", "title": "Small", "status": "draft",
        "notice": "Synthetic data, policy simulation only, not for individual determinations.",
        "statements": {}, "evidence": {}, "references": {}, "texts": {}, "open_questions": {}, "gates": {},
        "code_notices": [], "examples": [],
        "fields": columns | {name: {"label": name, "ask": name, **OWN, **field} for name, field in fields.items()},
        "levers": {name: {**lever, **one} for name, one in {"undocumented_action": closing, **levers}.items()},
        "criteria": {name: {**criterion, "test": test} for name, test in tests.items()},
        "diagnoses": {"one": {"label": "x", "codes": codes}},
        "procedures": {"device": {"label": "x", "codes": {"E0601": {"label": "x"}}}},
        "pathways": {"all": {"title": "All", **OWN, "for": {"diagnosis": ["one"], "procedure": ["device"]},
                             "rule": {"require": [*tests], "then": [{"outcome": "met"}]}}},
    }  # fmt: skip
    return written(json.loads(json.dumps(whole | more)))  # else YAML makes anchors
