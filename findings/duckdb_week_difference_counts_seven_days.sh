#!/usr/bin/env bash
# duckdb 2.0.1: datediff('week', a, b) counts whole periods of seven days, datediff of month, quarter and year the boundaries between.
#
# Guessed: datediff counts boundaries for every unit, so the Mondays between for weeks, and datesub counts whole periods.
# Seen: from Saturday 31 January to Friday 13 March 2026 (41 days, six Mondays) it says 5 weeks, the same as datesub; from Sunday to
# Monday 0. From 31 January to 1 February it says 1 month, from 31 March to 1 April 1 quarter, each after one day.
#
# Why it matters here: criteria mix both units ("at least 6 weeks of care", "longer than 3 months of pain"). One function is exact for
# the first and up to a month early for the second; datesub is whole periods for both. The workbook's SQL asks no calendar at all.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb

spans = {
    ("week", "2026-01-31", "2026-03-13"): (5, 5),
    ("week", "2026-02-01", "2026-02-02"): (0, 0),
    ("week", "2026-01-31", "2026-03-14"): (6, 6),
    ("month", "2026-01-31", "2026-02-01"): (1, 0),
    ("quarter", "2026-03-31", "2026-04-01"): (1, 0),
    ("year", "2025-12-31", "2026-01-01"): (1, 0),
}
print("duckdb", duckdb.__version__)
for (unit, start, end), expected in spans.items():
    ends = f"'{unit}', DATE '{start}', DATE '{end}'"
    found = duckdb.execute(f"SELECT datediff({ends}), datesub({ends})").fetchone()
    print(f"{unit}, {start} to {end}: datediff {found[0]}, datesub {found[1]}")
    assert found == expected, "the behaviour has changed"
PY
