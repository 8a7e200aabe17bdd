"""Reports on a case table, whose cases may be people: no count of 1 to 10 of them stands in a table, picture or
sentence or follows from what does, no case is named, and a headline that leaves something out says so."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from policy import load
from policy.model import OUTCOMES
from simulations import ask, population
from simulations.cli.command import main
from simulations.reports import report
from simulations.reports.impact_findings import live
from simulations.reports.table_cells import in_shares
from simulations.statistics.disclosure_control import STEP
from simulations.statistics.release import Withheld
from simulations.studies.subgroups import Column
from tests.sampling import some
from tests.simulations.disclosure import audited, random_question
from tests.simulations.disclosure_bounds import SAID, TEMPLATES, table, told

SIZE = 300
POLICY = load("nerve_blocks")
ROUGH = ("lever_sweep", "denial_anatomy", "alternatives")
COUNTED = r"cases|requests|lose|gain|move|stricter|looser|would|alone|then met|met under"
HEAD = "case_id,dx,cpt,pain_duration_days,conservative_care_days,conservative_care_failed,tried_nsaid,function_limited,"
HEAD += "imaging_other_cause,radiculopathy,trigger_points_on_exam,group_plan"
CARE = "{name},M54.2,20552,200,{days},yes,yes,yes,no,no,yes,{plan}"


def written(path: Path, rows: list[tuple[int, str]]) -> Path:
    """A case table of trigger points: days of conservative care and plan of each row."""
    lines = [CARE.format(name=f"Person{i}", days=days, plan=plan) for i, (days, plan) in enumerate(rows)]
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = population.generate(population.load("seed_low_prevalence"), SIZE, 3)
    frame["case_id"] = [f"Person{number}" for number in range(SIZE)]
    path = tmp_path_factory.mktemp("people") / "people.csv"
    frame.drop(columns=[name for name in frame if name.startswith("truth_")]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def small_change(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 cases, of which 9 had six weeks of care and the others three months."""
    return written(tmp_path_factory.mktemp("few") / "few.csv", [(44 if i < 9 else 90, "A") for i in range(100)])


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_count_of_a_few_people_is_told(name: str, people: Path, tmp_path: Path):
    question = {"population": str(people), "scenario": "strict_reading", "provisions": {}}
    said = told(name, tmp_path / "out", draw=True, **question)
    everything = said + "".join(path.read_text("utf-8") for path in (tmp_path / "out").glob("*.[cj]*"))
    assert "Person" not in everything
    assert "not protected against each other" in said
    assert not re.search(rf"(?<![\d.,−+])(?<!t most )([1-9]|10) (?:{COUNTED})\b", said)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "may be people" in summary["release"]["note"]
    assert summary["population"]["size"] == SIZE
    for path in (tmp_path / "out").glob("*.csv"):
        frame = table(tmp_path / "out", path.stem)
        if path.stem not in ("levers", "sources"):
            other = re.compile("pct|points|low|high|ratio|step|distance|values?$")
            counts = [c for c in frame if frame[c].dtype.kind in "if" and not other.search(c)]
            counts = [c for c in counts if c not in POLICY.levers]
            assert not frame[counts].abs().isin(range(1, 11)).any(axis=None), path.stem
    if name in ROUGH:
        assert summary["outcomes"]["scenario"] == dict.fromkeys(OUTCOMES)
        assert "95%" not in re.sub(r"[^\n]*(Evidence|levels of|An interval)[^\n]*", "", said)
        assert not any(
            c.endswith(("_low", "_high"))
            for p in (tmp_path / "out").glob("*.csv")
            for c in table(tmp_path / "out", p.stem)
        )


@pytest.mark.parametrize("name", some(TEMPLATES, 2))
def test_an_outsider_works_out_no_few_people(name: str, people: Path, tmp_path: Path):
    question = {"population": str(people), "provisions": {"conservative_weeks": 8}}
    assert audited(name, question, tmp_path) == ([], [])


@pytest.mark.parametrize("number", some(range(3), 1))
def test_an_outsider_works_out_nothing_of_a_random_small_table(number: int, tmp_path: Path):
    """A few of those that `python -m tests.simulations.disclosure` goes through."""
    question = random_question(np.random.default_rng([12, number]), tmp_path / "cases.csv")
    for name in ("approval_impact", "subgroup_gaps"):
        assert audited(name, question, tmp_path / name) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_an_outsider_works_out_nothing_of_many_tables(number: int, tmp_path: Path):
    question = random_question(np.random.default_rng([13, number]), tmp_path / "cases.csv")
    for name in TEMPLATES:
        assert audited(name, question, tmp_path / name) == ([], [])


def test_the_outsider_is_no_fool(people: Path, tmp_path: Path):
    """Of the owner's own files the same audit recovers small counts in every template; 100 cases have enough."""
    pd.read_csv(people, dtype=str).head(100).to_csv(tmp_path / "few.csv", index=False)
    question: dict[str, Any] = {"population": str(tmp_path / "few.csv"), "provisions": {"conservative_weeks": 8}}

    def owners(name: str, out: Path, **asked: Any) -> str:
        return told(name, out, exact=True, **asked)

    for name in ("approval_impact", "subgroup_gaps"):
        assert len(audited(name, question, tmp_path / name, owners, enough=25)[0]) > 20


# What a small change says --------------------------------------------------------------------------------------------


def test_nine_of_a_hundred_are_no_change_of_nothing(small_change: Path):
    """Neither "100 % -> 100 %" nor the exact 91 %: what is withheld is left out, and that is said."""
    study = ask(provisions={"conservative_weeks": 7}, population=small_change)
    found = report.summary(study)
    assert found["headline"] == "Approval rate 100.0% -> withheld: fewer than 11 cases change, 100 cases"
    assert found["outcomes"]["baseline"]["met"] == 100
    assert (found["outcomes"]["scenario"]["met"], found["outcomes"]["scenario"]["not_met"]) == (None, None)
    assert found["approval_rate"]["baseline"] == 1.0
    assert found["approval_rate"]["change"] is None
    assert found["moved"] is None
    for part in ("outcomes", "approval_rate", "flow"):
        assert "1 to 10" in found[part]["withheld"]
    for show in (report.headline, report.outcomes, report.groups, report.group_outcomes, report.flow):
        assert not re.search(r"\b(9|91)\b", show(study).text)
    for figure in report.FIGURES:
        assert not re.search(r"\b(9|91)\b", figure(study).alt)


def test_nothing_is_told_of_fewer_than_eleven(tmp_path: Path):
    path = written(tmp_path / "ten.csv", [(44 if i < 4 else 90, "A") for i in range(10)])
    for name in TEMPLATES:
        said = told(name, tmp_path / name, draw=True, population=str(path), provisions={"conservative_weeks": 7})
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        assert "ewer than 11 cases" in summary["headline"]
        assert summary["population"]["size"] is None
        assert summary["outcomes"]["baseline"] == dict.fromkeys(OUTCOMES)
        for text in (said, json.dumps(summary)):
            assert "10 cases of" not in text
            assert "nan" not in re.sub(r"\w*nan\w+|\w+nan\w*", "", text)


def test_a_gap_of_all_against_none_is_told_or_withheld(tmp_path: Path):
    """60 of 60 against 0 of 60, and a group of 3: never "no gap"."""
    rows = [(90, "P1")] * 60 + [(10, "P2")] * 60
    question = {"provisions": {"relief_pct": 70}}
    for name, more in (("two", []), ("three", [(90, "P3")] * 3)):
        path = written(tmp_path / f"{name}.csv", rows + more)
        told("subgroup_gaps", tmp_path / name, population=str(path), **question)
        headline = json.loads((tmp_path / name / "summary.json").read_text())["headline"]
        said = "Between groups 1 of 1 gaps" if not more else ". Comparisons of groups are withheld"
        assert said in headline


def test_a_ratio_that_does_not_exist_is_null_and_a_dash(tmp_path: Path):
    """Row 4: a group without approvals has no ratio; the report is written all the same."""
    path = written(tmp_path / "none.csv", [(90, "A")] * 30 + [(10, "B")] * 40)
    said = told("subgroup_gaps", tmp_path / "out", population=str(path), provisions={"relief_pct": 70})
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["subgroups"]["gap_followed"]["ratio"] is None
    assert re.search(r"against B +A; n = 30 .* –$", said, re.M)
    row = table(tmp_path / "out", "gaps").iloc[0]
    assert pd.isna(row["ratio"])
    assert "withheld" not in row or pd.isna(row["withheld"]), "what does not exist is not withheld"


@pytest.mark.parametrize("size", some([1, 30, 5, 300], 2))
@pytest.mark.parametrize("name", TEMPLATES)
def test_made_cases_of_any_number_give_a_report(name: str, size: int, tmp_path: Path):
    said = told(name, tmp_path / "out", size=size, scenario="strict_reading", provisions={})
    json.loads((tmp_path / "out" / "summary.json").read_text(), parse_constant=lambda word: pytest.fail(word))
    assert not re.search(r"\b(nan|inf|NaN|None%)\b", said)
    assert not re.search(r"withheld|about \d", json.loads((tmp_path / "out" / "summary.json").read_text())["headline"])


# Who is people, and whose view it is ---------------------------------------------------------------------------------


def test_a_table_with_simulated_truth_is_exact(people: Path, tmp_path: Path):
    frame = pd.read_csv(people, dtype=str, keep_default_na=False)
    frame.assign(truth_benefit="true").to_csv(tmp_path / "made.csv", index=False)
    study = ask(scenario="strict_reading", population=tmp_path / "made.csv")
    assert not study.guarded
    assert report.summary(study)["flow"]["met"]["not_met"] is not None
    assert "release" not in report.summary(study)
    assert study.about() is study


def test_the_owners_own_view_is_exact_and_marked_on_everything(small_change: Path, tmp_path: Path):
    for name in TEMPLATES:
        question = {"population": str(small_change), "provisions": {"conservative_weeks": 7}}
        said = told(name, tmp_path / name, exact=True, **question)
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        assert summary["outcomes"]["scenario"]["met"] == 91
        assert summary["headline"].startswith("Not for release.")
        assert "ot for release" in summary["release"]["note"]
        assert "ot for release" in said
        for path in (tmp_path / name).glob("*.csv"):
            frame = table(tmp_path / name, path.stem)
            assert (frame["release"] == "not for release").all(), path.stem


def test_rows_are_marked_as_row_level(small_change: Path, tmp_path: Path):
    run = CliRunner().invoke
    for words in (
        ["determine", str(small_change), "--out", str(tmp_path / "d.csv")],
        ["explain", str(small_change), "--case", "Person1"],
    ):
        found = run(main, words)
        assert found.exit_code == 0
        assert "Row level, not for release" in found.output
    assert "release" not in (tmp_path / "d.csv").read_text().splitlines()[0], "the format of the file stays"


def test_remarks_on_rows_stay_out_of_a_report(tmp_path: Path):
    path = written(tmp_path / "m.csv", [(90, "A")] * 40)
    path.write_text(path.read_text().replace("Person3,M54.2", "Person3,m54.2"), encoding="utf-8")
    study = ask(provisions={"conservative_weeks": 7}, population=path)
    assert any("1 codes" in one for one in study.cases.remarks)
    assert "1 codes" not in report.notices(study).text
    assert "row level, not for release" in report.notices(study).text


def test_an_expectation_of_what_is_withheld_is_not_judged(small_change: Path, tmp_path: Path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "schema: scenario/1\nid: seven\nlabel: Seven weeks\npolicy: nerve_blocks\nbecause: a try\n"
        "provisions: {conservative_weeks: 7}\n"
        "expect:\n  moved: {at_most: 5}\n  pend: {at_most: 5}\n"
    )
    found = {row["measure"]: row for row in ask(scenario=plan, population=small_change).expectations()}
    assert (found["moved"]["value"], found["moved"]["holds"]) == (None, None)
    assert "1 to 10" in found["moved"]["withheld"]
    assert found["pend"]["holds"] is True


def test_a_panel_tells_shares_of_rounded_counts_only(people: Path, small_change: Path):
    for path in (people, small_change):
        study = ask(provisions={"conservative_weeks": 7}, population=path)
        said = live(study.impact).text
        assert "about" in said
        size = (study.cases.size + 9) // STEP * STEP
        for share in re.findall(r"about (\d[\d.]*)%", said.split("These cases")[0]):
            assert (
                float(share) * size / 100 % STEP == pytest.approx(0, abs=0.2) or float(share) * size / 100 % STEP > 19.8
            )


def test_what_says_that_something_is_left_out():
    assert SAID.search("fewer than 11 cases change")
    assert not SAID.search("Approvals fall from 20.9% to 15.1% of all cases")


def test_a_lever_is_no_count_whatever_its_name_ends_with():
    """The points of a sweep of two levers: their values are no shares, be they words or numbers."""
    levers = {"fm_tpi_with_trigger_points": ["review", "not_met"], "relief_pct": [50, 80], "conservative_weeks": [6, 8]}
    shares = in_shares(pd.DataFrame({**levers, "met": [20, 40], "cases": [100, 100]}), levers)
    assert shares.to_dict("list") == {**levers, "about_met_pct": [20.0, 40.0]}


def test_a_group_that_is_withheld_is_not_called_the_largest():
    """50 people of plans A 24, B 24 and C 2: that A were the largest would say that C are two at most."""
    flow = np.zeros((3, 6, 6), dtype=np.int64)
    flow[:, 0, 0] = 24, 24, 2
    hidden = tuple(
        Withheld.everything() if name != "B" else replace(Withheld.everything(), cases=False) for name in "ABC"
    )
    column = Column("group_plan", ("A", "B", "C"), flow, None, None, hidden)
    assert column.reference == 1
    assert replace(column, hidden=None).reference == 0
    assert replace(column, hidden=(Withheld.everything(),) * 3, flow=flow[::-1]).reference == 0


def test_a_headline_says_that_refusals_are_withheld(tmp_path: Path):
    question = random_question(np.random.default_rng([20, 4]), tmp_path / "cases.csv")
    assert ask(**question, exact=True).impact.rates("not_met")[1].value == pytest.approx(14 / 96)
    assert report.summary(ask(**question))["headline"].endswith(
        "change 0.0 percentage points (95 % interval -3.8 to 0.0), 96 cases; recommended refusals withheld"
    )


def test_nothing_that_a_report_writes_calls_them_synthetic(people: Path):
    asked = ask(provisions={"conservative_weeks": 8}, population=people)
    page = str(report.first_page(asked).html) + json.dumps(report.summary(asked), ensure_ascii=False)
    assert page.count("The cases may be people; policy simulation only") >= 3
    assert "ynthetic data" not in page
