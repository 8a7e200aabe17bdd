#!/usr/bin/env bash
# statsmodels 0.15.0, confint_proportions_2indep(method="score"): no interval for 0 of n against 0 of m, nor for n of n against 0 of m.
#
# Guessed: the score method (Miettinen and Nurminen) is the one that is advised for shares of 0 and 1, so that it has an interval
# there, symmetric about 0 for 0 of 10 against 0 of 10.
# Seen: ValueError out of the root finder, which meets a NaN at the estimate itself; and test_proportions_2indep by score is
# NaN for 0 against 0 where agresti-caffo says 1. Newcombe's method, and the score where one share is 0 only, are fine.
#
# Why it matters here: gaps between subgroups meet both ends, as a strict setting approves nobody in two groups, or everybody of
# one and nobody of the other. Newcombe's interval, which the workbook uses, is the one that is there at every count.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 statsmodels==0.15.0
"$folder/env/bin/python" - <<'PY'
import warnings

import statsmodels
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

warnings.simplefilter("ignore")
print("statsmodels", statsmodels.__version__)


def interval(first: int, second: int, method: str) -> object:
    try:
        ends = confint_proportions_2indep(first, 10, second, 10, method=method, compare="diff")
    except ValueError as refusal:
        print(f"{first} of 10 against {second} of 10, {method}: {refusal}")
        return "refused"
    print(f"{first} of 10 against {second} of 10, {method}: {ends[0]:.4f} to {ends[1]:.4f}")
    return tuple(round(float(end), 4) for end in ends)


assert interval(0, 0, "score") == interval(10, 0, "score") == "refused", "the score method now has an interval"
assert interval(5, 0, "score") == (0.1664, 0.7683)
assert interval(0, 0, "newcomb") == (-0.2775, 0.2775) and interval(10, 0, "newcomb") == (0.6075, 1.0)
score = float(test_proportions_2indep(0, 10, 0, 10, method="score", compare="diff").pvalue)
assert score != score and test_proportions_2indep(0, 10, 0, 10, method="agresti-caffo", compare="diff").pvalue == 1.0
PY
