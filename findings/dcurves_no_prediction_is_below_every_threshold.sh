#!/usr/bin/env bash
# dcurves 1.1.7, dca(): a case without a prediction counts as one that the model would not treat, and stays in n and in "treat all".
#
# Guessed: the case is left out of every curve, or the call is refused, as a missing outcome makes the whole of the net benefit NaN.
# Seen: NaN is at no threshold, so the case is "test negative" for the model, and a missed one if its outcome is there. n still counts it,
# and so does the curve "all" that the model is compared with. Here the score is right wherever there is one: its net benefit is 0.6, that
# of "all" 0.2. With three cases of no score, who all needed the treatment, it is 0.375 and "all" 0.5. A score of 0 gives the same.
#
# Why it matters here: a decision curve weighs a score against "approve all" and "approve none". Scores are missing for those with the
# thinnest records, and a score that is good where it exists is then shown as worse than no score. The rows must be dropped before.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check dcurves==1.1.7 pandas==2.3.3 numpy==1.26.4
"$folder/env/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import pandas
from dcurves import dca

cases = pandas.DataFrame(
    {
        "benefit": [1, 1, 1, 0, 0, 1, 1, 1],
        "score": [0.9, 0.7, 0.8, 0.2, 0.1, None, None, None],
    }
)


def curve(rows):
    table = dca(data=rows, outcome="benefit", modelnames=["score"], thresholds=[0.5]).set_index("model")
    return {name: (int(table.loc[name, "n"]), round(float(table.loc[name, "net_benefit"]), 4)) for name in ("score", "all")}


print("dcurves", version("dcurves"))
told = {"with three cases of no score": curve(cases), "without them": curve(cases.dropna())}
for name, found in told.items():
    print(f"{name}, at 0.5:", found)
assert told["without them"] == {"score": (5, 0.6), "all": (5, 0.2)}
assert told["with three cases of no score"] == {"score": (8, 0.375), "all": (8, 0.5)}
assert curve(cases.fillna({"score": 0.0})) == told["with three cases of no score"]
unknown = dca(data=cases.assign(benefit=[None, *cases["benefit"][1:]]).astype(float), outcome="benefit", modelnames=["score"], thresholds=[0.5])
assert unknown["net_benefit"].isna().all(), "a missing outcome is treated otherwise now"
PY
