"""A first population page for a policy, written to a file or printed."""

import os
from pathlib import Path

import click

import policy as core
from policy.problems import ProblemsFound, refuse
from policy.reading.loading import policy_file
from policy.reading.workspace import workspace
from policy.storage.files import save
from simulations.population.drafting import draft
from simulations.runs.outputs import Inputs, check_files


def write_draft(name: str, out: str | None) -> None:
    """The page of `population --draft`; raises ProblemsFound for a policy with faults and a file that is there."""
    policy, file = core.load(name), policy_file(name)
    folder = Path(out).parent if out else Path()
    text = draft(policy, _named(policy.id, file, folder))
    if out is None:
        click.echo(text, nl=False)
        return
    if folder == workspace() / "populations":
        folder.mkdir(parents=True, exist_ok=True)
    if problems := check_files(Inputs().policy(name), {out: (".yaml", ".yml")}):
        raise ProblemsFound(problems)
    if Path(out).exists():
        raise refuse("write", out, "is there already, and may hold your own numbers; name another file")
    save(Path(out), text.encode())
    click.echo(f"written: {out}: {policy.name}, every number a placeholder")


def _named(name: str, file: Path, folder: Path) -> str:
    """How the page names its policy: by name where that finds the file, else by a path from the page's folder."""
    try:
        if policy_file(name) == file:
            return name
    except ProblemsFound:
        pass
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
