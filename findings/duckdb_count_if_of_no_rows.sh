#!/usr/bin/env bash
# duckdb 2.0.1: COUNT_IF(x) is NULL, not 0, over no rows and where x is unknown in all of them; COUNT(*) FILTER (WHERE x) is 0.
#
# Guessed: a count is 0 where there is nothing to count, by whichever function.
# Seen: COUNT_IF is a sum in all but its name: NULL until one x is true or false, and 0 if none is true. sqlglot 30.30.0
# writes it as SUM(CASE WHEN x THEN 1 ELSE 0 END) for PostgreSQL, which is NULL over no rows there too (seen on version 15).
#
# Why it matters here: counts of a part that may be empty (a subgroup whose records are all silent, a filter) are added up and
# subtracted; a NULL makes the whole sum unknown. COUNT(*) FILTER is 0 everywhere.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb

print("duckdb", duckdb.__version__)
seen = {}
for name, rows in {"no rows": "WHERE FALSE", "an unknown": "WHERE x IS NULL", "a false": "WHERE NOT x", "all": ""}.items():
    query = f"SELECT count_if(x), count(*) FILTER (WHERE x) FROM (VALUES (TRUE), (FALSE), (NULL)) t(x) {rows}"
    seen[name] = duckdb.execute(query).fetchone()
    print(f"{name}: COUNT_IF {seen[name][0]}, COUNT(*) FILTER {seen[name][1]}")
assert seen == {"no rows": (None, 0), "an unknown": (None, 0), "a false": (0, 0), "all": (1, 1)}, "the behaviour has changed"
PY
