#!/usr/bin/env bash
# fhir.resources 8.3.0: a Quantity of 7.50 is written as 7.5, and its value, a Decimal inside, goes in and out through a float.
#
# Guessed: the value is kept as it was written, since the field is a Decimal and FHIR says that the precision of a decimal counts (0.010
# is not 0.01) and has to be preserved.
# Seen: model_validate_json reads 7.50 as Decimal('7.5'). Given Decimal("7.50") the model holds it, and model_dump gives the float 7.5,
# model_dump_json 7.5; of more than 17 digits the rest is lost. 6.0 stays 6.0 and 6 stays 6, so a test with one place passes.
#
# Why it matters here: case tables are filled from such Observations. Whether an HbA1c was measured to 0.1 or to 0.01 says whether it lies
# on the grid of a fact at all, and here it cannot be told from the resource any more; sums of model_dump values are sums of floats. Read
# the JSON with parse_float=Decimal and the number is exact in the model, but not in what the model writes.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check fhir.resources==8.3.0 fhir-core==1.1.12 pydantic==2.14.4
"$folder/env/bin/python" - <<'PY'
import json
from decimal import Decimal
from importlib.metadata import version

from fhir.resources.quantity import Quantity

print("fhir.resources", version("fhir.resources"), "fhir-core", version("fhir-core"))
seen = {}
for text in ("7.50", "35.00", "6.0", "6", "0.1234567890123456789"):
    read = Quantity.model_validate_json(f'{{"value": {text}}}')
    given = Quantity.model_validate(json.loads(f'{{"value": {text}}}', parse_float=Decimal))
    dumped = given.model_dump()["value"]
    seen[text] = (str(read.value), str(given.value), given.model_dump_json())
    print(f"{text}: read {read.value!r}; given {given.value!r}, dumped {type(dumped).__name__} {dumped!r}, written {seen[text][2]}")
    assert isinstance(given.value, Decimal | int)
assert seen["7.50"] == ("7.5", "7.50", '{"value":7.5}'), "the precision is now kept"
assert seen["35.00"] == ("35.0", "35.00", '{"value":35.0}')
assert seen["6.0"][2] == '{"value":6.0}' and seen["6"][2] == '{"value":6}'
assert seen["0.1234567890123456789"][0] == "0.12345678901234568" and seen["0.1234567890123456789"][1] == "0.1234567890123456789"
assert isinstance(Quantity(value=Decimal("7.50")).model_dump()["value"], float)
PY
