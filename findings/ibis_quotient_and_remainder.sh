#!/usr/bin/env bash
# ibis-framework 12.0.0 over DuckDB 2.0.1: -6 // 7 is -1 and -6 % 7 is -6, so that quotient and remainder do not make the number again.
#
# Guessed: a // b and a % b belong together on every backend (b * (a // b) + a % b = a), as they do in Python, whose operators these are,
# whichever way the backend rounds.
# Seen: over Polars 1.44.2 they do (-1 and 1). Over DuckDB the quotient goes down, as in Python, and the remainder towards zero, as DuckDB's
# own % does: together they make -13 of -6.
#
# Why it matters here: whole weeks and the days left over of a number of days are taken apart so. Events after the request have negative
# days; the same lines of Ibis then give other days over the warehouse's engine than over the analyst's frame, and no error.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check "ibis-framework[duckdb,polars]==12.0.0" duckdb==2.0.1 \
  polars==1.44.2 pyarrow==26.0.1 sqlglot==30.30.0
"$folder/env/bin/python" - <<'PY'
import ibis

days = ibis.memtable({"days": [-6, 6]})
asked = days.select("days", weeks=days.days // 7, left=days.days % 7)
found = {}
for name in ("duckdb", "polars"):
    rows = getattr(ibis, name).connect().to_pyarrow(asked).to_pylist()
    found[name] = [(row["days"], row["weeks"], row["left"]) for row in rows]
    print("ibis", ibis.__version__, name, "(days, weeks, days left):", found[name])
    print("   made again:", [7 * weeks + left for _, weeks, left in found[name]])
assert found["polars"] == [(-6, -1, 1), (6, 0, 6)]
assert found["duckdb"] == [(-6, -1, -6), (6, 0, 6)]
PY
