"""The door of the case table: names of columns, mapped, left out, missing or unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import policy
from tests.policy.cases.reading import (
    ABSENT_IS_FALSE,
    BOOLEANS,
    CHOICES,
    COUNTS,
    DATES,
    GOOD,
    HEAD,
    PERCENTS,
    lines,
    read,
    refused,
)


def test_an_unknown_column_is_refused_with_the_nearest_name_or_mapped_or_ignored(tmp_path: Path):
    text = lines([*GOOD, "45"], header=[*HEAD, "conservative_care_day"])
    said = refused(tmp_path, text)
    assert said == (
        "requests.csv:1: unknown column 'conservative_care_day': rename it or leave it out, in the file or by --map "
        "and --ignore, did you mean conservative_care_days?"
    )
    mapped = read(tmp_path, text, rename={"conservative_care_day": "conservative_care_days"})
    assert mapped.facts["conservative_care_days"].tolist() == [45]
    assert read(tmp_path, text, ignore=["conservative_care_day"]).facts["conservative_care_days"].tolist() == [-1]


def test_all_problems_of_the_columns_come_in_one_pass(tmp_path: Path):
    text = "case_idd,dx,email,relief,,dx\nA,M54.2,x,1,,M54.2\n"
    said = refused(tmp_path, text, rename={"procedure": "cpt"}, ignore=["agee"]).splitlines()
    assert all(line.startswith("requests.csv:1: ") for line in said)
    for part in (
        "no column is called 'procedure'", "no column is called 'agee'", "unknown column 'case_idd'",
        "did you mean case_id?", "column 'email' looks like", "unknown column 'relief'", "has no name in the header",
        "column 'dx' stands twice", "required column 'case_id' is missing", "required column 'cpt' is missing",
    ):  # fmt: skip
        assert sum(part in line for line in said) == 1, part
    assert len(said) == 9  # 'did you mean' shares a line


def test_a_problem_of_a_column_carries_its_code_and_its_column(tmp_path: Path):
    text = "case_idd,dx,email,,dx,pain_duration\nA,M54.2,x,1,M54.2,6\n"
    with pytest.raises(policy.ProblemsFound) as found:
        read(tmp_path, text, rename={"procedure": "cpt", "dxx": "dx"}, ignore=["dxx"])
    assert [(p.code, p.column) for p in found.value.problems] == [
        ("column", None), ("column", None), ("column", None), ("column", None), ("column", "case_idd"),
        ("identifier", "email"), ("column", None), ("column", "dx"), ("column", "pain_duration"), ("column", "case_id"),
        ("column", "cpt"),
    ]  # fmt: skip
    assert {p.place for p in found.value.problems} == {"requests.csv:1"}
    row = refused_row(tmp_path, lines([*GOOD, "-1"], header=[*HEAD, "age"]))
    assert (row.code, row.place, row.row, row.column, row.value) == ("row", "requests.csv:2", 2, "age", "-1")
    short = refused_row(tmp_path, "case_id,dx,cpt\nA,M54.2\n")
    assert (short.code, short.place, short.row, short.column) == ("row", "requests.csv:2", 2, "")


def refused_row(folder: Path, content: str) -> policy.Problem:
    with pytest.raises(policy.ProblemsFound) as found:
        read(folder, content)
    (problem,) = found.value.problems
    return problem


def test_a_header_is_trimmed_and_its_case_is_folded_and_that_is_said(tmp_path: Path):
    cases = read(tmp_path, " Case_ID ,dx,CPT,AGE \nA,M54.2,64405,50\n")
    assert cases.facts["age"].tolist() == [50]
    said = "columns read under another name: ' Case_ID ' as case_id, 'CPT' as cpt, 'AGE ' as age"
    assert said in cases.remarks


def test_what_was_mapped_and_left_out_is_said(tmp_path: Path):
    content = lines([*GOOD, "45", "x"], header=[*HEAD, "days", "comment"])
    cases = read(tmp_path, content, rename={"days": "conservative_care_days"}, ignore=["comment"])
    assert "columns read under another name: 'days' as conservative_care_days" in cases.remarks
    assert "columns left out as asked: 'comment'" in cases.remarks
    said = refused(tmp_path, content, rename={"days": "conservative_care_days"}, ignore=["days", "comment"])
    assert said == "requests.csv:1: column 'days' is mapped and also ignored; say one"


@pytest.mark.parametrize(
    ("first", "looks"),
    [
        ("# from the portal, 27 November", "a comment"), ('<html lang="en,us">', "a web page"),
        ("Jo Example,1956-01-02,M54.2,20553", "somebody's row"), ("Ann;123-45-6789", "somebody's row"),
    ],
)  # fmt: skip
def test_a_first_line_that_is_no_header_is_not_shown(tmp_path: Path, first: str, looks: str):
    for options in ({}, {"rename": {"Jo Exampel": "dx"}}, {"keep_good": True}):
        said = refused(tmp_path, f"{first}\n{lines(GOOD)}", **options)
        assert said.startswith("requests.csv:1: names no column of a case table; a header with case_id")
        assert looks in said
        assert not any(word in said for word in ("Example", "1956", "Ann", "6789", "November"))
        assert said.count("\n") == 0
    assert "it looks like a web page" in refused(tmp_path, "<p>Log in</p>\n<p></p>\n")


def test_missing_columns_mean_not_documented_and_are_said(tmp_path: Path):
    cases = read(tmp_path, lines(GOOD))
    (said,) = [remark for remark in cases.remarks if "not in the file" in remark]
    absent = {*DATES, *COUNTS, *PERCENTS, *BOOLEANS, *CHOICES, "race_ethnicity"}
    assert said.startswith(
        f"{len(absent)} columns are not in the file, not documented for every row; the rules for its "
    )
    assert "diagnostic_blocks_done" in said  # of an occipital block with neck pain
    assert "failed_preventives" not in said
    assert "race_ethnicity" not in said
    (of_others,) = [r for r in read(tmp_path, lines(["A", "E11.9", "99213"])).remarks if "not in the file" in r]
    assert of_others.endswith("the rules for its codes read none of them")
    for name, values in cases.facts.items():
        assert values.tolist() == [0 if name in ABSENT_IS_FALSE else -1]


def test_group_columns_are_kept_as_text(tmp_path: Path):
    cases = read(
        tmp_path, lines([*GOOD, "North", "No"], ["B", *GOOD[1:], "", "1"], header=[*HEAD, "group_region", "Group_2"])
    )
    assert {name: list(values.astype(object)) for name, values in cases.groups.items()} == {
        "group_region": ["North", np.nan],
        "group_2": ["No", "1"],
    }
    assert "unknown column 'group_'" in refused(tmp_path, lines([*GOOD, "x"], header=[*HEAD, "group_"]))
    assert "column group_region: 'a\\u0007b' has control" in refused(
        tmp_path, lines([*GOOD, "a\x07b"], header=[*HEAD, "group_region"])
    )


def test_words_for_missing_in_a_column_of_groups_are_not_stated(tmp_path: Path):
    words = ["A", "NULL", "nan", "N/A", "unknown", "", "B", "Not stated", "none", "-"]
    rows = [[f"r{i}", *GOOD[1:], word, word] for i, word in enumerate(words)]
    cases = read(tmp_path, lines(*rows, header=[*HEAD, "group_plan", "race_ethnicity"]))
    for name in ("group_plan", "race_ethnicity"):
        assert list(cases.groups[name].categories) == ["A", "B"]
        said = [remark for remark in cases.remarks if remark.startswith(f"column {name}: 7 rows with ")]
        assert len(said) == 1
        assert said[0].endswith("taken as not stated")


def test_simulated_truth_is_left_out_and_said(tmp_path: Path):
    cases = read(tmp_path, lines([*GOOD, "yes", "nonsense"], header=[*HEAD, "truth_benefit", "truth_facet_pain"]))
    assert not {"truth_benefit", "truth_facet_pain"} & (set(cases.facts) | set(cases.groups))
    for name in ("truth_benefit", "truth_facet_pain"):
        assert f"column {name} is simulated truth: ignored" in cases.remarks
