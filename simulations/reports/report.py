"""A study as files: tables, pictures and summary.json; its sentences come from impact_findings.py."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from policy.model import OUTCOMES, Policy
from policy.storage.files import save
from simulations.reports.figure import Picture
from simulations.reports.first_page import assumed, first_page
from simulations.reports.impact_chart import FIGURES, flow_figure, groups_figure, outcomes_figure
from simulations.reports.impact_findings import (
    about_finding,
    changes,
    examples,
    flow,
    group_outcomes,
    groups,
    headline,
    medicare,
    outcomes,
)
from simulations.reports.notices import EXACT, about_people, all_notices, notices, stamp
from simulations.reports.table_cells import in_shares
from simulations.reports.version_findings import version_tables
from simulations.statistics.disclosure_control import OWNERS, SMALL
from simulations.statistics.number_format import fixed, percent, points
from simulations.statistics.release import Withheld
from simulations.storage.tables import table_bytes
from simulations.studies.comparison import Study
from simulations.studies.versions import moved

__all__ = [
    "FIGURES", "Picture", "changes", "examples", "first_page", "flow", "flow_figure", "group_outcomes", "groups",
    "groups_figure", "headline", "marked", "medicare", "notices", "outcomes", "outcomes_figure", "stamp", "summary",
    "write",
]  # fmt: skip

SOFTWARE = ("nerve-block-workbook", "numpy", "pandas", "pyarrow", "pydantic", "matplotlib", "papermill", "nbconvert")


def summary(study: Study, said: str | None = None, entries: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The result for a program: the same inputs give the same content; no clock, host or path, no NaN.

    `said`: the headline, the sentence that the command prints at the end; by default the approval rates. `entries` are
    added under names of their own. Raises ValueError for an entry that every summary has anyway.
    """
    impact, policy = study.shown, study.document
    already = {"already": stands} if (stands := study.already()) else {}
    content = {
        "schema": "summary/1",
        "notice": policy.notice_of(study.cases.people),
        **release(study),
        "notices": all_notices(study),
        "policy": _identity(policy),
        **({"baseline": _identity(study.policy)} if study.version else {}),
        "scenario": {"id": study.name, "provisions": study.provisions(), "changes": impact.changes(), **already},
        "population": study.cases.source(),
        **({"expect": study.expectations()} if study.expectations() else {}),
        **_numbers(study),
        "headline": said or _rates_in_words(study),
        "finding": about_finding(study) if study.rough else impact.finding(),
        "software": _versions(),
    }
    if taken := sorted(content.keys() & (entries or {}).keys()):
        raise ValueError(f"a summary has these entries already: {', '.join(taken)}")
    return {**content, **(entries or {})}


def _identity(policy: Policy) -> dict[str, str]:
    """What identifies a policy; with dated values also the day from which those stand that are read."""
    found = {"id": policy.id, "version": policy.version, "fingerprint": policy.fingerprint}
    return found | ({"values_from": policy.day} if policy.day else {})


def release(study: Study) -> dict[str, Any]:
    """How numbers of people are told here; nothing for cases that are nobody."""
    if not study.cases.people:
        return {}
    if study.cases.exact:
        return {"release": {"kind": "exact", "note": EXACT}}
    return {
        "release": {"kind": "about" if study.rough else "counts", "note": study.silent or about_people(study).strip()}
    }


def _numbers(study: Study) -> dict[str, Any]:
    """Outcomes, approval rate, moves: exact, or null with the reason."""
    impact = study.shown
    hidden, counts = impact.hidden if not study.rough else Withheld.everything(), impact.outcomes()
    found: dict[str, Any] = {"outcomes": {}}
    masks = {"baseline": hidden.baseline, "scenario": hidden.scenario}
    for name, mask in masks.items():
        told = [None if gone else int(n) for n, gone in zip(counts[name], mask, strict=True)]
        found["outcomes"][name] = dict(zip(OUTCOMES, told, strict=True))
    names = ("baseline", "scenario", "change", "low", "high")
    before, after, change = impact.rates()
    rates = [None] * 5 if study.rough else [before.value, after.value, *change]
    found["approval_rate"] = {n: None if v is None else round(v, 9) for n, v in zip(names, rates, strict=True)}
    before, after, change = impact.rates("not_met")
    refused = [None] * 3 if study.rough else [before.value, after.value, change.value]
    found["refusal_rate"] = {n: None if v is None else round(v, 9) for n, v in zip(names, refused, strict=False)}
    if study.assumed is not None:
        found["assumptions"] = {"populations": study.assumed.draws} | {
            word: dict(zip(("low", "high", "low_error", "high_error"), (round(v, 4) for v in ends), strict=True))
            for word in ("met", "not_met")
            if (ends := assumed(study, word))
        }
    if study.rough:
        shares = zip(("baseline", "scenario"), study.shares(), strict=True)
        found["about"] = {"approval_pct": {n: None if v is None else float(fixed(100 * v)) for n, v in shares}}
    found["moved"] = None if hidden.moved else impact.moved
    moves = study.impact.flow().to_numpy()
    found["flow"] = {
        word: {to: None if hidden.flow[i, j] else int(moves[i, j]) for j, to in enumerate(OUTCOMES)}
        for i, word in enumerate(OUTCOMES)
    }
    if hidden.moved:
        found["moved_withheld"] = study.why_withheld
    for name, some in (("outcomes", masks.values()), ("flow", [hidden.flow]), ("approval_rate", [])):
        if any(mask.any() for mask in some) or (name == "approval_rate" and None in rates):
            found[name]["withheld"] = study.why_withheld
    return found


def in_ascii(change: float) -> str:
    """'+1.2', '-5.4' or '0.0' percentage points of a headline."""
    return points(change).replace("−", "-")


def _rates_in_words(study: Study) -> str:
    if study.rough:
        return about_finding(study)
    impact = study.shown
    if study.cases.too_few:
        return impact.finding()
    before, after, change = impact.rates()
    told = [one.value if one.value is None else percent(one.value) for one in (before, after)]
    said = f"Approval rate {told[0] or 'withheld'} -> {told[1] or 'withheld'}: "
    if change.value is None:
        few = (
            f"fewer than {SMALL + 1} cases change" if impact.hidden.few_move else "counts of a few people are withheld"
        )
        return f"{said}{few}, {study.cases.told_size} cases"
    span = (
        "withheld"
        if change.low is None or change.high is None
        else f"{in_ascii(change.low)} to {in_ascii(change.high)}{_for_what(study)}"
    )
    said += f"change {in_ascii(change.value)} percentage points (95 % interval {span}), {study.cases.told_size} cases"
    refused = [one.value for one in impact.rates("not_met")[:2]]
    both = [percent(value) for value in refused if value is not None]
    said += "; recommended refusals " + (" -> ".join(both) if len(both) == 2 else "withheld")
    return f"{said}; fewer than {SMALL + 1} cases change their outcome" if impact.hidden.few_move else said


def _for_what(study: Study) -> str:
    """What an interval of drawn cases tells, and beside it the range of the assumptions, which tells more."""
    if not study.cases.drawn:
        return ""
    ends = assumed(study, "met")
    if ends is None:
        return " for the luck of drawing"
    if study.impact.same:  # nothing that is assumed can make a change then
        return (
            f" for the luck of drawing; the rate itself {fixed(ends.low)} to {fixed(ends.high)} % for the assumptions"
        )
    return f" for the luck of drawing, {in_ascii(ends.low / 100)} to {in_ascii(ends.high / 100)} for the assumptions"


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
    said = owners(study, said or _rates_in_words(study))
    tables = impact_tables(study) if tables is None else tables
    pictures = [figure(study) for figure in FIGURES] if pictures is None else pictures
    contents = {f"{name}.csv": table_bytes(marked(study, table), Path(f"{name}.csv")) for name, table in tables.items()}
    contents |= {f"{picture.name}.png": picture.png for picture in pictures}
    contents["summary.json"] = json_bytes(summary(study, said, entries))
    if wrong := [name for name in contents if not re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z]+", name)]:
        raise ValueError(f"no name for a file: {', '.join(wrong)}")
    for name, content in contents.items():
        save(folder / name, content)


def owners(study: Study, said: str) -> str:
    """A headline, marked where it is the owner's own view."""
    return f"Not for release. {said}" if study.cases.people and study.cases.exact else said


def marked(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """A table with a word in every row of the owner's own view, and why a cell of people is empty."""
    if study.cases.people and study.cases.exact:
        return table.assign(release=OWNERS)
    if study.silent:
        return table.iloc[:0]
    if study.rough:
        return table if "cases" not in table else in_shares(table, study.policy.levers)
    empty = table[[name for name in table if not str(name).startswith("ratio")]].isna().any(axis=1)  # none may exist
    if study.guarded and empty.any():
        return table.assign(withheld=[study.why_withheld if gone else "" for gone in empty])
    return table


def impact_tables(study: Study) -> dict[str, pd.DataFrame]:
    """The tables of an impact: outcomes, groups, flow, examples, and the levers that move."""
    both = moved(study.baseline, study.scenario)
    shown = [[name, one.lever.show(one.before), one.lever.show(one.after)] for name, one in both.items()]
    levers = pd.DataFrame(shown, columns=["lever", "baseline", "scenario"], dtype="str")
    if study.version is None:
        levers["in_words"] = pd.Series(study.impact.changes(), dtype="str")
    return (version_tables(study) if study.version else {}) | {
        "outcomes": study.shown.outcomes(),
        "groups": study.shown.groups(),
        "flow": study.shown.flow().reset_index(),
        "examples": study.shown.examples,
        "levers": levers,
        "medicare": study.guard.frame(),
    }


def json_bytes(content: dict[str, Any]) -> bytes:
    """As UTF-8 JSON in the order given; a number that does not exist (not a number, without end) is null."""
    return (
        f"{json.dumps(_existing(content), indent=2, ensure_ascii=False, allow_nan=False, default=_number)}\n".encode()
    )


def _number(value: object) -> float:
    """A decimal number of a lever, as the shortest decimal that JSON writes for it."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no value of a summary")


def _existing(value: Any) -> Any:
    """The same, None in place of floats that are no numbers, and no zero with a sign: 'no change' has no direction."""
    if isinstance(value, dict):
        return {key: _existing(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_existing(one) for one in value]
    if isinstance(value, float):
        return value + 0.0 if isfinite(value) else None
    return value
