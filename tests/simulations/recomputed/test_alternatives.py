"""Every number of one report of alternatives, made again by hand (see test_recount.py)."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.simulations.recomputed import recount
from tests.simulations.recomputed.recount import (
    ByHand,
    change,
    differences,
    flow_of,
    group_of,
    numbers_in,
    places,
    scenario,
    spoken_of,
)
from tests.simulations.recomputed.reports import (
    POPULATIONS,
    SEED,
    SOME,
    TREE,
    WEEKS,
    against_presets,
    cases,
    in_percent,
    judged,
    moved,
    of_all,
    rated,
    report,
    six,
    standing,
)

pytestmark = pytest.mark.slow

NAMES = ("strict_reading", *sorted(p.stem for p in (recount.ROOT / "simulations/scenarios").glob("p[0-9]*.yaml")))
ONLY_EDITS = ("P2d", "P2e")  # alternatives that change pathways and move no lever


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
        way = -1 if head["preset"] == "asked" else 0  # all others move levers both ways, or pathways
        row |= in_percent("change", change(flow, way, head["preset"] == "P0"), "points")
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
