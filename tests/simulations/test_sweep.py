"""Sweeps, grids and rankings against determining every case at every setting."""

import numpy as np
import pytest

from policy.determinations.determination import determine
from policy.model import OUTCOMES, Settings, as_word
from policy.problems import ProblemsFound
from simulations import ask
from simulations.studies.comparison import Study
from simulations.studies.sweep import Flows, grid, ranking, sweep


@pytest.fixture(scope="module")
def study() -> Study:
    return ask(provisions={"conservative_weeks": 8}, size=1500)


def at(study: Study, **values: object) -> Settings:
    return Settings(study.scenario.policy, {**study.scenario, **values})


def flow(study: Study, **values: object) -> np.ndarray:
    (part,) = study.cases.slices()
    before, after = (
        determine(study.policy, part, s, asking=False).outcome for s in (study.baseline, at(study, **values))
    )
    return np.bincount(6 * before.astype(int) + after, minlength=36).reshape(6, 6)


@pytest.mark.parametrize(
    "lever", ["conservative_weeks", "axial_spine_stance", "max_sessions_12m", "undocumented_action"]
)
def test_every_value_has_the_flow_of_determining_the_cases(study: Study, lever: str):
    table = sweep(study, lever)
    values = study.policy.levers[lever].values()
    assert list(table["value"]) == [as_word(value) for value in values]
    flows = Flows.of(study.baseline, study.scenario, study.cases)
    for value, row in zip(values, table.to_dict("records"), strict=True):
        expected = flow(study, **{lever: value})
        assert (flows.at(**{lever: value}) == expected).all()
        assert [row[w] for w in OUTCOMES] == expected.sum(axis=0).tolist()
        assert row["cases"] == 1500 == sum(row[w] for w in OUTCOMES)
        assert row["moved"] == 1500 - np.trace(expected)
        assert row["change_points"] == pytest.approx(100 * (expected[:, 0].sum() - expected[0].sum()) / 1500, abs=1e-4)


def test_the_baseline_and_the_scenario_are_marked_once_and_the_baseline_changes_nothing(study: Study):
    table = sweep(study, "conservative_weeks").set_index("value")
    assert table.index[table["is_baseline"]].tolist() == ["6"]
    assert table.index[table["is_scenario"]].tolist() == ["8"]
    assert table.loc["6", ["change_points", "change_low", "change_high", "moved"]].tolist() == [0, 0, 0, 0]
    change = study.impact.rates()[2]
    assert table.loc["8", "change_low"] == pytest.approx(100 * change.low, abs=1e-4)


def test_a_grid_holds_every_pair(study: Study):
    table = grid(study, "conservative_weeks", "relief_pct")
    assert len(table) == 27 * 11
    assert (table[list(OUTCOMES)].sum(axis=1) == 1500).all()
    rng = np.random.default_rng(5)
    for row in table.iloc[rng.choice(len(table), 6, replace=False)].to_dict("records"):
        values = {name: int(row[name]) for name in ("conservative_weeks", "relief_pct")}
        assert [row[w] for w in OUTCOMES] == flow(study, **values).sum(axis=0).tolist()


def test_a_grid_of_choices_and_off(study: Study):
    table = grid(study, "max_sessions_12m", "rfa_stance")
    row = table[(table["max_sessions_12m"] == "off") & (table["rfa_stance"] == "never_outside_trial")]
    expected = flow(study, max_sessions_12m=None, rfa_stance="never_outside_trial").sum(axis=0)
    assert row[list(OUTCOMES)].to_numpy().ravel().tolist() == expected.tolist()


def test_levers_are_ranked_by_what_every_value_does(study: Study):
    table = ranking(study)
    assert sorted(table["lever"]) == sorted(study.policy.levers)
    order = list(zip(table["swing_points"], table["moved_most"], strict=True))
    assert order == sorted(order, reverse=True)
    (part,) = study.cases.slices()
    here = determine(study.policy, part, study.scenario, asking=False).outcome
    for row in table.iloc[::5].to_dict("records"):
        lever = study.policy.levers[row["lever"]]
        found = {
            lever.in_words(v): determine(study.policy, part, at(study, **{row["lever"]: v}), asking=False).outcome
            for v in lever.values()
        }
        met = {shown: int((outcome == 0).sum()) for shown, outcome in found.items()}
        assert row["swing_points"] == pytest.approx(100 * (max(met.values()) - min(met.values())) / 1500, abs=1e-6)
        assert row["moved_most"] == max(int((outcome != here).sum()) for outcome in found.values())
        assert met[row["down_at"]] == min(met.values())
        assert met[row["up_at"]] == max(met.values())


def test_a_lever_that_decides_nothing_scores_exactly_0(study: Study):
    """Under the conditional stance the exemption of diagnostic blocks is read by nobody."""
    row = ranking(study).set_index("lever").loc["diagnostic_block_exempt"]
    assert row[["swing_points", "down_points", "up_points", "moved_most"]].tolist() == [0, 0, 0, 0]
    assert row["down_at"] == row["up_at"] == row["moved_at"] == row["here"]


def test_unknown_levers_are_refused_with_the_nearest_name(study: Study):
    with pytest.raises(ProblemsFound, match="did you mean conservative_weeks"):
        sweep(study, "conservative_week")
    with pytest.raises(ProblemsFound, match="named twice"):
        grid(study, "relief_pct", "relief_pct")
