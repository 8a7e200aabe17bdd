"""Where the cases of each subgroup go, with the first cases of every way to move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.evaluation.determination import determine
from policy.model import OUTCOMES
from simulations.counting.data_cube import Batch, Levels
from simulations.counting.grouping import Groups
from simulations.counting.profiles import each
from simulations.statistics.disclosure_control import rounded
from simulations.studies.comparison import Study
from simulations.studies.impact import EXAMPLES, rates, under
from simulations.studies.subgroups import Subgroups

_WORDS = len(OUTCOMES)
MET = OUTCOMES.index("met")


@dataclass(frozen=True)
class SubgroupFlow:
    """The flow of each subgroup; `counts`: int64 (groups, 6, 6), outcome before by outcome after.

    `examples`: (group, before, after) -> ids of the first cases that move so. Of a case table, whose cases may be
    people, the tables are made from rounded counts, and no case is named.
    """

    study: Study
    groups: Groups
    counts: NDArray[np.int64]
    examples: dict[tuple[int, int, int], list[str]]

    def flow(self) -> pd.DataFrame:
        """One row per subgroup, outcome before and outcome after with any case, all of them: cases and examples.

        The group columns, baseline, scenario, cases, moved (true or false), examples (ids joined by ';').
        """
        labels = self.groups.frame().to_dict("records")
        rows = []
        counts = rounded(self.counts) if self.study.guarded else self.counts
        for group, before, after in map(tuple, np.argwhere(counts).tolist()):
            row: dict[Any, object] = dict(labels[group]) | {"baseline": OUTCOMES[before], "scenario": OUTCOMES[after]}
            row |= {"cases": int(counts[group, before, after]), "moved": before != after}
            rows.append(row | {"examples": ";".join(self.examples.get((group, before, after), []))})
        columns = [*self.groups.names, "baseline", "scenario", "cases", "moved", "examples"]
        return pd.DataFrame(rows, columns=columns)

    def rates(self) -> pd.DataFrame:
        """One row per subgroup: cases, moved; approval before, after and its change in per cent with intervals."""
        labels = self.groups.frame().to_dict("records")
        rows = []
        people, same = self.study.guarded, self.study.impact.same
        cases, moved = self.counts.sum(axis=(1, 2)), self.counts.sum(axis=(1, 2)) - np.trace(self.counts.T)
        cases, moved = (rounded(counts) if people else counts for counts in (cases, moved))
        for group in np.flatnonzero(cases).tolist():
            row: dict[Any, object] = dict(labels[group]) | {"cases": int(cases[group]), "moved": int(moved[group])}
            found = rates(self.counts[group], same)
            if people:  # shares of rounded counts, without intervals
                size = max(int(cases[group]), 1)
                shares = [100 * int(rounded(int(self.counts[group].sum(axis=a)[0]))) / size for a in (1, 0)]
                told = (*shares, shares[1] - shares[0])
                names = ("baseline_pct", "scenario_pct", "change_points")
                rows.append(row | {n: round(v, 4) for n, v in zip(names, told, strict=True)})
                continue
            for name, rate in zip(("baseline", "scenario", "change"), found, strict=True):
                words = ("points" if name == "change" else "pct", "low", "high")
                row |= {f"{name}_{word}": round(100 * value, 4) for word, value in zip(words, rate, strict=True)}
            rows.append(row)
        return pd.DataFrame(rows)

    def why_nothing(self) -> str:
        """Why no case of any subgroup has another outcome; empty when some have."""
        return self.study.impact.why_nothing()


def flow_by(study: Study, names: Sequence[str]) -> SubgroupFlow:
    """The flow of every combination of some columns (grouping.py names them); raises ProblemsFound for others."""
    by = Groups(study.policy, tuple(names))
    counts = np.zeros(0, dtype=np.int64)
    examples: dict[tuple[int, int, int], list[str]] = {}
    for part in study.cases.slices():
        labels = by.of(part) if by.names else np.zeros(len(part), dtype=np.intp)
        before, after = (
            determine(s.policy, under(part, s.policy), s, asking=False).outcome.astype(np.int64)
            for s in (study.baseline, study.scenario)
        )
        key = (labels * _WORDS + before) * _WORDS + after
        found = np.bincount(key, minlength=len(by) * _WORDS**2)
        counts = np.pad(counts, (0, len(found) - len(counts))) + found
        moved = np.flatnonzero(before != after)
        for row in pd.Series(moved).groupby(key[moved]).head(EXAMPLES):
            ids = examples.setdefault((int(labels[row]), int(before[row]), int(after[row])), [])
            if len(ids) < EXAMPLES and not study.guarded:
                ids.append(str(part.ids[row]))
    return SubgroupFlow(study, by, counts.reshape(-1, _WORDS, _WORDS), examples)


# What is behind a gap ------------------------------------------------------------------------------------------------


def drivers(found: Subgroups, gap: Mapping[str, Any]) -> pd.DataFrame:
    """How far each lever alone, over its whole domain, moves a gap of approvals under the scenario (a row of `gaps`).

    One row per lever, the strongest first: lever, label, now (its value), gap_now, least_at, least, most_at, most (the
    gap nearest to 0 and farthest from it, points), lowest, highest, swing (their difference; exactly 0 for an inert
    lever), and back: what the gap would be if this lever alone went back to the baseline. Only the order is given where
    small cells are withheld, as each number would be one more result to subtract.
    """
    study, base = found.study, found.study.scenario
    batches = [Batch(under(cases, base.policy)) for cases in found.labelled()]
    rows = []
    for name, lever in study.policy.levers.items():
        values = list(dict.fromkeys([*lever.values(), base[name], study.baseline[name]]))
        counted = Levels.of(base, batches, [name], Groups(base.policy, (str(gap["column"]),)))
        places = [counted.groups.numbers[(str(gap[label]),)] for label in ("group", "reference")]
        gaps = [_gap(counted.at(settings), places) for settings in each(base, {name: values})]
        now, back = gaps[values.index(base[name])], gaps[values.index(study.baseline[name])]
        low, high = int(np.argmin(np.abs(gaps))), int(np.argmax(np.abs(gaps)))
        row: dict[str, Any] = {"lever": name, "label": lever.label, "now": lever.show(base[name]), "gap_now": now}
        row |= {"least_at": lever.show(values[low]), "least": gaps[low]}
        row |= {"most_at": lever.show(values[high]), "most": gaps[high]}
        row |= {"lowest": min(gaps), "highest": max(gaps), "swing": max(gaps) - min(gaps)}
        rows.append(row | {"back": back if base[name] != study.baseline[name] else None})
    table = pd.DataFrame(rows).sort_values(["swing", "lever"], ascending=[False, True], ignore_index=True)
    if found.suppressed:
        return table[table["swing"] > 0][["lever", "label", "now"]]
    return table.round(dict.fromkeys(("gap_now", "least", "most", "lowest", "highest", "swing", "back"), 4))


def _gap(counts: NDArray[np.int64], places: Sequence[int]) -> float:
    one, other = (counts[place] for place in places)
    return float(100 * (one[MET] / one.sum() - other[MET] / other.sum()))
