#!/usr/bin/env bash
# @atomic-ehr/ucum 0.2.5 (npm, units of FHIR): mL/min/{1.73_m2}, the unit of an eGFR, is no unit; validate() throws an Error.
#
# Guessed: it is valid, as it is how laboratories write the unit of an eGFR under LOINC, and what stands in curly brackets is to UCUM
# a remark of any printable characters; and if not, validate() answers { valid: false } as it does for "weeks" and "mmHg".
# Seen: a remark that begins with a digit is read as a number: {1} and {24.h} pass, {24_h} and {1.73_m2} end in "Unexpected character '_'",
# an Error that validate(), whose answer is a list of errors, does not catch. {m2} and {x_1} are fine. @lhncbc/ucum-lhc 7.1.10 takes all.
#
# Why it matters here: a limit on kidney function (contrast, metformin, dialysis) is a limit in this unit. A check of a bundle's units stops
# at the first eGFR, or, if the Error is caught, calls the commonest of laboratory units wrong.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" @atomic-ehr/ucum@0.2.5 @lhncbc/ucum-lhc@7.1.10
cat >ask.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ucum } from '@atomic-ehr/ucum';
import lhc from '@lhncbc/ucum-lhc';

const other = lhc.UcumLhcUtils.getInstance();
const ask = (unit) => {
  try {
    return ucum.validate(unit).valid ? 'valid' : 'not valid';
  } catch (problem) {
    return `Error: ${problem.message}`;
  }
};
console.log('@atomic-ehr/ucum', JSON.parse(readFileSync('node_modules/@atomic-ehr/ucum/package.json')).version);
const told = [
  ['mL/min/{1.73_m2}', /^Error: Unexpected character '_'/], ['mg/{24_h}', /^Error: Unexpected character '_'/],
  ['mg/{24.h}', /^valid$/], ['mL/min/{m2}', /^valid$/], ['{x_1}', /^valid$/], ['weeks', /^not valid$/],
];
for (const [unit, expected] of told) {
  const there = other.validateUnitString(unit).status;
  console.log(unit.padEnd(18), '->', ask(unit), '| ucum-lhc:', there);
  assert.match(ask(unit), expected);
  assert.equal(there, unit === 'weeks' ? 'invalid' : 'valid');
}
JS
node ask.mjs
