"""Intervals and tests against the examples of the papers that they come from, against scipy, and by repetition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from policy.model import OUTCOMES
from simulations import ask
from simulations.statistics.intervals import (
    Interval,
    difference,
    exact_limits,
    kitagawa,
    paired_change,
    paired_ratio,
    ratio,
    ratio_of_ratios,
    sidak,
    stratified_difference,
    wilson,
)
from simulations.studies.bootstrap import bootstrap, headlines, percentile_interval, replicates
from simulations.studies.paired_rates import paired_rates

STUDY = ask(provisions={"conservative_weeks": 8, "insufficient_evidence_action": "met_if_prereqs"}, size=4000)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_independent_difference_as_in_newcombe_1998(one: tuple[int, int], other: tuple[int, int], low, high):
    """Statistics in Medicine 17:873-890, table II, method 10."""
    found = difference(wilson(*one), wilson(*other))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    back = difference(wilson(*other), wilson(*one))
    assert (-back.value, -back.high, -back.low) == pytest.approx(tuple(found), abs=1e-12)


def test_the_ratio_of_two_groups_as_published():
    """Fagerland, Lydersen and Laake (2017), chapter 4: 1 and 7 of 34 children (Perondi 2004), MOVER-R Wilson."""
    found = ratio(wilson(7, 34), wilson(1, 34))
    assert found == pytest.approx((7.0, 1.1537, 41.9763), abs=5e-5)
    assert ratio(wilson(0, 9), wilson(3, 4))[:2] == (0, 0)  # type: ignore[index]
    assert ratio(wilson(3, 4), wilson(0, 9)) is None
    assert ratio(wilson(3, 4), wilson(1, 4)).high < np.inf  # type: ignore[union-attr]


def test_the_ratio_of_pairs_as_published():
    """The same, chapter 8: complete response of 161 patients before and after (Cavo 2012), Bonett and Price."""
    assert paired_ratio(59, 16, 6, 80) == pytest.approx((65 / 75, 0.7579, 0.9910), abs=5e-5)
    assert paired_ratio(6, 4, 26, 12) == pytest.approx((3.2, 1.766544, 5.796628), abs=5e-7)  # R: statpsych, its example
    assert paired_ratio(0, 0, 5, 20) is None


def test_the_ratio_of_two_ratios_as_published():
    """Altman and Bland (2003): relative risks 0.67 (0.46 to 0.98) and 0.88 (0.71 to 1.08), 0.76 (0.49 to 1.17)."""
    found = ratio_of_ratios(Interval(0.67, 0.46, 0.98), Interval(0.88, 0.71, 1.08))
    assert found == pytest.approx((0.76, 0.49, 1.17), abs=0.01)
    endless = ratio_of_ratios(Interval(0.5, 0.2, np.inf), Interval(0.5, 0.0, 2.0))
    assert endless is not None
    assert (endless.value, endless.high) == (1, np.inf)
    assert 0 < endless.low < 0.2
    assert ratio_of_ratios(None, Interval(1, 1, 1)) is None


def test_the_z_of_one_among_many_as_published():
    """Sidak's level of each of three at 5 % of all is 1.695 %; of one it is the plain interval."""
    assert sidak(1) == pytest.approx(1.959964, abs=1e-6)
    assert 2 * norm.sf(sidak(3)) == pytest.approx(0.016952, abs=1e-6)


# Repetition ----------------------------------------------------------------------------------------------------------


def coverage(flows: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """How many of some flows (times, 6, 6) have the truth of the whole inside their intervals."""
    before, after, change = (interval.value for interval in paired_rates(truth))
    inside = {"baseline": 0, "scenario": 0, "change": 0}
    for flow in flows:
        for (name, value), found in zip(
            {"baseline": before, "scenario": after, "change": change}.items(), paired_rates(flow), strict=True
        ):
            inside[name] += found.low <= value <= found.high
    return {name: count / len(flows) for name, count in inside.items()}


def test_intervals_hold_the_truth_in_95_of_100_of_2000_repeated_populations():
    """2,000 populations of 1,500 cases from the joint outcomes of both policies, which stand for the truth."""
    truth = STUDY.impact.flow().to_numpy()
    luck = np.random.default_rng(20261127)
    flows = luck.multinomial(1500, truth.ravel() / truth.sum(), size=2000).reshape(-1, 6, 6)
    for name, share in coverage(flows, truth).items():
        assert 0.93 <= share <= 0.97, name


def test_the_difference_of_two_groups_holds_the_truth_in_95_of_100():
    luck = np.random.default_rng(7)
    one, other = luck.binomial(800, 0.22, 2000), luck.binomial(150, 0.31, 2000)
    found = [difference(wilson(int(a), 800), wilson(int(b), 150)) for a, b in zip(one, other, strict=True)]
    assert 0.93 <= np.mean([low <= 0.22 - 0.31 <= high for _, low, high in found]) <= 0.97


@pytest.mark.slow
def test_intervals_hold_the_truth_in_2000_populations_that_were_drawn_case_by_case():
    """A million cases, determined twice, are 2,000 populations of 500; the truth is that of all of them."""
    study = ask(provisions={"conservative_weeks": 8}, size=1_000_000, seed=9)
    from policy.determinations.determination import determine

    codes = [
        6 * determine(study.policy, part, study.baseline, asking=False).outcome.astype(np.int64)
        + determine(study.policy, part, study.scenario, asking=False).outcome
        for part in study.cases.slices()
    ]
    code = np.concatenate(codes).reshape(2000, 500)
    flows = np.array([np.bincount(row, minlength=36) for row in code]).reshape(-1, 6, 6)
    for name, share in coverage(flows, flows.sum(axis=0)).items():
        assert 0.93 <= share <= 0.97, name


@pytest.mark.slow
def test_the_bootstrap_holds_the_truth_in_95_of_100():
    truth = STUDY.impact.flow().to_numpy()
    value = float(headlines(truth)["met_change"])
    luck = np.random.default_rng(3)
    flows = luck.multinomial(1500, truth.ravel() / truth.sum(), size=2000).reshape(-1, 6, 6)
    inside = 0
    for number, flow in enumerate(flows):
        low, high = percentile_interval(headlines(replicates(flow, 400, number))["met_change"])
        inside += low <= value <= high
    assert 0.93 <= inside / 2000 <= 0.97


# Bootstrap -----------------------------------------------------------------------------------------------------------


def test_replicates_keep_every_case_and_invent_no_way_to_move():
    flow = STUDY.impact.flow().to_numpy()
    drawn = replicates(flow, 500)
    assert (drawn.sum(axis=(1, 2)) == flow.sum()).all()
    assert (drawn[:, flow == 0] == 0).all()
    spread = drawn[:, flow > 0].std(axis=0) / np.sqrt(flow[flow > 0] * (1 - flow[flow > 0] / flow.sum()))
    assert (np.abs(spread - 1) < 5 / np.sqrt(2 * 500)).all()  # five standard errors of a standard deviation


def test_a_stream_is_named_and_another_name_is_other_luck():
    flow = STUDY.impact.flow().to_numpy()
    assert (replicates(flow, 50, 1, "a") == replicates(flow, 50, 1, "a")).all()
    assert (replicates(flow, 50, 1, "a") != replicates(flow, 50, 1, "b")).any()
    assert (replicates(flow, 50, 1, "a") != replicates(flow, 50, 2, "a")).any()


def test_headlines_are_the_numbers_of_the_impact_and_agree_with_the_closed_intervals():
    impact = STUDY.impact
    table = bootstrap(impact, 2000).set_index("measure")
    for word, row in impact.outcomes().set_index("outcome").iterrows():
        assert table.loc[f"{word}_baseline", "value"] == pytest.approx(row["baseline_pct"], abs=1e-4)
        assert table.loc[f"{word}_change", "value"] == pytest.approx(row["change_points"], abs=1e-4)
    assert table.loc["moved", "value"] == pytest.approx(100 * impact.moved / impact.cases)
    lost, gained = table.loc["lost_approval", "value"], table.loc["gained_approval", "value"]
    assert gained - lost == pytest.approx(table.loc["met_change", "value"])
    assert min(lost, gained) > 0
    for name, closed in zip(("met_baseline", "met_scenario", "met_change"), impact.rates(), strict=True):
        found = table.loc[name]
        assert found["low"] < found["value"] < found["high"]
        width = 100 * (closed.high - closed.low)
        assert found["high"] - found["low"] == pytest.approx(width, rel=0.1)
    assert len(table) == 3 * len(OUTCOMES) + 3


def test_the_same_rules_have_no_change_in_any_replicate():
    table = bootstrap(ask(size=500).impact).set_index("measure")
    still = table.loc[["met_change", "moved", "lost_approval", "gained_approval"]]
    assert (still[["value", "low", "high"]] == 0).all(axis=None)


def test_wilson_and_the_bootstrap_of_one_share_agree_for_many_cases():
    flow = np.zeros((6, 6), dtype=np.int64)
    flow[0, 0], flow[1, 1] = 30_000, 70_000
    low, high = percentile_interval(headlines(replicates(flow, 4000))["met_baseline"])
    found = wilson(30_000, 100_000)
    assert (low, high) == pytest.approx((100 * found.low, 100 * found.high), abs=0.03)
    assert paired_change(30_000, 0, 0, 70_000).value == 0


def test_exact_limits_as_published():
    """NIST/SEMATECH e-Handbook of Statistical Methods 7.2.4.1: 4 of 20, exact interval of 90 %, 5 % on each side."""
    found = exact_limits(4, 20)
    assert (round(found.low, 6), round(found.high, 6)) == (0.071354, 0.401028)
    assert exact_limits(0, 14).high == pytest.approx(1 - 0.05 ** (1 / 14))


@given(st.integers(1, 400), st.data())
def test_exact_limits_are_those_of_the_binomial_tails(cases: int, data: st.DataObject):
    hits = data.draw(st.integers(0, cases))
    found = exact_limits(hits, cases)
    for side, alternative in ((found.low, "greater"), (found.high, "less")):
        wanted = binomtest(hits, cases, alternative=alternative).proportion_ci(0.95, method="exact")
        assert side == pytest.approx(wanted.low if alternative == "greater" else wanted.high, abs=1e-9)


def test_a_stratified_difference_as_greenland_and_robins_write_it():
    """Biometrics 41:55-68 (1985), their variance in counts; tolbutamide and deaths by age, a difference of 0.035."""
    tables = [((8, 106), (5, 120)), ((22, 98), (16, 85))]
    found = stratified_difference(tables)
    assert found is not None
    assert round(found.value, 3) == 0.035
    weights = variance = 0.0
    for (a, n1), (b, n0) in tables:
        c, d, n = n1 - a, n0 - b, n1 + n0
        weights += n1 * n0 / n
        variance += (a * c * n0**3 + b * d * n1**3) / (n1 * n0 * n**2)
    assert found.high - found.value == pytest.approx(1.959964 * variance**0.5 / weights, rel=1e-6)
    assert stratified_difference([((1, 2), (0, 0)), ((0, 0), (3, 4))]) is None


WAY = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(st.tuples(WAY, WAY, WAY), min_size=1, max_size=5))
def test_the_parts_of_a_change_add_up(kinds: list[tuple[tuple[int, int], ...]]):
    """And are Kitagawa's: with the rates of the other side where a kind is missing, that kind is all mix."""
    before = [(k[0] + lost[0], k[1] + lost[1]) for k, lost, _ in kinds]
    after = [(k[0] + gained[0], k[1] + gained[1]) for k, _, gained in kinds]
    totals = [sum(n for _, n in side) for side in (before, after)]
    if not all(totals):
        return
    found = kitagawa(kinds)
    assert found.within + found.mix == pytest.approx(found.change)
    within = mix = 0.0
    for one, other in zip(before, after, strict=True):
        if not one[1] and not other[1]:
            continue
        rates = [hits / n if n else None for hits, n in (one, other)]
        rates = [
            rates[1] if rates[0] is None else rates[0],
            rates[0] if rates[1] is None else rates[1],
        ]
        weights = [one[1] / totals[0], other[1] / totals[1]]
        within += (rates[1] - rates[0]) * sum(weights) / 2
        mix += (weights[1] - weights[0]) * sum(rates) / 2
    assert (found.within, found.mix) == pytest.approx((within, mix), abs=1e-9)


def test_the_luck_of_the_part_within_kinds_is_that_of_repetition():
    """Every case of a kind equally likely to be helped: the standard error against 4,000 draws."""
    luck = np.random.default_rng(2)
    sizes, chance = [(200, 150, 0), (60, 30, 80), (90, 0, 40)], [0.2, 0.5, 0.7]
    draws = []
    for _ in range(4000):
        kinds = [tuple((int(luck.binomial(n, p)), n) for n in ways) for ways, p in zip(sizes, chance, strict=True)]
        draws.append(kitagawa(kinds))
    spread = np.std([one.within for one in draws])
    assert np.mean([one.luck for one in draws]) == pytest.approx(spread, rel=0.05)
    assert abs(np.mean([one.within for one in draws])) < 4 * spread / 4000**0.5
