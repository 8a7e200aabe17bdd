"""How the tests of this room read a case table, and what its columns hold."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import policy

HEAD = ["case_id", "dx", "cpt"]
GOOD = ["A", "M54.2", "64405"]
START = datetime.date(1900, 1, 1)
AT_LEAST_ONE = -2  # the fact of a number that is missing, but known to be at least 1
COUNTS = {  # column: greatest value
    **{"pain_duration_days": 43800, "conservative_care_days": 36500, "diagnostic_blocks_done": 2, "age": 120},
    **{"failed_anticonvulsants": 20, "failed_preventives": 20, "failed_fibromyalgia_drugs": 20},
    **{"headache_days_per_month": 31, "sessions_last_12m": 365, "prior_relief_days": 3650},
}

PERCENTS = ("block_1_relief_pct", "block_2_relief_pct", "prior_relief_pct")

BOOLEANS = (
    *("conservative_care_failed", "tried_physical_therapy", "tried_nsaid", "tried_exercise", "function_limited"),
    *("conservative_care_contraindicated", "imaging_other_cause", "radiculopathy", "blocks_comparative"),
    *("trigger_points_on_exam", "nerve_named", "tn_specialist_diagnosis", "tn_mri_done", "clinical_trial"),
    *("rural", "low_income_subsidy", "dual_eligible", "disability"),
)

CHOICES = {
    "image_guidance": ("fluoroscopy", "ct", "ultrasound", "none"),
    "intent": ("diagnostic", "therapeutic", "acute", "preventive"),
    "site_of_service": ("office", "outpatient", "asc", "ed"),
    "sex": ("female", "male", "other"),
    "line_of_business": ("medicare_advantage", "medicaid", "commercial", "marketplace"),
}

DATES = ("request_date", "onset_date")
ABSENT_IS_FALSE = {"conservative_care_contraindicated", "clinical_trial"}


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


def read(folder: Path, content: str | bytes, **options: Any) -> policy.Cases:
    """The cases of a CSV file with this content."""
    path = folder / "requests.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return policy.read_cases(path, nerve_blocks(), **options)


def lines(*rows: Sequence[str], header: Sequence[str] = HEAD) -> str:
    return "".join(",".join(row) + "\n" for row in (header, *rows))


def facts_of(folder: Path, cells: dict[str, str], **options: Any) -> policy.Cases:
    """One good row with further cells."""
    return read(folder, lines([*GOOD, *cells.values()], header=[*HEAD, *cells]), **options)


def refused(folder: Path, content: str | bytes, **options: Any) -> str:
    with pytest.raises(policy.ProblemsFound) as found:
        read(folder, content, **options)
    return str(found.value)
