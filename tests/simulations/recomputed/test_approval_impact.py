"""Every number of one report of approval_impact, made again by hand (see test_recount.py)."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.simulations.recomputed.recount import (
    WORDS,
    change,
    differences,
    flow_of,
    group_of,
    numbers_in,
    places,
)
from tests.simulations.recomputed.reports import (
    QUESTIONS,
    TREE,
    WEEKS,
    against_presets,
    cases,
    judged,
    moved,
    of_all,
    of_some,
    report,
    standing,
)

pytestmark = pytest.mark.slow


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
