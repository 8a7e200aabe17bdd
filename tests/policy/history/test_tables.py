"""Tables of the plan: read as strictly as a case table, everything that is wrong with both in one pass."""

from __future__ import annotations

import datetime
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import policy
from policy.problems import ProblemsFound
from tests.policy.history import by_days

HEADER = "key,date,code,quantity\n"
GOOD = HEADER + "a,2026-01-05,64490,2\n"
COMPLETE = "key,codes,from,to\n"


def refused(tmp_path: Path, events: str, complete: str | None = None, **options: Any) -> list[str]:
    (tmp_path / "events.csv").write_text(events, "utf-8")
    if complete is not None:
        (tmp_path / "complete.csv").write_text(complete, "utf-8")
    table = tmp_path / "complete.csv" if complete is not None else None
    with pytest.raises(ProblemsFound) as found:
        policy.PlanHistory(policy.load(by_days.POLICY), tmp_path / "events.csv", table, **options)
    return str(found.value).splitlines()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,9999-12-31,64490,1", "2: column date: '9999-12-31' is a placeholder, no date; every row needs its date"),
        ("a,1900-01-01,64490,1", "2: column date: '1900-01-01' is a placeholder"),
        ("a,2026-02-30,64490,1", "2: column date: '2026-02-30' is not a date; write it as YYYY-MM-DD"),
        ("a,1/5/2026,64490,1", "2: column date: '1/5/2026' is not a date"),
        ("a,1900-05-01,64490,1", "2: column date: '1900-05-01' is outside 1901-01-01 to 2099-12-31"),
        ("a,2026-01-05 12:30,64490,1", "2: column date: '2026-01-05 12:30' has a time of day"),
        ("a,,64490,1", "2: column date: is blank, and is needed in every row"),
        (",2026-01-05,64490,1", "2: column key: is blank"),
        ("a,2026-01-05,,1", "2: column code: is blank"),
        ("a,2026-01-05,644 90,1", "2: column code: '644 90' is not a code"),
        ("a,2026-01-05,64490*,1", "2: column code: '64490*' is not a code"),
        ("a,2026-01-05,064490.0.0.0.0.0.0.0.0.0,1", "is not a code: up to 20 letters"),
        ("a,2026-01-05,64490,0", "2: column quantity: '0' is outside the range; allowed 1 to 99999"),
        ("a,2026-01-05,64490,-1", "2: column quantity: '-1' is outside the range"),
        ("a,2026-01-05,64490,1.5", "2: column quantity: '1.5' is not a whole number"),
        ("a,2026-01-05,64490,30 days", "2: column quantity: '30 days' is not a plain number"),
        ("a,2026-01-05", "2: the row has 2 fields, the header 4"),
        ('"a\nb",2026-01-05,64490,1', "2: column key: has control characters or more than 80 characters"),
    ],
)
def test_a_row_that_cannot_be_read_refuses_the_table(tmp_path: Path, row: str, said: str) -> None:
    (line,) = refused(tmp_path, HEADER + row + "\na,2026-01-05,64490,1\n")
    assert line.startswith("events.csv:2: ")
    assert said in line


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,6449?,2025-01-01,2026-01-01", "column codes: '6449?' is not a list of codes: 64490 64491, a beginning"),
        ("a,;,2025-01-01,2026-01-01", "column codes: ';' is not a list of codes"),
        ("a,,2025-01-01,2026-01-01", "column codes: is blank"),
        ("a,*,2026-01-02,2026-01-01", "column to: is before from"),
        ("a,*,2026-01-02,", "column to: is blank"),
        ("a,*,2026-01-02,9999-12-31", "column to: '9999-12-31' is a placeholder"),
        (",*,2025-01-02,2026-01-01", "column key: is blank"),
    ],
)
def test_the_same_of_the_table_of_complete_histories(tmp_path: Path, row: str, said: str) -> None:
    (line,) = refused(tmp_path, GOOD, COMPLETE + row + "\n")
    assert line.startswith(f"complete.csv:2: {said}")


def test_all_that_is_wrong_with_both_comes_in_one_pass_with_its_line(tmp_path: Path) -> None:
    events = HEADER + 'a,2026-01-05,"64490",x\n\na,nodate,64490,1\nb,2026-01-05,,0\n'
    found = [line.partition(": ")[0] for line in refused(tmp_path, events, COMPLETE + "a,*,never,\n")]
    assert found == ["events.csv:2", "events.csv:4", "events.csv:5", "events.csv:5", "complete.csv:2", "complete.csv:2"]


def test_many_problems_are_counted_and_not_all_told(tmp_path: Path) -> None:
    lines = refused(tmp_path, HEADER + "a,never,64490,1\n" * 60)
    assert len(lines) == 51
    assert lines[-1] == "... and 10 more problems"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("key,dat,code", ["unknown column 'dat'; the columns are key, date, code, quantity, did you mean date?"]),
        ("key,date", ["the required column 'code' is missing"]),
        ("key,date,code,Code", ["column 'code' stands twice"]),
        ("member_id,date,code", ["column 'member_id' looks like an identifier of a person; remove it from the file"]),
        ("key,date,code,birth_date", ["column 'birth_date' looks like an identifier"]),
    ],
)
def test_a_header_that_is_not_understood(tmp_path: Path, header: str, said: list[str]) -> None:
    lines = refused(tmp_path, f"{header}\na,2026-01-05,64490,1\n")
    for part in said:
        assert any(line.startswith(f"events.csv:1: {part}") for line in lines), lines


@pytest.mark.parametrize(
    "key", ["123-45-6789", "John Smith", "x@example.org", "1EG4-TE5-MK73", "1980-02-03", "123456789"]
)
def test_a_key_that_looks_like_a_person_is_refused_and_echoed_nowhere(tmp_path: Path, key: str) -> None:
    lines = refused(tmp_path, f"{GOOD}{key},2026-01-05,64490,1\nb,never,{key},1\n")
    assert len(lines) == 1
    assert lines[0].startswith("events.csv:3: column key: (not shown) looks like")
    assert key not in lines[0]
    assert key.split("-")[0] not in lines[0].replace("9 or 10", "")


def test_a_code_that_looks_like_a_person_is_not_echoed(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, HEADER + "a,2026-01-05,123-45-6789,1\n")
    assert "(not shown) is not a code" in line
    assert "6789" not in line


def test_bare_numbers_may_be_keys_where_somebody_says_so(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEADER + "123456789,2026-01-05,64490,1\n", "utf-8")
    policy.PlanHistory(policy.load(by_days.POLICY), tmp_path / "events.csv", case_id_is_key=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "events.csv:1: the first line is empty; a header with key, date, code is needed"),
        (
            "key\na\n",
            "events.csv:1: the header has no comma, semicolon, tab or pipe between names; key, date, code are",
        ),
        ("%PDF-1.7", "events.csv: is a PDF"),
    ],
)
def test_what_is_no_table_of_events(tmp_path: Path, content: str, said: str) -> None:
    (line,) = refused(tmp_path, content)
    assert line.startswith(said)


@pytest.mark.parametrize("header", [HEADER, HEADER.strip()])
def test_a_plan_without_events_has_a_history(tmp_path: Path, header: str) -> None:
    """Where it is complete nothing happened; where it is not, at least nothing is known to have happened."""
    (tmp_path / "events.csv").write_text(header, "utf-8")
    found = facts(tmp_path, tmp_path / "events.csv")
    assert found["sessions_last_12m"] == found["units_last_month"] == [0, 0]
    alone = policy.PlanHistory(policy.load(by_days.POLICY), tmp_path / "events.csv")
    assert next(alone.remarks()) == "events.csv: 0 events of 0 keys"
    (tmp_path / "complete.csv").write_text(COMPLETE.strip(), "utf-8")
    policy.PlanHistory(policy.load(by_days.POLICY), tmp_path / "events.csv", tmp_path / "complete.csv")


def test_a_policy_without_history_refuses_events(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(GOOD, "utf-8")
    with pytest.raises(ProblemsFound, match="has no field with history"):
        policy.PlanHistory(policy.load("nerve_blocks"), tmp_path / "events.csv")


def facts(tmp_path: Path, events: Path, frame: pd.DataFrame | None = None, **options: Any) -> dict[str, list[int]]:
    document = policy.load(by_days.POLICY)
    (tmp_path / "complete.csv").write_text(COMPLETE + "*,*,2000-01-01,2099-12-31\n", "utf-8")
    history = policy.PlanHistory(document, events, tmp_path / "complete.csv", **options)
    columns = {"case_id": ["a", "12"], "dx": "M54.2", "cpt": "64490", "request_date": "2026-03-31"}
    cases = policy.Cases.from_frame(pd.DataFrame(columns) if frame is None else frame, document, derived=history)
    return {name: values.tolist() for name, values in cases.facts.items()}


def test_every_way_of_writing_the_same_events_gives_the_same_facts(tmp_path: Path) -> None:
    text = HEADER + "a,2026-01-05,64490,2\na,2026-03-05,6449A,1\n12,2025-12-31,n03ax12,30\n"
    (tmp_path / "events.csv").write_text(text, "utf-8")
    wanted = facts(tmp_path, tmp_path / "events.csv")
    assert wanted["sessions_last_12m"] == [2, 0]
    assert wanted["therapy_run"] == [0, 30]
    (tmp_path / "tabs.csv").write_text("\ufeff" + text.replace(",", "\t").replace("\n", " \r\n"), "utf-8")
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(text.encode()))
    columns = {
        "Quantity": pd.array([2, 1, 30], "Float64"), "key": ["a", "a", "12"], "code": ["64490.0", "6449.A", "N03AX12"],
        "date": [datetime.date(2026, 1, 5), datetime.date(2026, 3, 5), datetime.date(2025, 12, 31)],
    }  # fmt: skip
    pd.DataFrame(columns).to_parquet(tmp_path / "events.parquet")
    columns |= {
        "Quantity": [Decimal("2.00"), Decimal("1.00"), Decimal("30.00")],
        "date": pd.to_datetime(columns["date"]),
    }
    pd.DataFrame(columns).to_parquet(tmp_path / "moments.parquet")
    for name in ("tabs.csv", "packed.csv.gz", "events.parquet", "moments.parquet"):
        assert facts(tmp_path, tmp_path / name) == wanted, name


def test_without_a_quantity_an_event_counts_once_and_covers_a_day(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("key,date,code\na,2026-03-05,64490\na,2026-03-05,N03AX12\n", "utf-8")
    found = facts(tmp_path, tmp_path / "events.csv")
    assert (found["units_last_month"], found["therapy_run"]) == ([1, 0], [1, 0])


def test_events_that_are_alike_each_count_and_that_is_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(GOOD + "a,2026-03-05,64490,2\n" * 3, "utf-8")
    document = policy.load(by_days.POLICY)
    history = policy.PlanHistory(document, tmp_path / "events.csv")
    assert "events.csv: 2 events stand more than once, alike in every column; each counts" in history.remarks()
    assert facts(tmp_path, tmp_path / "events.csv")["claims_90d"] == [4, 0]


def test_a_number_above_the_greatest_of_its_field_is_a_fault_of_the_row(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEADER + "a,2026-03-05,64490,401\n", "utf-8")
    with pytest.raises(ProblemsFound) as found:
        facts(tmp_path, tmp_path / "events.csv")
    said = "column units_last_month: '401' by --history, is outside the range; allowed 0 to 400"
    assert said in str(found.value)


KEYED = {"case_id": ["r1", "r2", "r3"], "dx": "M54.2", "cpt": "64490", "request_date": "2026-03-31"}


def test_the_key_may_stand_in_a_column_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(GOOD + "b,2026-01-05,N06AA01,1\n", "utf-8")
    frame = pd.DataFrame(KEYED | {"Their Key": ["a", "b", ""]})
    found = facts(tmp_path, tmp_path / "events.csv", frame, key="Their Key")
    assert found["sessions_last_12m"] == [1, 0, -1]  # no key: not documented, though all is complete
    assert found["drugs_tried"] == [0, 1, -1]


@pytest.mark.parametrize(
    ("column", "key", "said"),
    [
        ("mk", "mkk", "no column is called 'mkk', which says the key of the history (--history-key)"),
        ("member_id", "member_id", "column 'member_id' looks like an identifier of a person; give a key of your own"),
        ("sessions_last_12m", "case_id", "'sessions_last_12m' stands in the table, and --history gives it too"),
        ("strange", "case_id", "unknown column 'strange': rename it or leave it out"),
    ],
)
def test_columns_that_do_not_go_with_a_history(tmp_path: Path, column: str, key: str, said: str) -> None:
    (tmp_path / "events.csv").write_text(GOOD, "utf-8")
    with pytest.raises(ProblemsFound) as found:
        facts(tmp_path, tmp_path / "events.csv", pd.DataFrame(KEYED | {column: "1"}), key=key)
    assert said in str(found.value)


def test_a_key_column_of_persons_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(GOOD, "utf-8")
    with pytest.raises(ProblemsFound) as found:
        facts(tmp_path, tmp_path / "events.csv", pd.DataFrame(KEYED | {"mk": "123-45-6789"}), key="mk")
    assert "column mk: (not shown) looks like a social security number" in str(found.value)
    assert "6789" not in str(found.value)
