"""The verb that writes the page of a policy: every lever over made-up cases, in one file for a browser."""

from pathlib import Path

import click

import policy as core
from policy.problems import Problem, ProblemsFound, collecting, refuse
from policy.reading.loading import DEFAULT, policy_file
from simulations.cli.options import as_of_option, assigned, workspace_option
from simulations.runs.outputs import Inputs, check_files
from simulations.storage.files import save, writing


@click.command(epilog="Example: workbook page strict_reading --out page.html")
@click.argument("scenario", required=False)
@click.option("--policy", "policy_name", default=DEFAULT, show_default=True, metavar="NAME|FILE")
@click.option("--set", "assignments", multiple=True, metavar="LEVER=VALUE", help="Set a lever, after the scenario.")
@as_of_option
@click.option("--population", metavar="NAME|FILE", help="Default: that of the scenario file, else of the policy.")
@click.option("--size", help="Number of made-up cases, at most 100000. Default: that of the scenario file, else 10000.")
@click.option("--seed", help="Default: that of the scenario file, else 1.")
@click.option("--out", required=True, metavar="FILE", help="HTML.")
@workspace_option
def page(
    scenario: str | None, policy_name: str, assignments: tuple[str, ...], as_of: str | None, population: str | None,
    size: str | None, seed: str | None, out: str,
) -> None:  # fmt: skip
    """One offline file in which every lever moves, over made-up cases that lie in it.

    Whoever has the file sees rates with intervals, outcomes, what becomes of whom, and groups, in any browser, with no
    Python, server or network. It opens with SCENARIO, if one is named, and can be set by its address:
    page.html#conservative_weeks=8. Cases read from a table are refused: a page holds all cases that it counts.
    """
    from simulations.cli.command import number
    from simulations.pages.content import Command
    from simulations.pages.page import LARGEST, NOT_A_TABLE, offline_page
    from simulations.population.page import TABLES
    from simulations.studies.comparison import Study, ask

    if Path(population or "").suffix.lower() in TABLES:
        raise refuse("population", Path(str(population)).name, NOT_A_TABLE)
    problems: list[Problem] = check_files(
        Inputs().policy(policy_name).scenario(scenario).population(population), {out: (".html",)}
    )
    found: list[Study] = []
    many, luck = (None if text is None else number(text) for text in (size, seed))
    with collecting(problems):
        found.append(ask(policy_name, scenario, assigned(assignments), population, many, luck, as_of=as_of))
    if isinstance(many, int) and many > LARGEST:
        problems.append(Problem("size", "size", f"{many:,} cases are too many for one file; at most {LARGEST:,}"))
    if problems:
        raise ProblemsFound(problems)
    (study,) = found
    cases = study.cases
    drawn = ["--population", _called(population or cases.name), "--size", str(cases.size), "--seed", str(cases.seed)]
    options = [word for text in assignments for word in ("--set", text)] + (["--as-of", as_of] if as_of else [])
    command = Command(
        _called(scenario) if scenario else None, ("--policy", _exactly(policy_name, study), *options, *drawn),
        Path(out).name,
    )  # fmt: skip
    with writing(Path(out)):
        save(Path(out), offline_page(study, command))
    click.echo(study.document.notice)
    click.echo(f"written: {out}: {len(study.policy.levers)} levers of {study.document.name} over {cases!r}")


def _called(name: str) -> str:
    """A name as it is, a file without its folder."""
    return Path(name).name


def _exactly(name: str, study: "Study") -> str:
    """The version that a bare name means today, so that the command means the same tomorrow."""
    exact = study.document.name
    try:
        same = core.load(exact).fingerprint == study.document.fingerprint and policy_file(exact) != Path(name)
    except ProblemsFound:
        same = False
    return exact if same else _called(name)
