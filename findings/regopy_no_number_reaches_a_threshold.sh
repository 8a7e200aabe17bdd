#!/usr/bin/env bash
# regopy 1.5.2 (Rego, the language of Open Policy Agent): input.weeks >= 6 is true where weeks is null, and max([null, 3, 8]) is null.
#
# Guessed: values of two kinds are put in the order of their kinds, as the makers of Rego have it: null before booleans, booleans before
# numbers, numbers before texts; so null < 6 and "not documented" >= 6. regopy is given as another runtime of the same language.
# Seen: the two are compared as they are written, the text in its quotation marks: null and true are more than every number, every text
# and false are less. So null >= 6 holds and "not documented" < 6 holds, the opposite of the order of kinds in both; sort, min and max follow.
#
# Why it matters here: of the two ways in which weeks are not on record, an export's null is approved and a text is turned down, and a
# server that runs Open Policy Agent answers the other way round. Rego never says "unknown" here; is_number(input.weeks) must be asked first.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check regopy==1.5.2
"$folder/env/bin/python" - <<'PY'
import json
from importlib.metadata import version

import regopy


def ask(question, case):
    engine = regopy.Interpreter()
    engine.set_input_term(json.dumps(case))
    answer = str(engine.query(question))
    return None if answer == "undefined" else json.loads(answer)


print("regopy", version("regopy"))
expected = {8: (True, False), 4: (False, True), None: (True, False), "not documented": (False, True)}
for weeks, answers in expected.items():
    found = tuple(ask(f"input.weeks {limit}", {"weeks": weeks}) is not None for limit in (">= 6", "< 6"))
    print("weeks =", json.dumps(weeks), "-> at least 6:", found[0], "| less than 6:", found[1])
    assert found == answers
    assert (ask("is_number(input.weeks); input.weeks >= 6", {"weeks": weeks}) is not None) == (weeks == 8)
for question, answer in (("x = max([null, 3, 8])", None), ('x = min([3, "none"])', "none"), ('x = sort([null, 6, "none"])', ["none", 6, None])):
    found = ask(question, {})["bindings"]["x"]
    print(question, "->", json.dumps(found))
    assert found == answer
PY
