#!/usr/bin/env bash
# cql-execution 3.3.2 (npm, the engine of eCQMs): ToInteger('6 weeks') is 6, and ToQuantity('6 weeks') = ToQuantity('6 months') is true.
#
# Guessed: text that is no number is null, as CQL has it for every conversion and as this engine has it for dates; whatever
# ToQuantity can read of "6 weeks" is 42 days, and if it cannot read the words of the calendar it is null as well.
# Seen: numbers are read from the front and the rest is dropped. '6.5', '6/12' and '6,5' are the integer 6, '3-6' is 3, a date is its year,
# the code '64490-50' is 64490 and '01991' 1991; ConvertsToInteger says true to all of them. ToQuantity knows units in quotes only, and
# any other text as no unit at all: 6, without one. '< 6' and 'six' are null.
#
# Why it matters here: in records and answers of a questionnaire weeks are often text. The guard that CQL offers for such text lets "3-6
# weeks" pass as 3, and a care of six weeks meets "at least 6 months", since both are 6 of nothing. fhir4ds-v2 0.0.17 says null and 42 days.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" cql-execution@3.3.2
cat >ask.js <<'JS'
const assert = require("node:assert");
const cql = require("cql-execution");
const text = (value) => ({ type: "Literal", valueType: "{urn:hl7-org:elm-types:r1}String", value });
const called = (type, value) => ({ type, operand: text(value) });
const ask = async (expression) => {
  const library = new cql.Library({
    library: {
      identifier: { id: "Ask", version: "1" },
      schemaIdentifier: { id: "urn:hl7-org:elm", version: "r1" },
      usings: { def: [{ localIdentifier: "System", uri: "urn:hl7-org:elm-types:r1" }] },
      statements: { def: [{ name: "it", context: "Unfiltered", accessLevel: "Public", expression }] },
    },
  });
  const results = await new cql.Executor(library).exec(new cql.PatientSource([]));
  return results.unfilteredResults.it;
};
const told = {
  "6 weeks": 6, 6.5: 6, "6/12": 6, "3-6 weeks": 3, "64490-50": 64490, "01991": 1991, "2026-01-31": 2026, "< 6": null, six: null,
};
const main = async () => {
  console.log("cql-execution", require("cql-execution/package.json").version);
  for (const [value, expected] of Object.entries(told)) {
    const found = await ask(called("ToInteger", value));
    const guard = await ask(called("ConvertsToInteger", value));
    console.log(`ToInteger('${value}') -> ${found}, ConvertsToInteger -> ${guard}`);
    assert.strictEqual(found, expected, value);
    assert.strictEqual(guard, expected !== null, value);
  }
  const pairs = [
    ["6 weeks", "GreaterOrEqual", "6 months", true],
    ["6 weeks", "Equal", "6 months", true],
    ["6 'wk'", "GreaterOrEqual", "6 'mo'", false],
  ];
  for (const [left, type, right, expected] of pairs) {
    const [one, other] = [called("ToQuantity", left), called("ToQuantity", right)];
    const found = await ask({ type, operand: [one, other] });
    console.log(`ToQuantity("${left}") is ${await ask(one)}, ToQuantity("${right}") ${await ask(other)}; ${type} -> ${found}`);
    assert.strictEqual(found, expected);
  }
  assert.strictEqual(await ask(called("ToDate", "2026-01-31 noon")), null);
};
main().catch((problem) => {
  console.error(problem.message);
  process.exit(1);
});
JS
node ask.js
