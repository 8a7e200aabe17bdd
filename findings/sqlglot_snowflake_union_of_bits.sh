#!/usr/bin/env bash
# sqlglot 30.30.0, DuckDB to Snowflake: a | b | c | ... becomes BITOR(BITOR(a, b), c): one call within the other, which
# sqlglot itself cannot parse back from 45 terms on (RecursionError at Python's usual limit), while 40 are fine.
#
# Guessed: a flat chain of an operator stays flat, or is at least read back by the library that wrote it; the same chain
# with + or OR is, at any length that we use.
#
# Why it matters here: the columns at fault of a rejected row are a set of bits, one for each of some 45 columns of a
# case table. As each has a bit of its own, the SELECT adds them up instead, and a test parses every dialect back.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0
"$folder/env/bin/python" - <<'PY'
import sqlglot


def read_back(terms: int, operator: str) -> str:
    parts = [f"CASE WHEN a = {i} THEN {1 << i} ELSE 0 END" for i in range(terms)]
    written = sqlglot.transpile(f"SELECT {operator.join(parts)} AS bits", read="duckdb", write="snowflake")[0]
    try:
        sqlglot.parse_one(written, read="snowflake")
    except RecursionError:
        return "RecursionError"
    return "read back"


found = {(terms, operator): read_back(terms, operator) for operator in (" | ", " + ") for terms in (30, 60)}
for (terms, operator), said in found.items():
    print(f"{terms} terms joined by{operator}: {said}")
assert found == {(30, " | "): "read back", (60, " | "): "RecursionError", (30, " + "): "read back", (60, " + "): "read back"}
PY
