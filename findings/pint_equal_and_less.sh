#!/usr/bin/env bash
# pint 0.25.3: 0.7 cm == 7 mm is true, and so is 0.7 cm < 7 mm; 0.7 cm >= 7 mm is false.
#
# Guessed: of <, == and > exactly one holds for two plain numbers with units, whatever floats do to them; either all three see the two
# lengths as the same or none does.
# Seen: == and the orders convert in different ways. Of the 1001 lengths from 0.0 to 100.0 cm all are equal to the same in mm, and 265 of
# them are less or greater as well: 139 are not "at least" it, 126 not "at most" it. Of as many g/dl all are equal to ten times the number
# in g/l, and 267 are not at least it. With UnitRegistry(non_int_type=Decimal) and Decimals all comparisons agree.
#
# Why it matters here: authors name the units of their fields, and a threshold in one unit meets a record in another at the very limit
# (haemoglobin in g/l and g/dl). Whoever converts by pint turns a quarter of the limits' cases down, and a test by == says all is well.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pint==0.25.3
"$folder/env/bin/python" - <<'PY'
from decimal import Decimal

import pint

print("pint", pint.__version__)
floats = pint.UnitRegistry().Quantity
decimals = pint.UnitRegistry(non_int_type=Decimal).Quantity
record, limit = floats(0.7, "cm"), floats(7, "mm")
print(f"{record} and {limit}: == {record == limit}, < {record < limit}, >= {record >= limit}")
assert record == limit and record < limit and not record >= limit, "the comparisons agree now"


def count(pairs: list) -> tuple[int, int, int]:
    equal = sum(a == b for a, b in pairs)
    return equal, sum(not a >= b for a, b in pairs), sum(not a <= b for a, b in pairs)


seen = {
    "cm and mm": count([(floats(n / 10, "cm"), floats(n, "mm")) for n in range(1001)]),
    "g/dl and g/l": count([(floats(n / 10, "g/dl"), floats(n, "g/l")) for n in range(1001)]),
    "decimals, cm and mm": count([(decimals(Decimal(n) / 10, "cm"), decimals(Decimal(n), "mm")) for n in range(1001)]),
}
for name, (equal, not_at_least, not_at_most) in seen.items():
    print(f"{name}, of 1001: {equal} equal, {not_at_least} not at least as much, {not_at_most} not at most as much")
assert seen == {"cm and mm": (1001, 139, 126), "g/dl and g/l": (1001, 267, 0), "decimals, cm and mm": (1001, 0, 0)}
PY
