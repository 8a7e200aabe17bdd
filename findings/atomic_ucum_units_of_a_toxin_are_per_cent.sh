#!/usr/bin/env bash
# @atomic-ehr/ucum 0.2.5 (npm, units of FHIR): 5 [IU] are 500 %, and 5 of any other arbitrary unit; convert() asks nothing, add() refuses.
#
# Guessed: refused. UCUM says of arbitrary units that they belong to the procedure that defines them and compare with nothing else, the
# library's own add() throws "Cannot convert between arbitrary units", and @lhncbc/ucum-lhc 7.1.10 fails for each of these.
# Seen: convert() looks at the dimension alone, and an arbitrary unit has none: 5 [IU] are 5 [arb'U], 5 [USP'U], 5 [BAU], 500 % and
# 8.3e-24 mol. isConvertible() says true. For U, which is an enzyme's micromole a minute, it is refused as it must be.
#
# Why it matters here: units of one botulinum toxin are not those of another, and an allergen's not those of heparin. A dose limit in one
# of them that is turned into the unit of the request before it is compared lets an amount of the wrong product pass.
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
const refused = (question) => {
  try {
    return question();
  } catch (problem) {
    return problem.message;
  }
};
console.log('@atomic-ehr/ucum', JSON.parse(readFileSync('node_modules/@atomic-ehr/ucum/package.json')).version);
for (const [unit, value] of [["[arb'U]", 5], ["[USP'U]", 5], ['[BAU]', 5], ['%', 500], ['1', 5]]) {
  const found = ucum.convert(5, '[IU]', unit);
  const there = other.convertUnitTo('[IU]', 5, unit).status;
  console.log('5 [IU] ->', found, unit, '| convertible:', ucum.isConvertible('[IU]', unit), '| ucum-lhc:', there);
  assert.deepEqual([found, ucum.isConvertible('[IU]', unit), there], [value, true, 'failed']);
}
assert.ok(Math.abs(ucum.convert(5, '[IU]', 'mol') * 6.02214076e23 - 5) < 1e-9);
const sum = refused(() => ucum.add(ucum.quantity(5, '[IU]'), ucum.quantity(5, "[USP'U]")));
console.log("5 [IU] + 5 [USP'U]:", sum);
assert.match(String(sum), /arbitrary/);
assert.match(refused(() => ucum.convert(5, '[IU]', 'U')), /incompatible dimensions/);
JS
node ask.mjs
