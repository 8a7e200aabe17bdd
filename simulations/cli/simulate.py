"""The verb `simulate`: a shipped notebook run over cases, as a report."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import policy as core
from policy.problems import ProblemsFound, counted
from policy.reading.loading import policy_file
from policy.reading.workspace import saved
from simulations.cli.options import assigned, import_options, not_empty, number, policy_options
from simulations.cli.provenance import one_of_several
from simulations.studies.import_options import ImportOptions


@click.command(epilog="Example: workbook simulate --set conservative_weeks=8 --out out")
@click.argument("template", default="approval_impact")
@click.option(
    "-p", "--parameter", "own", multiple=True, metavar="NAME=VALUE", help="Set a parameter that only TEMPLATE has."
)
@policy_options
@click.option(
    "--baseline", metavar="NAME|FILE", help="Hold --policy against this version; --scenario and --set are of --policy."
)
@click.option(
    "--population", metavar="NAME|FILE", callback=not_empty,
    help="Default: that of the scenario file, else of the policy.",
)  # fmt: skip
@click.option("--size", help="Number of synthetic cases. Default: that of the scenario file, else 10000.")
@click.option("--seed", help="Default: that of the scenario file, else 1.")
@click.option("--out", required=True, metavar="DIR")
@import_options
@click.option("--exact", is_flag=True, help="Of a case table, also counts of 1 to 10 people: not for release.")
def simulate(
    template: str, own: tuple[str, ...], policy_name: str, as_of: str | None, scenario: str | None,
    assignments: tuple[str, ...], baseline: str | None, population: str | None, size: str | None, seed: str | None,
    out: str, exact: bool, importing: ImportOptions, rejects: str | None,
) -> None:  # fmt: skip
    """Baseline against scenario on a population: report, tables, figures, summary.json, by a shipped notebook.

    The cases of a table without a truth_ column may be people: of these, counts of 1 to 10 are withheld, and what
    would give one away. Separate commands are not protected against each other. --exact is the owner's own view.

    Exit code 1, with the report written, when the result is not what the scenario file expects.
    """
    from simulations.runs import run
    from simulations.studies.expectations import unmet

    summary = run.simulate(
        template=template, policy=policy_name, scenario=scenario, provisions=assigned(assignments, "--set LEVER"),
        population=population, size=None if size is None else number(size),
        seed=None if seed is None else number(seed), out=out,
        parameters=assigned(own, "--parameter NAME"), progress=sys.stderr.isatty(), exact=exact, baseline=baseline,
        as_of=as_of, import_options=importing, rejects=rejects,
    )  # fmt: skip
    judged = core.load(policy_name, as_of)
    click.echo(summary["headline"])
    if summary.get("moved") == 0:
        click.echo(f"{summary['finding']}.")
    for line in summary.get("scenario", {}).get("already", []):
        click.echo(f"{line}.")
    click.echo(summary.get("notice", judged.notice))
    mine = ", saved in the workspace" if policy_file(policy_name, as_of) in saved("policies").values() else ""
    click.echo(f"Policy: {judged.titled}, status {judged.status} ({judged.name}{mine})")
    if baseline is None:
        for line in one_of_several(policy_name, judged, as_of):
            click.echo(line)
    for line in _of_a_table(summary, size, seed, rejects) if summary["population"]["seed"] is None else ():
        click.echo(line)
    click.echo(f"Report: {Path(out) / (Path(template).stem + '.html')}")
    if scenario and (failed := unmet(scenario, summary.get("expect", []))):
        raise ProblemsFound(failed)


def _of_a_table(summary: dict[str, Any], size: str | None, seed: str | None, rejects: str | None) -> Iterator[str]:
    """What is said besides of a case table: options that it does not need, rejected rows, what may be released."""
    for option, told in (("--size", size), ("--seed", seed)):
        if told is not None:
            yield f"{option} {told} was not used: all rows of the table were read"
    if rejects is not None:
        count = summary["population"]["import_options"]["rejected_rows"]
        many = "Fewer than 11 rows" if count is None else counted(count, "row")
        yield f"{many} rejected: {rejects} (row level, not for release)"
    if "release" in summary:
        yield summary["release"]["note"]
