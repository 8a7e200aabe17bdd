#!/usr/bin/env bash
# iaa-kit 0.1.2, krippendorff_alpha(scale="ordinal") is that of "interval": the numbers given to the steps change it; missing scores too.
#
# Guessed: ordinal alpha asks only for the order, so that 1, 2, 3 and 1, 2, 10 give the same, as in krippendorff 0.9.0; and a score that
# is missing leaves alpha as that package has it, which pairs what there is and leaves out a case with one score.
# Seen: "ordinal" squares the difference of the numbers, as "interval" does: 3 written as 10 turns 0.725 into 0.647. And where two of ten
# cases have one score only, the nominal alpha is 0.448 in place of 0.430: scores that pair with none are counted in what chance would give.
#
# Why it matters here: "approve, pend, deny" is an order without distances. Whether reviewers pass the usual bound of 0.667 or 0.8
# depends on the codes that an export uses for the three, and on who has left cases out.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check iaa-kit==0.1.2 krippendorff==0.9.0 numpy==2.3.5
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import iaa_kit
import krippendorff
import numpy

first = [1, 2, 3, 1, 2, 3, 1, 1, 3, 2]
second = [1, 3, 3, 2, 2, 3, 1, 2, 3, 3]


def alphas(codes, scale, missing=()):
    scores = [[codes[score] for score in reviewer] for reviewer in (first, second)]
    for reviewer, case in missing:
        scores[reviewer][case] = None
    here, _, _ = iaa_kit.krippendorff_alpha(list(zip(*scores)), scale=scale, n_boot=10, seed=1)
    there = krippendorff.alpha(reliability_data=numpy.array(scores, dtype=float), level_of_measurement=scale)
    return round(float(here), 3), round(float(there), 3)


print("iaa-kit", version("iaa-kit"), "| krippendorff", version("krippendorff"))
even, wide = {1: 1, 2: 2, 3: 3}, {1: 1, 2: 2, 3: 10}
told = [
    ("1, 2, 3, nominal", even, "nominal", (), (0.424, 0.424)),
    ("1, 2, 3, interval", even, "interval", (), (0.725, 0.725)),
    ("1, 2, 3, ordinal", even, "ordinal", (), (0.725, 0.725)),
    ("1, 2, 10, ordinal", wide, "ordinal", (), (0.647, 0.725)),
    ("two scores missing, nominal", even, "nominal", ((1, 0), (0, 3)), (0.448, 0.430)),
]
for name, codes, scale, missing, expected in told:
    found = alphas(codes, scale, missing)
    print(f"{name}: {found[0]:.3f}, krippendorff: {found[1]:.3f}")
    assert found == expected
PY
