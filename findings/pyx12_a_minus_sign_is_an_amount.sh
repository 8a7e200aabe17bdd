#!/usr/bin/env bash
# pyx12 4.0.0 (X12, the format of prior authorization requests): "-" alone is a valid decimal (type R), though no whole number (N0); so is "".
#
# Guessed: a decimal has at least one digit, as "." and "-." are refused. And a period that ends before it begins is no period.
# Seen: IsValidDataType says true for "-" and "" as R, false for both as N0, N2. A period of type RD8 is two dates, whichever is the first.
#
# Why it matters here: a 278 request states the quantity of services and the period of care in just these types. A validator that passes
# "-" hands on an amount that no program can read as a number, and one that passes 31 May to 1 January hands on care of negative length.
# So here a number has a digit before a fact is made of it, and dates in the wrong order are said as a contradiction.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyx12==4.0.0
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from pyx12.validation import IsValidDataType

print("pyx12", version("pyx12"))
wanted = {
    ("R", "7.50"): True,
    ("R", "."): False,
    ("R", "-."): False,
    ("R", "-"): True,
    ("R", ""): True,
    ("N0", "-"): False,
    ("N0", ""): False,
    ("D8", "20260229"): False,
    ("RD8", "20260101-20260531"): True,
    ("RD8", "20260531-20260101"): True,
}
for (kind, text), expected in wanted.items():
    found = IsValidDataType(text, kind, charset="E", icvn="00501")
    print(f"{kind} {text!r}: {found}")
    assert found == expected
PY
