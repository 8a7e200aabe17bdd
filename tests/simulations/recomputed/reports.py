"""What the recounts of several templates need: reports as written, cases as rows, outcomes as judged by hand."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulations import population
from tests.simulations.disclosure_bounds import table, told
from tests.simulations.recomputed import recount
from tests.simulations.recomputed.recount import (
    BEFORE_AND_AFTER,
    RANK,
    WORDS,
    ByHand,
    change,
    document,
    flow_of,
    group_of,
    numbers_in,
    places,
    scenario,
    spoken_of,
    wilson,
)

SIZE = 1500
SEED = 7
POPULATIONS = ("seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block")
SOME = 700
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


def of_some(before: list[str], after: list[str], some: list[int], way: int) -> dict[str, Any]:
    """Outcomes, approval rates and their change of some cases."""
    one, two = [before[i] for i in some], [after[i] for i in some]
    row: dict[str, Any] = {"cases": len(some), **six(one, "baseline_"), **six(two, "scenario_")}
    row |= in_percent("baseline", rated(one)) | in_percent("scenario", rated(two))
    return row | in_percent("change", change(flow_of(zip(one, two, strict=True)), way), "points")
