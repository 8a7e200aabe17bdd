"""Which way a lever goes: what a document promises of it is proven, and exceptions are found."""

from __future__ import annotations

import pytest

import policy
from policy.authoring.direction import broken_directions, keeps_by_reading, notes
from policy.model import OUTCOMES, Policy
from tests.policy.near_misses import Draws, near_misses, random_settings, table
from tests.policy.test_comparison import Tree, nerve_blocks
from tests.policy.test_lint import small

# Directions ----------------------------------------------------------------------------------------------------------


def test_a_lever_that_a_step_reads_does_not_keep_its_direction_by_reading() -> None:
    ways = {name: way.rule for name, way in nerve_blocks().pathways.items()}
    assert keeps_by_reading(nerve_blocks(), ways["spine_facet_ablation"], "relief_pct")
    assert not keeps_by_reading(nerve_blocks(), ways["spine_trigger_point"], "relief_pct")
    assert not keeps_by_reading(nerve_blocks(), ways["spine_facet_ablation"], "diagnostic_blocks_required")


def confirmed_refuses() -> Tree:
    """Fibromyalgia: once the drugs are known to have failed, refused; the stricter lever then approves more."""
    tree = small()
    then = tree["pathways"]["fibromyalgia_trigger_point"]["rule"]["then"]
    then.insert(0, {"when": "fm_drugs", "outcome": "not_met", "because": "x"})
    then[-1] = {"outcome": "met"}
    tree["pathways"]["fibromyalgia_trigger_point"]["rule"]["require"].remove({"criterion": "fm_drugs"})
    return tree


EXCEPTION = {
    "lever": "fm_drugs_failed_min", "from": "0", "to": "3", "because": "x",
    "case": {"dx": "M79.7", "cpt": "20552", "pain_duration_days": "400", "conservative_care_contraindicated": "true",
             "function_limited": "true", "trigger_points_on_exam": "true", "failed_fibromyalgia_drugs": "0"},
}  # fmt: skip


def test_an_undeclared_exception_is_found_with_its_case_and_a_declared_one_is_not() -> None:
    tree = confirmed_refuses()
    (broken,) = broken_directions(Policy.model_validate(tree))
    assert (broken.lever, broken.looser, broken.stricter) == ("fm_drugs_failed_min", 0, 1)
    assert broken.witness
    assert broken.witness.after == "met"
    assert not broken.why
    tree["direction_exceptions"] = [EXCEPTION]
    assert list(broken_directions(Policy.model_validate(tree))) == []
    for part in ({"from": "1"}, {"to": "2"}, {"while": {"generic_gate_scope": ["all_dx"]}}):
        tree["direction_exceptions"] = [{**EXCEPTION, **part}]
        (broken,) = broken_directions(Policy.model_validate(tree))
        assert broken.lever == "fm_drugs_failed_min"


def test_a_choice_has_a_direction_by_its_order_alone() -> None:
    tree = small()
    tree["levers"]["generic_gate_scope"]["order"] = ["spine_only", "all_dx"]
    assert list(broken_directions(Policy.model_validate(tree))) == []
    tree["levers"]["generic_gate_scope"]["order"] = ["all_dx", "spine_only"]
    (broken,) = broken_directions(Policy.model_validate(tree))
    assert (broken.lever, broken.looser, broken.stricter) == ("generic_gate_scope", "all_dx", "spine_only")
    for wrong in (["all_dx"], ["all_dx", "all_dx"], ["all_dx", "spine_only", "none"]):
        tree["levers"]["generic_gate_scope"]["order"] = wrong
        with pytest.raises(ValueError, match="lists every choice once"):
            Policy.model_validate(tree)
    tree["levers"]["generic_gate_scope"]["order"] = ["spine_only", "all_dx"]
    tree["levers"]["generic_gate_scope"]["direction"] = "stricter_when_higher"
    with pytest.raises(ValueError, match="by its order"):
        Policy.model_validate(tree)


def test_the_screen_is_told_what_the_document_declares() -> None:
    told = notes(nerve_blocks(), "diagnostic_blocks_required")
    assert "Going from 1 block to 2 blocks can turn another outcome into met while Which relief counts is" in told[0]
    assert notes(nerve_blocks(), "conservative_weeks") == []
    assert len(notes(nerve_blocks(), "diagnostic_blocks_required", nerve_blocks().settings())) == 0
    assert (
        len(notes(nerve_blocks(), "diagnostic_blocks_required", nerve_blocks().settings({"relief_rule": "mean"}))) == 1
    )


@pytest.mark.parametrize("version", ["2026.1", "2026.2"])
def test_the_exceptions_of_the_shipped_policy_are_whole(version: str) -> None:
    assert list(broken_directions(policy.load(f"nerve_blocks@{version}"))) == []


@pytest.mark.slow
def test_each_exception_of_the_shipped_policy_is_needed() -> None:
    """Without it the lint finds a case that the strict way turns into met, and its determination shows it."""
    tree = nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True)
    for place, left_out in enumerate(tree["direction_exceptions"]):
        fewer = [entry for i, entry in enumerate(tree["direction_exceptions"]) if i != place]
        broken = next(broken_directions(Policy.model_validate({**tree, "direction_exceptions": fewer})))
        assert (broken.lever, broken.why) == (left_out["lever"], "")
        assert broken.witness
        assert broken.witness.before != broken.witness.after == "met"


@pytest.mark.slow
def test_no_near_miss_breaks_a_direction_that_is_promised() -> None:
    """Any lever moved the strict way at random settings: what was not met is met only where the document says so."""
    draws, tried = Draws(19), 0
    for _ in range(60):
        base = random_settings(nerve_blocks(), draws)
        cases = policy.Cases.from_frame(table(near_misses(dict(base), 300, draws)), nerve_blocks())
        for name, lever in nerve_blocks().levers.items():
            order = lever.loosest_first()
            if not order:
                continue
            low, high = sorted(int(draws.rng.integers(len(order))) for _ in range(2))
            moved = {k: "off" if v is None else v for k, v in base.items()}
            sides = [
                nerve_blocks().settings({**moved, name: "off" if order[i] is None else order[i]}) for i in (low, high)
            ]
            met = [
                policy.determine(nerve_blocks(), cases, s, asking=False).outcome == OUTCOMES.index("met") for s in sides
            ]
            tried += 1
            if (met[1] & ~met[0]).any():
                held = [e for e in nerve_blocks().direction_exceptions if e.lever == name and sides[1].holds(e.while_)]
                assert held, (name, order[low], order[high], base.provisions())
    assert tried > 500
