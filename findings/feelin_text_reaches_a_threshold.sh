#!/usr/bin/env bash
# feelin 8.2.0 (FEEL, DMN's language, on npm): "not documented" >= 6 is true, and so is the cell ">= 6" of a decision table for it.
#
# Guessed: values of two kinds are not in any order, so that the comparison is null, as FEEL has it, as pySFeel 1.4.2 answers, and as
# feelin itself answers for null >= 6 and for "not documented" = 6; a table's cell is then not met.
# Seen: >= and <= are answered as the negations of < and >, which are false where nothing can be compared. So a text that is no number
# is at least 6 and at most 6, lies in [6..8] and between 6 and 8, and is neither more nor less than 6. No warning comes with it. A text
# of digits is compared as its number. A month does likewise: duration("P1M") >= duration("P31D") is true, > and = are false.
#
# Why it matters here: a column of weeks holds "none" or "not documented" more often than a wrong number. In a decision table the
# row ">= 6" comes out as met for it. Missing (null) is safe; the type has to be asked first: w instance of number and w >= 6.
set -euo pipefail
command -v npm >/dev/null || { echo "npm (with Node.js 20.12 or later) is needed" >&2 && exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pySFeel==1.4.2
cd "$folder"
npm install --silent --cache "$folder/cache" --no-audit --no-fund --ignore-scripts feelin@8.2.0 >/dev/null
cat >feelin.mjs <<'JS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { evaluate, unaryTest } from 'feelin';

const { version } = createRequire(import.meta.url)('./node_modules/feelin/package.json');
const expected = [
  ['w >= 6', true], ['w <= 6', true], ['w > 6', false], ['w < 6', false], ['w = 6', null],
  ['w in [6..8]', true], ['null >= 6', null], ['"5" >= 6', false], ['w between 6 and 8', true],
  ['duration("P1M") >= duration("P31D")', true], ['duration("P1M") > duration("P31D")', false],
  ['w instance of number and w >= 6', false],
];
console.log('feelin', version);
for (const [expression, answer] of expected) {
  const { value, warnings } = evaluate(expression, { w: 'not documented' });
  console.log(`w = "not documented": ${expression} -> ${value}, ${warnings.length} warnings`);
  assert.deepEqual([value, warnings.length], [answer, 0], 'answered otherwise now');
}
for (const [cell, answer] of [['>= 6', true], ['< 6', false], ['[6..8]', true]]) {
  const { value } = unaryTest(cell, { '?': 'not documented' });
  console.log(`the cell ${cell} for "not documented" -> ${value}`);
  assert.equal(value, answer);
}
JS
node feelin.mjs
"$folder/env/bin/python" - <<'PY'
import pySFeel

found = pySFeel.SFeelParser().sFeelParse('"not documented" >= 6')[1]
print("pySFeel: \"not documented\" >= 6 ->", found)
assert found is None
PY
