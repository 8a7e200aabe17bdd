"""The verb `population`: made-up cases as a file, and a first page for a policy that has no population."""

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policy.problems import Problem, ProblemsFound, collecting, counted, refuse
from policy.storage.files import save_all, writing
from policy.storage.locks import real
from simulations.cli.options import number, workspace_option
from simulations.runs.outputs import Inputs, check_files, check_folder

if TYPE_CHECKING:
    from simulations import population as populations

_SOME = 20_000  # cases that tell how large so many are as a file


@click.command(epilog="Example: workbook population trial_10_15,neck_pain=60 --size 1000 --seed 1 --out cases.csv")
@click.argument("name", required=False, metavar="NAME[,DIAGNOSIS=PERCENT]...|FILE")
@click.option("--draft", metavar="POLICY", help="Write a first page (YAML) for this policy instead, all placeholders.")
@click.option("--size", help="Number of cases. Default: 10000.")
@click.option("--seed", help="Default: 1.")
@click.option("--out", metavar="FILE|DIR", help="CSV or Parquet; without an ending, a folder of Parquet.")
@workspace_option
def population(name: str | None, draft: str | None, size: str | None, seed: str | None, out: str | None) -> None:
    """A synthetic case table with every column; prints its targets against what was generated.

    A NAME may move the mix of requests: NAME,DIAGNOSIS=60,DIAGNOSIS.PROCEDURE=5 (per cent; what is not named shares
    the rest). A folder gets Parquet files of 250,000 cases each.

    --draft POLICY writes a population for a policy that has none, into --out FILE.yaml or to the terminal: a page with
    every column of the policy, each number a placeholder marked as an assumption, for you to fill in. Saved as
    workspace/populations/NAME.yaml it is called by its name, and used where no population is named.
    """
    if draft is not None:
        if name is not None or size is not None or seed is not None:
            raise click.UsageError("--draft takes the policy and --out only: it writes a page, not cases")
        from simulations.cli.draft import write_draft

        write_draft(draft, out)
        return
    if name is None or out is None:
        raise click.UsageError(f"Missing {'argument NAME or --draft POLICY' if name is None else 'option --out'}.")
    _write_cases(name, "10000" if size is None else size, "1" if seed is None else seed, out)


def _write_cases(name: str, size: str, seed: str, out: str) -> None:
    """The verb population without --draft."""
    from tqdm import tqdm

    from simulations import population as populations
    from simulations.population.random_streams import whole
    from simulations.population.sampling import only_a_population, write_table
    from simulations.studies.caseload import LAST_SEED

    folder, cases, luck, target = not Path(out).suffix, number(size), number(seed), Path(out)
    inputs = Inputs().population(name)
    problems: list[Problem] = [] if folder else check_files(inputs, {out: (".csv", ".parquet")})
    for check in (
        lambda: check_folder(out, inputs, only_a_population) if folder else None,
        lambda: populations.load(name),
        lambda: whole("size", cases, 1, populations.LAST_CASE),
        lambda: whole("seed", luck, 0, LAST_SEED),
    ):
        with collecting(problems):
            check()
    if problems:
        raise ProblemsFound(problems)
    spec = populations.load(name)
    _has_room(spec, cases, luck, target)
    with tqdm(total=cases, unit=" cases", disable=None, leave=False) as bar:
        if folder:
            populations.write_chunks(spec, cases, luck, target, bar.update)
        else:
            with writing(target):
                save_all({target: lambda stream: write_table(spec, cases, luck, stream, target, bar.update)})
    click.echo("Synthetic data, policy simulation only, not for individual determinations.")
    for line in populations.against_targets(spec, cases, luck):
        click.echo(line)
    click.echo(f"{counted(cases, 'case')} written: {out}")


def _has_room(spec: "populations.Population", cases: int, seed: int, target: Path) -> None:
    """Refuse more cases than the disk has room for, as far as the first of them tell."""
    from simulations.population.sampling import write_table

    if cases <= _SOME:
        return
    stream = io.BytesIO()
    write_table(spec, _SOME, seed, stream, target if target.suffix else target.with_suffix(".parquet"))
    need, folder = stream.tell() * cases // _SOME, next(p for p in real(target).parents if p.exists())
    if need > (free := shutil.disk_usage(folder).free):
        there = f"{free / 1e9:,.1f} GB are free; name at most {free * _SOME // stream.tell():,}"
        raise refuse(
            "size", "size", f"{cases:,} cases need about {need / 1e9:,.0f} GB where {target} is to be; {there}"
        )
