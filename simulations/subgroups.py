"""Who is approved among whom: rates by subgroup, gaps with intervals, wrongful refusals, and the lever behind a gap.

Every case of every slice is determined twice and counted by subgroup, so all tables come from the same counts. In a
case table the cases may be people: counts of 1 to 10, and what would give them away in any of the tables, are withheld
(suppression.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases import Cases
from policy.evaluation import determine
from policy.model import OUTCOMES
from simulations.grouping import Groups
from simulations.impact import under
from simulations.intervals import Interval, Z, independent_difference, paired_change, wilson
from simulations.levels import Batch, Levels
from simulations.profiles import each
from simulations.release import Withheld, of_columns
from simulations.study import Study
from simulations.suppression import SMALL, TOO_FEW
from simulations.truth import BENEFIT

COLUMNS = (
    "age_band", "sex", "line_of_business", "race_ethnicity",
    "rural", "low_income_subsidy", "dual_eligible", "disability",
)  # fmt: skip
BANDS = {0: "0-17", 18: "18-34", 35: "35-49", 50: "50-64", 65: "65-79", 80: "80 and over"}  # first year -> band
UNKNOWN = ""  # not documented
MOST_GROUPS = 20  # of one column; the others are put together
SETTINGS = ("baseline", "scenario")
MET, NOT_MET = OUTCOMES.index("met"), OUTCOMES.index("not_met")
_WORDS = len(OUTCOMES)

Counts = NDArray[np.int64]


def ratio(hits: int, cases: int, other_hits: int, other_cases: int) -> Interval | None:
    """Share divided by another share, with Katz' interval (normal on the scale of the logarithm); None at no hits."""
    if not hits or not other_hits:
        return None
    value = (hits / cases) / (other_hits / other_cases)
    half = Z * sqrt(1 / hits - 1 / cases + 1 / other_hits - 1 / other_cases)
    return Interval(value, value * exp(-half), exp(log(value) + half))


@dataclass(frozen=True)
class Column:
    """Counts of one column's groups: int64 (groups, 6, 6), outcome under the baseline, then under the scenario.

    `helped`: the same for those whom the procedure would help by simulated truth; None where truth is not known.
    `hidden`: what is withheld of each group; None where small counts are told.
    """

    name: str
    groups: tuple[str, ...]
    flow: Counts
    helped: Counts | None
    hidden: tuple[Withheld, ...] | None

    @property
    def reference(self) -> int | None:
        """The group that the others are compared with: the largest that is documented."""
        known = [i for i, group in enumerate(self.groups) if group != UNKNOWN]
        return max(known, key=lambda i: int(self.flow[i].sum()), default=None)

    def cases(self, group: int) -> int | None:
        """Number of cases of a group, None where withheld."""
        return None if self.hidden is not None and self.hidden[group].cases else int(self.flow[group].sum())

    def count(self, group: int, setting: str, outcome: int) -> int | None:
        """Cases of an outcome, None where withheld."""
        which = SETTINGS.index(setting)
        if self.hidden is not None and getattr(self.hidden[group], setting)[outcome]:
            return None
        return int(self.flow[group].sum(axis=1 - which)[outcome])

    def among(self, group: int, setting: str, measure: str = "met") -> tuple[int, int] | None:
        """Hits and cases of a rate: `met` of all cases, or `wrongful`: not met, of those it would help."""
        if measure == "met":
            cases, hits = self.cases(group), self.count(group, setting, MET)
            return None if cases is None or hits is None else (hits, cases)
        if self.helped is None:
            return None
        by_outcome = self.helped[group].sum(axis=1 - SETTINGS.index(setting))
        return int(by_outcome[NOT_MET]), int(by_outcome.sum())

    def change(self, group: int) -> Interval | None:
        """Change of the approval rate, paired; None where withheld, for its interval tells who stays met."""
        if self.hidden is not None and self.hidden[group].change:
            return None
        flow = self.flow[group]
        both, before, after = int(flow[MET, MET]), int(flow[MET].sum()), int(flow[:, MET].sum())
        return paired_change(both, before - both, after - both, int(flow.sum()) - before - after + both)

    def rates(self) -> list[dict[str, Any]]:
        """One row per group: cases, every outcome before and after, the rates in % with 95 % intervals, the change."""
        rows = []
        for i, group in enumerate(self.groups):
            row: dict[str, Any] = {"column": self.name, "group": group or "not documented", "cases": self.cases(i)}
            for setting in SETTINGS:
                row |= {f"{setting}_{word}": self.count(i, setting, k) for k, word in enumerate(OUTCOMES)}
            for setting in SETTINGS:
                row |= _in_percent(f"{setting}", self.among(i, setting))
            row |= _in_percent("change", self.change(i), "points")
            for setting in SETTINGS if self.helped is not None else ():
                wrongful = self.among(i, setting, "wrongful")
                row |= {"would_help": wrongful[1] if wrongful else None}
                row |= {f"{setting}_wrongful": wrongful[0] if wrongful else None}
                row |= _in_percent(f"{setting}_wrongful", wrongful)
            rows.append(row)
        return rows

    def gaps(self) -> list[dict[str, Any]]:
        """One row per measure, documented group and setting against the reference: points and ratio with intervals."""
        rows = []
        base = self.reference
        for measure in ("met", "wrongful") if base is not None else ():
            for i, group in enumerate(self.groups):
                for setting in SETTINGS if group != UNKNOWN and i != base else ():
                    assert base is not None
                    one, other = self.among(i, setting, measure), self.among(base, setting, measure)
                    if measure == "wrongful" and (one is None or other is None):
                        continue
                    able = one is not None and other is not None and one[1] and other[1]
                    row: dict[str, Any] = {"column": self.name, "measure": measure, "group": group}
                    row |= {"reference": self.groups[base], "setting": setting}
                    row |= _in_percent(
                        "gap", independent_difference(*one, *other) if able and one and other else None, "points"
                    )
                    times = ratio(*one, *other) if able and one and other else None
                    parts = ("ratio", "ratio_low", "ratio_high")
                    row |= {
                        k: round(v, 4) if v is not None else None
                        for k, v in zip(parts, times or (None,) * 3, strict=True)
                    }
                    rows.append(row)
        return rows


def _in_percent(name: str, found: Interval | tuple[int, int] | None, unit: str = "pct") -> dict[str, float | None]:
    """name_pct, name_low, name_high, from an interval or from hits and cases; None where there is none."""
    if found is not None and not isinstance(found, Interval):
        found = wilson(*found) if found[1] else None
    values = (None,) * 3 if found is None else tuple(round(100 * value, 4) for value in found)
    return dict(zip((f"{name}_{unit}", f"{name}_low", f"{name}_high"), values, strict=True))


@dataclass(frozen=True)
class Subgroups:
    """The subgroups of a study; `absent`: columns with nothing documented; `suppressed`: small cells are withheld."""

    study: Study
    columns: tuple[Column, ...]
    absent: tuple[str, ...]
    suppressed: bool

    @property
    def silent(self) -> str:
        """Why nothing is told; empty where something is."""
        return TOO_FEW if self.suppressed and self.study.cases.size <= SMALL else ""

    def rates(self) -> pd.DataFrame:
        """One row per column and group (`Column.rates`)."""
        rows = [row for column in self.columns for row in column.rates()]
        return pd.DataFrame(rows, columns=None if rows else ["column", "group", "cases"]).convert_dtypes()

    def gaps(self) -> pd.DataFrame:
        """One row per column, measure, group and setting (`Column.gaps`)."""
        names = ["column", "measure", "group", "reference", "setting", "gap_points", "gap_low", "gap_high",
                 "ratio", "ratio_low", "ratio_high"]  # fmt: skip
        return pd.DataFrame([row for column in self.columns for row in column.gaps()], columns=names)

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def widest(self, measure: str = "met") -> dict[str, Any] | None:
        """The gap under the scenario whose interval lies farthest from 0; None where every interval reaches 0."""
        gaps = self.gaps()
        now = gaps[(gaps["measure"] == measure) & (gaps["setting"] == "scenario")].dropna(subset=["gap_points"])
        sure = [max(row["gap_low"], -row["gap_high"]) for row in now.to_dict("records")]
        if not sure or max(sure) <= 0:
            return None
        row = now.iloc[int(np.argmax(sure))].to_dict()
        return {str(key): None if pd.isna(value) else value for key, value in row.items()}

    def untold(self) -> int:
        """How many comparisons of approvals under the scenario are withheld."""
        if not self.suppressed:
            return 0
        gaps = self.gaps()
        now = gaps[(gaps["measure"] == "met") & (gaps["setting"] == "scenario")]
        return int(now["gap_points"].isna().sum())


def measure(study: Study, suppress: bool = False) -> Subgroups:
    """Both settings of a study over its cases, by every subgroup column that they have.

    `suppress`: withhold small cells also of cases that are nobody; those of people are withheld in any case. What the
    study tells of all cases is then part of the same account (`Subgroups.study`).
    """
    synthetic = study.cases.drawn
    hiding = study.guarded or bool(suppress)
    by: dict[str, Groups] = {}
    flows: dict[str, Counts] = {}
    for cases in _labelled(study):
        before, after = (
            determine(s.policy, under(cases, s.policy), s, asking=False).outcome
            for s in (study.baseline, study.scenario)
        )
        helps = np.asarray(cases.groups[BENEFIT] == "true") if synthetic else np.zeros(len(cases), dtype=np.bool_)
        for name in _names(cases):
            groups = by.setdefault(name, Groups(study.policy, (name,)))
            labels = groups.of(cases)
            shape = (len(groups), 2, _WORDS, _WORDS)
            where = np.ravel_multi_index((labels, helps.astype(np.intp), before, after), shape)
            counts = np.bincount(where, minlength=int(np.prod(shape))).reshape(shape).astype(np.int64)
            held = flows.get(name, counts[:0])
            counts[: len(held)] += held
            flows[name] = counts
    columns: list[Column] = []
    absent = {*COLUMNS} - by.keys()
    for name, groups in by.items():
        present = [label for (label,) in groups.numbers]
        if set(present) <= {UNKNOWN}:
            absent.add(name)
        else:
            columns.append(_column(name, present, flows[name], synthetic, hiding))
    names = tuple(name for name in (*COLUMNS, *sorted(by.keys() - {*COLUMNS})) if name in absent)
    if hiding and study.cases.size <= SMALL:
        return Subgroups(study.telling(Withheld.everything()), (), (), hiding)
    if hiding and columns:
        everyone, hidden = of_columns({column.name: column.flow for column in columns})
        columns = [replace(column, hidden=tuple(hidden[column.name])) for column in columns]
        study = study.telling(everyone)
    return Subgroups(study, tuple(columns), names, hiding)


def _column(name: str, labels: Sequence[str], flow: Counts, truth: bool, hiding: bool) -> Column:
    """The groups in order, small ones put together where they are withheld anyway or too many to show."""
    sizes = flow.sum(axis=(1, 2, 3))
    order = sorted(range(len(labels)), key=lambda i: _order(name, labels[i]))
    known = sorted((i for i in order if labels[i] != UNKNOWN), key=lambda i: -int(sizes[i]))
    others = known[MOST_GROUPS - 1 :] if len(known) > MOST_GROUPS else []
    tiny = [i for i in known if hiding and sizes[i] <= SMALL]
    others = [i for i in order if i in {*others, *(tiny if len(tiny) > 1 else ())}]
    kept = [i for i in order if i not in others and labels[i] != UNKNOWN]
    last = [i for i in order if labels[i] == UNKNOWN]
    parts = [flow[i] for i in kept] + ([flow[others].sum(axis=0)] if others else []) + [flow[i] for i in last]
    together = "smaller groups together" if hiding else f"{len(others)} smaller groups"
    names = [labels[i] for i in kept] + [together] * bool(others) + [UNKNOWN] * len(last)
    counts = np.array(parts)
    total = counts.sum(axis=1)
    return Column(name, tuple(names), total, counts[:, 1] if truth and not hiding else None, None)


def _order(name: str, label: str) -> tuple[int, str]:
    return (list(BANDS.values()).index(label) if name == "age_band" and label else 0, label)


def _labelled(study: Study) -> Iterator[Cases]:
    """The cases with the band of their age as one more group column."""
    for cases in study.cases.slices(truths=(BENEFIT,)):
        age = cases.facts["age"]
        place = np.searchsorted(list(BANDS), age, side="right") - 1
        bands = pd.Categorical.from_codes(place, categories=pd.Index(list(BANDS.values()), dtype=object))
        cases.groups["age_band"] = bands  # an age of -1, not documented, falls before the first band
        yield cases


def _names(cases: Cases) -> list[str]:
    """The subgroup columns that these cases have, filled or not."""
    known = {"age_band", *cases.facts, *cases.groups}
    return [*(name for name in COLUMNS if name in known), *sorted(n for n in cases.groups if n.startswith("group_"))]


# What is behind a gap ------------------------------------------------------------------------------------------------


def drivers(found: Subgroups, gap: Mapping[str, Any]) -> pd.DataFrame:
    """How far each lever alone, over its whole domain, moves a gap of approvals under the scenario (a row of `gaps`).

    One row per lever, the strongest first: lever, label, now (its value), gap_now, least_at, least, most_at, most (the
    gap nearest to 0 and farthest from it, points), lowest, highest, swing (their difference; exactly 0 for an inert
    lever), and back: what the gap would be if this lever alone went back to the baseline. Only the order is given where
    small cells are withheld, as each number would be one more result to subtract.
    """
    study, base = found.study, found.study.scenario
    batches = [Batch(under(cases, base.policy)) for cases in _labelled(study)]
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


def _gap(counts: Counts, places: Sequence[int]) -> float:
    one, other = (counts[place] for place in places)
    return float(100 * (one[MET] / one.sum() - other[MET] / other.sum()))


def parts(found: Subgroups, gap: Mapping[str, Any]) -> tuple[float, float]:
    """A gap under the scenario as (what the groups ask for, the rest), in points that add up to it (Kitagawa's parts).

    The first is the difference of their mixes of diagnosis and procedure at the mean of their rates; the second that of
    their rates at the mean of their mixes. A request that only one group makes counts towards the first.
    """
    names = (str(gap["column"]), "diagnosis", "procedure")
    base = found.study.scenario
    batches = (Batch(under(cases, base.policy)) for cases in _labelled(found.study))
    counted = Levels.of(base, batches, [], Groups(base.policy, names))
    counts = counted.at(base)
    cells: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for (label, *request), row in zip(counted.groups.numbers, counts, strict=True):
        for place, wanted in enumerate((gap["group"], gap["reference"])):
            if label == wanted:
                cells.setdefault(tuple(request), [(0, 0), (0, 0)])[place] = (int(row[MET]), int(row.sum()))
    hits, cases = np.array(list(cells.values()), dtype=np.float64).transpose(2, 1, 0)
    rates = np.divide(hits, cases, out=np.zeros_like(hits), where=cases > 0)
    rates = np.where(cases > 0, rates, rates[::-1])
    mixes = cases / cases.sum(axis=1, keepdims=True)
    asked = float(((mixes[0] - mixes[1]) * rates.mean(axis=0)).sum())
    return 100 * asked, 100 * float(((rates[0] - rates[1]) * mixes.mean(axis=0)).sum())
