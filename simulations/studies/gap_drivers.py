"""What is behind a gap between two groups: how far each lever alone moves it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.counting.counts import Batch, Counts, each
from simulations.counting.grouping import Groups
from simulations.statistics.number_format import for_table
from simulations.studies.impact import under
from simulations.studies.paired_rates import MET
from simulations.studies.subgroups import Subgroups


def drivers(found: Subgroups, gap: Mapping[str, Any]) -> pd.DataFrame:
    """How far each lever alone, over its whole domain, moves a gap of approvals under the scenario (a row of `gaps`).

    One row per lever, the strongest first: lever, label, now (its value), gap_now, least_at, least, most_at, most (the
    gap nearest to 0 and farthest from it, points), lowest, highest, swing (their difference; exactly 0 for an inert
    lever), and back: what the gap would be if this lever alone went back to the baseline. Only the order is given where
    small cells are withheld, as each number would be one more result to subtract.
    """
    study, base = found.study, found.study.scenario
    batches = [Batch(under(cases, base.policy)) for cases in found.labelled()]
    counted = Counts.of(batches, Groups(base.policy, (str(gap["column"]),)))
    places = [counted.groups.numbers[(str(gap[label]),)] for label in ("group", "reference")]
    rows = []
    for name, lever in study.policy.levers.items():
        values = list(dict.fromkeys([*lever.values(), base[name], study.baseline[name]]))
        gaps = [_gap(counted.at(settings), places) for settings in each(base, {name: values})]
        now, back = gaps[values.index(base[name])], gaps[values.index(study.baseline[name])]
        low, high = int(np.argmin(np.abs(gaps))), int(np.argmax(np.abs(gaps)))
        row: dict[str, Any] = {"lever": name, "label": lever.label, "now": lever.in_words(base[name]), "gap_now": now}
        row |= {"least_at": lever.in_words(values[low]), "least": gaps[low]}
        row |= {"most_at": lever.in_words(values[high]), "most": gaps[high]}
        row |= {"lowest": min(gaps), "highest": max(gaps), "swing": max(gaps) - min(gaps)}
        rows.append(row | {"back": back if base[name] != study.baseline[name] else None})
    table = pd.DataFrame(rows).sort_values(["swing", "lever"], ascending=[False, True], ignore_index=True)
    if found.suppressed:
        return table[table["swing"] > 0][["lever", "label", "now"]]
    points = ("gap_now", "least", "most", "lowest", "highest", "swing", "back")
    return table.assign(**{name: table[name].map(for_table, na_action="ignore") for name in points if name in table})


def _gap(counts: NDArray[np.int64], places: Sequence[int]) -> float:
    one, other = (counts[place] for place in places)
    return float(100 * (one[MET] / one.sum() - other[MET] / other.sum()))
