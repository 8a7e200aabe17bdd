"""Every command on policies that nobody wrote: no traceback, and nothing said that brute force contradicts."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.policy.every_command import faults
from tests.policy.generated import generated
from tests.sampling import some

QUICK = ("determine", "sql", "levels", "explain", "coverage", "panels")
AUTHORS = ("lint", "mutate")
# Where something was wrong once: a step or a switch that waits for what is required of other codes, whether a file is
# closed chose the rule, a criterion required twice, an assumption not made, a date, a threshold that nothing reaches
FOUND = (281, 435, 92, 44, 57, 67, 68, 69, 71, 89, 107)


def test_generated_policies_have_everything_that_a_policy_can_have() -> None:
    """Over thirty documents every kind of field, test, rule and condition occurs, and every outcome in an example."""
    text, outcomes = "", Counter[str]()
    for seed in range(30):
        tree, _ = generated(seed)
        text += json.dumps(tree)
        outcomes.update(example["expect"] for example in tree["examples"])
    kinds = ("boolean", "choice", "whole", "percent", "months", "date")
    keys = (
        *("all_of", "any_of", "none_of", "count", "mean", "is", "states"),
        *("at_least", "more_than", "less_than", "at_most"),
        *("on_file", "lever", "first_of", "require", "switch", "branches", "otherwise", "assume", "while", "when"),
        *("codes", "level", "prefixes", "pend_while", "off_allowed", "absent", "ignored", "set"),
    )
    assert [kind for kind in kinds if f'"type": "{kind}"' not in text] == []
    assert [key for key in keys if f'"{key}": ' not in text] == []
    assert len(outcomes) == 6, outcomes


@pytest.mark.parametrize("seed", some([*range(2), *FOUND], 7))
def test_engines_explanations_and_panels_agree_on_a_generated_policy(seed: int) -> None:
    assert list(faults(seed, QUICK)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [81, 100, 101, 103, 110, 123, 301, 302, 401])
def test_no_remark_and_no_verdict_on_a_generated_policy_is_untrue(seed: int) -> None:
    assert list(faults(seed, AUTHORS)) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, 20))
def test_five_hundred_generated_policies(first: int) -> None:
    """Must show 6."""
    assert [line for seed in range(first, first + 20) for line in faults(seed)] == []
