"""Every number of one report of denial_anatomy, made again by hand (see test_recount.py)."""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from math import comb
from typing import Any

import pytest

from tests.policy.interpreter import later
from tests.simulations.recomputed.recount import (
    WORDS,
    ByHand,
    differences,
    numbers_in,
    wilson,
)
from tests.simulations.recomputed.reports import TREE, WEEKS, cases, judged, moved, of_all, report, standing

pytestmark = pytest.mark.slow


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
