"""The page of what was measured: docs/benchmark.md with its plot."""

import json
from pathlib import Path
from typing import Any

from benchmarks.growth import LEVERS
from benchmarks.in_duckdb import Compiled, DuckDB
from benchmarks.in_polars import Polars, PolarsByPathway
from benchmarks.in_zen import ZenRules
from benchmarks.measuring import against, middle, ratio, shown
from benchmarks.ours import ANEW, AT_HAND, COUNTED, ONCE, READ, READ_OWN
from benchmarks.plot import drawn
from benchmarks.previous import CHANGED, COMMIT, DIRECT, VERSION
from benchmarks.previous import ONCE as ONCE_BEFORE
from benchmarks.tasks import BEFORE, MINE, PROVISIONS, TOGETHER, TRACE, WORDS, ZEN_TRACE
from policy.storage.files import save

TITLES = {
    "determination": "One full determination: encoded columns to the outcome code of every case",
    "one lever moved": "One lever moved, each in turn: new counts of every outcome in every group",
    "sweep": "A sweep: counts of each outcome at every value of every lever",
    "Shapley shares": f"Exact Shapley shares of {len(PROVISIONS)} provisions: counts under all their combinations",
    "one explanation": "One explanation: why one case has its outcome",
    "generation": "Generation: cases of the population made",
    "encoding": "Beside it: from encoded case table to each contender's own columns, not in the times above",
}
HEAD = f"""# How fast

`make bench` measures this page (`make bench SIZE="1000000 10000000"` for both sizes, `python -m benchmarks.streaming`
and `python -m benchmarks.engine FOLDER` for the hundred million). The same cases of the shipped population under the
whole shipped policy: the program of every other engine is made from the policy document by one walk
(`benchmarks/walk.py`), and its outcome of every case and its counts of every group are asserted equal first, at
settings of all levers. Runs are interleaved; a time is the median of the rounds, the least beside it, a ratio the
median of the ratios round by round. Time starts at columns in the contender's own best encoding and ends at outcome
codes or counts. Putting the policy into the contender's language is counted, but in the full determination not for
OpenFisca-Core, GoRules ZEN and SQL (a text that is written once). A time marked * was run in part (the part is named)
and multiplied. Compare rows, not digits.

What is at hand. *From columns as read*: nothing but the columns. *Rows laid out*: the rows of a pathway lie together,
no plane is made; so do the rows of every contender that is split by pathway, and of version {VERSION} laid out.
*Planes at hand*: the truths of all tests at the same setting, made before; all that follows from them is done anew,
and counts that are kept from before are thrown away. One lever moved: the planes of the defaults are at hand, those of
the lever's new value and all counts are not; it is the mean of all levers, for the other engines of one lever a round.

Version {VERSION} is commit {COMMIT[:7]} of this repository, with its own locked packages in a process of its own that
says its own times, in the same rounds. It was given the same policy and cases, and its answers are asserted equal as
well, but at values of `{CHANGED}` other than the default, whose meaning has changed since.

Synthetic data, policy simulation only, not for individual determinations.
"""
Times = dict[str, dict[str, Any]]


def written(kept: Path, out: Path) -> list[Path]:
    """Write the page and its plot from all runs that were kept; the paths written."""
    paths = sorted(kept.glob("run_*.json"), key=lambda path: int(path.stem.split("_")[1]))
    runs = [json.loads(path.read_text("utf-8")) for path in paths]
    streamed = [json.loads(path.read_text("utf-8")) for path in kept.glob("streamed_*.json")]
    read = [json.loads(path.read_text("utf-8")) for path in kept.glob("engine_*.json")]
    grown = json.loads((kept / "growth.json").read_text("utf-8")) if (kept / "growth.json").exists() else None
    parts = [HEAD, "![Times of all contenders](benchmark.png)\n"]
    parts += [_targets(run) for run in runs]
    parts += [_lost(run) for run in runs]
    parts += [_run(run) for run in runs]
    if streamed:
        parts.append(_streamed(max(streamed, key=lambda one: one["size"])))
    if read:
        parts.append(_read(max(read, key=lambda one: one["scan"]["cases"])))
    if grown:
        parts.append(_growth(grown))
    save(out / "benchmark.md", "\n".join(parts).encode())
    save(out / "benchmark.png", drawn(runs, grown))
    return [out / "benchmark.md", out / "benchmark.png"]


def _times(run: dict[str, Any], task: str) -> Times:
    return {one["contender"]: one for one in run["timings"] if one["task"] == task}


def _run(run: dict[str, Any]) -> str:
    lines = [f"\n## {run['size']:,} cases\n", _machine(run["begun"], run["ended"]["load"])]
    lines += [f"Version {VERSION} with {run['before']}.\n"]
    lines += [f"{run['rounds']} rounds; {run['groups']} groups; {run['levers']} levers with {run['settings']} values;"]
    lines += [f"{run['facts']} facts are read."]
    for task, title in TITLES.items():
        times = _times(run, task)
        if times:
            lines += [f"\n### {title}\n", _table(times, AT_HAND if AT_HAND in times else next(iter(times)))]
    return "\n".join(lines) + "\n"


def _table(times: Times, first: str) -> str:
    rows = ["| way | median | least | times the first row |", "|---|--:|--:|--:|"]
    for name, one in sorted(times.items(), key=lambda item: (item[0] != first, middle(item[1]))):
        mark = f" * ({one['of']})" if one["of"] else ""
        cells = [f"{name}{mark}", shown(middle(one)), shown(min(one["rounds"])), ratio(against(one, times[first]))]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _machine(machine: dict[str, str], after: str = "") -> str:
    load = f"{machine['load']}" + (f" before, {after} after" if after else "")
    return (
        f"{machine['processor']}, {machine['memory']}; load average (1, 5, 15 minutes) {load}."
        f" Python {machine['python']}; {machine['versions']}."
    )


def _targets(run: dict[str, Any]) -> str:
    """What was promised, beside what was seen."""
    one, lever, swept, shared, told, made = (_times(run, task) for task in list(TITLES)[:6])
    draw, before = made[f"{MINE}, case table"], made[f"{BEFORE}, case table"]
    least = [
        ("planes at hand, counted, against version 2026.1.0", one[DIRECT], one[COUNTED], 20),
        (f"planes at hand, counted, against {Polars.name}", one[Polars.name], one[COUNTED], 40),
        ("every plane made anew, against version 2026.1.0", one[DIRECT], one[ANEW], 2),
        ("from columns as read, against the same of version 2026.1.0", one[ONCE_BEFORE], one[ONCE], 2),
        (f"every plane made anew, against {Polars.name}", one[Polars.name], one[ANEW], 5),
        (f"every plane made anew, against {PolarsByPathway.name}", one[PolarsByPathway.name], one[ANEW], 3),
        ("one lever moved, against version 2026.1.0", lever[DIRECT], lever[MINE], 10),
        (
            "the sweep, against the cubes of version 2026.1.0",
            swept[f"{BEFORE}, a cube of each lever"],
            swept[MINE],
            0.83,
        ),
        ("Shapley shares, against version 2026.1.0", shared[BEFORE], shared[MINE], 5),
        ("an explanation, against version 2026.1.0", told[f"{BEFORE}, the same"], told[WORDS], 10),
        ("an explanation, against truths and reasons of each case in bulk", told[WORDS], told[TOGETHER], 30),
        ("cases made, against version 2026.1.0", before, draw, 3),
        ("cases made, against plain numpy", made["plain numpy, codes from one generator, no table"], draw, 2),
    ]
    most = [
        ("planes at hand, counted, of a plain read", one[COUNTED], one[READ], 1),
        ("planes at hand, counted, of a plain read of each row's own facts", one[COUNTED], one[READ_OWN], None),
        ("one lever moved, of a plain read", lever[MINE], lever[READ], 2),
        ("one lever moved, of a plain read of each row's own facts", lever[MINE], lever[READ_OWN], None),
        (f"the trace alone of one case, of that of {ZenRules.name}", told[TRACE], told[ZEN_TRACE], 2),
        ("the compiled SQL, of SQL by hand, both in DuckDB", one[Compiled.name], one[DuckDB.name], 1.05),
    ]
    lines = [f"\n## What was promised, at {run['size']:,} cases\n", "| promised | seen | kept |", "|---|--:|---|"]
    for says, slow, quick, wanted in least:
        seen = against(slow, quick)
        lines.append(f"| {says}: at least {wanted:g}x | {ratio(seen)} | {_kept(seen >= wanted)} |")
    for says, slow, quick, limit in most:
        seen = against(slow, quick)
        target = "no target" if limit is None else f"at most {limit:g}x"
        lines.append(f"| {says}: {target} | {seen:.2f}x | {'' if limit is None else _kept(seen <= limit)} |")
    return "\n".join(lines) + "\n"


def _kept(kept: bool) -> str:
    return "yes" if kept else "**no**"


def _lost(run: dict[str, Any]) -> str:
    """The rows in which another contender is quicker than this package."""
    lines = [
        f"\n## What is lost, at {run['size']:,} cases\n",
        "| this package | quicker by 5 % or more, and how many times |",
        "|---|---|",
    ]
    for task, title in list(TITLES.items())[:-1]:
        times = _times(run, task)
        for name in (name for name in times if name.startswith(MINE)):
            ratios = {other: against(times[name], one) for other, one in times.items() if not other.startswith(MINE)}
            quicker = sorted((by, other) for other, by in ratios.items() if by >= 1.05)
            told = "; ".join(f"{other} ({ratio(by)})" for by, other in quicker)
            what = title.partition(":")[0] + name.removeprefix(MINE)
            lines += [f"| {what} | {told} |"] if told else []
    return "\n".join(lines) + "\n"


def _streamed(found: dict[str, Any]) -> str:
    counts = ", ".join(f"{word} {number:,}" for word, number in found["counts"].items())
    lines = [
        f"\n## {found['size']:,} cases, streamed\n",
        _machine(found["machine"]),
        f"\nDrawn, read and counted under {found['settings']} settings in {found['groups']} groups, 200,000 at a time:",
        f"{shown(found['seconds'])} ({shown(found['cpu'])} of processor), peak memory of the whole process",
        f"{found['memory']:,.0f} MB. At the defaults: {counts}.\n",
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
        ("collapse", "the collapse, its rows brought into Python and laid out"),
    ):
        one = found[what]
        cells = [title, f"{one['rows']:,}", shown(one["cpu"]), f"{scans[what]:.2f}", shown(one["wall"])]
        lines.append(f"| {' | '.join(cells)} | {one['peak_mb']:,.0f} MB |")
    return "\n".join(lines) + "\n"


def _growth(grown: dict[str, Any]) -> str:
    lines = ["\n## Growth\n", _machine(grown["machine"]), ""]
    lines += [
        "Counts of all groups with so many levers moved at once, none of them at a value seen before; the planes of"
    ]
    lines += ["the defaults are at hand. Held: facts by pathway and planes, beside the cases.\n"]
    lines += [f"| cases | groups | laid out in | held | {' | '.join(f'{n} moved' for n in LEVERS)} |"]
    lines += [f"|--:|--:|--:|--:|{'--:|' * len(LEVERS)}"]
    for size, groups in dict.fromkeys((row["cases"], row["groups"]) for row in grown["rows"]):
        rows = [row for row in grown["rows"] if (row["cases"], row["groups"]) == (size, groups)]
        cells = [f"{size:,}", str(groups), shown(rows[0]["build"]), f"{rows[-1]['memory']:,.1f} MB"]
        lines.append(f"| {' | '.join([*cells, *(shown(row['answer']) for row in rows)])} |")
    return "\n".join(lines) + "\n"
