"""What several verbs of the command take in the same way: a policy with its settings, a case table, a workspace."""

import functools
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click

import policy as core
from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, refuse, shown
from policy.reading.loading import DEFAULT
from policy.reading.workspace import VARIABLE
from simulations.runs.outputs import Inputs


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


class HistoryOptions(NamedTuple):
    """--history, --history-complete and --history-key, as given."""

    events: str | None
    complete: str | None
    key: str | None

    def among(self, inputs: Inputs) -> Inputs:
        """The files among what a command reads."""
        return inputs.add("the history", self.events).add("the table of complete histories", self.complete)

    def read(
        self, policies: Sequence[Policy], case_id_is_key: bool
    ) -> "Callable[[Policy], core.PlanHistory | None] | None":
        """The events for the fields of each policy that has such; raises ProblemsFound."""
        if self.events is None:
            for option, given in (("--history-complete", self.complete), ("--history-key", self.key)):
                if given is not None:
                    raise click.UsageError(f"{option} needs --history")
            return None
        complete = Path(self.complete) if self.complete is not None else None
        key = self.key if self.key is not None else "case_id"
        some = [one for one in policies if any(kind.history for kind in one.fields_.values())] or [*policies[:1]]
        found = {
            one.fingerprint: core.PlanHistory(one, Path(self.events), complete, key=key, case_id_is_key=case_id_is_key)
            for one in {policy.fingerprint: policy for policy in some}.values()
        }
        return lambda policy: found.get(policy.fingerprint)


def history_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--history, --history-complete and --history-key, handed on as one `history`."""

    @functools.wraps(function)
    def called(
        *args: Any, events: str | None, history_complete: str | None, history_key: str | None, **options: Any
    ) -> Any:
        return function(*args, history=HistoryOptions(events, history_complete, history_key), **options)

    for option in (
        click.option(
            "--history-key", metavar="COLUMN", help="Of the case table: the key of each row's events. Default: case_id."
        ),
        click.option(
            "--history-complete", metavar="FILE",
            help="Where the history is complete: key, codes (* for all), from, to. Default: nowhere.",
        ),
        click.option(
            "--history", "events", metavar="FILE",
            help="Events (key, date, code, quantity) of which the policy's history: fields are worked out.",
        ),
    ):  # fmt: skip
        called = option(called)
    return called


def case_reader(
    path: str, policy: "Policy | core.Calendar", rename: tuple[str, ...], ignore: tuple[str, ...],
    keep_good: bool = False, case_id_is_key: bool = False,
    history: "Callable[[Policy], core.PlanHistory | None] | None" = None,
) -> "core.CaseReader":  # fmt: skip
    """The case table of a command, with --map, --ignore, --case-id-is-key and its history."""
    pairs = dict(text.partition("=")[::2] for text in rename)
    if "" in pairs or "" in pairs.values():
        raise click.UsageError("--map needs COLUMN_IN_FILE=COLUMN_OF_THE_CONTRACT")
    if len(pairs) < len(rename):
        raise refuse("map-twice", "--map", "names a column of the file twice; name it once")
    return core.CaseReader(
        Path(path), policy, rename=pairs, ignore=ignore, keep_good=keep_good, case_id_is_key=case_id_is_key,
        derived=history,
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


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--map, --ignore and --case-id-is-key for case tables."""
    for option in (
        click.option("--case-id-is-key", is_flag=True, help="A case_id of 9 or 10 digits is a key, not a person's."),
        click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out."),
        click.option("--map", "rename", multiple=True, metavar="THEIRS=OURS", help="Read a column under another name."),
    ):
        function = option(function)
    return function
