"""The door of the case table: what columns say together, and months between dates."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from dateutil.relativedelta import relativedelta

import policy
from policy.cases.relations import half_months, half_months_of_days
from tests.policy.cases.reading import (
    AT_LEAST_ONE,
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
