#!/usr/bin/env bash
# pint 0.25.3: "40 units/day" is read, as micronits a day: "unit" is u + nit, a millionth of a measure of brightness.
#
# Guessed: a word of the clinic that physics does not have is refused as undefined, as "drops", "doses" and "tablets" are.
# Seen: prefixes are tried on everything, and the words of other trades are units. "units" are micronits, "points" a printer's measure of
# length, "grade" an angle, "pH" picohenries, and "qd" (once a day, on a prescription) a quectoday, 10^-30 of a day. All of them are
# answered without a warning, convert, and compare among each other.
#
# Why it matters here: insulin is given in units and scores in points. A table whose units are checked by pint passes with them, and the
# check of the dimension fails where it should not (units of two kinds can be compared: both are brightness; 5 points are 1.76 mm). Such
# units must be defined first, or refused before pint sees them. In the workbook an author names a unit, and nothing is guessed from it.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pint==0.25.3
"$folder/env/bin/python" - <<'PY'
import pint

registry = pint.UnitRegistry()
print("pint", pint.__version__)
expected = {"units": "micronit", "points": "point", "grade": "grade", "pH": "picohenry", "qd": "quectoday"}
for word, unit in expected.items():
    found = registry.Quantity(1, word)
    print(f"{word} -> {found.units}, {dict(found.dimensionality) or 'no dimension'}")
    assert str(found.units) == unit, "read otherwise now"
dose = registry("40 units/day")
print("40 units/day ->", dose, "=", dose.to("candela / meter ** 2 / week"))
assert dose.dimensionality == registry("1 candela / meter ** 2 / second").dimensionality
assert dose > registry("1 micronit / day")
assert round(registry("5 points").to("mm").magnitude, 2) == 1.76
for word in ("drops", "doses", "tablets"):
    try:
        registry.Quantity(1, word)
        raise SystemExit(f"{word} is now defined")
    except pint.UndefinedUnitError as refusal:
        print(f"{word} -> {refusal}")
PY
