"""A study as files: tables, pictures and summary.json; its sentences come from `findings`, its pictures from charts."""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from policy.files import save
from policy.model import OUTCOMES
from simulations.findings import (
    all_notices,
    changes,
    examples,
    flow,
    group_outcomes,
    groups,
    headline,
    medicare,
    notices,
    outcomes,
    stamp,
)  # fmt: skip
from simulations.impact_chart import FIGURES, flow_figure, groups_figure, outcomes_figure
from simulations.picture_chart import Picture
from simulations.study import Study
from simulations.suppression import of_flow
from simulations.tables import table_bytes

__all__ = [
    "FIGURES", "Picture", "changes", "examples", "flow", "flow_figure", "group_outcomes", "groups", "groups_figure",
    "headline", "medicare", "notices", "outcomes", "outcomes_figure", "stamp", "summary", "write",
]  # fmt: skip

SOFTWARE = ("nerve-block-workbook", "numpy", "pandas", "pyarrow", "pydantic", "matplotlib", "papermill", "nbconvert")


def summary(study: Study, said: str | None = None, entries: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The result for a program: the same inputs give the same content; no clock, host or path, no NaN.

    `said`: the headline, the sentence that the command prints at the end; by default the approval rates. `entries` are
    added under names of their own. Raises ValueError for an entry that every summary has anyway.
    """
    impact, policy = study.impact, study.policy
    before, after, change = impact.rates()
    counts, flow = impact.outcomes(), impact.flow().to_numpy()
    moves = flow.tolist()
    moved: int | None = impact.moved
    if not study.cases.synthetic:  # null: a count of 1 to 10 people, or one that gives it away
        hidden, uncounted = of_flow(flow)
        moves = [[None if h else n for h, n in zip(*pair, strict=True)] for pair in zip(hidden, moves, strict=True)]
        moved = None if uncounted else moved
    content = {
        "schema": "summary/1",
        "notice": policy.notice,
        "notices": all_notices(study),
        "policy": {"id": policy.id, "version": policy.version, "fingerprint": policy.fingerprint},
        "scenario": {"id": study.name, "provisions": study.provisions(), "changes": impact.changes()},
        "population": study.cases.source(),
        **({"expect": study.expectations()} if study.expectations() else {}),
        "outcomes": {
            name: dict(zip(OUTCOMES, counts[name].tolist(), strict=True)) for name in ("baseline", "scenario")
        },
        "approval_rate": {
            "baseline": round(before.value, 9),
            "scenario": round(after.value, 9),
            "change": round(change.value, 9),
            "low": round(change.low, 9),
            "high": round(change.high, 9),
        },
        "headline": said or _rates_in_words(study),
        "finding": study.overall.finding(),
        "moved": moved,
        "flow": {word: dict(zip(OUTCOMES, row, strict=True)) for word, row in zip(OUTCOMES, moves, strict=True)},
        "software": _versions(),
    }
    if taken := sorted(content.keys() & (entries or {}).keys()):
        raise ValueError(f"a summary has these entries already: {', '.join(taken)}")
    return {**content, **(entries or {})}


def _rates_in_words(study: Study) -> str:
    before, after, change = study.overall.rates()
    return (
        f"Approval rate {before.value:.1%} -> {after.value:.1%}: change {100 * change.value:+.1f} percentage points "
        f"(95 % interval {100 * change.low:+.1f} to {100 * change.high:+.1f}), {study.impact.cases:,} cases"
    )


def _versions() -> dict[str, str]:
    found = {}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a plain checkout: nothing is claimed
            continue
    return found


def write(
    study: Study,
    folder: str | Path,
    tables: Mapping[str, pd.DataFrame] | None = None,
    pictures: Sequence[Picture] | None = None,
    said: str | None = None,
    entries: Mapping[str, Any] | None = None,
) -> None:
    """<name>.csv of each table, <name>.png of each picture and, last, summary.json into a folder that exists.

    A template passes its own; without `tables` and `pictures` they are those of the impact. A table whose columns
    count all six outcomes (`met`, or `baseline_met`, ...) has a column `cases` that they sum to. Names are lower-case
    words. `said` and `entries`: see `summary`. Raises ProblemsFound where the folder cannot be written.
    """
    folder = Path(folder)
    tables = impact_tables(study) if tables is None else tables
    pictures = [figure(study) for figure in FIGURES] if pictures is None else pictures
    contents = {f"{name}.csv": table_bytes(table, Path(f"{name}.csv")) for name, table in tables.items()}
    contents |= {f"{picture.name}.png": picture.png for picture in pictures}
    contents["summary.json"] = json_bytes(summary(study, said, entries))
    if wrong := [name for name in contents if not re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z]+", name)]:
        raise ValueError(f"no name for a file: {', '.join(wrong)}")
    for name, content in contents.items():
        save(folder / name, content)


def impact_tables(study: Study) -> dict[str, pd.DataFrame]:
    """The tables of an impact: outcomes, groups, flow, examples, and the levers that move."""
    moved = [name for name in study.policy.levers if study.scenario[name] != study.baseline[name]]
    shown = [[n, *(study.policy.levers[n].show(s[n]) for s in (study.baseline, study.scenario))] for n in moved]
    levers = pd.DataFrame(shown, columns=["lever", "baseline", "scenario"], dtype="str")
    levers["in_words"] = pd.Series(study.impact.changes(), dtype="str")
    return {
        "outcomes": study.overall.outcomes(),
        "groups": study.shown.groups(),
        "flow": study.shown.flow().reset_index(),
        "examples": study.shown.examples,
        "levers": levers,
        "medicare": study.guard.frame(),
    }


def json_bytes(content: dict[str, Any]) -> bytes:
    """As UTF-8 JSON in the order given; a number that JSON does not know is an error."""
    return f"{json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()
