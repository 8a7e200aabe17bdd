"""The verbs over a case table: determine all of it, explain one case."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import numpy as np

import policy as core
from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, UndatedRows, collecting, nearest, refuse, shown
from policy.storage.files import save, save_all, writing
from simulations.cli.options import (
    HistoryOptions,
    case_reader,
    history_options,
    judged_in_time,
    policy_options,
    table_options,
)
from simulations.cli.provenance import ROW_LEVEL, stamp, standing_notices
from simulations.runs.outputs import Inputs, check_files, one_file
from simulations.statistics.number_format import percent

if TYPE_CHECKING:
    from simulations.cli.streaming import Determined


@click.command(epilog="Example: workbook determine cases.csv --scenario strict_reading --out determinations.csv")
@click.argument("cases")
@policy_options
@table_options
@history_options
@click.option("--out", required=True, metavar="FILE", help="CSV or Parquet.")
@click.option("--rejects", metavar="FILE", help="Write the rows with problems here (CSV) and determine the others.")
@click.option(
    "--max-rejects", type=click.FloatRange(0, 100), default=20, show_default=True, metavar="PERCENT",
    help="With more rejected rows than this, only FILE of --rejects is written.",
)  # fmt: skip
def determine(
    cases: str, policy_name: str, as_of: str | None, scenario: str | None, assignments: tuple[str, ...],
    rename: tuple[str, ...], ignore: tuple[str, ...], case_id_is_key: bool, out: str, rejects: str | None,
    max_rejects: float, history: HistoryOptions,
) -> None:  # fmt: skip
    """Determinations with reasons for a case table (CSV or Parquet).

    A policy called by its name alone means, row by row, the version in force on the request_date; NAME@VERSION and a
    file mean exactly that. Levers have the value of that day. Each row says by which version it was judged. --as-of is
    the day of rows without a date, and needed only where several versions or values could judge them.
    """
    from simulations.cli.streaming import determine_into

    targets = [Path(out)] + ([Path(rejects)] if rejects else [])
    problems = _wrong_files(history.among(Inputs().policy(policy_name).scenario(scenario)), cases, out, rejects)
    with collecting(problems):
        calendar, met = judged_in_time(policy_name, scenario, assignments, as_of)
        events = history.read([settings.policy for _, settings in met], case_id_is_key)
    if problems:
        raise ProblemsFound(problems)
    with writing(*targets):
        found: list[Determined] = []
        reader = case_reader(cases, calendar, rename, ignore, rejects is not None, case_id_is_key, events)

        def determinations(stream: BinaryIO) -> None:
            found.append(determine_into(stream, reader, Path(out)))
            if rejects:
                _few_enough(reader, found[0].outcomes.total(), max_rejects, Path(rejects), out)

        def rejected(stream: BinaryIO) -> None:
            stream.write(_rejects(reader, Path(rejects or "")))

        save_all({Path(out): determinations, **({Path(rejects): rejected} if rejects else {})})
    if rejects:
        click.echo(f"{reader.rejected['row'].nunique():,} rows rejected: {rejects}")
    used = [one for one in met if (one[0].name, one[0].day) in found[0].judged]
    used.sort(key=lambda one: (one[0].effective or "", one[0].day or ""))
    for line in dict.fromkeys(line for one in used for line in stamp(*one, scenario)):
        click.echo(line)
    _say([policy for policy, _ in used], reader, found[0])
    click.echo(f"written: {out}")


def _wrong_files(inputs: Inputs, cases: str, out: str, rejects: str | None) -> list[Problem]:
    """What is wrong with the table that is read and those that are written."""
    inputs.add("the case table", cases)
    problems = check_files(inputs, {out: (".csv", ".parquet"), **({rejects: (".csv",)} if rejects else {})})
    if rejects and one_file(out, rejects):
        message = "is named for the determinations and for the rejected rows; name two files"
        problems.append(Problem("write", out, message))
    if not os.path.exists(cases):
        problems.append(Problem("read", cases, "cannot be read (No such file or directory)"))
    return problems


def _say(policies: list[Policy], reader: "core.CaseReader", found: "Determined") -> None:
    outcomes, dx, _ = found
    n = outcomes.total()
    click.echo(f"{n:,} cases: " + ", ".join(f"{word} {outcomes[word]:,}" for word in core.OUTCOMES))
    rate = f"{percent(outcomes['met'] / n)} of all rows" if n else "not known: no row could be used"
    click.echo(f"approval rate {rate}; not_met is a recommendation to a clinician")
    marks = [] if reader.synthetic else [ROW_LEVEL]
    notices = dict.fromkeys(line for policy in policies for line in standing_notices(policy, dx))
    for line in (*marks, *reader.remarks, *notices):
        click.echo(line)


def _rejects(reader: "core.CaseReader", target: Path) -> bytes:
    """The rejected rows as a file has them: file, line, case_id, column, value, problem; row level, not for release."""
    from simulations.storage.tables import table_bytes

    found = reader.rejected.rename(columns={"row": "line"}).assign(file=reader.name)
    return table_bytes(found[["file", "line", "case_id", "column", "value", "problem"]], target)


def _few_enough(reader: "core.CaseReader", good: int, most: float, target: Path, out: str) -> None:
    """Too many rejected rows, or none that is left: they alone are written."""
    bad = reader.rejected["row"].nunique()
    rows = bad + good
    if good and 100 * bad <= most * rows:
        return
    save(target, _rejects(reader, target))
    why = f"more than --max-rejects {most:g} %" if good else "none is left"
    message = f"{bad:,} of {rows:,} rows were rejected, {why}; written: {target}, not written: {out}"
    raise refuse("rejects", reader.name, message)


@click.command(epilog="Example: workbook explain cases.csv --case A17 --set conservative_weeks=8")
@click.argument("cases")
@click.option("--case", "case_id", required=True, metavar="ID")
@policy_options
@table_options
@history_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(
    cases: str, case_id: str, policy_name: str, as_of: str | None, scenario: str | None, assignments: tuple[str, ...],
    rename: tuple[str, ...], ignore: tuple[str, ...], case_id_is_key: bool, form: str,
    history: HistoryOptions,
) -> None:  # fmt: skip
    """One case in words: its criteria with truth, value, threshold, distance, source; what would change it."""
    calendar, met = judged_in_time(policy_name, scenario, assignments, as_of)
    events = history.read([settings.policy for _, settings in met], case_id_is_key)
    reader = case_reader(cases, calendar, rename, ignore, True, case_id_is_key, events)
    case, settings = _found(reader, case_id)
    policy = next(base for base, judging in met if judging is settings)
    from policy.authoring.letter import answer

    found = answer(settings.policy, case, 0, settings)
    dx = str(case.dx[0])
    notices = standing_notices(policy, [dx])
    if dx in policy.retired_codes:
        notices.append(f"{dx} is no longer a valid code: {policy.retired_codes[dx]}")
    marks = [] if reader.synthetic else [ROW_LEVEL]
    notes = [*marks, *stamp(policy, settings, scenario), *notices]
    if form == "json":
        click.echo(json.dumps({"notes": notes, **found.data()}, indent=2, ensure_ascii=False))
        return
    told = (found.explanation.text(), "", found.text(settings.policy), "")
    for line in (*marks, *stamp(policy, settings, scenario), "", *told):
        click.echo(line)
    for line in notices:
        click.echo(line)


def _found(reader: "core.CaseReader", case_id: str) -> tuple["core.Cases", Settings]:
    """The one case and what judges it; raises ProblemsFound where it is rejected or not there."""
    found: list[tuple[core.Cases, Settings]] = []
    near: list[str] = []
    usable = 0
    try:
        for batches in reader.passes_in_time():
            found, near, usable = [], [], 0
            for part in (part for parts in batches for part in parts):
                usable += len(part.cases)
                near += part.cases.ids[: 10_000 - len(near)].tolist()
                if len(rows := np.flatnonzero(part.cases.ids == case_id)):
                    found.append((part.cases.take(rows[:1]), part.settings))
    except UndatedRows:
        if not found:  # else the others need not be judged
            raise
    if found:
        return found[0]
    bad, place = reader.rejected, Path(reader.name).name
    if case_id in reader.left_out:
        line = reader.left_out[case_id]
        why = [f"column {o.column}: {shown(str(o.value))} {o.problem}" for o in bad[bad["row"] == line].itertuples()]
        raise ProblemsFound(Problem("row", f"{place}:{line}", f"case {shown(case_id)} was rejected: {o}") for o in why)
    message = f"no case {shown(case_id)} among {usable:,} usable rows ({bad['row'].nunique():,} rows were rejected)"
    raise refuse("case", place, message + nearest(case_id, near))
