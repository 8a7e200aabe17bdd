#!/usr/bin/env bash
# zen-engine 2.1.3: a cell of a decision table that cannot be evaluated counts as "does not match", so the row below decides.
#
# Guessed: what raises as an expression raises in a table too: evaluate_expression('w >= 6') is refused for w = "6" or null with
# "Opcode Compare: Unsupported type".
# Seen: the table says nothing, goes on to the next row, and answers by the last, empty one: {"w": "6"} is answered as if six weeks
# were not on record. Where no row is left the result is an empty object under "first" and an empty list under "collect".
#
# Why it matters here: a builder who moves a policy's rows into such a table loses the difference between "not met", "unknown" and
# "badly typed". Whatever the catch-all row says, a mistyped case gets it; the types must be checked before the engine.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check zen-engine==2.1.3
"$folder/env/bin/python" - <<'PY'
import json
from importlib.metadata import version

import zen


def table(rows):
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": "c", "name": "weeks", "type": "expression", "field": "w"}],
        "outputs": [{"id": "o", "name": "result", "type": "expression", "field": "result"}],
        "rules": [{"_id": str(n), "c": cell, "o": json.dumps(answer)} for n, (cell, answer) in enumerate(rows)],
    }
    kinds = {"in": ("inputNode", {}), "rows": ("decisionTableNode", content), "out": ("outputNode", {})}
    nodes = [{"id": k, "name": k, "type": t, "content": c, "position": {"x": 0, "y": 0}} for k, (t, c) in kinds.items()]
    edges = [{"id": a + b, "sourceId": a, "targetId": b, "type": "edge"} for a, b in (("in", "rows"), ("rows", "out"))]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))


decision = table([(">= 6", "met"), ("< 6", "not met"), ("", "last row")])
seen = {json.dumps(weeks): decision.evaluate({"w": weeks})["result"] for weeks in (8, 4, "8", None)}
print("zen-engine", version("zen-engine"), seen)
for weeks in ("8", None):
    try:
        raise SystemExit(f"w >= 6 is no longer refused for {weeks!r}: {zen.evaluate_expression('w >= 6', {'w': weeks})}")
    except RuntimeError as refusal:
        print(f"as an expression, {weeks!r}:", str(refusal).splitlines()[0])
assert [found["result"] for found in seen.values()] == ["met", "not met", "last row", "last row"]
assert table([(">= 6", "met")]).evaluate({"w": "8"})["result"] == {}
PY
