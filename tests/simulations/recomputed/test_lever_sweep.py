"""Every number of one report of lever_sweep, made again by hand (see test_recount.py)."""

from collections.abc import Callable
from itertools import combinations, pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest

from tests.simulations.recomputed import recount
from tests.simulations.recomputed.recount import (
    WORDS,
    ByHand,
    change,
    differences,
    flow_of,
    numbers_in,
)
from tests.simulations.recomputed.reports import (
    BOTH_WAYS,
    TREE,
    Rows,
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
