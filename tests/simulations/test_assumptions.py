from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import binom, qmc
from scipy.stats.mstats import mjci

from policy import load
from policy.problems import ProblemsFound
from simulations import ask, population
from simulations.population.expectation import expected
from simulations.population.probability_tables import Population
from simulations.population.ranges import drawn_populations, latin_hypercube, moved, uncertain
from simulations.population.sampling import arrow_table, arrow_table_of_each, generate
from simulations.reports.calibration_chart import spreads_chart
from simulations.studies.sensitivity import (
    Ends,
    Spread,
    change_of,
    drawn_flows,
    ends,
    quantile_errors,
    side_by_side,
    table,
)
from tests.simulations.population.published import NAMES as POPULATIONS

SEED = "seed_low_prevalence"
RURAL = ("variables", "rural", "percent")
FACET = ("variables", "truth_facet_pain", "0", "percent")


@pytest.fixture(scope="module")
def spec() -> Population:
    return population.load(SEED)


def percent(of: Population, variable: str, row: int = 0) -> Decimal:
    found = of.page.variables[variable].rows[row].percent
    assert found is not None
    return found


# Ranges --------------------------------------------------------------------------------------------------------------


def test_every_range_of_the_page_is_an_uncertain_place(spec: Population):
    places = uncertain(spec)
    assert len(places) == len(set(places)) > 200
    assert {RURAL, FACET, ("habits", "charted", "percent"), ("variables", "severity", "severe")} <= set(places)
    ranged = {name for name, v in spec.page.variables.items() if v.range or any(row.range for row in v.rows)}
    assert ranged == {place[1] for place in places if place[0] == "variables" and place[2:3] != ("documented",)}


@pytest.mark.parametrize(("factor", "rural", "facet"), [(0.0, 10, 4), (1.0, 30, 7.7), (0.5, 20, 5.85)])
def test_the_ends_of_a_range_are_reached(spec: Population, factor: float, rural: float, facet: float):
    other = moved(spec, dict.fromkeys(uncertain(spec), factor))
    assert float(percent(other, "rural")) == pytest.approx(rural)
    assert float(percent(other, "truth_facet_pain")) == pytest.approx(facet)


def test_odds_are_halved_and_doubled(spec: Population):
    """Charted by a thorough provider: 98 %, so 2 missing for 98; half the odds is 98 to 4, twice is 98 to 1."""
    for factor, odds in ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0)):
        habit = moved(spec, dict.fromkeys(uncertain(spec), factor)).page.habits["charted"].rows[0].percent
        assert habit is not None
        assert float(habit) == pytest.approx(100 * 98 * odds / (98 * odds + 2), abs=1e-5)


def test_shares_scale_and_the_rest_gives_way(spec: Population):
    """`severe` 1.3 times its share of 35, the other two as they are: 45.5 of 110.5."""
    factors = dict.fromkeys(uncertain(spec), 0.5) | {("variables", "severity", "severe"): 1.0}
    shares = moved(spec, factors).page.variables["severity"].rows[1].shares
    assert shares is not None
    assert float(shares["severe"]) == pytest.approx(100 * 45.5 / 110.5, abs=1e-5)
    assert float(shares["mild"] / shares["moderate"]) == pytest.approx(15 / 50, abs=1e-5)
    assert sum(shares.values()) == 100


def test_the_middle_of_all_ranges_is_the_page_where_ranges_are_even(spec: Population):
    middle = moved(spec, dict.fromkeys(uncertain(spec), 0.5))
    for name in ("severity", "diligence", "care_course", "rural"):
        for before, after in zip(spec.page.variables[name].rows, middle.page.variables[name].rows, strict=True):
            one, two = (dict(row.parts()) for row in (before, after))
            assert one.keys() == two.keys()
            assert all(abs(one[key] - two[key]) < Decimal("0.00001") for key in one)
    assert middle.fingerprint != spec.fingerprint


@pytest.mark.parametrize(("draws", "places"), [(1, 1), (2, 7), (128, 40)])
def test_points_of_a_latin_hypercube_are_those_of_scipy(draws: int, places: int):
    ours, theirs = (np.random.default_rng(5) for _ in range(2))
    points = latin_hypercube(ours, draws, places)
    assert points.tolist() == qmc.LatinHypercube(places, rng=theirs).random(draws).tolist()
    assert ours.random() == theirs.random()  # what is drawn afterwards too


@pytest.mark.parametrize("n", [100, 128, 1001])
def test_errors_of_quantiles_are_those_of_scipy(n: int):
    values = np.random.default_rng(n).normal(size=n)
    shares = (0.025, 0.31, 0.975)
    assert quantile_errors(values, shares) == pytest.approx(mjci(values, shares).tolist(), rel=1e-9)


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
def test_draws_fill_the_range_evenly(spec: Population, method: str):
    """Both methods put one of 16 draws into each sixteenth of a range; plain luck would leave a third of them empty."""
    draws = list(drawn_populations(spec, 16, 3, method))  # type: ignore[arg-type]
    values = [(float(percent(one, "rural")) - 10) / 20 for one in draws]
    assert sorted(int(16 * value) for value in values) == list(range(16))
    assert len({one.fingerprint for one in draws}) == 16
    again = list(drawn_populations(spec, 16, 3, method))  # type: ignore[arg-type]
    assert [one.fingerprint for one in again] == [one.fingerprint for one in draws]
    other = list(drawn_populations(spec, 16, 4, method))  # type: ignore[arg-type]
    assert not {one.fingerprint for one in other} & {one.fingerprint for one in draws}


@pytest.mark.parametrize("name", POPULATIONS)
def test_every_corner_still_makes_cases(name: str):
    """No range takes a share to nothing, so no row of a drawn page is left without cases."""
    spec = population.load(name)
    for factor in (0.0, 1.0):
        frame = population.generate(moved(spec, dict.fromkeys(uncertain(spec), factor)), 500, 1)
        assert len(frame) == 500


@pytest.mark.parametrize(
    ("draws", "method", "told"), [(0, "sobol", "draws"), (5000, "sobol", "draws"), (4, "dice", "neither")]
)
def test_what_cannot_be_drawn_is_refused(spec: Population, draws: int, method: str, told: str):
    with pytest.raises(ProblemsFound, match=told):
        list(drawn_populations(spec, draws, 1, method))  # type: ignore[arg-type]


# The mix of requests -------------------------------------------------------------------------------------------------


def shares_of(of: Population, variable: str, among: dict[str, list[str]] | None = None) -> dict[str, float]:
    tally = expected(of, ["diagnosis", "procedure"])
    inside = tally.where(among or {})
    names = of[variable].values
    return {n: tally.total(inside & tally.where({variable: [n]})) / tally.total(inside) for n in names}


def test_the_request_mix_is_a_lever_of_a_population_by_name(spec: Population):
    """What is named is so; the others keep their proportions (as on the page: 10, 5, 15 and 35)."""
    other = population.load(f"{SEED},neck_pain=60,migraine=7")
    left = 33 / (10 + 5 + 15)
    wanted = {
        "neck_pain": 60, "migraine": 7, "thoracic_pain": 10 * left, "trigeminal_neuralgia": 5 * left,
        "fibromyalgia": 15 * left,
    }  # fmt: skip
    found = shares_of(other, "diagnosis")
    assert {name: pytest.approx(share / 100, abs=1e-7) for name, share in wanted.items()} == found
    assert other.fingerprint != spec.fingerprint
    assert other.id == f"{SEED},neck_pain=60,migraine=7"
    assert "neck_pain=60, migraine=7" in other.notice
    one, two = (population.generate(of, 2000, 1)["clinical_trial"] for of in (spec, other))
    assert one.equals(two), "hangs on no diagnosis: the same luck, the same facts"


def test_the_mix_of_one_diagnosis_moves_alone(spec: Population):
    other = population.with_mix(spec, {"migraine.epidural": 20})
    assert shares_of(other, "procedure", {"diagnosis": ["migraine"]})["epidural"] == pytest.approx(0.2, abs=1e-7)
    for name in ("neck_pain", "fibromyalgia"):
        same = [shares_of(of, "procedure", {"diagnosis": [name]}) for of in (spec, other)]
        assert same[0] == same[1]
    assert shares_of(spec, "diagnosis") == shares_of(other, "diagnosis")


@pytest.mark.parametrize(
    ("mix", "told"),
    [
        ("neck=60", "neck' is none of .*did you mean neck_pain"),
        ("neck_pain=99,migraine=3", "add up to 102 %; they must leave something for thoracic_pain"),
        ("neck_pain=0", "'0' is no share from 0.000001"),
        ("neck_pain=many,migraine=-1", "'many' is no share .*\n.*'-1' is no share"),
        ("neck_pain=1,neck_pain=2", "sets neck_pain twice"),
        ("neck_pian.epidural=5", "no shares to move, did you mean neck_pain"),
        ("neck_pain.epidual=5", "none of .*did you mean epidural"),
        ("neck_pain=20,thoracic_pain=20,trigeminal_neuralgia=20,fibromyalgia=20,migraine=19", "must add up to 100"),
    ],
)
def test_a_mix_that_cannot_be_is_refused(mix: str, told: str):
    with pytest.raises(ProblemsFound, match=told):
        population.load(f"{SEED},{mix}")


# The two errors apart ------------------------------------------------------------------------------------------------


def test_luck_is_taken_off_the_range_of_assumptions():
    """Values whose assumptions spread by 3 and whose cases by 4: together 5, apart 3 again."""
    luck = np.random.default_rng(8)
    values = luck.normal(10, 3, 4_000) + luck.normal(0, 4, 4_000)
    found = ends(values, 16.0)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 3, rel=0.05)
    assert (found.high + found.low) / 2 == pytest.approx(10, abs=0.3)
    assert sum(ends(values)[:2]) / 2 == pytest.approx(10, abs=0.3)
    assert ends(values).high - ends(values).low == pytest.approx(2 * 1.96 * 5, rel=0.05)


def test_without_differences_of_assumption_no_range_is_left():
    found = ends(np.random.default_rng(9).normal(10, 4, 2000), 4.2**2)
    assert found.high - found.low < 1


@pytest.mark.parametrize("draws", [100, 128, 512])
def test_the_error_of_an_end_is_how_much_ends_of_other_draws_differ(draws: int):
    """Of a normal range the ends are known: 95 % of the intervals of two errors should hold them."""
    luck = np.random.default_rng(draws)
    hits, errors, lows = 0, [], []
    for _ in range(300):
        found = ends(luck.normal(0, 1, draws))
        lows.append(found.low)
        errors.append(found.low_error)
        hits += abs(found.low + 1.96) <= 2 * found.low_error
    assert np.mean(errors) == pytest.approx(np.std(lows), rel=0.35)
    assert hits >= 0.85 * 300


def test_few_draws_have_no_range_of_95_percent():
    with pytest.raises(ProblemsFound, match="'99' is not a whole number from 100 to 4,096"):
        ends(np.arange(99.0))
    with pytest.raises(ProblemsFound, match="draws: '12' is not a whole number from 100"):
        ask(size=100).assuming(12)
    assert ask(size=100).assumed is None


def test_cases_that_share_their_streams_are_those_drawn_alone(spec: Population):
    others = list(drawn_populations(spec, 3))
    together = arrow_table_of_each(others, 500, 7).to_pydict()
    alone = pa.concat_tables([arrow_table(one, 500, 7) for one in others], promote_options="default").to_pydict()
    assert len({*together.pop("case_id")}) == 1500
    assert together == {name: column for name, column in alone.items() if name != "case_id"}


@pytest.mark.parametrize("name", [*POPULATIONS, "what_if_duration_matters"])
def test_shares_that_move_alone_draw_the_cases_of_the_page_compiled_again(name: str):
    page = population.load(name)
    for quick, whole in zip(drawn_populations(page, 2, shares_only=True), drawn_populations(page, 2), strict=True):
        frames = [generate(one, 400, 7) for one in (quick, whole)]
        facts = [column for column in frames[0] if not column.startswith("truth_")]
        pd.testing.assert_frame_equal(frames[0][facts], frames[1][facts])
        assert quick.fingerprint != whole.fingerprint


@pytest.fixture(scope="module")
def spreads() -> list[Spread]:
    changes: dict[str, dict[str, object]] = {"conservative_weeks=8": {"conservative_weeks": 8}, "strict_reading": {}}
    return side_by_side(changes, size=4000, draws=100, cases_per_draw=500)


def test_three_populations_side_by_side_with_both_ranges(spreads: list[Spread]):
    names = ["conservative_weeks=8", "strict_reading"]
    assert [(s.population, s.scenario) for s in spreads] == [(p, c) for p in POPULATIONS for c in names]
    for s in spreads:
        assert s.sampling[0] < s.change < s.sampling[1] < 0
        assert s.assumption.low < s.assumption.high < 0
        assert 0 < s.assumption.low_error < 2
        assert (s.sampling[1] - s.sampling[0]) < 3
    rows = table(spreads)
    assert len(rows) == 6
    assert set(rows["draws"]) == {100}
    chart = spreads_chart(ask(size=100), spreads)
    for s in spreads:
        assert (
            f"{s.population} {s.scenario} −{-s.change:.1f} (−{-s.sampling[0]:.1f} to −{-s.sampling[1]:.1f})"
            in chart.alt
        )


def test_more_cases_narrow_sampling_and_leave_assumptions():
    """At sixteen times the cases the interval of drawing is a quarter; the range of assumptions stays."""
    few, many = (
        side_by_side({"it": {"conservative_weeks": 8}}, [SEED], size=n, draws=100, cases_per_draw=500)[0]
        for n in (1000, 16_000)
    )
    ratio = (few.sampling[1] - few.sampling[0]) / (many.sampling[1] - many.sampling[0])
    assert 3 < ratio < 5.3
    assert many.assumption.high - many.assumption.low == pytest.approx(few.assumption.high - few.assumption.low)
    assert many.assumption.high - many.assumption.low > 2 * (many.sampling[1] - many.sampling[0])


def test_a_change_that_changes_nothing_is_refused_or_zero():
    (spread,) = side_by_side({"it": {"conservative_weeks": 6}}, [SEED], size=500, draws=100, cases_per_draw=50)
    assert (spread.change, spread.sampling, spread.assumption) == (0, (0, 0), (0, 0, 0, 0))
    with pytest.raises(ProblemsFound, match="conservative_week"):
        side_by_side({"it": {"conservative_week": 8}}, [SEED], size=500, draws=100)


def test_an_effect_of_none_moves_within_its_range():
    """The shipped pages hold that history does not matter to benefit; their ranges have it either way."""
    seed = population.load(POPULATIONS[0])
    places = [place for place in uncertain(seed) if place[2:3] == ("effects",)]
    assert len(places) == len(seed.page.variables["truth_benefit"].effects) == 7
    for factor, odds in ((0.0, 50), (0.5, 100), (1.0, 200)):
        other = moved(seed, dict.fromkeys(uncertain(seed), 0.5) | dict.fromkeys(places, factor))
        assert {round(effect.odds_percent, 3) for effect in other.page.variables["truth_benefit"].effects} == {odds}
        hangs = {"pain_duration_days", "conservative_care_days", "conservative_care_failed", "diagnostic_blocks_done"}
        assert (hangs <= set(other["truth_benefit"].parents)) == (odds != 100)


@pytest.mark.slow
def test_the_ends_of_a_range_lie_within_their_stated_error():
    """100 reports of 128 draws of 2,000 cases against 2,000 other draws of 10,000 cases.

    The errors are as large as the ends differ (a third more or less, as above), and two of them reach the right end in
    95 of 100: the bound is that of a binomial at 1 in 2,000.
    """
    policy, spec = load("nerve_blocks"), population.load(SEED)
    strict = {"weeks": policy.settings({"conservative_weeks": 8})}
    approvals = change_of("met")

    def found(draws: int, cases: int, seed: int) -> Ends:
        return drawn_flows(policy.settings(), strict, spec, draws, cases, seed)["weeks"].shift(approvals)

    right = found(2000, 10_000, 999)
    reports = [found(128, 2000, seed) for seed in range(1, 101)]
    for end in ("low", "high"):
        values, errors = (np.array([getattr(one, name) for one in reports]) for name in (end, f"{end}_error"))
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(ddof=1), rel=0.35)
        reach = 2 * np.hypot(errors, getattr(right, f"{end}_error"))
        covered = np.mean(np.abs(values - getattr(right, end)) <= reach)
        print(f"{end}: differ by {values.std(ddof=1):.3f}, stated {np.mean(errors):.3f}, reached {covered:.0%}")
        assert covered >= binom(100, 0.95).ppf(0.0005) / 100
