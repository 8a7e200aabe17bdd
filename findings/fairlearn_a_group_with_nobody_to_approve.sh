#!/usr/bin/env bash
# fairlearn 0.15.0: every decision is right, and equalized_odds_difference is 1.0, the worst there is: one group had nobody to approve.
#
# Guessed: a rate over nobody is NaN and the others are compared, or it is refused, as MetricFrame refuses a case whose group is missing.
# Seen: over nobody true_positive_rate is 0.0 and false_negative_rate is 0.0 too, although the two are shares of one whole. So the same
# group is the worst by the one and as good as the best by the other, and equal_opportunity_ratio is 0. Nothing warns. A decision that is
# missing (NaN, None, <NA>) is not refused either: selection_rate counts it as not selected, whereas mean_prediction of the same is NaN.
#
# Why it matters here: a strict setting or a small group often leaves a group without one case that ought to be approved. An audit by
# these numbers then calls the fairest policy the least fair one; and whoever still waits for information counts as turned down.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check fairlearn==0.15.0 scikit-learn==1.9.1 pandas==2.3.3 numpy==2.4.6
"$folder/env/bin/python" -W error - <<'PY'
import fairlearn
import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    equal_opportunity_ratio,
    equalized_odds_difference,
    false_negative_rate,
    mean_prediction,
    selection_rate,
    true_positive_rate,
)

group = ["A", "A", "A", "A", "B", "B", "B"]
ought = [1, 1, 0, 0, 0, 0, 0]
rates = {"true positive": true_positive_rate, "false negative": false_negative_rate}
found = MetricFrame(metrics=rates, y_true=ought, y_pred=ought, sensitive_features=group).by_group
print("fairlearn", fairlearn.__version__, "every decision right:")
print(found)
gap = equalized_odds_difference(ought, ought, sensitive_features=group)
ratio = equal_opportunity_ratio(ought, ought, sensitive_features=group)
print("equalized_odds_difference", gap, "equal_opportunity_ratio", ratio)
assert found.loc["A"].tolist() == [1.0, 0.0] and found.loc["B"].tolist() == [0.0, 0.0]
assert (gap, ratio) == (1.0, 0.0)

decided = np.array([1, 1, 0, np.nan, 1, np.nan, np.nan])
shares = {"selected": selection_rate, "mean": mean_prediction}
waiting = MetricFrame(metrics=shares, y_true=ought, y_pred=decided, sensitive_features=group).by_group
print("decisions", decided)
print(waiting)
assert waiting["selected"].tolist() == [2 / 4, 1 / 3] and waiting["mean"].isna().all()
try:
    MetricFrame(metrics=selection_rate, y_true=ought, y_pred=ought, sensitive_features=[*group[:-1], None])
except ValueError as refused:
    print("a missing group:", refused)
else:
    raise AssertionError("a missing group is taken")
PY
