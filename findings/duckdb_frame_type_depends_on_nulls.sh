#!/usr/bin/env bash
# duckdb 2.0.1 with pandas 3.1.1: a whole-number column without a NULL arrives as int32, with one as nullable Int32; a DOUBLE
# column stays float64 with NaN. So one frame of one query has two logics for the unknown.
#
# Guessed: a NULL in a whole-number column makes it float64 with NaN, as it does in the DOUBLE column beside it.
# Seen: ~(weeks >= 6) is NA for the unknown row, while ~(relief >= 50) is True for it. A DECIMAL becomes float64 besides, and so
# does SUM of whole numbers, whose type is HUGEINT.
#
# Why it matters here: "turned down for lack of weeks" written as a negation leaves the silent records out, and the same line on
# relief counts them. The type also changes with the data: a table whose first file has no NULL takes another path.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb
import pandas

row = "(8, 70.0::DOUBLE, true, 0.10::DECIMAL(5, 2))"
query = "SELECT * FROM (VALUES {}) t(weeks, relief, imaging, share)"
con = duckdb.connect()
complete = con.execute(query.format(row)).df()
silent = con.execute(query.format(row + ", (NULL, NULL, NULL, NULL)")).df()
types = [{name: str(kind) for name, kind in frame.dtypes.items()} for frame in (complete, silent)]
print("duckdb", duckdb.__version__, "pandas", pandas.__version__)
print("without a NULL:", types[0])
print("with a NULL:   ", types[1])
few_weeks, little_relief = ~(silent["weeks"] >= 6), ~(silent["relief"] >= 50)
print("not 6 weeks:", few_weeks.tolist(), "- not 50 % of relief:", little_relief.tolist())
assert types[0] == {"weeks": "int32", "relief": "float64", "imaging": "bool", "share": "float64"}
assert types[1] == {"weeks": "Int32", "relief": "float64", "imaging": "boolean", "share": "float64"}
assert few_weeks[1] is pandas.NA and bool(little_relief[1]) is True
assert str(con.execute("SELECT sum(1) AS n FROM range(3)").df()["n"].dtype) == "float64"
PY
