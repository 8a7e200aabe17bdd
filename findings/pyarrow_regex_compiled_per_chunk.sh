#!/usr/bin/env bash
# pyarrow 26.0.1, match_substring_regex on a column that a CSV reader made: the pattern is compiled anew for every chunk.
#
# Guessed: a pattern with a Unicode class, looked for in a million short ids, takes the same time whether the column lies in one
# piece or in the two hundred chunks of one MB that the CSV reader hands out; the pattern is one, after all.
# Seen: the compiled pattern lives no longer than one chunk. A pattern with \pL takes RE2 some milliseconds to compile, so in
# two hundred chunks the compiling takes many times what the matching takes; after combine_chunks it is done once.
#
# Why it matters here: every case_id of a table is held against patterns of names, numbers and dates of birth before anything is
# read. Of the 2.3 s that a million ids took, about 1.7 s were the same few patterns being compiled again and again.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$folder/env/bin/python" - <<'PY'
import time

import pyarrow
import pyarrow.compute as pc

CHUNKS, ROWS = 200, 1000
NAME = r"^(\pL|['’.-]){2,},? +((\pL|['’.-])+,? *){1,3}$"
ids = pyarrow.chunked_array([pyarrow.array([f"S{n:010}" for n in range(ROWS)]) for _ in range(CHUNKS)])
whole = ids.combine_chunks()


def seconds(column) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        found = pc.match_substring_regex(column, NAME)
        best = min(best, time.perf_counter() - start)
    assert not pc.any(found).as_py()
    return best


chunked, combined = seconds(ids), seconds(whole)
print(f"pyarrow {pyarrow.__version__}: {CHUNKS} chunks {1000 * chunked:.0f} ms, the same in one piece {1000 * combined:.0f} ms")
assert chunked > 4 * combined
PY
