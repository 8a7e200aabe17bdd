"""Whichever way the answer takes, it is the same; and the object says which way it took, and why."""

from collections.abc import Callable

import numpy as np
import pytest

import policy
from benchmarks.answers import Answers
from policy.problems import ProblemsFound
from simulations.counting.data_cube import CLOSING
from tests.policy.near_misses import Draws
from tests.simulations.undocumented import base_settings, by_determining, chosen, moved, nerve_blocks, undocumented

POLICY = nerve_blocks()
BASE = POLICY.settings()
NUMERIC = [name for name, lever in POLICY.levers.items() if lever.domain]
Counts = Callable[[policy.Settings], np.ndarray]


def both(size: int = 400, repeat: int = 1, **options: object) -> tuple[Answers, Counts]:
    cases = undocumented(BASE, size, 3)
    cases = cases.take(np.tile(np.arange(size), repeat))
    answers = Answers(BASE, cases, **options)  # type: ignore[arg-type]
    return answers, lambda at: by_determining(cases, at)


def test_what_fits_is_looked_up():
    answers, expected = both(levers=["relief_pct", "conservative_weeks"])
    assert repr(answers).startswith("DataCube: 400 cases counted once at 297 settings of 2 levers")
    counted = answers.levels
    at = POLICY.settings({"relief_pct": 50, "conservative_weeks": 2, CLOSING: "not_met"})
    assert (answers.at(at) == expected(at)).all()
    assert answers.levels is counted


def test_a_lever_that_moves_later_joins():
    answers, expected = both(levers=["relief_pct"])
    at = POLICY.settings({"conservative_weeks": 2, "axial_spine_stance": "no_position"})
    assert (answers.at(at) == expected(at)).all()
    assert answers.levels is not None
    assert answers.levels.levers == ("relief_pct", "conservative_weeks", "axial_spine_stance")


def test_too_many_cells_leave_only_the_levers_being_moved():
    answers, expected = both(levers=["relief_pct", "conservative_weeks"], most_cells=30_000)
    at = POLICY.settings({"pain_duration_months": 1, "conservative_weeks": 2})
    assert (answers.at(at) == expected(at)).all()
    assert answers.levels is not None
    assert answers.levels.levers == ("pain_duration_months", "conservative_weeks")
    assert "only the levers being moved" in repr(answers)


def test_levers_that_never_fit_are_answered_by_profiles():
    answers, expected = both(repeat=8, most_cells=20_000)
    at = POLICY.settings({name: POLICY.levers[name].values()[-1] for name in NUMERIC[:5]})
    assert (answers.at(at) == expected(at)).all()
    assert repr(answers).startswith("Profiles: ")
    assert "4 levers would need more than 20,000 cells" in repr(answers)


def test_cases_all_unlike_are_determined_anew():
    answers, expected = both(most_cells=20_000)
    at = POLICY.settings({name: POLICY.levers[name].values()[-1] for name in NUMERIC[:5]})
    assert (answers.at(at) == expected(at)).all()
    assert repr(answers).startswith("Direct: 400 cases (")
    assert "profile of its own" in repr(answers)


def test_a_sweep_of_a_value_between_two_steps_is_refused():
    answers, _ = both(levers=["relief_pct"])
    with pytest.raises(ProblemsFound, match="'79' is between two steps; allowed 50 to 100 percent in steps of 5"):
        answers.sweep({"relief_pct": [79, 80]})


@pytest.mark.parametrize("most_cells", [1_000, 100_000, 1 << 24])
def test_sweeps_are_the_same_whatever_the_way(most_cells: int):
    answers, expected = both(size=300, repeat=5, most_cells=most_cells)
    draws = Draws(1)
    levers = ["conservative_weeks", "relief_pct", "pain_duration_months", "radiculopathy_action", CLOSING]
    settings = [moved(BASE, levers, draws) for _ in range(8)]
    swept = answers.sweep({lever: [at[lever] for at in settings] for lever in levers})
    for row, at in zip(swept, settings, strict=True):
        assert (row == expected(at)[0]).all()


def test_groups_and_unknown_names():
    answers, _ = both(groups=["diagnosis", "sex"])
    assert answers.at(BASE).shape == (len(answers.groups.frame()), 6)
    assert answers.at(BASE).sum() == 400
    with pytest.raises(ProblemsFound, match="reliefpct"):
        both(levers=["reliefpct"])
    with pytest.raises(ProblemsFound, match="no column to group by"):
        both(groups=["shoe_size"])


def test_what_does_not_fit_is_found_out_once(monkeypatch: pytest.MonkeyPatch):
    answers, expected = both(most_cells=20_000)
    at = POLICY.settings({name: POLICY.levers[name].values()[-1] for name in NUMERIC[:5]})
    assert (answers.at(at) == expected(at)).all()
    monkeypatch.setattr("benchmarks.answers.cells", None)
    monkeypatch.setattr("benchmarks.answers.Profiles", None)
    again = POLICY.settings({name: POLICY.levers[name].values()[0] for name in NUMERIC[:7]})
    assert (answers.at(again) == expected(again)).all()


@pytest.mark.slow
def test_a_long_run_of_all_ways():
    """20,000 cases, 200 settings of every stance: look-up, profiles and determinations agree."""
    draws = Draws(5)
    for seed in range(10):
        base = base_settings(seed)
        cases = undocumented(base, 2000, seed)
        answers = [Answers(base, cases, most_cells=most) for most in (0, 1 << 24)]
        for _ in range(20):
            at = moved(base, [*chosen(draws, 2, 6), CLOSING], draws)
            expected = by_determining(cases, at)
            assert all((one.at(at) == expected).all() for one in answers), at
