#!/usr/bin/env bash
# pandas 3.1.1, Series.case_when and Series.mask: a condition that is unknown (NA of a nullable boolean) counts as met.
#
# Guessed: an unknown condition chooses nothing, as in SQL's CASE WHEN, after which case_when is named, and as in pandas's own
# selection by a mask, where NA drops the row.
# Seen: where(), mask() and case_when() fill NA with the answer that replaces: case_when gives the row the branch's value, for
# "boolean", for Arrow's booleans and for a comparison of Int64 alike. series[condition] and SQL leave the row out.
#
# Why it matters here: "8 weeks or more" is unknown when the weeks are, and a pandas user who writes the policy's rule as case_when
# approves everyone whose record is silent. An explicit fillna(False) on each condition gives SQL's answer.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb
import pandas

weeks = pandas.Series([8, None, 4], dtype="Int64")
met = weeks >= 6
other = pandas.Series(["ask"] * 3)
chosen = {
    "case_when": other.case_when([(met, "approve")]).tolist(),
    "case_when of Arrow": other.case_when([(met.astype("bool[pyarrow]"), "approve")]).tolist(),
    "mask": other.mask(met, "approve").tolist(),
    "case_when with fillna": other.case_when([(met.fillna(False), "approve")]).tolist(),
}
by_sql = duckdb.execute("SELECT CASE WHEN w >= 6 THEN 'approve' ELSE 'ask' END FROM (VALUES (1, 8), (2, NULL), (3, 4)) t(i, w) ORDER BY i").fetchall()
print("pandas", pandas.__version__, "condition:", met.tolist())
for name, answers in {**chosen, "SQL": [row[0] for row in by_sql]}.items():
    print(f"{name}: {answers}")
for name in ("case_when", "case_when of Arrow", "mask"):
    assert chosen[name] == ["approve", "approve", "ask"], "an unknown condition no longer counts as met"
assert chosen["case_when with fillna"] == [row[0] for row in by_sql] == ["approve", "ask", "ask"]
assert weeks[met].tolist() == [8]
PY
