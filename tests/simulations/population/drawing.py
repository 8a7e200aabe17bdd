"""Populations that the tests of this room draw from, and the columns that they have."""

import numpy as np
import pandas as pd

from simulations.population import FOLDER

NAME = "seed_low_prevalence"
TEXT = (FOLDER / f"{NAME}.yaml").read_text("utf-8")
SIZE = 10_000
SPINE = ["M54.2", "M53.81", "M54.6"]
CHRONIC = ["G43.709", "G43.719"]


def edited(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times in the page: {old}"
    return TEXT.replace(old, new)


def holds(column: pd.Series, *values: object) -> np.ndarray:
    """Where a column is documented and one of the values."""
    return column.isin(values).fillna(False).to_numpy(dtype=bool)
