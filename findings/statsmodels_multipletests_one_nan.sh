#!/usr/bin/env bash
# statsmodels 0.15.0, multipletests with one NaN among the p-values: what the others become depends on the method's direction.
#
# Guessed: the NaN stays NaN and the others come out as if it were not there, or the call is refused, as SciPy's
# false_discovery_control refuses it.
# Seen: the step-up methods (fdr_bh, fdr_by, simes-hochberg, hommel) turn every p-value into NaN; holm and bonferroni keep the
# others but count the NaN as a test, so that 0.01 of two real tests becomes 0.03 rather than 0.02. Nothing warns.
#
# Why it matters here: a table of subgroup gaps has groups without a single denied case, whose test is undefined. Whoever
# corrects its p-values must drop those first: by Benjamini and Hochberg one empty group silences all the others.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1 pandas==3.1.1 statsmodels==0.15.0
"$folder/env/bin/python" - <<'PY'
import numpy
import scipy.stats
import statsmodels
from statsmodels.stats.multitest import multipletests

print("statsmodels", statsmodels.__version__)
seen = {}
for method in ("fdr_bh", "fdr_by", "simes-hochberg", "hommel", "holm", "bonferroni"):
    with_nan = multipletests([0.01, numpy.nan, 0.04], method=method)[1]
    without = multipletests([0.01, 0.04], method=method)[1]
    seen[method] = [round(float(p), 4) for p in with_nan]
    print(f"{method}: {seen[method]}, without the NaN: {[round(float(p), 4) for p in without]}")
for method in ("fdr_bh", "fdr_by", "simes-hochberg", "hommel"):
    assert all(p != p for p in seen[method]), "one NaN no longer silences the others"
assert seen["holm"][0] == 0.03 and seen["holm"][2] == 0.08 and seen["holm"][1] != seen["holm"][1]
assert seen["bonferroni"][0] == 0.03 and seen["bonferroni"][2] == 0.12
try:
    scipy.stats.false_discovery_control([0.01, numpy.nan, 0.04])
    raise SystemExit("SciPy no longer refuses the NaN")
except ValueError as refusal:
    print("SciPy", scipy.__version__, "refuses:", refusal)
PY
