#!/usr/bin/env bash
# duckdb 2.0.1: the median of the decimals 34.9 and 35.0 is 34.9; of whole numbers or doubles it would lie between the two.
#
# Guessed: median and quantile_cont interpolate whatever they are given: the median of 1 and 2 is 1.5 (a DOUBLE), that of two dates is a
# timestamp at noon, and AVG of decimals is a DOUBLE.
# Seen: of decimals the result has the type of the column, and what was interpolated is cut off there, not rounded: towards zero, so
# that -7.5 and -7.6 have the median -7.5. The quartiles of 7.5 and 7.6 are 7.5 both, mad() is 0.0, of DECIMAL(3, 0) the median is whole.
#
# Why it matters here: facts on a grid of 0.1 are stored as DECIMAL so that a threshold is exact. Their summaries then lean to one side
# by up to a step, and a spread of less than a step is none at all. x::DOUBLE inside the median, not outside, tells it.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
"$folder/env/bin/python" - <<'PY'
from decimal import Decimal

import duckdb

print("duckdb", duckdb.__version__)


def summary(asked: str, *values: str) -> object:
    rows = ", ".join(f"({value})" for value in values)
    found, kind = duckdb.execute(f"SELECT {asked} AS found, typeof({asked}) FROM (VALUES {rows}) t(x)").fetchone()
    print(f"{asked} of {' and '.join(values)}: {found} ({kind})")
    return found


assert summary("median(x)", "34.9", "35.0") == Decimal("34.9"), "a median of decimals has changed"
assert summary("median(x::DOUBLE)", "34.9", "35.0") == 34.95
assert summary("median(x)", "-7.5", "-7.6") == Decimal("-7.5")
assert summary("quantile_cont(x, 0.75)", "7.5", "7.6") == summary("quantile_cont(x, 0.25)", "7.5", "7.6") == Decimal("7.5")
assert summary("mad(x)", "7.5", "7.6") == 0
assert summary("median(x)", "7::DECIMAL(3, 0)", "8::DECIMAL(3, 0)") == 7
assert summary("median(x)", "7", "8") == 7.5 and summary("avg(x)", "7.5", "7.6") == 7.55
PY
