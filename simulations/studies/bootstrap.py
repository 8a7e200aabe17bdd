"""How far every headline number hangs on the luck of the draw: the cases drawn again, many times, from their counts.

Cases that end alike count alike, so a bootstrap of n cases is one multinomial draw from the counts of the joint
outcomes (Efron and Tibshirani 1993, chapter 6). Baseline and scenario stay paired because a cell holds both. What the
assumptions behind the cases do is another matter, told apart in sensitivity.py.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.model import OUTCOMES
from simulations.population.random_streams import Streams, whole
from simulations.studies.impact import Impact

TIMES = 1000
MOST_TIMES = 100_000
LEVELS = (0.025, 0.975)  # two-sided 95 %

Floats = NDArray[np.float64]


def replicates(counts: NDArray[np.int64], times: int = TIMES, seed: int = 1, name: str = "cases") -> NDArray[np.int64]:
    """The same number of cases drawn again from `counts` (any shape): int64 (times, *shape).

    The draws belong to the stream `name` of the seed. Raises ProblemsFound for times outside 1 to 100,000.
    """
    times = whole("times", times, 1, MOST_TIMES)
    drawn = np.zeros((times, counts.size), dtype=np.int64)
    filled = np.flatnonzero(counts)
    total = int(counts.sum())
    if total:
        luck = Streams(seed).generator(f"bootstrap/{name}")
        drawn[:, filled] = luck.multinomial(total, counts.ravel()[filled] / total, size=times)
    return drawn.reshape(times, *counts.shape)


def percentile_interval(values: Floats) -> tuple[float, float]:
    """The middle 95 % of some replicates of a number."""
    low, high = np.quantile(values, LEVELS)
    return float(low), float(high)


def headlines(counts: NDArray[np.integer[Any]]) -> dict[str, Floats]:
    """Every headline number, in per cent of all cases or percentage points, of flows (..., 6, 6): name -> (...).

    Approval and each outcome before, after and their change; the cases that move, that lose and that gain an approval.
    """
    flow = np.asarray(counts, dtype=np.float64)
    cases = np.maximum(flow.sum(axis=(-2, -1)), 1)
    before, after = (100 * flow.sum(axis=axis) / cases[..., None] for axis in (-1, -2))
    found: dict[str, Floats] = {}
    for i, word in enumerate(OUTCOMES):
        found |= {f"{word}_baseline": before[..., i], f"{word}_scenario": after[..., i]}
        found[f"{word}_change"] = after[..., i] - before[..., i]
    stays = np.trace(flow, axis1=-2, axis2=-1)
    found["moved"] = 100 * (cases - stays) / cases
    found["lost_approval"] = 100 * (flow[..., 0, :].sum(axis=-1) - flow[..., 0, 0]) / cases
    found["gained_approval"] = 100 * (flow[..., :, 0].sum(axis=-1) - flow[..., 0, 0]) / cases
    return found


def bootstrap(impact: Impact, times: int = TIMES, seed: int = 1) -> pd.DataFrame:
    """Every headline number of an impact with its percentile interval of 95 %: measure, value, low, high, replicates.

    `value` is of the cases themselves. Per cent of all cases; what is called `change` in percentage points.
    """
    flow = impact.flow().to_numpy()
    drawn = replicates(flow, times, seed, "headlines")
    return _table(headlines(flow), headlines(drawn), times)


def _table(values: dict[str, Floats], drawn: dict[str, Floats], times: int) -> pd.DataFrame:
    rows = [(name, float(value), *percentile_interval(drawn[name])) for name, value in values.items()]
    table = pd.DataFrame(rows, columns=["measure", "value", "low", "high"])
    return table.round(6).assign(replicates=times)
