"""Weighted cases give the counts of all cases, whatever moves, however they came in batches."""

import numpy as np
import pandas as pd
import pytest

import policy
from policy.problems import ProblemsFound
from simulations.counting.data_cube import CLOSING, Batch, DataCube
from simulations.counting.grouping import Groups
from simulations.counting.profiles import Profiles, joined
from tests.policy.near_misses import Draws
from tests.sampling import some
from tests.simulations.undocumented import base_settings, by_determining, chosen, moved, nerve_blocks, undocumented

POLICY = nerve_blocks()
SIZE = 1200


def batches(cases: policy.Cases, size: int) -> list[Batch]:
    return [Batch(cases.take(np.arange(start, min(start + size, SIZE)))) for start in range(0, SIZE, size)]


@pytest.mark.parametrize("seed", some(range(6), 1))
@pytest.mark.parametrize("all_levers", [True, False])
def test_any_lever_at_any_value(seed: int, all_levers: bool):
    base, draws = base_settings(seed), Draws(seed)
    moving = list(POLICY.levers) if all_levers else chosen(draws, 3, 4)
    cases = undocumented(base, SIZE, seed)
    groups = Groups(POLICY, ("diagnosis", "sex")) if seed % 2 else Groups(POLICY)
    found = Profiles.of(base, batches(cases, 500 if seed % 3 else SIZE), None if all_levers else moving, groups)
    labels = groups.of(cases) if seed % 2 else None
    assert (found.cases, int(found.batch.weights.sum())) == (SIZE, SIZE)
    for _ in range(6):
        at = moved(base, [*moving, CLOSING], draws)
        assert (found.at(at) == by_determining(cases, at, labels, len(groups))).all(), at


def test_fewer_levers_fewer_profiles():
    base = POLICY.settings()
    cases = undocumented(base, SIZE, 3)
    sizes = [len(Profiles.of(base, [Batch(cases)], moving)) for moving in (None, ["relief_pct", "relief_rule"], [])]
    assert SIZE > sizes[0] > sizes[1] > sizes[2] > 20


def test_cases_that_are_alike_are_one():
    base = POLICY.settings()
    cases = undocumented(base, 300, 6)
    once = Profiles.of(base, [Batch(cases)])
    again = Profiles.of(base, [Batch(cases.take(np.repeat(np.arange(300), 5)))])
    assert len(again) == len(once)
    assert again.counts(base) == {word: 5 * count for word, count in once.counts(base).items()}


def test_means_of_facts_are_told_apart():
    """82 and 78 are 80 on average; 81 and 78 fall into the same steps of 5 each, and are not."""
    case = {"dx": "M54.2", "cpt": "64633", "diagnostic_blocks_done": 2, "blocks_comparative": "true"}
    case |= {"pain_duration_days": 200, "conservative_care_days": 90, "conservative_care_failed": "true"}
    case |= {"tried_nsaid": "true", "function_limited": "true", "imaging_other_cause": "false"}
    case |= {"radiculopathy": "false", "image_guidance": "ct", "block_1_relief_pct": 82, "block_2_relief_pct": 78}
    frame = pd.DataFrame([{"case_id": str(i), **case, "block_1_relief_pct": 82 - i} for i in range(3)])
    cases = policy.Cases.from_frame(frame.astype(str), POLICY)
    base = POLICY.settings({"relief_rule": "mean"})
    assert (
        Profiles.of(base, [Batch(cases)], ["relief_pct"]).counts(base) == policy.determine(POLICY, cases, base).counts()
    )
    assert policy.determine(POLICY, cases, base).counts()["met"] == 1
    assert len(Profiles.of(POLICY.settings(), [Batch(cases)], ["relief_pct"])) == 1


def test_levels_of_profiles_are_levels_of_the_cases():
    base, draws = base_settings(8), Draws(8)
    cases = undocumented(base, SIZE, 8)
    levers = ["conservative_weeks", "relief_pct", "diagnostic_blocks_required"]
    small = Profiles.of(base, [Batch(cases)], levers)
    assert len(small) < SIZE
    assert len(Profiles.of(base, [Batch(cases.take(np.tile(np.arange(SIZE), 2)))], levers)) == len(small)
    found, whole = DataCube.of(base, [small.batch], levers), DataCube.of(base, [Batch(cases)], levers)
    for _ in range(10):
        at = moved(base, levers, draws)
        assert (found.at(at) == whole.at(at)).all()


def test_what_was_frozen_is_refused():
    base = POLICY.settings()
    found = Profiles.of(base, [Batch(undocumented(base, 50, 1))], ["relief_pct"])
    assert repr(found).endswith("weighted cases for 50, exact while 1 levers move")
    with pytest.raises(ProblemsFound, match="frozen"):
        found.at(POLICY.settings({"conservative_weeks": 8}))
    with pytest.raises(ProblemsFound, match="no cases"):
        Profiles.of(base, [])


def test_joined_batches_keep_their_order():
    base = POLICY.settings()
    cases = undocumented(base, SIZE, 7)
    whole = joined(batches(cases, 400))
    assert list(whole.cases.ids) == list(cases.ids)
    assert list(whole.cases.dx) == list(cases.dx)
    assert all((whole.cases.facts[name] == cases.facts[name]).all() for name in cases.facts)
    assert list(whole.cases.groups["group_site"]) == list(cases.groups["group_site"])
    assert (whole.weights == 1).all()


def test_cases_laid_out_for_other_settings_before():
    first, base = POLICY.settings({"conservative_weeks": 12, "axial_spine_stance": "no_position"}), POLICY.settings()
    batch = Batch(undocumented(base, SIZE, 4))
    DataCube.of(first, [batch], ["relief_pct"])
    there = POLICY.settings({"relief_pct": 60})
    assert Profiles.of(base, [batch], ["relief_pct"]).at(there).tolist() == by_determining(batch.cases, there).tolist()
