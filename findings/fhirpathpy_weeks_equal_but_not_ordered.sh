#!/usr/bin/env bash
# fhirpathpy 2.2.4: 6 weeks = 42 days is true, but 6 weeks > 40 days raises TypeError, with the calendar words and with UCUM units.
#
# Guessed: quantities that can be compared for equality across units can be put in order across them, as FHIRPath says.
# Seen: "FP_Type.compare() takes 1 positional argument but 2 were given". It is not the units: 6 'wk' > 5 'wk' fails as well. Both
# operands must be brought to plain numbers first. Also, '2026-02-30'.toDate() is not empty, as text that is no date should be.
#
# Why it matters here: nearly every criterion of a policy is an order of a duration ("at least 6 weeks of conservative care"). A
# FHIRPath reading of it passes its tests for equality and fails on the first threshold.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check fhirpathpy==2.2.4
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from fhirpathpy import evaluate

print("fhirpathpy", version("fhirpathpy"))
for expression in ("6 weeks = 42 days", "6 'wk' = 42 'd'"):
    print(expression, "->", evaluate({}, expression))
    assert evaluate({}, expression) == [True]
for expression in ("6 weeks > 40 days", "6 'wk' >= 40 'd'", "6 'wk' > 5 'wk'", "6 weeks <= 7 weeks"):
    try:
        raise SystemExit(f"{expression} is now answered: {evaluate({}, expression)}")
    except TypeError as refusal:
        print(expression, "->", refusal)
assert evaluate({}, "6 > 5") == [True]
print("'2026-02-30'.toDate().empty() ->", evaluate({}, "'2026-02-30'.toDate().empty()"))
assert evaluate({}, "'2026-02-30'.toDate().empty()") == [False]
PY
