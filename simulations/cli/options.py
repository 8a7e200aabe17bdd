"""What several verbs of the command take in the same way: a policy with its settings, a case table, a workspace."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import policy as core
from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, refuse, shown
from policy.reading.loading import DEFAULT
from policy.reading.workspace import VARIABLE


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


def case_reader(
    path: str, policy: Policy, rename: tuple[str, ...], ignore: tuple[str, ...], keep_good: bool = False,
    case_id_is_key: bool = False,
) -> "core.CaseReader":  # fmt: skip
    """The case table of a command, with --map, --ignore and --case-id-is-key."""
    pairs = dict(text.partition("=")[::2] for text in rename)
    if "" in pairs or "" in pairs.values():
        raise click.UsageError("--map needs COLUMN_IN_FILE=COLUMN_OF_THE_CONTRACT")
    if len(pairs) < len(rename):
        raise refuse("map-twice", "--map", "names a column of the file twice; name it once")
    return core.CaseReader(
        Path(path), policy, rename=pairs, ignore=ignore, keep_good=keep_good, case_id_is_key=case_id_is_key
    )


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


def policy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--policy, --scenario, --set and --workspace, the same for every verb."""
    for option in (
        workspace_option,
        click.option(
            "--set", "assignments", multiple=True, metavar="LEVER=VALUE", help="Set a lever, after the scenario."
        ),
        click.option("--scenario", metavar="NAME|FILE", help="Named provisions over the policy, e.g. strict_reading."),
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
