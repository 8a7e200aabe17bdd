#!/usr/bin/env bash
# samplics 0.6.1 (survey estimates): with remove_nan=True 40 % are "met" and 40 % "not met" of a Polars column, 50 and 50 of a pandas one.
#
# Guessed: remove_nan leaves whoever has no answer out, however the missing answer is marked; and without it a share is NaN where an
# answer is missing, as a mean is.
# Seen: among numbers NaN is looked for, among anything else the words "nan" and "" after everything was turned into text. A null of Polars,
# of a pandas object column or of a column of true and false becomes "None", which is neither, so that the option does nothing. Each
# share is then of all rows, those without an answer included, and is the share without the option; nothing warns. The standard
# error shrinks with it (0.163 in place of 0.189). The mean of the same in numbers is NaN without the option.
#
# Why it matters here: shares of determinations and of answers, weighted to a plan's members, are what such a package is asked for, and the
# missing are named as left out. 40 and 40 look like two of several answers; with 20 % silent a share of 50 % is reported as 40. Whether it
# is depends on the library that read the file. The package installs Polars itself, and its documentation tells of no difference.
# svy 0.35.0, which is to replace it, refuses a missing answer until told to leave it out, and then does.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check samplics==0.6.1 numpy==2.4.6 pandas==3.1.1 polars==2.1.0
"$folder/env/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy
import pandas
import polars
from samplics import PopParam, TaylorEstimator

answers = ["met"] * 4 + ["not met"] * 4 + [None] * 2
numbers = [None if answer is None else float(answer == "met") for answer in answers]
columns = {
    "pandas, texts": pandas.Series(answers),
    "Polars, texts": polars.Series(answers),
    "pandas, objects": pandas.Series(answers, dtype=object),
    "Polars, true and false": polars.Series([None if answer is None else answer == "met" for answer in answers]),
    "Polars, 1 and 0": polars.Series(numbers),
}


def estimated(column, what=PopParam.prop, **options):
    estimator = TaylorEstimator(what)
    estimator.estimate(y=column, samp_weight=numpy.ones(10), psu=numpy.arange(10), **options)
    return estimator


print("samplics", version("samplics"), "pandas", version("pandas"), "polars", version("polars"))
shares = {}
for name, column in columns.items():
    found = estimated(column, remove_nan=True)
    shares[name] = sorted(round(float(share), 3) for share in found.point_est.values())
    errors = sorted({round(float(error), 3) for error in found.stderror.values()})
    print(f"{name}, remove_nan=True: shares {shares[name]}, standard error {errors}")
assert shares["pandas, texts"] == shares["Polars, 1 and 0"] == [0.5, 0.5]
assert shares["Polars, texts"] == shares["pandas, objects"] == shares["Polars, true and false"] == [0.4, 0.4]
without = estimated(columns["Polars, 1 and 0"]).point_est
mean = estimated(columns["Polars, 1 and 0"], PopParam.mean).point_est
print("1 and 0 without the option: shares", sorted(map(float, without.values())), "mean", mean)
assert sorted(map(float, without.values())) == [0.4, 0.4] and numpy.isnan(mean)
PY
