"""The contenders that need no other engine give every case the outcome that this package gives it."""

import re

import numpy as np
import pandas as pd
import pytest

import policy
from benchmarks.cases import Columns
from benchmarks.growth import held as held_megabytes
from benchmarks.in_duckdb import Compiled, DuckDB, OnParquet
from benchmarks.in_numpy import Numpy, NumpyByPathway
from benchmarks.in_pandas import Pandas
from benchmarks.measuring import Told, against, interleaved, middle, shown
from benchmarks.ours import Ours
from benchmarks.previous import CHANGED, alike, older
from policy.reading.loading import policy_file
from simulations.counting.grouping import Groups
from tests.policy.near_misses import Draws
from tests.simulations.undocumented import base_settings, by_determining, chosen, moved, nerve_blocks, undocumented

POLICY = nerve_blocks()
READ_THEN = {  # the keys of a policy document at the commit of version 2026.1.0
    "schema", "id", "version", "title", "status", "notice", "statements", "evidence", "references", "fields", "levers",
    "criteria", "diagnoses", "procedures", "code_notices", "gates", "pathways", "texts", "open_questions", "examples",
}  # fmt: skip


@pytest.mark.parametrize("kind", [Numpy, NumpyByPathway, Pandas, DuckDB, OnParquet, Compiled])
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


@pytest.mark.parametrize("seed", range(2))
def test_every_form_of_this_package_gives_the_same(seed: int):
    draws, groups = Draws(seed), Groups(POLICY, ("diagnosis", "sex"))
    cases = undocumented(base_settings(seed), 600, seed)
    ours = Ours(cases, groups)
    for _ in range(3):
        at = moved(ours.base, chosen(draws, 4, 8), draws)
        wanted = policy.determine(POLICY, cases, at).outcome
        for form in (ours.once, ours.anew, ours.determine):
            assert np.array_equal(form(at), wanted), form
        assert np.array_equal(ours.counts(at), by_determining(cases, at, groups.of(cases), len(groups)))


def test_what_a_moved_lever_needs_is_made_anew_each_time():
    ours = Ours(undocumented(POLICY.settings(), 300, 3), Groups(POLICY, ("sex",)))
    counted, at = ours.by_group, policy.Settings(POLICY, {**ours.base, "relief_pct": 60})
    held = [{what: [*values] for what, values in made.items()} for made in counted.base]
    before = held_megabytes(counted)
    assert isinstance(counted.moved([at, at]), Told)
    assert held_megabytes(counted) > before > 0, "planes of another value are held beside those of the defaults"
    assert any(len(values) > 1 for rows in counted.rows for values in rows._made.values())
    counted.forget()
    assert [{what: [*values] for what, values in rows._made.items()} for rows in counted.rows] == held
    assert not any(pathway._known for pathway in counted.counts._pathways)
    names = {what for rows in counted.rows for what in rows._made if isinstance(what, str)}
    assert names <= {*POLICY.criteria}, "what rules made of the planes is at hand too"


def test_a_sweep_is_counted_value_by_value_and_shares_combination_by_combination():
    ours = Ours(cases := undocumented(POLICY.settings(), 300, 4), Groups(POLICY))
    levers = {name: list(POLICY.levers[name].values()) for name in ("relief_pct", "axial_spine_stance")}
    every = [policy.Settings(POLICY, {**ours.base, name: v}) for name, values in levers.items() for v in values]
    assert np.array_equal(ours.sweep(levers), np.concatenate([by_determining(cases, at) for at in every]))
    moves = {"relief_pct": 50, "axial_spine_stance": levers["axial_spine_stance"][-1]}
    both = policy.Settings(POLICY, {**ours.base, **moves})
    assert ours.shares(moves)[[0, 3]].tolist() == [by_determining(cases, at)[0, 0] for at in (ours.base, both)]


def test_version_2026_1_is_given_the_same_policy_without_what_it_does_not_read(tmp_path):
    text = policy_file("nerve_blocks").read_text("utf-8")
    assert set(re.findall(r"^(\w+):", older(text), re.M)) <= READ_THEN  # any other key it refuses
    (tmp_path / "older.yaml").write_text(older(text), "utf-8")
    found = policy.load(tmp_path / "older.yaml")
    assert found.levers == POLICY.levers
    assert found.pathways == POLICY.pathways
    assert found.criteria == POLICY.criteria


def test_answers_of_version_2026_1_are_compared_where_both_mean_the_same():
    at = policy.Settings(POLICY, {**POLICY.settings(), CHANGED: "review", "relief_pct": 60})
    assert alike(at) == policy.Settings(POLICY, {**POLICY.settings(), "relief_pct": 60})


def test_a_run_may_say_its_own_seconds_and_ratios_are_round_by_round():
    said = iter([2.0, 6.0, 8.0])
    one, other = interleaved("t", {"a": lambda _: Told(next(said)), "b": lambda i: Told(i + 1)}, 3, {"b": (2, "half")})
    assert (one.rounds, other.rounds, other.of) == ([2.0, 6.0, 8.0], [2.0, 4.0, 6.0], "half")
    assert (middle(one.record()), against(one.record(), other.record())) == (6.0, pytest.approx(8 / 6))


def test_times_are_told_with_three_digits():
    assert [shown(seconds) for seconds in (1234.5, 0.0123456, 0.00000125)] == ["1,234 s", "12.3 ms", "1.25 µs"]


def test_nothing_is_missing_that_was_documented():
    cases = undocumented(POLICY.settings(), 300, 5)
    columns = Columns.of(cases, Groups(POLICY))
    frame = Pandas(columns).language.frame
    for name, values in columns.facts.items():
        assert pd.array(frame[name]).isna().sum() == (values < 0).sum()
