#!/usr/bin/env bash
# duckdb 2.0.1: time_bucket(INTERVAL 12 MONTH, date, origin) takes the month of the origin and forgets its day.
#
# Guessed: buckets of twelve months that begin at 15 February 2024 begin at every 15 February, as buckets of 30 days begin at the origin.
# Seen: they begin on the 1st of February: 10 February 2026 lies in the bucket of 1 February 2026, with 20 February, rather than in the
# year of 15 February 2025. The other form, with an offset of INTERVAL '1 month 14 days' in place of the origin, does keep the day.
#
# Why it matters here: "three sessions in a benefit year" counts in years that begin on a member's own day. Told by an origin, the first
# days of the month are counted in the wrong year: a member who has used the year up is given new sessions up to 30 days early.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import duckdb

print("duckdb", duckdb.__version__)
forms = {
    "12 months, origin": "INTERVAL 12 MONTH, d, DATE '2024-02-15'",
    "1 month, origin": "INTERVAL 1 MONTH, d, DATE '2024-02-15'",
    "30 days, origin": "INTERVAL 30 DAY, d, DATE '2024-02-15'",
    "12 months, offset": "INTERVAL 12 MONTH, d, INTERVAL '1 month 14 days'",
}
seen = {}
for name, arguments in forms.items():
    query = f"SELECT d, time_bucket({arguments}) FROM (VALUES (DATE '2026-02-10'), (DATE '2026-02-20')) t(d) ORDER BY d"
    seen[name] = [str(bucket) for _, bucket in duckdb.execute(query).fetchall()]
    print(f"{name}: 10 February 2026 is in {seen[name][0]}, 20 February 2026 in {seen[name][1]}")
assert seen["12 months, origin"] == ["2026-02-01", "2026-02-01"], "the day of the origin is no longer forgotten"
assert seen["1 month, origin"] == ["2026-02-01", "2026-02-01"]
assert seen["12 months, offset"] == ["2025-02-15", "2026-02-15"]
days = duckdb.execute(f"SELECT (DATE '{seen['30 days, origin'][0]}' - DATE '2024-02-15') % 30").fetchone()
assert days == (0,), "buckets of days no longer begin at the origin"
PY
