#!/usr/bin/env bash
# SqlRender's rules in duckcdm 0.4.7: from 31 December to 1 January DATEDIFF(year, a, b) is 1 and DATEDIFF(month, a, b) 0, on DuckDB.
#
# Guessed: its input is SQL Server's language, where DATEDIFF counts the boundaries of every unit, so a month and a year between these two
# days; if whole periods are what is meant, then in both units.
# Seen: for DuckDB, PostgreSQL, BigQuery and SQLite years are counted by boundaries and months as whole ones; for Snowflake, Spark and
# Redshift both by boundaries, for Oracle a month is a fraction. ohdsi-circepy 0.3.0 writes the same for DuckDB, and duckcdm says that it
# is byte for byte the original in Java. 41 days / 7 is left as it stands: 5 for SQL Server and 5.86 for DuckDB, so "more than 5".
#
# Why it matters here: cohorts of OMOP studies are written once and translated for the plan's warehouse. "More than 3 months of pain" is
# then up to a month later on one than on the next, and "a year" of the same text up to a year early. Days are the same everywhere.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckcdm==0.4.7 duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import duckdb
from duckcdm.sqlrender import translate

ASKED = "SELECT DATEDIFF(year, a, b), DATEDIFF(month, a, b), DATEDIFF(day, a, b), DATEDIFF(day, a, b) / 7 FROM t"
print("duckcdm", version("duckcdm"), "duckdb", duckdb.__version__)


def between(first, last):
    dates = f"WITH t AS (SELECT DATE '{first}' AS a, DATE '{last}' AS b) "
    (found,) = duckdb.sql(dates + translate(ASKED, "duckdb")).fetchall()
    print(first, last, "(years, months, days, weeks):", found)
    return found


assert between("2025-12-31", "2026-01-01")[:3] == (1, 0, 1)
assert between("2025-10-31", "2026-01-30")[:3] == (1, 2, 91)
assert between("2026-01-01", "2026-12-31")[:3] == (0, 11, 364)
assert 5.8 < between("2026-01-01", "2026-02-11")[3] < 5.9
for dialect in ("postgresql", "snowflake", "spark", "redshift"):
    print(dialect, translate("SELECT DATEDIFF(year, a, b), DATEDIFF(month, a, b) FROM t", dialect))
for dialect in ("postgresql", "duckdb", "bigquery"):
    assert "datediff" not in translate("SELECT DATEDIFF(month, a, b) FROM t", dialect).lower()
for dialect in ("snowflake", "spark", "redshift"):
    assert "DATEDIFF(month, a, b)" in translate("SELECT DATEDIFF(month, a, b) FROM t", dialect)
PY
