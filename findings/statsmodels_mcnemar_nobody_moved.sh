#!/usr/bin/env bash
# statsmodels 0.15.0, mcnemar(exact=False): when nobody moved, p = 0.0; when as many moved each way, the statistic is not 0.
#
# Guessed: no discordant pair is no evidence of a change: p = 1 as the exact test says, or NaN as for 0 / 0; and with equal
# counts in both directions the statistic is 0, the correction being stopped at 0 as SciPy stops Yates's.
# Seen: the corrected statistic is (|b - c| - 1)^2 / (b + c). With b = c = 0 that is 1 / 0, an infinite statistic, and p = 0.0, the
# strongest evidence there is. With b = c = 3 it is 1 / 6 and p below 1. A missing stop at 0 explains both.
#
# Why it matters here: two settings of a policy are judged on the same cases, and a lever that moves nobody is the plain
# answer "no change". Through this call it would read as certainly changed. The exact test is right at every count.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 statsmodels==0.15.0
"$folder/env/bin/python" - <<'PY'
import warnings

import statsmodels
from statsmodels.stats.contingency_tables import mcnemar

warnings.simplefilter("ignore")
print("statsmodels", statsmodels.__version__)
seen = {}
for moved in (0, 3):
    table = [[50, moved], [moved, 50]]
    exact, corrected, plain = mcnemar(table, exact=True), mcnemar(table, exact=False), mcnemar(table, exact=False, correction=False)
    seen[moved] = tuple(float(test.pvalue) for test in (exact, corrected, plain))
    print(f"{moved} moved each way: exact p = {seen[moved][0]}, corrected p = {seen[moved][1]:.4f}, plain p = {seen[moved][2]:.4f}")
    if moved:
        assert abs(float(corrected.statistic) - 1 / 6) < 1e-12, "the correction now stops at 0"
assert seen[0][0] == seen[3][0] == 1.0 and seen[3][2] == 1.0
assert seen[0][1] == 0.0, "nobody moved is no longer p = 0"
assert abs(seen[3][1] - 0.6831) < 0.0001
PY
