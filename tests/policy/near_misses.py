"""Cases close to the decision: each starts satisfied under the setting at hand, then a few of its facts are disturbed.

Plain random cases almost never reach an approval, so a comparison on them proves little.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

import policy
from tests.policy import oracle

Case = dict[str, Any]
CENT = Decimal("0.01")

DIAGNOSES = ("M54.2", "M53.81", "M54.6", "G50.0", "M79.7", "G43.819", "G43.709", "G43.719", "G43.7")
CELLS = [(dx, cpt) for dx in DIAGNOSES for cpt in oracle.CODES]
# The cells whose answer hangs on facts come up more often than those with a constant answer.
DECIDED = [
    *((dx, cpt) for dx in oracle.SPINE for cpt in oracle.CODES if cpt != "64400" and cpt not in oracle.LUMBAR),
    *(("G50.0", "64400"), ("M79.7", "20552"), ("M79.7", "20553"), ("G43.819", "64400"), ("G43.709", "64400")),
    *(("G43.819", "64405"), ("G43.819", "64405"), ("G43.709", "64405"), ("G43.719", "64405")),
]
STRANGERS = [("M54.5", "64490"), ("M54.2", "99213"), ("G43.909", "64405"), ("G50.1", "64400"), ("M54", "20553")]

CARE = (
    *("pain_duration_days", "onset_date", "request_date", "conservative_care_days", "conservative_care_failed"),
    *("conservative_care_contraindicated", "function_limited"),
)
REPEATS = ("sessions_last_12m", "prior_relief_pct", "prior_relief_days")
SPINE_ONLY = (
    *("tried_physical_therapy", "tried_nsaid", "tried_exercise", "imaging_other_cause", "radiculopathy"),
    *("clinical_trial", "radiculopathy"),
)
BLOCKS = ("diagnostic_blocks_done", "block_1_relief_pct", "block_2_relief_pct", "blocks_comparative")
COLUMNS = (
    *("dx", "cpt", *CARE, *REPEATS, *dict.fromkeys(SPINE_ONLY), *BLOCKS, "image_guidance", "intent"),
    *("trigger_points_on_exam", "nerve_named", "failed_anticonvulsants", "failed_preventives"),
    *("failed_fibromyalgia_drugs", "headache_days_per_month", "tn_specialist_diagnosis", "tn_mri_done"),
    "site_of_service",
)
FACTS = COLUMNS[2:]
PERSONS = (  # no rule reads them, but they are checked
    *("age", "sex", "line_of_business", "race_ethnicity", "rural", "low_income_subsidy", "dual_eligible", "disability"),
)
BOOLEANS = {
    *("conservative_care_failed", "conservative_care_contraindicated", "function_limited", "tried_physical_therapy"),
    *("tried_nsaid", "tried_exercise", "imaging_other_cause", "radiculopathy", "clinical_trial", "blocks_comparative"),
    *("trigger_points_on_exam", "nerve_named", "tn_specialist_diagnosis", "tn_mri_done"),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "image_guidance": ("fluoroscopy", "ct", "ultrasound", "none"),
    "intent": ("diagnostic", "therapeutic", "acute", "preventive"),
    "site_of_service": ("office", "outpatient", "asc", "ed"),
}
# Column -> (least, greatest legal value, the lever it is held against, how many units of the column a step of it is).
NUMBERS: dict[str, tuple[int, int, str, int]] = {
    "conservative_care_days": (0, 3000, "conservative_weeks", 7),
    "diagnostic_blocks_done": (0, 2, "diagnostic_blocks_required", 1),
    "failed_anticonvulsants": (0, 9, "tn_failed_drugs_min", 1),
    "failed_preventives": (0, 9, "migraine_preventives_failed_min", 1),
    "failed_fibromyalgia_drugs": (0, 9, "fm_drugs_failed_min", 1),
    "headache_days_per_month": (0, 31, "headache_days_month_min", 1),
    "sessions_last_12m": (0, 50, "max_sessions_12m", 1),
    "prior_relief_days": (0, 3000, "repeat_min_weeks", 7),
}
PERCENTS = {
    "block_1_relief_pct": "relief_pct",
    "block_2_relief_pct": "relief_pct",
    "prior_relief_pct": "repeat_min_relief_pct",
}
DATES = ("onset_date", "request_date")


def matters(dx: str, cpt: str) -> tuple[str, ...]:
    """The columns that some setting of the levers makes this cell read."""
    if dx in oracle.SPINE:
        extra: tuple[str, ...] = BLOCKS if cpt not in oracle.EPIDURAL else ()
        if cpt in (*oracle.FACET, *oracle.ABLATION):
            extra += ("image_guidance",)
        if cpt in oracle.FACET:
            extra += ("intent", "diagnostic_blocks_done")
        if cpt in oracle.TRIGGER_POINT:
            extra += ("trigger_points_on_exam",)
        if cpt == "64450":
            extra += ("nerve_named",)
        return (*CARE, *REPEATS, *SPINE_ONLY, *extra)
    own = {
        "G50.0": ("failed_anticonvulsants", "tn_specialist_diagnosis", "tn_mri_done"),
        "M79.7": ("failed_fibromyalgia_drugs", "trigger_points_on_exam"),
    }.get(dx, ("failed_preventives", "headache_days_per_month", "intent", "intent", "site_of_service"))
    return (*CARE, *REPEATS, *own)


class Draws:
    """Random draws in plain Python, one stream for all."""

    def __init__(self, seed: int):
        self.rng = np.random.Generator(np.random.Philox(seed))

    def one(self, options: Sequence[Any]) -> Any:
        """One of the options, all equally likely."""
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        """True in this share of the draws."""
        return bool(self.rng.random() < share)


def random_settings(document: policy.Policy, draws: Draws, **fixed: Any) -> policy.Settings:
    """Legal values for any number of levers, from one or two to nearly all; `fixed` stay as they are given."""
    share = draws.one([0.05, 0.2, 0.5, 0.9])
    moved = {name: draws.one(lever.values()) for name, lever in document.levers.items() if draws.chance(share)}
    if draws.chance(0.8):  # else too many settings would refuse what is only missing
        moved.pop("undocumented_action", None)
    return document.settings({**moved, **fixed})


def settings_with_every_value(document: policy.Policy, draws: Draws) -> list[policy.Settings]:
    """For each legal value of each lever one setting that has it, the other levers at random."""
    return [
        random_settings(document, draws, **{name: value})
        for name, lever in document.levers.items()
        for value in lever.values()
    ]


def few_settings_with_every_value(document: policy.Policy, draws: Draws) -> list[policy.Settings]:
    """Half as many: each has two of the values, those of different levers, and the other levers at random."""
    values = [(name, value) for name, lever in document.levers.items() for value in lever.values()]
    half = -(-len(values) // 2)  # the values of one lever stand together, and none has as many as that
    return [random_settings(document, draws, **dict([one, *values[half + i : half + i + 1]]))
            for i, one in enumerate(values[:half])]  # fmt: skip


def onset_days() -> list[datetime.date]:
    """Days on which the end of a month matters, and ordinary ones."""
    ends = [datetime.date(2023, m, calendar.monthrange(2023, m)[1]) for m in range(1, 13)]
    days = [(2024, 1, 29), (2024, 1, 30), (2024, 1, 31), (2024, 2, 29), (2023, 11, 30), (2024, 5, 15), (2023, 2, 1)]
    return ends + [datetime.date(*day) for day in days]


ONSETS = onset_days()


def satisfied(dx: str, cpt: str, levers: Mapping[str, Any], draws: Draws) -> Case:
    """A case that meets every criterion with nothing to spare."""
    case: Case = dict.fromkeys(COLUMNS)
    months = levers["pain_duration_months"]
    just = levers["pain_duration_operator"] == "exceeds"
    modalities = ["tried_physical_therapy", "tried_nsaid", "tried_exercise"]
    draws.rng.shuffle(modalities)
    sessions = 0 if draws.chance(0.4) else max((levers["max_sessions_12m"] or 3) - 1, 0)
    done = (
        draws.one([0, 1, 1, 2, None]) if cpt in oracle.FACET else draws.one([levers["diagnostic_blocks_required"], 2])
    )
    case |= {
        "dx": dx,
        "cpt": cpt,
        "pain_duration_days": months * 487 // 16 + just,
        "conservative_care_days": 7 * levers["conservative_weeks"],
        "conservative_care_failed": True,
        "conservative_care_contraindicated": draws.one([None, False]),
        **{name: rank < levers["conservative_modalities_min"] for rank, name in enumerate(modalities)},
        "function_limited": True,
        "imaging_other_cause": False,
        "radiculopathy": cpt in oracle.EPIDURAL or draws.chance(0.05),
        "clinical_trial": True if draws.chance(0.7) else draws.one([None, False]),
        "diagnostic_blocks_done": done,
        "block_1_relief_pct": Decimal(levers["relief_pct"]) if done else None,
        "block_2_relief_pct": Decimal(levers["relief_pct"]) if done == 2 else None,
        "blocks_comparative": True if done == 2 else None,
        "image_guidance": draws.one(["fluoroscopy", "ct"]),
        "intent": draws.one(
            ["diagnostic", "diagnostic", "therapeutic"] if cpt in oracle.FACET else ["acute", "preventive"]
        ),
        "trigger_points_on_exam": True,
        "nerve_named": True,
        "failed_anticonvulsants": levers["tn_failed_drugs_min"],
        "failed_preventives": levers["migraine_preventives_failed_min"],
        "failed_fibromyalgia_drugs": levers["fm_drugs_failed_min"],
        "headache_days_per_month": max(
            levers["headache_days_month_min"] or 0, 15 * (levers["g43819_mapping"] == "require_headache_days")
        ),
        "tn_specialist_diagnosis": True,
        "tn_mri_done": True,
        "site_of_service": draws.one(["office", "ed", None]),
        "sessions_last_12m": sessions,
        "prior_relief_pct": Decimal(levers["repeat_min_relief_pct"] or 0) if sessions else None,
        "prior_relief_days": 7 * (levers["repeat_min_weeks"] or 0) if sessions else None,
    }
    if draws.chance(0.4):
        case["onset_date"] = draws.one(ONSETS)
        case["request_date"] = oracle.months_later(case["onset_date"], months) + datetime.timedelta(days=just)
        if draws.chance(0.7):
            case["pain_duration_days"] = draws.one([None, 0, 4000])
    return case


def values_near(column: str, case: Case, levers: Mapping[str, Any]) -> list[Any]:
    """What a disturbed fact may become: missing, at the lever, a step below or above, flipped, an end of its range."""
    if column in BOOLEANS:
        return [None, not case[column]] if case[column] is not None else [True, False]
    if column in CHOICES:
        return [None, *CHOICES[column]]
    if column in PERCENTS:
        at = Decimal(levers[PERCENTS[column]] if levers[PERCENTS[column]] is not None else 50)
        near = [at, at - CENT, at + CENT, at - 1, at + 1, at - 10, at + 10, at - 10 - CENT, Decimal(0), Decimal(100)]
        return [None, *(v for v in near if v == 0 or 1 <= v <= 100)]
    if column in NUMBERS:
        least, greatest, lever, step = NUMBERS[column]
        at_lever = step * (levers[lever] if levers[lever] is not None else 3)
        near_lever = [at_lever, at_lever - 1, at_lever + 1, least, greatest]
        if column == "headache_days_per_month":
            near_lever += [14, 15, 16]
        return [None, *(v for v in near_lever if least <= v <= greatest)]
    months = levers["pain_duration_months"]
    if column == "pain_duration_days":
        limit = months * 487 // 16
        return [None, *(v for v in (limit, limit - 1, limit + 1, 0, 5000) if v >= 0)]
    if column == "onset_date":
        return [None, *ONSETS]
    onset = case["onset_date"] or ONSETS[0]
    limit_day = oracle.months_later(onset, months)
    return [None, limit_day, *(limit_day + datetime.timedelta(days=d) for d in (-1, 1)), onset]


def legal(case: Case) -> Case:
    """The case without what the door would refuse: onset after request, reliefs of blocks that were not done."""
    if case["onset_date"] and case["request_date"] and case["onset_date"] > case["request_date"]:
        case["request_date"] = case["onset_date"]
    done = case["diagnostic_blocks_done"]
    if done is not None and done < 2:
        case["block_2_relief_pct"] = None
        if done == 0:
            case["block_1_relief_pct"] = None
    return case


def near_miss(dx: str, cpt: str, levers: Mapping[str, Any], draws: Draws) -> Case:
    """A satisfied case with 0 to 3 of its facts disturbed, nearly always facts that the cell can read."""
    case = satisfied(dx, cpt, levers, draws)
    for _ in range(draws.one([0, 1, 1, 1, 2, 2, 3])):
        column = draws.one(matters(dx, cpt) if draws.chance(0.95) else FACTS)
        case[column] = draws.one(values_near(column, case, levers))
    if case["block_2_relief_pct"] is not None and draws.chance(0.2):
        # Two blocks whose mean is the threshold, or a hundredth of a per cent below it.
        at = Decimal(levers["relief_pct"])
        case["block_1_relief_pct"], case["block_2_relief_pct"] = (
            at - 10,
            min(at + 10 - draws.one([0, CENT]), Decimal(100)),
        )
    return legal(case)


def near_misses(levers: Mapping[str, Any], size: int, draws: Draws) -> list[Case]:
    """`size` near misses over all cells and codes, a few codes out of scope among them."""
    cells = [
        draws.one(DECIDED if draws.chance(0.8) else CELLS if draws.chance(0.9) else STRANGERS) for _ in range(size)
    ]
    return [near_miss(dx, cpt, levers, draws) for dx, cpt in cells]


def written(value: Any) -> str:
    """A Python value as it stands in a case table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def table(cases: Iterable[Case]) -> pd.DataFrame:
    """The case table of text, one row a case, ids in order."""
    rows = list(cases)
    columns = {"case_id": [f"c{i}" for i in range(len(rows))]}
    columns |= {name: [written(case[name]) for case in rows] for name in COLUMNS}
    columns |= {name: [""] * len(rows) for name in PERSONS}
    return pd.DataFrame(columns, dtype="str")


def options(column: str, case: Case, levers: Mapping[str, Any]) -> list[Any]:
    """A few values that a missing fact could be documented with, on both sides of every threshold."""
    if column in BOOLEANS:
        return [True, False]
    if column in CHOICES:
        return list(CHOICES[column])
    if column in PERCENTS:
        at = Decimal(levers[PERCENTS[column]] or 50)
        return [Decimal(0), at, Decimal(100)]
    if column == "onset_date":
        request = case["request_date"] or datetime.date(2024, 5, 15)
        return [request, request - datetime.timedelta(days=3000)]
    if column == "request_date":
        onset = case["onset_date"] or datetime.date(2024, 5, 15)
        return [onset, onset + datetime.timedelta(days=3000)]
    if column == "diagnostic_blocks_done":
        return [0, 1, 2]
    if column == "sessions_last_12m":
        return [0, 1, 50]
    return [0, 31 if column == "headache_days_per_month" else 3000 if column.endswith("days") else 9]
