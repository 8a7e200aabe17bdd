"""Subgroups against the plain case table, published intervals, and an attack on all that a template writes."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import relative_risk

import policy
from simulations import ask, population, report, subgroups_chart
from simulations import subgroups_findings as told
from simulations.intervals import independent_difference
from simulations.subgroups import BANDS, COLUMNS, Subgroups, drivers, measure, parts, ratio
from tests.simulations.disclosure import of_subgroups

SHIPPED = policy.load("nerve_blocks")
CHANGE = {"conservative_weeks": 12, "undocumented_action": "not_met"}
SIZE, SEED = 2500, 3


@pytest.fixture(scope="module")
def made() -> Subgroups:
    return measure(ask(provisions=CHANGE, size=SIZE, seed=SEED))


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
    """A case table that might be people's, with two subgroups of its own."""
    folder = tmp_path_factory.mktemp("people")
    frame = population.generate(population.load("trial_10_15"), 900, 7).drop(
        columns=["truth_benefit", "truth_facet_pain"]
    )
    luck = np.random.default_rng(1)
    frame["group_site"] = luck.choice(["north", "south", "=cmd()", "<b>x</b>"], 900, p=[0.6, 0.38, 0.012, 0.008])
    frame["group_many"] = [f"clinic {n}" for n in luck.integers(0, 60, 900)]
    frame.to_csv(folder / "cases.csv", index=False)
    return folder


def shares(rows: pd.DataFrame, setting: str) -> tuple[int, int]:
    return int((rows[setting] == "met").sum()), len(rows)


# Intervals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 10), 0.6075, 1.0)],
)
def test_newcombe_as_published(counts: tuple[int, int, int, int], low: float, high: float):
    """Newcombe 1998, Statistics in Medicine 17:873, table II, method 10."""
    found = independent_difference(*counts)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_katz_as_published_and_as_scipy_has_it():
    """The physicians' health study as Agresti gives it: 189 of 11,034 against 104 of 11,037, 1.82 (1.43 to 2.30)."""
    found = ratio(189, 11034, 104, 11037)
    assert found is not None
    assert found == pytest.approx((1.82, 1.43, 2.30), abs=0.006)
    for counts in [(189, 11034, 104, 11037), (7, 30, 50, 400), (1, 9, 3, 4)]:
        interval = relative_risk(*counts).confidence_interval(0.95)
        mine = ratio(*counts)
        assert mine is not None
        assert mine[1:] == pytest.approx((interval.low, interval.high))
    assert ratio(0, 9, 3, 4) is None


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
                wrongful = 100 * (helped[setting] == "not_met").mean()
                assert row[f"{setting}_wrongful_pct"] == pytest.approx(wrongful, abs=1e-3)
        assert row["would_help"] == len(helped)


def test_every_row_adds_up_to_its_cases(made: Subgroups):
    for setting in ("baseline", "scenario"):
        total = made.rates()[[f"{setting}_{word}" for word in policy.OUTCOMES]].sum(axis=1)
        assert (total == made.rates()["cases"]).all()


def test_gaps_are_those_between_the_rates(made: Subgroups, plain: pd.DataFrame):
    gaps = made.gaps().query("measure == 'met' and column == 'line_of_business'")
    sizes = plain["line_of_business"].value_counts()
    assert set(gaps["reference"]) == {sizes.idxmax()}
    assert set(gaps["group"]) == set(sizes.index) - {sizes.idxmax()}
    for row in gaps.to_dict("records"):
        groups = [plain[(plain["line_of_business"] == row[n]).fillna(False)] for n in ("group", "reference")]
        one, two = (shares(rows, row["setting"]) for rows in groups)
        assert row["gap_points"] == pytest.approx(100 * (one[0] / one[1] - two[0] / two[1]), abs=1e-3)
        assert row["ratio"] == pytest.approx((one[0] / one[1]) / (two[0] / two[1]), abs=1e-3)
        assert row["gap_low"] < row["gap_points"] < row["gap_high"]


def test_a_lever_moves_a_gap_as_determining_anew_does(made: Subgroups, plain: pd.DataFrame):
    gap = made.gaps().query("measure == 'met' and setting == 'scenario' and group == 'male'").iloc[0].to_dict()
    table = drivers(made, gap).set_index("lever")
    cases = policy.Cases.from_frame(_facts(), SHIPPED)
    sex = {name: np.asarray(plain["sex"] == name) for name in ("male", "female")}

    def anew(**moved: object) -> float:
        met = policy.determine(SHIPPED, cases, SHIPPED.settings(CHANGE | moved)).outcome == 0
        return 100 * float(met[sex["male"]].mean() - met[sex["female"]].mean())

    for lever in ("conservative_weeks", "axial_spine_stance", "max_sessions_12m", "repeat_min_weeks"):
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


def test_the_parts_of_a_gap_add_up_to_it(made: Subgroups):
    for gap in made.gaps().query("measure == 'met' and setting == 'scenario'").to_dict("records"):
        asked, rest = parts(made, gap)
        assert asked + rest == pytest.approx(gap["gap_points"], abs=1e-3)


def test_groups_that_ask_for_the_same_differ_by_their_rates_alone(tmp_path: Path):
    """Twice the same requests, once as rural: no part of a gap comes from the mix; with other facts all is rates."""
    frame = _facts().head(400).drop(columns=["truth_benefit", "truth_facet_pain"])
    other = frame.assign(case_id="T" + frame["case_id"], rural=True, conservative_care_days=400, onset_date=pd.NA)
    both = pd.concat([frame.assign(rural=False, onset_date=pd.NA), other])
    both = both.assign(pain_duration_days=both["pain_duration_days"].fillna(500).clip(lower=400))
    both.to_csv(tmp_path / "twice.csv", index=False)
    found = measure(ask(population=tmp_path / "twice.csv", exact=True))
    gap = found.gaps().query("column == 'rural' and setting == 'scenario'").iloc[0].to_dict()
    asked, rest = parts(found, gap)
    assert asked == pytest.approx(0, abs=1e-9)
    assert rest == pytest.approx(gap["gap_points"], abs=1e-3)
    assert abs(rest) > 1


# Empty and tiny ------------------------------------------------------------------------------------------------------


def test_empty_and_tiny_groups_never_crash(tmp_path: Path):
    frame = _facts().head(3)[["case_id", "dx", "cpt"]]
    for more in ({}, {"sex": ["male", None, None]}, {"sex": ["male", "female", "other"], "group_a": ["x", None, "y"]}):
        frame.assign(**more).to_csv(tmp_path / "few.csv", index=False)
        for exact in (False, True):
            found = measure(ask(provisions=CHANGE, population=tmp_path / "few.csv", exact=exact))
            assert {c.name for c in found.columns} == (set(more) if exact else set())
            assert len(told.notes(found).text) > 50
            assert told.rates(found).text
            assert told.gaps(found).text
            assert told.headline(found).text
            gap = found.widest()
            table = drivers(found, gap) if gap else None
            assert told.levers(found, table).text
            assert all(picture.png for picture in subgroups_chart.pictures(found, table))


def test_no_column_documented_is_said(made: Subgroups, tmp_path: Path):
    frame = _facts().head(30)[["case_id", "dx", "cpt"]]
    frame.to_csv(tmp_path / "bare.csv", index=False)
    found = measure(ask(population=tmp_path / "bare.csv"))
    assert found.study.shown.cases == 30
    assert set(found.absent) == set(COLUMNS)
    assert "Nothing is documented in any case about: Age, Sex" in told.notes(found).text
    assert made.absent == ()


def test_many_groups_are_put_together(files: Path):
    found = measure(ask(provisions=CHANGE, population=files / "cases.csv", exact=True))
    many = found["group_many"]
    assert len(many.groups) == 20
    assert many.groups[-1] == "41 smaller groups"
    assert many.flow.sum() == 900


# Small cells ---------------------------------------------------------------------------------------------------------


def withheld(found: Subgroups) -> int:
    return int(found.rates()[["cases", *(f"baseline_{w}" for w in policy.OUTCOMES)]].isna().sum().sum())


def test_small_cells_are_withheld_from_case_tables_and_from_made_cases_only_when_asked(made: Subgroups, files: Path):
    assert withheld(made) == 0
    assert withheld(measure(made.study, suppress=True)) > 0
    assert withheld(measure(ask(provisions=CHANGE, population=files / "cases.csv"))) > 0


@pytest.mark.slow
def test_nothing_written_gives_a_small_count_away(files: Path, tmp_path: Path):
    """All files of the template, read back as an outsider would: shown counts, rates and gaps, added and subtracted."""
    study = ask(provisions=CHANGE, population=files / "cases.csv")
    found = measure(study)
    gap = found.widest()
    table = drivers(found, gap) if gap else None
    tables, entries = told.files(found, table)
    said = told.in_words(found)
    report.write(found.study, tmp_path, tables=tables, pictures=[], said=said, entries=entries)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["subgroups"]["small_cells_withheld"] is True
    exact = measure(ask(provisions=CHANGE, population=files / "cases.csv", exact=True))
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


def test_words_and_pictures_hold_no_withheld_count(files: Path):
    found = measure(ask(provisions=CHANGE, population=files / "cases.csv"))
    everything: list[Any] = [told.rates(found), told.gaps(found), told.notes(found), told.headline(found)]
    empty = 0
    for column in found.columns:
        for i, group in enumerate(column.groups):
            if column.cases(i) is None and "smaller groups" not in group:
                name = f"{told.column_label(found, column.name)} +{told.group_label(group)} "
                (line,) = re.findall(rf"^{name}.*", told.rates(found).text, re.M)
                assert not re.search(r"\d", line), line
                empty += 1
    assert empty
    assert told.WITHHELD in told.notes(found).text
    assert "<b>x" not in "".join(shown.html for shown in everything), "a group's name is escaped"
    assert told.cause(found, found.widest()).text.endswith("where small cells are withheld.") or found.widest() is None
