"""The `workbook` command: exit 0 done, 1 the input has problems (one line each), 2 wrong usage; no traceback."""

import io
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

import policy as core
from policy.problems import Problem, ProblemsFound, collecting, counted, refuse
from policy.reading.loading import DEFAULT, policy_file
from policy.reading.workspace import saved
from policy.storage.files import save_all, writing
from policy.storage.locks import real
from simulations.cli.exits import begin, ending
from simulations.cli.options import assigned, import_options, not_empty, policy_options, under, workspace_option
from simulations.cli.provenance import one_of_several, stamp, standing_notices
from simulations.runs.outputs import Inputs, check_files, check_folder
from simulations.studies.import_options import ImportOptions

if TYPE_CHECKING:
    from simulations import population as populations

_SOME = 20_000  # cases that tell how large so many are as a file


class Verbs(click.Group):
    """Most verbs are in modules of their own, each imported when one of its verbs is wanted, and not to be listed."""

    elsewhere: ClassVar[dict[str, tuple[str, str]]] = {  # verb -> its module, and the first sentence of its help
        "compare": (
            "authoring",
            "The redline from A to B (policies or scenarios, names or files) and what can be proven about it.",
        ),
        "coverage": (
            "authoring",
            (
                "Which criteria the vignettes saw decide an outcome, in which state, and cases for what they did not"
                " reach."
            ),
        ),
        "mutate": (
            "authoring",
            "Put small slips into the policy, one at a time: which of them does some vignette notice?",
        ),
        "determine": ("case_table", "Determinations with reasons for a case table (CSV or Parquet)."),
        "explain": (
            "case_table",
            "One case in words: its criteria with truth, value, threshold, distance, source; what would change it.",
        ),
        "page": ("page", "One offline file in which every lever moves, over made-up cases that lie in it."),
        "validate": ("validation", "Check policies, scenarios and populations; without a name, all that ship."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.elsewhere and cmd_name not in self.commands:
            module, _ = self.elsewhere[cmd_name]
            self.add_command(getattr(import_module(f"simulations.cli.{module}"), cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names))
        known = {name: click.Command(name, help=summary) for name, (_, summary) in self.elsewhere.items()}
        every: dict[str, click.Command] = {**known, **self.commands}
        with formatter.section("Commands"):
            formatter.write_dl([(name, every[name].get_short_help_str(room)) for name in names])

    def main(self, *args: Any, **options: Any) -> Any:
        with ending():
            begin()
            return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with ending():
            return super().invoke(ctx)


@click.version_option(package_name="nerve-block-workbook", prog_name="workbook")
@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Author a medical-necessity policy, tweak its thresholds, and see whom it would approve.

    Synthetic data, policy simulation only, not for individual determinations.
    """


@main.command(epilog="Example: workbook simulate --set conservative_weeks=8 --out out")
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


def number(text: str) -> Any:
    """A whole number written plainly; any other text as it is, for the check to refuse together with the rest."""
    return int(text) if re.fullmatch(r"-?(0|[1-9][0-9]{0,39})", text) else text


@main.command(epilog="Example: workbook population trial_10_15,neck_pain=60 --size 1000 --seed 1 --out cases.csv")
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


@main.command(epilog="Example: workbook sql --dialect snowflake --set conservative_weeks=8 > determinations.sql")
@policy_options
@click.option(
    "--dialect",
    default="duckdb",
    show_default=True,
    metavar="NAME",
    help="bigquery, databricks, duckdb, postgres, snowflake, spark or tsql.",
)
@click.option(
    "--what",
    default="determinations",
    show_default=True,
    type=click.Choice(["determinations", "levels"]),
    help="A determination with reasons for each case, or counts of cases that no setting tells apart.",
)
@click.option("--without", multiple=True, metavar="COLUMN", help="Your table has no such column (may be repeated).")
@click.option("--move", multiple=True, metavar="LEVER", help="Of levels: it will move later; none named: all of them.")
def sql(
    policy_name: str, as_of: str | None, scenario: str | None, assignments: tuple[str, ...], dialect: str, what: str,
    without: tuple[str, ...], move: tuple[str, ...],
) -> None:  # fmt: skip
    """The policy as one SELECT over a table `cases`, for a warehouse; printed, nothing is run.

    One version judges every row, at the values of one day: the policy in force on --as-of, without it the newest.

    The columns are those of a case table, under the same names: counts and per cents are numbers (DOUBLE will do),
    dates are DATE or TIMESTAMP, yes-or-no columns BOOLEAN, 0 and 1 or words. Name each column that your table has not
    with --without: it is then not documented for every row. Other columns of the table are not read.

    A row with a value that is not allowed is never approved: its outcome is `pend` and `reasons` begins with
    `rejected`. `determinations` has case_id, pathway, outcome, not_met, not_documented, ask and reasons, as `workbook
    determine` writes them. `levels` has one row for all cases (`weight` of them) that no setting of the levers named
    with --move tells apart, the others staying as they are set; the fewer move, the fewer rows.
    `simulations.warehouse.engines.counted` reads them back, and every setting is then counted in Python.
    """
    from simulations.warehouse.export import select_for

    policy = core.load(policy_name, as_of)
    settings = under(policy, scenario, assignments)
    if move and what != "levels":
        raise click.UsageError("--move belongs to --what levels")
    notices = [*stamp(policy, settings, scenario), *one_of_several(policy_name, policy, as_of)]
    notices += standing_notices(policy)
    click.echo(select_for(settings, what, dialect, without, move, notices), nl=False)


def _served(act: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that serves the notebooks."""
    act = import_options(act)
    for option in (
        workspace_option,
        click.option("--no-browser", is_flag=True, help="Print the address instead of opening it."),
        click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--cases", metavar="FILE", help="A case table (CSV or Parquet) in place of made-up cases."),
        click.option(
            "--policy", "policy_name", metavar="NAME|FILE", help=f"The policy of the notebooks. Default: {DEFAULT}."
        ),
    ):
        act = option(act)
    return act


@main.command(epilog="Example: workbook lab --no-browser --port 8899")
@_served
def lab(
    policy_name: str | None, cases: str | None, port: int, no_browser: bool, importing: ImportOptions,
    rejects: str | None,
) -> None:  # fmt: skip
    """Open the notebooks in JupyterLab, on 127.0.0.1 only.

    What ships can be read and run there, and not changed; what you make is kept in the workspace. The cases of --cases
    may be people: then small counts are not shown, and no notebook file keeps a case.
    """
    from simulations.cli.lab import Opened, serve

    serve(port, not no_browser, Opened(policy_name, cases, importing, rejects))


@main.command(epilog="Example: workbook app --policy my_policy.yaml")
@_served
def app(
    policy_name: str | None, cases: str | None, port: int, no_browser: bool, importing: ImportOptions,
    rejects: str | None,
) -> None:  # fmt: skip
    """Open the same notebooks without their code, each as a page that is ready to use, on 127.0.0.1 only.

    The address has a token: whoever does not know it sees nothing. What you make is kept in the workspace. The cases of
    --cases may be people: then small counts are not shown.
    """
    from simulations.cli.lab import Opened, serve_app

    serve_app(port, not no_browser, Opened(policy_name, cases, importing, rejects))
