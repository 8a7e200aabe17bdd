#!/usr/bin/env bash
# statsmodels 0.15.0, StratifiedTable: one stratum with a single person makes the Cochran-Mantel-Haenszel test NaN.
#
# Guessed: a stratum of one carries no information, so it leaves the test as it was. By the formula it adds 0 to what is
# observed less what is expected and 0 to the variance.
# Seen: the variance is divided by (n - 1), which is 0 / 0 for n = 1, so the statistic and the p-value of the whole table are NaN;
# the pooled odds ratio, which does not need it, stays right. A stratum with an empty row does no harm to the test.
#
# Why it matters here: two groups are compared at equal kinds of requests by a stratum for each kind, and a rare kind often
# has one case. Such strata must be left out before the test; that loses nothing.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 statsmodels==0.15.0
"$folder/env/bin/python" - <<'PY'
import warnings

import numpy
import statsmodels
from statsmodels.stats.contingency_tables import StratifiedTable

warnings.simplefilter("ignore")
print("statsmodels", statsmodels.__version__)
usual = numpy.array([[10, 5], [4, 9]])
strata = {"usual": [usual], "and one person": [usual, numpy.array([[1, 0], [0, 0]])], "and an empty row": [usual, numpy.array([[3, 4], [0, 0]])]}
p_value, odds = {}, {}
for name, tables in strata.items():
    stratified = StratifiedTable(tables)
    p_value[name] = float(stratified.test_null_odds().pvalue)
    odds[name] = float(stratified.oddsratio_pooled)
    print(f"{name}: p = {p_value[name]:.6f}, pooled odds ratio = {odds[name]:.3f}")
assert p_value["and one person"] != p_value["and one person"], "a stratum of one no longer makes the test NaN"
assert abs(p_value["usual"] - p_value["and an empty row"]) < 1e-12
assert odds["usual"] == odds["and one person"] == 4.5
PY
