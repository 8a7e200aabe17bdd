#!/usr/bin/env bash
# scipy 1.17.1, qmc.LatinHypercube(rng=generator): the points come from a child of the generator, and the generator does not move.
#
# Guessed: an engine that is given a numpy Generator draws from it, as scipy.stats distributions do: the same points as shuffling
# and drawing with that generator by hand, and what is drawn from it afterwards is further on.
# Seen: the engine draws from generator.spawn(1)[0]. The generator's own next number is what it would have been without the
# engine; a second engine given the same generator gets another child and other points, although "the state" never changed; and
# a generator made of the same seed in which somebody spawned before gives other points.
#
# Why it matters here: populations are drawn from the ranges of their assumptions by such points, and a report of last year has to
# come out again. What has to be the same is the seed and the number of children before, not the state of the generator.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import numpy as np
import scipy
from scipy.stats import norm, qmc

given, untouched = np.random.default_rng(7), np.random.default_rng(7)
first = qmc.LatinHypercube(2, rng=given).random(4)
second = qmc.LatinHypercube(2, rng=given).random(4)
print("scipy", scipy.__version__, "first engine", first[0], "second engine", second[0])
assert given.random() == untouched.random()  # the generator has not moved
assert not np.array_equal(first, second)  # and yet the second engine draws other points

spawned = np.random.default_rng(7)
spawned.spawn(1)
assert np.array_equal(qmc.LatinHypercube(2, rng=spawned).random(4), second)  # a child more, another sample

moved, still = np.random.default_rng(7), np.random.default_rng(7)
norm.rvs(size=3, random_state=moved)
assert moved.random() != still.random()  # a distribution draws from the generator itself
PY
