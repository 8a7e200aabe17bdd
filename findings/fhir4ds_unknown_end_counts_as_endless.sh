#!/usr/bin/env bash
# fhir4ds-v2 0.0.17 (CQL over DuckDB): care from 1 January with an end that nobody knows covers every later day, for certain.
#
# Guessed: @2026-03-01 in Interval[@2026-01-01, null) is null. By CQL a null behind a round bracket is a bound that is not known, and one
# behind a square bracket is no bound at all, which is why the language has both. cql-execution 3.3.2 answers null and true.
# Seen: "in", "contains", "during", "includes" and "overlaps" are true for both brackets, and their negations false. The same question by
# the end, "ends on or after", "before end of" or end of ... >=, is null. An unknown beginning likewise: 6 in Interval(null, 8] is true.
#
# Why it matters here: an episode of care whose end is not on file is open on paper only. "Still under conservative care on 1 March" is
# met or not known by the word that the measure's author chose, and in the negation ("no longer under care") a missing date turns down.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check fhir4ds-v2==0.0.17 duckdb==1.5.5 numpy==2.4.6 pyarrow==26.0.1
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import fhir4ds
from fhir4ds.cql import translate_cql

engine = fhir4ds.create_connection()


def ask(text):
    sql = translate_cql(f"library Ask version '1'\ndefine \"it\": {text}")["it"].to_sql()
    return engine.execute(f"SELECT {sql}").fetchone()[0]


care = "Interval[@2026-01-01, null)"
expected = {
    "@2026-03-01 in Interval[@2026-01-01, null]": True,
    f"@2026-03-01 in {care}": True,
    f"@2026-03-01 during {care}": True,
    f"{care} contains @2026-03-01": True,
    f"not ({care} contains @2026-03-01)": False,
    f"{care} overlaps Interval[@2026-03-01, @2026-03-02]": True,
    f"{care} ends on or after @2026-03-01": None,
    f"@2026-03-01 before end of {care}": None,
    f"(end of {care}) >= @2026-03-01": None,
    "6 in Interval(null, 8]": True,
}
print("fhir4ds-v2", version("fhir4ds-v2"))
for text, told in expected.items():
    found = ask(text)
    print(text, "->", found)
    assert found is told, text
PY
