"""Counts by simulated truth against the plain case table: the two columns of truth beside the outcomes."""

from math import sqrt

import pandas as pd
import pytest

import policy
from policy.problems import ProblemsFound
from simulations import ask, population, truth_chart
from simulations.scenario import proposed
from simulations.truth import by_setting, compared, in_words

NAMES = ("seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block")
SIZE, SEED = 3000, 5
SHIPPED = policy.load("nerve_blocks")
STRICT = proposed(SHIPPED, "strict_reading")


def plain(name: str, settings: policy.Settings) -> pd.DataFrame:
    """Every case with truth and outcome, by the front door alone."""
    frame = population.generate(population.load(name), SIZE, SEED)
    decided = policy.determine(SHIPPED, policy.Cases.from_frame(frame, SHIPPED), settings).frame()
    facet = frame["cpt"].str.match("6449|6463").astype(bool) & frame["truth_facet_pain"].notna()
    columns = {"outcome": decided["outcome"], "helps": frame["truth_benefit"].astype(bool), "facet": facet}
    return pd.DataFrame({**columns, "joint": frame["truth_facet_pain"].fillna(False).astype(bool), "dx": frame["dx"]})


def by_hand(rows: pd.DataFrame) -> dict[str, float]:
    met, refused = rows["outcome"] == "met", rows["outcome"] == "not_met"
    facet = rows["facet"]
    return {
        "cases": len(rows),
        "would_help": rows["helps"].sum(),
        "appropriate": (met & rows["helps"]).sum(),
        "unhelpful": (met & ~rows["helps"]).sum(),
        "wrongful": (refused & rows["helps"]).sum(),
        "waiting": (rows["outcome"].isin(["pend", "review"]) & rows["helps"]).sum(),
        "ppv_pct": 100 * rows["helps"][met].mean(),
        "npv_pct": 100 * (~rows["helps"][refused]).mean(),
        "facet_ppv_pct": 100 * rows["joint"][met & facet].mean(),
        "facet_npv_pct": 100 * (~rows["joint"][refused & facet]).mean(),
        "approved_of_helped_pct": 100 * met[rows["helps"]].mean(),
        "wrongful_of_helped_pct": 100 * refused[rows["helps"]].mean(),
        **{word: (rows["outcome"] == word).sum() for word in policy.OUTCOMES},
    }


@pytest.mark.parametrize(
    ("lever", "few"),
    [("relief_pct", [50, 80, 100]), ("undocumented_action", ["not_met"]), ("max_sessions_12m", ["off", 2])],
)
def test_every_setting_is_that_of_the_case_table(lever: str, few: list[object]):
    table = by_setting(SHIPPED.settings(), lever, NAMES[:2], SIZE, SEED)
    assert len(table) == 2 * len(SHIPPED.levers[lever].values())
    for name in NAMES[:2]:
        rows = table[table["population"] == name].set_index("value")
        for value in few:
            wanted = by_hand(plain(name, SHIPPED.settings({lever: value})))
            found = rows.loc[value].to_dict()
            assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-4)


def test_rows_add_up_and_intervals_hold_their_share():
    table = by_setting(SHIPPED.settings(), "conservative_weeks", NAMES, SIZE, SEED)
    assert (table[list(policy.OUTCOMES)].sum(axis=1) == SIZE).all()
    assert (table["appropriate"] + table["unhelpful"] == table["met"]).all()
    for rate in ("ppv", "npv", "facet_ppv", "facet_npv", "approved_of_helped", "wrongful_of_helped"):
        known = table.dropna(subset=[f"{rate}_pct"])
        assert len(known)
        assert known[f"{rate}_low"].le(known[f"{rate}_pct"]).all()
        assert known[f"{rate}_pct"].le(known[f"{rate}_high"]).all()


def test_nobody_met_is_no_rate_and_no_crash():
    """A setting under which no facet procedure is met has no predictive value for facet pain."""
    settings = proposed(SHIPPED, "strict_reading")
    row = by_setting(settings, "relief_pct", NAMES[:1], 200, SEED).iloc[0]
    assert row["facet_ppv_of"] == 0
    assert pd.isna(row["facet_ppv_pct"])


def test_an_unknown_lever_or_population_is_refused():
    with pytest.raises(ProblemsFound, match=r"relief_pc': is no lever .*, did you mean relief_pct"):
        by_setting(SHIPPED.settings(), "relief_pc")
    with pytest.raises(ProblemsFound, match="no population that ships"):
        compared(SHIPPED.settings(), STRICT, ["nowhere"])


def test_two_settings_are_those_of_the_case_table():
    (one,) = compared(SHIPPED.settings(), STRICT, ["pain_clinic_dual_block"], SIZE, SEED)
    before, after = (plain(one.population, settings) for settings in (SHIPPED.settings(), STRICT))
    for scenario, rows in ((False, before), (True, after)):
        wanted, found = by_hand(rows), one.truth(scenario).row()
        shown = {key: float("nan") if found[key] is None else found[key] for key in wanted}
        assert shown == pytest.approx(wanted, abs=1e-4, nan_ok=True)
    movers = one.movers()
    moved = before["outcome"] != after["outcome"]
    assert movers["cases"].sum() == moved.sum()
    assert movers["would_help"].sum() == (moved & before["helps"]).sum()
    neck = movers[(movers["diagnosis"] == "neck_pain") & (movers["baseline"] == "met")]
    assert neck["cases"].sum() == (moved & (before["dx"] == "M54.2") & (before["outcome"] == "met")).sum()
    change = one.change("not_met", helps=True)
    refused = [(rows["outcome"] == "not_met")[rows["helps"]] for rows in (before, after)]
    assert change.value == pytest.approx(refused[1].mean() - refused[0].mean())
    error = sqrt((refused[1].astype(int) - refused[0].astype(int)).var() / len(refused[0]))
    assert (change.high - change.low) / 2 == pytest.approx(1.96 * error, rel=0.1), "pairs: the Wald width, nearly"


def test_an_empty_change_changes_nothing():
    for one in compared(SHIPPED.settings(), SHIPPED.settings(), NAMES, 500, SEED):
        assert one.movers().empty
        assert one.truth(False).row() == one.truth(True).row()
        assert one.change("met").value == 0


def test_prevalence_moves_the_worth_of_a_facet_approval():
    """The seed, the trial and the pain clinic in that order: the rarer facet pain, the less an approval says."""
    table = by_setting(SHIPPED.settings(), "relief_pct", NAMES, SIZE, SEED)
    worth = table[table["value"] == 80]["facet_ppv_pct"].tolist()
    assert worth[0] < worth[1] < worth[2]


def test_the_sentence_and_the_picture_say_the_numbers():
    study = ask(scenario="strict_reading", size=500, seed=SEED)
    found = compared(study.baseline, study.scenario, NAMES, 500, SEED)
    before, after = (found[0].truth(scenario).row() for scenario in (False, True))
    assert f"{before['wrongful']:,} → {after['wrongful']:,} wrongly refused" in in_words(found[0])
    chart = truth_chart.compared_chart(study, found)
    assert "Wrongful refusals rise from " in chart.alt
    assert "Truth is simulated" in chart.alt
    for one in found:
        a, b = one.truth(False).row(), one.truth(True).row()
        assert f"{one.population}: met, and would help {a['appropriate']:,} → {b['appropriate']:,}" in chart.alt
    assert chart.png == truth_chart.compared_chart(study, found).png
    table = by_setting(study.baseline, "rfa_stance", NAMES, 500, SEED)
    lines = truth_chart.by_setting_chart(study, "rfa_stance", table)
    assert "never_outside_trial: met, and would help" in lines.alt
