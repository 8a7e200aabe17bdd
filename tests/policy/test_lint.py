"""Each fault, seeded into a small copy of the shipped policy, is found with a witness that shows it."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable
from typing import Any

import pytest

import policy
from policy.authoring.boundaries import boundaries
from policy.authoring.lint import Finding, inert, lint
from policy.authoring.mutation import mutants
from policy.authoring.proof import prove_everywhere
from policy.model import Policy
from tests.policy.near_misses import Draws, near_misses, table

Tree = dict[str, Any]
KEPT = ("trigeminal_neuralgia", "fibromyalgia")


@functools.cache
def nerve_blocks() -> Policy:
    return policy.load("nerve_blocks")


def small() -> Tree:
    """Trigeminal neuralgia and fibromyalgia alone: eight pathways, and what they read."""
    tree: Tree = copy.deepcopy(nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True))
    tree["diagnoses"] = {name: tree["diagnoses"][name] for name in KEPT}
    tree["pathways"] = {
        name: way for name, way in tree["pathways"].items() if set(way["for"]["diagnosis"]) <= set(KEPT)
    }
    tree["code_notices"], tree["examples"], tree["direction_exceptions"] = [], [], []
    read = {"pain_duration", "conservative_care", "function_limited", "trigger_points", "tn_drugs", "tn_mri"}
    read |= {"tn_specialist", "fm_drugs", "repeat_relief", "repeat_duration", "session_limit"}
    tree["criteria"] = {name: criterion for name, criterion in tree["criteria"].items() if name in read}
    del tree["gates"]["spine_gate"]
    idle = {"conservative_modalities_min", "relief_pct", "relief_rule", "diagnostic_blocks_required"}
    idle |= {"migraine_preventives_failed_min", "headache_days_month_min", "axial_spine_stance", "rfa_stance"}
    idle |= {"diagnostic_block_exempt", "tpi_is_im_injection", "tpi_needs_block_confirmation", "gon_acute_action"}
    idle |= {"intent_missing_action", "ahs2025_ed_pathway", "extrapolate_lumbar", "radiculopathy_action"}
    idle |= {"unmapped_action", "confirmed_facet_other_code", "m5381_mapping", "g43819_mapping"}
    tree["levers"] = {name: lever for name, lever in tree["levers"].items() if name not in idle}
    for name, field in tree["fields"].items():  # columns of the other pathways stand on no statement here
        if name not in str(tree["criteria"]) and name not in str(tree["fields"]["pain_duration"]):
            field |= {"statements": [], "origin": "assumption"}
    return tree


def found(tree: Tree, *kinds: str) -> list[Finding]:
    return list(lint(Policy.model_validate(tree).settings(), kinds))


@functools.cache
def unseeded() -> tuple[str, ...]:
    return tuple(map(str, found(small())))


def twin(tree: Tree) -> None:
    tree["pathways"]["twin"] = copy.deepcopy(tree["pathways"]["trigeminal_block"])


def hole(tree: Tree) -> None:
    del tree["pathways"]["trigeminal_trigger_point"]


def closed(tree: Tree) -> None:
    rule = tree["pathways"]["trigeminal_block"]["rule"]
    stated = {"outcome": "review", "because": "x", "while": {"tn_selection": ["mri_done", "review"]}}
    later = {"outcome": "not_met", "because": "y", "while": {"tn_selection": ["mri_done"]}}
    tree["pathways"]["trigeminal_block"]["rule"] = {"first_of": [stated, later, rule]}


def twice(tree: Tree) -> None:
    tree["pathways"]["fibromyalgia_trigger_point"]["rule"]["require"].append({"criterion": "tn_drugs"})
    weaker = {"at_least": {"failed_anticonvulsants": "0"}}
    tree["criteria"]["tn_drugs_too"] = {**tree["criteria"]["tn_drugs"], "test": weaker}
    tree["pathways"]["fibromyalgia_trigger_point"]["rule"]["require"].append({"criterion": "tn_drugs_too"})


def orphan(tree: Tree) -> None:
    tree["criteria"]["orphan"] = copy.deepcopy(tree["criteria"]["tn_mri"])


def dead(tree: Tree) -> None:
    tree["levers"]["dead"] = copy.deepcopy(tree["levers"]["tn_failed_drugs_min"])


def far(tree: Tree) -> None:
    tree["levers"]["conservative_weeks"]["default"] = "20"


def backwards(tree: Tree) -> None:
    tree["levers"]["fm_drugs_failed_min"]["direction"] = "stricter_when_lower"


def needless(tree: Tree) -> None:
    """An MRI, or a specialist; and a specialist anyway."""
    either = {"any_of": [{"is": {"tn_mri_done": ["true"]}}, {"is": {"tn_specialist_diagnosis": ["true"]}}]}
    tree["criteria"]["tn_mri"]["test"] = either
    rule = tree["pathways"]["trigeminal_block"]["rule"]
    rule["require"] = [{"criterion": "tn_mri"}, {"criterion": "tn_specialist"}]


@pytest.mark.parametrize(
    ("seed", "kind", "place", "witness"),
    [
        (twin, "overlap", "pathways.twin", "case dx G50.0, cpt 64400"),
        (twin, "unreachable", "pathways.twin", "case dx G50.0, cpt 64400 goes to trigeminal_block"),
        (hole, "gap", "pathways", "case dx G50.0, cpt 20552, and 1 more"),
        (closed, "unreachable", "pathways.trigeminal_block.rule.first_of.1", "with tn_selection=mri_done the rule"),
        (twice, "never decides", "pathways.fibromyalgia_trigger_point.rule.tn_drugs_too", "no case fails it"),
        (orphan, "never decides", "criteria.orphan", "read for no case"),
        (dead, "reaches nothing", "levers.dead", "no rule reads it"),
        (far, "outside cited", "levers.conservative_weeks", "from 12 weeks it changes .*conservative_care_days 84"),
        (backwards, "direction", "levers.fm_drugs_failed_min", "failed_fibromyalgia_drugs 2.*: not_met -> met"),
        (needless, "needless ask", "pathways.trigeminal_block", "case dx G50.0, cpt 64400"),
    ],
)  # fmt: skip
def test_a_seeded_fault_is_found_with_its_witness(
    seed: Callable[[Tree], None], kind: str, place: str, witness: str
) -> None:
    tree = small()
    seed(tree)
    mine = [f for f in found(tree, kind) if f.kind == kind and f.place == place]
    assert len(mine) == 1, found(tree, kind)
    assert re.search(witness, mine[0].witness), mine[0].witness
    assert str(mine[0]) not in unseeded()


def test_the_small_policy_has_no_fault_before_one_is_seeded() -> None:
    assert unseeded() == ()


def test_a_rule_that_asks_for_one_gate_alone_is_linted_and_mutated() -> None:
    """In the short form, with a criterion that has the name which a slip would give to one that is always met."""
    tree = small()
    tree["gates"]["both"] = {"title": "Both", "require": ["always", "tn_mri"]}
    tree["criteria"]["always"] = copy.deepcopy(tree["criteria"]["tn_specialist"])
    tree["pathways"]["trigeminal_block"]["rule"] = {"require": ["both"], "then": [{"outcome": "met"}]}
    document = Policy.model_validate(tree)
    slips = {slip.place: slip.policy for slip in mutants(document, ("criterion dropped",))}
    dropped = slips["pathways.trigeminal_block.rule.both"]
    assert (dropped.criteria["always"], len(dropped.criteria)) == (
        document.criteria["always"],
        len(tree["criteria"]) + 1,
    )
    assert {"pathways.trigeminal_block.rule.both", "gates.both.always", "gates.both.tn_mri"} <= slips.keys()
    places = {finding.place for finding in lint(document.settings(), ("never decides",))}
    assert not {place for place in places if place.startswith(("gates.both", "pathways.trigeminal_block"))}


def test_a_lever_without_a_suggested_value_may_be_asked_to_be_on() -> None:
    """Linted and mutated; that a requirement stands only while it is on is no fault."""
    tree = small()
    tree["levers"]["max_sessions_12m"].pop("suggested")
    document = Policy.model_validate(tree)
    assert [slip for slip in mutants(document, ("condition lost",)) if slip.place.endswith("session_limit")]
    assert list(lint(document.settings(), ("never decides", "reaches nothing"))) == []


def test_what_was_not_tried_under_every_setting_says_so() -> None:
    """Two stances more, and no setting but one under which the criterion is read: a remark is true, or says how far."""
    tree = small()
    for name in ("tn_failed_drugs_min", "fm_drugs_failed_min"):
        tree["levers"][f"other_{name}"] = copy.deepcopy(tree["levers"][name])
    rule = tree["pathways"]["fibromyalgia_trigger_point"]["rule"]
    needs = {"other_tn_failed_drugs_min": ["4"], "other_fm_drugs_failed_min": ["4"], "tn_selection": ["mri_done"]}
    rule["require"].append({"criterion": "tn_drugs", "while": needs})
    says = [
        f.says for f in found(tree, "never decides") if f.place.endswith("fibromyalgia_trigger_point.rule.tn_drugs")
    ]
    assert [line for line in says if "settings of the levers that were tried" not in line] == []


def test_a_lever_that_reaches_no_case_of_a_population_is_inert_there_alone() -> None:
    """Requests for fibromyalgia: no other lever reaches them; among near misses of every kind the same lever does."""
    levers = nerve_blocks().settings()
    every = near_misses(dict(levers), 3000, Draws(31))
    some = [case for case in every if case["dx"] == "M79.7"]
    cases = {
        name: policy.Cases.from_frame(table(group), nerve_blocks()) for name, group in (("all", every), ("fm", some))
    }
    idle = {name: {f.place: f.witness for f in inert(levers, group)} for name, group in cases.items()}
    assert "levers.relief_pct" in idle["fm"]
    assert "levers.relief_pct" not in idle["all"]
    assert "levers.fm_drugs_failed_min" not in idle["fm"]
    assert "it would change the case dx M54.2" in idle["fm"]["levers.relief_pct"]
    assert idle["fm"]["levers.rfa_stance"].startswith("it would change the case dx M54.2, cpt 64633")
    base = policy.determine(nerve_blocks(), cases["fm"], levers).outcome
    for place in idle["fm"]:
        name = place.removeprefix("levers.")
        for value in nerve_blocks().levers[name].values():
            moved = nerve_blocks().settings({name: "off" if value is None else value})
            assert (policy.determine(nerve_blocks(), cases["fm"], moved, asking=False).outcome == base).all()


@pytest.mark.slow
def test_what_is_odd_in_the_shipped_policy_is_known() -> None:
    """The contract adds the trial criterion where radicular pain is asked for anyway: there it decides nothing."""
    odd = {f.place.rpartition(".rule.")[0]: f.kind for f in lint(nerve_blocks().settings())}
    assert odd == dict.fromkeys(("pathways.spine_facet_injection", "pathways.spine_epidural"), "never decides")


REQUIRED = ("function_limited", "failed_anticonvulsants", "request_date", "site_of_service")  # a kind of column each


def test_columns_that_a_policy_requires_are_told_in_every_case_that_is_tried() -> None:
    """Every case was refused at the door ("the required column is missing"): nothing was looked for, nothing proven."""
    tree = small()
    for name in REQUIRED:
        tree["fields"][name]["required"] = "true"
    assert [str(finding) for finding in found(tree) if finding.kind == "not checked"] == []
    before = Policy.model_validate(tree)
    tree["levers"]["tn_failed_drugs_min"]["default"] = "2"
    proof = prove_everywhere(before.settings(), Policy.model_validate(tree).settings(), ["trigeminal_block"])
    assert proof.overall.word == "never looser"
    assert proof.overall.stricter is not None
    assert {*REQUIRED} <= {*proof.overall.stricter.case}
    at_the_line = list(boundaries(before))
    assert {boundary.lever for boundary in at_the_line} >= {"tn_failed_drugs_min", "fm_drugs_failed_min"}
    assert all({*REQUIRED} <= {*boundary.case} for boundary in at_the_line)
