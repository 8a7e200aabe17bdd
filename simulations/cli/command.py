"""The `workbook` command: exit 0 done, 1 the input has problems (one line each), 2 wrong usage; no traceback."""

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import policy as core
from policy.model import Policy, Record, Settings
from policy.problems import Finding, Problem, ProblemsFound, collecting, listed, nearest, refuse, shown
from policy.reading.loading import parse
from policy.reading.scenario import Scenario
from policy.reading.yaml import Node, located, read_text, read_yaml
from policy.storage.files import save, save_all, writing
from simulations.cli.exits import begin, ending
from simulations.cli.options import assigned, policy_options, read_table, table_options, under, workspace_option
from simulations.runs.outputs import Inputs, check_files, check_folder, one_file

if TYPE_CHECKING:
    import pandas as pd

ROW_LEVEL = "Row level, not for release: exact for every row, and so are the remarks on rows."
ROOT = Path(__file__).resolve().parents[2]
KINDS = ("policy/1", "scenario/1", "population/1")


class Verbs(click.Group):
    """Those of an author are in a module of their own, which is imported when one of them is wanted."""

    authoring = ("compare", "coverage", "mutate")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self.authoring})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.authoring and cmd_name not in self.commands:
            from simulations.cli import authoring

            self.add_command(getattr(authoring, cmd_name))
        return super().get_command(ctx, cmd_name)

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


@main.command(epilog="Example: workbook validate simulations/scenarios")
@click.argument("paths", nargs=-1, metavar="[NAME, FILE or FOLDER]...")
@click.option(
    "--schema", type=click.Choice([k.partition("/")[0] for k in KINDS]), help="Print its JSON Schema instead."
)
@click.option(
    "--lint", "linting", is_flag=True, help="Also what is odd in the logic of policies, with a case for each."
)
@click.option("--population", metavar="NAME|FILE", help="With --lint: levers that change no case of this population.")
def validate(paths: tuple[str, ...], schema: str | None, linting: bool, population: str | None) -> None:
    """Check policies, scenarios and populations; without a name, all that ship."""
    if population is not None and not linting:
        raise click.UsageError("--population needs --lint")
    if schema:
        click.echo(json_schema_of(schema), nl=False)
        return
    sound = True
    for shown_as, file in _documents(paths):
        try:
            verdict = _validated(file)
            click.echo(f"{shown_as}: {verdict}")
            if linting and verdict.startswith("policy "):
                from simulations.cli.authoring import remarks

                for line in remarks(core.load(file), shown_as, population):
                    click.echo(line)
        except ProblemsFound as found:
            click.echo(str(found), err=True)
            sound = False
    if not sound:
        sys.exit(1)


def _documents(paths: tuple[str, ...]) -> list[tuple[str, Path]]:
    """The files to check, each with what to call it: of names that ship, of files and folders, or all that ship."""
    policies = core.shipped()
    folders = [ROOT / "simulations" / kind for kind in ("populations", "scenarios")]
    others = {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}
    if not paths:
        return [(file.name, file) for file in (*policies.values(), *others.values())]
    files: list[tuple[str, Path]] = []
    for name in paths:
        path = Path(name)
        versions = [file for known, file in policies.items() if name in (known, known.partition("@")[0])]
        if name in others or versions:
            files += [(file.name, file) for file in versions or [others[name]]]
        elif os.path.isdir(path):
            inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
            if not inside:
                raise refuse("read", name, "holds no .yaml file")
            files += [(str(file), file) for file in inside]
        elif path.suffix not in (".yaml", ".yml"):
            known = [*policies, *dict.fromkeys(n.partition("@")[0] for n in policies), *others]
            message = f"is nothing that ships ({listed(known)}), no folder and no .yaml file{nearest(name, known)}"
            raise refuse("unknown-name", shown(name), message)
        else:
            files.append((name, path))
    return files


def json_schema_of(kind: str) -> str:
    """What docs/schema holds: for an editor, in the form of the files themselves."""
    from policy.authoring.schema import json_schema
    from simulations.population.page import Page

    models: dict[str, type[Record]] = {"policy": Policy, "scenario": Scenario, "population": Page}
    return json.dumps(json_schema(models[kind], f"workbook {kind}"), indent=1, ensure_ascii=False) + "\n"


def _validated(file: Path) -> str:
    text = read_text(file)
    written = re.search(r"^schema: *[\"']?((?:policy|scenario|population)/.*)", text, re.M)  # spares reading it twice
    if not written and re.search(r"^vignettes:", text, re.M):
        from policy.authoring.vignettes import read_vignettes

        return f"{len(read_vignettes([file])):,} vignettes: no problems"
    kind = written[1] if written else _kind(read_yaml(text, str(file)), str(file))
    if kind.startswith("policy/"):
        policy = core.load(file)
        return f"policy {policy.name}, {len(policy.levers)} levers, {len(policy.pathways)} pathways: no problems"
    if kind.startswith("population/"):
        from simulations.population import request_mix

        return f"population {request_mix.load(file).id}: no problems"
    from simulations.scenario.loading import find_scenario

    scenario, node = parse(text, str(file), Scenario)
    try:
        policy = core.load(scenario.policy)
    except ProblemsFound as found:
        about = found.problems[0]
        message = f"{shown(scenario.policy)} {about.message}"
        raise ProblemsFound(located([Finding("scenario-policy", ("policy",), message)], str(file), node)) from None
    return f"scenario {find_scenario(file, policy).id} for {policy.name}: no problems"


def _kind(tree: Node, name: str) -> str:
    """The schema of the document; refused when there is none that is known."""
    stated = tree.value["schema"].plain() if "schema" in tree.value else None
    kind = stated if isinstance(stated, str) else ""
    if kind.partition("/")[0] not in [k.partition("/")[0] for k in KINDS]:
        what = "the schema is missing" if stated is None else f"{shown(kind or 'a list or mapping')} is not known"
        raise ProblemsFound(located([Finding("schema", ("schema",), what, kind or "none", KINDS)], name, tree))
    return kind


@main.command(epilog="Example: workbook determine cases.csv --scenario strict_reading --out determinations.csv")
@click.argument("cases")
@policy_options
@table_options
@click.option("--out", required=True, metavar="FILE", help="CSV or Parquet.")
@click.option("--rejects", metavar="FILE", help="Write the rows with problems here (CSV) and determine the others.")
@click.option(
    "--max-rejects", type=click.FloatRange(0, 100), default=20, show_default=True, metavar="PERCENT",
    help="With more rejected rows than this, only FILE of --rejects is written.",
)  # fmt: skip
def determine(
    cases: str, policy_name: str, scenario: str | None, assignments: tuple[str, ...], rename: tuple[str, ...],
    ignore: tuple[str, ...], case_id_is_key: bool, out: str, rejects: str | None, max_rejects: float,
) -> None:  # fmt: skip
    """Determinations with reasons for a case table (CSV or Parquet)."""
    from simulations.storage.tables import table_bytes

    targets = [Path(out)] + ([Path(rejects)] if rejects else [])
    inputs = Inputs().add("the case table", cases).policy(policy_name).scenario(scenario)
    problems = check_files(inputs, {out: (".csv", ".parquet"), **({rejects: (".csv",)} if rejects else {})})
    if rejects and one_file(out, rejects):
        message = "is named for the determinations and for the rejected rows; name two files"
        problems.append(Problem("write", out, message))
    if not os.path.exists(cases):
        problems.append(Problem("read", cases, "cannot be read (No such file or directory)"))
    with collecting(problems):
        policy = core.load(policy_name)
        settings = under(policy, scenario, assignments)
    if problems:
        raise ProblemsFound(problems)
    with writing(*targets):
        table = read_table(cases, settings.policy, rename, ignore, rejects is not None, case_id_is_key)
        rejected = rejects_of(table, Path(cases).name)
        if rejects:
            _few_enough(table, rejected, max_rejects, Path(rejects), out)
        result = core.determine(settings.policy, table, settings)
        tables = [result.frame(), rejected]
        save_all({target: table_bytes(frame, target) for frame, target in zip(tables, targets, strict=False)})
    if rejects:
        click.echo(f"{rejected['line'].nunique():,} rows rejected: {rejects}")
    counts = result.counts()
    for line in stamp(policy, settings, scenario):
        click.echo(line)
    click.echo(f"{len(table):,} cases: " + ", ".join(f"{word} {count:,}" for word, count in counts.items()))
    rate = f"{counts['met'] / len(table):.1%} of all rows" if len(table) else "not known: no row could be used"
    click.echo(f"approval rate {rate}; not_met is a recommendation to a clinician")
    marks = [] if table.synthetic else [ROW_LEVEL]
    for line in (*marks, *table.remarks, *standing_notices(policy, table.dx.unique()), f"written: {out}"):
        click.echo(line)


def rejects_of(table: "core.Cases", name: str) -> "pd.DataFrame":
    """The rejected rows as a file has them: file, line, case_id, column, value, problem; row level, not for release."""
    found = table.rejected.rename(columns={"row": "line"}).assign(file=name)
    return found[["file", "line", "case_id", "column", "value", "problem"]]


def _few_enough(table: "core.Cases", rejected: "pd.DataFrame", most: float, target: Path, out: str) -> None:
    """Too many rejected rows, or none that is left: they alone are written."""
    from simulations.storage.tables import table_bytes

    bad = rejected["line"].nunique()
    rows = bad + len(table)
    if len(table) and 100 * bad <= most * rows:
        return
    save(target, table_bytes(rejected, target))
    why = f"more than --max-rejects {most:g} %" if len(table) else "none is left"
    message = f"{bad:,} of {rows:,} rows were rejected, {why}; written: {target}, not written: {out}"
    raise refuse("rejects", str(rejected["file"].iloc[0]), message)


def standing_notices(policy: Policy, codes: Iterable[str] | None = None) -> list[str]:
    """The codes whose label in the source assessment is wrong, each with its lever; of some codes only, else all."""
    concerned = None if codes is None else set(codes)
    return [
        f"Code notice: the source assessment calls {n.code} '{n.source_label}', which is wrong (lever {n.lever}). "
        f"{n.official_meaning}"
        for n in policy.code_notices
        if concerned is None or n.code in concerned
    ]


def stamp(policy: Policy, settings: Settings, scenario: str | None = None) -> list[str]:
    """What an output stands on: the notice, the policy with its fingerprint, the levers moved, the pathways changed.

    Of a scenario that speaks of some requests only, also that, so that no other outcome is taken for its source's.
    """
    from simulations.reports.findings import as_read
    from simulations.scenario.loading import find_scenario
    from simulations.studies.impact import edits_in_words

    moved = core.change_in_words(settings, policy.settings()) or ["no lever moved"]
    moved += edits_in_words(policy, settings.policy)
    found = [policy.notice, f"{policy.name}, fingerprint {settings.policy.fingerprint[:12]}; {'; '.join(moved)}"]
    plan = find_scenario(scenario, policy) if scenario else None
    return found + ([as_read(plan, policy)] if plan and plan.applies_to else [])


@main.command(epilog="Example: workbook explain cases.csv --case A17 --set conservative_weeks=8")
@click.argument("cases")
@click.option("--case", "case_id", required=True, metavar="ID")
@policy_options
@table_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(
    cases: str, case_id: str, policy_name: str, scenario: str | None, assignments: tuple[str, ...],
    rename: tuple[str, ...], ignore: tuple[str, ...], case_id_is_key: bool, form: str,
) -> None:  # fmt: skip
    """One case in words: its criteria with truth, value, threshold, distance, source; what would change it."""
    policy = core.load(policy_name)
    settings = under(policy, scenario, assignments)
    table = read_table(cases, settings.policy, rename, ignore, True, case_id_is_key)
    rows = [i for i, name in enumerate(table.ids) if name == case_id]
    bad = table.rejected
    if case_id in table.left_out:
        wrong = bad[bad["row"] == table.left_out[case_id]].itertuples()
        why = [f"column {one.column}: {shown(str(one.value))} {one.problem}" for one in wrong]
        place, said = f"{Path(cases).name}:{table.left_out[case_id]}", f"case {shown(case_id)} was rejected"
        raise ProblemsFound(Problem("row", place, f"{said}: {one}") for one in why)
    if not rows:
        message = (
            f"no case {shown(case_id)} among {len(table):,} usable rows ({bad['row'].nunique():,} rows were rejected)"
        )
        raise refuse("case", Path(cases).name, message + nearest(case_id, list(table.ids[:10000])))
    from policy.authoring.letter import answer

    found = answer(settings.policy, table, rows[0], settings)
    dx = str(table.dx[rows[0]])
    notices = standing_notices(policy, [dx])
    if dx in policy.retired_codes:
        notices.append(f"{dx} is no longer a valid code: {policy.retired_codes[dx]}")
    marks = [] if table.synthetic else [ROW_LEVEL]
    notes = [*marks, *stamp(policy, settings, scenario), *notices]
    if form == "json":
        click.echo(json.dumps({"notes": notes, **found.data()}, indent=2, ensure_ascii=False))
        return
    told = (found.explanation.text(), "", found.text(settings.policy), "")
    for line in (*marks, *stamp(policy, settings, scenario), "", *told):
        click.echo(line)
    for line in notices:
        click.echo(line)


@main.command(epilog="Example: workbook simulate --set conservative_weeks=8 --out out")
@click.argument("template", default="approval_impact")
@click.option(
    "-p", "--parameter", "own", multiple=True, metavar="NAME=VALUE", help="Set a parameter that only TEMPLATE has."
)
@policy_options
@click.option("--population", metavar="NAME|FILE", help="Default: that of the scenario file, else seed_low_prevalence.")
@click.option("--size", help="Number of synthetic cases. Default: that of the scenario file, else 10000.")
@click.option("--seed", help="Default: that of the scenario file, else 1.")
@click.option("--out", required=True, metavar="DIR")
@click.option("--exact", is_flag=True, help="Of a case table, also counts of 1 to 10 people: not for release.")
def simulate(
    template: str, own: tuple[str, ...], policy_name: str, scenario: str | None, assignments: tuple[str, ...],
    population: str | None, size: str | None, seed: str | None, out: str, exact: bool,
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
        parameters=assigned(own, "--parameter NAME"), progress=sys.stderr.isatty(), exact=exact,
    )  # fmt: skip
    click.echo(summary["headline"])
    click.echo(summary["notice"] if "notice" in summary else core.load(policy_name).notice)
    if summary["population"]["seed"] is None:  # a case table
        for option, told in (("--size", size), ("--seed", seed)):
            if told is not None:
                click.echo(f"{option} {told} was not used: all rows of the table were read")
    if "release" in summary:
        click.echo(summary["release"]["note"])
    click.echo(f"Report: {Path(out) / (Path(template).stem + '.html')}")
    if scenario and (failed := unmet(scenario, summary.get("expect", []))):
        raise ProblemsFound(failed)


def number(text: str) -> Any:
    """A whole number written plainly; any other text as it is, for the check to refuse together with the rest."""
    return int(text) if re.fullmatch(r"-?(0|[1-9][0-9]{0,39})", text) else text


@main.command(epilog="Example: workbook population trial_10_15,neck_pain=60 --size 1000 --seed 1 --out cases.csv")
@click.argument("name", metavar="NAME[,DIAGNOSIS=PERCENT]...|FILE")
@click.option("--size", default="10000", show_default=True)
@click.option("--seed", default="1", show_default=True)
@click.option(
    "--out", required=True, metavar="FILE|DIR", help="CSV or Parquet; without an ending, a folder of Parquet."
)
def population(name: str, size: str, seed: str, out: str) -> None:
    """A synthetic case table with every column; prints its targets against what was generated.

    A shipped NAME may move the mix of requests: trial_10_15,neck_pain=60,migraine.epidural=5 (per cent; what is not
    named shares the rest). Above 5,000,000 cases, name a folder: it gets Parquet files of 250,000 cases each.
    """
    from tqdm import tqdm

    from simulations import population as populations
    from simulations.population.random_streams import LAST_SEED, whole
    from simulations.population.sampling import only_a_population
    from simulations.storage.tables import table_bytes

    folder, cases, luck, target = not Path(out).suffix, number(size), number(seed), Path(out)
    inputs = Inputs().population(name)
    problems: list[Problem] = [] if folder else check_files(inputs, {out: (".csv", ".parquet")})
    for check in (
        lambda: check_folder(out, inputs, only_a_population) if folder else None,
        lambda: populations.load(name),
        lambda: whole("size", cases, 1, populations.LAST_CASE if folder else populations.MOST_CASES),
        lambda: whole("seed", luck, 0, LAST_SEED),
    ):
        with collecting(problems):
            check()
    if problems:
        raise ProblemsFound(problems)
    spec = populations.load(name)
    if folder:
        with tqdm(total=cases, unit=" cases", disable=None, leave=False) as bar:
            populations.write_chunks(spec, cases, luck, target, lambda done: bar.update(done - bar.n))
    else:
        with writing(target):
            save(target, table_bytes(populations.generate(spec, cases, luck), target))
    click.echo("Synthetic data, policy simulation only, not for individual determinations.")
    for line in populations.against_targets(spec, cases, luck):
        click.echo(line)
    click.echo(f"{cases:,} cases written: {out}")


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
    policy_name: str, scenario: str | None, assignments: tuple[str, ...], dialect: str, what: str,
    without: tuple[str, ...], move: tuple[str, ...],
) -> None:  # fmt: skip
    """The policy as one SELECT over a table `cases`, for a warehouse; printed, nothing is run.

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

    policy = core.load(policy_name)
    settings = under(policy, scenario, assignments)
    if move and what != "levels":
        raise click.UsageError("--move belongs to --what levels")
    notices = [*stamp(policy, settings, scenario), *standing_notices(policy)]
    click.echo(select_for(settings, what, dialect, without, move, notices), nl=False)


@main.command(epilog="Example: workbook lab --no-browser --port 8899")
@click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@workspace_option
def lab(port: int, no_browser: bool) -> None:
    """Open the notebooks in JupyterLab, on 127.0.0.1 only.

    What ships can be read and run there, and not changed; what you make is kept in the workspace.
    """
    from simulations.cli.lab import serve

    serve(port, browser=not no_browser)
