"""The door of the case table: who a row is of, and who nobody may learn that it is of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.case_files.keys import persons, unfit
from tests.policy.cases.reading import GOOD, HEAD, lines, read, refused


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


@given(st.text("0123456789abMX -./@,'", max_size=90))
def test_an_id_that_is_not_searched_is_no_persons_and_can_be_shown(id_: str):
    """Ids of letters and digits are passed over as a whole: what is said of each is said beside one that is not."""
    alone, beside = ([id_], [id_, "#"])
    for key in (True, False):
        found = [list(persons(pa.chunked_array([ids]), key)) for ids in (alone, beside)]
        assert found[0] == found[1]
    assert unfit(pa.chunked_array([alone]))[0] == unfit(pa.chunked_array([beside]))[0]
