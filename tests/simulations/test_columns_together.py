"""Columns that bound one another or tell about one another, in Python and DuckDB, against an oracle of a few lines."""

from __future__ import annotations

import itertools

import duckdb
import pandas as pd
import pytest

import policy
from policy.case_files.reader import Cases
from policy.sql import determinations_sql
from tests.policy.small import small
from tests.simulations.test_language import frame_of

MOST = 5
Told = dict[str, dict[str, int]]


def answered(row: dict[str, str], bounds: list[tuple[str, str]], tells: Told) -> str:
    """The outcome where y must reach 2; `bounds`: (x, y) says that x is at most y; `tells`: y -> x -> n."""
    numbers = {name: int(text) if text else None for name, text in row.items()}
    least = dict.fromkeys(row, -1)
    for name, tellers in tells.items():
        for teller, n in tellers.items():
            if row[teller]:
                if row[name] and int(row[name]) < n:
                    return "rejected"
                least[name] = max(least[name], n)
        if numbers[name] is None and least[name] == MOST:
            numbers[name] = MOST
    for one, other in bounds:
        a, b = numbers[one], numbers[other]
        if a is not None and b is not None and a > b:
            return "rejected"
    y = numbers["y"]
    if y is None:
        return "met" if least["y"] >= 2 else "pend"
    return "met" if y >= 2 else "not_met"


@pytest.mark.parametrize(
    ("bounds", "tells"),
    [
        ([("y", "x"), ("y", "z"), ("y", "x"), ("z", "x")], {}),
        ([], {"z": {"y": 3}, "y": {"x": MOST}}),  # what y is told to be does not tell about z: y does not say it
        ([], {"y": {"x": 3}, "x": {"z": MOST}}),
        ([("x", "y")], {"y": {"x": 2}}),
        ([("y", "x"), ("z", "y")], {"y": {"x": 2, "z": MOST}}),
    ],
)
def test_columns_that_hang_together_are_read_alike(bounds: list[tuple[str, str]], tells: Told) -> None:
    number = {"type": "whole", "unit": "points", "max": str(MOST)}
    fields = {name: {**number, "implied_by": {one: str(n) for one, n in tells.get(name, {}).items()}} for name in "zyx"}
    relations = [{"field": a, "at_most": b, "verdict": "reject", "says": "odd"} for a, b in bounds]
    document = small(fields, {}, {"enough": {"at_least": {"y": "2"}}}, relations=relations)
    rows = [dict(zip("xyz", cells, strict=True)) for cells in itertools.product(("", "0", "1", "2", "5"), repeat=3)]
    wanted = [answered(row, bounds, tells) for row in rows]
    assert {"met", "pend", "rejected"} <= {*wanted}
    table = frame_of(rows)
    cases = Cases.from_frame(table, document, keep_good=True)
    found = policy.determine(document, cases, document.settings()).frame().set_index("case_id")["outcome"]
    assert [found.get(name, "rejected") for name in table["case_id"]] == wanted
    assert by_duckdb(table, document) == wanted


def by_duckdb(table: pd.DataFrame, document: policy.Policy) -> list[str]:
    with duckdb.connect() as connection:
        connection.register("cases", table)
        found = connection.execute(determinations_sql(document.settings())).df().set_index("case_id")
    said = found.loc[table["case_id"]].fillna("")
    return [
        "rejected" if r.startswith("rejected") else o for o, r in zip(said["outcome"], said["reasons"], strict=True)
    ]
