#!/usr/bin/env bash
# acro 1.0.2 (disclosure control for tables): a table of shares fails "at least ten people a cell" whatever the counts, and comes out empty.
#
# Guessed: crosstab(normalize="index") checks the counts behind the shares, as the same call without normalize does, and shows the shares.
# Seen: the shares themselves are held against the threshold. 25 and 15 of 40 pass as counts; as 0.625 and 0.375 every cell "may need
# suppressing", the status is "fail", and with suppression on the table has no row and each of its columns three times. No error is raised.
#
# Why it matters here: an approval rate by subgroup is a table of shares. Whoever releases through this package gets an empty table of groups
# of forty, and has to release the counts and divide them outside. So here small counts are withheld first and rates follow from what is shown.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check acro==1.0.2 pandas==2.3.3 numpy==2.0.2 statsmodels==0.15.0
cd "$folder" # it keeps what it released beside it
"$folder/env/bin/python" -W ignore - <<'PY'
import logging
from importlib.metadata import version

import pandas as pd
from acro import ACRO

logging.disable(logging.CRITICAL)
print("acro", version("acro"))
cases = pd.DataFrame({"area": ["rural"] * 40 + ["town"] * 40, "outcome": (["met"] * 25 + ["not_met"] * 15) * 2})
found = {}
for suppress in (False, True):
    release = ACRO(suppress=suppress)
    for normalize in (False, "index"):
        table = release.crosstab(cases["area"], cases["outcome"], normalize=normalize)
        (*_, last) = release.results.results.values()
        found[suppress, normalize] = (table.shape, last.status)
        print(f"suppress={suppress}, normalize={normalize}: {table.to_dict('split')['data']}, columns {[*table.columns]}, {last.status}")
assert found[False, False] == ((2, 2), "pass")
assert found[False, "index"] == ((2, 2), "fail")
assert found[True, False] == ((2, 2), "review")
assert found[True, "index"] == ((0, 6), "review")
PY
