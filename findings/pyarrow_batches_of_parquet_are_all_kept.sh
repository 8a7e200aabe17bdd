#!/usr/bin/env bash
# pyarrow 26.0.1: ParquetFile.iter_batches() keeps the bytes of all that it has read until it ends, unless pre_buffer=False.
#
# Guessed: an iterator over batches of 65,536 rows holds a batch, or a row group, at a time, whatever the size of the file.
# Seen: of a file of twenty row groups (160 MB) the pool holds 36 MB at the first batch, 69 at the fifth, 102 at the ninth and 169 at
# the last: all of it. With pre_buffer=False (and a buffer_size) it holds 3 MB throughout. The bytes lie in
# the default pool of Arrow's C++ side even where pyarrow.set_memory_pool names another, so a watch on that other pool sees nothing.
#
# Why it matters here: a plan's extract of ten million requests is read a batch at a time so that it fits a laptop; with the default it
# took twice the memory (656 MB instead of 324), and nothing in the code that reads it says so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
v/bin/pip install --quiet pyarrow==26.0.1 numpy==2.4.6
v/bin/python - <<'PY'
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUPS, ROWS = 20, 1_000_000
luck = np.random.default_rng(1)
with pq.ParquetWriter("cases.parquet", pa.schema([("days", pa.int64())]), compression="none") as out:
    for _ in range(GROUPS):
        out.write_table(pa.table({"days": luck.integers(0, 2**62, ROWS)}), row_group_size=ROWS)


def held(**options):
    """Megabytes in the default pool at each row group's first batch, but for what the batch itself has."""
    pool, found = pa.default_memory_pool(), []
    before = pool.bytes_allocated()
    for n, batch in enumerate(pq.ParquetFile("cases.parquet", **options).iter_batches(batch_size=ROWS)):
        found.append(round((pool.bytes_allocated() - before - batch.nbytes) / 1e6, 1))
        del batch
    return found


usual, lean = held(), held(pre_buffer=False, buffer_size=1 << 16)
print("pre_buffer=True (the default):", usual)
print("pre_buffer=False:             ", lean)
assert usual[-1] > 0.8 * GROUPS * ROWS * 8 / 1e6, "it does not keep them any more"
assert usual[9] < 0.7 * usual[-1], "it does not grow as it reads"
assert max(lean) < 3 * ROWS * 8 / 1e6, "without pre_buffer it keeps more than a row group or two"
PY
