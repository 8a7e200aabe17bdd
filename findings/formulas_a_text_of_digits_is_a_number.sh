#!/usr/bin/env bash
# formulas 1.3.4 (workbooks of Excel computed in Python): ISNUMBER("6") and ISTEXT("6") are both TRUE, and COUNTIF counts a text "8" as at least 6.
#
# Guessed: as in Excel, whose reference says of just this call that the text "19" is not converted and ISNUMBER is FALSE.
# Seen: a text that can be read as a number is one for ISNUMBER, COUNT and COUNTIF, and stays a text for ISTEXT. Beside it, DATEDIF knows the
# unit "d" only as "D" (#NUM! otherwise) while "m" and "M", "y" and "Y" are the same, and 0.1+0.2=0.3 is FALSE, which Excel rounds to TRUE.
#
# Why it matters here: a plan's own criteria often live in a spreadsheet, and ISNUMBER around a cell is how such a sheet tells a documented
# number of weeks from one that was typed as text. Computed here, the check passes what the sheet itself turns down.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check formulas==1.3.4 schedula==1.6.15 numpy==2.0.2 scipy==1.15.3
"$folder/env/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

from formulas import Parser

print("formulas", version("formulas"))
wanted = {
    '=ISNUMBER("6")': "True",
    '=ISTEXT("6")': "True",
    '=ISNUMBER("six")': "False",
    '=COUNT(6,"8")': "2",
    '=COUNTIF({6,7,"8"},">=6")': "3",
    '=DATEDIF(DATE(2026,4,15),DATE(2026,5,20),"D")': "35",
    '=DATEDIF(DATE(2026,4,15),DATE(2026,5,20),"d")': "#NUM!",
    '=DATEDIF(DATE(2026,4,15),DATE(2026,5,20),"m")': "1",
    "=0.1+0.2=0.3": "False",
}
for text, expected in wanted.items():
    found = str(Parser().ast(text)[1].compile()())
    print(f"{text}: {found}")
    assert found == expected, (found, expected)
PY
