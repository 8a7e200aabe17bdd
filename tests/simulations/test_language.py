"""Decimals, durations, sums and scores in every engine, held against oracles that share no line with the product."""

from __future__ import annotations

import calendar
import datetime
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import policy
from policy.case_files.reader import Cases
from policy.sql import determinations_sql, printed
from simulations.warehouse.engines import INLINING
from tests.policy.small import small
from tests.simulations import servers

CODES = {"dx": "G47.33", "cpt": "E0601"}
Engine = Callable[[policy.Settings], pd.DataFrame]


def frame_of(rows: list[dict[str, str]]) -> pd.DataFrame:
    return pd.DataFrame([{"case_id": f"c{i}", **CODES, **row} for i, row in enumerate(rows)]).fillna("")


def direct(table: pd.DataFrame, settings: policy.Settings) -> pd.DataFrame:
    cases = Cases.from_frame(table, settings.policy)
    return policy.determine(settings.policy, cases, settings).frame()


def unmet(found: pd.DataFrame) -> list[str]:
    """Of each case in its order: the criteria that are not met, and those that are not documented."""
    rows = found.assign(nr=found["case_id"].str[1:].astype(int)).sort_values("nr").fillna("")
    return (rows["not_met"].astype(str) + "|" + rows["not_documented"].astype(str)).tolist()


def engines(table: pd.DataFrame, document: policy.Policy, slow: bool) -> Iterator[tuple[str, Engine]]:
    """Every engine with the table as text, each as a function of settings; the slow ones where they are asked for."""
    yield "python", lambda settings: direct(table, settings)
    with duckdb.connect() as connection:
        connection.register("cases", table)
        yield "duckdb", lambda settings: connection.execute(determinations_sql(settings)).df()
    if not slow:
        return
    with servers.open_folder() as folder, servers.postgres(folder) as server:
        columns = ", ".join(f"{name} text" for name in table)
        server.run(f"CREATE TABLE cases ({columns})")
        server.run("COPY cases FROM STDIN WITH (FORMAT csv)", table.to_csv(index=False, header=False))
        yield "postgres", server.determinations
    with servers.spark() as session:
        session.conf.set("spark.sql.optimizer.excludedRules", INLINING)
        session.createDataFrame(pa.Table.from_pandas(table, preserve_index=False)).createOrReplaceTempView("cases")
        yield (
            "spark",
            lambda settings: session.sql(printed(determinations_sql(settings), "spark")).toArrow().to_pandas(),
        )


# Decimals -------------------------------------------------------------------------------------------------------------

TENTHS = [f"{n // 10}.{n % 10}".removesuffix(".0") for n in range(1001)]


def decimals() -> policy.Policy:
    amount = {"type": "decimal", "unit": "points", "min": "0", "max": "100", "step": "0.1"}
    line = {"domain": {"min": "0", "max": "100", "step": "0.1"}, "unit": "points", "default": "0"}
    return small(
        {"value": amount, "line": amount},
        {"least": {**line, "direction": "stricter_when_higher"}},
        {
            "lever": {"at_least": {"value": "least"}},
            "field": {"sum": {"of": ["value"], "minus": ["line"], "more_than": "0"}},
        },
    )


def check_decimals(settings: list[str], slow: bool) -> None:
    """Every tenth from 0 to 100 against every setting of a lever; and against every tenth in another column."""
    document, pairs = decimals(), [(v, w) for v in TENTHS[:: 1 if slow else 13] for w in TENTHS[:: 7 if slow else 31]]
    table = frame_of([{"value": value, "line": line} for value, line in pairs])
    for engine, found in engines(table, document, slow):
        for at in settings:
            wanted = [
                ";".join(
                    n for n, ok in (("lever", Decimal(v) >= Decimal(at)), ("field", Decimal(v) > Decimal(w))) if not ok
                )
                for v, w in pairs
            ]
            said = unmet(found(document.settings({"least": at})))
            assert said == [f"{names}|" for names in wanted], (engine, at)


def test_a_decimal_is_compared_as_it_is_written() -> None:
    check_decimals(["0.1", "7.5", "29.7", "99.9"], slow=False)


@pytest.mark.slow
def test_tenths_against_lines_in_three_engines() -> None:
    check_decimals(
        ["0", "0.1", "0.3", "1.1", "7.5", "9.9", "19.9", "29.7", "34.9", "57.3", "70.1", "99.9", "100"], slow=True
    )


@pytest.mark.slow
def test_every_tenth_against_every_setting_of_a_lever() -> None:
    """A million pairs in each engine."""
    document, table = decimals(), frame_of([{"value": value, "line": "0"} for value in TENTHS])
    for engine, found in engines(table, document, slow=True):
        for place, at in enumerate(TENTHS):
            failing = sum("lever" in line for line in unmet(found(document.settings({"least": at}))))
            assert failing == place, (engine, at)


def test_seven_and_a_half_is_seven_and_a_half() -> None:
    document = decimals()
    settings = document.settings({"least": "7.50"})
    assert document.levers["least"].show(settings["least"]) == "7.5 points"
    cases = Cases.from_frame(frame_of([{"value": "7.4", "line": "0"}]), document)
    told = policy.explain(document, cases, 0, settings).text()
    assert "value: 7.4 points (needed: at least 7.5 points; 0.1 points short)" in told


def test_a_number_is_shown_as_short_as_it_can_be_and_in_full() -> None:
    fine = {"type": "decimal", "unit": "points", "min": "0", "max": "9", "step": "0.0001"}
    line = {"domain": {"min": "0", "max": "9", "step": "0.5"}, "unit": "points", "default": "7"}
    document = small(
        {"value": fine},
        {"least": {**line, "direction": "stricter_when_higher"}},
        {
            "number": {"more_than": {"value": "0.06250"}},
            "while": {"all_of": [{"lever": {"least": ["7.0"]}}, {"at_least": {"value": "least"}}]},
        },
    )
    cases = Cases.from_frame(frame_of([{"value": "0.0625"}]), document)
    told = policy.explain(document, cases, 0, document.settings()).text()
    assert "value: 0.0625 points (needed: more than 0.0625 points; 0.0001 points short)" in told
    assert "value: 0.0625 points (needed: at least 7 points; 6.9375 points short)" in told  # 7.0 is 7, and holds


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("7.55", "finer than the step of 0.1"),
        ("100.1", "outside the range"),
        ("-0.1", "outside"),
        ("7,5", "plain number"),
    ],
)
def test_a_value_that_is_not_on_the_grid_is_rejected_everywhere(written: str, said: str) -> None:
    document, table = decimals(), frame_of([{"value": written, "line": "0"}])
    with pytest.raises(policy.ProblemsFound, match=said):
        direct(table, document.settings())
    with duckdb.connect() as connection:
        connection.register("cases", table)
        found = connection.execute(determinations_sql(document.settings())).df()
    assert found["outcome"].tolist() == ["pend"]
    assert found["reasons"][0].startswith("rejected")


# Durations ------------------------------------------------------------------------------------------------------------


def later(day: datetime.date, months: int) -> datetime.date:
    """The same day of a later month; a month's end clamps."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def durations() -> policy.Policy:
    ends = {"from": "first", "to": "last", "days": "days_between"}
    fields: dict[str, dict[str, Any]] = {"first": {"type": "date"}, "last": {"type": "date"}}
    fields["days_between"] = {"type": "whole", "unit": "days", "max": "40000"}
    levers, tests = {}, {}
    for unit, most in (("days", 400), ("weeks", 60), ("months", 40), ("years", 9)):
        fields[f"in_{unit}"] = {"type": "duration", "unit": unit, **ends}
        domain = {"min": "0", "max": str(most), "step": "1"}
        levers[f"least_{unit}"] = {
            "domain": domain, "unit": unit, "default": "1", "direction": "stricter_when_higher",
        }  # fmt: skip
        tests[f"at_least_{unit}"] = {"at_least": {f"in_{unit}": f"least_{unit}"}}
        tests[f"more_than_{unit}"] = {"more_than": {f"in_{unit}": f"least_{unit}"}}
    return small(fields, levers, tests)


def short(first: datetime.date, last: datetime.date, numbers: dict[str, int]) -> str:
    """The criteria that fail, by the calendar of Python alone."""
    days = (last - first).days
    reached = {
        "days": (days >= numbers["days"], days > numbers["days"]),
        "weeks": (days >= 7 * numbers["weeks"], days > 7 * numbers["weeks"]),
        **{
            unit: (last >= later(first, n * numbers[unit]), last > later(first, n * numbers[unit]))
            for unit, n in (("months", 1), ("years", 12))
        },
    }
    senses = ("at_least", "more_than")
    told = [(f"{senses[i]}_{unit}", ok) for unit, both in reached.items() for i, ok in enumerate(both)]
    return ";".join(name for name, ok in told if not ok)


def pairs_of_dates(
    luck: random.Random, count: int, numbers: dict[str, int]
) -> list[tuple[datetime.date, datetime.date]]:
    """Pairs at the line of one duration or a day beside it, many of them at a month's end or on 29 February."""
    found: list[tuple[datetime.date, datetime.date]] = []
    while len(found) < count:
        first = datetime.date(1901, 1, 1) + datetime.timedelta(luck.randrange(70_000))
        if luck.random() < 0.3:
            first = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        if luck.random() < 0.1:
            first = datetime.date(4 * luck.randrange(476, 523), 2, 29)
        unit = luck.choice([*numbers])
        n = numbers[unit]
        line = later(first, n * {"months": 1, "years": 12}.get(unit, 0)) + datetime.timedelta(
            n * {"days": 1, "weeks": 7}.get(unit, 0)
        )
        last = line + datetime.timedelta(luck.choice([-2, -1, 0, 0, 1, 2, luck.randrange(40)]))
        if first <= last <= datetime.date(2099, 12, 31):
            found.append((first, last))
    return found


def check_durations(count: int, rounds: int, slow: bool) -> None:
    document, luck = durations(), random.Random(7)
    units = ("days", "weeks", "months", "years")
    settings = [
        {unit: luck.randint(0 if i else 1, most) for unit, most in zip(units, (400, 60, 40, 9), strict=True)}
        for i in range(rounds)
    ]
    pairs = [pair for numbers in settings for pair in pairs_of_dates(luck, count // rounds, numbers)]
    table = frame_of([{"first": str(first), "last": str(last), "days_between": ""} for first, last in pairs])
    for engine, found in engines(table, document, slow):
        for numbers in settings:
            said = unmet(found(document.settings({f"least_{unit}": n for unit, n in numbers.items()})))
            wanted = [f"{short(first, last, numbers)}|" for first, last in pairs]
            assert said == wanted, (
                engine,
                numbers,
                [(p, s, w) for p, s, w in zip(pairs, said, wanted, strict=True) if s != w][:3],
            )


def test_durations_between_dates_are_those_of_the_calendar() -> None:
    check_durations(1_000, 4, slow=False)


@pytest.mark.slow
def test_twenty_thousand_pairs_of_dates_in_three_engines() -> None:
    check_durations(20_000, 4, slow=True)


def test_a_duration_is_told_by_days_where_a_date_is_missing() -> None:
    document = durations()
    at = document.settings({"least_days": 90, "least_weeks": 13, "least_months": 3, "least_years": 1})
    rows = [
        {"days_between": "91", "first": "2026-01-01", "last": ""},
        {"days_between": "", "first": "2026-01-01", "last": ""},
    ]
    for engine, found in engines(frame_of(rows), document, slow=False):
        (told, untold) = unmet(found(at))
        assert told == "more_than_weeks;more_than_months;at_least_years;more_than_years|", engine
        assert untold.startswith("|at_least_days;more_than_days"), engine
    cases = Cases.from_frame(frame_of(rows), document)
    assert policy.determine(document, cases, at).frame()["ask"][1] == "last"


# Scores ---------------------------------------------------------------------------------------------------------------


def test_a_score_is_met_when_it_is_sure_and_not_met_when_it_is_out_of_reach() -> None:
    """Every way of telling five signs, two of them with points taken away, against every score."""
    worth = {"a": 1, "b": 2, "c": 3, "d": -1, "e": -2}
    points = [{"points": str(n), "test": {"is": {name: "true"}}} for name, n in worth.items()]
    lever = {"domain": {"min": "0", "max": "6", "step": "1"}, "unit": "points", "default": "3"}
    document = small(
        {name: {"type": "boolean"} for name in worth},
        {"wanted": {**lever, "direction": "stricter_when_higher"}},
        {"score": {"score": {"points": points, "reaches": "wanted"}}},
    )
    words = ("", "true", "false")
    rows = [{name: words[n // 3**i % 3] for i, name in enumerate(worth)} for n in range(3**5)]
    for engine, found in engines(frame_of(rows), document, slow=False):
        for wanted in range(7):
            said = unmet(found(document.settings({"wanted": wanted})))
            for row, line in zip(rows, said, strict=True):
                open_ = [worth[name] for name, word in row.items() if not word]
                sure = sum(worth[name] for name, word in row.items() if word == "true")
                least, most = sure + sum(n for n in open_ if n < 0), sure + sum(n for n in open_ if n > 0)
                truth = "|" if least >= wanted else "score|" if most < wanted else "|score"
                assert line == truth, (engine, wanted, row)
