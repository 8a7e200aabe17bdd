#!/usr/bin/env bash
# iaa-kit 0.1.2, weighted_kappa: on a scale from 0 to 10 a 10 stands between 1 and 2, so that 9 against 10 is a graver difference than 1 against 10.
#
# Guessed: numbers are put in the order of numbers and the weighted kappa is that of scikit-learn, as it is for a scale from 0 to 9.
# Seen: the labels are sorted by their text (repr), so 0, 1, 10, 2, ... 9, and a weight is the distance in that row. Of 22 scores, two
# apart by one point at the top of the scale give 0.73 in place of 0.995, and two apart by nine give 0.996 in place of 0.62.
#
# Why it matters here: pain and function are scored from 0 to 10, and a plan asks by a weighted kappa whether its reviewers read a
# record alike before it believes them. Here agreement at the top of the scale comes out as disagreement, and the worst disagreement as agreement.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check iaa-kit==0.1.2 scikit-learn==1.7.2 numpy==2.3.5
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from iaa_kit import weighted_kappa
from sklearn.metrics import cohen_kappa_score

scale = list(range(11)) * 2
to_nine = [score for score in scale if score < 10]
reviewers = {
    "0 to 9, 9 where the other says 8": (to_nine, {8: 9}, 0.994, 0.994),
    "0 to 10, 9 where the other says 10": (scale, {10: 9}, 0.729, 0.995),
    "0 to 10, 1 where the other says 10": (scale, {10: 1}, 0.996, 0.616),
}
print("iaa-kit", version("iaa-kit"))
for name, (first, changes, expected, right) in reviewers.items():
    second = [changes.get(score, score) for score in first]
    here = weighted_kappa(first, second, "quadratic")
    there = cohen_kappa_score(first, second, weights="quadratic", labels=sorted({*first, *second}))
    print(f"{name}: {here:.3f}, scikit-learn: {there:.3f}")
    assert (round(here, 3), round(there, 3)) == (expected, right)
PY
