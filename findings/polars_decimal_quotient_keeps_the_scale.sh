#!/usr/bin/env bash
# polars 2.1.0: a product or quotient of decimals has no more places than its operands: 79.8 / (1.51 * 1.51) is 35.00, not 34.9985.
#
# Guessed: decimals are multiplied exactly (the places add up, as in SQL, pyarrow and Python), and a quotient gets places of its own.
# Seen: the result has the larger number of places of the two operands and is rounded there, half to even, at every step: 7.5 * 7.5 is
# 56.2, 7.5 / 2 is 3.8, and 1.51 * 1.51 is 2.28 before anything is divided by it. Nothing warns. DuckDB says 56.25 and 34.9985
#
# Why it matters here: a body mass index is a weight in 0.1 kg by the square of a height in 0.01 m, and policies ask for "35 or more".
# Below, of 28,700 pairs of weight and height 35 fall on the other side of 35, 24 of them upward. With the scale of the height widened
# first, by a cast to Decimal(38, 8), none does.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
from decimal import Decimal

import duckdb
import polars

print("polars", polars.__version__)
tenths = polars.Series([Decimal("7.5")], dtype=polars.Decimal(4, 1))
print("7.5 * 7.5 =", (tenths * tenths)[0], "and 7.5 / 2 =", (tenths / 2)[0])
assert (tenths * tenths)[0] == Decimal("56.2") and (tenths / 2)[0] == Decimal("3.8"), "the places of a result have changed"
by_duckdb = duckdb.execute("SELECT 7.5 * 7.5, round(79.8 / (1.51 * 1.51), 4)").fetchone()
print("DuckDB", duckdb.__version__, "7.5 * 7.5 =", by_duckdb[0], "and 79.8 / (1.51 * 1.51) =", by_duckdb[1])
assert by_duckdb[0] == Decimal("56.25") and float(by_duckdb[1]) == 34.9985

people = [(Decimal(weight) / 10, Decimal(height) / 100) for height in range(150, 191) for weight in range(700, 1400)]
frame = polars.DataFrame(people, schema={"kg": polars.Decimal(4, 1), "m": polars.Decimal(3, 2)}, orient="row")
wide = polars.col("m").cast(polars.Decimal(38, 8))
frame = frame.with_columns(index=polars.col("kg") / (polars.col("m") * polars.col("m")), wide=polars.col("kg") / (wide * wide))
assert frame.row(by_predicate=(polars.col("kg") == Decimal("79.8")) & (polars.col("m") == Decimal("1.51")), named=True)["index"] == 35
moved = {}
for name in ("index", "wide"):
    sides = [(found >= 35, kg >= 35 * m * m) for (kg, m), found in zip(people, frame[name])]
    moved[name] = (sum(found and not right for found, right in sides), sum(right and not found for found, right in sides))
    print(f"{name}: of {len(people)} pairs {moved[name][0]} reach 35 wrongly and {moved[name][1]} miss it wrongly")
assert moved == {"index": (24, 11), "wide": (0, 0)}
PY
