"""What the reader of files rejects no engine approves, and what it accepts every engine accepts, cell by cell.

Columns of every type, any server's date style, time zone and ANSI mode; the cells are of tests/policy/spellings.py.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from policy.sql import determinations_sql, printed
from simulations.warehouse.engines import INLINING, REPEATING
from tests.policy.spellings import SETTINGS, a_table, by_the_reader, differences
from tests.sampling import some
from tests.simulations import servers

ROWS, TABLES = 1600, 3  # of 42 columns: 201,600 cells
POSTGRES = {
    "text": "text", "char": "char(40)", "decimal": "numeric(38, 18)", "double": "double precision", "date": "date",
    "timestamp": "timestamp", "instant": "timestamptz", "boolean": "boolean", "integer": "bigint",
}  # fmt: skip


def numbered() -> str:
    """The SELECT with the number of the row, as ids repeat."""
    text = determinations_sql(SETTINGS).replace("cases.case_id AS case_id", "cases.case_id AS case_id, cases.nr AS nr")
    before, _, after = text.rpartition("SELECT case_id,")
    return f"{before}SELECT nr, case_id,{after}"


def with_number(table: pa.Table) -> pa.Table:
    return table.append_column("nr", pa.array(range(len(table)), pa.int32()))


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(nr=frame["nr"].astype(int)).sort_values("nr", ignore_index=True).fillna("")


def by_duckdb(table: pa.Table, zone: str) -> pd.DataFrame:
    with duckdb.connect(config={"disabled_optimizers": REPEATING}) as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        connection.register("given", with_number(table))
        connection.execute("CREATE TABLE cases AS SELECT * FROM given")
        return ordered(connection.execute(numbered()).df())


@pytest.mark.parametrize("number", some(range(3), 1))
def test_a_cell_is_the_same_in_duckdb(number: int) -> None:
    table, _ = a_table(150, number)
    direct = by_the_reader(table)
    assert 20 < (direct["wrong"] != "").sum() < 150
    assert number == 2 or (direct["outcome"] == "met").sum() > 10
    assert differences(direct, by_duckdb(table, "Europe/London")) == []


@pytest.fixture(scope="module")
def many() -> list[tuple[pa.Table, dict[str, str], pd.DataFrame]]:
    drawn = [a_table(ROWS, 100 + number) for number in range(TABLES)]
    return [(table, kinds, by_the_reader(table)) for table, kinds in drawn]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_many_cells_are_the_same_in_duckdb(many: Any, zone: str) -> None:
    assert [differences(direct, by_duckdb(table, zone)) for table, _, direct in many] == [[]] * TABLES


def as_text(value: object) -> str:
    """A value for COPY: nothing unquoted is NULL."""
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


def fill(server: servers.PostgreSQL, name: str, table: pa.Table, kinds: dict[str, str]) -> None:
    columns = ", ".join(f"{column} {POSTGRES[kind]}" for column, kind in kinds.items())
    server.run(f"CREATE TABLE {name} ({columns}, nr integer)")
    rows = with_number(table).to_pylist()
    body = "".join(",".join(map(as_text, row.values())) + "\n" for row in rows)
    server.run(f"SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; COPY {name} FROM STDIN WITH (FORMAT csv)", body)


def by_postgres(server: servers.PostgreSQL, style: str, zone: str) -> pd.DataFrame:
    text = printed(numbered(), "postgres")
    said = server.run(
        f"SET DateStyle = '{style}'; SET TimeZone = '{zone}'; COPY ({text}) TO STDOUT WITH (FORMAT csv, HEADER)"
    )
    rows = list(csv.DictReader(io.StringIO(said, newline="")))
    return ordered(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def server() -> Iterator[servers.PostgreSQL]:
    with servers.open_folder() as folder, servers.postgres(folder) as running:
        yield running


@pytest.mark.slow
def test_many_cells_are_the_same_in_postgresql(many: Any, server: servers.PostgreSQL) -> None:
    found = []
    for number, (table, kinds, direct) in enumerate(many):
        fill(server, f"cases_{number}", table, kinds)
        server.run(f"CREATE OR REPLACE VIEW cases AS SELECT * FROM cases_{number}" if number == 0 else
                   f"DROP VIEW cases; CREATE VIEW cases AS SELECT * FROM cases_{number}")  # fmt: skip
        for style in ("SQL, MDY", "SQL, DMY", "German", "Postgres, DMY")[: 4 if number == 0 else 2]:
            for zone in ("UTC", "Europe/London"):
                found += differences(direct, by_postgres(server, style, zone))
    assert found == []


def by_spark(session: Any, path: Path, ansi: bool, zone: str) -> pd.DataFrame:
    settings = {
        "spark.sql.ansi.enabled": str(ansi).lower(), "spark.sql.session.timeZone": zone,
        "spark.sql.optimizer.excludedRules": INLINING,
    }  # fmt: skip
    for name, value in settings.items():
        session.conf.set(name, value)
    session.read.parquet(str(path)).createOrReplaceTempView("cases")
    return ordered(session.sql(printed(numbered(), "spark")).toArrow().to_pandas())


@pytest.mark.slow
def test_many_cells_are_the_same_in_spark(many: Any, tmp_path: Path) -> None:
    found = []
    with servers.spark() as session:
        for number, (table, _, direct) in enumerate(many):
            path = tmp_path / f"{number}.parquet"
            pyarrow.parquet.write_table(with_number(table), path)
            for ansi in (True, False):
                found += differences(direct, by_spark(session, path, ansi, ("UTC", "Europe/London")[number % 2]))
    assert found == []
