"""The verb that writes the page of a policy: every lever over made-up cases, in one file for a browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from policy.problems import ProblemsFound, collecting
from policy.reading.loading import DEFAULT, DOCUMENTS, policy_file
from policy.storage.files import save, writing
from simulations.cli.options import as_of_option, assigned, not_empty, number, workspace_option
from simulations.cli.provenance import one_of_several
from simulations.runs.again import called
from simulations.runs.outputs import Inputs, check_files

if TYPE_CHECKING:
    from simulations.pages.content import Command
    from simulations.studies.comparison import Study


@click.command(epilog="Example: workbook page strict_reading --out page.html")
@click.argument("scenario", required=False)
@click.option("--policy", "policy_name", default=DEFAULT, show_default=True, metavar="NAME|FILE")
@click.option("--set", "assignments", multiple=True, metavar="LEVER=VALUE", help="Set a lever, after the scenario.")
@as_of_option
@click.option(
    "--population", metavar="NAME|FILE", callback=not_empty,
    help="Default: that of the scenario file, else of the policy.",
)  # fmt: skip
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
    page.html#LEVER=8. Cases read from a table are refused: a page holds all cases that it counts.
    """
    from simulations.pages.page import offline_page

    drawn = {"population": population, "size": size, "seed": seed}
    study = _asked(scenario, policy_name, assignments, as_of, drawn, out)
    command = _command(scenario, policy_name, assignments, as_of, study, population, out)
    with writing(Path(out)):
        save(Path(out), offline_page(study, command))
    for line in (study.document.notice, *one_of_several(policy_name, study.document, as_of)):
        click.echo(line)
    levers = len(study.document.levers)
    click.echo(f"written: {out}: {levers} levers of {study.document.name} over {study.cases!r}")


def _asked(
    scenario: str | None, policy_name: str, assignments: tuple[str, ...], as_of: str | None,
    drawn: dict[str, str | None], out: str,
) -> "Study":  # fmt: skip
    """The question; raises ProblemsFound with all that is wrong with it and with the file to be written."""
    from simulations.pages.page import refuse_a_table, refuse_too_many
    from simulations.studies.comparison import ask

    population = drawn["population"]
    size, seed = (None if drawn[name] is None else number(str(drawn[name])) for name in ("size", "seed"))
    refuse_a_table(population)
    problems = check_files(Inputs().policy(policy_name).scenario(scenario).population(population), {out: (".html",)})
    found: list[Study] = []
    with collecting(problems):
        found.append(ask(policy_name, scenario, assigned(assignments), population, size, seed, as_of=as_of))
    with collecting(problems):
        refuse_too_many(size)
    if problems:
        raise ProblemsFound(problems)
    return found[0]


def _command(
    scenario: str | None, policy_name: str, assignments: tuple[str, ...], as_of: str | None, study: "Study",
    population: str | None, out: str,
) -> "Command":  # fmt: skip
    """What makes the page again, whatever the defaults will be."""
    from simulations.pages.content import Command

    cases = study.cases
    options = ["--policy", _exactly(policy_name, as_of)]
    options += [word for text in assignments for word in ("--set", text)] + (["--as-of", as_of] if as_of else [])
    options += ["--population", called(population or cases.name), "--size", str(cases.size), "--seed", str(cases.seed)]
    return Command(called(scenario) if scenario else None, tuple(options), called(out))


def _exactly(name: str, as_of: str | None) -> str:
    """The version that the name of a policy that ships means today, so that the command means the same tomorrow."""
    file = policy_file(name, as_of)
    return f"{file.parent.name}@{file.stem}" if file.is_relative_to(DOCUMENTS) else called(name)
