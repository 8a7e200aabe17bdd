"""The SELECT is what it says in every dialect, never approves what the door refuses, and holds only checked text."""

import functools
import random

import duckdb
import pandas as pd
import pytest
import sqlglot

import policy
from policy.problems import ProblemsFound
from policy.sql import DIALECTS, columns_read, determinations_sql, printed
from policy.sql.text import Query, any_bits, chosen, either, every, literal, negated, one_of
from simulations.warehouse.engines import REPEATING
from tests.policy.near_misses import BOOLEANS, CHOICES, DATES, NUMBERS, PERCENTS, Draws, near_misses, table

POLICY = policy.load("nerve_blocks")
STRICT = {"axial_spine_stance": "never_outside_trial", "repeat_min_weeks": 12, "undocumented_action": "not_met"}
COUNTS = {*NUMBERS, *PERCENTS, "pain_duration_days"}


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts as DOUBLE, dates as TIMESTAMP, all else as text, as the SELECT needs them at least."""
    columns = {}
    for name, words in frame.items():
        value = words.astype(object).where(words != "", None)
        columns[name] = (
            pd.to_numeric(value)
            if name in COUNTS
            else pd.to_datetime(value, format="ISO8601")
            if name in DATES
            else value
        )
    return pd.DataFrame(columns)


def answered(text: str, frame: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect(config={"disabled_optimizers": REPEATING}) as connection:  # as the workbook starts it
        connection.register("cases", typed(frame))
        found = connection.execute(text).df()
    return found.astype(object).fillna("").sort_values("case_id", ignore_index=True)


def directly(frame: pd.DataFrame, settings: policy.Settings) -> pd.DataFrame:
    found = policy.determine(POLICY, policy.Cases.from_frame(frame, POLICY), settings).frame()
    return found.astype(object).sort_values("case_id", ignore_index=True)


def near(size: int, seed: int, settings: policy.Settings) -> pd.DataFrame:
    return table(near_misses(dict(settings), size, Draws(seed)))


@functools.cache
def strict_text() -> str:
    return determinations_sql(POLICY.settings(STRICT))


@functools.cache
def typed_text() -> str:
    """With the types of `typed`: what a dialect says of an unknown type (dialects.py) means nothing to another."""
    kinds = dict.fromkeys(COUNTS, "number") | dict.fromkeys(DATES, "timestamp")
    return determinations_sql(POLICY.settings(STRICT), dict.fromkeys(columns_read(POLICY), "text") | kinds)


@functools.cache
def parsed_back(dialect: str, given: str = "") -> sqlglot.exp.Expression:
    text = printed(given or strict_text(), dialect, [POLICY.notice])
    assert text.startswith(f"/*\n{POLICY.notice}\n*/\nWITH ")
    (statement,) = sqlglot.parse(text, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    return statement


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_is_parsed_back(dialect: str) -> None:
    statement = parsed_back(dialect)
    assert isinstance(statement, sqlglot.exp.Select)
    steps = {step.alias for step in statement.find_all(sqlglot.exp.CTE)}
    assert {found.name for found in statement.find_all(sqlglot.exp.Table)} - steps == {"cases"}
    assert [column.alias_or_name for column in statement.selects] == [
        "case_id", "pathway", "outcome", "not_met", "not_documented", "ask", "reasons",
    ]  # fmt: skip


def test_no_function_gets_more_arguments_than_postgresql_passes() -> None:
    """At most 100 (the appendix of limits in its manual); there is a reason for each criterion and each branch."""
    busy = {
        "headache_days_month_min": 15, "repeat_min_relief_pct": 50, "repeat_min_weeks": 12, "max_sessions_12m": 3,
        "axial_spine_stance": "never_outside_trial", "gon_acute_action": "review", "tn_selection": "mri_done",
        "intent_missing_action": "assume_preventive", "ahs2025_ed_pathway": "on", "undocumented_action": "not_met",
        "confirmed_facet_other_code": "review", "m5381_mapping": "reject_code_mismatch",
        "g43819_mapping": "require_headache_days",
    }  # fmt: skip
    calls = parsed_back("postgres", determinations_sql(POLICY.settings(busy))).find_all(sqlglot.exp.Concat)
    assert 20 < max(len(call.expressions) for call in calls) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_parsed_back_still_says_the_same(dialect: str) -> None:
    settings = POLICY.settings(STRICT)
    text = parsed_back(dialect, typed_text()).sql("duckdb").replace("TEXT(MAX)", "TEXT")
    frame = near(250, 1, settings)
    pd.testing.assert_frame_equal(answered(text, frame), directly(frame, settings), check_dtype=False)


@pytest.mark.parametrize("dialect", ["bigquery", "databricks", "snowflake", "spark", "tsql"])
def test_what_a_dialect_can_try_to_cast_it_only_tries(dialect: str) -> None:
    """PostgreSQL alone has nothing of the kind; there the form that was checked must be enough (test_spellings.py)."""
    tried = [sum(1 for _ in tree.find_all(sqlglot.exp.TryCast)) for tree in map(parsed_back, ("duckdb", dialect))]
    assert tried[1] >= tried[0] > 10


def test_no_type_of_a_column_is_read_by_rules_of_the_engine() -> None:
    """A column is compared, cut and counted as text only; but for its type nothing is asked of it directly."""
    tree = sqlglot.parse_one(strict_text(), read="duckdb")
    around = {type(column.parent).__name__ for column in tree.find_all(sqlglot.exp.Column) if column.table == "cases"}
    assert around == {"Alias", "Cast", "Typeof"}  # the alias is case_id, carried along


def test_an_unknown_dialect_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProblemsFound, match=r"'snowflak' is unknown; .*did you mean snowflake\?"):
        printed("SELECT 1", "snowflak")


BAD = {
    **dict.fromkeys(COUNTS, ("-1", "1e9", "0.5")),
    **dict.fromkeys(BOOLEANS, ("2", "maybe", "10", "yess")),
    **{name: ["unknown", "xray", words[0] + " " + words[1]] for name, words in CHOICES.items()},
    **dict.fromkeys(DATES, ("1899-12-31", "2150-01-01", "2024-02-01 13:00:00")),
    "dx": ["neck", "M54.2;M79.7", "54.2", "", "M5", "G43.7-1"],
    "cpt": ["644", "6449a", "", "64490-59"],
    "case_id": [""],
}


def test_a_row_that_the_door_refuses_is_never_approved() -> None:
    settings = POLICY.settings()
    frame, luck = near(900, 2, settings), random.Random(5)
    spoilt = {}
    for row in range(len(frame)):
        column = luck.choice(list(BAD))
        frame.loc[row, column] = luck.choice(BAD[column])
        spoilt[row] = column
    frame.loc[frame.index[::9], "diagnostic_blocks_done"] = "0"  # and contradictions between columns
    door = policy.Cases.from_frame(frame, POLICY, keep_good=True)
    refused = set(door.rejected["row"] - 1)
    by_id = answered(determinations_sql(settings), frame).set_index("case_id")
    assert len(refused) > 800
    for row, column in spoilt.items():
        if row not in refused or column == "case_id":
            continue
        got = by_id.loc[frame.loc[row, "case_id"]]
        assert (got["outcome"], got["pathway"]) == ("pend", ""), (column, frame.loc[row, column])
        assert got["reasons"] == "rejected: the columns asked for hold no value that is allowed"
        wrong = set(door.rejected.loc[door.rejected["row"] == row + 1, "column"])
        assert set(got["ask"].split(";")) == wrong
    blank = by_id[by_id.index == ""]
    assert len(blank) == sum(column == "case_id" for column in spoilt.values())
    assert set(blank["outcome"]) == {"pend"}


SPELLINGS = {True: ["true", "YES", " y ", "1", "T", "1.0"], False: ["false", "No", "n", "0", "F", "0.0"]}


def test_every_spelling_of_the_door_is_read() -> None:
    settings, luck = POLICY.settings(), random.Random(6)
    frame = near(400, 3, settings)
    odd = frame.copy()
    for name in BOOLEANS & {*frame}:
        odd[name] = [luck.choice(SPELLINGS[w == "true"]) if w else luck.choice(["", " "]) for w in frame[name]]
    for name in CHOICES:
        odd[name] = [luck.choice([w.upper(), f" {w}", w]) for w in frame[name]]
    odd["dx"] = [luck.choice([w, w.lower(), w.replace(".", ""), f" {w} "]) for w in frame["dx"]]
    odd["cpt"] = [luck.choice([w, f"{w}.0", f" {w}"]) for w in frame["cpt"]]
    pd.testing.assert_frame_equal(
        answered(determinations_sql(settings), odd), directly(frame, settings), check_dtype=False
    )


@pytest.mark.parametrize(
    "without",
    [
        ("clinical_trial", "conservative_care_contraindicated"),
        ("onset_date",),
        ("onset_date", "request_date", "pain_duration_days"),
        ("diagnostic_blocks_done", "block_2_relief_pct"),
        ("block_1_relief_pct", "intent", "radiculopathy"),
    ],
)
def test_a_column_that_the_table_has_not(without: tuple[str, ...]) -> None:
    settings = POLICY.settings({"generic_gate_scope": "all_dx", "repeat_min_weeks": 2})
    frame = near(300, 4, settings).drop(columns=list(without))
    found = answered(determinations_sql(settings, without=without), frame)
    pd.testing.assert_frame_equal(found, directly(frame, settings), check_dtype=False)


def test_only_the_columns_named_are_read() -> None:
    text = determinations_sql(POLICY.settings())
    read = {column.name for column in sqlglot.parse_one(text, read="duckdb").find_all(sqlglot.exp.Column)
            if column.table == "cases"}  # fmt: skip
    assert read == set(columns_read(POLICY))
    assert not any(kind.ignored for name, kind in POLICY.fields_.items() if name in read)


def test_a_comment_cannot_be_left_and_a_text_not_either() -> None:
    said = printed("SELECT 1 AS a", "duckdb", ["*/ SELECT 2 /*"])
    assert duckdb.sql(said).fetchall() == [(1,)]
    hostile = "it's \\' '' ; --"
    assert duckdb.sql(f"SELECT {literal(hostile)}").fetchall() == [(hostile,)]
    query = Query()
    query.let("a", "1 + 0")
    query.notes["a"] = "*/ 1 AS b, /*"
    assert duckdb.sql("WITH cases AS (SELECT 1 AS x) SELECT * FROM (" + query.select(["a"]).replace(
        "FROM cases", "FROM (SELECT 1) cases") + ")").columns == ["a"]  # fmt: skip


def test_what_the_setting_decides_is_not_written() -> None:
    assert every(["a", True]) == "a"
    assert every(["a", False]) is False
    assert every([]) is True
    assert either(["a", True]) is True
    assert either(["a", False]) == "a"
    assert either([]) is False
    assert negated(True) is False
    assert one_of("a", []) is False
    assert one_of("a", [3, 4, 5]) == "a BETWEEN 3 AND 5"
    assert one_of("a", [3, 5, 4]) == "a IN (3, 5, 4)"
    assert chosen([(False, 1), ("b", 2), (True, 3), ("c", 4)], 5) == "CASE WHEN b THEN 2 ELSE 3 END"
    assert any_bits(["0", "0"]) == "0"


def test_names_stand_above_what_they_use() -> None:
    query = Query()
    query.let("a", "cases.x + 1")
    query.let("t", "a * 2", "criteria")
    query.let("b", "t + a")  # a later step than its own, as it uses one
    query.let("c", "t + b", "pathways")
    text = query.select(["c"])
    assert [part.alias for part in sqlglot.parse_one(text).find_all(sqlglot.exp.CTE)] == [
        "facts_1", "criteria_1", "criteria_2", "pathways_1",
    ]  # fmt: skip
    assert duckdb.sql(
        "SELECT * FROM (WITH " + "cases AS (SELECT 4 AS x), " + text.removeprefix("WITH ") + ")"
    ).fetchall() == [(25,)]


def test_no_name_is_given_to_two_expressions() -> None:
    query = Query("cases")
    assert query.let("a", "1 + x") == query.let("a", "1 + x") == "a"
    with pytest.raises(ValueError, match="another expression"):
        query.let("a", "2 + x")
