"""An outsider's audit of what one command wrote about people: every number is collected, and linear programming asks
what each small count can still be. Not the program's own algebra (statistics/release.py): it reads the files.

`python -m tests.simulations.disclosure TABLES SEED [COMMANDS]` runs it over random small case tables.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from policy.model import OUTCOMES
from tests.simulations.disclosure_bounds import SAID, SETTINGS, SMALL, TEMPLATES, World, has, table, text_of, told
from tests.simulations.disclosure_of_shares import of_shares

# Counts that are exact or withheld ----------------------------------------------------------------------------------

Flow = np.ndarray  # (6, 6)


def block(world: World, name: Any) -> dict[tuple[int, int], Any]:
    return {(b, a): (name, b, a) for b in range(6) for a in range(6)}


def form_of(cells: Any) -> dict[Any, float]:
    return dict.fromkeys(cells, 1.0)


def both_results(world: World, who: str, cells: dict[tuple[int, int], Any], row: Any, cases: float | None) -> None:
    """What one row tells of some cases: outcomes of both results, rates that give counts, and who stays met."""
    if has(cases):
        world.know(form_of(cells.values()), cases, why=who)
    for axis, setting in enumerate(SETTINGS):
        for i, word in enumerate(OUTCOMES):
            mine = form_of(v for k, v in cells.items() if k[axis] == i)
            if has(row.get(f"{setting}_{word}")):
                world.know(mine, row[f"{setting}_{word}"], why=f"{who} {setting} {word}")
        if has(row.get(f"{setting}_pct")):
            assert has(cases), "a rate without its cases"
            mine = form_of(v for k, v in cells.items() if k[axis] == 0)
            world.know(mine, round(row[f"{setting}_pct"] * cases / 100), why=f"{who} {setting} rate")


def secrets_of(world: World, who: str, cells: dict[tuple[int, int], Any], flow: Flow) -> None:
    """Every count, difference and move of some cases."""
    world.secret(f"{who} cases", form_of(cells.values()), flow.sum())
    for i, word in enumerate(OUTCOMES):
        before, after = (form_of(v for k, v in cells.items() if k[axis] == i) for axis in (0, 1))
        world.secret(f"{who} baseline {word}", before, flow[i].sum())
        world.secret(f"{who} scenario {word}", after, flow[:, i].sum())
        change = {k: before.get(k, 0) - after.get(k, 0) for k in before.keys() | after.keys()}
        world.secret(f"{who} change {word}", change, flow[i].sum() - flow[:, i].sum())
    for (b, a), cell in cells.items():
        if b != a:
            world.secret(f"{who} {OUTCOMES[b]} to {OUTCOMES[a]}", {cell: 1.0}, flow[b, a])
    moved = form_of(v for (b, a), v in cells.items() if b != a)
    world.secret(f"{who} moved", moved, flow.sum() - np.trace(flow))


def of_summary(world: World, cells: dict[tuple[int, int], Any], summary: dict[str, Any]) -> None:
    """What summary.json tells of all cases."""
    size = summary["population"]["size"]
    row = {f"{s}_{w}": summary["outcomes"][s][w] for s in SETTINGS for w in OUTCOMES}
    row |= {f"{s}_pct": 100 * v if has(v := summary["approval_rate"][s]) else None for s in SETTINGS}
    both_results(world, "all", cells, row, size)
    for b, before in enumerate(OUTCOMES):
        for a, after in enumerate(OUTCOMES):
            if has(count := summary["flow"][before][after]):
                world.know({cells[b, a]: 1.0}, count, why=f"flow {before} {after}")
    moved = form_of(v for (b, a), v in cells.items() if b != a)
    if has(summary["moved"]):
        world.know(moved, summary["moved"])
    if "fewer than 11 cases change" in summary["headline"] + summary["finding"]:
        world.know(moved, 1, SMALL)


def changes_told(world: World, who: str, cells: dict[tuple[int, int], Any], row: Any, flow: Flow) -> None:
    """The interval of a change gives away who stays met: taken as known where it is told."""
    if has(row.get("change_low")):
        world.know({cells[0, 0]: 1.0}, flow[0, 0], why=f"{who} stays met")


def of_impact(out: Path, exact: Any) -> World:
    """approval_impact: groups by diagnosis x procedure, the flow, the Medicare guard."""
    world, summary = World(), json.loads((out / "summary.json").read_text())
    flows = {(part.diagnosis, part.procedure): part.flow for part in exact.parts()}
    groups = {(row["diagnosis"], row["procedure"]): row for row in table(out, "groups").to_dict("records")}
    cells: dict[Any, Any] = {}
    rest = [key for key in flows if key not in groups]
    for key, row in groups.items():
        flow = flows[key] if key in flows else sum((flows[one] for one in rest), start=np.zeros((6, 6), dtype=int))
        cells[key] = block(world, key)
        both_results(world, str(key), cells[key], row, row["cases"])
        changes_told(world, str(key), cells[key], row, flow)
        secrets_of(world, str(key), cells[key], flow)
        world.know(form_of(cells[key].values()), 1, np.inf)
    everyone = block(world, "all")
    for place in everyone:
        parts = {everyone[place]: 1.0} | {group[place]: -1.0 for group in cells.values()}
        world.know(parts, 0, why="groups add up")
    of_summary(world, everyone, summary)
    total = sum(flows.values(), start=np.zeros((6, 6), dtype=int))
    changes_told(world, "all", everyone, {"change_low": summary["approval_rate"]["low"]}, total)
    secrets_of(world, "all", everyone, total)
    return world


def of_medicare(world: World, out: Path, guard: Any, groups: dict[Any, Any], said: str) -> None:
    """How requests are held against the presets: rows and totals, each at most the cases of its procedure.

    The owner's rows are one per diagnosis and add up to those of their procedure.
    """
    rows = table(out, "medicare")
    shown = {
        key: mine.select_dtypes("number").sum(skipna=False)
        for key, mine in (rows.groupby(["preset", "procedure"]) if len(rows) else ())
    }
    exact: dict[Any, dict[str, np.ndarray]] = {}
    for row in guard.frame().to_dict("records"):
        one = exact.setdefault((row["preset"], row["procedure"]), {s: np.zeros(3, dtype=int) for s in SETTINGS})
        for setting in SETTINGS:
            one[setting] += [row[f"{setting}_{way}"] for way in ("stricter", "same", "looser")]
    everyone: list[Any] = []
    for key, one in exact.items():
        cells = {(b, a): ("medicare", key, b, a) for b in range(3) for a in range(3)}
        everyone += cells.items()
        row = shown.get(key, {})
        whole = form_of(cells.values())
        if has(row.get("cases")):
            world.know(whole, row["cases"])
        world.secret(f"medicare {key}", whole, one["scenario"].sum())
        for axis, setting in enumerate(SETTINGS):
            for i, way in enumerate(("stricter", "same", "looser")):
                mine = form_of(v for k, v in cells.items() if k[axis] == i)
                if has(row.get(f"{setting}_{way}")):
                    world.know(mine, row[f"{setting}_{way}"])
                world.secret(f"medicare {key} {setting} {way}", mine, one[setting][i])
        for i in range(3):
            change = {cells[b, a]: (b == i) - (a == i) for b, a in cells if (b == i) != (a == i)}
            world.secret(f"medicare {key} change {i}", change, one["baseline"][i] - one["scenario"][i])
        procedure = [cell for (_, name), group in groups.items() if name == key[1] for cell in group.values()]
        pooled = [cell for (_, name), group in groups.items() if name == "few_cases" for cell in group.values()]
        world.know(whole | dict.fromkeys(procedure + pooled, -1.0), -np.inf, 0)
    found = re.search(r"judges ([\d,]+) of the ([\d,]+) requests", said)
    if found and exact:
        stricter, requests = (int(n.replace(",", "")) for n in found.groups())
        world.know({cell: 1.0 for _, cell in everyone}, requests)
        world.know({cell: 1.0 for (_, a), cell in everyone if a == 0}, stricter)
        if first := re.search(r"; the baseline ([\d,]+)", said):
            world.know({cell: 1.0 for (b, _), cell in everyone if b == 0}, int(first[1].replace(",", "")))


def of_subgroups(out: Path, exact: Any) -> World:
    """subgroup_gaps: several columns of the same cases, which meet in the flow of all."""
    world, summary = World(), json.loads((out / "summary.json").read_text())
    everyone = block(world, "all")
    of_summary(world, everyone, summary)
    rates, truth = table(out, "subgroups"), {column.name: column for column in exact.columns}
    real: dict[Any, Flow] = {}
    for name, rows in rates.groupby("column", sort=False) if len(rates) else ():
        column = truth[str(name)]
        flows = {group or "not documented": flow for group, flow in zip(column.groups, column.flow, strict=True)}
        kept = {text_of(row["group"]): row for row in rows.to_dict("records")}
        rest = sum((f for g, f in flows.items() if g not in kept), start=np.zeros((6, 6), dtype=int))
        groups = {group: block(world, (name, group)) for group in kept}
        for group, row in kept.items():
            who = f"{name} {group}"
            both_results(world, who, groups[group], row, row["cases"])
            real[name, group] = flows.get(group, rest)
            changes_told(world, who, groups[group], row, real[name, group])
            secrets_of(world, who, groups[group], real[name, group])
            world.know(form_of(groups[group].values()), 1, np.inf)
        for place in everyone:
            world.know({everyone[place]: 1.0} | {group[place]: -1.0 for group in groups.values()}, 0)
    total = exact.columns[0].flow.sum(axis=0) if exact.columns else np.zeros((6, 6), dtype=int)
    changes_told(world, "all", everyone, {"change_low": summary["approval_rate"]["low"]}, total)
    secrets_of(world, "all", everyone, total)
    of_gaps(world, table(out, "gaps"), rates, real)
    return world


def of_gaps(world: World, gaps: pd.DataFrame, rates: pd.DataFrame, real: dict[Any, Flow]) -> None:
    """The gaps of subgroup_gaps: nothing by request; a gap is made of rates, its move of changes, that are told."""
    if len(gaps) and set(gaps["requests"]) != {"as they are"}:
        world.leaks.append("gaps of people by diagnosis and procedure")
    for name, rows in gaps.groupby("column", sort=False) if len(gaps) else ():
        told = {text_of(row["group"]): row for row in rates[rates["column"] == name].to_dict("records")}
        cells = {group: block(world, (name, group)) for group in told}
        reference, compared = text_of(rows["reference"].iloc[0]), set(map(text_of, rows["group"]))
        documented = {group: row["cases"] for group, row in told.items() if group != "not documented"}
        first = not any(map(has, documented.values())) and reference == min(documented)  # by its name, not by its size
        if not has(documented[reference]) and not first:
            world.leaks.append(f"{name} {reference} is the largest, and its cases are withheld")
        for group in told.keys() - {reference, "not documented"}:
            if group not in compared and not (told[group]["cases"] < 30 and has(told[group]["cases"])):
                world.leaks.append(f"{name} {group} is left out for another reason than few cases that are told")
        sizes, kept = {}, set()
        for row in rows.to_dict("records"):
            pair = (text_of(row["group"]), reference)
            sizes |= zip(pair, (row["cases"], row["reference_cases"]), strict=True)
            for group in pair if has(row["gap_points"]) or has(row["ratio"]) else ():
                rate = "change_points" if row["setting"] == "change" else f"{row['setting']}_pct"
                if not has(told[group][rate]):
                    world.leaks.append(f"{name} {group}: a gap without its rates")
                kept |= {group} if row["setting"] == "change" else set()
        for group in kept:  # as the interval of a change, a gap that moves gives away who stays met
            world.know({cells[group][0, 0]: 1.0}, real[name, group][0, 0])
        for group, cases in sizes.items():
            if has(cases):
                world.know(form_of(cells[group].values()), cases)


# One command ---------------------------------------------------------------------------------------------------------


def misleading(headline: str, exact: str) -> bool:
    """Whether a headline differs from the one of exact numbers without saying so."""
    return headline != exact.removeprefix("Not for release. ") and not SAID.search(headline)


def numbers_told(text: str) -> Iterator[str]:
    """Per cents and counts of cases in a sentence that are not said to be about so much."""
    yield from re.findall(r"(?<!about )(?<![\d.])(\d[\d,.]*%)", text)


def audited(
    name: str, question: dict[str, Any], desk: Path, run: Any = None, enough: int = 1_000_000
) -> tuple[list[str], list[str]]:
    """What one command gives away, and headlines that mislead; `run(name, out, **question)` writes the folder."""
    from simulations import ask
    from simulations.studies import subgroups

    out, owner = desk / "told", desk / "exact"
    said = (run or told)(name, out, **question)
    told(name, owner, exact=True, **question)
    summary, truth = (json.loads((one / "summary.json").read_text()) for one in (out, owner))
    wrong = [f"{name}: {summary['headline']}"] if misleading(summary["headline"], truth["headline"]) else []
    if not re.search("withheld|not told", summary["headline"]) and "about" not in summary["headline"]:
        every = set(numbers_told(truth["headline"]))
        wrong += [f"{name}: {n} in {summary['headline']}" for n in numbers_told(summary["headline"]) if n not in every]
    exact = ask(**question, exact=True)
    if exact.cases.size <= SMALL:
        rows = sum(
            len(table(out, path.stem))
            for path in out.glob("*.csv")
            if path.stem not in ("levers", "sources", "outcomes", "flow")
        )
        return [f"{name}: rows of fewer than 11 cases"] if rows else [], wrong
    if name == "approval_impact":
        world = of_impact(out, exact.impact)
        groups = {
            key: block(world, key)
            for key in [(r["diagnosis"], r["procedure"]) for r in table(out, "groups").to_dict("records")]
        }
        of_medicare(world, out, exact.guard, groups, said)
    elif name == "subgroup_gaps":
        world = of_subgroups(out, subgroups.stratify(exact))
    else:
        world = of_shares(out, owner)
    return [f"{name}: {one}" for one in world.recovered(enough)], wrong


def random_question(luck: np.random.Generator, path: Path) -> dict[str, Any]:
    """A small case table of people, written to `path`, and a change that is asked about."""
    from simulations import population

    spec = population.load(str(luck.choice(["seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block"])))
    size = int(
        luck.choice(
            [luck.integers(1, 11), luck.integers(11, 50), luck.integers(50, 160), luck.integers(160, 400)],
            p=[0.05, 0.2, 0.5, 0.25],
        )
    )
    frame = population.generate(spec, size, int(luck.integers(1, 10**6)))
    frame = frame[[column for column in frame if not column.startswith("truth_")]]
    if luck.random() < 0.4:  # many alike, so that a few stand out
        some = frame.iloc[luck.integers(0, len(frame), 3)]
        often = some.iloc[luck.choice(3, len(frame), p=[0.8, 0.15, 0.05])].reset_index(drop=True)
        frame = often.assign(case_id=[f"P{i}" for i in range(len(often))])
    if luck.random() < 0.5:
        frame = frame.assign(group_plan=luck.choice(["A", "B", "C"], len(frame), p=[0.6, 0.35, 0.05]))
    frame.to_csv(path, index=False)
    changes: list[dict[str, Any]] = [
        {"provisions": {"conservative_weeks": int(luck.integers(5, 13))}}, {"provisions": {"relief_pct": 50}},
        {"scenario": "strict_reading"}, {"provisions": {"conservative_weeks": 8, "pain_duration_months": 6}},
        {"scenario": "p3_aetna_like"}, {"provisions": {"undocumented_action": "not_met"}},
    ]  # fmt: skip
    return {"population": str(path), "provisions": {}, **changes[int(luck.integers(len(changes)))]}


def main(tables: int, seed: int, commands: int = 0) -> None:
    """Audit all templates over so many tables in this process, then so many through the command."""
    import subprocess
    import tempfile
    import time

    leaks = wrong = runs = 0
    started = time.time()

    def by_command(name: str, out: Path, population: str, **asked: Any) -> str:
        words = ["--population", population, "--out", str(out)]
        words += ["--scenario", asked["scenario"]] if "scenario" in asked else []
        words += [word for k, v in asked.get("provisions", {}).items() for word in ("--set", f"{k}={v}")]
        command = [str(Path(sys.executable).parent / "workbook"), "simulate", name, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout + "\n".join(json.loads((out / "summary.json").read_text())["notices"])

    for number in range(tables + commands):
        luck = np.random.default_rng([seed, number])
        with tempfile.TemporaryDirectory() as place:
            question = random_question(luck, Path(place) / "cases.csv")
            for name in TEMPLATES:
                run = by_command if number >= tables else None
                found, false = audited(name, question, Path(place) / name, run)
                leaks, wrong, runs = leaks + len(found), wrong + len(false), runs + 1
                for line in (*found, *false):
                    print(number, line, flush=True)
        print(
            f"{number + 1} tables, {runs} outputs: {leaks} recovered, {wrong} headlines, {time.time() - started:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
