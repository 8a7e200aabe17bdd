#!/usr/bin/env bash
# survey-core 3.1.1 (SurveyJS, npm): dateDiff(a, b) is the same for b before a as for b after it, in days and hours; in months it is negative.
#
# Guessed: a difference has a sign in every unit or in none: from 1 March back to 15 January -45 days and -1 month.
# Seen: 45 days, as from 15 January to 1 March, and -2 months. Days and hours are a distance without a direction, and an hour that has
# begun counts. Months are whole months counted downward, so that from one day to the day before it is -1 month; years are cut off towards
# zero, and for the same pair 0. The documentation gives one sentence for all six units, "a difference between two given dates".
#
# Why it matters here: forms of a prior authorization ask for dates, and their conditions compare them. "At least 42 days of care before the
# request", written in days, is met by care that begins 45 days after the request, and "imaging within 365 days" by an image of next
# spring; in months the first of them is not met. A mistyped year passes too. The order of the dates has to be asked as a condition of its own.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" survey-core@3.1.1
cat >ask.js <<'JS'
const assert = require("node:assert");
const survey = require("survey-core");
console.log("survey-core", JSON.parse(require("node:fs").readFileSync("node_modules/survey-core/package.json")).version);
const ask = (expression, answers) => new survey.ExpressionRunner(expression).runValues(answers);
const forward = { care_begins: "2026-01-15", request: "2026-03-01" };
const backward = { care_begins: "2026-03-01", request: "2026-01-15" };
const expected = { days: [45, 45], hours: [1080, 1080], months: [1, -2], years: [0, 0] };
for (const [unit, pair] of Object.entries(expected)) {
  const told = [forward, backward].map((answers) => ask(`dateDiff({care_begins}, {request}, '${unit}')`, answers));
  console.log(`${unit}: care before the request ${told[0]}, care after the request ${told[1]}`);
  assert.deepStrictEqual(told, pair);
}
assert.strictEqual(ask("dateDiff({care_begins}, {request}, 'months')", { care_begins: "2026-02-11", request: "2026-02-10" }), -1);
for (const [condition, both] of [
  ["dateDiff({care_begins}, {request}) >= 42", [true, true]],
  ["dateDiff({care_begins}, {request}, 'months') >= 1", [true, false]],
]) {
  const met = [forward, backward].map((answers) => ask(condition, answers));
  console.log(`${condition}: care before the request ${met[0]}, care after the request ${met[1]}`);
  assert.deepStrictEqual(met, both);
}
JS
TZ=UTC node ask.js
