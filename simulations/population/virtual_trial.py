"""The virtual trial of a diagnostic test: every patient gets two and the treatment, and the arms are read off.

That is possible only where truth is simulated: the same patients are in every arm, so arms differ by selection alone. A
second test can only take patients away, so whoever is helped after two is also among those helped after one and none.
"""

from collections.abc import Iterable
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.problems import refuse
from simulations.population.expectation import Tally, drawn, expected
from simulations.population.page import Target, VirtualTrial
from simulations.population.probability_tables import Population
from simulations.statistics.number_format import in_percent

Mask = NDArray[np.bool_]


def trial_tally(population: Population, names: Iterable[str] = (), size: int = 0, seed: int = 1) -> Tally:
    """The patients of the virtual trial by truth, benefit and the result of both tests: exact, or `size` cases drawn.

    Only those whom the trial is `among`; `names` are further variables to tell apart. Raises ProblemsFound for a page
    that describes no virtual trial.
    """
    trial = described_trial(population)
    names = dict.fromkeys([*trial.among, *names, trial.truth, trial.benefit, *trial.tests])
    tally = drawn(population, names, size, seed, trial.assign) if size else expected(population, names, trial.assign)
    return among_whom(trial, tally)


def among_whom(trial: VirtualTrial, tally: Tally) -> Tally:
    """The combinations of the patients whom the trial is among."""
    among = tally.where(trial.among)
    return Tally(tally.population, {name: codes[among] for name, codes in tally.codes.items()}, tally.weight[among])


def described_trial(population: Population) -> VirtualTrial:
    """The virtual trial that the page describes; raises ProblemsFound when it describes none."""
    if population.page.virtual_trial is None:
        raise refuse("trial", population.id, "describes no virtual trial")
    return population.page.virtual_trial


def ratios(tally: Tally, target: Target) -> list[tuple[Mask, Mask]]:
    """What a metric divides: one pair of masks (the counted, among whom), bool (n,) over the combinations of the tally.

    Two pairs for a difference, the second taken off.
    """
    among = tally.where(target.stratum)
    if target.metric == "share":
        return [(among & tally.where(target.share_of), among)]
    trial = described_trial(tally.population)
    first, second = positive(tally, trial.cut_off)
    truth, helped = has(tally, trial.truth), has(tally, trial.benefit)
    chosen = {None: among, "0": among, "1": among & first, "2": among & first & second}
    arm = chosen[target.tests]
    match target.metric:
        case "dual_positive":
            return [(chosen["2"], among)]
        case "single_test_false_positive":
            return [(chosen["1"] & ~chosen["2"], among & ~chosen["2"])]
        case "single_test_ppv":
            return [(chosen["1"] & truth, chosen["1"])]
        case "dual_test_ppv":
            return [(chosen["2"] & truth, chosen["2"])]
        case "helped":
            return [(arm & helped, among)]
        case "success_per_treatment":
            return [(arm & helped, arm)]
        case "more_relief_gain":
            some, more = (among & positive(tally, cut)[0] for cut in (trial.loosest, trial.parted_at))
            return [(more & helped, more), (some & ~more & helped, some & ~more)]
        case _:
            loose = among & positive(tally, trial.loosest)[0]
            return [(chosen["1"] & helped, chosen["1"]), (loose & helped, loose)]


def positive(tally: Tally, cut: int) -> tuple[Mask, Mask]:
    """Who is positive on the first and on the second test from a cut-off (%) on."""
    first, second = (tally.codes[name] >= cut for name in described_trial(tally.population).tests)
    return first, second


def has(tally: Tally, truth: str) -> Mask:
    """Of whom a simulated truth says yes."""
    return tally.where({truth: ("true",)})


def figure(tally: Tally, pairs: list[tuple[Mask, Mask]]) -> tuple[float | None, int, float]:
    """The figure in %, the cases it is among, and the standard error for that many cases; None when there are none."""
    shares, error = [], 0.0
    for counted, among in pairs:
        cases = tally.total(among)
        if not cases:
            return None, 0, 0.0
        shares.append(tally.total(counted) / cases)
        error += shares[-1] * (1 - shares[-1]) / cases
    return 100 * (shares[0] - sum(shares[1:])), round(tally.total(pairs[0][1])), 100 * sqrt(error)


def by_cut_off(population: Population, step: int = 5) -> pd.DataFrame:
    """What the arms of the virtual trial give when a test counts from another result, from the tables, in %.

    One row per cut-off, from the loosest to that of the page, and number of tests (1, 2): population, cut_off, tests,
    positive, helped (both of all patients) and success_per_treatment.
    """
    tally, trial = trial_tally(population), described_trial(population)
    everyone = tally.total(np.ones(len(tally.weight), dtype=np.bool_))
    helped = has(tally, trial.benefit)
    rows = []
    for cut in range(trial.loosest, trial.cut_off + 1, step):
        first, second = positive(tally, cut)
        for tests, chosen in ((1, first), (2, first & second)):
            shares = {
                "positive": tally.total(chosen) / everyone,
                "helped": tally.total(chosen & helped) / everyone,
                "success_per_treatment": tally.total(chosen & helped) / tally.total(chosen),
            }
            row: dict[str, object] = {"population": population.id, "cut_off": cut, "tests": tests}
            rows.append(row | {name: in_percent(share) for name, share in shares.items()})
    return pd.DataFrame(rows)
