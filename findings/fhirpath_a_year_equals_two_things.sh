#!/usr/bin/env bash
# fhirpath 5.2.2 (npm): 1 year = 12 months and 1 year = 365 days are true, and 12 months = 365 days is false; it equals 360 days.
#
# Guessed: two things that equal a third equal each other, or the comparison of a month with days is empty, since no month has a length
# of its own and the language has an empty answer for what cannot be told.
# Seen: a year is compared with months by 12 and with days by 365, a month with days by 30, each pair by a factor of its own. So 365 days
# of therapy reach "at least 1 year" and "at least 12 months", while 12 months of it miss "at least 365 days", and 3 months miss 13 weeks.
#
# Why it matters here: plans write one and the same rule as a year, 12 months or 365 days. Measures that are written in FHIRPath or made
# from it judge the three apart although the language calls the first equal to both others; here months are counted on the calendar.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" fhirpath@5.2.2
cat >ask.js <<'JS'
const assert = require("node:assert");
const fhirpath = require("fhirpath");
const ask = (text) => fhirpath.evaluate({}, text)[0];
const expected = {
  "1 year = 12 months": true,
  "1 year = 365 days": true,
  "12 months = 365 days": false,
  "12 months = 360 days": true,
  "1 year = 360 days": false,
  "12 months >= 365 days": false,
  "365 days >= 12 months": true,
  "3 months >= 13 weeks": false,
};
console.log("fhirpath", require("fhirpath/package.json").version);
for (const [text, told] of Object.entries(expected)) {
  console.log(text, "->", ask(text));
  assert.strictEqual(ask(text), told, text);
}
JS
node ask.js
