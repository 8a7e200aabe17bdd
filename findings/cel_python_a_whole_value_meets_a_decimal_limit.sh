#!/usr/bin/env bash
# cel-python 0.5.0: relief >= 50.5 works for the JSON value 62.5 and is an error for the JSON value 62; 50.5 <= relief works for both.
#
# Guessed: numbers of two kinds are compared by their value, as CEL's specification has it since its cross-type comparisons;
# if they are not, then a comparison and its mirror image are refused alike.
# Seen: json_to_cel makes a whole JSON number an int and any other a double. An order is answered with the double on the left and
# refused ("found no matching overload") with the int on the left. Equality is refused for an int with a double in either order.
#
# Why it matters here: a pain relief of 62 and one of 62.5 percent are the same column. By CEL the answer depends on whether the
# writer of the JSON had a fraction to write, and on the side on which the limit stands, so both sides need double(...).
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check cel-python==0.5.0
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import celpy

print("cel-python", version("cel-python"))
environment = celpy.Environment()


def answer(expression: str, **facts: object) -> object:
    program = environment.program(environment.compile(expression))
    try:
        found = bool(program.evaluate(celpy.json_to_cel(facts)))
    except celpy.CELEvalError as refusal:
        found = "refused: " + str(refusal.args[0])[:36]
    print(expression, facts, "->", found)
    return found


assert answer("relief >= 50.5", relief=62.5) is True
assert str(answer("relief >= 50.5", relief=62)).startswith("refused"), "whole and fractional numbers can now be compared"
assert answer("50.5 <= relief", relief=62) is True and answer("relief >= 50", relief=62.5) is True
assert str(answer("50 <= relief", relief=62.5)).startswith("refused")
assert str(answer("relief == 62.0", relief=62)).startswith("refused")
assert str(answer("relief == 62", relief=62.5)).startswith("refused")
assert answer("double(relief) >= 50.5", relief=62) is True
PY
