"""What vignettes prove of a policy: which criteria they saw decide, and which slips they notice."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import policy
from policy.authoring.boundaries import boundary_file
from policy.authoring.coverage import Coverage, cover
from policy.authoring.mutation import mutants
from policy.authoring.verdicts import judge, judge_all
from policy.authoring.vignettes import Batch, Vignette, batches, read_vignettes
from policy.authoring.witness import all_confirmed
from policy.model import Policy
from simulations.scenario.loading import readings_for
from tests.policy.test_lint import small

CASES = Path(__file__).resolve().parents[2] / "policy" / "documents" / "nerve_blocks" / "vignettes"
TWO = [CASES / name for name in ("fibromyalgia_trigger_point.yaml", "trigeminal_neuralgia_trigeminal_block.yaml")]
READINGS = {"default": {}}


@functools.cache
def little() -> Policy:
    return Policy.model_validate(small())


@functools.cache
def written() -> tuple[Vignette, ...]:
    """The vignettes of two pathways, under the default reading alone."""
    found = [replace(v, expect={"default": v.expect["default"]}) for v in read_vignettes(TWO) if "default" in v.expect]
    return tuple(v for v in found if set(v.provisions) <= set(little().levers))


def asked(vignettes: tuple[Vignette, ...]) -> list[Batch]:
    return batches(vignettes, little(), READINGS)


@functools.cache
def covered() -> Coverage:
    return cover(little(), asked(written()), READINGS)


def test_every_state_that_can_decide_was_seen() -> None:
    reached, total = covered().share("default")
    assert (reached, covered().uncovered) == (total, {})
    assert total >= 45
    drugs = covered().by_criterion("default")["fm_drugs"]
    assert drugs == [(1, 1), (1, 1), (1, 1)]


def test_what_is_not_covered_is_named_with_a_case_that_covers_it() -> None:
    """Without the vignettes of one fact its criterion is uncovered; the cases that are offered cover it again."""
    fewer = tuple(
        v
        for v in written()
        if v.case.get("failed_fibromyalgia_drugs", "3") == "3" and "fm_drugs_failed_min" not in v.provisions
    )
    fewer = tuple(v for v in fewer if "failed_fibromyalgia_drugs" in v.case or v.case["dx"] != "M79.7")
    found = cover(little(), asked(fewer), READINGS)
    missing = {goal[2:] for goal in found.uncovered}
    assert missing == {("fm_drugs", 0), ("fm_drugs", 1)}
    offers = tuple(
        Vignette("offer", f"{goal}", offer.case, offer.provisions, {"default": offer.outcome}, {})
        for goal, offer in found.uncovered.items()
    )
    assert cover(little(), asked((*fewer, *offers)), READINGS).uncovered == {}
    assert [vignette for batch in asked(offers) for vignette in batch.failing(little())] == []


def test_a_state_that_a_criterion_cannot_be_in_is_not_counted() -> None:
    """A criterion that only a statement can meet is never not met, and nobody is asked to show that it is."""
    tree = small()
    tree["criteria"]["trigger_points"]["test"] = {"states": {"trigger_points_on_exam": ["true", "false"]}}
    found = cover(Policy.model_validate(tree), [], READINGS)
    states = {goal[3] for goal in found.uncovered if goal[2] == "trigger_points"}
    assert states == {1, 2}
    assert ("default", "fibromyalgia_trigger_point", "trigger_points", 0) in found.idle


def test_a_dropped_criterion_is_noticed_unless_its_vignettes_are_gone() -> None:
    """A survivor is named with levers and a case that the slip decides otherwise."""
    slips = list(mutants(little(), ("criterion dropped",)))
    words = [judge(little(), slip, asked(written()), READINGS).word for slip in slips]
    assert words == ["killed"] * len(slips)
    assert len(slips) >= 10
    fewer = tuple(
        v
        for v in written()
        if v.case.get("failed_fibromyalgia_drugs") == "3" and "fm_drugs_failed_min" not in v.provisions
    )
    lost = [judge(little(), slip, asked(fewer), READINGS) for slip in slips if slip.place.endswith("fm_drugs")]
    assert [(v.word, "failed_fibromyalgia_drugs 0: not_met -> pend" in v.why) for v in lost] == [("survived", True)]
    (one,) = lost
    sides = (little().settings(one.provisions), one.mutant.policy.settings(one.provisions))
    assert one.witness is not None
    assert all_confirmed([one.witness], [sides]) == [True]


@pytest.mark.slow
def test_a_slip_that_changes_no_case_is_called_equivalent() -> None:
    """Limits that are off: whether they stand behind a switch or compare with nothing is the same."""
    slips = [slip for slip in mutants(little(), ("condition lost",)) if "repeat_limits" in slip.place]
    words = {judge(little(), slip, asked(written()), READINGS).word for slip in slips}
    assert (len(slips), words) == (3, {"equivalent"})


def test_boundary_vignettes_stand_on_both_sides_of_every_lever(tmp_path: Path) -> None:
    """Each of them is a vignette that holds today, and for every lever two of them have different answers."""
    document = policy.load("nerve_blocks")
    file = tmp_path / "boundaries.yaml"
    file.write_text(boundary_file(document), encoding="utf-8")
    vignettes = read_vignettes([file])
    by_lever: dict[str, dict[str, str]] = {}
    for vignette in vignettes:
        name, _, where = vignette.name.partition(", ")
        by_lever.setdefault(name, {})[where.split()[-1]] = vignette.expect["default"]
    assert set(by_lever) == {name for name, lever in document.levers.items() if lever.domain}
    for name, answers in by_lever.items():
        assert {"at", "missing"} <= set(answers), name
        assert len({answers[word] for word in ("below", "at", "above") if word in answers}) > 1, (name, answers)
    for batch in batches(vignettes, document, READINGS):
        assert batch.failing(document) == []
        assert (batch.expected >= 0).all()


@pytest.mark.slow
def test_the_hand_written_vignettes_cover_both_readings_and_notice_every_slip() -> None:
    """Must show 4: 100 % while deciding, over the default and the strict reading; no slip survives without a reason."""
    document = policy.load("nerve_blocks")
    readings = {name: readings_for(document)[name] for name in ("default", "strict_reading")}
    everything = batches(read_vignettes([CASES]), document, readings)
    found = cover(document, everything, readings)
    assert found.uncovered == {}
    assert np.all([found.share(name)[0] > 270 for name in readings])
    verdicts = list(judge_all(document, everything, readings))
    assert [f"{v.mutant.place} {v.mutant.did}: {v.why}" for v in verdicts if v.word == "survived"] == []
    assert sum(v.word == "killed" for v in verdicts) > 480
