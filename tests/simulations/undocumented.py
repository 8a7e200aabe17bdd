"""Near misses with 30 % of the facts of many columns taken away, and settings all over the levers."""

import functools
from collections.abc import Iterable

import numpy as np
import pandas as pd

import policy
from tests.policy.near_misses import Draws, near_misses, random_settings, table

SHARE = 0.3


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


def undocumented(base: policy.Settings, size: int, seed: int) -> policy.Cases:
    """The encoded cases of `undocumented_table`."""
    return policy.Cases.from_frame(undocumented_table(base, size, seed), nerve_blocks())


def undocumented_table(base: policy.Settings, size: int, seed: int) -> pd.DataFrame:
    """Near misses under `base` as text; in about half of the columns, `SHARE` of the facts are missing."""
    draws = Draws(seed)
    frame = table(near_misses(dict(base), size, draws))
    rng = np.random.default_rng(seed)
    for column in frame.columns[3:]:
        if rng.random() < 0.5:
            frame.loc[rng.random(size) < SHARE, column] = ""
    frame["sex"] = rng.choice(["female", "male", ""], size)
    frame["group_site"] = rng.choice(["a", "b"], size)
    return frame


def as_warehouse(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table as a warehouse has it: counts as DOUBLE with NaN, dates as TIMESTAMP, BOOLEAN, the rest text."""
    columns = {}
    for name, words in frame.items():
        kind = nerve_blocks().fields_.get(str(name))
        value = words.astype(object).where(words != "", None)
        if kind is not None and kind.type in ("whole", "percent"):
            value = pd.to_numeric(value).astype("float64")
        elif kind is not None and kind.type == "date":
            value = pd.to_datetime(value)
        elif kind is not None and kind.type == "boolean":
            value = value.map({"true": True, "false": False}).astype("boolean")
        columns[name] = value
    return pd.DataFrame(columns)


def base_settings(seed: int) -> policy.Settings:
    return random_settings(nerve_blocks(), Draws(seed))


def moved(base: policy.Settings, levers: Iterable[str], draws: Draws) -> policy.Settings:
    """The base with each of the levers at one of its legal values."""
    values = {lever: draws.one(nerve_blocks().levers[lever].values()) for lever in levers}
    return policy.Settings(nerve_blocks(), {**base, **values})


def chosen(draws: Draws, numeric: int, others: int) -> list[str]:
    """So many numeric and other levers at random."""
    levers = nerve_blocks().levers
    found: list[str] = []
    for kind, count in ((True, numeric), (False, others)):
        names = [name for name, lever in levers.items() if (lever.domain is not None) is kind]
        found += [names[i] for i in draws.rng.choice(len(names), count, replace=False)]
    return found


def by_determining(
    cases: policy.Cases, settings: policy.Settings, labels: np.ndarray | None = None, groups: int = 1
) -> np.ndarray:
    """Counts by group and outcome, each case determined with reasons and all, counted in plain Python loops."""
    found = policy.determine(nerve_blocks(), cases, settings)
    counts = np.zeros((groups, len(policy.OUTCOMES)), dtype=np.int64)
    for label, outcome in zip(
        [0] * len(cases) if labels is None else labels.tolist(), found.outcome.tolist(), strict=True
    ):
        counts[label, outcome] += 1
    return counts
