"""Whether the impact of a scenario is what the scenario expects."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from policy.determinations.results import LENIENCY
from policy.model import OUTCOMES
from policy.problems import Problem
from policy.reading.loading import parse
from policy.reading.scenario import Scenario
from policy.reading.yaml import read_text
from simulations.scenario.loading import FOLDER, scenario_file
from simulations.statistics.disclosure_control import REASON
from simulations.studies.impact import Impact


def measured(impact: Impact) -> dict[str, Fraction | None]:
    """Every measure that a scenario can set bounds for, exactly; None where what it is made of is withheld."""
    flow, table = impact.flow(), impact.outcomes()
    up = np.sign(LENIENCY[None, :] - LENIENCY[:, None])
    after, change = (dict(zip(OUTCOMES, table[k].tolist(), strict=True)) for k in ("scenario", "change"))
    found: dict[str, Fraction | None] = {
        "approval_pct": _exactly(after["met"], impact.cases),
        "approval_change_points": _exactly(change["met"], impact.cases),
        "moved": _exactly(impact.moved),
        "looser": _exactly(_sum(flow.to_numpy()[up > 0])),
        "stricter": _exactly(_sum(flow.to_numpy()[up < 0])),
    }
    found |= {word: _exactly(after[word]) for word in OUTCOMES}
    return found | {f"{word}_change": _exactly(change[word]) for word in OUTCOMES}


def _exactly(count: Any, cases: int | None = 0) -> Fraction | None:
    """A count, or the per cent that it is of some cases."""
    if count is None or pd.isna(count) or cases is None:
        return None
    return Fraction(100 * int(count), cases) if cases else Fraction(int(count))


def _sum(counts: Any) -> int | None:
    return None if any(pd.isna(n) for n in counts) else sum(int(n) for n in counts)


def expectations(scenario: Scenario, impact: Impact, rough: bool = False) -> list[dict[str, Any]]:
    """Each measure that the scenario sets bounds for: its value, what is expected, and whether it holds.

    Value and verdict are None where they are withheld; `rough`: all of them, as no count is told.
    """
    values = measured(impact)
    found = []
    for name, bounds in scenario.expect.items():
        value = None if rough else values[name]
        row: dict[str, Any] = {"measure": name, "value": None, "expected": str(bounds), "holds": None}
        if value is not None:
            row["value"] = round(float(value), 9)
            row["holds"] = (bounds.at_least is None or value >= Fraction(bounds.at_least)) and (
                bounds.at_most is None or value <= Fraction(bounds.at_most)
            )
        found.append(row if value is not None else row | {"withheld": REASON})
    return found


def unmet(name_or_path: str | Path, found: list[dict[str, Any]]) -> list[Problem]:
    """One problem, with its line in the scenario, for each expectation in `found` that does not hold."""
    path = scenario_file(name_or_path)
    _, node = parse(read_text(path), path.name, Scenario)
    place = path.name if path.is_relative_to(FOLDER) else str(path)
    return [
        Problem(
            "expect",
            f"{place}:{node.line_of(('expect', one['measure']))}",
            f"{one['measure']} is {one['value']:g}, expected {one['expected']}",
        )
        for one in found
        if one["holds"] is False  # None: withheld, not judged
    ]
