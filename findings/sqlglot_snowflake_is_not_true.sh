#!/usr/bin/env bash
# sqlglot 30.30.0, DuckDB to Snowflake: "x IS NOT TRUE" becomes "NOT x", which is NULL, not true, for an unknown x.
#
# Guessed: the three-valued test is written out, as it is for PostgreSQL and Spark ("NOT x IS TRUE"), or refused when sqlglot is asked
# to refuse what a dialect lacks (unsupported_level=RAISE).
# Seen: for Snowflake x IS TRUE is written as x, and so its negation as NOT x; T-SQL gets "NOT x = 1", with the same loss. Nothing warns.
# As a WHERE clause it drops just those rows that IS NOT TRUE was written to keep. The texts are run in DuckDB below, where NOT is
# SQL's. CASE WHEN x THEN FALSE ELSE TRUE END keeps its meaning in all of them.
#
# Why it matters here: "everybody who is not surely approved" is the one question for which a plan writes IS NOT TRUE. On Snowflake
# all cases that wait for information would be missing from it.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb
import sqlglot

rows = "(VALUES ('approved', TRUE), ('turned down', FALSE), ('unknown', NULL)) AS t(who, x)"
kept = {}
for condition in ("x IS NOT TRUE", "CASE WHEN x THEN FALSE ELSE TRUE END"):
    for dialect in ("postgres", "spark", "snowflake", "tsql"):
        unsupported = sqlglot.ErrorLevel.RAISE
        written = sqlglot.transpile(condition, read="duckdb", write=dialect, unsupported_level=unsupported)[0]
        if dialect != "tsql":
            found = duckdb.execute(f"SELECT who FROM {rows} WHERE {written} ORDER BY who").fetchall()
            kept[condition, dialect] = [who for (who,) in found]
        print(f"{dialect}: {condition} -> {written} {kept.get((condition, dialect), '')}")
        if condition == "x IS NOT TRUE" and dialect in ("snowflake", "tsql"):
            assert written == {"snowflake": "NOT x", "tsql": "NOT x = 1"}[dialect], "written otherwise now"
assert kept.pop(("x IS NOT TRUE", "snowflake")) == ["turned down"]
assert all(who == ["turned down", "unknown"] for who in kept.values())
PY
