#!/usr/bin/env bash
# SALib 1.6.0, sobol.analyze: one NaN among 1,280 results and every index is 0, with a confidence interval of 0: no lever matters.
#
# Guessed: every index is NaN, or the call is refused. The project's maintainers answer in its issues that analyses are meant to fail where a
# result is missing, and delta, pawn and rbd_fast of the same version make NaN of it.
# Seen: the results are brought to mean 0 and standard deviation 1 first, which makes NaN of all of them; the division that follows is left
# at 0 unless the variance is above 0, and NaN is not. So S1, ST and their intervals are exactly 0, as for a model that does not depend on
# anything. For a constant model NumPy warns of a division; here nothing warns.
#
# Why it matters here: which thresholds of a policy move an outcome is asked by these indices. An outcome such as the share approved in a
# subgroup, or the harm among those turned down, is NaN at the one corner where nobody is in it, and the table then says, with full
# certainty, that no threshold matters. The results have to be asked for NaN before they are handed over.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check SALib==1.6.0 numpy==2.0.2 scipy==1.15.3 pandas==2.3.3
"$folder/env/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import numpy
from SALib.analyze import rbd_fast, sobol
from SALib.sample import latin
from SALib.sample import sobol as sobol_points

levers = {"num_vars": 3, "names": ["weeks", "relief", "unused"], "bounds": [[0, 1]] * 3}


def share_approved(points):
    return 1 - 0.6 * points[:, 0] - 0.3 * points[:, 1]


print("SALib", version("SALib"))
points = sobol_points.sample(levers, 256, calc_second_order=False, seed=1)
whole = share_approved(points)
holed = whole.copy()
holed[7] = numpy.nan
seen = {}
for name, results in (("whole", whole), ("one NaN", holed)):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = sobol.analyze(levers, results, calc_second_order=False, seed=1)
    seen[name] = {key: numpy.asarray(answer[key]).round(2).tolist() for key in ("S1", "ST", "S1_conf", "ST_conf")}
    print(f"{name} of {len(results)} results: {seen[name]}, warnings {len(caught)}")
    assert not caught
assert seen["whole"]["S1"] == [0.8, 0.2, 0.0] and min(seen["whole"]["ST_conf"][:2]) > 0
assert seen["one NaN"] == dict.fromkeys(("S1", "ST", "S1_conf", "ST_conf"), [0.0, 0.0, 0.0])
other = latin.sample(levers, 400, seed=1)
results = share_approved(other)
results[7] = numpy.nan
by_frequency = rbd_fast.analyze(levers, other, results, seed=1)["S1"]
print("rbd_fast with one NaN:", by_frequency)
assert numpy.isnan(by_frequency).all()
PY
