"""Facts as a case table would hold them."""

import datetime
from decimal import Decimal

from policy.case_files.grammar import EPOCH
from policy.model import CaseField


def as_written(kind: CaseField, value: int) -> str:
    """A fact as a case table would hold it."""
    if kind.words:
        return kind.words[value]
    if kind.type == "date":
        return day_of(value)
    return f"{Decimal(value) / kind.scale:f}"


def day_of(days: int) -> str:
    """ISO date of a day counted from 1900-01-01."""
    return (EPOCH + datetime.timedelta(int(days))).isoformat()
