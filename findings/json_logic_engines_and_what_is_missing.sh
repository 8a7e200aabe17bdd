#!/usr/bin/env bash
# json-logic-engine 5.0.7 (npm): a null or an empty text is not "missing", and null == 0; json-logic-js 2.0.5 says the opposite to both.
#
# Guessed: "missing" answers alike wherever a rule runs, since JsonLogic is made so that one rule gives one answer in the browser and on the
# server, and what every one of them says of a key that is absent is the same.
# Seen: in json-logic-js a null or an empty text is missing, in json-logic-engine it is there. datalogic-py 5.9.0 answers as the latter,
# panzi-json-logic 1.0.1 as the former. Once past that question a null is 0 in all of them for < and <=, and equal to 0 as well in
# json-logic-engine, datalogic-py and panzi-json-logic, so "no blocks done" holds where their number is unknown.
#
# Why it matters here: {"if": [{"missing": ["weeks"]}, "ask", ...]} is how a rule keeps missing apart from false. Over a record that writes
# "weeks": null, as most exports do, the form in the browser asks for the weeks, and another engine says "not met" of the same rule.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" json-logic-js@2.0.5 json-logic-engine@5.0.7
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check datalogic-py==5.9.0 panzi-json-logic==1.0.1
cat >ask.js <<'JS'
const first = require("json-logic-js");
const { LogicEngine } = require("json-logic-engine");
const engine = new LogicEngine();
const asked = JSON.parse(process.argv[2]);
console.log(JSON.stringify({
  "json-logic-js": asked.map(([rule, record]) => first.apply(rule, record)),
  "json-logic-engine": asked.map(([rule, record]) => engine.run(rule, record)),
}));
JS
"$folder/env/bin/python" - <<'PY'
import json
import subprocess

import datalogic_py
import json_logic

POLICY = {"if": [{"missing": ["weeks"]}, "ask", {"if": [{">=": [{"var": "weeks"}, 6]}, "met", "not met"]}]}
NO_BLOCK = {"==": [{"var": "blocks"}, 0]}
asked = [
    (POLICY, {"weeks": 8}),
    (POLICY, {}),
    (POLICY, {"weeks": None}),
    (POLICY, {"weeks": ""}),
    (NO_BLOCK, {"blocks": None}),
    (NO_BLOCK, {}),
]
found = json.loads(subprocess.run(["node", "ask.js", json.dumps(asked)], check=True, capture_output=True, text=True).stdout)
found["datalogic-py"] = [datalogic_py.apply(rule, record) for rule, record in asked]
found["panzi-json-logic"] = [json_logic.jsonLogic(rule, record) for rule, record in asked]
for name, answers in found.items():
    for (rule, record), answer in zip(asked, answers):
        print(f"{name:18}", "weeks >= 6 " if rule is POLICY else "blocks == 0", json.dumps(record), "->", answer)
assert found["json-logic-js"] == ["met", "ask", "ask", "ask", False, False]
assert found["json-logic-engine"] == ["met", "ask", "not met", "not met", True, True]
assert found["datalogic-py"] == ["met", "ask", "not met", "not met", True, True]
assert found["panzi-json-logic"] == ["met", "ask", "ask", "ask", True, True]
PY
