"""Who is approved among whom: rates by subgroup, and gaps that are one family of comparisons.

Every case of every slice is determined twice and counted by subgroup, so all tables come from the same counts. In a
case table the cases may be people: counts of 1 to 10, and what would give them away in any of the tables, are withheld
(disclosure_control.py). Whether a gap can be real at all is read off the population page, if any (`Dependence`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import OUTCOMES, Policy
from policy.model.fields import AGE
from simulations.counting.grouping import Groups
from simulations.population.columns import BENEFIT
from simulations.population.dependence import Dependence, dependence
from simulations.statistics.disclosure_control import SMALL, TOO_FEW
from simulations.statistics.intervals import Interval, sidak, wilson
from simulations.statistics.number_format import for_table, in_percent
from simulations.statistics.release import Withheld, of_columns
from simulations.statistics.simultaneous import LEAST, Compared, Side, pairs_of, standardised
from simulations.studies.comparison import Study
from simulations.studies.impact import cells, under
from simulations.studies.paired_rates import MET, NOT_MET, Counts, paired_rates

AGE_BAND = "age_band"
COLUMNS = (
    AGE_BAND, "sex", "line_of_business", "race_ethnicity",
    "rural", "low_income_subsidy", "dual_eligible", "disability",
)  # fmt: skip
BANDS = {0: "0-17", 18: "18-34", 35: "35-49", 50: "50-64", 65: "65-79", 80: "80 and over"}  # first year -> band
UNKNOWN = ""  # not documented
MOST_GROUPS = 20  # of one column; the others are put together
SETTINGS = ("baseline", "scenario")
APPROVED, REFUSED = "met", "refused_would_help"  # of all cases; of those it would help by simulated truth, not met
AS_THEY_ARE, ALIKE = "as they are", "the same"  # what the groups ask for
_WORDS = len(OUTCOMES)


@dataclass(frozen=True)
class Column:
    """Counts of one column's groups: int64 (groups, 6, 6), outcome under the baseline, then under the scenario.

    `helped`: the same for those whom the procedure would help by simulated truth; None where truth is not known.
    `requests`: int64 (groups, diagnoses x procedures, 2, 3, 3), would help no, yes; met, not met or other before, then
    after; None where small counts are withheld. `hidden`: what is withheld of each group; None where they are told.
    `same` and `way`: as `paired_rates` takes them.
    """

    name: str
    groups: tuple[str, ...]
    flow: Counts
    helped: Counts | None
    requests: Counts | None
    hidden: tuple[Withheld, ...] | None
    same: bool = False
    way: int = 0

    @property
    def reference(self) -> int | None:
        """The group that the others are compared with: the largest that is documented and whose cases are told.

        The first one where none is told: that a withheld group is the largest would say how small the others are.
        """
        known = [i for i, group in enumerate(self.groups) if group != UNKNOWN]
        told = [i for i in known if self.cases(i) is not None]
        return max(told, key=lambda i: int(self.flow[i].sum()), default=min(known, default=None))

    def cases(self, group: int) -> int | None:
        """Number of cases of a group, None where withheld."""
        return None if self.hidden is not None and self.hidden[group].cases else int(self.flow[group].sum())

    def count(self, group: int, setting: str, outcome: int) -> int | None:
        """Cases of an outcome, None where withheld."""
        which = SETTINGS.index(setting)
        if self.hidden is not None and getattr(self.hidden[group], setting)[outcome]:
            return None
        return int(self.flow[group].sum(axis=1 - which)[outcome])

    def among(self, group: int, setting: str, measure: str = APPROVED) -> tuple[int, int] | None:
        """Hits and cases of a rate: `met` of all cases, or not met of those it would help."""
        if measure == APPROVED:
            cases, hits = self.cases(group), self.count(group, setting, MET)
            return None if cases is None or hits is None else (hits, cases)
        if self.helped is None:
            return None
        by_outcome = self.helped[group].sum(axis=1 - SETTINGS.index(setting))
        return int(by_outcome[NOT_MET]), int(by_outcome.sum())

    def divided_by(self, group: int, measure: str) -> int | None:
        """Cases that a rate is of: all of the group, or those it would help; None where withheld or not known."""
        if measure == APPROVED:
            return self.cases(group)
        return None if self.helped is None else int(self.helped[group].sum())

    def change(self, group: int) -> Interval | None:
        """Change of the approval rate, paired; None where withheld, for its interval tells who stays met."""
        if self.hidden is not None and self.hidden[group].change:
            return None
        return paired_rates(self.flow[group], self.same, way=self.way)[2]

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
                refused = self.among(i, setting, REFUSED)
                row |= {"would_help": refused[1] if refused else None}
                row |= {f"{setting}_{REFUSED}": refused[0] if refused else None}
                row |= _in_percent(f"{setting}_{REFUSED}", refused)
            rows.append(row)
        return rows

    def comparisons(self, measure: str) -> list[tuple[int, Compared | None, Compared | None]]:
        """Each group that is compared with the reference: as they are (None where withheld), and asking for the same.

        A group of fewer than LEAST cases, of those that the share is of, is not compared; one whose cases are withheld
        is listed, whatever they are.
        """
        base = self.reference
        if base is None or (measure == REFUSED and self.helped is None):
            return []
        flow, outcome = (self.flow, MET) if measure == APPROVED else (self.helped, NOT_MET)
        assert flow is not None
        pairs = pairs_of(flow, outcome)
        crude: dict[int, Compared | None] = {}
        for i in [i for i, group in enumerate(self.groups) if group != UNKNOWN and i != base]:
            cases = [self.divided_by(place, measure) for place in (i, base)]
            if None in cases:
                crude[i] = None
            elif min(n or 0 for n in cases) >= LEAST:
                crude[i] = Compared(Side.of(pairs[i]), Side.of(pairs[base]))
        if self.requests is None:
            return [(i, pair, None) for i, pair in crude.items()]
        counts = pairs_of(self.requests.sum(axis=2) if measure == APPROVED else self.requests[:, :, 1], outcome)
        return [(i, pair, standardised(counts[i], counts[base])) for i, pair in crude.items()]

    def told(self, group: int, setting: str, measure: str) -> bool:
        """Whether a rate, or the change of one, is told."""
        if setting == "change":
            return measure != APPROVED or self.change(group) is not None
        return self.among(group, setting, measure) is not None


def _in_percent(name: str, found: Interval | tuple[int, int] | None, unit: str = "pct") -> dict[str, float | None]:
    """name_pct, name_low, name_high, from an interval or from hits and cases; None where there is none."""
    if found is not None and not isinstance(found, Interval):
        found = wilson(*found) if found[1] else None
    values = (None,) * 3 if found is None else tuple(in_percent(value) for value in found)
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

    @cached_property
    def _compared(self) -> list[dict[str, Any]]:
        """Every comparison of every column and measure, with what is compared under `pair`."""
        found = []
        for column in self.columns:
            for measure in (APPROVED, REFUSED):
                for i, *pairs in column.comparisons(measure):
                    places = (i, column.reference or 0)
                    row: dict[str, Any] = {"column": column.name, "measure": measure, "places": places}
                    row |= {name: column.groups[at] for name, at in zip(("group", "reference"), places, strict=True)}
                    sizes = [column.divided_by(place, measure) for place in places]
                    row |= dict(zip(("cases", "reference_cases"), sizes, strict=True))
                    ways = zip((AS_THEY_ARE, ALIKE), pairs, strict=True)
                    found += [row | {"requests": way, "pair": pair} for way, pair in ways if pair or way == AS_THEY_ARE]
        return found

    @property
    def family(self) -> int:
        """How many intervals of gaps this report tells: of each comparison before, after, and of both changes."""
        each_tells = 1 if self.study.impact.same else 4
        return each_tells * sum(row["pair"] is not None for row in self._compared)

    @cached_property
    def _gaps(self) -> pd.DataFrame:
        z, same, rows = sidak(max(1, self.family)), self.study.impact.same, []
        for one in self._compared:
            column, pair, places = self[one["column"]], one["pair"], one["places"]
            told = pair.rows(z, same) if pair else ((setting, None, None) for setting in (*SETTINGS, "change"))
            for setting, gap, times in told:
                if not all(column.told(place, setting, one["measure"]) for place in places):
                    gap = times = None
                row = {name: value for name, value in one.items() if name not in ("places", "pair")}
                row |= {"setting": setting, **_in_percent("gap", gap, "points")}
                values = [None if v is None or not isfinite(v) else for_table(v) for v in times or (None,) * 3]
                row |= dict(zip(("ratio", "ratio_low", "ratio_high"), values, strict=True))
                real = self.dependence(column.name)
                luck = real == "none" or (real == "requests" and one["requests"] == ALIKE)
                apart = gap is not None and (gap.low > 0 or gap.high < 0)
                rows.append(row | {"beyond_luck": None if gap is None else apart and not luck})
        names = ["column", "measure", "group", "reference", "requests", "cases", "reference_cases", "setting",
                 "gap_points", "gap_low", "gap_high", "ratio", "ratio_low", "ratio_high", "beyond_luck"]  # fmt: skip
        return pd.DataFrame(rows, columns=names)

    def gaps(self) -> pd.DataFrame:
        """Each group against the largest of its column: one row per measure, `requests` (as they are; the same, with
        diagnosis and procedure held) and setting (baseline, scenario, change), with simultaneous intervals.

        Of the change, `gap_points` is how much the gap moves, and `ratio` the ratio after over the ratio before.
        `beyond_luck`: the interval in points leaves 0 out, and the population does not rule the gap out.
        """
        return self._gaps.copy()

    def dependence(self, column: str) -> Dependence | None:
        """How outcomes can depend on a column; None for cases that were not drawn from a population here."""
        return self._dependences.get(column)

    @cached_property
    def _dependences(self) -> dict[str, Dependence]:
        cases = self.study.cases
        names = {AGE if c.name == AGE_BAND else c.name: c.name for c in self.columns} if cases.drawn else {}
        known = {name: label for name, label in names.items() if name in cases.population}
        return {label: dependence(cases.population, self.study.policy, n, names) for n, label in known.items()}

    def labelled(self) -> Iterator[Cases]:
        """The cases with the band of their age as one more group column."""
        return labelled(self.study)

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def some(self, measure: str = APPROVED, requests: str = AS_THEY_ARE, setting: str = "scenario") -> pd.DataFrame:
        """The rows of `gaps` of one kind, one for each comparison."""
        gaps = self._gaps
        mine = (gaps["measure"] == measure) & (gaps["requests"] == requests) & (gaps["setting"] == setting)
        return gaps[mine].reset_index(drop=True)

    def widest(self) -> dict[str, Any] | None:
        """The gap of approvals under the scenario that lies farthest beyond luck; None where none does."""
        now = self.some()
        now = now[now["beyond_luck"].fillna(False).astype(bool)]
        if now.empty:
            return None
        row = now.iloc[int(np.argmax(np.maximum(now["gap_low"], -now["gap_high"])))].to_dict()
        return {str(key): None if pd.isna(value) else value for key, value in row.items()}

    def untold(self) -> int:
        """How many comparisons of approvals under the scenario are withheld."""
        return int(self.some()["gap_points"].isna().sum()) if self.suppressed else 0


def stratify(study: Study, suppress: bool = False) -> Subgroups:
    """Both settings of a study over its cases, by every subgroup column that they have.

    `suppress`: withhold small cells also of cases that are nobody; those of people are withheld in any case. What the
    study tells of all cases is then part of the same account (`Subgroups.study`).
    """
    synthetic = study.cases.drawn and study.cases.population.helps
    hiding = study.guarded or bool(suppress)
    by, flows, asked = _counted(study, synthetic, hiding)
    labelled = {name: [label for (label,) in groups.numbers] for name, groups in by.items()}
    known = {name: present for name, present in labelled.items() if not set(present) <= {UNKNOWN}}
    columns = [
        replace(
            _column(name, labels, flows[name], asked.get(name), synthetic),
            same=study.impact.same,
            way=study.impact.way,
        )
        for name, labels in known.items()
    ]
    absent = ({*columns_of(study.policy)} | by.keys()) - known.keys()
    names = tuple(name for name in (*COLUMNS, *sorted(by.keys() - {*COLUMNS})) if name in absent)
    if hiding and study.cases.size <= SMALL:
        return Subgroups(study.telling(Withheld.everything()), (), (), hiding)
    if hiding and columns:
        everyone, hidden = of_columns({column.name: column.flow for column in columns})
        columns = [replace(column, hidden=tuple(hidden[column.name])) for column in columns]
        study = study.telling(everyone)
    return Subgroups(study, tuple(columns), names, hiding)


def _counted(
    study: Study, synthetic: bool, hiding: bool
) -> tuple[dict[str, Groups], dict[str, Counts], dict[str, Counts]]:
    """Of each column its groups, the flows of their cases, and what they ask for (not where small cells are hidden)."""
    by: dict[str, Groups] = {}
    flows: dict[str, Counts] = {}
    asked: dict[str, Counts] = {}
    for cases in labelled(study):
        before, after = (
            determine(s.policy, under(cases, s.policy), s, asking=False).outcome
            for s in (study.baseline, study.scenario)
        )
        helps = np.asarray(cases.groups[BENEFIT] == "true") if synthetic else np.zeros(len(cases), dtype=np.bool_)
        request = _request(study.policy, cases)
        few = [np.minimum(outcome, 2) for outcome in (before, after)]  # met, not met, other
        for name in group_columns(cases):
            groups = by.setdefault(name, Groups(study.policy, (name,)))
            labels, helped = groups.of(cases), helps.astype(np.intp)
            _add(flows, name, (labels, helped, before, after), (len(groups), 2, _WORDS, _WORDS))
            if not hiding:
                _add(asked, name, (labels, request[0], helped, *few), (len(groups), request[1], 2, 3, 3))
    return by, flows, asked


def _add(held: dict[str, Counts], name: str, where: tuple[NDArray[np.integer], ...], shape: tuple[int, ...]) -> None:
    """Count the cases of a slice by their places, and add them to what is held, which may have fewer groups."""
    found = np.bincount(np.ravel_multi_index(where, shape), minlength=int(np.prod(shape))).reshape(shape)
    counts = found.astype(np.int64)
    before = held.get(name, counts[:0])
    counts[: len(before)] += before
    held[name] = counts


def _request(policy: Policy, cases: Cases) -> tuple[NDArray[np.intp], int]:
    """Diagnosis x procedure of each case as one number, and how many there are."""
    diagnosis, procedure = cells(policy, cases)
    wide = len(policy.procedures) + 1
    return diagnosis * wide + procedure, (len(policy.diagnoses) + 1) * wide


def _column(name: str, labels: Sequence[str], flow: Counts, asked: Counts | None, truth: bool) -> Column:
    """The groups in order, small ones put together where they are withheld anyway or too many to show.

    `asked`: the counts by request, None where small counts are withheld.
    """
    hiding = asked is None
    sizes = flow.sum(axis=(1, 2, 3))
    order = sorted(range(len(labels)), key=lambda i: _order(name, labels[i]))
    known = sorted((i for i in order if labels[i] != UNKNOWN), key=lambda i: -int(sizes[i]))
    others = known[MOST_GROUPS - 1 :] if len(known) > MOST_GROUPS else []
    tiny = [i for i in known if hiding and sizes[i] <= SMALL]
    others = [i for i in order if i in {*others, *(tiny if len(tiny) > 1 else ())}]
    kept = [i for i in order if i not in others and labels[i] != UNKNOWN]
    last = [i for i in order if labels[i] == UNKNOWN]
    parts = [[i] for i in kept] + [others] * bool(others) + [[i] for i in last]
    together = "smaller groups together" if hiding else f"{len(others)} smaller groups"
    names = [labels[i] for i in kept] + [together] * bool(others) + [UNKNOWN] * len(last)
    counts = np.array([flow[part].sum(axis=0) for part in parts])
    requests = None if asked is None else np.array([asked[part].sum(axis=0) for part in parts])
    helped = counts[:, 1] if truth and not hiding else None
    return Column(name, tuple(names), counts.sum(axis=1), helped, requests, None)


def _order(name: str, label: str) -> tuple[int, str]:
    return (list(BANDS.values()).index(label) if name == AGE_BAND and label else 0, label)


def labelled(study: Study) -> Iterator[Cases]:
    """The cases with the band of their age, if they have one, as one more group column."""
    truths = (BENEFIT,) if study.cases.drawn and study.cases.population.helps else ()
    for cases in study.cases.slices(truths=truths):
        if AGE_BAND not in columns_of(study.policy):
            yield cases
            continue
        age = cases.facts[AGE]
        place = np.searchsorted(list(BANDS), age, side="right") - 1
        bands = pd.Categorical.from_codes(place, categories=pd.Index(list(BANDS.values()), dtype=object))
        cases.groups[AGE_BAND] = bands  # an age of -1, not documented, falls before the first band
        yield cases


def group_columns(cases: Cases) -> list[str]:
    """The subgroup columns that these cases have, filled or not."""
    known = {*cases.facts, *cases.groups}
    return [*(name for name in COLUMNS if name in known), *sorted(n for n in cases.groups if n.startswith("group_"))]


def columns_of(policy: Policy) -> tuple[str, ...]:
    """The subgroup columns that a policy has: bands of age (in years), and those of COLUMNS that are words."""
    kinds, years = policy.fields_, policy.fields_.get(AGE)
    found = {name for name in COLUMNS if name in kinds and (kinds[name].words or kinds[name].type == "text")}
    found |= {AGE_BAND} if years is not None and (years.type, years.unit) == ("whole", "years") else set()
    return tuple(name for name in COLUMNS if name in found)
