#!/usr/bin/env bash
# @lhncbc/ucum-lhc 7.1.10 (npm, the National Library of Medicine's units): 60 mL/min are converted to mL/min as 59.99999999999999.
#
# Guessed: a conversion from a unit to itself, or to one that differs from it by a remark in curly brackets only, gives the number back; and one
# between two names of one size (10*3/uL and 10*9/L) does too, since there is nothing to be calculated.
# Seen: the number is multiplied by the magnitude of its unit and divided by that of the other, whatever the two are. Of 1, 2, ... 200 mL/min
# nine come back smaller, 15, 30 and 60 among them, and three larger; cells counted in 10*3/uL are less than the same in 10*9/L for each of the
# 200. g/dL, g/L, kg/m2 and whole weeks in days come out exact. The status is "succeeded".
#
# Why it matters here: laboratories write the unit of an eGFR as mL/min/{1.73_m2} and a policy's author as mL/min, so such values are converted
# to the author's unit first. 60 and 15 are the limits by which kidney disease is staged and 150 the usual lower limit of platelets: the case
# at the limit misses "at least". The documentation says that nothing is rounded; it does not say that the same unit is converted. A
# value whose unit is the author's own has to be left alone, and any other compared with the limit after rounding to its decimals.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" @lhncbc/ucum-lhc@7.1.10
cat >ask.js <<'JS'
const assert = require("node:assert");
const units = require("@lhncbc/ucum-lhc").UcumLhcUtils.getInstance();
console.log("ucum-lhc", require("@lhncbc/ucum-lhc/package.json").version);
const converted = (value, from, to) => {
  const answer = units.convertUnitTo(from, value, to);
  assert.strictEqual(answer.status, "succeeded");
  return answer.toVal;
};
const pairs = [
  ["mL/min", "mL/min", 1, 9, 3],
  ["mL/min/{1.73_m2}", "mL/min", 1, 9, 3],
  ["10*3/uL", "10*9/L", 1, 200, 0],
  ["g/dL", "g/L", 10, 0, 0],
  ["kg/m2", "kg/m2", 1, 0, 0],
  ["wk", "d", 7, 0, 0],
];
for (const [from, to, factor, below, above] of pairs) {
  const found = Array.from({ length: 200 }, (_, index) => [index + 1, converted(index + 1, from, to)]);
  const less = found.filter(([value, answer]) => answer < value * factor);
  const more = found.filter(([value, answer]) => answer > value * factor);
  console.log(`${from} to ${to}: of 200 values ${less.length} too small, ${more.length} too large; ${less.slice(0, 3).join(" ")}`);
  assert.deepStrictEqual([less.length, more.length], [below, above]);
}
const egfr = converted(60, "mL/min/{1.73_m2}", "mL/min");
console.log("an eGFR of 60:", egfr, "at least 60:", egfr >= 60, "platelets of 150:", converted(150, "10*3/uL", "10*9/L"));
assert.strictEqual(egfr, 59.99999999999999);
assert.strictEqual(converted(15, "mL/min", "mL/min"), 14.999999999999998);
assert.strictEqual(converted(150, "10*3/uL", "10*9/L"), 149.99999999999997);
JS
node ask.js
