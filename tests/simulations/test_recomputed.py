"""Every number of one report per template, made again by code apart from the product's (recount.py), differences 0."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulations import population
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
    "age_band", "sex", "line_of_business", "race_ethnicity", "rural", "low_income_subsidy", "dual_eligible", "disability",
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
    both, lost, gained, neither = counts
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
