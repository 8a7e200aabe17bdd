"""Counts are what determining every case would give: at every value, for every group, for weighted cases too."""

import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import policy
from policy.determinations.results import UNREAD
from policy.problems import ProblemsFound
from simulations import population
from simulations.counting import counts as module
from simulations.counting.counts import CLOSING, Batch, Counts, together
from simulations.counting.grouping import Groups
from simulations.counting.streaming import drawn
from simulations.studies.impact import compare
from tests.policy.near_misses import Draws
from tests.sampling import some
from tests.simulations.undocumented import base_settings, by_determining, chosen, moved, nerve_blocks, undocumented

POLICY = nerve_blocks()
NUMERIC = [name for name, lever in POLICY.levers.items() if lever.domain]
OTHER = [name for name in POLICY.levers if name not in (*NUMERIC, CLOSING)]
SIZE = 1200


def counts_of(*batches: Batch, by: tuple[str, ...] = ()) -> Counts:
    return Counts.of(batches, Groups(POLICY, by))


@pytest.mark.parametrize("seed", range(4))
def test_random_settings_of_all_levers(seed: int):
    """What was found before, for other settings, changes nothing of what is found next."""
    draws, base = Draws(100 + seed), base_settings(seed)
    cases = undocumented(base, SIZE, seed)
    found = counts_of(Batch(cases))
    for _ in range(12):
        few = moved(base, chosen(draws, 2, 2), draws)
        at = few if draws.rng.random() < 0.5 else moved(base, POLICY.levers, draws)
        assert (found.at(at) == by_determining(cases, at)).all(), at


@pytest.mark.parametrize("lever", some(list(POLICY.levers), 6))
def test_every_value_of_every_lever(lever: str):
    """Back and forth, beside a threshold that the same requests read."""
    base = base_settings(len(lever))
    cases = undocumented(base, 400, len(lever))
    found = counts_of(Batch(cases))
    values = POLICY.levers[lever].values()
    for value in [*values, *values[::-3]]:
        at = policy.Settings(POLICY, {**base, lever: value, **({"conservative_weeks": 4} if lever in OTHER else {})})
        assert (found.at(at) == by_determining(cases, at)).all(), value


@pytest.mark.parametrize("name", sorted({name.partition("@")[0] for name in policy.shipped()}))
def test_any_policy_back_and_forth(name: str):
    """One, two or many levers at a time, so that a branch whose levers stand as before may be taken as it was."""
    document = policy.load(name)
    page = population.load(population.default_for(document), document)
    cases = drawn(document, page, 0, 600, 3)
    found, rng, levers = Counts.of([Batch(cases)], Groups(document)), np.random.default_rng(5), document.levers
    at, seen = document.settings(), set()
    for turn in range(24):
        few = rng.choice(list(levers), 1 + turn % 2 if turn % 4 else len(levers) // 2, replace=False)
        values = {lever: levers[lever].values()[rng.integers(len(levers[lever].values()))] for lever in few}
        at = policy.Settings(document, {**(at if turn % 3 else document.settings()), **values})
        expected = policy.determine(document, cases, at).counts()
        assert found.counts(at) == expected, at
        seen.add(tuple(expected.values()))
    assert len(seen) > 5


@pytest.mark.slow
def test_every_setting_of_four_levers():
    """By brute force."""
    base = POLICY.settings({"axial_spine_stance": "never_outside_trial"})
    levers = ["conservative_modalities_min", "diagnostic_blocks_required", "relief_rule", "radiculopathy_action"]
    values = [POLICY.levers[lever].values() for lever in levers]
    cases = undocumented(base, 400, 11)
    found, seen = counts_of(Batch(cases)), set()
    for combination in itertools.product(*values):
        at = policy.Settings(POLICY, {**base, **dict(zip(levers, combination, strict=True))})
        expected = by_determining(cases, at)
        assert (found.at(at) == expected).all(), at
        seen.add(tuple(expected[0].tolist()))
    assert len(seen) > 10


def test_many_groups_and_few_cases():
    """More counts than cases, and members that come with a later batch."""
    base, levers, draws = base_settings(6), ["conservative_weeks", "pain_duration_months", "relief_pct"], Draws(6)
    cases = undocumented(base, 300, 6)
    cases.groups["group_site"] = pd.Categorical([str(i % 150) for i in range(300)])
    groups = Groups(POLICY, ("group_site",))
    halves = [Batch(cases.take(np.arange(start, start + 100))) for start in (0, 100, 200)]
    found = Counts.of(halves, groups)
    labels = groups.of(cases)
    assert len(groups) == 150
    for _ in range(4):
        at = moved(base, levers, draws)
        assert (found.at(at) == by_determining(cases, at, labels, 150)).all()


def test_as_many_groups_as_cases():
    """More pathways times groups than 16 bits can number."""
    base, draws = base_settings(3), Draws(3)
    cases = undocumented(base, 4_000, 3)
    cases.groups["group_site"] = pd.Categorical([f"{i}" for i in range(4_000)])
    groups = Groups(POLICY, ("group_site",))
    found = Counts.of([Batch(cases)], groups)
    for at in (base, moved(base, ["relief_pct", "conservative_weeks"], draws)):
        assert (found.at(at) == by_determining(cases, at, groups.of(cases), 4_000)).all()


def test_groups_come_along():
    base, draws = base_settings(4), Draws(4)
    cases = undocumented(base, SIZE, 4)
    groups = Groups(POLICY, ("diagnosis", "procedure", "sex", "group_site"))
    levers = ["pain_duration_months", "relief_pct"]
    found = Counts.of([Batch(cases)], groups)
    labels = Groups(POLICY, groups.names, dict(groups.numbers)).of(cases)
    for _ in range(4):
        at = moved(base, levers, draws)
        assert (found.at(at) == by_determining(cases, at, labels, len(groups))).all()
    frame = groups.frame()
    assert len(frame) == len(found.at(base)) > 60
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


def test_batches_and_weights_add_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LAID_OUT", 400)  # so that several are laid out, some of them of two batches
    base, levers = base_settings(2), ["conservative_weeks", "diagnostic_blocks_required"]
    cases = undocumented(base, SIZE, 2)
    groups = Groups(POLICY, ("diagnosis", "sex"))
    whole = Counts.of([Batch(cases)], groups)
    parts = [Batch(cases.take(np.arange(start, min(start + 250, SIZE)))) for start in range(0, SIZE, 250)]
    split = counts_of(*parts, by=groups.names)
    times = np.arange(SIZE) % 4
    doubled = counts_of(Batch(cases.take(np.repeat(np.arange(SIZE), times))))
    weighted = counts_of(Batch(cases, times))
    draws = Draws(2)
    for _ in range(5):
        at = moved(base, levers, draws)
        order = [split.groups.numbers[label] for label in groups.numbers]
        assert (whole.at(at) == split.at(at)[order]).all()
        assert (weighted.at(at) == doubled.at(at)).all()
    assert (whole.cases, weighted.cases) == (SIZE, int(times.sum()))


def test_what_is_kept_of_a_case(monkeypatch: pytest.MonkeyPatch):
    """Far fewer bytes than its facts have, and while cases are laid out hardly more than what is laid out together."""
    monkeypatch.setattr(module, "LAID_OUT", 20_000)
    cases = undocumented(POLICY.settings(), 10_000, 8)
    facts = sum(values.itemsize for values in cases.facts.values())
    by = Groups(POLICY, ("diagnosis", "sex"))
    Counts.of([Batch(cases)], by).counts(POLICY.settings())  # what is remembered of the policy
    tracemalloc.start()
    try:
        found = Counts.of((Batch(cases.take(np.arange(10_000))) for _ in range(20)), by)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.cases == 200_000
    assert kept / found.cases < facts / 2
    assert most - kept < 20_000 * facts * 4


def touched(one: policy.Determinations, other: policy.Determinations) -> int:
    """Cases of which something differs, column by column."""
    differs = (one.outcome != other.outcome) | (one.ask != other.ask) | (one.closed != other.closed)
    unread = np.full(len(one.outcome), UNREAD)
    for name in POLICY.criteria:
        differs |= one.truths.get(name, unread) != other.truths.get(name, unread)
    return int(differs.sum())


@pytest.mark.parametrize("seed", range(3))
def test_who_moves_between_two_settings(seed: int):
    """As comparing every case of two determinations with reasons says."""
    draws, base = Draws(seed), base_settings(seed)
    cases = undocumented(base, SIZE, seed)
    found, differ = counts_of(Batch(cases)), set()
    for _ in range(12):
        at = moved(base, chosen(draws, 1, 1) if draws.rng.random() < 0.7 else [CLOSING], draws)
        before, after = (policy.determine(POLICY, cases, one) for one in (base, at))
        differ.add(bool((before.outcome != after.outcome).any()))
        assert found.differs(base, at) == bool((before.outcome != after.outcome).any()), at
        assert found.touched(base, at) == compare(before, after).touched == touched(before, after), at
    assert differ == {True, False}


def test_the_cases_of_each_pathway():
    cases = undocumented(POLICY.settings(), SIZE, 3)
    named = policy.determine(POLICY, cases, POLICY.settings()).frame()["pathway"].value_counts()
    assert counts_of(Batch(cases)).by_pathway() == {name: int(named.get(name, 0)) for name in POLICY.pathways}


def test_what_is_refused():
    with pytest.raises(ProblemsFound, match="there are no cases"):
        counts_of()
    with pytest.raises(ProblemsFound, match="'colour' is no column to group by"):
        counts_of(Batch(undocumented(POLICY.settings(), 50, 1)), by=("colour",))


def test_batches_put_together_keep_their_order():
    cases, by = undocumented(POLICY.settings(), SIZE, 7), Groups(POLICY, ("group_site",))
    parts = [Batch(cases.take(np.arange(start, start + 400))) for start in range(0, SIZE, 400)]
    whole = together([part.numbered(by) for part in parts])
    assert list(whole.cases.dx) == list(cases.dx)
    assert all((whole.cases.facts[name] == cases.facts[name]).all() for name in cases.facts)
    assert list(whole.labels) == list(by.of(cases))
    assert all(len(part.cases.facts) == len(cases.facts) for part in parts)  # what was handed over stays as it was


@pytest.mark.parametrize(("lever", "first"), [("max_sessions_12m", [None, 12, 11]), ("repeat_min_weeks", [None, 0])])
def test_values_run_from_lenient_to_strict(lever: str, first: list[int | None]):
    assert POLICY.levers[lever].loosest_first()[: len(first)] == first
    assert POLICY.levers["relief_pct"].loosest_first()[-1] == 100


LESS = {"less_than": {"sessions_last_12m": "max_sessions_12m"}}
MORE = {"at_least": {"conservative_care_days": "conservative_weeks"}}
TRIED = {"is": {"tried_nsaid": "true"}}


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
        {"function_limited": {"none_of": [MORE]}},  # falls where the lever rises
        {"pain_duration": {"any_of": [MORE, {"at_least": {"block_1_relief_pct": "relief_pct"}}]}},
        {"trigger_points": {"count": {"at_least": "2", "of": [MORE, TRIED, {"is": {"function_limited": "true"}}]}}},
        {"radiculopathy_present": MORE, "imaging_clear": MORE},  # a step that hangs on a threshold
    ],
)
def test_other_trees_are_counted_right(tests: dict[str, dict[str, object]]):
    other = altered(**tests)
    cases = undocumented(POLICY.settings(), 800, 5)
    cases.policy = other
    found = Counts.of([Batch(cases)], Groups(other))
    seen = set()
    for weeks, relief in itertools.product([0, 5, 6, 7, 26], [50, 80, 100]):
        at = other.settings({"conservative_weeks": weeks, "relief_pct": relief})
        expected = policy.determine(other, cases, at).counts()
        assert found.counts(at) == expected, (weeks, relief)
        seen.add(tuple(expected.values()))
    assert len(seen) > 3


def test_it_says_what_it_is():
    found = counts_of(Batch(undocumented(POLICY.settings(), 50, 1)))
    assert repr(found) == "50 cases in 1 groups, laid out to be counted at any setting"


@pytest.mark.parametrize("seed", range(4))
def test_refusals_are_told_as_each_case_tells_its_own(seed: int):
    """Of some groups, under random settings; held against the lists of a determination of every case."""
    draws, base = Draws(200 + seed), base_settings(seed)
    cases = undocumented(base, SIZE, seed)
    found = counts_of(Batch(cases), by=("sex",))
    label = found.groups.of(cases)
    for _ in range(4):
        at = moved(base, POLICY.levers, draws)
        wanted = draws.rng.random(len(found.groups)) < 0.6
        told = found.refusals(at, wanted)
        rows = policy.determine(POLICY, cases, at).frame()[wanted[label]]
        refused = rows[rows["outcome"] == "not_met"]
        fails = [text.split(";") if text else [] for text in refused["not_met"].astype(str)]
        every = {name for row in fails for name in row}
        by_hand = {name: (sum(name in row for row in fails), sum([name] == row for row in fails)) for name in every}
        assert told.criteria == by_hand
        assert told.cases == len(refused)
        rest = refused["reasons"].astype(str)[[not row for row in fails]]
        closed = rest.str.contains("the file was closed")
        assert told.closed == closed.sum()
        for text, number in told.because.items():
            assert number == rest[~closed].str.contains(text, regex=False).sum()
        assert all(any(text in reasons for text in told.because) for reasons in rest[~closed])


def test_refusals_of_cases_that_stand_for_several_are_not_told():
    cases = undocumented(base_settings(0), 10, 0)
    found = counts_of(Batch(cases, np.full(10, 3)))
    with pytest.raises(ProblemsFound, match="stand for several"):
        found.refusals(base_settings(0), np.array([True]))
