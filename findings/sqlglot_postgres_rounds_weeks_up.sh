#!/usr/bin/env bash
# sqlglot 30.30.0, DuckDB to PostgreSQL: DATE_DIFF('week', a, b) is rounded to the nearest week; 39 days are 6 weeks.
#
# Guessed: whole weeks or weeks of the calendar, one of the two, whatever DuckDB means by it.
# Seen: it is written CAST(EXTRACT(days FROM (b - a)) / 7 AS BIGINT). EXTRACT has been NUMERIC since PostgreSQL 14, and a cast of a
# NUMERIC to a whole number rounds there: 5.57 becomes 6. Run on a server of version 15: 38 days are 5, 39 to 45 days are 6. Below,
# the same text is run in DuckDB, whose casts round as well, next to the function itself, which says 5 for 41 days.
#
# Why it matters here: six weeks of conservative care is the threshold that is argued about most. Translated this way PostgreSQL
# grants it three days early. A difference of two dates in days, compared with 42, is exact in every dialect.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb
import sqlglot

written = sqlglot.transpile("DATE_DIFF('week', a, b)", read="duckdb", write="postgres")[0]
print("sqlglot", sqlglot.__version__, "writes", written)
assert written == "CAST(EXTRACT(days FROM (CAST(b AS TIMESTAMP) - CAST(a AS TIMESTAMP))) / 7 AS BIGINT)"
found = duckdb.execute(
    f"SELECT n, {written}, DATE_DIFF('week', a, b) FROM "
    "(SELECT n, DATE '2026-01-31' AS a, CAST(DATE '2026-01-31' + n * INTERVAL 1 DAY AS DATE) AS b FROM "
    "(VALUES (38), (39), (41), (42), (45), (46)) t(n)) ORDER BY n"
).fetchall()
for days, as_written, by_function in found:
    print(f"{days} days: {as_written} weeks as written for PostgreSQL, {by_function} by DuckDB's function")
assert [row[1] for row in found] == [5, 6, 6, 6, 6, 7], "no longer rounded"
assert [row[2] for row in found] == [5, 5, 5, 6, 6, 6]
PY
