"""Every number of one report per template, made again by code apart from the product's (recount.py), differences 0.

The cases are the product's draw, read as rows of text; outcomes, counts, shares and intervals are made here. Counts are
compared exactly, shares to 1e-9 after rounding as the file does. `pytest -rP` says how many numbers were compared.

Not made again, or not independently:
- `assumptions` of summary.json and assumption_* of spreads.csv: the reports are run with draws=0; what a drawn page
  is worth is the product's own reading of its ranges (tests/simulations/test_assumptions.py asks that).
- reasons_baseline and reasons_scenario of examples.csv, in_words of levers.csv, all but the first
  column of sources.csv, labels and fingerprints: words. Pages in HTML and pictures are not read; the
  sentences that are (headline, finding, the Medicare notice) are those of summary.json.
- papers.csv: asked, alone, could_be_met, could_be_refused, and price.one_paper: which papers can still matter is what
  tests/policy/brute_force.py searches, too slow for a whole table; here only that `alone` adds up to one_paper.
- expected of targets_*.csv and predictive_values.csv, prevalence, sensitivity, false_positive and cut_off.csv:
  exact sums over a page's tables; held to five standard errors of 400,000 other draws of the product's generator.
- low and high of bootstrap.csv: luck of the product's own stream; held to the multinomial within 4.5 standard errors.
- gaps.csv where requests are the same: the effective sizes of standardised shares follow the words of the docstring, as
  no paper has just this steadied variance. can_tell, depends and direction exceptions: read off page and policy by eye.
- Which interval a one-way lever has (exact instead of Newcombe's) is taken from where the product uses it: groups.csv,
  sweep, grid, ranking and summary.json; not subgroups.csv and alternatives.csv.
"""

import datetime
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from math import comb, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from simulations import population
from tests.policy.interpreter import later
from tests.simulations import recount
from tests.simulations.disclosure import table, told
from tests.simulations.recount import (
    BEFORE_AND_AFTER,
    RANK,
    WORDS,
    ByHand,
    change,
    differences,
    document,
    flow_of,
    group_of,
    numbers_in,
    places,
    scenario,
    spoken_of,
    wilson,
)

pytestmark = pytest.mark.slow

SIZE, SEED = 1500, 7
PRESETS = ("p2a_cms_facet", "p2b_cms_epidural", "p2c_cms_trigger_point", "p2d_cms_peripheral_nerve")
TREE = document()
WEEKS = {"conservative_weeks": 8}
BOTH_WAYS = {"conservative_weeks": 8, "relief_pct": 70, "undocumented_action": "not_met"}
# Question -> the levers, and whether they can only take approvals away (-1) or do both (0).
QUESTIONS = {"weeks": (WEEKS, -1), "both ways": (BOTH_WAYS, 0)}

Rows = list[dict[str, str]]


@pytest.fixture(autouse=True)
def counted(request):
    recount.TALLY[0] = 0
    yield
    print(f"{request.node.name}: {recount.TALLY[0]:,} numbers compared")


@pytest.mark.parametrize("wrong", [{"cases": 4}, {"pct": 33.3334}, {"pct": None}, {"group": "b"}])
def test_one_wrong_cell_is_a_difference(wrong):
    mine = [{"group": "a", "cases": 3, "pct": 100 / 3}]
    right = {"group": "a", "cases": 3, "pct": 33.3333}
    assert not differences(mine, pd.DataFrame([right]))
    assert differences(mine, pd.DataFrame([right | wrong]))
    assert differences(mine, pd.DataFrame([right, right]))
    assert differences(mine, pd.DataFrame([right | {"more": 1}]))


@cache
def cases(name: str = "seed_low_prevalence", size: int = SIZE) -> Rows:
    return recount.rows_of(population.generate(population.load(name), size, SEED))


@cache
def standing() -> ByHand:
    return ByHand(TREE)


def moved(provisions: Mapping[str, Any]) -> ByHand:
    return standing().at(**{name: str(value) for name, value in provisions.items()})


def judged(reader: ByHand, rows: Rows) -> list[str]:
    return [reader.determine(case).outcome for case in rows]


@cache
def preset(name: str) -> ByHand:
    plan = scenario(name)
    return ByHand(TREE, plan.get("provisions") or {}, plan.get("criteria", ()))


def report(template: str, out: Path, **question: Any) -> tuple[Callable[[str], Any], dict[str, Any]]:
    """The tables by name and summary.json of a template run here."""
    told(template, out, **{"seed": SEED, "size": SIZE, **question})
    return lambda name: table(out, name), json.loads((out / "summary.json").read_text("utf-8"))


def in_percent(name: str, span: Iterable[float] | None, unit: str = "pct") -> dict[str, float | None]:
    values = [None] * 3 if span is None else [100 * float(value) for value in span]
    return dict(zip((f"{name}_{unit}", f"{name}_low", f"{name}_high"), values, strict=True))


def six(outcomes: Iterable[str], prefix: str = "") -> dict[str, int]:
    counted = Counter(outcomes)
    return {f"{prefix}{word}": counted[word] for word in WORDS}


def rated(outcomes: list[str]) -> tuple[float, float, float]:
    return wilson(outcomes.count("met"), len(outcomes))


def of_all(summary: dict[str, Any], before: list[str], after: list[str], way: int) -> None:
    """What every summary.json says of all cases."""
    flow = flow_of(zip(before, after, strict=True))
    n = len(before)
    assert summary["population"]["size"] == n
    assert summary["outcomes"] == {"baseline": six(before), "scenario": six(after)}
    assert summary["flow"] == {b: {a: flow[b, a] for a in WORDS} for b in WORDS}
    assert summary["moved"] == sum(b != a for b, a in zip(before, after, strict=True))
    shares = {name: some.count("met") / n for name, some in zip(BEFORE_AND_AFTER, (before, after), strict=True)}
    refused = {name: some.count("not_met") / n for name, some in zip(BEFORE_AND_AFTER, (before, after), strict=True)}
    value, low, high = change(flow, way)
    mine = {**shares, "change": value, "low": low, "high": high}
    assert summary["approval_rate"] == pytest.approx(mine, abs=1e-9)
    mine = {**refused, "change": refused["scenario"] - refused["baseline"]}
    assert summary["refusal_rate"] == pytest.approx(mine, abs=1e-9)
    words = [100 * x for pair in (shares, refused) for x in pair.values()]
    assert numbers_in(summary["finding"]) == pytest.approx(words, abs=0.05 + 1e-9)
    advantage = next(text for text in summary["notices"] if "Medicare Advantage:" in text)
    rows = list(against_presets(cases(size=n), {"baseline": before, "scenario": after}))
    total, stricter, first = (sum(row[k] for row in rows) for k in ("cases", "scenario_stricter", "baseline_stricter"))
    told = [stricter, total, 100 * stricter / total, first]
    assert numbers_in(advantage) == pytest.approx(told, abs=0.05 + 1e-9)
    recount.TALLY[0] += 12 + 36 + 1 + 8 + 4 + 4


def against_presets(rows: Rows, outcomes: Mapping[str, list[str]]) -> Iterable[dict[str, Any]]:
    """Medicare Advantage requests by preset, diagnosis and procedure: judged stricter, the same or looser."""
    for name in PRESETS:
        plan, found = scenario(name), {}
        for i, case in enumerate(rows):
            place = group_of(TREE, case)
            if case["line_of_business"] != "medicare_advantage" or not spoken_of(plan, place):
                continue
            there = RANK.get(preset(name).determine(case).outcome, 0)
            row = found.setdefault(place, Counter())
            row["cases"] += 1
            for setting, every in outcomes.items():
                here = RANK.get(every[i], 0)
                row[f"{setting}_{'stricter' if here < there else 'looser' if here > there else 'same'}"] += 1
        ways = [f"{setting}_{way}" for setting in outcomes for way in ("stricter", "same", "looser")]
        for place in [one for one in places(TREE) if one in found]:
            yield {"preset": name, "diagnosis": place[0], "procedure": place[1]} | {
                key: found[place][key] for key in ("cases", *ways)
            }


# approval_impact -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_approval_impact(question, tmp_path):
    provisions, way = QUESTIONS[question]
    tables, summary = report("approval_impact", tmp_path / "out", provisions=provisions)
    rows = cases()
    before, after = judged(standing(), rows), judged(moved(provisions), rows)
    of_all(summary, before, after, way)
    flow, n = flow_of(zip(before, after, strict=True)), len(rows)

    mine: list[dict[str, Any]] = []
    for word in WORDS:
        one, two = before.count(word), after.count(word)
        shares = {"baseline_pct": 100 * one / n, "scenario_pct": 100 * two / n, "change_points": 100 * (two - one) / n}
        mine.append({"outcome": word, "baseline": one, "scenario": two, "change": two - one, **shares})
    assert not differences(mine, tables("outcomes"))
    mine = [{"baseline": b} | {a: flow[b, a] for a in WORDS} for b in WORDS]
    assert not differences(mine, tables("flow"))

    mine = []
    where = [group_of(TREE, case) for case in rows]
    for place in [one for one in places(TREE) if one in where]:
        some = [i for i, here in enumerate(where) if here == place]
        mine.append({"diagnosis": place[0], "procedure": place[1], **of_some(before, after, some, way)})
    assert not differences(mine, tables("groups"))

    mine, seen = [], Counter()
    for i, case in enumerate(rows):
        if before[i] != after[i] and (seen := seen + Counter([(before[i], after[i])]))[before[i], after[i]] <= 3:
            mine.append({"baseline": before[i], "scenario": after[i]} | {k: case[k] for k in ("case_id", "dx", "cpt")})
    mine.sort(key=lambda row: (WORDS.index(row["baseline"]), WORDS.index(row["scenario"])))
    assert not differences(mine, tables("examples"), skip=("reasons_baseline", "reasons_scenario"))
    assert not differences(list(against_presets(rows, {"baseline": before, "scenario": after})), tables("medicare"))
    assert list(tables("levers")["lever"]) == [name for name in TREE["levers"] if name in provisions]

    rates = [before.count("met"), after.count("met")]
    value, low, high = (100 * x for x in change(flow, way))
    refused = [100 * some.count("not_met") / n for some in (before, after)]
    said = [100 * rates[0] / n, 100 * rates[1] / n, value, 95, low, high, n, *refused]
    assert numbers_in(summary["headline"]) == pytest.approx(said, abs=0.05 + 1e-9)


def test_no_number_is_minus_zero(tmp_path):
    report("approval_impact", tmp_path / "out", provisions=WEEKS)
    cells = [c for path in (tmp_path / "out").glob("*.csv") for c in re.split("[,\n]", path.read_text("utf-8"))]
    assert not [cell for cell in cells if re.fullmatch(r"-0(\.0*)?", cell)]


def of_some(before: list[str], after: list[str], some: list[int], way: int) -> dict[str, Any]:
    """Outcomes, approval rates and their change of some cases."""
    one, two = [before[i] for i in some], [after[i] for i in some]
    row: dict[str, Any] = {"cases": len(some), **six(one, "baseline_"), **six(two, "scenario_")}
    row |= in_percent("baseline", rated(one)) | in_percent("scenario", rated(two))
    return row | in_percent("change", change(flow_of(zip(one, two, strict=True)), way), "points")


# subgroup_gaps -------------------------------------------------------------------------------------------------------

BANDS = {
    "0-17": (0, 17),
    "18-34": (18, 34),
    "35-49": (35, 49),
    "50-64": (50, 64),
    "65-79": (65, 79),
    "80 and over": (80, 120),
}
GROUPED = (
    "age_band", "sex", "line_of_business", "race_ethnicity",
    "rural", "low_income_subsidy", "dual_eligible", "disability",
)  # fmt: skip
# Read off the page by eye: no table has race or ethnicity in a `when`, and sex hangs on the diagnosis alone.
RULED_OUT = {"race_ethnicity": "none", "sex": "requests"}
LEAST = 30


def label(case: Mapping[str, str], column: str) -> str:
    if column != "age_band":
        return case[column]
    return next((name for name, (low, high) in BANDS.items() if case["age"] and low <= int(case["age"]) <= high), "")


def groups_of(rows: Rows, column: str) -> dict[str, list[int]]:
    """Rows by group, in the order of the table: bands by age, words by letter, what is not documented last."""
    found: dict[str, list[int]] = {}
    for i, case in enumerate(rows):
        found.setdefault(label(case, column), []).append(i)
    order = list(BANDS).index if column == "age_band" else str
    return {name: found[name] for name in [*sorted(found.keys() - {""}, key=order), *({""} & found.keys())]}


def four(before: list[str], after: list[str], some: Iterable[int], word: str) -> list[int]:
    """A word in both, lost, gained, in neither."""
    pairs = Counter((before[i] == word, after[i] == word) for i in some)
    return [pairs[True, True], pairs[True, False], pairs[False, True], pairs[False, False]]


def crude(counts: list[int], z: float) -> dict[str, Any]:
    both, lost, gained, _ = counts
    n = sum(counts)
    return {
        "baseline": wilson(both + lost, n, z), "scenario": wilson(both + gained, n, z),
        "change": recount.paired(*counts, z=z), "times": recount.paired_ratio(*counts, z=z),
    }  # fmt: skip


def alike(
    one: dict[Any, list[int]], other: dict[Any, list[int]], z: float
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both at the first one's mix of requests (direct standardisation), each share worth the cases with its variance.

    As its docstring tells: strata that only one has are left out; in the variance each stratum's shares are drawn
    towards those of both groups together, as by 4 further cases.
    """
    shared = [key for key in one if key in other]
    n = sum(sum(one[key]) for key in shared)
    if n < LEAST:
        return None
    sides = []
    for mine in (one, other):
        told, steady, spread = [0.0] * 4, [0.0] * 4, [0.0] * 3
        for key in shared:
            weight, cases = sum(one[key]) / n, sum(mine[key])
            pooled = [a + b for a, b in zip(one[key], other[key], strict=True)]
            drawn = [(c + 4 * p / sum(pooled)) / (cases + 4) for c, p in zip(mine[key], pooled, strict=True)]
            told = [t + weight * c / cases for t, c in zip(told, mine[key], strict=True)]
            steady = [s + weight * d for s, d in zip(steady, drawn, strict=True)]
            spread = [s + weight**2 * v / cases for s, v in zip(spread, variances(drawn), strict=True)]
        worth = [v / s if s > 0 else float(n) for v, s in zip(variances(steady), spread, strict=True)]
        both, lost, gained, _ = told
        moves = [share * worth[2] for share in told]
        sides.append({
            "baseline": wilson(min(1.0, both + lost) * worth[0], worth[0], z),
            "scenario": wilson(min(1.0, both + gained) * worth[1], worth[1], z),
            "change": recount.paired(*moves, z=z), "times": recount.paired_ratio(*moves, z=z),
        })  # fmt: skip
    return sides[0], sides[1]


def variances(shares: list[float]) -> list[float]:
    """Of one case: of being a hit before, after, and of its move (-1, 0, 1)."""
    both, lost, gained, _ = shares
    p, q = both + lost, both + gained
    return [p - p * p, q - q * q, lost + gained - (gained - lost) ** 2]


def gap_rows(rows: Rows, before: list[str], after: list[str]) -> tuple[list[dict[str, Any]], int]:
    """gaps.csv, and how many intervals are one family."""
    compared: list[tuple[dict[str, Any], Callable[[float], Any]]] = []
    where = [group_of(TREE, case) for case in rows]
    for column in GROUPED:
        groups = groups_of(rows, column)
        known = [name for name in groups if name]
        if not known:
            continue
        base = max(known, key=lambda name: len(groups[name]))
        for measure, word in (("met", "met"), ("refused_would_help", "not_met")):
            among = {
                name: [i for i in some if measure == "met" or rows[i]["truth_benefit"] == "true"]
                for name, some in groups.items()
            }
            for name in [one for one in known if one != base and min(len(among[one]), len(among[base])) >= LEAST]:
                head = {"column": column, "measure": measure, "group": name, "reference": base}
                head |= {"cases": len(among[name]), "reference_cases": len(among[base])}
                pair = [four(before, after, among[one], word) for one in (name, base)]
                strata: list[dict[Any, list[int]]] = [{}, {}]
                for side, one in zip(strata, (name, base), strict=True):
                    for key in {where[i] for i in among[one]}:
                        side[key] = four(before, after, [i for i in among[one] if where[i] == key], word)
                compared.append((head | {"requests": "as they are"}, lambda z, p=pair: [crude(one, z) for one in p]))
                if alike(*strata, z=1.0):
                    compared.append((head | {"requests": "the same"}, lambda z, s=strata: alike(*s, z=z)))
    family = 4 * len(compared)
    z = float(recount.norm.ppf((1 + 0.95 ** (1 / family)) / 2))
    found = []
    for head, sides in compared:
        one, other = sides(z)
        luck = RULED_OUT.get(head["column"]) in ("none", "requests" if head["requests"] == "the same" else "none")
        for setting in (*BEFORE_AND_AFTER, "change"):
            gap = recount.mover(one[setting], other[setting])
            if setting == "change":
                times = recount.ratio_of_ratios(one["times"], other["times"])
            else:
                times = recount.mover_ratio(one[setting], other[setting])
            row = {**head, "setting": setting, **in_percent("gap", gap, "points")}
            row |= dict(zip(("ratio", "ratio_low", "ratio_high"), times or (None,) * 3, strict=True))
            found.append(row | {"beyond_luck": not luck and not gap[1] <= 0 <= gap[2]})
    return found, family


@pytest.mark.parametrize("question", QUESTIONS)
def test_subgroup_gaps(question, tmp_path):
    provisions, way = QUESTIONS[question]
    tables, summary = report("subgroup_gaps", tmp_path / "out", provisions=provisions)
    rows = cases()
    before, after = judged(standing(), rows), judged(moved(provisions), rows)
    of_all(summary, before, after, way)

    mine = []
    for column in GROUPED:
        for name, some in groups_of(rows, column).items():
            helped = [i for i in some if rows[i]["truth_benefit"] == "true"]
            row = {"column": column, "group": name or "not documented", **of_some(before, after, some, 0)}
            row["would_help"] = len(helped)
            for setting, every in zip(BEFORE_AND_AFTER, (before, after), strict=True):
                hits = sum(every[i] == "not_met" for i in helped)
                row[f"{setting}_refused_would_help"] = hits
                row |= in_percent(f"{setting}_refused_would_help", wilson(hits, len(helped)) if helped else None)
            mine.append(row)
    assert not differences(mine, tables("subgroups"))

    gaps, family = gap_rows(rows, before, after)
    assert not differences(gaps, tables("gaps"))
    said = summary["subgroups"]
    now = [row for row in gaps if (row["measure"], row["setting"]) == ("met", "scenario")]
    counted = {
        way: (
            sum(row["beyond_luck"] for row in now if row["requests"] == way),
            sum(row["requests"] == way for row in now),
        )
        for way in ("as they are", "the same")
    }
    assert (said["intervals"], said["least_denominator"]) == (family, LEAST)
    assert said["gaps_beyond_luck"] == counted["as they are"][0]
    assert said["depends"] == {column: RULED_OUT.get(column, "possible") for column in GROUPED}
    helped = [i for i, case in enumerate(rows) if case["truth_benefit"] == "true"]
    told = [100 * every.count("met") / len(rows) for every in (before, after)]
    told += [100 * sum(every[i] == "not_met" for i in helped) / len(helped) for every in (before, after)]
    told += [float(n) for pair in counted.values() for n in (pair if pair[0] else pair[1:])]
    assert numbers_in(summary["headline"]) == pytest.approx(told, abs=0.05 + 1e-9)


# lever_sweep ---------------------------------------------------------------------------------------------------------

FEW = 500  # cases, as some 700 settings are asked by hand
EXCEPTIONS = {one["lever"] for one in TREE["direction_exceptions"]}


def values_of(lever: str) -> list[str]:
    """Every legal value, off first."""
    kind = TREE["levers"][lever]
    if "choices" in kind:
        return list(kind["choices"])
    domain = kind["domain"]
    numbers = range(int(domain["min"]), int(domain["max"]) + 1, int(domain["step"]))
    return [*(["off"] if kind.get("off_allowed") == "true" else []), *map(str, numbers)]


def way_of(before: ByHand, after: ByHand) -> int:
    """-1 where every lever that moves gets stricter and lint knows no exception, 1 where looser, else 0."""
    ways = set()
    for name in [name for name in TREE["levers"] if before.levers[name] != after.levers[name]]:
        if name in EXCEPTIONS or "direction" not in TREE["levers"][name]:
            return 0
        sign = 1 if TREE["levers"][name]["direction"] == "stricter_when_higher" else -1
        one, two = (float("-inf") if r.levers[name] == "off" else sign * int(r.levers[name]) for r in (before, after))
        ways.add(-1 if two > one else 1)
    return ways.pop() if len(ways) == 1 else 0


class Asked:
    """Some cases judged at many settings, each once."""

    def __init__(self, rows: Rows):
        self.rows, self.kept = rows, {}

    def __call__(self, reader: ByHand) -> list[str]:
        key = tuple(reader.levers.values())
        if key not in self.kept:
            self.kept[key] = judged(reader, self.rows)
        return self.kept[key]

    def row(self, before: ByHand, after: ByHand) -> dict[str, Any]:
        first, then = self(before), self(after)
        flow = flow_of(zip(first, then, strict=True))
        found: dict[str, Any] = {**six(then), "cases": len(then), **in_percent("approval", rated(then))}
        found |= in_percent("change", change(flow, way_of(before, after), before.levers == after.levers), "points")
        return found | {"moved": sum(n for (b, a), n in flow.items() if b != a)}


def shown_as(lever: str, value: str, text: str) -> bool:
    """Whether '8 weeks' is 8; a word stands for itself."""
    return text == value if not value.isdigit() else numbers_in(text)[:1] == [int(value)]


def ranked(asked: Asked, here: ByHand) -> list[dict[str, Any]]:
    """ranking.csv, the settings as values."""
    found = []
    for name, kind in TREE["levers"].items():
        values, now = values_of(name), here.levers[name]
        rows = {value: asked.row(here, here.at(**{name: value})) for value in values}
        first = [now, *values]  # of equals the setting as it is, else the first of the document
        down, up = (choose(first, key=lambda v: rows[v]["met"]) for choose in (min, max))
        at = values.index(now)
        cited = [v for v in values if "cited" in kind and v.isdigit()
                 and int(kind["cited"]["min"]) <= int(v) <= int(kind["cited"]["max"])]  # fmt: skip
        row: dict[str, Any] = {"lever": name, "label": kind["label"], "values": len(values), "here": now}
        for way, value in (("down", down), ("up", up)):
            row[f"{way}_at"] = value
            row |= {f"{way}_{part}": rows[value][f"change_{part}"] for part in ("points", "low", "high")}
        for way, some in (("swing", values), ("step", values[max(0, at - 1) : at + 2]), ("cited", cited)):
            met = [rows[value]["met"] for value in [*some, now]]
            row[f"{way}_points"] = 100 * (max(met) - min(met)) / len(asked.rows) if some else None
        most = max(first, key=lambda v: rows[v]["moved"])
        found.append(row | {"moved_most": rows[most]["moved"], "moved_at": most, "cases": len(asked.rows)})
    return sorted(found, key=lambda row: (-row["swing_points"], -row["moved_most"]))


def test_lever_sweep(tmp_path):
    tables, summary = report("lever_sweep", tmp_path / "out", provisions=BOTH_WAYS, size=FEW)
    asked = Asked(cases(size=FEW))
    baseline, here = standing(), moved(BOTH_WAYS)
    before, after = asked(baseline), asked(here)
    of_all(summary, before, after, 0)

    mine, theirs = ranked(asked, here), tables("ranking")
    words = ("here", "down_at", "up_at", "moved_at")
    assert not differences([{k: v for k, v in row.items() if k not in words} for row in mine], theirs, skip=words)
    for row, other in zip(mine, theirs.to_dict("records"), strict=True):
        assert all(shown_as(row["lever"], row[word], str(other[word])) for word in words), other

    one = next(row["lever"] for row in mine if row["lever"] in BOTH_WAYS)
    two = next(row["lever"] for row in mine if row["lever"] != one)
    assert summary["levers"] == [one, two]
    assert summary["strongest_lever"] == mine[0]["lever"]
    assert summary["inert_levers"] == sorted(row["lever"] for row in mine if not row["moved_most"])
    swept = []
    for value in values_of(one):
        marks = {f"is_{n}": value == r.levers[one] for n, r in (("baseline", baseline), ("scenario", here))}
        swept.append({"value": value, **marks, **asked.row(baseline, here.at(**{one: value}))})
    assert not differences(swept, tables("sweep"), skip=["shown"])
    assert all(shown_as(one, row["value"], text) for row, text in zip(swept, tables("sweep")["shown"], strict=True))
    pairs = [
        {one: a, two: b, **asked.row(baseline, here.at(**{one: a, two: b}))}
        for a in values_of(one) for b in values_of(two)
    ]  # fmt: skip
    assert not differences(pairs, tables("grid"))

    top, low = (choose(swept, key=lambda row: row["met"]) for choose in (max, min))
    steps = [(a, b, b["approval_pct"] - a["approval_pct"]) for a, b in pairwise(swept)]
    steep = max(steps, key=lambda step: abs(step[2]))
    said = [x for row in (top, low) for x in (row["approval_pct"], int(row["value"]))]
    said += [int(row["value"]) for row in steep[:2]] + [steep[2]]
    assert numbers_in(summary["headline"]) == pytest.approx(said, abs=0.05 + 1e-9)


def test_what_a_sweep_shares_out(tmp_path):
    """Shapley shares and interactions of three provisions, and the bootstrap, which is the multinomial's."""
    tables, summary = report("lever_sweep", tmp_path / "out", provisions=BOTH_WAYS, size=FEW)
    asked, players = Asked(cases(size=FEW)), [name for name in TREE["levers"] if name in BOTH_WAYS]
    sets = [frozenset(s) for n in range(len(players) + 1) for s in combinations(players, n)]
    outcomes = {some: asked(moved({name: BOTH_WAYS[name] for name in some})) for some in sets}
    game = {some: found.count("met") for some, found in outcomes.items()}
    shares = recount.shapley(game, players)
    mine = []
    each = [
        recount.shapley({some: int(found[i] == "met") for some, found in outcomes.items()}, players)
        for i in range(FEW)
    ]  # fmt: skip
    for name in players:
        gains = [game[some | {name}] - game[some] for some in sets if name not in some]
        row: dict[str, Any] = {
            "provision": name,
            "share": shares[name],
            "first_in": game[frozenset([name])] - game[frozenset()],
        }
        row |= {"last_in": game[frozenset(players)] - game[frozenset(players) - {name}]}
        row |= {"least": min(gains), "most": max(gains), "cases": FEW}
        own = np.array([one[name] for one in each])
        half = recount.Z * own.std(ddof=1) / sqrt(FEW)
        points = {"share_points": own.mean(), "low": own.mean() - half, "high": own.mean() + half}
        mine.append(row | {key: float(100 * value) for key, value in points.items()})
    theirs = tables("attribution")
    assert not differences(mine, theirs.assign(share=theirs["share"].round(6)), 6)
    assert summary["attribution"] == pytest.approx(shares, abs=1e-6)
    assert sum(shares.values()) == pytest.approx(game[frozenset(players)] - game[frozenset()])

    mine = [
        {"one": a, "other": b, "interaction": recount.interaction(game, players, (a, b))}
        for a, b in combinations(players, 2)
    ]
    mine.sort(key=lambda row: -abs(row["interaction"]))
    assert not differences(mine, tables("interactions"), 9)

    flow = flow_of(zip(outcomes[frozenset()], outcomes[frozenset(players)], strict=True))
    draws = np.random.default_rng(5).multinomial(FEW, np.array(list(flow.values())) / FEW, 200_000) / FEW * 100
    of = {key: draws[:, i] for i, key in enumerate(flow)}
    parts: dict[str, tuple[float, Any]] = {}
    for name, keep in measures().items():
        exact = 100 * sum(keep(b, a) * n for (b, a), n in flow.items()) / FEW
        parts[name] = (exact, sum((keep(b, a) * of[b, a] for b, a in flow), np.zeros(len(draws))))
    theirs = tables("bootstrap")
    assert list(theirs["measure"]) == list(parts)
    assert list(theirs["value"]) == pytest.approx([exact for exact, _ in parts.values()], abs=1e-6)
    assert set(theirs["replicates"]) == {1000}
    error = 4.5 * sqrt(0.025 * 0.975 / 1000)  # of a quantile of 1,000 draws, as a share of the draws
    for row in theirs.to_dict("records"):
        drawn = parts[row["measure"]][1]
        for end, level in ((row["low"], 0.025), (row["high"], 0.975)):
            assert (drawn < end - 0.1).mean() <= level + error, row
            assert (drawn <= end + 0.1).mean() >= level - error, row


def measures() -> dict[str, Callable[[str, str], int]]:
    """Name of a headline number -> what a case counts for, by its outcome before and after."""
    found: dict[str, Callable[[str, str], int]] = {}
    for word in WORDS:
        found[f"{word}_baseline"] = lambda b, a, w=word: int(b == w)
        found[f"{word}_scenario"] = lambda b, a, w=word: int(a == w)
        found[f"{word}_change"] = lambda b, a, w=word: int(a == w) - int(b == w)
    found["moved"] = lambda b, a: int(b != a)
    found["lost_approval"] = lambda b, a: int(b == "met" != a)
    found["gained_approval"] = lambda b, a: int(a == "met" != b)
    return found


# alternatives --------------------------------------------------------------------------------------------------------

POPULATIONS = ("seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block")
NAMES = ("strict_reading", *sorted(p.stem for p in (recount.ROOT / "simulations/scenarios").glob("p[0-9]*.yaml")))
ONLY_EDITS = ("P2d", "P2e")  # alternatives that change pathways and move no lever
SOME = 700


class Alternatives:
    """Every alternative on every population, by hand and as written."""

    def __init__(self, out: Path):
        tables, self.summary = report("alternatives", out, provisions=WEEKS, size=SOME)
        self.written = {name: tables(name) for name in ("alternatives", "moves", "medicare", "sources")}
        plans: list[tuple[str, str, dict[str, Any] | None, ByHand]] = [("P0", "baseline", None, standing())]
        for name in NAMES:
            plan = scenario(name)
            number = "P1" if name == "strict_reading" else f"P{name[1:].split('_')[0]}"
            plans.append((number, name, plan, ByHand(TREE, plan["provisions"], plan.get("criteria", ()))))
        plans.append(("asked", "conservative_weeks=8", None, moved(WEEKS)))
        self.rows, self.moves, self.medicare = [], [], []
        self.plans = plans
        for load in POPULATIONS:
            rows = cases(load, SOME)
            where, before = [group_of(TREE, case) for case in rows], judged(standing(), rows)
            for number, name, plan, reader in plans:
                spoken = [spoken_of(plan, place) for place in where]
                after = [reader.determine(case).outcome if here else was
                         for case, here, was in zip(rows, spoken, before, strict=True)]  # fmt: skip
                head = {"preset": number, "scenario": name, "population": load}
                self._count(head, rows, where, before, after, spoken)

    def _count(self, head, rows, where, before, after, spoken) -> None:
        flow = flow_of(zip(before, after, strict=True))
        ways = list(against_presets(rows, {"now": after}))
        row = {**head, "cases": len(rows), **six(after), **in_percent("approval", rated(after))}
        row |= in_percent("change", change(flow, 0, head["preset"] == "P0"), "points")
        row |= {"moved": sum(n for (b, a), n in flow.items() if a != b)}
        row |= {"gained": sum(n for (b, a), n in flow.items() if a == "met" != b)}
        row |= {"lost": sum(n for (b, a), n in flow.items() if b == "met" != a), "spoken_of": sum(spoken)}
        row["spoken_of_met_before"] = sum(b == "met" and s for b, s in zip(before, spoken, strict=True))
        row["spoken_of_met"] = sum(a == "met" and s for a, s in zip(after, spoken, strict=True))
        row["medicare_compared"] = sum(one["cases"] for one in ways)
        for way in ("stricter", "same", "looser"):
            row[f"medicare_{way}"] = sum(one[f"now_{way}"] for one in ways)
        self.rows.append(row)
        for one in ways:
            told = {"held_against": one["preset"], "diagnosis": one["diagnosis"], "procedure": one["procedure"]}
            told |= {"requests": one["cases"]} | {way: one[f"now_{way}"] for way in ("stricter", "same", "looser")}
            self.medicare.append(head | told)
        counted = Counter(zip(where, before, after, strict=True))
        for place in places(TREE):
            for b, a in flow:
                if a != b and (n := counted[place, b, a]):
                    told = {"diagnosis": place[0], "procedure": place[1], "from_outcome": b, "to_outcome": a}
                    self.moves.append({**head, **told, "requests": n})


@pytest.fixture(scope="module")
def alternatives(tmp_path_factory) -> Alternatives:
    return Alternatives(tmp_path_factory.mktemp("alternatives") / "out")


CHANGE = ("change_points", "change_low", "change_high")


def test_alternatives(alternatives):
    """All but the change of those that only edit pathways, which the next test holds."""
    mine = [dict(row) for row in alternatives.rows]
    theirs = alternatives.written["alternatives"]
    for row, other in zip(mine, theirs.to_dict("records"), strict=True):
        if row["preset"] in ONLY_EDITS:
            row |= {name: float(other[name]) for name in CHANGE}
    assert not differences(mine, theirs)
    assert not differences(alternatives.moves, alternatives.written["moves"])
    assert not differences(alternatives.medicare, alternatives.written["medicare"])
    assert list(alternatives.written["sources"]["preset"]) == [plan[0] for plan in alternatives.plans]
    summary = alternatives.summary
    assert [(one["name"], one["size"], one["seed"]) for one in summary["populations"]] == [
        (name, SOME, SEED) for name in POPULATIONS
    ]
    assert not differences(mine, pd.DataFrame(summary["alternatives"]))
    rows = cases(size=SOME)
    of_all(summary, judged(standing(), rows), judged(moved(WEEKS), rows), -1)
    strict = sorted(row["change_points"] for row in mine if row["preset"] == "P1")
    others = sorted(row["change_points"] for row in alternatives.rows if row["preset"] not in ("P0", "P1"))
    said = list(dict.fromkeys(round(x, 4) for ends in (strict, others) for x in (ends[0], ends[-1])))
    assert numbers_in(summary["headline"]) == pytest.approx(said, abs=0.05 + 1e-9)


def test_the_change_of_an_alternative_that_only_edits_pathways(alternatives):
    mine = [row for row in alternatives.rows if row["preset"] in ONLY_EDITS]
    theirs = alternatives.written["alternatives"]
    theirs = theirs[theirs["preset"].isin(ONLY_EDITS)]
    assert not differences(mine, theirs)


# denial_anatomy ------------------------------------------------------------------------------------------------------


def in_force(reader: ByHand, test: Any) -> Iterable[tuple[str, list[str], str]]:
    """Kind, fields and lever of the comparisons below a test, without what another lever switches off."""
    ((kind, body),) = test.items()
    if kind in ("all_of", "any_of", "none_of"):
        if kind != "all_of" or all(reader.holds(part["lever"]) for part in body if "lever" in part):
            for part in body:
                yield from in_force(reader, part)
    elif kind == "count":
        yield kind, [], body["at_least"]
    elif kind == "mean":
        yield kind, list(body["of"]), body["reaches"]
    elif kind in ("at_least", "more_than", "less_than"):
        ((name, reference),) = body.items()
        yield kind, [name], reference


def comparisons(reader: ByHand, name: str) -> list[tuple[str, list[str], str]]:
    found = in_force(reader, TREE["criteria"][name]["test"])
    return [one for one in found if not one[2].isdigit() and reader.levers[one[2]] != "off"]


def looser(reader: ByHand, lever: str) -> str | None:
    """One step looser, where there is a number."""
    kind, now = TREE["levers"][lever], int(reader.levers[lever])
    there = now + int(kind["domain"]["step"]) * (-1 if kind["direction"] == "stricter_when_higher" else 1)
    return str(there) if int(kind["domain"]["min"]) <= there <= int(kind["domain"]["max"]) else None


def months_of(case: Mapping[str, str]) -> tuple[int, bool] | None:
    """Whole months that the pain has lasted, and whether it is exactly these; None where not documented."""
    if case["onset_date"] and case["request_date"]:
        began, asked = (datetime.date.fromisoformat(case[n]) for n in ("onset_date", "request_date"))
        months = max(m for m in range(3000) if m == 0 or later(began, m) <= asked)
        return months, later(began, months) == asked
    if case["pain_duration_days"]:
        days = int(case["pain_duration_days"])
        months = max(m for m in range(3000) if m * 487 // 16 <= days)
        return months, months * 487 // 16 == days
    return None


def steps_away(
    reader: ByHand, kind: str, fields: list[str], lever: str, case: Mapping[str, str]
) -> tuple[int, bool] | None:
    """Whole steps of the lever from the line to the facts (0: passes by less than one), and whether exactly on it."""
    line, step = Decimal(reader.levers[lever]), Decimal(TREE["levers"][lever]["domain"]["step"])
    if fields == ["pain_duration"]:
        found = months_of(case)
        if found is None:
            return None
        months, exactly = found
        past = months - (kind == "more_than" and exactly)
        return past - int(line), exactly and months == line
    if not all(case[name] for name in fields):
        return None
    times = len(fields) * (7 if TREE["levers"][lever]["unit"] == "weeks" else 1)
    away = sum(Decimal(case[name]) for name in fields) - line * times
    if kind == "less_than":
        away = -away - 1  # whole numbers: one fewer is the first that passes
    return int((away / (step * times)).to_integral_value(ROUND_FLOOR)), away == 0


def test_denial_anatomy(tmp_path):
    tables, summary = report("denial_anatomy", tmp_path / "out", provisions=WEEKS)
    rows, here = cases(), moved(WEEKS)
    found = [(here.determine(case), dict(here.read)) for case in rows]
    after = [one.outcome for one, _ in found]
    of_all(summary, judged(standing(), rows), after, -1)
    refused = [i for i, word in enumerate(after) if word == "not_met"]
    fails = {i: [name for name, truth in found[i][1].items() if truth is False] for i in refused}
    closed = [i for i in refused if found[i][0].before == "open"]
    causes = {"criterion": sum(bool(fails[i]) for i in refused), "closed": len(closed)}
    causes["action"] = len(refused) - causes["criterion"] - causes["closed"]
    assert summary["causes"] == causes
    assert dict(tables("causes").to_numpy().tolist()) == causes

    def met(reader: ByHand, some: Iterable[int], taken: Iterable[str] = ()) -> int:
        reader = reader.at()
        reader.assumed = frozenset(taken)
        return sum(reader.determine(rows[i]).outcome == "met" for i in some)

    mine, steps = [], []
    for name, criterion in TREE["criteria"].items():
        read = [truths[name] for _, truths in found if name in truths]
        failing = [i for i in refused if name in fails[i]]
        alone = [i for i in failing if len(fails[i]) == 1]
        if read:
            row = {"criterion": name, "says": criterion["says"], "reads": len(read), "missing": read.count(None)}
            row |= {"fails": len(failing), "alone": len(alone), "alone_met": met(here, alone, [name])}
            mine.append(row | {"refused": len(refused)})
        for lever in dict.fromkeys(lever for _, _, lever in comparisons(here, name)):
            there = looser(here, lever)
            if there is not None and failing:
                easier = here.at(**{lever: there})
                near = [i for i in failing if easier.criterion(name, rows[i]) is not False]
                row = {"criterion": name, "lever": lever, "now": here.levers[lever], "looser": there}
                steps.append(row | {"fails": len(failing), "within_step": len(near), "met": met(easier, near)})
    mine.sort(key=lambda row: (-row["fails"], -row["missing"]))
    assert not differences(mine, tables("criteria"))
    steps.sort(key=lambda row: -row["within_step"])
    theirs = tables("steps")
    for name in ("now", "looser"):
        theirs[name] = [str(int(numbers_in(text)[0])) for text in theirs[name]]
    assert not differences(steps, theirs)

    counted: dict[tuple[str, str, str], Counter[Any]] = {}
    for name in TREE["criteria"]:
        for kind, fields, lever in [one for one in comparisons(here, name) if one[1]]:
            place = counted.setdefault((name, lever, "+".join(fields)), Counter())
            for i, (_, truths) in enumerate(found):
                if name in truths and (away := steps_away(here, kind, fields, lever, rows[i])):
                    place["cases", away[0]] += 1
                    place["refused", away[0]] += after[i] == "not_met"
                    place["at_line"] += away[1]
    mine, bunched = [], []
    for (name, lever, field), bins in sorted(counted.items()):
        head, kind = {"criterion": name, "lever": lever, "field": field}, TREE["levers"][lever]
        for step in sorted(key[1] for key in bins if key[0] == "cases"):
            row = {"step": step, "distance": (step if step >= 0 else step + 1) * int(kind["domain"]["step"])}
            mine.append(
                head | row | {"unit": kind["unit"], "cases": bins["cases", step], "refused": bins["refused", step]}
            )
        below, above = bins["cases", -1], bins["cases", 0]
        finer = kind["unit"] in ("weeks", "months", "percent")
        if finer and below + above:
            row = {"below": below, "above": above, "at_line": bins["at_line"]}
            row |= dict(
                zip(("share_above", "low", "high"), (100 * x for x in wilson(above, below + above)), strict=True)
            )
            tail = sum(Fraction(comb(below + above, k), 2 ** (below + above)) for k in range(min(below, above) + 1))
            bunched.append(head | row | {"p_value": float(min(Fraction(1), 2 * tail))})
    assert not differences(mine, tables("distances"))
    bunched.sort(key=lambda row: row["p_value"])
    theirs = tables("bunching")
    assert list(theirs["p_value"]) == pytest.approx([row.pop("p_value") for row in bunched], rel=1e-9)
    assert not differences(bunched, theirs, skip=["p_value"])

    waiting = [i for i, (one, _) in enumerate(found) if one.before == "open"]
    price, papers = summary["price"], tables("papers")
    assert price == dict(tables("price").to_numpy().tolist())
    assert price["open"] == len(waiting) == sum(price[f"favourable_{word}"] for word in WORDS)
    assert set(papers["open"]) == {len(waiting)}
    assert papers["alone"].sum() == price["one_paper"]  # which papers are asked for is not worked out again here
    shares = [len(refused) / len(rows)] + [tables("criteria")[k][0] / len(refused) for k in ("fails", "alone")]
    said = [x for x in numbers_in(summary["headline"]) if x != int(here.levers["conservative_weeks"])]
    assert said == pytest.approx([100 * x for x in shares], abs=0.05 + 1e-9)


def test_what_supplying_everything_in_favour_would_give(tmp_path):
    """Every criterion that is required taken as met, and none that is only looked at after the requirements."""
    _, summary = report("denial_anatomy", tmp_path / "out", provisions=WEEKS)
    here = moved(WEEKS)
    waiting = [case for case in cases() if here.determine(case).before == "open"]
    required = {name for case in cases() if here.determine(case) for name in here.read}
    here.assumed = frozenset(required)
    mine = Counter("pend" if (one := here.determine(case)).before == "open" else one.outcome for case in waiting)
    told = {word: summary["price"][f"favourable_{word}"] for word in WORDS}
    assert told == {word: mine[word] for word in WORDS}


# calibration ---------------------------------------------------------------------------------------------------------

STAGES = (
    "first block", "second block", "after two blocks", "block of unknown number",
    "therapeutic block", "ablation", "no facet procedure",
)  # fmt: skip
RELIEF = [str(value) for value in range(50, 101, 5)]
DRAWN = 400_000  # patients that stand for the tables


def kind_of(case: Mapping[str, str]) -> tuple[str, str, str]:
    """Diagnosis, procedure, stage of the pathway as it is on file."""
    diagnosis, procedure = group_of(TREE, case)
    stage = "ablation" if procedure == "facet_ablation" else "no facet procedure"
    if procedure == "facet_injection":
        done = {"0": STAGES[0], "1": STAGES[1], "2": STAGES[2], "": STAGES[3]}
        stage = STAGES[4] if case["intent"] == "therapeutic" else done[case["diagnostic_blocks_done"]]
    return diagnosis, procedure, stage


def truth_row(rows: Rows, outcomes: list[str]) -> dict[str, Any]:
    """A truth table: what the outcomes are to those it would help, and to those whose pain comes from a facet joint."""
    every = list(zip(rows, outcomes, strict=True))
    helped = Counter(word for case, word in every if case["truth_benefit"] == "true")
    not_helped = Counter(outcomes) - helped
    facet = Counter(
        (case["truth_facet_pain"], word) for case, word in every
        if kind_of(case)[1] in ("facet_injection", "facet_ablation") and case["truth_facet_pain"]
    )  # fmt: skip
    row: dict[str, Any] = {"cases": len(rows), **six(outcomes), "would_help": helped.total()}
    row |= {"appropriate": helped["met"], "unhelpful": not_helped["met"], "refused_would_help": helped["not_met"]}
    row["waiting"] = helped["pend"] + helped["review"]
    for name, hits, among in (
        ("approved_of_helped", helped["met"], helped.total()),
        ("refused_of_helped", helped["not_met"], helped.total()),
        ("ppv", helped["met"], outcomes.count("met")),
        ("npv", not_helped["not_met"], outcomes.count("not_met")),
        ("facet_ppv", facet["true", "met"], facet["true", "met"] + facet["false", "met"]),
        ("facet_npv", facet["false", "not_met"], facet["true", "not_met"] + facet["false", "not_met"]),
    ):
        row |= in_percent(name, wilson(hits, among) if among else None) | {f"{name}_of": among}
    return row


def approved(rows: Rows, outcomes: list[str]) -> dict[Any, tuple[int, int]]:
    """Kind -> how many of those met it would help, and how many are met."""
    found: dict[Any, tuple[int, int]] = {}
    for case, word in zip(rows, outcomes, strict=True):
        if word == "met":
            hits, among = found.get(kind_of(case), (0, 0))
            found[kind_of(case)] = (hits + (case["truth_benefit"] == "true"), among + 1)
    return found


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    return report("calibration", tmp_path_factory.mktemp("calibration") / "out", provisions=WEEKS, size=SOME)


def test_the_truth_tables_of_calibration(calibrated):
    tables, summary = calibrated
    truth, stages, relief, moves, spreads = [], [], [], [], []
    strict = {name: str(value) for name, value in scenario("strict_reading")["provisions"].items()}
    for name in POPULATIONS:
        rows = cases(name, SOME)
        before, after = judged(standing(), rows), judged(moved(WEEKS), rows)
        both = dict(zip(BEFORE_AND_AFTER, (before, after), strict=True))
        head = {"population": name, "can_tell": False}  # benefit does not hang on how long care was tried
        truth += [{**head, "setting": setting, **truth_row(rows, found)} for setting, found in both.items()]
        for stage in STAGES:
            some = [i for i, case in enumerate(rows) if kind_of(case)[2] == stage]
            for setting, found in both.items() if some else ():
                row = truth_row([rows[i] for i in some], [found[i] for i in some])
                stages.append({**head, "stage": stage, "setting": setting, **row})
        at = {value: judged(moved({"relief_pct": value}), rows) for value in RELIEF}
        for value in RELIEF:
            sides = approved(rows, at["80"]), approved(rows, at[value])
            within, mix = recount.kitagawa(*sides) if all(sides) else (None, None)
            row = {"population": name, "value": int(value), "can_tell": True, **truth_row(rows, at[value])}
            parts = {"ppv_within_points": within, "ppv_mix_points": mix}
            relief.append(row | {key: None if part is None else 100 * part for key, part in parts.items()})
        counted: dict[Any, list[int]] = {}
        for case, b, a in zip(rows, before, after, strict=True):
            if a != b:
                one = counted.setdefault((*kind_of(case)[:2], b, a), [0, 0])
                one[0], one[1] = one[0] + 1, one[1] + (case["truth_benefit"] == "true")
        columns = ("diagnosis", "procedure", "baseline", "scenario")
        for key in sorted(counted, key=lambda key: (-counted[key][0], key)):
            row = {"population": name, **dict(zip(columns, key, strict=True))}
            moves.append(row | dict(zip(("cases", "would_help"), counted[key], strict=True)))
        for change_name, there in (("conservative_weeks=8", after), ("strict_reading", judged(moved(strict), rows))):
            own = np.array([(a == "met") - (b == "met") for b, a in zip(before, there, strict=True)]) * 100.0
            half = recount.Z * own.std(ddof=1) / sqrt(len(own))
            row = {"population": name, "scenario": change_name, "approval_pct": 100 * before.count("met") / SOME}
            row |= {"change_points": own.mean(), "sampling_low": own.mean() - half, "sampling_high": own.mean() + half}
            row = {key: value if isinstance(value, str) else float(value) for key, value in row.items()}
            row |= dict.fromkeys(f"assumption_{end}" for end in ("low", "high", "low_error", "high_error"))
            spreads.append(row | {"cases": SOME, "draws": 0})
    for name, mine in (("truth", truth), ("truth_by_stage", stages), ("truth_by_relief", relief), ("moves", moves)):
        assert not differences(mine, tables(name)), name
    assert not differences(spreads, tables("spreads"), 2)
    rows = cases(size=SOME)
    of_all(summary, judged(standing(), rows), judged(moved(WEEKS), rows), -1)


class Patients:
    """The virtual trial: all get both blocks and the ablation; drawn by the product, counted here."""

    def __init__(self, name: str, size: int, seed: int):
        page, trial = population.load(name), {"procedure": "facet_ablation", "diagnostic_blocks_done": "2"}
        names = ["diagnosis", "truth_facet_pain", "truth_benefit", "block_1_relief_pct", "block_2_relief_pct"]
        facts = population.facts_of(page, size, seed, 0, names, trial)
        diagnosis = np.array(page["diagnosis"].values)[facts["diagnosis"]]
        spine = np.isin(diagnosis, ["neck_pain", "thoracic_pain"])
        self.diagnosis = diagnosis[spine]
        self.truth, self.helped, self.first, self.second = (facts[n][spine] for n in names[1:])
        self.truth, self.helped = self.truth == 1, self.helped == 1

    def shares(self, target: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """What is counted, and among whom; two for a difference."""
        wanted = (target.get("stratum") or {}).get("diagnosis", ["neck_pain", "thoracic_pain"])
        here = np.isin(self.diagnosis, [wanted] if isinstance(wanted, str) else wanted)
        one, both = here & (self.first >= 80), here & (self.first >= 80) & (self.second >= 80)
        arm = {"0": here, "1": one, "2": both}.get(target.get("blocks", "0"), here)
        half, more = here & (self.first >= 50), here & (self.first >= 70)
        return {
            "dual_positive": [(both, here)],
            "single_block_false_positive": [(one & ~both, here & ~both)],
            "single_block_ppv": [(one & self.truth, one)],
            "dual_block_ppv": [(both & self.truth, both)],
            "helped": [(arm & self.helped, here)],
            "success_per_ablation": [(arm & self.helped, arm)],
            "more_relief_gain": [(more & self.helped, more), (half & ~more & self.helped, half & ~more)],
            "cut_off_gain": [(one & self.helped, one), (half & self.helped, half)],
        }[target["metric"]]  # type: ignore[no-any-return]


def worth(pairs: list[tuple[Any, Any]]) -> tuple[float | None, int, float]:
    """A figure in per cent, the patients it is among, its standard error."""
    among = [int(some.sum()) for _, some in pairs]
    if not all(among):
        return None, 0, 0.0
    shares = [int(hits.sum()) / n for (hits, _), n in zip(pairs, among, strict=True)]
    error = 100 * sqrt(sum(p * (1 - p) / n for p, n in zip(shares, among, strict=True)))
    return 100 * (shares[0] - sum(shares[1:])), among[0], error


def share_of(name: str, target: Mapping[str, Any], size: int, seed: int) -> list[tuple[Any, Any]]:
    """A share among the drawn requests, documented or not."""
    page = population.load(name)
    ((column, values),) = target["stratum"].items()
    ((counted, wanted),) = target["share_of"].items()
    facts = population.facts_of(page, size, seed, 0, list(dict.fromkeys([column, counted])))
    words = {n: np.array([*page[n].values, ""])[facts[n]] for n in facts}
    values, wanted = ([v] if isinstance(v, str) else v for v in (values, wanted))
    among = np.isin(words[column], values)
    return [(among & np.isin(words[counted], wanted), among)]


def anchors(name: str, size: int) -> dict[str, tuple[float, int]]:
    """Denied: refused as shipped. Overturned: met once complete, of those refused while a gap counts as failed."""
    closing = moved({"undocumented_action": "not_met"})
    complete = recount.rows_of(population.generate(population.load(name), size, SEED, complete=True))
    refused = [i for i, word in enumerate(judged(closing, cases(name, size))) if word == "not_met"]
    denied = judged(standing(), cases(name, size)).count("not_met")
    granted = sum(closing.determine(complete[i]).outcome == "met" for i in refused)
    return {"denied": (100 * denied / size, size), "overturned": (100 * granted / len(refused), len(refused))}


def test_the_targets_of_calibration(calibrated):
    """`generated` exactly; `expected`, which the product sums up from the page's tables, by 400,000 other draws."""
    tables, summary = calibrated
    agree = []
    for name in POPULATIONS:
        page = yaml.load((recount.ROOT / f"simulations/populations/{name}.yaml").read_text("utf-8"), yaml.CBaseLoader)
        sample, many, found = Patients(name, SOME, SEED), Patients(name, DRAWN, 99), anchors(name, SOME)
        theirs = tables(f"targets_{name}").to_dict("records")
        assert [row["target"] for row in theirs] == list(page["targets"])
        judgements = []
        for row in theirs:
            target = page["targets"][row["target"]]
            if target.get("metric") in found:
                value, among = found[target["metric"]]
                assert (row["generated"], row["cases"]) == (pytest.approx(value, abs=1e-9), among)
                assert row["verdict"] == "unjudgeable"
                assert row["use"] == "anchor"
                p, q = value / 100, float(target["value"]) / 100
                share = 1 - q / p if q < p else (q - p) / (1 - p)
                times = q * (1 - p) / (p * (1 - q))
                assert numbers_in(row["needs"].replace("%", " %")) == [round(100 * share), float(f"{times:.2g}")]
                recount.TALLY[0] += 4
                continue
            shared = target.get("metric", "share") == "share"
            value, among, _ = worth(share_of(name, target, SOME, SEED) if shared else sample.shares(target))
            assert row["cases"] == among
            assert value is None or row["generated"] == pytest.approx(value, abs=1e-9)
            value, _, error = worth(share_of(name, target, DRAWN, 99) if shared else many.shares(target))
            assert abs(row["expected"] - value) <= 5 * error, (name, row)
            low, high = map(float, target["between"])
            assert (row["value"], row["low"], row["high"]) == (float(target["value"]), low, high)
            assert row["verdict"] == ("pass" if low <= row["expected"] <= high else "fail")
            judgements.append((target.get("use", "unsaid"), row["verdict"]))
            recount.TALLY[0] += 6
        held = [verdict for use, verdict in judgements if use == "held_out"]
        agree += [held.count("pass"), len(held)]
    assert numbers_in(summary["headline"]) == agree


def test_blocks_of_calibration(calibrated):
    """Predictive values and cut-offs: of the sample exactly, of the tables by many draws, Bayes' rule from rates."""
    tables, _ = calibrated
    values, cuts = (tables(name).to_dict("records") for name in ("predictive_values", "cut_off"))
    assert [(row["population"], row["blocks"]) for row in values] == [(n, b) for n in POPULATIONS for b in (1, 2)]
    assert [(row["population"], row["cut_off"], row["blocks"]) for row in cuts] == [
        (name, cut, blocks) for name in POPULATIONS for cut in range(50, 81, 5) for blocks in (1, 2)
    ]
    many = {name: Patients(name, DRAWN, 99) for name in POPULATIONS}

    def near(told: float, counted: Any, among: Any) -> None:
        value, _, error = worth([(counted, among)])
        assert abs(told - value) <= 5 * error + 1e-4
        recount.TALLY[0] += 1

    for place, row in enumerate(values):
        name, metric = row["population"], ("single_block_ppv", "dual_block_ppv")[row["blocks"] - 1]
        one = many[name]
        value, _, error = worth(Patients(name, SOME, SEED).shares({"metric": metric}))
        if value is None:
            assert row["generated"] != row["generated"]
        else:
            assert (row["generated"], row["error"]) == pytest.approx((value, error), abs=1e-9)
        near(row["expected"], *one.shares({"metric": metric})[0])
        near(row["prevalence"], one.truth, np.ones(len(one.truth), bool))
        positive = (one.first if row["blocks"] == 1 else one.second) >= 80
        near(row["sensitivity"], positive & one.truth, one.truth)
        near(row["false_positive"], positive & ~one.truth, ~one.truth)
        rates = values[place - row["blocks"] + 1 : place + 1]
        formula = 100 * recount.predictive_value(
            row["prevalence"] / 100,
            [r["sensitivity"] / 100 for r in rates],
            [r["false_positive"] / 100 for r in rates],
        )
        assert row["closed_form"] == pytest.approx(formula, abs=1e-9)
        assert row["correlation"] == pytest.approx(row["expected"] - formula, abs=1e-9)
        recount.TALLY[0] += 4
    for row in cuts:
        one, cut = many[row["population"]], row["cut_off"]
        chosen = (one.first >= cut) & ((one.second >= cut) | (row["blocks"] == 1))
        everyone = np.ones(len(chosen), bool)
        near(row["positive"], chosen, everyone)
        near(row["helped"], chosen & one.helped, everyone)
        near(row["success_per_ablation"], chosen & one.helped, chosen)
