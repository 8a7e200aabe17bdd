"""Subgroups against the plain case table, published intervals, and an attack on all that a template writes."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import binomtest

import policy
from policy.evaluation.pathways import diagnosis_group
from simulations import ask, population
from simulations.reports import report, subgroups_chart
from simulations.reports import subgroups_findings as told
from simulations.reports.html_table import bullets
from simulations.statistics.intervals import difference, paired_change, ratio, sidak, wilson
from simulations.statistics.simultaneous import LEAST, standardised
from simulations.studies.gap_drivers import drivers
from simulations.studies.subgroups import (
    ALIKE,
    APPROVED,
    AS_THEY_ARE,
    BANDS,
    COLUMNS,
    REFUSED,
    Column,
    Subgroups,
    stratify,
)
from simulations.studies.truth_dependence import CANNOT_TELL
from tests.simulations.disclosure import of_subgroups

SHIPPED = policy.load("nerve_blocks")
CHANGE = {"conservative_weeks": 12, "undocumented_action": "not_met"}
SIZE, SEED, CASES = 2500, 3, 600
FAMILY = {code: name for name, found in SHIPPED.procedures.items() for code in found.codes}


@pytest.fixture(scope="module")
def made() -> Subgroups:
    return stratify(ask(provisions=CHANGE, size=SIZE, seed=SEED))


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    """The same cases by the front door: subgroup columns, truth, outcome before and after."""
    frame = population.generate(population.load("seed_low_prevalence"), SIZE, SEED)
    cases = policy.Cases.from_frame(frame, SHIPPED)
    settings = {"baseline": SHIPPED.settings(), "scenario": SHIPPED.settings(CHANGE)}
    found = frame.assign(**{n: policy.determine(SHIPPED, cases, s).frame()["outcome"] for n, s in settings.items()})
    first, last = zip(*((low, high - 1) for low, high in zip(BANDS, [*list(BANDS)[1:], 121], strict=True)), strict=True)
    label = {age: BANDS[a] for a, b in zip(first, last, strict=True) for age in range(a, b + 1)}
    return found.assign(age_band=frame["age"].map(label))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case table that might be people's, with two subgroups of its own and a few of the usual ones."""
    folder = tmp_path_factory.mktemp("people")
    frame = population.generate(population.load("trial_10_15"), CASES, 7)
    frame = frame.drop(columns=["truth_benefit", "truth_facet_pain", *COLUMNS[2:5], *COLUMNS[6:]])
    luck = np.random.default_rng(1)
    frame["group_site"] = luck.choice(["north", "south", "=cmd()", "<b>x</b>"], CASES, p=[0.6, 0.38, 0.012, 0.008])
    frame["group_many"] = [f"clinic {n}" for n in luck.integers(0, 30, CASES)]
    frame.to_csv(folder / "cases.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def guarded(files: Path) -> Subgroups:
    """What is told of them."""
    return stratify(ask(provisions=CHANGE, population=files / "cases.csv"))


def shares(rows: pd.DataFrame, setting: str) -> tuple[int, int]:
    return int((rows[setting] == "met").sum()), len(rows)


# Rates and gaps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_rates_are_those_of_the_case_table(made: Subgroups, plain: pd.DataFrame, name: str):
    words = {"true": True, "false": False}
    table = made.rates().query("column == @name").set_index("group")
    assert table["cases"].sum() == SIZE
    for label, row in table.iterrows():
        rows = plain[
            plain[name].isna() if label == "not documented" else (plain[name] == words.get(label, label)).fillna(False)
        ]
        assert row["cases"] == len(rows)
        helped = rows[rows["truth_benefit"].astype(bool)]
        for setting in ("baseline", "scenario"):
            counts = rows[setting].value_counts()
            assert [row[f"{setting}_{w}"] for w in policy.OUTCOMES] == [counts.get(w, 0) for w in policy.OUTCOMES]
            assert row[f"{setting}_pct"] == pytest.approx(100 * (rows[setting] == "met").mean(), abs=1e-3)
            if len(helped):
                refused = 100 * (helped[setting] == "not_met").mean()
                assert row[f"{setting}_refused_would_help_pct"] == pytest.approx(refused, abs=1e-3)
        assert row["would_help"] == len(helped)


def test_every_row_adds_up_to_its_cases(made: Subgroups):
    for setting in ("baseline", "scenario"):
        total = made.rates()[[f"{setting}_{word}" for word in policy.OUTCOMES]].sum(axis=1)
        assert (total == made.rates()["cases"]).all()


def test_the_change_of_a_group_has_the_interval_that_it_has_in_every_other_table():
    """Newcombe's reaches beyond 0 where few are; a lever that can only take approvals away moves no rate up."""
    stricter = stratify(ask(provisions={"conservative_weeks": 8}, size=400, seed=SEED))
    assert stricter.study.impact.way == -1
    for row in stricter.rates().to_dict("records"):
        lost = row["baseline_met"] - row["scenario_met"]
        ends = binomtest(lost, row["cases"]).proportion_ci(0.95, "exact")
        wanted = [100 * share for share in (-lost / row["cases"], -ends.high, -ends.low)]
        assert [row[f"change_{word}"] for word in ("points", "low", "high")] == pytest.approx(wanted, abs=1e-4)
    nothing = stratify(ask(size=400, seed=SEED)).rates()
    assert (nothing[["change_points", "change_low", "change_high"]] == 0).all(axis=None)


def planted(column: str, counts: dict[str, tuple[int, int, int]]) -> Subgroups:
    """One column of a drawn study with made counts: group -> cases, approved before, approved after (all of these)."""
    flow = np.zeros((len(counts), 6, 6), np.int64)
    for place, (cases, before, after) in enumerate(counts.values()):
        flow[place, 0, 0], flow[place, 0, 1], flow[place, 1, 1] = after, before - after, cases - before
    study = ask(provisions={"conservative_weeks": 8}, size=300, seed=SEED)
    return Subgroups(study, (Column(column, tuple(counts), flow, None, None, None, way=-1),), (), False)


def test_no_gap_is_marked_that_the_population_rules_out():
    """The same counts, far apart: of race, on which nothing depends here, and of where somebody lives."""
    counts = {"a": (2000, 1800, 1700), "b": (2000, 1000, 900)}
    for column, marked in (("race_ethnicity", False), ("rural", True)):
        (row,) = planted(column, counts).some().to_dict("records")
        assert row["gap_high"] < 0
        assert row["beyond_luck"] is marked


def test_a_gap_can_get_narrower_in_points_and_wider_as_a_ratio():
    found = planted("rural", {"a": (9000, 900, 450), "b": (10000, 2000, 1100)})
    said = "The gap gets narrower in points, wider as a ratio (0.50 → 0.45)"
    assert said in told.whom(found).text
    before, after = (f"{part:.2f}" for part in (0.1 / 0.2, 0.05 / 0.11))
    table = told.ratios(found).text
    assert before in table
    assert after in table
    same = planted("rural", {"a": (9000, 900, 600), "b": (10000, 2000, 1334)})  # 0.50 → 0.4998
    assert "as a ratio" not in told.whom(same).text


def test_every_interval_that_is_told_belongs_to_the_family(made: Subgroups):
    """280 of them once: each comparison before and after, and how the difference and the ratio move."""
    kinds = made.gaps().dropna(subset="gap_points").groupby(["column", "measure", "group", "requests"]).ngroups
    assert made.family == 4 * kinds > 200


def test_the_headline_says_where_the_truth_cannot_tell():
    blind = stratify(ask(provisions={"conservative_weeks": 8}, size=300, seed=SEED))
    assert CANNOT_TELL in told.headline(blind).text
    told_of = stratify(ask(provisions={"relief_pct": 80}, size=300, seed=SEED))
    assert CANNOT_TELL not in told.headline(told_of).text


def test_gaps_are_those_between_the_rates(made: Subgroups, plain: pd.DataFrame):
    gaps = made.some().query("column == 'line_of_business'")
    sizes = plain["line_of_business"].value_counts()
    assert set(gaps["reference"]) == {sizes.idxmax()}
    assert set(gaps["group"]) == set(sizes.index) - {sizes.idxmax()}
    for setting in ("baseline", "scenario"):
        for row in made.some(setting=setting).query("column == 'line_of_business'").to_dict("records"):
            groups = [plain[(plain["line_of_business"] == row[n]).fillna(False)] for n in ("group", "reference")]
            one, two = (shares(rows, setting) for rows in groups)
            assert (row["cases"], row["reference_cases"]) == (one[1], two[1])
            assert row["gap_points"] == pytest.approx(100 * (one[0] / one[1] - two[0] / two[1]), abs=1e-3)
            assert row["ratio"] == pytest.approx((one[0] / one[1]) / (two[0] / two[1]), abs=1e-3)
            assert row["gap_low"] < row["gap_points"] < row["gap_high"]
            wide = difference(wilson(*one, sidak(made.family)), wilson(*two, sidak(made.family)))
            assert (row["gap_low"], row["gap_high"]) == pytest.approx((100 * wide.low, 100 * wide.high), abs=1e-3)


def test_the_denominator_that_is_shown_is_the_one_divided_by(made: Subgroups, plain: pd.DataFrame):
    """Of refusals it is those whom the procedure would help, not all cases of the group."""
    helped = plain[plain["truth_benefit"].astype(bool)]
    for row in made.some(REFUSED).query("column == 'race_ethnicity'").to_dict("records"):
        assert row["cases"] == (helped["race_ethnicity"] == row["group"]).sum()
        assert f"{row['group'].replace('_', ' ')}, n = {row['cases']:,}" in _labels(made, REFUSED)
    few = helped["sex"].value_counts()["other"]
    assert few < LEAST
    assert "other" not in set(made.some(REFUSED).query("column == 'sex'")["group"])
    assert f"Sex other ({few} of those it would help)" in "\n".join(told.cannot(made))


def _labels(found: Subgroups, measure: str) -> list[str]:
    table = subgroups_chart._rows_of(found, measure)[0]
    return [subgroups_chart._label(next(iter(kinds.values()))) for kinds in table]


def test_difference_and_ratio_say_the_same_of_no_gap(made: Subgroups):
    """One verdict: the interval of the ratio leaves 1 out exactly where that of the difference leaves 0 out."""
    gaps = made.gaps().query("setting != 'change'").dropna(subset=["ratio"])
    points = (gaps["gap_low"] > 0) | (gaps["gap_high"] < 0)
    ratios = (gaps["ratio_low"] > 1) | (gaps["ratio_high"] < 1)
    assert (points == ratios).all()
    assert ratio(wilson(40, 100), wilson(20, 100)).low > 1  # type: ignore[union-attr]


@given(*[st.integers(0, 60)] * 2, *[st.integers(1, 400)] * 2, st.floats(1.6, 4))
def test_no_counts_make_difference_and_ratio_disagree(hits: int, other: int, more: int, others: int, z: float):
    one, two = wilson(hits, hits + more, z), wilson(other, other + others, z)
    apart = difference(one, two)
    times = ratio(one, two)
    if times is not None and min(abs(apart.low), abs(apart.high)) > 1e-9:
        assert (apart.low > 0, apart.high < 0) == (times.low > 1, times.high < 1)
        assert times.low <= times.value <= times.high


def test_the_change_of_every_gap_is_the_difference_of_two_paired_changes(made: Subgroups, plain: pd.DataFrame):
    z = sidak(made.family)
    for row in made.some(setting="change").query("column in ['sex', 'race_ethnicity']").to_dict("records"):
        sides = []
        for name in ("group", "reference"):
            rows = plain[(plain[row["column"]] == row[name]).fillna(False)]
            met = [(rows[setting] == "met").to_numpy() for setting in ("baseline", "scenario")]
            sides.append(((met[0] & met[1]).sum(), (met[0] & ~met[1]).sum(), (~met[0] & met[1]).sum(),
                          (~met[0] & ~met[1]).sum()))  # fmt: skip
        one, two = (paired_change(*map(int, side), z=z) for side in sides)
        assert row["gap_points"] == pytest.approx(100 * (one.value - two.value), abs=1e-3)
        low = one.value - two.value - np.hypot(one.value - one.low, two.high - two.value)
        assert row["gap_low"] == pytest.approx(100 * low, abs=1e-3)
        kept = [(side[0] + side[2]) / (side[0] + side[1]) for side in sides]
        assert row["ratio"] == pytest.approx(kept[0] / kept[1], abs=1e-3)
    every = made.gaps().groupby(["column", "measure", "group", "requests"])["setting"].apply(set)
    assert all(settings == {"baseline", "scenario", "change"} for settings in every)


def test_the_same_requests_are_weighed_by_the_mix_of_the_group(made: Subgroups, plain: pd.DataFrame):
    """By hand: the reference's rate in each diagnosis x procedure, weighted by the group's own cases."""
    counts = requests_of(plain)
    for setting in ("baseline", "scenario"):
        for row in made.some(requests=ALIKE, setting=setting).query("column == 'sex'").to_dict("records"):
            met = plain[setting] == "met"
            one, two = ((plain["sex"] == row[name]).to_numpy(dtype=bool) for name in ("group", "reference"))
            gap = cases = 0.0
            for cell in counts.unique():
                here, there = (counts == cell) & one, (counts == cell) & two
                if here.sum() and there.sum():
                    gap += met[here].sum() - here.sum() * met[there].mean()
                    cases += here.sum()
            assert row["gap_points"] == pytest.approx(100 * gap / cases, abs=1e-3)


def requests_of(plain: pd.DataFrame) -> pd.Series:
    groups = [diagnosis_group(SHIPPED, code) or "outside" for code in plain["dx"]]
    return pd.Series(groups, index=plain.index) + "/" + plain["cpt"].astype(str).map(FAMILY).fillna("outside")


def test_a_lever_moves_a_gap_as_determining_anew_does():
    small = 500
    made, frame = stratify(ask(provisions=CHANGE, size=small, seed=SEED)), _facts().head(small)
    gap = made.some().query("group == 'male'").iloc[0].to_dict()
    table = drivers(made, gap).set_index("lever")
    cases = policy.Cases.from_frame(frame, SHIPPED)
    sex = {name: np.asarray(frame["sex"] == name) for name in ("male", "female")}

    def anew(**moved: object) -> float:
        met = policy.determine(SHIPPED, cases, SHIPPED.settings(CHANGE | moved)).outcome == 0
        return 100 * float(met[sex["male"]].mean() - met[sex["female"]].mean())

    for lever in ("axial_spine_stance", "insufficient_evidence_action"):
        values = ["off" if v is None else v for v in SHIPPED.levers[lever].values()]
        every = [anew(**{lever: value}) for value in values]
        row = table.loc[lever]
        assert row["lowest"] == pytest.approx(min(every), abs=1e-3)
        assert row["highest"] == pytest.approx(max(every), abs=1e-3)
        assert abs(row["least"]) == pytest.approx(min(map(abs, every)), abs=1e-3)
        assert row["gap_now"] == pytest.approx(anew(), abs=1e-3) == pytest.approx(gap["gap_points"], abs=1e-3)
    assert table.loc["conservative_weeks", "back"] == pytest.approx(anew(conservative_weeks=6), abs=1e-3)
    assert table["back"].notna().sum() == len(CHANGE)
    assert table["swing"].is_monotonic_decreasing
    assert (table["swing"] == 0).any(), "an inert lever moves the gap by exactly 0"


def _facts() -> pd.DataFrame:
    return population.generate(population.load("seed_low_prevalence"), SIZE, SEED)


def test_groups_that_ask_for_the_same_differ_by_their_rates_alone(tmp_path: Path):
    """Twice the same requests, once as rural: with the mix held nothing changes; with other facts all is rates."""
    frame = _facts().head(400).drop(columns=["truth_benefit", "truth_facet_pain"])
    other = frame.assign(case_id="T" + frame["case_id"], rural=True, conservative_care_days=400, onset_date=pd.NA)
    both = pd.concat([frame.assign(rural=False, onset_date=pd.NA), other])
    both = both.assign(pain_duration_days=both["pain_duration_days"].fillna(500).clip(lower=400))
    both.to_csv(tmp_path / "twice.csv", index=False)
    found = stratify(ask(population=tmp_path / "twice.csv", exact=True))
    crude, alike = (found.some(requests=way).query("column == 'rural'").iloc[0] for way in (AS_THEY_ARE, ALIKE))
    assert alike["gap_points"] == pytest.approx(crude["gap_points"], abs=1e-3)
    assert abs(crude["gap_points"]) > 1
    assert alike["gap_high"] - alike["gap_low"] < crude["gap_high"] - crude["gap_low"]


def test_a_gap_made_of_other_requests_alone_is_gone_when_the_mix_is_held():
    """Simpson's paradox: within each stratum both do alike, yet 18 points apart as they are."""
    one = np.array([[90, 0, 0, 10], [100, 0, 0, 900]])
    other = np.array([[900, 0, 0, 100], [10, 0, 0, 90]])
    found = standardised(one, other)
    assert found is not None
    rate, reference = (side.rate(1, 1.96).value for side in (found.one, found.other))
    assert rate == pytest.approx(190 / 1100) == pytest.approx(reference)
    assert 910 / 1100 - rate > 0.6


def test_titles_ask_and_name_no_group(made: Subgroups):
    for shown in (subgroups_chart.gaps_chart(made), subgroups_chart.refused_chart(made)):
        title = Image.open(io.BytesIO(shown.png)).info["Title"]
        assert title in told.QUESTIONS.values()
        assert shown.alt.startswith(f"Dots with intervals. {title}")
    assert "wrongful" not in told.rates(made).text + told.gaps(made, REFUSED).text
    assert not re.search("against|older|female|white", told.answer(made))


# Empty and tiny ------------------------------------------------------------------------------------------------------


def test_empty_and_tiny_groups_never_crash(tmp_path: Path):
    frame = _facts().head(3)[["case_id", "dx", "cpt"]]
    for more in ({}, {"sex": ["male", None, None]}, {"sex": ["male", "female", "other"], "group_a": ["x", None, "y"]}):
        frame.assign(**more).to_csv(tmp_path / "few.csv", index=False)
        for exact in (False, True):
            found = stratify(ask(provisions=CHANGE, population=tmp_path / "few.csv", exact=exact))
            assert {c.name for c in found.columns} == (set(more) if exact else set())
            assert len(told.notes(found).text) > 50
            assert told.rates(found).text
            for measured in (APPROVED, REFUSED):
                assert told.ratios(found, measured).text
                assert all(told.gaps(found, measured, way).text for way in (AS_THEY_ARE, ALIKE))
            assert told.whom(found).text
            assert told.cannot(found)
            assert told.headline(found).text
            gap = found.widest()
            table = drivers(found, gap) if gap else None
            assert told.drivers_table(found, table).text
            assert all(picture.png for picture in subgroups_chart.pictures(found, table))


def test_no_column_documented_is_said(made: Subgroups, tmp_path: Path):
    frame = _facts().head(30)[["case_id", "dx", "cpt"]]
    frame.to_csv(tmp_path / "bare.csv", index=False)
    found = stratify(ask(population=tmp_path / "bare.csv"))
    assert found.study.shown.cases == 30
    assert set(found.absent) == set(COLUMNS)
    assert "Nothing is documented in any case about: Age, Sex" in "\n".join(told.cannot(found))
    assert made.absent == ()


def test_many_groups_are_put_together(files: Path):
    found = stratify(ask(provisions=CHANGE, population=files / "cases.csv", exact=True))
    many = found["group_many"]
    assert len(many.groups) == 20
    assert many.groups[-1] == "11 smaller groups"
    assert many.flow.sum() == CASES


# Small cells ---------------------------------------------------------------------------------------------------------


def withheld(found: Subgroups) -> int:
    return int(found.rates()[["cases", *(f"baseline_{w}" for w in policy.OUTCOMES)]].isna().sum().sum())


def test_small_cells_are_withheld_from_case_tables_and_from_made_cases_only_when_asked(
    made: Subgroups, guarded: Subgroups
):
    assert withheld(made) == 0
    hidden = stratify(ask(provisions=CHANGE, size=400), suppress=True)
    assert withheld(hidden) > 0
    assert withheld(guarded) > 0
    for found in (hidden, guarded):
        assert set(found.gaps()["requests"]) == {AS_THEY_ARE}, "by diagnosis and procedure there are few of everything"
        assert set(found.gaps()["measure"]) == {APPROVED}


def test_nothing_written_gives_a_small_count_away(guarded: Subgroups, files: Path, tmp_path: Path):
    """All files of the template, read back as an outsider would: shown counts, rates and gaps, added and subtracted."""
    found = guarded
    gap = found.widest()
    table = drivers(found, gap) if gap else None
    tables, entries = told.files(found, table)
    said = told.answer(found)
    report.write(found.study, tmp_path, tables=tables, pictures=[], said=said, entries=entries)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["subgroups"]["small_cells_withheld"] is True
    exact = stratify(ask(provisions=CHANGE, population=files / "cases.csv", exact=True))
    many = {column.name: column for column in exact.columns}
    columns = tuple(replace(many[column.name], groups=column.groups, flow=column.flow) for column in found.columns)
    assert of_subgroups(tmp_path, replace(exact, columns=columns)).recovered() == []
    rates = pd.read_csv(tmp_path / "subgroups.csv", dtype={"group": str})
    assert "truth" not in (tmp_path / "subgroups.csv").read_text()
    counts = [name for name in rates if re.fullmatch(f"cases|(baseline|scenario)_({'|'.join(policy.OUTCOMES)})", name)]
    assert not rates[counts].isin(range(1, 11)).any(axis=None)
    assert rates.loc[rates[counts].isna().any(axis=1), "withheld"].str.contains("counts of 1 to 10").all()
    if table is not None:
        assert list(pd.read_csv(tmp_path / "gap_levers.csv")) == ["lever", "label", "now"]


def test_the_summary_of_a_case_table_holds_no_small_move(files: Path):
    study = ask(provisions={"relief_pct": 90}, population=files / "cases.csv")
    flow = report.summary(study)["flow"]
    assert flow["withheld"].startswith("counts of 1 to 10")
    real = study.impact.flow()
    assert any(1 <= real.loc[a, b] <= 10 for a in real.index for b in real.columns)
    for before in policy.OUTCOMES:
        for after in policy.OUTCOMES:
            shown = flow[before][after]
            assert shown is None or shown == real.loc[before, after]
            assert shown is None or not 1 <= shown <= 10
    made = report.summary(ask(provisions=CHANGE, size=900))
    assert made["flow"]["met"]["met"] is not None


def test_words_and_pictures_hold_no_withheld_count(guarded: Subgroups):
    found = guarded
    everything: list[Any] = [told.rates(found), told.gaps(found), told.notes(found), told.headline(found)]
    everything += [told.whom(found), bullets(told.cannot(found)), told.ratios(found)]
    empty = 0
    for column in found.columns:
        for i, group in enumerate(column.groups):
            if column.cases(i) is None and "smaller groups" not in group:
                name = f"{told.column_label(found, column.name)} +{told.group_label(group)} "
                (line,) = re.findall(rf"^{name}.*", told.rates(found).text, re.M)
                assert not re.search(r"\d", line), line
                empty += 1
    assert empty
    assert told.WITHHELD_CELLS in told.notes(found).text
    assert "<b>x" not in "".join(shown.html for shown in everything), "a group's name is escaped"
    assert "Not told by diagnosis and procedure" in told.gaps(found, requests=ALIKE).text
    assert set(found.gaps()["requests"]) == {AS_THEY_ARE}
