"""The contenders that need no other engine give every case the outcome that this package gives it."""

import numpy as np
import pandas as pd
import pytest
from simulations.counting.data_cube import Batch, DataCube

import policy
from benchmarks.cases import Columns
from benchmarks.in_duckdb import Compiled, DuckDB
from benchmarks.in_numpy import Numpy, NumpyByPathway
from benchmarks.in_pandas import Pandas
from benchmarks.measuring import shown
from simulations.counting.grouping import Groups
from tests.policy.near_misses import Draws
from tests.simulations.undocumented import base_settings, by_determining, chosen, moved, nerve_blocks, undocumented

POLICY = nerve_blocks()


@pytest.mark.parametrize("kind", [Numpy, NumpyByPathway, Pandas, DuckDB, Compiled])
@pytest.mark.parametrize("seed", range(4))
def test_outcomes_and_counts_at_random_settings(kind: type, seed: int):
    base, draws, groups = base_settings(seed), Draws(seed), Groups(POLICY, ("diagnosis", "sex"))
    cases = undocumented(base, 600, seed)
    contender = kind(Columns.of(cases, groups))
    for _ in range(3):
        at = moved(base, chosen(draws, 4, 8), draws)
        found = getattr(contender, "in_order", contender.determine)(at)
        assert np.array_equal(found, policy.determine(POLICY, cases, at).outcome), at
        assert np.array_equal(contender.counts(at), by_determining(cases, at, groups.of(cases), len(groups)))


def test_the_group_by_of_duckdb_stands_for_all_cases():
    base, levers = base_settings(1), ["conservative_weeks", "relief_pct", "pain_duration_months"]
    cases, draws = undocumented(base, 900, 1), Draws(1)
    duck = DuckDB(Columns.of(cases, Groups(POLICY)))
    rows, weights = duck.collapsed(duck.collapse(base, levers))
    assert weights.sum() == 900 > len(rows)
    found = DataCube.of(base, [Batch(cases.take(rows), weights)], levers)
    for _ in range(6):
        at = moved(base, levers, draws)
        assert (found.at(at) == by_determining(cases, at)).all()


def test_weights_are_counted():
    base = POLICY.settings()
    cases, times = undocumented(base, 200, 2), np.arange(200) % 3
    once = Columns.of(cases, Groups(POLICY), times)
    twice = Columns.of(cases.take(np.repeat(np.arange(200), times)), Groups(POLICY))
    for kind in (Numpy, DuckDB, Compiled):
        assert (kind(once).counts(base) == kind(twice).counts(base)).all()


def test_times_are_told_with_three_digits():
    assert [shown(seconds) for seconds in (1234.5, 0.0123456, 0.00000125)] == ["1,234 s", "12.3 ms", "1.25 µs"]


def test_nothing_is_missing_that_was_documented():
    cases = undocumented(POLICY.settings(), 300, 5)
    columns = Columns.of(cases, Groups(POLICY))
    frame = Pandas(columns).language.frame
    for name, values in columns.facts.items():
        assert pd.array(frame[name]).isna().sum() == (values < 0).sum()
