"""Look-ups are what determining every case would give: at every value, for every group, for weighted cases too."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

import policy
from policy.problems import ProblemsFound
from simulations.counting import data_cube as module
from simulations.counting.axes import Roles, in_order, stricter
from simulations.counting.data_cube import CLOSING, Batch, DataCube
from simulations.counting.grouping import Groups
from simulations.counting.profiles import Profiles
from tests.policy.near_misses import Draws
from tests.sampling import some
from tests.simulations.undocumented import base_settings, by_determining, chosen, moved, nerve_blocks, undocumented

POLICY = nerve_blocks()
NUMERIC = [name for name, lever in POLICY.levers.items() if lever.domain]
OTHER = [name for name in POLICY.levers if name not in (*NUMERIC, CLOSING)]
SIZE = 1200


def faults(base: policy.Settings, levers: Sequence[str], seed: int, tries: int) -> list[str]:
    """Settings at which levels and determinations differ."""
    draws, cases = Draws(seed), undocumented(base, SIZE, seed)
    found = DataCube.of(base, [Batch(cases)], levers)
    wrong = []
    for _ in range(tries):
        at = moved(base, [*levers, CLOSING], draws)
        if (found.at(at) != by_determining(cases, at)).any():
            wrong.append(f"{levers}: {at!r}")
    return wrong


@pytest.mark.parametrize("seed", range(8))
def test_random_levers_at_random_values(seed: int):
    draws = Draws(100 + seed)
    levers = chosen(draws, draws.one([1, 2, 3]), draws.one([0, 1, 2]))
    assert not faults(base_settings(seed), levers, seed, 6)


@pytest.mark.parametrize("lever", OTHER)
def test_every_value_of_every_stance_and_choice(lever: str):
    """Each with a threshold that the same requests read."""
    base, seed = base_settings(len(lever)), len(lever)
    cases = undocumented(base, 600, seed)
    found = DataCube.of(base, [Batch(cases)], [lever, "conservative_weeks"])
    for value in POLICY.levers[lever].values():
        at = policy.Settings(POLICY, {**base, lever: value, "conservative_weeks": 4})
        assert (found.at(at) == by_determining(cases, at)).all(), value


@pytest.mark.parametrize("lever", some(NUMERIC, 4))
def test_every_value_of_every_threshold(lever: str):
    base = POLICY.settings({"repeat_min_weeks": 4} if lever != "repeat_min_weeks" else {})
    cases = undocumented(base, 500, NUMERIC.index(lever))
    found = DataCube.of(base, [Batch(cases)], [lever])
    values = POLICY.levers[lever].values()
    counts = [found.at(policy.Settings(POLICY, {**base, lever: value})) for value in values]
    for value, count in zip(values, counts, strict=True):
        assert (count == by_determining(cases, policy.Settings(POLICY, {**base, lever: value}))).all(), value
    if lever == "conservative_weeks":
        assert len({tuple(count[0]) for count in counts}) > 3


@pytest.mark.slow
def test_levels_profiles_and_determinations_at_every_setting():
    """All settings of four levers, by brute force."""
    base = POLICY.settings({"axial_spine_stance": "never_outside_trial"})
    levers = ["conservative_modalities_min", "diagnostic_blocks_required", "relief_rule", "radiculopathy_action"]
    values = [POLICY.levers[lever].values() for lever in levers]
    cases = undocumented(base, 400, 11)
    found, profiles = DataCube.of(base, [Batch(cases)], levers), Profiles.of(base, [Batch(cases)], levers)
    seen = set()
    for combination in itertools.product(*values):
        at = policy.Settings(POLICY, {**base, **dict(zip(levers, combination, strict=True))})
        expected = by_determining(cases, at)
        assert (found.at(at) == expected).all(), at
        assert (profiles.at(at) == expected).all(), at
        seen.add(tuple(expected[0].tolist()))
    assert len(seen) > 10


def test_many_groups_and_few_cases():
    """More counts than cases, and members that come with a later batch."""
    base, levers, draws = base_settings(6), ["conservative_weeks", "pain_duration_months", "relief_pct"], Draws(6)
    cases = undocumented(base, 300, 6)
    cases.groups["group_site"] = pd.Categorical([str(i % 150) for i in range(300)])
    groups = Groups(POLICY, ("group_site",))
    halves = [Batch(cases.take(np.arange(start, start + 100))) for start in (0, 100, 200)]
    found = DataCube.of(base, halves, levers, groups)
    labels = groups.of(cases)
    assert len(groups) == 150
    for _ in range(4):
        at = moved(base, levers, draws)
        assert (found.at(at) == by_determining(cases, at, labels, 150)).all()


def test_groups_come_along():
    base, draws = base_settings(4), Draws(4)
    cases = undocumented(base, SIZE, 4)
    groups = Groups(POLICY, ("diagnosis", "procedure", "sex", "group_site"))
    levers = ["pain_duration_months", "relief_pct"]
    found = DataCube.of(base, [Batch(cases)], levers, groups)
    labels = Groups(POLICY, groups.names, dict(groups.numbers)).of(cases)
    for _ in range(4):
        at = moved(base, levers, draws)
        assert (found.at(at) == by_determining(cases, at, labels, len(groups))).all()
    frame = groups.frame()
    assert len(frame) == len(found.fixed) > 60
    first = [
        {"": "", "M54.2": "neck_pain", "G50.0": "trigeminal_neuralgia", "M79.7": "fibromyalgia"}.get(code)
        for code in cases.dx
    ]
    for row, code in enumerate(first):
        assert code is None or frame["diagnosis"][labels[row]] == code
    sexes = POLICY.fields_["sex"].choices
    assert set(frame["sex"]) == {"", *sexes[:2]}
    for row in range(0, SIZE, 100):
        value = int(cases.facts["sex"][row])
        assert frame["sex"][labels[row]] == ("" if value < 0 else sexes[value])
        assert frame["group_site"][labels[row]] == str(cases.groups["group_site"][row])


def test_batches_and_weights_add_up():
    base, levers = base_settings(2), ["conservative_weeks", "diagnostic_blocks_required"]
    cases = undocumented(base, SIZE, 2)
    groups = Groups(POLICY, ("diagnosis", "sex"))
    whole = DataCube.of(base, [Batch(cases)], levers, groups)
    parts = [Batch(cases.take(np.arange(start, min(start + 250, SIZE)))) for start in range(0, SIZE, 250)]
    split = DataCube.of(base, parts, levers, Groups(POLICY, groups.names))
    times = np.arange(SIZE) % 4
    doubled = DataCube.of(base, [Batch(cases.take(np.repeat(np.arange(SIZE), times)))], levers)
    weighted = DataCube.of(base, [Batch(cases, times)], levers)
    draws = Draws(2)
    for _ in range(5):
        at = moved(base, levers, draws)
        order = [split.groups.numbers[label] for label in groups.numbers]
        assert (whole.at(at) == split.at(at)[order]).all()
        assert (weighted.at(at) == doubled.at(at)).all()
    assert (whole.cases, weighted.cases) == (SIZE, int(times.sum()))


def test_a_sweep_is_many_look_ups():
    base, draws = base_settings(9), Draws(9)
    levers = ["conservative_weeks", "max_sessions_12m", "axial_spine_stance", "diagnostic_blocks_required"]
    cases = undocumented(base, SIZE, 9)
    found = DataCube.of(base, [Batch(cases)], levers, Groups(POLICY, ("diagnosis",)))
    settings = [moved(base, [*levers, CLOSING], draws) for _ in range(60)]
    values = {lever: [at[lever] for at in settings] for lever in (*levers, CLOSING)}
    swept = found.sweep(values)
    assert swept.shape == (60, 6)
    assert len(np.unique(swept, axis=0)) > 10
    for row, at in zip(swept, settings, strict=True):
        assert row.tolist() == list(found.counts(at).values())
    assert (found.sweep({}) == list(found.counts(base).values())).all()


def test_what_was_not_counted_is_refused():
    base = POLICY.settings()
    found = DataCube.of(base, [Batch(undocumented(base, 50, 1))], ["relief_pct"])
    assert found.covers(POLICY.settings({"relief_pct": 70, CLOSING: "not_met"}))
    with pytest.raises(ProblemsFound, match="conservative_weeks was frozen"):
        found.at(POLICY.settings({"conservative_weeks": 8}))
    with pytest.raises(ProblemsFound, match="frozen: conservative_weeks"):
        found.sweep({"conservative_weeks": [8]})
    with pytest.raises(ProblemsFound, match="differ in length"):
        found.sweep({"relief_pct": [50, 60], CLOSING: ["pend"]})
    with pytest.raises(ProblemsFound, match="relief_percent"):
        DataCube.of(base, [], ["relief_percent"])
    with pytest.raises(ProblemsFound, match="'colour' is no column to group by"):
        DataCube.of(base, [Batch(undocumented(base, 50, 1))], ["relief_pct"], Groups(POLICY, ("colour",)))


def test_too_many_cells_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch):
    base = POLICY.settings()
    batch = Batch(undocumented(base, 50, 1))
    assert module.cells(base, batch, NUMERIC, Groups(POLICY)) > module.MOST_CELLS
    with pytest.raises(ProblemsFound, match="too many combinations"):
        DataCube.of(base, [batch], NUMERIC)
    planned = module.cells(base, batch, ["relief_pct"], Groups(POLICY))
    assert planned >= DataCube.of(base, [batch], ["relief_pct"]).cells > 0


def test_the_parts_that_levers_play():
    rules = {name: pathway.rule for name, pathway in POLICY.pathways.items()}
    play = Roles.of(POLICY, rules["spine_facet_ablation"], POLICY.levers)
    assert play.axes == (
        *("pain_duration_months", "conservative_weeks", "conservative_modalities_min", "relief_pct"),
        *("repeat_min_relief_pct", "repeat_min_weeks", "max_sessions_12m"),
    )
    assert set(play.choices) == {
        *("pain_duration_operator", "contraindication_counts_as_met", "relief_rule", "diagnostic_blocks_required"),
        *("rfa_stance", "radiculopathy_action"),
    }
    assert Roles.of(POLICY, rules["spine_trigeminal_block"], POLICY.levers) == Roles((), ())
    assert "g43819_mapping" in Roles.of(POLICY, rules["migraine_occipital_block"], POLICY.levers).choices
    assert Roles.of(POLICY, rules["migraine_trigger_point"], ["g43819_mapping"], ["g43819_mapping"]).choices


def test_values_run_from_lenient_to_strict():
    assert in_order(POLICY, "max_sessions_12m")[:3] == [None, 12, 11]
    assert in_order(POLICY, "repeat_min_weeks")[:3] == [None, 0, 1]
    assert in_order(POLICY, "relief_pct")[-1] == 100


LESS = {"less_than": {"sessions_last_12m": "max_sessions_12m"}}
MORE = {"at_least": {"conservative_care_days": "conservative_weeks"}}
TRIED = {"is": {"tried_nsaid": "true"}}


@pytest.mark.parametrize(
    ("test", "lever", "expected"),
    [
        (MORE, "conservative_weeks", True),
        (LESS, "max_sessions_12m", True),
        ({"less_than": {"conservative_care_days": "conservative_weeks"}}, "conservative_weeks", False),
        ({"at_least": {"sessions_last_12m": "max_sessions_12m"}}, "max_sessions_12m", False),
        ({"none_of": [MORE]}, "conservative_weeks", False),
        ({"any_of": [TRIED, {"all_of": [MORE, LESS]}]}, "conservative_weeks", True),
        ({"any_of": [TRIED, {"none_of": [MORE]}]}, "conservative_weeks", False),
        ({"count": {"at_least": "conservative_modalities_min", "of": [TRIED]}}, "conservative_modalities_min", True),
        ({"count": {"at_least": "1", "of": [MORE, TRIED]}}, "conservative_weeks", True),
        ({"lever": {"conservative_weeks": "6"}}, "conservative_weeks", False),
    ],
)
def test_what_only_gets_stricter(test: dict[str, object], lever: str, expected: bool):
    assert stricter(POLICY, policy.model.test_of(test), lever) is expected


def altered(**criteria: dict[str, object]) -> policy.Policy:
    """The shipped policy with other tests for some criteria."""
    changed = {
        name: POLICY.criteria[name].model_copy(update={"test": policy.model.test_of(test)})
        for name, test in criteria.items()
    }
    return POLICY.model_copy(update={"criteria": POLICY.criteria | changed})


@pytest.mark.parametrize(
    "tests",
    [
        {"function_limited": {"none_of": [MORE]}},  # not monotone: counted for each value
        {"pain_duration": {"any_of": [MORE, {"at_least": {"block_1_relief_pct": "relief_pct"}}]}},  # no box
        {"trigger_points": {"count": {"at_least": "2", "of": [MORE, TRIED, {"is": {"function_limited": "true"}}]}}},
        {"radiculopathy_present": MORE, "imaging_clear": MORE},  # a step that hangs on an axis
    ],
)
def test_other_trees_are_counted_right(tests: dict[str, dict[str, object]]):
    other, base = altered(**tests), POLICY.settings()
    cases = undocumented(base, 800, 5)
    cases.policy = other
    levers = ["conservative_weeks", "relief_pct"]
    frozen = other.settings()
    found = DataCube.of(frozen, [Batch(cases)], levers)
    seen = set()
    for weeks, relief in itertools.product([0, 5, 6, 7, 26], [50, 80, 100]):
        at = other.settings({"conservative_weeks": weeks, "relief_pct": relief})
        expected = policy.determine(other, cases, at).counts()
        assert found.counts(at) == expected, (weeks, relief)
        seen.add(tuple(expected.values()))
    assert len(seen) > 3


def test_it_says_what_it_is():
    base = POLICY.settings()
    found = DataCube.of(base, [Batch(undocumented(base, 50, 1))], ["relief_pct", "conservative_weeks"])
    assert repr(found).startswith("DataCube: 50 cases counted once at 297 settings of 2 levers")
