#!/usr/bin/env bash
# zen-engine 2.1.3: a month after 31 January is 28 February by d(...).add(1, 'month') and 2 March, 10:33:36, by duration('1M').
#
# Guessed: both of the language's ways to add a month agree, the day being held at the end of the shorter month.
# Seen: duration('1M') is a fixed 30.44 days and duration('1y') 365.25 days, which moves a date to 6 o'clock. The
# difference of the other way counts a clipped month as whole: 31 January to 28 February is 1 month, and so is 28 January to
# 28 February.
#
# Why it matters here: "repeat not before three months" and "imaging of the last twelve months" are limits in calendar months. Of two
# spellings that read alike one is off by days at the end of a month; the workbook states what a month is, and uses whole days.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check zen-engine==2.1.3
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import zen

print("zen-engine", version("zen-engine"))
expected = {
    "d('2026-01-31').add(1, 'month').format('%Y-%m-%d %H:%M:%S')": "2026-02-28 00:00:00",
    "dateString(date('2026-01-31') + duration('1M'))": "2026-03-02 10:33:36",
    "d('2026-01-31').add(1, 'year').format('%Y-%m-%d %H:%M:%S')": "2027-01-31 00:00:00",
    "dateString(date('2026-01-31') + duration('1y'))": "2027-01-31 06:00:00",
    "d('2026-02-28').diff(d('2026-01-31'), 'month')": 1,
    "d('2026-02-27').diff(d('2026-01-31'), 'month')": 0,
    "duration('6w') == duration('42d')": True,
}
for expression, answer in expected.items():
    found = zen.evaluate_expression(expression, {})
    print(f"{expression} -> {found}")
    assert found == answer, "the behaviour has changed"
PY
