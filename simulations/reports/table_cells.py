"""What stands in the cells of tables: counts, shares and names as people read them, a dash where one is withheld."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from simulations.statistics.disclosure_control import (
    SMALL,
)
from simulations.statistics.number_format import fixed, percent
from simulations.studies.comparison import Study
from simulations.studies.impact import OUTSIDE, SMALLER

LABELS = {
    "met": "Met",
    "not_met": "Not met",
    "pend": "Pend",
    "review": "Review",
    "mismatch": "Mismatch",
    "out_of_scope": "Out of scope",
}
MEANS = {
    "met": "every criterion is met",
    "not_met": "a recommendation to a clinician",
    "pend": "waiting for information",
    "review": "a clinician judges",
    "mismatch": "wrong procedure for the diagnosis",
    "out_of_scope": "code not covered here",
}


def count(number: Any) -> str:
    """'1,234', or a dash where it is withheld."""
    return "–" if number is None or pd.isna(number) else f"{number:,}"


def total_of(counts: Sequence[int | None]) -> str:
    """Their sum, a dash where any of them is withheld."""
    told = [n for n in counts if n is not None]
    return f"{sum(told):,}" if len(told) == len(counts) else "–"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, None where a cell is empty."""
    return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]


NO_COUNTS = ("values", "step", "distance")  # numbers of a table that count no cases


def in_shares(table: pd.DataFrame, levers: Collection[str] = ()) -> pd.DataFrame:
    """A table of rounded counts as shares of the column `cases`, which goes: each is called about_<count>_pct.

    What has an interval here has none; a column named by one of `levers` holds its values and stays.
    """
    found = {}
    for name in table.columns:
        column = table[name]
        if name == "cases" or re.search("_(low|high)$", str(name)):
            continue
        if name in NO_COUNTS or name in levers:
            found[name] = column
        elif re.search("_(pct|points)$", str(name)):
            found[f"about_{name}"] = _tenths(column)
        elif pd.api.types.is_integer_dtype(column) or pd.api.types.is_float_dtype(column):
            found[f"about_{name}_pct"] = _tenths(100 * column / table["cases"])
        else:
            found[name] = column
    return pd.DataFrame(found)


def _tenths(column: pd.Series) -> pd.Series:
    told = [None if pd.isna(number) else float(fixed(number)) for number in column]
    return pd.Series(told, index=column.index, dtype="Float64")


def share(number: Any, study: Study) -> str:
    """A count as a share of all cases."""
    return "–" if number is None or pd.isna(number) else percent(number / study.cases.size)


def signed(number: Any) -> str:
    """'+12', '−3', or a dash where it is withheld."""
    if number is None or pd.isna(number):
        return "–"
    return f"{number:+,}".replace("-", "−") if number else "0"


def group_labels(study: Study, row: dict[Any, Any]) -> tuple[str, str]:
    """Diagnosis and procedure as the policy labels them."""
    diagnosis, procedure = row["diagnosis"], row["procedure"]
    if diagnosis == SMALLER:
        return "Others together", f"combinations of at most {SMALL} cases each"
    first = "Other diagnosis" if diagnosis == OUTSIDE else study.policy.diagnoses[diagnosis].label
    second = "Other procedure" if procedure == OUTSIDE else study.policy.procedures[procedure].label
    return first, second
