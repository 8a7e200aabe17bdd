#!/usr/bin/env bash
# json-rules-engine 7.3.1 (npm): greaterThanInclusive holds for the fact "9" and the value "10"; for "9" and 10 it does not. Any of no conditions is met.
#
# Guessed: its operators of order are for numbers, as a fact that is none ("9 weeks", null, nothing) fails them, and compare as numbers.
# Seen: a fact passes if it begins to look like a number, and is then compared as it came. With a number on one side both become numbers; with
# text on both they are put in the order of texts, so that "9" reaches "10" and "100" does not reach "20". And {"any": []} is true, like {"all": []}.
#
# Why it matters here: facts of a form or a CSV file are text, and so is a threshold that comes from a settings table. Nine weeks of care then
# reach ten, nothing says so, and the same rule is right in a test that types the threshold as a number. A group of alternatives that was
# emptied approves everybody.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund json-rules-engine@7.3.1 >/dev/null
cat >ask.mjs <<'JS'
import { readFileSync } from "node:fs";
import rules from "json-rules-engine";

console.log("json-rules-engine", JSON.parse(readFileSync("node_modules/json-rules-engine/package.json")).version);

async function met(conditions, facts) {
  const engine = new rules.Engine([], { allowUndefinedFacts: true });
  engine.addRule({ conditions, event: { type: "met" } });
  return (await engine.run(facts)).events.length === 1;
}

const wanted = [
  ["9", "10", true],
  ["9", 10, false],
  [9, "10", false],
  ["100", "20", false],
  ["9 weeks", 6, false],
  [null, 0, false],
];
for (const [weeks, value, expected] of wanted) {
  const found = await met({ all: [{ fact: "weeks", operator: "greaterThanInclusive", value }] }, { weeks });
  console.log(`${JSON.stringify(weeks)} at least ${JSON.stringify(value)}: ${found}`);
  if (found !== expected) throw new Error("not as before");
}
for (const word of ["all", "any"]) {
  const found = await met({ [word]: [] }, {});
  console.log(`${word} of no conditions: ${found}`);
  if (!found) throw new Error("not as before");
}
JS
node ask.mjs
