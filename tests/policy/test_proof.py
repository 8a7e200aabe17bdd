"""What is proven about two readings holds: against brute force, the oracle, and near misses."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import policy
from policy.authoring.proof import Relation, prove, prove_everywhere
from policy.determinations.results import LENIENCY
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from simulations.scenario.loading import proposed
from tests.policy import oracle
from tests.policy.near_misses import COLUMNS, Case, Draws, near_misses, random_settings, table
from tests.sampling import some

RANK = {"not_met": 0, "mismatch": 0, "out_of_scope": 0, "pend": 1, "review": 1, "met": 2}  # contract 1


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


def strict() -> policy.Settings:
    return proposed(nerve_blocks(), "strict_reading")


def case_of(row: Mapping[str, str]) -> Case:
    """A witness as a case of the oracle."""
    cases = policy.Cases.from_frame(_frame(row), nerve_blocks())
    assert len(cases) == 1
    found: Case = dict.fromkeys(COLUMNS)
    for column, text in row.items():
        kind = nerve_blocks().fields_[column].type
        if kind == "percent":
            found[column] = Decimal(text)
        else:
            found[column] = int(text) if kind == "whole" else text == "true" if kind == "boolean" else text
    return found


def _frame(row: Mapping[str, str]) -> Any:
    return pd.DataFrame([{"case_id": "a", **row}], dtype="str")


def shown_by(relation: Relation, before: policy.Settings, after: policy.Settings) -> None:
    """Each witness is what it is called, by the oracle."""
    for direction, witness in relation.witnesses().items():
        case = case_of(witness.case)
        old, new = (oracle.determine(case, dict(levers)).outcome for levers in (before, after))
        assert (old, new) == (witness.before, witness.after)
        change = RANK[new] - RANK[old]
        assert {"stricter": change < 0, "looser": change > 0}.get(direction, change == 0 and old != new), witness


def test_identical_readings_are_equal() -> None:
    for levers in (nerve_blocks().settings(), strict()):
        proof = prove(levers, levers)
        assert proof.overall.word == "equal"
        assert not proof.overall.witnesses()
        assert set(proof.pathways) == set(nerve_blocks().pathways)


def test_the_strict_reading_is_never_looser() -> None:
    """And its mirror never stricter; the witness shows the worst change: what was met is refused."""
    default = nerve_blocks().settings()
    proof, mirror = prove(default, strict()), prove(strict(), default)
    assert (proof.overall.word, mirror.overall.word) == ("never looser", "never stricter")
    assert proof.overall.stricter
    assert (proof.overall.stricter.before, proof.overall.stricter.after) == ("met", "not_met")
    for relation in proof.pathways.values():
        shown_by(relation, default, strict())
    assert {relation.word for relation in proof.pathways.values()} == {"never looser", "equal"}


@pytest.mark.parametrize("name", some([n for n, x in policy.load("nerve_blocks").levers.items() if x.domain], 3))
def test_one_step_on_a_numeric_lever_has_the_right_relation(name: str) -> None:
    """Stricter in its declared direction and never looser, a step back the other way round; witnesses by the oracle."""
    lever = nerve_blocks().levers[name]
    assert lever.domain
    base = nerve_blocks().settings({name: lever.suggested} if lever.default == "off" else {})
    here = base[name]
    assert isinstance(here, int)
    for step in (-lever.domain.step, lever.domain.step):
        if here + step in lever.domain.values():
            after = nerve_blocks().settings({name: here + step})
            proof = prove(base, after)
            stricter = (step > 0) == (lever.direction == "stricter_when_higher")
            assert proof.overall.word == ("never looser" if stricter else "never stricter"), name
            shown_by(proof.overall, base, after)
    if lever.off_allowed:
        assert prove(nerve_blocks().settings({name: "off"}), base).overall.word == "never looser"


def every_trigeminal_case(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Case]:
    """All that 64400 for trigeminal neuralgia can be: every value on both sides of both readings' thresholds."""
    days = {
        d for v in (before, after) for m in [v["pain_duration_months"] * 487 // 16] for d in (m - 1, m, m + 1) if d >= 0
    }
    care = {d for v in (before, after) for w in [7 * v["conservative_weeks"]] for d in (w - 1, w) if d >= 0}
    drugs = {d for v in (before, after) for k in [v["tn_failed_drugs_min"]] for d in (k - 1, k) if d >= 0}
    truths = [None, False, True]
    choices: dict[str, list[Any]] = {
        "pain_duration_days": [None, *sorted(days)], "conservative_care_days": [None, *sorted(care)],
        "conservative_care_failed": truths, "conservative_care_contraindicated": [None, True],
        "function_limited": truths, "failed_anticonvulsants": [None, *sorted(drugs)],
        "tn_mri_done": truths, "tn_specialist_diagnosis": truths,
    }  # fmt: skip
    empty = dict.fromkeys(COLUMNS) | {"dx": "G50.0", "cpt": "64400"}
    return [empty | dict(zip(choices, row, strict=True)) for row in itertools.product(*choices.values())]


MOVED = (
    *("pain_duration_months", "pain_duration_operator", "conservative_weeks", "contraindication_counts_as_met"),
    *(
        "tn_failed_drugs_min",
        "tn_selection",
        "insufficient_evidence_action",
        "undocumented_action",
        "generic_gate_scope",
    ),
)


def test_the_relation_is_that_of_brute_force() -> None:
    """One pathway, both readings drawn at random, all its cases tried by the oracle."""
    draws, words = Draws(41), set()
    for _ in range(8):
        levers = nerve_blocks().levers
        moved = [{n: draws.one(levers[n].values()) for n in MOVED if draws.chance(0.25)} for _ in range(2)]
        before, after = (nerve_blocks().settings(one) for one in moved)
        old, new = dict(before), dict(after)
        changes = set()
        for case in every_trigeminal_case(old, new):
            changes.add(RANK[oracle.determine(case, new).outcome] - RANK[oracle.determine(case, old).outcome])
        looser, stricter = max(changes) > 0, min(changes) < 0
        word = {(0, 0): "equal", (1, 0): "never stricter", (0, 1): "never looser", (1, 1): "mixed"}[looser, stricter]
        relation = prove(before, after, ["trigeminal_block"]).overall
        assert relation.word == word, moved
        shown_by(relation, before, after)
        words.add(word)
    assert len(words) >= 3, words


def counterexamples(seed: int, pairs: int, size: int) -> tuple[int, set[str]]:
    """Near misses under two random readings against what is proven of them: cases tried, relations met with."""
    draws, tried, words = Draws(seed), 0, set()
    for _ in range(pairs):
        before = random_settings(nerve_blocks(), draws)
        more = {n: draws.one(x.values()) for n, x in nerve_blocks().levers.items() if draws.chance(0.08)}
        after = nerve_blocks().settings(
            {**before.provisions(), **{k: "off" if v is None else v for k, v in more.items()}}
        )
        proof = prove(before, after)
        words.add(proof.overall.word)
        near = [case for levers in (before, after) for case in near_misses(dict(levers), size, draws)]
        cases = policy.Cases.from_frame(table(near), nerve_blocks())
        found = [policy.determine(nerve_blocks(), cases, levers, asking=False) for levers in (before, after)]
        change = LENIENCY[found[1].outcome] - LENIENCY[found[0].outcome]
        tried += len(near)
        names = np.array([*nerve_blocks().pathways, ""], dtype=object)[found[0].pathway]
        for name in {*names[change != 0]}:
            mine = change[names == name]
            relation = proof.pathways[name]
            assert relation.looser or not (mine > 0).any(), (name, before.provisions(), more)
            assert relation.stricter or not (mine < 0).any(), (name, before.provisions(), more)
    return tried, words


def test_no_near_miss_contradicts_a_proof() -> None:
    tried, words = counterexamples(42, 8, 250)
    assert tried == 4_000
    assert len(words) >= 2, words


@pytest.mark.slow
def test_no_near_miss_contradicts_a_proof_in_a_long_run() -> None:
    tried, words = counterexamples(43, 100, 500)
    assert tried == 100_000
    assert words == {"equal", "never stricter", "never looser", "mixed"}


def test_strictness_is_that_of_the_contract() -> None:
    assert {word: int(LENIENCY[i]) for i, word in enumerate(OUTCOMES)} == RANK


@pytest.mark.parametrize("proven", [prove, prove_everywhere])
def test_a_document_without_codes_can_be_held_against_its_like_only(proven):
    """There is no request to ask both; two empty documents turn no case."""
    full, empty = nerve_blocks().settings(), policy.Draft.blank("braces", "Knee braces").policy.settings()
    for sides in ((full, empty), (empty, full)):
        with pytest.raises(ProblemsFound, match=r"braces.*has no diagnosis codes or no procedure codes yet"):
            proven(*sides)
    assert proven(empty, empty).overall.word == "equal"
