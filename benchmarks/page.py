"""The page of what was measured: docs/benchmark.md with its plot."""

import json
from pathlib import Path
from typing import Any

from benchmarks.in_duckdb import Compiled, DuckDB
from benchmarks.in_openfisca import OpenFisca
from benchmarks.in_pandas import Pandas
from benchmarks.in_polars import Polars
from benchmarks.measuring import ratio, shown
from benchmarks.ours import Direct
from benchmarks.plot import drawn
from benchmarks.tasks import LOOKED_UP
from simulations.storage.files import save

TITLES = {
    "determination": "One full determination: encoded columns to the outcome code of every case",
    "1,000 settings": "1,000 settings of four moved levers: counts of each outcome, after the collapse",
    "one lever moved": "One lever moved: new counts of every outcome in every group",
    "collapse": "The collapse: cases counted once, ahead of all settings",
    "one explanation": "One explanation: why one case has its outcome",
    "generation": "Generation: cases of the population made",
    "encoding": "Beside it: from encoded case table to each contender's own columns, not in the times above",
}
HEAD = """# How fast

`make bench` measures this page (`make bench SIZE="1000000 10000000"` for both sizes, `python -m benchmarks.streaming`
and `python -m benchmarks.engine FOLDER` for the hundred million). The same cases of the shipped population under the
whole shipped policy: the program of every contender is made from the policy document by one walk
(`benchmarks/walk.py`), and its outcome of every case is asserted equal first, at settings of all levers. Runs are
interleaved; a time is the median of the rounds, the least beside it. Time starts at columns in the contender's own best
encoding and ends at outcome codes or counts. Putting the policy into the contender's language is counted, but in the
full determination not for OpenFisca-Core, GoRules ZEN and SQL (a text that is written once; the compiled one takes some
15 ms). A time marked * was run in part (the part is named) and multiplied. Compare rows, not digits.

Synthetic data, policy simulation only, not for individual determinations.
"""


def written(kept: Path, out: Path, columns: int) -> list[Path]:
    """Write the page and its plot from all runs that were kept; the paths written."""
    paths = sorted(kept.glob("run_*.json"), key=lambda path: int(path.stem.split("_")[1]))
    runs = [json.loads(path.read_text("utf-8")) for path in paths]
    streamed = [json.loads(path.read_text("utf-8")) for path in kept.glob("streamed_*.json")]
    read = [json.loads(path.read_text("utf-8")) for path in kept.glob("engine_*.json")]
    grown = json.loads((kept / "growth.json").read_text("utf-8")) if (kept / "growth.json").exists() else None
    parts = [HEAD, "![Times of all contenders](benchmark.png)\n"]
    parts += [_targets(run) for run in runs]
    for run in runs:
        parts.append(_run(run, columns))
    if streamed:
        parts.append(_streamed(max(streamed, key=lambda one: one["size"])))
    if read:
        parts.append(_read(max(read, key=lambda one: one["scan"]["cases"])))
    if grown:
        parts.append(_growth(grown))
    save(out / "benchmark.md", "\n".join(parts).encode())
    save(out / "benchmark.png", drawn(runs, grown))
    return [out / "benchmark.md", out / "benchmark.png"]


def _times(run: dict[str, Any], task: str) -> dict[str, dict[str, Any]]:
    return {one["contender"]: one for one in run["timings"] if one["task"] == task}


def _run(run: dict[str, Any], columns: int) -> str:
    lines = [f"\n## {run['size']:,} cases\n", _machine(run["begun"], run["ended"]["load"]), ""]
    lines += [f"{run['rounds']} rounds; {run['groups']} groups of {columns} columns."]
    weighted = "; ".join(f"{word}: {number:,}" for word, number in run["weighted"].items())
    lines += [f"Weighted rows that stand for all cases, {weighted}."] if weighted else []
    for task, title in TITLES.items():
        times = _times(run, task)
        if times:
            lines += [f"\n### {title}\n", _table(times, LOOKED_UP if LOOKED_UP in times else next(iter(times)))]
    return "\n".join(lines) + "\n"


def _table(times: dict[str, dict[str, Any]], first: str) -> str:
    rows = ["| way | median | least | times the first row |", "|---|--:|--:|--:|"]
    base = times[first]["seconds"]
    for name, one in sorted(times.items(), key=lambda item: (item[0] != first, item[1]["seconds"])):
        mark = f" * ({one['of']})" if one["of"] else ""
        rows.append(
            f"| {name}{mark} | {shown(one['seconds'])} | {shown(one['least'])} | {ratio(one['seconds'] / base)} |"
        )
    return "\n".join(rows)


def _machine(machine: dict[str, str], after: str = "") -> str:
    load = f"{machine['load']}" + (f" before, {after} after" if after else "")
    return (
        f"{machine['processor']}, {machine['memory']}; load average (1, 5, 15 minutes) {load}."
        f" Python {machine['python']}; {machine['versions']}."
    )


def _targets(run: dict[str, Any]) -> str:
    """What was promised, beside what was seen."""
    one, many, lever, collapse = (
        {name: found["seconds"] for name, found in _times(run, task).items()}
        for task in ("determination", "1,000 settings", "one lever moved", "collapse")
    )
    mine, look = one[Direct.name], many[LOOKED_UP]
    engines = {name: seconds for name, seconds in many.items() if "DuckDB" in name or "Polars" in name}
    over_cases = {name: seconds for name, seconds in engines.items() if "weighted" not in name}
    fastest = min(over_cases, key=lambda name: over_cases[name])
    least = min(engines, key=lambda name: engines[name])
    four = collapse["this package, levels of four levers"]
    again = collapse[f"{Direct.name}, one determination"]
    small = lever[f"{LOOKED_UP}, 10,000 cases"]
    wanted = 10_000 if run["size"] >= 10_000_000 else 1_000
    rows: list[tuple[str, float, str, bool]] = []
    for kind, promised in ((Pandas, 10), (OpenFisca, 10), (Polars, 3)):
        seen = one[kind.name] / mine
        rows.append((f"determination, against {kind.name}: at least {promised}x", seen, ratio(seen), seen >= promised))
    if Compiled.name in one:  # not in runs that were kept from before
        seen = one[Compiled.name] / one[DuckDB.name]
        says = "the compiled SQL against SQL by hand, both in DuckDB: at most 1.05x"
        rows.append((says, seen, f"{seen:.2f}x", seen <= 1.05))
    seen = many[fastest] / look
    rows.append(
        (
            f"1,000 settings, against the fastest engine ({fastest}): at least {wanted:,}x",
            seen,
            ratio(seen),
            seen >= wanted,
        )
    )
    if least != fastest:
        seen = many[least] / look
        rows.append((f"the same, against an engine on the weighted rows ({least}): no target", seen, ratio(seen), True))
    rows += [
        ("1,000 settings: at most one direct evaluation", look / mine, f"{look / mine:.3f} of it", look <= mine),
        ("one lever moved, all groups: below 1 ms", 0, shown(lever[LOOKED_UP]), lever[LOOKED_UP] < 1e-3),
        (
            "the same, against 10,000 cases: at most 1.5x",
            0, f"{lever[LOOKED_UP] / small:.2f}x", lever[LOOKED_UP] <= 1.5 * small,
        ),
        ("collapse for four levers: at most 8 direct evaluations", 0, f"{four / again:.1f}", four <= 8 * again),
    ]  # fmt: skip
    seen = collapse[f"{DuckDB.name}, GROUP BY for four levers"] / four
    rows.append(("the same, against DuckDB's GROUP BY: faster", seen, ratio(seen), seen > 1))
    lines = [f"\n## What was promised, at {run['size']:,} cases\n", "| promised | seen | kept |", "|---|--:|---|"]
    return (
        "\n".join(lines + [f"| {says} | {seen} | {'yes' if kept else '**no**'} |" for says, _, seen, kept in rows])
        + "\n"
    )


def _streamed(found: dict[str, Any]) -> str:
    counts = ", ".join(f"{word} {number:,}" for word, number in found["counts"].items())
    lines = [
        f"\n## {found['size']:,} cases, streamed\n",
        "Drawn, read, counted for four levers by diagnosis and latent benefit, and swept, 200,000 at a time:",
        f"{shown(found['seconds'])} ({shown(found['cpu'])} of processor), peak memory of the whole process",
        f"{found['memory']:,.0f} MB; 1,000 settings after that in {shown(found['sweep'])}.",
        f"At the defaults: {counts}.\n",
    ]
    return "\n".join(lines)


def _read(found: dict[str, Any]) -> str:
    scans = {what: one["cpu"] / found["scan"]["cpu"] for what, one in found.items()}
    lines = [
        f"\n## {found['scan']['cases']:,} cases in Parquet files, collapsed by DuckDB for four levers\n",
        "A plain scan takes the greatest value of each column that is read.",
        "Each query in a process of its own, three times in turn: the run with the median CPU.\n",
        "| query | rows | CPU | plain scans of CPU | wall | peak memory |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for what, title in (
        ("scan", "plain scan"),
        ("query", "the collapse as SQL, its rows counted"),
        ("collapse", "the collapse, its rows brought into Python and counted in levels"),
    ):
        one = found[what]
        cells = [title, f"{one['rows']:,}", shown(one["cpu"]), f"{scans[what]:.2f}", shown(one["wall"])]
        lines.append(f"| {' | '.join(cells)} | {one['peak_mb']:,.0f} MB |")
    return "\n".join(lines) + "\n"


def _growth(grown: dict[str, Any]) -> str:
    lines = [f"\n## Growth: {grown['size']:,} cases\n", _machine(grown["machine"]), ""]
    lines += [
        "Numeric levers counted at once, every one of them moved at random in each answer. What is too large for levels"
    ]
    lines += ["falls back, by itself, to weighted rows or to determining every case anew.\n"]
    lines += ["| levers | groups | way taken | to build | held | one answer |", "|--:|--:|---|--:|--:|--:|"]
    for row in grown["rows"]:
        held = f"{row['memory']:,.1f} MB" if row["memory"] else "nothing more"
        cells = [row["levers"], row["groups"], row["way"], shown(row["build"]), held, shown(row["answer"])]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"
