#!/usr/bin/env bash
# sqlglot 30.30.0, DuckDB to PostgreSQL: MOD(FLOOR(a / 10000), 4) becomes FLOOR(CAST(a AS DOUBLE PRECISION) / 10000) % 4.
#
# Guessed: a whole number taken apart with FLOOR and MOD is portable, as both functions exist in both dialects.
# Seen: `/` divides as floats in DuckDB, so sqlglot casts to DOUBLE PRECISION (right), and writes MOD as the operator %,
# which PostgreSQL has for whole numbers and NUMERIC only: "operator does not exist: double precision % integer".
# The text is parsed back by sqlglot without a word, so that only a server shows it.
#
# Why it matters here: the SELECT of `workbook sql` takes dates apart as whole numbers (20260531), to ask no engine's
# calendar. Its leap years are therefore told by MOD(date, 40000) < 10000, which never leaves the whole numbers.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0
"$folder/env/bin/python" - <<'PY'
import sqlglot

said = {
    text: sqlglot.transpile(text, read="duckdb", write="postgres")[0]
    for text in ("SELECT MOD(FLOOR(a / 10000), 4) AS m", "SELECT MOD(a, 40000) AS m")
}
for text, written in said.items():
    print(f"{text}\n  -> {written}")
assert said["SELECT MOD(FLOOR(a / 10000), 4) AS m"] == "SELECT FLOOR(CAST(a AS DOUBLE PRECISION) / 10000) % 4 AS m"
assert said["SELECT MOD(a, 40000) AS m"] == "SELECT a % 40000 AS m"
assert sqlglot.parse_one(said["SELECT MOD(FLOOR(a / 10000), 4) AS m"], read="postgres") is not None
PY
