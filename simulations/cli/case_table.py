"""The verbs over a case table: determine all of it, explain one case."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import numpy as np

import policy as core
from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, UndatedRows, collecting, counted, nearest, refuse, shown
from policy.storage.files import save, save_all, writing
from simulations.cli.options import cases_argument, import_options, judged_in_time, policy_options
from simulations.cli.provenance import ROW_LEVEL, stamp, standing_notices
from simulations.runs.outputs import Inputs, check_files, one_file
from simulations.runs.rejects import alone_if_too_many, check_rejects, rejects_table
from simulations.statistics.number_format import percent
from simulations.studies.import_options import ImportOptions

if TYPE_CHECKING:
    from simulations.cli.streaming import Determined


@click.command(epilog="Example: workbook determine cases.csv --scenario strict_reading --out determinations.csv")
@cases_argument
@policy_options
@import_options
@click.option("--out", required=True, metavar="FILE", help="CSV or Parquet.")
def determine(
    cases: str, policy_name: str, as_of: str | None, scenario: str | None, assignments: tuple[str, ...], out: str,
    importing: ImportOptions, rejects: str | None,
) -> None:  # fmt: skip
    """Determinations with reasons for a case table (CSV or Parquet).

    A policy called by its name alone means, row by row, the version in force on the request_date; NAME@VERSION and a
    file mean exactly that. Levers have the value of that day. Each row says by which version it was judged. --as-of is
    the day of rows without a date, and needed only where several versions or values could judge them.
    """
    from simulations.cli.streaming import determine_into

    targets = [Path(out)] + ([Path(rejects)] if rejects is not None else [])
    problems = _wrong_files(Inputs().policy(policy_name).scenario(scenario).beside(importing), cases, out, rejects)
    with collecting(problems):
        calendar, met = judged_in_time(policy_name, scenario, assignments, as_of)
        options = importing.reading([settings.policy for _, settings in met])
    if problems:
        raise ProblemsFound(problems)
    with writing(*targets):
        found: list[Determined] = []
        reader = core.CaseReader(Path(cases), calendar, **options)

        def determinations(stream: BinaryIO) -> None:
            found.append(determine_into(stream, reader, Path(out)))
            with alone_if_too_many(rejects, out):
                importing.few_enough(reader.rejected, found[0].outcomes.total(), reader.name)

        def rejected(stream: BinaryIO) -> None:
            stream.write(rejects_table(reader.rejected, reader.name))

        save_all(dict(zip(targets, (determinations, rejected), strict=False)))
    if rejects is not None:
        click.echo(f"{counted(reader.rejected['row'].nunique(), 'row')} rejected: {rejects}")
    used = sorted(met, key=lambda one: (one[0].effective or "", one[0].day or ""))
    used = [one for one in used if (one[0].name, one[0].day) in found[0].judged]
    for line in dict.fromkeys(line for one in used for line in stamp(*one, scenario, not reader.synthetic)):
        click.echo(line)
    _say([policy for policy, _ in used], reader, found[0])
    click.echo(f"written: {out}")


def _wrong_files(inputs: Inputs, cases: str, out: str, rejects: str | None) -> list[Problem]:
    """What is wrong with the table that is read and those that are written."""
    inputs.add("the case table", cases)
    problems = check_files(inputs, {out: (".csv", ".parquet"), **({rejects: (".csv",)} if rejects is not None else {})})
    if rejects is not None and one_file(out, rejects):
        message = "is named for the determinations and for the rejected rows; name two files"
        problems.append(Problem("write", out, message))
    if not os.path.exists(cases):
        problems.append(Problem("read", cases, "cannot be read (No such file or directory)"))
    return problems


def _say(policies: list[Policy], reader: "core.CaseReader", found: "Determined") -> None:
    outcomes, dx, _ = found
    n = outcomes.total()
    click.echo(f"{counted(n, 'case')}: " + ", ".join(f"{word} {outcomes[word]:,}" for word in core.OUTCOMES))
    rate = f"{percent(outcomes['met'] / n)} of all rows" if n else "not known: no row could be used"
    click.echo(f"approval rate {rate}; not_met is a recommendation to a clinician")
    marks = [] if reader.synthetic else [ROW_LEVEL]
    notices = dict.fromkeys(line for policy in policies for line in standing_notices(policy, dx))
    for line in (*marks, *reader.remarks, *notices):
        click.echo(line)


@click.command(epilog="Example: workbook explain cases.csv --case A17 --set conservative_weeks=8")
@cases_argument
@click.option("--case", "case_id", required=True, metavar="ID")
@policy_options
@import_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(
    cases: str, case_id: str, policy_name: str, as_of: str | None, scenario: str | None, assignments: tuple[str, ...],
    importing: ImportOptions, rejects: str | None, form: str,
) -> None:  # fmt: skip
    """One case in words: its criteria with truth, value, threshold, distance, source; what would change it.

    Other rows may have problems; with --rejects they are written, as by workbook determine.
    """
    problems: list[Problem] = []
    if rejects is not None:
        inputs = Inputs().policy(policy_name).scenario(scenario).beside(importing).add("the case table", cases)
        with collecting(problems):
            check_rejects(rejects, inputs)
    with collecting(problems):
        calendar, met = judged_in_time(policy_name, scenario, assignments, as_of)
        options = importing.reading([settings.policy for _, settings in met])
    if problems:
        raise ProblemsFound(problems)
    reader = core.CaseReader(Path(cases), calendar, **options | {"keep_good": True})
    case, settings, usable = _found(reader, case_id, rejects is not None)
    if rejects is not None:
        with alone_if_too_many(rejects, "an explanation"):
            importing.few_enough(reader.rejected, usable, reader.name)
        save(Path(rejects), rejects_table(reader.rejected, reader.name))
    policy = next(base for base, judging in met if judging is settings)
    from policy.authoring.letter import answer

    found = answer(settings.policy, case, 0, settings, not reader.synthetic)
    dx = str(case.dx[0])
    notices = standing_notices(policy, [dx])
    if dx in policy.retired_codes:
        notices.append(f"{dx} is no longer a valid code: {policy.retired_codes[dx]}")
    stamped = [] if reader.synthetic else [ROW_LEVEL]
    stamped += stamp(policy, settings, scenario, not reader.synthetic)
    if form == "json":
        click.echo(json.dumps({"notes": [*stamped, *notices], **found.data()}, indent=2, ensure_ascii=False))
        return
    told = (found.explanation.text(), "", found.text(settings.policy), "")
    click.echo("\n".join([*stamped, "", *told, *notices]))


def _found(reader: "core.CaseReader", case_id: str, whole: bool) -> tuple["core.Cases", Settings, int]:
    """The one case, what judges it, and the number of usable rows; ProblemsFound where it is rejected or not there.

    `whole`: rows that nothing can judge are a problem even beside it.
    """
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
        if whole or not found:  # else the others need not be judged
            raise
    if found:
        return *found[0], usable
    bad, place = reader.rejected, Path(reader.name).name
    if case_id in reader.left_out:
        line = reader.left_out[case_id]
        why = [f"column {o.column}: {shown(str(o.value))} {o.problem}" for o in bad[bad["row"] == line].itertuples()]
        raise ProblemsFound(Problem("row", f"{place}:{line}", f"case {shown(case_id)} was rejected: {o}") for o in why)
    rejected = counted(bad["row"].nunique(), "row was", "rows were")
    message = f"no case {shown(case_id)} among {counted(usable, 'usable row')} ({rejected} rejected)"
    raise refuse("case", place, message + nearest(case_id, near))
