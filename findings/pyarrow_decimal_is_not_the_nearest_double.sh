#!/usr/bin/env bash
# pyarrow 26.0.1: of the decimals 0.0, 0.1, ... 100.0 one in three becomes the double beside the right one: 7.6 <= 7.6 is false.
#
# Guessed: a decimal that is compared with a float becomes the nearest double, as the literal 7.6 is one, and as DuckDB does it.
# Seen: the whole number is multiplied by a rounded 0.1, not divided by 10, so that 352 of 1001 decimals of one place come out one step
# above float(d): 7.6 becomes 7.6000000000000005. Every comparison with a float goes that way: "=" finds no row, "<=" drops the row at
# the limit, the filters of read_table too. None is below, so ">=" stays right. Against a Decimal as the limit all 1001 are right.
#
# Why it matters here: facts such as an HbA1c or a BMI lie on a grid of 0.1 and are asked at its very points ("at most 7.6"). A filter
# with 7.6 in place of Decimal("7.6") loses the cases at the limit, for a third of the limits that can be set.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
import os
import tempfile
from decimal import Decimal

import duckdb
import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet

grid = [Decimal(tenths) / 10 for tenths in range(1001)]
exact = [float(value) for value in grid]
column = pyarrow.array(grid, pyarrow.decimal128(4, 1))
cases = pyarrow.table({"value": column})
by_arrow = column.cast(pyarrow.float64()).to_pylist()
by_duckdb = [row[0] for row in duckdb.execute("SELECT value::DOUBLE FROM cases").fetchall()]
above = sum(found > right for found, right in zip(by_arrow, exact))
below = sum(found < right for found, right in zip(by_arrow, exact))
print(f"pyarrow {pyarrow.__version__}: {above} of {len(grid)} above the nearest double, {below} below; 7.6 is {by_arrow[76]!r}")
print(f"DuckDB {duckdb.__version__}: {sum(a != b for a, b in zip(by_duckdb, exact))} of {len(grid)} are not the nearest")
assert (above, below) == (352, 0) and by_arrow[76] == 7.6000000000000005, "the conversion has changed"
assert by_duckdb == exact

one = pyarrow.array([Decimal("7.6")])
for name in ("less_equal", "equal", "greater_equal"):
    with_float, with_decimal = (getattr(pc, name)(one, pyarrow.scalar(limit))[0].as_py() for limit in (7.6, Decimal("7.6")))
    print(f"Decimal 7.6, {name}: with the float 7.6 {with_float}, with the Decimal 7.6 {with_decimal}")
    assert with_decimal is True and with_float is (name == "greater_equal")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "cases.parquet")
    pyarrow.parquet.write_table(cases, path)
    kept = {str(limit): pyarrow.parquet.read_table(path, filters=[("value", "<=", limit)]).num_rows for limit in (7.6, Decimal("7.60"))}
print("rows kept by read_table at most 7.6, which are 77:", kept)
assert kept == {"7.6": 76, "7.60": 77}
PY
