"""The door of the case table: each kind of cell, and codes; what is read, what is refused."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy
from policy.case_files import cells
from tests.policy.cases.reading import (
    ABSENT_IS_FALSE,
    BOOLEANS,
    CHOICES,
    COUNTS,
    DATES,
    GOOD,
    HEAD,
    PERCENTS,
    START,
    facts_of,
    lines,
    nerve_blocks,
    read,
    refused,
)


def fact(folder: Path, column: str, text: str) -> int:
    cases = facts_of(folder, {column: text})
    assert len(cases.rejected) == 0
    return int(cases.facts[column][0])


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


def _texts(column: pa.ChunkedArray) -> list[str]:
    index, words = cells.dictionary(column)
    few, used = cells.in_use(index, words)
    assert set(used) == {words[i] for i in index.tolist()}  # each once, and none that no row has
    found = [words[i] for i in index.tolist()]
    assert [used[i] for i in few.tolist()] == found
    return found


NUMBERS = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 90) | st.just(2**63 - 1), max_size=30)


@given(NUMBERS, st.data())
def test_a_number_of_a_typed_column_is_its_own_text(numbers: list[int | None], data: st.DataObject):
    """Close together or far apart, in pieces that may hold nothing, and as a part of another array."""
    bits = data.draw(st.sampled_from([8, 16, 32, 64]))
    numbers = [None if n is None else (n + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1) for n in numbers]
    start, cut = (data.draw(st.integers(0, len(numbers))) for _ in range(2))
    array = pa.array([7, *numbers, 8], f"int{bits}")[1:-1]
    told = ["" if n is None else str(n) for n in numbers]
    assert _texts(pa.chunked_array([array[:cut], array[cut:]])) == told
    assert _texts(pa.chunked_array([array[start:]])) == told[start:]


@given(st.lists(st.none() | st.dates(), max_size=30), st.lists(st.none() | st.booleans(), max_size=30))
def test_a_day_and_a_truth_of_a_typed_column_are_as_they_are_written(days: list[Any], truths: list[bool | None]):
    dates = pa.chunked_array([pa.array(days, pa.date32())], pa.date32())
    assert _texts(dates) == ["" if day is None else day.isoformat() for day in days]
    said = [{None: "", True: "true", False: "false"}[truth] for truth in truths]
    assert _texts(pa.chunked_array([pa.array([True, *truths], pa.bool_())[1:]])) == said
