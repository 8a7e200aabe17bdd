"""What several verbs of the command take in the same way: a policy with its settings, a case table, a workspace."""

import functools
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import isnan
from typing import Any

import click

import policy as core
from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, refuse, shown
from policy.reading.loading import DEFAULT
from policy.reading.workspace import VARIABLE
from simulations.studies.import_options import MOST_REJECTS, ImportOptions


def assigned(assignments: tuple[str, ...], option: str = "--set LEVER") -> dict[str, str]:
    """--set LEVER=VALUE, --parameter NAME=VALUE: each name once."""
    found: dict[str, str] = {}
    problems = []
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(
                f"{option.partition(' ')[0]} needs {option.partition(' ')[2]}=VALUE, found {shown(text)}"
            )
        if name in found:
            message = f"is set twice, to {shown(found[name])} and to {shown(value)}"
            problems.append(Problem("set-twice", name, message))
        found[name] = value
    if problems:
        raise ProblemsFound(problems)
    return found


def under(policy: Policy, scenario: str | None, assignments: tuple[str, ...]) -> Settings:
    """The settings of a scenario with --set on top; all problems of both in one pass."""
    from simulations.scenario.loading import proposed

    problems: list[Problem] = []
    given = dict(text.partition("=")[::2] for text in assignments)
    for check in (lambda: assigned(assignments), lambda: proposed(policy, scenario, given)):
        with collecting(problems):
            check()
    if problems:
        raise ProblemsFound(replace(p, place=f"--set {p.place}") if p.place in given else p for p in problems)
    return proposed(policy, scenario, given)


def number(text: str) -> Any:
    """A whole number written plainly; any other text as it is, for the check to refuse together with the rest."""
    return int(text) if re.fullmatch(r"-?(0|[1-9][0-9]{0,39})", text) else text


def not_empty(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """A name that names something: an empty one would be the folder that one stands in, or what is meant without it."""
    if name is not None and not name.strip():
        raise click.BadParameter("the name is empty")
    return name


cases_argument = click.argument("cases", callback=not_empty)


def import_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How a case table is read, the same for every verb: handed on as one `importing`, and `rejects`."""

    @functools.wraps(function)
    def called(
        *args: Any, rename: tuple[str, ...], ignore: tuple[str, ...], case_id_is_key: bool, history: str | None,
        history_complete: str | None, history_key: str | None, rejects: str | None, max_rejects: float | None,
        **options: Any,
    ) -> Any:  # fmt: skip
        for option, given in (("--history-complete", history_complete), ("--history-key", history_key)):
            if given is not None and history is None:
                raise click.UsageError(f"{option} needs --history")
        if rejects is not None and not rejects.strip():
            raise click.UsageError("--rejects is empty; name a file")
        if max_rejects is not None and rejects is None:
            raise click.UsageError("--max-rejects needs --rejects")
        if max_rejects is not None and isnan(max_rejects):
            raise click.UsageError("--max-rejects needs a per cent from 0 to 100, found 'nan'")
        most = None if rejects is None else MOST_REJECTS if max_rejects is None else max_rejects
        most = int(most) if most is not None and float(most).is_integer() else most
        importing = ImportOptions(
            _renamed(rename), ignore, case_id_is_key, history, history_complete, history_key, most
        )
        return function(*args, importing=importing, rejects=rejects, **options)

    for option in reversed(_IMPORT_OPTIONS):
        called = option(called)
    return called


def _renamed(pairs: tuple[str, ...]) -> dict[str, str]:
    """--map THEIRS=OURS: each column of the file once."""
    found = dict(text.partition("=")[::2] for text in pairs)
    if "" in found or "" in found.values():
        raise click.UsageError("--map needs COLUMN_IN_FILE=COLUMN_OF_THE_CONTRACT")
    if len(found) < len(pairs):
        raise refuse("map-twice", "--map", "names a column of the file twice; name it once")
    return found


_IMPORT_OPTIONS = (
    click.option("--map", "rename", multiple=True, metavar="THEIRS=OURS", help="Read a column under another name."),
    click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out."),
    click.option("--case-id-is-key", is_flag=True, help="A case_id of 9 or 10 digits is a key, not a person's."),
    click.option(
        "--history", metavar="FILE",
        help="Events (key, date, code, quantity) of which the policy's history: fields are worked out.",
    ),
    click.option(
        "--history-complete", metavar="FILE",
        help="Where the history is complete: key, codes (* for all), from, to. Default: nowhere.",
    ),
    click.option(
        "--history-key", metavar="COLUMN", help="Of the case table: the key of each row's events. Default: case_id."
    ),
    click.option("--rejects", metavar="FILE", help="Write the rows with problems here (CSV) and use the others."),
    click.option(
        "--max-rejects", type=click.FloatRange(0, 100), metavar="PERCENT",
        help=f"With more rejected rows than this, only FILE of --rejects is written. Default: {MOST_REJECTS}.",
    ),
)  # fmt: skip


def _use_workspace(context: click.Context, _: click.Parameter, folder: str | None) -> None:
    """For this command, and for the kernels and terminals that it starts."""
    if folder is None:
        return
    if not folder.strip() or (os.path.exists(folder) and not os.path.isdir(folder)):
        raise click.BadParameter(f"{shown(folder)} is no folder")
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = folder
    context.call_on_close(lambda: os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before}))


workspace_option = click.option(
    "--workspace", metavar="DIR", callback=_use_workspace, expose_value=False,
    help="Where your own scenarios and policies lie, to be used by name. Default: ./workspace.",
)  # fmt: skip


def _a_day(_: click.Context, __: click.Parameter, day: str | None) -> str | None:
    """An ISO date that a case table may hold."""
    from policy.case_files.grammar import Day

    try:
        return day if day is None or Day().read(day) else None
    except ValueError as error:
        raise click.BadParameter(f"{shown(day)} {error}") from None


as_of_option = click.option(
    "--as-of", "as_of", metavar="DATE", callback=_a_day,
    help="The version in force on this day, levers at its values; of a case table: for rows without a date.",
)  # fmt: skip


def judged_in_time(
    policy_name: str, scenario: str | None, assignments: tuple[str, ...], as_of: str | None
) -> tuple["core.Calendar", list[tuple[Policy, Settings]]]:
    """How the cases of a table are judged, and each version that some case came to, with its settings, as they come.

    The version for cases without a date, else the last, is there from the start.
    """
    from policy.checking.in_time import calendar
    from simulations.scenario.loading import levers_of

    met: list[tuple[Policy, Settings]] = []

    def settings(policy: Policy) -> Settings:
        met.append((policy, under(policy, scenario, assignments)))
        return met[-1][1]

    held = {text.partition("=")[0] for text in assignments}
    with suppress(ProblemsFound):  # told with the other settings
        held |= {*levers_of(scenario)} if scenario else set()
    found = calendar(policy_name, settings, as_of, held)
    found.settings(found.usual)
    return found, met


def policy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--policy, --as-of, --scenario, --set and --workspace, the same for every verb."""
    for option in (
        workspace_option,
        click.option(
            "--set", "assignments", multiple=True, metavar="LEVER=VALUE", help="Set a lever, after the scenario."
        ),
        click.option("--scenario", metavar="NAME|FILE", help="Named provisions over the policy, e.g. strict_reading."),
        as_of_option,
        click.option("--policy", "policy_name", default=DEFAULT, show_default=True, metavar="NAME|FILE"),
    ):
        function = option(function)
    return function
