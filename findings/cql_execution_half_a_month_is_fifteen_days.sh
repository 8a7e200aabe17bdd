#!/usr/bin/env bash
# cql-execution 3.3.2 (npm, the engine of eCQMs): 31 January 2026 + 1.5 months is 15 March, and 31 March - 1.5 months is 13 February.
#
# Guessed: the part after the point is left off, as CQL says of years, months, weeks and days, so that 1.5 months are added as 1 month: 28
# February. A month has no half that all months share.
# Seen: the whole months are added by the calendar, and the rest is turned into days of a fixed number and added to what came out: 1.5
# months are a month and 15 days, 1.9 a month and 27 days, half a year is 182 days; 2.5 weeks are 17 days. fhir4ds-v2 0.0.17 leaves it off.
#
# Why it matters here: "six weeks" is often written as 1.5 months. The same measure then has a limit of 28 February in one engine and of
# 15 March in the other (and of 14 March, had it said 6 weeks), and what decides is which engine the measure's vendor has built in.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" cql-execution@3.3.2
cat >ask.js <<'JS'
const assert = require("node:assert");
const cql = require("cql-execution");
const number = (value) => ({ type: "Literal", valueType: "{urn:hl7-org:elm-types:r1}Integer", value: String(value) });
const day = (text) => {
  const [year, month, date] = text.split("-").map(Number);
  return { type: "Date", year: number(year), month: number(month), day: number(date) };
};
const ask = async (type, from, value, unit) => {
  const expression = { type, operand: [day(from), { type: "Quantity", value, unit }] };
  const library = new cql.Library({
    library: {
      identifier: { id: "Ask", version: "1" },
      schemaIdentifier: { id: "urn:hl7-org:elm", version: "r1" },
      usings: { def: [{ localIdentifier: "System", uri: "urn:hl7-org:elm-types:r1" }] },
      statements: { def: [{ name: "it", context: "Unfiltered", accessLevel: "Public", expression }] },
    },
  });
  const results = await new cql.Executor(library).exec(new cql.PatientSource([]));
  return results.unfilteredResults.it.toString();
};
const told = [
  ["Add", "2026-01-31", 1, "month", "2026-02-28"],
  ["Add", "2026-01-31", 6, "weeks", "2026-03-14"],
  ["Add", "2026-01-31", 1.5, "months", "2026-03-15"],
  ["Add", "2026-01-31", 1.9, "months", "2026-03-27"],
  ["Add", "2026-01-31", 0.5, "years", "2026-08-01"],
  ["Add", "2026-01-31", 2.5, "weeks", "2026-02-17"],
  ["Subtract", "2026-03-31", 1, "month", "2026-02-28"],
  ["Subtract", "2026-03-31", 1.5, "months", "2026-02-13"],
];
const main = async () => {
  console.log("cql-execution", require("cql-execution/package.json").version);
  for (const [type, from, value, unit, expected] of told) {
    const found = await ask(type, from, value, unit);
    console.log(from, type === "Add" ? "+" : "-", value, unit, "->", found);
    assert.strictEqual(found, expected);
  }
};
main().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
JS
node ask.js
