"""The door of the case table: what is read, what is refused and where; every road in gives the same integers."""

from __future__ import annotations

import datetime
import functools
import gzip
import random
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policy
from policy.cases.reader import half_months, half_months_of_days
from policy.problems import SHOWN

HEAD = ["case_id", "dx", "cpt"]
GOOD = ["A", "M54.2", "64405"]
START = datetime.date(1900, 1, 1)
AT_LEAST_ONE = -2  # the fact of a number that is missing, but known to be at least 1
IN_HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
COUNTS = {  # column: greatest value
    **{"pain_duration_days": 43800, "conservative_care_days": 36500, "diagnostic_blocks_done": 2, "age": 120},
    **{"failed_anticonvulsants": 20, "failed_preventives": 20, "failed_fibromyalgia_drugs": 20},
    **{"headache_days_per_month": 31, "sessions_last_12m": 365, "prior_relief_days": 3650},
}
PERCENTS = ("block_1_relief_pct", "block_2_relief_pct", "prior_relief_pct")
BOOLEANS = (
    *("conservative_care_failed", "tried_physical_therapy", "tried_nsaid", "tried_exercise", "function_limited"),
    *("conservative_care_contraindicated", "imaging_other_cause", "radiculopathy", "blocks_comparative"),
    *("trigger_points_on_exam", "nerve_named", "tn_specialist_diagnosis", "tn_mri_done", "clinical_trial"),
    *("rural", "low_income_subsidy", "dual_eligible", "disability"),
)
CHOICES = {
    "image_guidance": ("fluoroscopy", "ct", "ultrasound", "none"),
    "intent": ("diagnostic", "therapeutic", "acute", "preventive"),
    "site_of_service": ("office", "outpatient", "asc", "ed"),
    "sex": ("female", "male", "other"),
    "line_of_business": ("medicare_advantage", "medicaid", "commercial", "marketplace"),
}
DATES = ("request_date", "onset_date")
ABSENT_IS_FALSE = {"conservative_care_contraindicated", "clinical_trial"}


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


def read(folder: Path, content: str | bytes, **options: Any) -> policy.Cases:
    """The cases of a CSV file with this content."""
    path = folder / "requests.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return policy.read_cases(path, nerve_blocks(), **options)


def lines(*rows: Sequence[str], header: Sequence[str] = HEAD) -> str:
    return "".join(",".join(row) + "\n" for row in (header, *rows))


def facts_of(folder: Path, cells: dict[str, str], **options: Any) -> policy.Cases:
    """One good row with further cells."""
    return read(folder, lines([*GOOD, *cells.values()], header=[*HEAD, *cells]), **options)


def fact(folder: Path, column: str, text: str) -> int:
    cases = facts_of(folder, {column: text})
    assert len(cases.rejected) == 0
    return int(cases.facts[column][0])


def refused(folder: Path, content: str | bytes, **options: Any) -> str:
    with pytest.raises(policy.ProblemsFound) as found:
        read(folder, content, **options)
    return str(found.value)


def refused_cell(folder: Path, column: str, text: str) -> str:
    """What is said about one bad cell, which must be the only problem; with `keep_good` it is a rejected row."""
    content = lines([*GOOD, text], header=[*HEAD, column])
    said = refused(folder, content)
    assert said.startswith(f"requests.csv:2: column {column}: '{text.strip()[:80]}"), said
    assert said.count("\n") == 0
    kept = read(folder, content, keep_good=True)
    assert len(kept) == 0
    assert [(r.row, r.column, r.value) for r in kept.rejected.itertuples()] == [(2, column, text.strip())]
    return said


# Each kind of column -------------------------------------------------------------------------------------------------


def test_the_columns_tested_here_are_all_columns_of_the_policy():
    named = {*HEAD, *DATES, *COUNTS, *PERCENTS, *BOOLEANS, *CHOICES}
    named |= {"race_ethnicity", "truth_benefit", "truth_facet_pain", "pain_duration"}
    assert named == set(nerve_blocks().fields_)


@pytest.mark.parametrize(("column", "most"), COUNTS.items())
def test_a_count_is_read_within_its_range(tmp_path: Path, column: str, most: int):
    for text, value in (("0", 0), ("1", 1), (str(most - 1), most - 1), (str(most), most), (f"{most}.0", most)):
        assert fact(tmp_path, column, text) == value
    assert fact(tmp_path, column, "") == -1
    assert fact(tmp_path, column, "   ") == -1
    for text in ("-1", str(most + 1), "99999999"):
        assert f"is outside the range; allowed 0 to {most} " in refused_cell(tmp_path, column, text)
    assert f"is not a whole number; allowed 0 to {most} " in refused_cell(tmp_path, column, "1.5")


@pytest.mark.parametrize(
    "text",
    ["six", "1e2", "0x1F", "1_000", "+6", "017", "1 000", "6 weeks", "６", "١", "inf", "-inf", "nan", "1e400", "--1"],
)
def test_what_is_no_plain_number_is_refused(tmp_path: Path, text: str):
    assert "is not a plain number; allowed 0 to 36500 days" in refused_cell(tmp_path, "conservative_care_days", text)


@pytest.mark.parametrize("column", PERCENTS)
def test_a_percentage_is_read_in_hundredths_and_never_rounded(tmp_path: Path, column: str):
    extra = {"block_2_relief_pct": "diagnostic_blocks_done"}.get(column)
    for text, value in (
        *(("0", 0), ("1", 100), ("1.00", 100), ("79", 7900), ("79.99", 7999), ("80", 8000)),
        *(("80.0", 8000), ("80.01", 8001), ("79.9900000000000000000000000000000", 7999), ("100", 10000)),
        *(("-0", 0), ("-0.0", 0), ("100.00", 10000), ("", -1)),
    ):
        cases = facts_of(tmp_path, {column: text} | ({extra: "2"} if extra else {}))
        assert int(cases.facts[column][0]) == value
    for text in ("100.01", "180", "-0.01", "-5", "1000000"):
        assert "is outside the range; allowed 0 to 100 %" in refused_cell(tmp_path, column, text)
    for text in ("0.8", "0.01", "0.999", "0.0000001"):
        assert "looks like a fraction; write per cent, allowed 0 to 100 %" in refused_cell(tmp_path, column, text)
    for text in ("79.999", "66.66666666666667", "79.999999999999999999", "84.0000000000000000000000000000001"):
        assert "is finer than the step of 0.01; allowed 0 to 100 %" in refused_cell(tmp_path, column, text)
    for text in ("80%", "0;8", "8e1", "eighty", "080", "80.", ".5"):
        assert "is not a plain number; allowed 0 to 100 %" in refused_cell(tmp_path, column, text)


def test_every_percentage_reaches_its_own_threshold_on_every_road(tmp_path: Path):
    whole = range(101)
    ids = [f"A{p}" for p in whole]
    exact = [p * 100 for p in whole]
    text = lines(*([i, "M54.2", "64405", str(p)] for i, p in zip(ids, whole, strict=True)), header=[*HEAD, PERCENTS[0]])
    assert read(tmp_path, text).facts[PERCENTS[0]].tolist() == exact
    for kind in (pa.int64(), pa.int8(), pa.float64(), pa.float32(), pa.decimal128(5, 2)):
        columns = {"case_id": ids, "dx": ["M54.2"] * 101, "cpt": ["64405"] * 101}
        relief = pa.array([Decimal(p) for p in whole] if pa.types.is_decimal(kind) else whole, kind)
        pq.write_table(pa.table({**columns, PERCENTS[0]: relief}), tmp_path / "p.parquet")
        assert policy.read_cases(tmp_path / "p.parquet", nerve_blocks()).facts[PERCENTS[0]].tolist() == exact


@pytest.mark.parametrize("column", BOOLEANS)
def test_a_boolean_is_read_in_the_spellings_of_the_contract_only(tmp_path: Path, column: str):
    for word, value in (("true", 1), ("yes", 1), ("y", 1), ("1", 1), ("t", 1), ("false", 0), ("no", 0), ("n", 0)):
        for text in {word, word.upper(), word.capitalize(), f" {word} "}:
            assert fact(tmp_path, column, text) == value
    assert fact(tmp_path, column, "0") == fact(tmp_path, column, "F") == fact(tmp_path, column, "0.0") == 0
    assert fact(tmp_path, column, "1.0") == 1
    assert fact(tmp_path, column, "") == (0 if column in ABSENT_IS_FALSE else -1)
    for text in ("2", "-1", "maybe", "truee", "10", "ja", "x", "0.5", "NA", "None", "null", "nan", "N/A"):
        assert "is neither true/yes/y/1/t nor false/no/n/0/f" in refused_cell(tmp_path, column, text)


@pytest.mark.parametrize(("column", "words"), CHOICES.items())
def test_a_choice_is_one_of_its_words(tmp_path: Path, column: str, words: tuple[str, ...]):
    for code, word in enumerate(words):
        assert fact(tmp_path, column, word) == fact(tmp_path, column, f" {word.upper()}") == code
    assert fact(tmp_path, column, "") == -1
    near = refused_cell(tmp_path, column, words[0] + "x")
    assert f"is not one of {', '.join(words)}, did you mean {words[0]}?" in near
    for text in ("NA", "None" if column != "image_guidance" else "nil", "0"):
        assert f"is not one of {', '.join(words)}" in refused_cell(tmp_path, column, text)


@pytest.mark.parametrize("column", DATES)
def test_a_date_is_iso_and_exists(tmp_path: Path, column: str):
    for text in ("1901-01-01", "2024-02-29", "2025-01-02", "2099-12-31"):
        days = (datetime.date.fromisoformat(text) - START).days
        for written in (text, f" {text} ", f"\u00a0{text}\t"):
            assert fact(tmp_path, column, written) == days
        for end in (" 00:00", " 00:00:00", "T00:00:00Z", " 00:00:00.000000", "T05:00:00+02:00"):
            assert "has a time of day; write it as YYYY-MM-DD; a time with a zone is read in UTC" in refused_cell(
                tmp_path, column, text + end
            )
    assert fact(tmp_path, column, "") == -1
    for text in ("1899-12-31", "1900-12-31", "2100-01-01", "0001-01-01"):
        assert refused_cell(tmp_path, column, text).endswith(f"'{text}' is outside 1901-01-01 to 2099-12-31")
    for text in ("1900-01-01", "9999-12-31"):
        assert "is a placeholder, no date; leave it empty" in refused_cell(tmp_path, column, text)
    for text in (
        *("2025-13-01", "2025-02-30", "2023-02-29", "0000-01-01", "01/02/2025", "13/02/2025", "2-Jan-25", "20250102"),
        *(
            "2025-1-2",
            "45658",
            "２025-01-02",
            "2025-W01-1",
            "NA",
            "today",
        ),
    ):
        assert "is not a date; write it as YYYY-MM-DD" in refused_cell(tmp_path, column, text)


# Codes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["M54.2", "M542", "m54.2", "m542", " M54.2 ", "M54.2\t"])
def test_a_diagnosis_has_one_form_and_a_change_is_said(tmp_path: Path, text: str):
    cases = read(tmp_path, lines(["A", text, "64405"]))
    assert list(cases.dx) == ["M54.2"]
    said = [remark for remark in cases.remarks if "standard form" in remark]
    if text.strip() == "M54.2":
        assert said == []
    else:
        assert said == [f"column dx: 1 codes were read in their standard form ({text} as M54.2)"]


def test_other_diagnoses_keep_their_letters(tmp_path: Path):
    codes = {"g43.e09": "G43.E09", "C4A.9": "C4A.9", "S52521A": "S52.521A", "G43709": "G43.709", "M54": "M54"}
    cases = read(tmp_path, lines(*([str(i), code, "64405"] for i, code in enumerate(codes))))
    assert list(cases.dx) == list(codes.values())


@pytest.mark.parametrize(
    "text",
    ["M54.2;M79.7", "M54.2 M79.7", "NA", "None", "54.2", "M5", "M５4.2", "M54.23456", "M54..2", "M-54.2", "neck pain"],
)
def test_what_is_not_one_diagnosis_is_refused(tmp_path: Path, text: str):
    said = refused(tmp_path, lines(["A", text, "64405"]))
    assert said == f"requests.csv:2: column dx: '{text}' is not one ICD-10-CM code such as M54.2"


@pytest.mark.parametrize("text", ["64405", "64405.0", "64405.00", " 64405 "])
def test_a_procedure_is_five_digits_even_from_a_number(tmp_path: Path, text: str):
    assert list(read(tmp_path, lines(["A", "M54.2", text])).cpt) == ["64405"]


@pytest.mark.parametrize("code", ["0213T", "0001U", "3008F", "G0260", "J1100", "E0601", "99213", "g0260", "0213t"])
def test_another_well_formed_procedure_is_out_of_scope(tmp_path: Path, code: str):
    cases = read(tmp_path, lines(["A", "M54.2", code]))
    assert list(cases.cpt) == [code.upper()]
    found = policy.determine(nerve_blocks(), cases, nerve_blocks().settings())
    assert found.counts()["out_of_scope"] == 1


def test_a_leading_zero_of_a_procedure_is_kept_and_a_lost_one_is_refused(tmp_path: Path):
    assert list(read(tmp_path, lines(["A", "M54.2", "00100"])).cpt) == ["00100"]
    assert "'100' is not one CPT or HCPCS code" in refused(tmp_path, lines(["A", "M54.2", "100"]))


@pytest.mark.parametrize(
    "text", ["6440", "644055", "64405.5", "64405.", "6.4405e4", "64405;64450", "0275A", "J102", "JJ102", "６4405", "NA"]
)
def test_what_is_not_one_procedure_is_refused(tmp_path: Path, text: str):
    said = refused(tmp_path, lines(["A", "M54.2", text]))
    assert said == (
        f"requests.csv:2: column cpt: '{text}' is not one CPT or HCPCS code: five digits, four digits and F, T or "
        "U, or a letter and four digits"
    )


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.float64(), pa.string(), pa.large_string()])
def test_a_procedure_from_parquet_is_the_same_code(tmp_path: Path, kind: pa.DataType):
    columns = {"case_id": ["A", "B"], "dx": ["M542", "G50.0"], "cpt": pa.array(["64405", "64400"]).cast(kind)}
    pq.write_table(pa.table(columns), tmp_path / "c.parquet")
    cases = policy.read_cases(tmp_path / "c.parquet", nerve_blocks())
    assert (list(cases.dx), list(cases.cpt)) == (["M54.2", "G50.0"], ["64405", "64400"])


@pytest.mark.parametrize("column", ["dx", "cpt"])
def test_a_blank_code_is_a_rejected_row(tmp_path: Path, column: str):
    row = dict(zip(HEAD, GOOD, strict=True)) | {column: " "}
    assert f"requests.csv:2: column {column}: '' is blank, and a code is required" in refused(
        tmp_path, lines(list(row.values()))
    )


# Identities and persons ----------------------------------------------------------------------------------------------


def test_a_blank_or_repeated_id_rejects_its_rows(tmp_path: Path):
    text = lines(GOOD, ["", "M54.2", "64405"], ["B", "M54.2", "64405"], ["A ", "M54.2", "64405"])
    said = refused(tmp_path, text).splitlines()
    assert [line.partition(":")[2] for line in said] == [
        "2: column case_id: 'A' stands more than once: rows 2 and 5",
        "3: column case_id: '' is blank, and a unique id is required",
        "5: column case_id: 'A' stands more than once: rows 2 and 5",
    ]
    assert list(read(tmp_path, text, keep_good=True).ids) == ["B"]


def test_ids_stay_text(tmp_path: Path):
    ids = ["001", "9007199254740993", "1e5", "NA", "null", "-2", "=1+1", "True"]
    assert list(read(tmp_path, lines(*([i, "M54.2", "64405"] for i in ids))).ids) == ids


@pytest.mark.parametrize(
    "secret",
    ["123-45-6789", "SSN 123-45-6789", "ann.smith@example.org", "(555) 123-4567", "555-123-4567", "555.123.4567"],
)
def test_what_looks_like_a_person_is_refused_and_never_echoed(tmp_path: Path, secret: str):
    words = "looks like a social security number, phone number or e-mail address"
    columns = [*HEAD, "race_ethnicity", "group_clinic", "age"]
    good = dict(zip(columns, ["A", "M54.2", "64405", "", "", ""], strict=True))
    for column in columns:
        content = lines(list((good | {column: secret}).values()), header=columns)
        said = refused(tmp_path, content)
        assert secret not in said
        assert said.startswith(f"requests.csv:2: column {column}: (not shown) ")
        if column in ("case_id", "race_ethnicity", "group_clinic"):  # kept as text: the file as a whole is refused
            assert said.endswith(f"{words}; the table is refused")
            assert refused(tmp_path, content, keep_good=True, case_id_is_key=True) == said
            continue
        kept = read(tmp_path, content, keep_good=True)
        assert len(kept) == 0
        assert kept.rejected.to_dict("records")[0] | {"problem": ""} == {
            "row": 2, "case_id": "A", "column": column, "value": "(not shown)", "problem": "",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("1AA0-AA0-AA00", "Medicare number"), ("1AA0AA0AA00", "Medicare number"), ("000 00 0000", "social security"),
        ("1-555-010-0000", "phone number"), ("+1 555 010 0000", "phone number"), ("Jo Example", "name of a person"),
        ("EXAMPLE, JO", "name of a person"), ("Zoë Example", "name of a person"), ("1956-01-02", "date of birth"),
        ("000000000", "say --case-id-is-key"), ("5550100000", "say --case-id-is-key"),
    ],
)  # fmt: skip
def test_an_id_that_is_a_person_is_refused_and_nothing_of_it_is_said(tmp_path: Path, secret: str, words: str):
    content = lines([secret, "M54.2", "64405"] if "," not in secret else [f'"{secret}"', "M54.2", "64405"], GOOD)
    for options in ({}, {"keep_good": True}):
        said = refused(tmp_path, content, **options)
        assert words in said
        assert not any(part in said for part in secret.replace(",", " ").split() if len(part) > 2)
    key = {"case_id_is_key": True}
    if "key" in words:
        assert len(read(tmp_path, content, **key)) == 2
    else:
        assert words in refused(tmp_path, content, **key)


@pytest.mark.parametrize("fine", ["2025-001-0023", "12345-678", "A-1", "REQ 2025-01-02", "1234567890123", "@home"])
def test_an_ordinary_id_is_no_person(tmp_path: Path, fine: str):
    assert list(read(tmp_path, lines([fine, "M54.2", "64405"])).ids) == [fine]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A\x00B", "'A\\u0000B'"), ("A\x1b[31m", "'A\\u001b[31m'"), ("A\x9b31m", "'A\\u009b31m'"),
        ("A\u202eB", "'A\\u202eB'"), ("A\u200b", "'A\\u200b'"), ("A" * 81, f"'{'A' * 80}...'"),
    ],
)  # fmt: skip
def test_an_id_that_cannot_be_shown_is_refused(tmp_path: Path, text: str, value: str):
    said = refused(tmp_path, lines([text, "M54.2", "64405"]))
    assert said == f"requests.csv:2: column case_id: {value} has control characters or more than 80 characters"


@pytest.mark.parametrize(
    "header",
    [
        *(
            "name",
            "Patient Name",
            "patient_name",
            "first_name",
            "LastName",
            "surname",
            "dob",
            "birth_date",
            "DateOfBirth",
        ),
        *("SSN", "mrn", "phone", "telephone", "Phone Number", "e-mail", "email", "Email_Address", "zip", "zip_code"),
        *(
            "member_id",
            "Member ID",
            "patient-id",
            "subscriber_id",
            "address",
            "notes",
            "group_zip",
            "group_patient_name",
        ),
    ],
)
def test_a_column_that_identifies_is_refused_by_its_name_only(tmp_path: Path, header: str):
    text = lines([*GOOD, "Ann Secret"], header=[*HEAD, header])
    said = refused(tmp_path, text)
    assert said == (f"requests.csv:1: column '{header}' looks like an identifier of a person; remove it from the file")
    assert said == refused(tmp_path, text, rename={header: "group_one"})
    left_out = read(tmp_path, text, ignore=[header])
    assert len(left_out) == 1
    assert "Ann Secret" not in repr(left_out.groups) + repr(left_out.remarks)


def test_an_identifying_column_cannot_be_mapped_to_the_case_id(tmp_path: Path):
    text = "mrn,dx,cpt\n4711,M54.2,64405\n"
    assert "column 'mrn' looks like an identifier" in refused(tmp_path, text, rename={"mrn": "case_id"})


# Columns -------------------------------------------------------------------------------------------------------------


def test_an_unknown_column_is_refused_with_the_nearest_name_or_mapped_or_ignored(tmp_path: Path):
    text = lines([*GOOD, "45"], header=[*HEAD, "conservative_care_day"])
    said = refused(tmp_path, text)
    assert said == (
        "requests.csv:1: unknown column 'conservative_care_day': map it, or ignore it explicitly, "
        "did you mean conservative_care_days?"
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


# What columns say together -------------------------------------------------------------------------------------------


def test_onset_may_not_be_after_the_request(tmp_path: Path):
    said = refused(tmp_path, lines([*GOOD, "2025-05-02", "2025-05-01"], header=[*HEAD, "onset_date", "request_date"]))
    assert said == "requests.csv:2: column onset_date: '2025-05-02' is after the date of the request"
    same = facts_of(tmp_path, {"onset_date": "2025-05-01", "request_date": "2025-05-01"})
    assert same.facts["pain_duration"].tolist() == [0]


def test_onset_may_not_be_before_birth(tmp_path: Path):
    def said(onset: str, request: str, age: str) -> list[str]:
        cells = {"onset_date": onset, "request_date": request, "age": age}
        return facts_of(tmp_path, cells, keep_good=True).rejected["problem"].tolist()

    assert said("1980-05-01", "2026-01-10", "20") == ["is before the birth of a person of age 20"]
    draw, wrong = random.Random(8), 0
    for _ in range(150):
        request = draw.choice([datetime.date(2024, 2, 29), datetime.date(2025, 2, 28), datetime.date(2026, 1, 10)])
        age = draw.randrange(60)
        born = request - relativedelta(years=age + 1)
        onset = born + datetime.timedelta(days=draw.choice([-400, -1, 0, 1, 30]))
        wrong += onset < born
        assert bool(said(str(onset), str(request), str(age))) == (onset < born), (onset, request, age)
    assert 20 < wrong < 130
    assert said("1980-05-01", "2026-01-10", "") == said("1980-05-01", "", "20") == []


def remarks_on(folder: Path, column: str, values: Sequence[object], **others: str) -> list[str]:
    rows = [[f"r{i}", *GOOD[1:], str(value), *others.values()] for i, value in enumerate(values)]
    cases = read(folder, lines(*rows, header=[*HEAD, column, *others]))
    return [remark for remark in cases.remarks if "not in the file" not in remark]


def test_days_that_look_like_weeks_are_asked_about(tmp_path: Path):
    weeks = [4, 5, 6, 6, 7, 8, 8, 10, 12, 12]
    (said,) = remarks_on(tmp_path, "conservative_care_days", weeks)
    assert said == (
        "column conservative_care_days: values 4 to 12, median 7.5: are these weeks? Or months? They are read as days"
    )
    for column, values in (
        *(("conservative_care_days", [4, 5, 6, 42, 84, 90]), ("conservative_care_days", [6])),
        *(("headache_days_per_month", weeks), ("sessions_last_12m", weeks), ("conservative_care_days", [0] * 9)),
    ):
        assert remarks_on(tmp_path, column, values) == []


def test_what_contradicts_itself_is_remarked_on_once_with_the_rows(tmp_path: Path):
    longer = remarks_on(tmp_path, "conservative_care_days", [9999, 200, 201, ""], pain_duration_days="200")
    assert longer == ["2 rows with more days of conservative care than of pain"]
    by_dates = {"onset_date": "2025-01-01", "request_date": "2025-04-01"}
    assert remarks_on(tmp_path, "conservative_care_days", [90, 91], **by_dates) == [
        "1 row with more days of conservative care than of pain"
    ]
    (epoch,) = remarks_on(tmp_path, "onset_date", ["1970-01-01", "2025-01-01", "1970-01-01"])
    assert epoch.startswith("column onset_date: 2 rows with 1970-01-01")


def test_a_code_that_is_no_longer_valid_is_out_of_scope_and_remarked_on(tmp_path: Path):
    cases = read(tmp_path, lines(["A", "M545", "64405"], ["B", "M54.5", "20553"], ["C", "M54.50", "20553"]))
    (said,) = [remark for remark in cases.remarks if "no longer" in remark]
    assert said.startswith("column dx: 2 rows with M54.5, which is no longer a valid code: since October 2021")
    assert policy.determine(nerve_blocks(), cases, nerve_blocks().settings()).counts()["out_of_scope"] == 3


@pytest.mark.parametrize(
    ("done", "first", "second", "read_as"),
    [
        *(("", "", "", -1), ("0", "", "", 0), ("1", "80", "", 1), ("2", "80", "90", 2), ("2", "", "", 2)),
        *(("", "80", "90", 2), ("", "", "90", 2), ("", "80", "", AT_LEAST_ONE), ("2", "80", "", 2), ("1", "", "", 1)),
    ],
)
def test_blocks_done_and_their_reliefs_agree(tmp_path: Path, done: str, first: str, second: str, read_as: int):
    names = ("diagnostic_blocks_done", *PERCENTS[:2])
    cases = facts_of(tmp_path, dict(zip(names, (done, first, second), strict=True)))
    assert cases.facts["diagnostic_blocks_done"].tolist() == [read_as]


@pytest.mark.parametrize(
    ("done", "first", "second", "columns"),
    [
        ("0", "80", "", ["block_1_relief_pct"]),
        ("0", "", "0", ["block_2_relief_pct"]),
        ("0", "80", "90", ["block_1_relief_pct", "block_2_relief_pct"]),
        ("1", "80", "90", ["block_2_relief_pct"]),
        ("1", "", "90", ["block_2_relief_pct"]),
    ],
)
def test_blocks_that_contradict_are_rejected(tmp_path: Path, done: str, first: str, second: str, columns: list[str]):
    names = ("diagnostic_blocks_done", *PERCENTS[:2])
    kept = facts_of(tmp_path, dict(zip(names, (done, first, second), strict=True)), keep_good=True)
    assert (len(kept), kept.rejected["column"].tolist()) == (0, columns)
    assert set(kept.rejected["problem"]) == {f"contradicts diagnostic_blocks_done = {done}"}


def test_the_first_block_alone_is_enough_when_one_block_is_required(tmp_path: Path):
    cells = {
        **{"pain_duration_days": "200", "conservative_care_days": "60", "conservative_care_failed": "y"},
        **{"tried_nsaid": "y", "function_limited": "y", "imaging_other_cause": "n", "radiculopathy": "n"},
        **{"image_guidance": "ct", "block_1_relief_pct": "80"},
    }
    cases = read(tmp_path, lines(["A", "M54.2", "64633", *cells.values()], header=[*HEAD, *cells]))
    for blocks, outcome, ask in ((1, "met", ""), (2, "pend", "diagnostic_blocks_done")):
        frame = policy.determine(nerve_blocks(), cases, nerve_blocks().settings({"diagnostic_blocks_required": blocks}))
        (row,) = frame.frame().to_dict("records")
        assert row["outcome"] == outcome
        assert ask in row["ask"]


def test_dates_beat_days_and_a_difference_is_said(tmp_path: Path):
    header = [*HEAD, *DATES, "pain_duration_days"]
    rows = [
        ["A", "M54.2", "64405", "2025-04-01", "2025-01-01", "10"],  # 90 days by the dates
        ["B", "M54.2", "64405", "2025-04-01", "2025-01-01", "59"],
        ["C", "M54.2", "64405", "2025-04-01", "", "92"],
        ["D", "M54.2", "64405", "", "2025-01-01", "91"],
        ["E", "M54.2", "64405", "2025-04-02", "2025-01-01", ""],
        ["F", "M54.2", "64405", "1901-03-01", "1901-01-01", "0"],
    ]
    cases = read(tmp_path, lines(*rows, header=header))
    assert cases.facts["pain_duration"].tolist() == [6, 6, 7, 6, 7, 4]
    assert [remark for remark in cases.remarks if "differ by more than 31 days" in remark] == [
        "2 rows: dates and pain_duration_days differ by more than 31 days; the dates count"
    ]


# Months --------------------------------------------------------------------------------------------------------------


def calendar_half_months(onset: datetime.date, request: datetime.date) -> int:
    """Counted up month by month with dateutil, not computed."""
    months = 0
    while onset + relativedelta(months=months + 1) <= request:
        months += 1
    return 2 * months + (request > onset + relativedelta(months=months))


def as_days(dates: Sequence[datetime.date]) -> np.ndarray:
    return np.array([(day - START).days for day in dates], dtype=np.int64)


def test_calendar_months_are_those_of_dateutil():
    draw = random.Random(20260101)
    month_ends = [START + relativedelta(months=m, days=-1) for m in range(1, 2400)]
    onsets, requests = [], []
    for _ in range(6000):
        onset = draw.choice(month_ends) + datetime.timedelta(days=draw.choice([-1, 0, 1, draw.randrange(31)]))
        request = onset + relativedelta(months=draw.randrange(40)) + datetime.timedelta(days=draw.randrange(-3, 4))
        if START <= onset <= request:
            onsets.append(onset)
            requests.append(request)
    assert len(onsets) > 5000
    expected = [calendar_half_months(a, b) for a, b in zip(onsets, requests, strict=True)]
    assert {value % 2 for value in expected} == {0, 1}
    assert half_months(as_days(onsets), as_days(requests)).tolist() == expected


def test_every_day_of_two_years_against_dateutil():
    onset = datetime.date(2023, 1, 31)
    requests = [onset + datetime.timedelta(days=n) for n in range(800)]
    found = half_months(as_days([onset] * 800), as_days(requests)).tolist()
    assert found == [calendar_half_months(onset, request) for request in requests]


def test_days_are_months_of_thirty_and_seven_sixteenths():
    begins = [int(Fraction(487, 16) * n) for n in range(1442)]  # floor: the numbers are not negative
    assert (begins[3], begins[12]) == (91, 365)
    expected, months = [], 0
    for days in range(43801):
        while begins[months + 1] <= days:
            months += 1
        expected.append(2 * months + (days > begins[months]))
    assert half_months_of_days(np.arange(43801)).tolist() == expected
    assert half_months_of_days(np.array([-1, 91, 92])).tolist() == [-1, 6, 7]


# CSV files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfcase_id,dx,cpt\nA,M54.2,64405\n",
        b"case_id,dx,cpt\r\nA,M54.2,64405\r\n",
        b"case_id,dx,cpt\rA,M54.2,64405\r",
        b'\xef\xbb\xbf"case_id","dx","cpt"\r\n"A","M54.2","64405"\r\n',
        b"case_id,dx,cpt\nA,M54.2,64405",
        b"case_id,dx,cpt\n\n,,\nA,M54.2,64405\n\n",
    ],
)
def test_a_file_as_other_programs_write_it(tmp_path: Path, content: bytes):
    cases = read(tmp_path, content)
    assert (list(cases.ids), list(cases.dx), list(cases.cpt)) == (["A"], ["M54.2"], ["64405"])


def test_a_quoted_field_may_hold_commas_quotes_and_line_ends(tmp_path: Path):
    body = "".join(f'A{i},M54.2,64405,"North, ""upper"""\n' for i in range(3))
    cases = read(tmp_path, f"case_id,dx,cpt,group_region\n{body}")
    assert list(cases.groups["group_region"]) == ['North, "upper"'] * 3
    many = "".join(f'A{i},M54.2,64405,"first\nB{i},M79.7,20553,last"\n' for i in range(60000))
    assert len(many) > 2 << 20  # lines of a field fall on the borders of the blocks that are read
    cases = read(tmp_path, f"case_id,dx,cpt,remark\n{many}", ignore=["remark"])
    assert (len(cases), cases.ids[-1], list(cases.dx.categories)) == (60000, "A59999", ["M54.2"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "requests.csv:1: the first line is empty"),
        (b"\n\ncase_id,dx,cpt\nA,M54.2,64405\n", "requests.csv:1: the first line is empty"),
        (b"case_id,dx,cpt", "requests.csv:1: has a header but no rows"),
        (b"case_id,dx,cpt\n", "requests.csv:2: has a header but no rows"),
        (b"case_id,dx,cpt\n\n,,\n", "requests.csv:2: has a header but no rows"),
        (
            b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml",
            "is a spreadsheet (.xlsx) or another zip archive, which is not",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old spreadsheet (.xls), which is not read; save it as CSV UTF-8"),
        (b"\x1f\x8b\x08\x00abc", "is not a readable .gz file"),
        (b"PAR1case", "is a Parquet file; give it a name that ends in .parquet"),
        (b"<!DOCTYPE html>\n<html></html>\n", "requests.csv:1: the header has no comma"),
        (b"Requests of May\ncase_id,dx,cpt\nA,M54.2,64405\n", "requests.csv:1: the header has no comma"),
        ("case_id,dx,cpt\nA,M54.2,64405\n".encode("utf-16"), "requests.csv:1: is not UTF-8 text"),
        (b"case_id,dx,cpt\nA,M54.2,64405\n\xe9,M54.2,64405\n", "requests.csv:3: is not UTF-8 text"),
        (b"case_id,dx,cpt\nA,M54.2,64405\nB,M54.2,\xe9,\n", "requests.csv:3: is not UTF-8 text"),
        (b'"case_id,dx,cpt\nA,M54.2,64405\n', "requests.csv:1: "),
        (b'case_id,dx,"cpt\nA,M54.2,64405\n', "requests.csv:1: the header cannot be read"),
        (b'case_id,dx,"c\npt"\nA,M54.2,64405\n', "requests.csv:1: the header cannot be read"),
        (b"case_id,dx,cpt,\nA,M54.2,64405,\n", "requests.csv:1: a column has no name in the header"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(tmp_path: Path, content: bytes, said: str):
    assert said in refused(tmp_path, content)
    assert said in refused(tmp_path, content, keep_good=True)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_file_may_be_separated_otherwise_and_compressed(tmp_path: Path, separator: str):
    text = separator.join(["case_id", "dx", "cpt", "age"]) + "\n" + separator.join([*GOOD, "50"]) + "\n"
    assert read(tmp_path, text).facts["age"].tolist() == [50]
    assert read(tmp_path, gzip.compress(text.encode())).facts["age"].tolist() == [50]
    assert "requests.csv:2: column age: 'x'" in refused(tmp_path, gzip.compress(text.replace("50", "x").encode()))


def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path):
    for number in range(3):
        table = pa.table({"case_id": [f"r{number}"], "dx": ["M54.2"], "cpt": ["64405"], "age": [float(number)]})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    cases = policy.read_cases(tmp_path, nerve_blocks())
    assert (list(cases.ids), cases.facts["age"].tolist()) == (["r0", "r1", "r2"], [0, 1, 2])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_is_named_by_its_line_also_after_line_breaks_in_cells(tmp_path: Path, end: str):
    cells = ['"one\ntwo\nthree"', '"a ""b""\n\nc"', "", 'd"e', '"x,y"', '"\n"']
    rows = [f"r{i},M54.2,64405,{cell},{'' if i % 2 else 'bad'}" for i, cell in enumerate(cells)]
    rows += ["short,M54.2", "last,M54.2,64405,,bad"]
    text = end.join(["case_id,dx,cpt,comments,age", *rows])
    kept = read(tmp_path, text, ignore=["comments"], keep_good=True)
    starts = {line.partition(",")[0]: number for number, line in enumerate(text.split("\n"), 1)}
    assert kept.rejected["row"].tolist() == [starts[name] for name in ("r0", "r2", "r4", "short", "last")]


def test_a_comma_at_the_end_of_every_row_shifts_nothing(tmp_path: Path):
    text = "case_id,dx,cpt\nA,M54.2,64405,\nB,M54.2,64405,\n"
    assert refused(tmp_path, text).splitlines() == [
        "requests.csv:2: the row has 4 fields, the header 3",
        "requests.csv:3: the row has 4 fields, the header 3",
    ]
    assert len(read(tmp_path, text, keep_good=True)) == 0


def test_row_numbers_stay_right_after_blank_short_long_and_bad_rows(tmp_path: Path):
    text = "\n".join(
        [
            "case_id,dx,cpt,age",
            "A,M54.2,64405,50",
            "",
            "B,M54.2,64405",  # line 4: short
            "C,M54.2,64405,50,1",  # line 5: long
            ",,,",
            "D,M54.2,64405,x",  # line 7
            "   ",  # line 8: a blank with one space is no empty cell, so a short row of nothing: passed over
            "E,M54.2,64405,50",
            "F,M54.2,6440\x005,50",  # line 10
            'G,M54.2,"64405",130',  # line 11
            "H,M54.2,64405,50",
        ]
    )
    cases = read(tmp_path, text, keep_good=True)
    assert list(cases.ids) == ["A", "E", "H"]
    assert list(cases.rejected.columns) == ["row", "case_id", "column", "value", "problem"]
    assert [(r.row, r.column, r.value) for r in cases.rejected.itertuples()] == [
        (4, "", ""), (5, "", ""), (7, "age", "x"), (10, "cpt", "6440\\u00005"), (11, "age", "130"),
    ]  # fmt: skip
    assert [line.split(":")[1] for line in refused(tmp_path, text).splitlines()] == ["4", "5", "7", "10", "11"]


def test_one_bad_value_in_row_300_001(tmp_path: Path):
    rows = [f"A{i},M54.2,64405,40\n" for i in range(2, 300_050)]
    rows[300_001 - 2] = "A300001,M54.2,64405,forty\n"
    text = "case_id,dx,cpt,age\n" + "".join(rows)
    assert refused(tmp_path, text) == (
        "requests.csv:300001: column age: 'forty' is not a plain number; allowed 0 to 120 years"
    )
    assert len(read(tmp_path, text, keep_good=True)) == 300_047


def test_rows_of_a_wrong_length_far_apart_keep_their_numbers(tmp_path: Path):
    rows, wrong = [], []
    for line in range(2, 120_002):
        bad = line % 997 == 5
        rows.append("\n" if line % 1009 == 3 else f"A{line},M54.2,64405{',' * bad}\n")
        wrong += [line] if bad and line % 1009 != 3 else []
    cases = read(tmp_path, "case_id,dx,cpt\n" + "".join(rows), keep_good=True)
    assert cases.rejected["row"].tolist() == wrong
    assert list(cases.ids) == [row.partition(",")[0] for row in rows if row.count(",") == 2]


def test_a_file_with_many_problems_shows_the_first_and_counts_the_rest(tmp_path: Path):
    def said(bad: int) -> list[str]:
        return refused(tmp_path, lines(*([f"A{i}", "x", "y"] for i in range(bad)), GOOD)).splitlines()

    assert len(said(SHOWN // 2)) == SHOWN
    more = said(200)
    assert len(more) == SHOWN
    assert more[-1] == f"requests.csv: and {400 - SHOWN + 1} more problems; 200 rows have problems"
    assert all(line.startswith("requests.csv:") for line in more)


def test_several_problems_of_one_row_are_all_listed(tmp_path: Path):
    kept = read(tmp_path, "case_id,dx,cpt,age,rural\n,zz,1,-1,perhaps\n", keep_good=True)
    assert kept.rejected["column"].tolist() == ["age", "case_id", "cpt", "dx", "rural"]
    assert set(kept.rejected["row"]) == {2}


def test_a_table_that_no_memory_holds_is_refused_unread(tmp_path: Path):
    for name in ("big.csv", "big.parquet"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(10 << 30)  # a hole: it takes no room on the disk
        with pytest.raises(policy.ProblemsFound, match=f"{name}: is 10,737,418,240 bytes; at most 4,294,967,296 are"):
            policy.read_cases(tmp_path / name, nerve_blocks())


def test_a_missing_file_or_a_folder_is_said_plainly(tmp_path: Path):
    for name in ("none.csv", "none.parquet"):
        with pytest.raises(policy.ProblemsFound, match=rf"^{name}: cannot be read \(No such file or directory\)$"):
            policy.read_cases(tmp_path / name, nerve_blocks())
        (tmp_path / name).mkdir()
        with pytest.raises(policy.ProblemsFound, match=rf"^{name}: cannot be read \("):
            policy.read_cases(tmp_path / name, nerve_blocks())


KINDS = {
    "good": ("{id},M54.2,64405,50", True),
    "missing": ("{id},M542,64405.0,", True),
    "short": ("{id},M54.2,64405", False),
    "long": ("{id},M54.2,64405,50,", False),
    "bad code": ("{id},x,64405,50", False),
    "bad age": ("{id},M54.2,64405,121", False),
    "no id": (",M54.2,64405,50", False),
    "blank": ("", None),
    "commas": (",,,", None),
}


@IN_HERE
@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_every_row_is_read_or_rejected_or_empty(tmp_path: Path, kinds: list[str], end: str):
    body = [KINDS[kind][0].format(id=f"A{i}") for i, kind in enumerate(kinds)]
    fates = [KINDS[kind][1] for kind in kinds]
    content = end.join(["case_id,dx,cpt,age", *body]) + end
    if set(fates) == {None}:
        assert "no rows" in refused(tmp_path, content)
        return
    cases = read(tmp_path, content, keep_good=True)
    assert list(cases.ids) == [f"A{i}" for i, fate in enumerate(fates) if fate]
    assert sorted(set(cases.rejected["row"])) == [i + 2 for i, fate in enumerate(fates) if fate is False]


@IN_HERE
@given(st.data())
def test_whatever_the_bytes_only_problems_come_out(tmp_path: Path, data: st.DataObject):
    content = bytearray(b'case_id,dx,cpt,age,group_x\nA,M54.2,64405,50,"a"\nB,G50.0,64400,,b\n')
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b",", b"\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf"])
        )
    said = ["requests.csv: read"]
    try:
        cases = read(tmp_path, bytes(content), keep_good=True)
    except policy.ProblemsFound as found:
        said = str(found).splitlines()
    else:
        assert len(cases) + len(cases.rejected) > 0
    assert [line for line in said if not line.startswith("requests.csv:")] == []


# Parquet and frames --------------------------------------------------------------------------------------------------


def every_column(rows: int = 200) -> pd.DataFrame:
    """A table of text, each column with legal values and gaps."""
    draw = random.Random(7)
    frame: dict[str, list[str | None]] = {
        "case_id": [f"R{i:05}" for i in range(rows)],
        "dx": [draw.choice(["M54.2", "M53.81", "G50.0", "M79.7", "G43.819", "E11.9"]) for _ in range(rows)],
        "cpt": [draw.choice(["64400", "64405", "64450", "20553", "64490", "64633"]) for _ in range(rows)],
    }
    kinds: dict[str, list[str]] = {
        **{name: [str(v) for v in (0, 1, most // 2, most)] for name, most in COUNTS.items()},
        **{name: ["0", "29", "57", "58", "79.99", "80", "100"] for name in PERCENTS},
        **{name: ["true", "false"] for name in BOOLEANS},
        **{name: list(words) for name, words in CHOICES.items()},
        "onset_date": ["2024-01-31", "2024-02-29", "2023-12-31"],
        "request_date": ["2024-03-31", "2024-05-30", "2025-01-01"],
        **{"race_ethnicity": ["a", "b"], "group_region": ["North", "South"]},
    }
    for name, values in kinds.items():
        frame[name] = [draw.choice([*values, None]) for _ in range(rows)]
    frame["diagnostic_blocks_done"] = [draw.choice(["2", None]) for _ in range(rows)]
    frame["age"] = [draw.choice(["45", "120", None]) for _ in range(rows)]  # born before the pain began
    return pd.DataFrame(frame, dtype=object)


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The same as a data scientist would hold it: floats with NaN, nullable booleans, timestamps, categories."""
    result = frame.copy()
    for name in (*COUNTS, *PERCENTS):
        result[name] = frame[name].astype("float64")
    for name in BOOLEANS:
        result[name] = frame[name].map({"true": True, "false": False}).astype("boolean")
    for name in DATES:
        result[name] = pd.to_datetime(frame[name])
    for name in (*CHOICES, "dx"):
        result[name] = frame[name].astype("category")
    result["cpt"] = frame["cpt"].astype(int)
    return result


def assert_same(one: policy.Cases, other: policy.Cases) -> None:
    assert list(one.ids) == list(other.ids)
    assert list(one.dx) == list(other.dx)
    assert list(one.cpt) == list(other.cpt)
    assert set(one.facts) == set(other.facts)
    for name, values in one.facts.items():
        assert values.tolist() == other.facts[name].tolist(), name
        assert values.dtype == other.facts[name].dtype
    for name, words in one.groups.items():
        assert [*words.codes] == [*other.groups[name].codes], name
        assert [*words.categories] == [*other.groups[name].categories], name


def roads(folder: Path, frame: pd.DataFrame) -> dict[str, policy.Cases]:
    """The same table through every kind of file and frame."""
    held = typed(frame)
    found = {
        "csv of text": read(folder, frame.to_csv(index=False)),
        "csv of types": read(folder, held.to_csv(index=False)),
    }
    tables = {
        "text": pa.Table.from_pandas(frame, preserve_index=False),
        "types": pa.Table.from_pandas(held, preserve_index=False),
    }
    tables["dictionaries"] = pa.table({name: tables["text"][name].dictionary_encode() for name in frame.columns})
    numbers = {name: pa.array(held[name].to_numpy()) for name in (*COUNTS, *PERCENTS)}  # NaN, not null
    tables["NaN"] = pa.table({name: numbers.get(name, tables["types"][name]) for name in frame.columns})
    tables["integers"] = pa.table(
        {
            name: tables["types"][name].cast(pa.int32()) if name in COUNTS else tables["types"][name]
            for name in frame.columns
        }
    )
    for name, table in tables.items():
        pq.write_table(table, folder / "t.parquet", row_group_size=64)
        found[f"parquet of {name}"] = policy.read_cases(folder / "t.parquet", nerve_blocks())
    for name, given_frame in (
        ("text", frame),
        ("types", held),
        ("str", frame.astype("str").where(frame.notna(), None)),
    ):
        found[f"frame of {name}"] = policy.Cases.from_frame(given_frame, nerve_blocks())
    shuffled = held.set_index(np.arange(len(held))[::-1])
    found["frame with another index"] = policy.Cases.from_frame(shuffled, nerve_blocks())
    return found


def test_every_road_gives_the_same_integers(tmp_path: Path):
    frame = every_column()
    found = roads(tmp_path, frame)
    first = found["csv of text"]
    assert len(first) == len(frame)
    for name, column in frame.items():  # not only alike: what was written
        if name in PERCENTS:
            wanted = [-1 if text is None else int(Decimal(text) * 100) for text in column]
            assert first.facts[str(name)].tolist() == wanted
        elif name in COUNTS and name != "diagnostic_blocks_done":
            assert first.facts[str(name)].tolist() == [-1 if text is None else int(text) for text in column]
    for cases in found.values():
        assert_same(first, cases)


def test_no_fact_is_a_float(tmp_path: Path):
    for name, cases in roads(tmp_path, every_column(60)).items():
        for column, values in cases.facts.items():
            assert values.dtype.kind == "i", (name, column)
            low, high = nerve_blocks().fields_[column].span if column not in DATES else (0, 73049)
            nothing = (values == -1) | ((values == AT_LEAST_ONE) & (column == "diagnostic_blocks_done"))
            assert (nothing | ((values >= low) & (values <= high))).all(), (name, column)


def test_a_double_from_parquet_keeps_its_hundredths(tmp_path: Path):
    for kind in (pa.float64(), pa.float32()):
        relief = pa.array([79.99, 80.0, 29.0, None, float("nan"), 100.0, 1.0, 80.1], kind)
        table = {"case_id": [f"A{i}" for i in range(8)], "dx": ["M54.2"] * 8, "cpt": ["64405"] * 8}
        pq.write_table(pa.table({**table, "block_1_relief_pct": relief}), tmp_path / "r.parquet")
        cases = policy.read_cases(tmp_path / "r.parquet", nerve_blocks())
        assert cases.facts["block_1_relief_pct"].tolist() == [7999, 8000, 2900, -1, -1, 10000, 100, 8010]


def test_times_of_day_and_infinity_from_parquet_are_rejected_by_row(tmp_path: Path):
    midnight = datetime.datetime(2025, 1, 2)
    table = {
        **{"case_id": ["A", "B", "C"], "dx": ["M54.2"] * 3, "cpt": ["64405"] * 3},
        "onset_date": pa.array([midnight, midnight.replace(hour=5), None], pa.timestamp("us")),
        "age": pa.array([50.0, 50.0, float("inf")]),
    }
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    cases = policy.read_cases(tmp_path / "r.parquet", nerve_blocks(), keep_good=True)
    assert list(cases.ids) == ["A"]
    assert [(r.row, r.column, r.value) for r in cases.rejected.itertuples()] == [
        (2, "onset_date", "2025-01-02T05:00:00"),
        (3, "age", "inf"),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "+05:30"])
def test_an_instant_is_read_in_utc(tmp_path: Path, zone: str):
    midnight = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)
    moments = [midnight, midnight - datetime.timedelta(hours=2), midnight + datetime.timedelta(microseconds=1), None]
    table = {"case_id": ["A", "B", "C", "D"], "dx": ["M54.2"] * 4, "cpt": ["64405"] * 4}
    instants = pa.array(moments, pa.timestamp("us", tz=zone))
    frame = pd.DataFrame(table).assign(onset_date=pd.Series(moments, dtype=object))
    pq.write_table(pa.table({**table, "onset_date": instants}), tmp_path / "i.parquet")
    for cases in (
        policy.read_cases(tmp_path / "i.parquet", nerve_blocks(), keep_good=True),
        policy.Cases.from_frame(frame, nerve_blocks(), keep_good=True),
    ):
        assert list(cases.ids) == ["A", "D"]
        assert cases.facts["onset_date"].tolist() == [(datetime.date(2025, 6, 1) - START).days, -1]
        assert all("a time with a zone is read in UTC" in problem for problem in cases.rejected["problem"])


def test_a_decimal_zero_of_many_places_is_zero(tmp_path: Path):
    table = {"case_id": ["A", "B"], "dx": ["M54.2"] * 2, "cpt": ["64405"] * 2}
    values = pa.array([Decimal("0").scaleb(-18), Decimal("80").quantize(Decimal("1e-18"))], pa.decimal128(38, 18))
    pq.write_table(pa.table({**table, "prior_relief_pct": values}), tmp_path / "d.parquet")
    assert policy.read_cases(tmp_path / "d.parquet", nerve_blocks()).facts["prior_relief_pct"].tolist() == [0, 8000]


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ms", tz="UTC"), pa.date32()])
def test_a_date_that_python_does_not_know_is_a_rejected_row(tmp_path: Path, kind: pa.DataType):
    number = pa.int32() if kind.bit_width == 32 else pa.int64()
    far = pa.array([0, 2**30 if kind.bit_width == 32 else 2**60, None], number).view(kind)
    table = {"case_id": ["A", "B", "C"], "dx": ["M54.2"] * 3, "cpt": ["64405"] * 3, "onset_date": far}
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    cases = policy.read_cases(tmp_path / "r.parquet", nerve_blocks(), keep_good=True)
    assert list(cases.ids) == ["A", "C"]
    assert cases.facts["onset_date"].tolist() == [(datetime.date(1970, 1, 1) - START).days, -1]
    assert cases.rejected[["row", "column"]].values.tolist() == [[2, "onset_date"]]


@pytest.mark.parametrize("column", HEAD)
def test_bytes_are_no_text(tmp_path: Path, column: str):
    table = dict(zip(HEAD, ([word] for word in GOOD), strict=True))
    pq.write_table(pa.table({**table, column: pa.array([b"A"])}), tmp_path / "b.parquet")
    with pytest.raises(policy.ProblemsFound, match=f"column '{column}' holds binary; each cell needs one plain value"):
        policy.read_cases(tmp_path / "b.parquet", nerve_blocks())


@pytest.mark.parametrize(
    "values",
    [pa.array([[1], [2]]), pa.array([{"a": 1}, {"a": 2}]), pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int8()))],
)
def test_a_column_of_lists_or_records_is_refused(tmp_path: Path, values: pa.Array):
    pq.write_table(
        pa.table({"case_id": ["A", "B"], "dx": ["M54.2"] * 2, "cpt": ["64405"] * 2, "age": values}),
        tmp_path / "n.parquet",
    )
    with pytest.raises(
        policy.ProblemsFound, match=r"n\.parquet:1: column 'age' holds .*; each cell needs one plain value"
    ):
        policy.read_cases(tmp_path / "n.parquet", nerve_blocks())


def good_parquet(path: Path) -> bytes:
    table = {
        "case_id": [f"A{i}" for i in range(50)],
        "dx": ["M54.2"] * 50,
        "cpt": ["64405"] * 50,
        "age": list(range(50)),
    }
    pq.write_table(pa.table(table), path)
    return path.read_bytes()


def test_a_broken_parquet_file_is_refused_in_our_words(tmp_path: Path):
    path = tmp_path / "b.parquet"
    whole = good_parquet(path)
    for content in (b"", whole[:-1], whole[: len(whole) // 2], b"PAR1", b"case_id,dx,cpt\nA,M54.2,64405\n"):
        path.write_bytes(content)
        with pytest.raises(policy.ProblemsFound) as found:
            policy.read_cases(path, nerve_blocks())
        assert str(found.value).startswith("b.parquet: is not a readable Parquet file (")
        assert str(tmp_path) not in str(found.value)


def test_an_empty_parquet_table_is_refused(tmp_path: Path):
    empty = {name: pa.array([], pa.string()) for name in HEAD}
    pq.write_table(pa.table(empty), tmp_path / "e.parquet")
    with pytest.raises(policy.ProblemsFound, match="has a header but no rows"):
        policy.read_cases(tmp_path / "e.parquet", nerve_blocks())


def test_no_flipped_bit_of_a_parquet_file_makes_anything_but_problems(tmp_path: Path):
    path = tmp_path / "f.parquet"
    whole = good_parquet(path)
    draw, refusals = random.Random(3), 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        try:
            policy.read_cases(path, nerve_blocks(), keep_good=True)
        except policy.ProblemsFound:
            refusals += 1
    assert 0 < refusals < 300


def test_a_frame_with_doubled_columns_or_none_is_refused():
    frame = pd.DataFrame([["A", "M54.2", "64405", "64400"]], columns=["case_id", "dx", "cpt", "cpt"])
    with pytest.raises(policy.ProblemsFound, match="column 'cpt' stands twice"):
        policy.Cases.from_frame(frame, nerve_blocks())
    with pytest.raises(policy.ProblemsFound, match="the required column 'case_id' is missing"):
        policy.Cases.from_frame(pd.DataFrame(), nerve_blocks())


def test_a_frame_may_mix_objects():
    frame = pd.DataFrame(
        {
            **{"case_id": [1, "B", 3.0], "dx": ["M54.2"] * 3, "cpt": [64405, "64405", 64405.0]},
            "radiculopathy": [True, None, "no"],
            "onset_date": [datetime.date(2025, 1, 2), pd.NaT, "2025-01-03"],
            "block_1_relief_pct": [Decimal("79.99"), float("nan"), np.float64(80)],
            "age": [np.int64(4), pd.NA, 5.0],
        },
        dtype=object,
    )
    cases = policy.Cases.from_frame(frame, nerve_blocks())
    first = (datetime.date(2025, 1, 2) - START).days
    assert list(cases.ids) == ["1", "B", "3"]
    assert cases.facts["radiculopathy"].tolist() == [1, -1, 0]
    assert cases.facts["onset_date"].tolist() == [first, -1, first + 1]
    assert cases.facts["block_1_relief_pct"].tolist() == [7999, -1, 8000]
    assert cases.facts["age"].tolist() == [4, -1, 5]
    assert list(cases.cpt) == ["64405"] * 3


def test_what_a_notebook_shows_of_them_is_one_line(tmp_path: Path):
    content = lines(GOOD, ["B", "M54.2", "x"], ["C", "J30.1", "64405"])
    cases = read(tmp_path, content, keep_good=True)
    assert repr(cases) == "2 cases for nerve_blocks@2026.2, 1 rows rejected"
    found = policy.determine(nerve_blocks(), cases, nerve_blocks().settings())
    assert repr(found) == "met 0, not_met 0, pend 1, review 0, mismatch 0, out_of_scope 1"
    shown = f"nerve_blocks@2026.2 (draft): {len(nerve_blocks().levers)} levers, {len(nerve_blocks().pathways)} pathways"
    assert repr(nerve_blocks()) == str(nerve_blocks()) == shown


def test_taking_some_cases_keeps_their_facts(tmp_path: Path):
    cases = roads(tmp_path, every_column(30))["frame of types"]
    rows = np.array([29, 3, 3, 0])
    some = cases.take(rows)
    assert list(some.ids) == [cases.ids[i] for i in rows]
    for name, values in cases.facts.items():
        assert some.facts[name].tolist() == [int(values[i]) for i in rows]
    assert list(some.groups["group_region"].astype(str)) == [str(cases.groups["group_region"][i]) for i in rows]


@pytest.mark.parametrize(
    ("values", "span"),
    [((1, 0, 1), "min 0, median 1, max 1"), ((1,), "min 1, median 1, max 1"), ((0, 0), ""), ((0, 1, 80), "")],
)
def test_a_relief_column_that_may_be_shares_is_asked_about(values: tuple[int, ...], span: str):
    """Faults: a relief column all <= 1. A value between 0 and 1 is rejected anyway; all 0 says that nothing helped."""
    rows = [{"case_id": f"c{i}", "dx": "M54.2", "cpt": "64490", "block_1_relief_pct": v} for i, v in enumerate(values)]
    rows.append({"case_id": "blank", "dx": "M54.2", "cpt": "64490", "block_1_relief_pct": None})
    cases = policy.Cases.from_frame(pd.DataFrame(rows, dtype=object), policy.load("nerve_blocks"))
    said = [remark for remark in cases.remarks if "0-1 or 0-100?" in remark]
    assert [("block_1_relief_pct" in remark, span in remark) for remark in said] == [(True, True)] * bool(span)
