"""Versions in time: which of them judges a request, what a version's life changes, and one version against another."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import policy
import simulations
from policy.problems import ProblemsFound
from policy.reading.versions import Family, Version
from policy.storage.files import save
from tests.simulations.families import (
    DATED,
    EIGHT,
    FULL,
    NAME,
    SIX,
    cases,
    document,
    family,
    in_force,
    judged,
    ran,
    saved,
    two_years,
)

# Which version --------------------------------------------------------------------------------------------------------


def test_each_request_is_judged_by_the_version_of_its_day(there: Path):
    two_years(there)
    cases(there, "2027-01-01", "2026-12-31", "2026-01-01", "2030-05-05")
    found = judged(there, "--policy", NAME)
    assert found == [("2027.1", "not_met"), ("2026.1", "met"), ("2026.1", "met"), ("2027.1", "not_met")]
    table = pd.read_csv(there / "o.csv", dtype=str)
    assert list(table.columns[-2:]) == ["policy", "fingerprint"]
    assert list(table["case_id"]) == ["c0", "c1", "c2", "c3"]
    prints = [policy.load(name).fingerprint for name in table["policy"]]
    assert list(table["fingerprint"]) == prints


def test_the_rows_of_one_version_alone_are_what_that_version_says(there: Path):
    """Every row as under `name@version` of its day, whatever else is in the table: an oracle without any routing."""
    two_years(there)
    days = [f"{year}-{rest}" for year in (2026, 2027) for rest in ("01-01", "01-31", "06-10", "12-30", "12-31")]
    cases(there, *days)
    together = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert together.exit_code == 0
    found = pd.read_csv(there / "o.csv", dtype=str)
    alone = []
    for version in ("2026.1", "2027.1"):
        assert ran("determine", "cases.csv", "--policy", f"{NAME}@{version}", "--out", f"{version}.csv").exit_code == 0
        alone.append(pd.read_csv(there / f"{version}.csv", dtype=str))
    for i, day in enumerate(days):
        pd.testing.assert_series_equal(found.loc[i], alone[day >= "2027"].loc[i])


def test_a_table_in_batches_keeps_its_order_and_its_duplicates_are_seen_across_versions(
    there: Path, monkeypatch: pytest.MonkeyPatch
):
    two_years(there)
    days = [f"{2026 + (i * 7 % 5 > 2)}-0{1 + i % 9}-15" for i in range(40)]
    cases(there, *days)
    whole = pd.read_csv(there / "cases.csv", dtype=str)
    save(there / "cases.parquet", whole.to_parquet())
    monkeypatch.setattr("policy.case_files.files.BATCH", 3)
    assert ran("determine", "cases.parquet", "--policy", NAME, "--out", "o.csv").exit_code == 0
    found = pd.read_csv(there / "o.csv", dtype=str)
    assert found["case_id"].tolist() == whole["case_id"].tolist()
    assert found["policy"].str[-6:].tolist() == [f"{day[:4]}.1" for day in days]
    assert set(zip(found["policy"], found["outcome"], strict=True)) == {
        (f"{NAME}@2026.1", "met"), (f"{NAME}@2027.1", "not_met"),
    }  # fmt: skip
    first, last = days.index("2026-01-15"), len(days) - 1 - [day[:4] for day in reversed(days)].index("2027")
    whole.loc[last, "case_id"] = whole.loc[first, "case_id"]
    save(there / "cases.parquet", whole.to_parquet())
    told = ran("determine", "cases.parquet", "--policy", NAME, "--out", "o.csv", "--rejects", "bad.csv")
    assert (told.exit_code, len(pd.read_csv(there / "bad.csv"))) == (0, 2), told.output
    assert len(pd.read_csv(there / "o.csv")) == 38


def test_a_version_or_a_file_means_exactly_that(there: Path):
    two_years(there)
    cases(there, "2019-01-01", "2026-12-31", "", "2027-01-01")
    for name in (f"{NAME}@2026.1", f"workspace/policies/{NAME}/2026.1.yaml"):
        assert judged(there, "--policy", name) == [("2026.1", "met")] * 4


def test_a_request_before_the_first_version_is_rejected_like_any_bad_row(there: Path):
    two_years(there)
    cases(there, "2025-12-31", "2026-01-01")
    told = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert (told.exit_code, (there / "o.csv").exists()) == (1, False)
    assert f"cases.csv:2: column request_date: '2025-12-31' has no version of {NAME} in force" in told.output
    assert judged(there, "--policy", NAME, "--rejects", "bad.csv", "--max-rejects", "60") == [("2026.1", "met")]
    assert pd.read_csv(there / "bad.csv")["case_id"].tolist() == ["c0"]
    told = ran("explain", "cases.csv", "--case", "c0", "--policy", NAME)
    assert (told.exit_code, f"{NAME}@2026.1, is from 2026-01-01" in told.output) == (1, True)


def test_a_date_that_is_none_is_rejected_as_such(there: Path):
    two_years(there)
    cases(there, "2026-02-30", "2026-01-01")
    told = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert (told.exit_code, "'2026-02-30' is not a date" in told.output) == (1, True)


def test_a_request_without_a_date_needs_a_day_only_where_it_matters(there: Path):
    two_years(there)
    cases(there, "2026-12-31", "")
    told = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert (told.exit_code, (there / "o.csv").exists()) == (2, False)
    assert "row 3 has no request_date" in told.output
    assert "--as-of" in told.output
    assert judged(there, "--policy", NAME, "--as-of", "2026-06-01") == [("2026.1", "met")] * 2
    assert judged(there, "--policy", NAME, "--as-of", "2027-06-01") == [("2026.1", "met"), ("2027.1", "not_met")]
    assert ran("explain", "cases.csv", "--case", "c1", "--policy", NAME).exit_code == 2
    assert ran("explain", "cases.csv", "--case", "c0", "--policy", NAME).exit_code == 0
    assert ran("determine", "cases.csv", "--policy", NAME, "--as-of", "2025-01-01", "--out", "o.csv").exit_code == 1
    assert ran("determine", "cases.csv", "--policy", NAME, "--as-of", "1 May", "--out", "o.csv").exit_code == 2
    (there / "workspace" / "policies" / NAME / "2027.1.yaml").unlink()
    assert judged(there, "--policy", NAME) == [("2026.1", "met")] * 2


def test_a_table_without_dates_is_one_of_rows_without_a_date(there: Path):
    two_years(there)
    save(there / "cases.csv", pd.DataFrame([{"case_id": "a", **FULL}]).to_csv(index=False).encode())
    assert ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv").exit_code == 2
    assert judged(there, "--policy", NAME, "--as-of", "2027-01-01") == [("2027.1", "not_met")]


def test_a_retired_version_counts_for_its_time_and_leaves_a_gap(there: Path):
    family(
        there,
        document("2026.1", "retired", {"conservative_weeks": SIX}, in_force("2026-01-01", "2026-07-01")),
        document("2027.1", "adopted", {"conservative_weeks": EIGHT}, in_force("2027-01-01")),
    )
    cases(there, "2026-06-30", "2027-01-01")
    assert judged(there, "--policy", NAME) == [("2026.1", "met"), ("2027.1", "not_met")]
    cases(there, "2026-07-01", "2026-12-31")
    told = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert told.exit_code == 1
    assert told.output.count(f"{NAME}@2026.1 was retired on 2026-07-01, {NAME}@2027.1 is from 2027-01-01") == 2


def test_withdrawn_versions_and_drafts_judge_nothing_once_one_is_adopted(there: Path):
    family(
        there,
        document("2026.1", "adopted", {"conservative_weeks": SIX}, in_force("2026-01-01")),
        document("2026.2", "withdrawn", {"conservative_weeks": EIGHT}, in_force("2026-03-01")),
        document("2027.1", "draft", {"conservative_weeks": EIGHT}, in_force("2026-06-01")),
    )
    cases(there, "2026-02-01", "2026-04-01", "2028-01-01", "")
    assert judged(there, "--policy", NAME) == [("2026.1", "met")] * 4
    assert policy.load(NAME).version == "2026.1"
    assert policy.load(f"{NAME}@2026.2").status == "withdrawn"


def test_while_none_is_adopted_the_highest_draft_is_meant_and_said_to_be_one(there: Path):
    statuses = {"2026.9": "draft", "2026.10": "draft", "2027.1": "withdrawn", "2027.2": "retired"}
    family(there, *(document(version, status) for version, status in statuses.items()))
    cases(there, "2020-01-01", "")
    told = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert ", version 2026.10” has the status “draft”, not “adopted”." in told.output
    assert {version for version, _ in judged(there, "--policy", NAME)} == {"2026.10"}


def test_a_draft_follows_a_retired_version(there: Path):
    family(
        there,
        document("2026.1", "retired", {"conservative_weeks": SIX}, in_force("2026-01-01", "2027-01-01")),
        document("2027.1", "draft", {"conservative_weeks": EIGHT}),
    )
    cases(there, "2026-12-31", "2027-01-01")
    assert judged(there, "--policy", NAME) == [("2026.1", "met"), ("2027.1", "not_met")]
    cases(there, "2025-12-31")
    assert ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv").exit_code == 1


def test_other_verbs_take_one_version(there: Path):
    two_years(there)
    assert policy.load(NAME).version == "2027.1"
    assert policy.load(NAME, "2026-12-31").version == "2026.1"
    told = ran("sql", "--policy", NAME, "--as-of", "2026-12-31").output
    assert ("At least 6 weeks" in told, f"judged by {NAME}@2026.1, as of 2026-12-31" in told) == (True, True)
    with pytest.raises(ProblemsFound, match=r"2025-12-31 has no version of blocks in force: the first, blocks@2026\.1"):
        policy.load(NAME, "2025-12-31")
    with pytest.raises(ProblemsFound, match="'tomorrow' is no day"):
        policy.load(NAME, "tomorrow")
    told = ran("compare", NAME, f"{NAME}@2026.1", "--as-of", "2027-05-05")
    assert f"({NAME}@2027.1) -> {NAME}@2026.1" in told.output


def test_versions_of_which_none_can_be_meant(there: Path):
    family(there, document("2026.1", "retired", more=in_force("2026-01-01", "2026-02-01")))
    with pytest.raises(ProblemsFound, match="each version is retired or withdrawn; name one"):
        policy.load(NAME)
    family(there, document("2026.1", "retired", more=in_force("2026-01-01")))
    with pytest.raises(ProblemsFound, match=r"blocks@2026\.1: is retired with no version after it"):
        policy.load(NAME)


def test_two_versions_of_one_day_are_told_by_name(there: Path):
    family(there, *(document(v, "adopted", more=in_force("2026-01-01")) for v in ("2026.1", "2026.2")))
    cases(there, "2026-05-05")
    said = f"{NAME}@2026.1: and {NAME}@2026.2 are both in force from 2026-01-01"
    for words in (f"determine cases.csv --policy {NAME} --out o.csv", f"validate workspace/policies/{NAME}"):
        told = ran(*words.split())
        assert (told.exit_code, said in told.output) == (1, True), told.output


def test_versions_of_the_workspace_stand_beside_those_that_ship(there: Path):
    text = document("2031.1", "adopted", more=in_force("2031-01-01"), name="nerve_blocks")
    saved(there / "workspace", text, name="nerve_blocks")
    assert policy.load("nerve_blocks").version == "2031.1"
    assert policy.load("nerve_blocks@2026.2").status == "draft"


DAYS = [f"2026-{month:02}-01" for month in range(1, 13)]
STATUSES = ("draft", "adopted", "adopted", "retired", "withdrawn")


@given(
    st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(DAYS), st.sampled_from([None, *DAYS])), max_size=5)
)
def test_the_version_of_a_day_is_the_last_that_came_into_force_unless_it_was_retired(
    lives: list[tuple[str, str, str | None]],
):
    """Against walking through the days one by one, with no notion of a term."""
    own = [(status, first, end if end and end > first else None) for status, first, end in lives]
    counted = [first for status, first, _ in own if status in ("adopted", "retired")]
    assume(len({*counted}) == len(counted) > 0)
    assume(all(status != "retired" or end or first != max(counted) for status, first, end in own))
    versions = tuple(Version(f"x@2026.{i}", Path(f"{i}.yaml"), *life) for i, life in enumerate(own))
    found, here = Family("x", versions), None
    adopted = any(one.status == "adopted" for one in versions)
    drafts = [one for one in versions if one.status == "draft"]
    for day in ("2025-12-31", *DAYS):
        for one in versions:
            if one.status in ("adopted", "retired") and one.effective == day:
                here = one
        if here is not None and here.retired and here.retired <= day:
            expected = drafts[-1] if drafts and not adopted else None
        else:
            expected = here
        if expected is None:
            with pytest.raises(ProblemsFound, match="has no version of x in force"):
                found.on(day)
        else:
            assert found.on(day) == expected


# Fields that only one version has -------------------------------------------------------------------------------------


def test_a_column_of_a_later_version_is_not_unknown_before_it(there: Path):
    column, steps = "  tn_mri_done:", "{label: Steps, ask: steps, type: whole, min: 0, max: 9, origin: assumption}"
    instead = {column: f"  steps_walked: {steps}\n{column}"}
    new = document("2027.1", "adopted", more=in_force("2027-01-01"), instead=instead)
    family(there, document("2026.1", "adopted", more=in_force("2026-01-01")), new)
    cases(there, "2026-12-31", "2027-01-01")
    table = pd.read_csv(there / "cases.csv", dtype=str)
    save(there / "cases.csv", table.assign(steps_walked=["77", "7"]).to_csv(index=False).encode())
    assert [version for version, _ in judged(there, "--policy", NAME)] == ["2026.1", "2027.1"]
    save(there / "cases.csv", table.assign(steps_walked=["7", "77"]).to_csv(index=False).encode())
    told = ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv")
    assert (told.exit_code, told.output.count("steps_walked"), "cases.csv:3" in told.output) == (1, 1, True)
    save(there / "cases.csv", table.assign(step_walked=["7", "77"]).to_csv(index=False).encode())
    assert "unknown column 'step_walked'" in ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv").output


# The life of a version ------------------------------------------------------------------------------------------------


def test_what_becomes_of_a_version_never_changes_its_fingerprint(there: Path):
    lives = (
        document("2026.1"),
        document("2026.1", "adopted", more=in_force("2026-01-01")),
        document("2026.1", "adopted", more='effective: "2026-02-01"\n'),
        document("2026.1", "retired", more=in_force("2026-01-01", "2027-01-01")),
        document("2026.1", "withdrawn", more='history:\n  - {date: 2026-01-01, says: "Adopted."}\n'),
    )
    prints = set()
    for text in lives:
        save(there / "one.yaml", text.encode())
        prints.add(policy.load("one.yaml").fingerprint)
    assert len(prints) == 1
    save(there / "one.yaml", document("2026.1", levers={"conservative_weeks": "values: {2026-01-01: 6}"}).encode())
    assert policy.load("one.yaml").fingerprint not in prints


@pytest.mark.parametrize(
    ("status", "lines", "message"),
    [
        ("adopted", "", "an adopted version needs effective"),
        ("draft", "retired: 2026-01-01\n", "needs effective: the day from which the version was in force"),
        ("adopted", in_force("2026-01-01", "2026-01-01"), "2026-01-01 must be after effective, 2026-01-01"),
        ("adopted", "effective: 2026-02-30\n", "'2026-02-30' is no day of the calendar"),
        ("adopted", "effective: 1 May 2026\n", "write a date such as 2026-01-01"),
        ("in_force", "", "'in_force' is not allowed"),
        ("draft", "history: [{date: 2027-01-01, says: b}, {date: 2026-01-01, says: a}]\n", "the order of their dates"),
        ("draft", "history: [{date: 2027-01-01}]\n", "history.0.says: this key is missing"),
    ],
)  # fmt: skip
def test_a_life_that_cannot_be_is_told_with_its_line(there: Path, status: str, lines: str, message: str):
    save(there / "one.yaml", document("2026.1", status, more=lines).encode())
    told = ran("validate", "one.yaml")
    assert (told.exit_code, message in told.output, told.output.startswith("one.yaml:")) == (1, True, True), told.output


# Levers by date -------------------------------------------------------------------------------------------------------


def test_a_dated_value_holds_from_its_day(there: Path):
    family(there, document("2026.1", "adopted", {"conservative_weeks": DATED}, in_force("2026-01-01")))
    cases(there, "2027-01-01", "2026-12-31", "2026-01-01")
    for name in (NAME, f"{NAME}@2026.1"):
        assert [outcome for _, outcome in judged(there, "--policy", name)] == ["not_met", "met", "met"]
    assert len(set(pd.read_csv(there / "o.csv")["fingerprint"])) == 1
    one = policy.load(NAME)
    days = (None, "2025-01-01", "2026-12-31", "2027-01-01", "2040-01-01")
    assert [one.on(day).settings()["conservative_weeks"] for day in days] == [8, 6, 6, 8, 8]
    assert one.on("2026-05-05").settings().provisions() == {}
    assert one.on("2026-05-05").settings({"conservative_weeks": 8}).provisions() == {"conservative_weeks": 8}


def test_an_explicit_value_wins_over_dated_ones(there: Path):
    family(there, document("2026.1", "adopted", {"conservative_weeks": DATED}, in_force("2026-01-01")))
    cases(there, "2027-01-01", "2026-12-31", "")
    for value, outcome in (("8", "not_met"), ("7", "met")):
        found = judged(there, "--policy", NAME, "--set", f"conservative_weeks={value}")
        assert [word for _, word in found] == [outcome] * 3
    assert ran("determine", "cases.csv", "--policy", NAME, "--out", "o.csv").exit_code == 2
    assert [word for _, word in judged(there, "--policy", NAME, "--as-of", "2026-05-05")] == ["not_met", "met", "met"]


def test_one_date_for_verbs_of_one_value(there: Path):
    save(there / "one.yaml", document("2026.1", levers={"conservative_weeks": DATED}).encode())
    saved(there / "workspace")  # its population
    studies = [simulations.ask("one.yaml", size=500, as_of=day) for day in (None, "2026-05-05")]
    plain = simulations.ask("nerve_blocks", provisions={"conservative_weeks": 8}, size=500).impact.outcomes()
    assert [study.impact.outcomes()["baseline"].tolist() for study in studies] == [
        plain["scenario"].tolist(), plain["baseline"].tolist(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("values: {2026-01-01: 6, 2027-01-01: 99}", "'99' is outside the domain"),
        ("values: {2026-13-01: 6}", "is no day of the calendar"),
        ("values: {2027-01-01: 6}", "the first day, 2027-01-01, is after effective, 2026-01-01"),
        ("values: {2026-01-01: 6}\n    default: 6", "write one of the two"),
        ("cited: {min: 1, max: 2}", "conservative_weeks.default: this key is missing (or values, by date)"),
    ],
)
def test_dated_values_that_cannot_be_are_told(there: Path, stated: str, message: str):
    instead = {"    cited: {min: 2, max: 12}\n": ""} if stated.startswith("cited") else None
    text = document("2026.1", "adopted", {"conservative_weeks": stated}, in_force("2026-01-01"), instead)
    save(there / "one.yaml", text.encode())
    told = ran("validate", "one.yaml")
    assert (told.exit_code, message in told.output) == (1, True), told.output


def test_an_example_is_held_against_the_values_of_its_date(there: Path):
    rows = ", ".join(f'{name}: "{value}"' for name, value in FULL.items())
    examples = "".join(
        f"  - {{name: on {day}, case: {{{rows}, request_date: {day}}}, expect: {outcome}}}\n"
        for day, outcome in (("2026-12-31", "met"), ("2027-01-01", "not_met"))
    )
    text = document("2026.1", levers={"conservative_weeks": DATED}) + f"examples:\n{examples}"
    save(there / "one.yaml", text.encode())
    assert ran("validate", "one.yaml").exit_code == 0
    save(there / "one.yaml", text.replace("expect: met", "expect: not_met").encode())
    assert "comes out as met; expected is not_met" in ran("validate", "one.yaml").output
