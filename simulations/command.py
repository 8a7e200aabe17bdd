"""The `workbook` command: exit 0 done, 1 the input has problems (one line each), 2 wrong usage; no traceback."""

import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import policy as core
from policy.document import parse
from policy.files import save
from policy.model import Policy, Record, Settings
from policy.problems import Finding, Problem, ProblemsFound, collecting, nearest, refuse, shown
from policy.reading import Node, located, read_text, read_yaml
from policy.scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("policy/1", "scenario/1", "population/1")


def says_problems(function: Callable[..., Any]) -> Callable[..., Any]:
    """Print the problems of the input, one a line, and leave with exit code 1."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ProblemsFound as found:
            click.echo(str(found), err=True)
            sys.exit(1)

    return wrapped


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
    from simulations.scenario import proposed

    problems: list[Problem] = []
    given = dict(text.partition("=")[::2] for text in assignments)
    for check in (lambda: assigned(assignments), lambda: proposed(policy, scenario, given)):
        with collecting(problems):
            check()
    if problems:
        raise ProblemsFound(replace(p, place=f"--set {p.place}") if p.place in given else p for p in problems)
    return proposed(policy, scenario, given)


def read_table(
    path: str, policy: Policy, rename: tuple[str, ...], ignore: tuple[str, ...], keep_good: bool = False
) -> "core.Cases":
    """The case table of a command, with --map and --ignore."""
    pairs = dict(text.partition("=")[::2] for text in rename)
    if "" in pairs or "" in pairs.values():
        raise click.UsageError("--map needs COLUMN_IN_FILE=COLUMN_OF_THE_CONTRACT")
    if len(pairs) < len(rename):
        raise refuse("map-twice", "--map", "names a column of the file twice; name it once")
    return core.read_cases(Path(path), policy, rename=pairs, ignore=ignore, keep_good=keep_good)


def policy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--policy, --scenario and --set, the same for every verb."""
    for option in (
        click.option(
            "--set", "assignments", multiple=True, metavar="LEVER=VALUE", help="Set a lever, after the scenario."
        ),
        click.option("--scenario", metavar="NAME|FILE", help="Named provisions over the policy, e.g. strict_reading."),
        click.option("--policy", "policy_name", default="nerve_blocks", show_default=True, metavar="NAME|FILE"),
    ):
        function = option(function)
    return function


def table_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--map and --ignore for case tables."""
    for option in (
        click.option("--ignore", multiple=True, metavar="COLUMN", help="Leave a column out."),
        click.option("--map", "rename", multiple=True, metavar="THEIRS=OURS", help="Read a column under another name."),
    ):
        function = option(function)
    return function


class Verbs(click.Group):
    """Those of an author are in a module of their own, which is imported when one of them is wanted."""

    authoring = ("compare", "coverage", "mutate")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self.authoring})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.authoring and cmd_name not in self.commands:
            from simulations import authoring_command

            verb: click.Command = getattr(authoring_command, cmd_name)
            verb.callback = says_problems(verb.callback)  # type: ignore[arg-type]
            self.add_command(verb)
        return super().get_command(ctx, cmd_name)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Author a medical-necessity policy, tweak its thresholds, and see whom it would approve.

    Synthetic data, policy simulation only, not for individual determinations.
    """


@main.command(epilog="Example: workbook validate simulations/scenarios")
@click.argument("paths", nargs=-1, metavar="[FILE or FOLDER]...")
@click.option(
    "--schema", type=click.Choice([k.partition("/")[0] for k in KINDS]), help="Print its JSON Schema instead."
)
@click.option(
    "--lint", "linting", is_flag=True, help="Also what is odd in the logic of policies, with a case for each."
)
@click.option("--population", metavar="NAME|FILE", help="With --lint: levers that change no case of this population.")
@says_problems
def validate(paths: tuple[str, ...], schema: str | None, linting: bool, population: str | None) -> None:
    """Check policies, scenarios and populations; without a name, all that ship."""
    if population is not None and not linting:
        raise click.UsageError("--population needs --lint")
    if schema:
        click.echo(json_schema_of(schema), nl=False)
        return
    files: list[Path] = []
    sound = True
    for path in [Path(p) for p in paths] or [ROOT / "policy" / "documents", ROOT / "simulations"]:
        if os.path.isdir(path):
            inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
            if not inside:
                raise refuse("read", str(path), "holds no .yaml file")
            files += inside
        else:
            files.append(path)
    for file in files:
        try:
            shown_as = file.name if not paths else str(file)
            verdict = _validated(file)
            click.echo(f"{shown_as}: {verdict}")
            if linting and verdict.startswith("policy "):
                from simulations.authoring_command import remarks

                for line in remarks(core.load(file), shown_as, population):
                    click.echo(line)
        except ProblemsFound as found:
            click.echo(str(found), err=True)
            sound = False
    if not sound:
        sys.exit(1)


def json_schema_of(kind: str) -> str:
    """What docs/schema holds: for an editor, in the form of the files themselves."""
    from policy.authoring.schema import json_schema
    from simulations.population_page import Page

    models: dict[str, type[Record]] = {"policy": Policy, "scenario": Scenario, "population": Page}
    return json.dumps(json_schema(models[kind], f"workbook {kind}"), indent=1, ensure_ascii=False) + "\n"


def _validated(file: Path) -> str:
    from simulations import request_mix
    from simulations.scenario import find_scenario

    text = read_text(file)
    written = re.search(r"^schema: *[\"']?((?:policy|scenario|population)/.*)", text, re.M)  # spares reading it twice
    kind = written[1] if written else _kind(read_yaml(text, str(file)), str(file))
    if kind.startswith("policy/"):
        policy = core.load(file)
        return f"policy {policy.name}, {len(policy.levers)} levers, {len(policy.pathways)} pathways: no problems"
    if kind.startswith("population/"):
        return f"population {request_mix.load(file).id}: no problems"
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
@says_problems
def determine(
    cases: str, policy_name: str, scenario: str | None, assignments: tuple[str, ...],
    rename: tuple[str, ...], ignore: tuple[str, ...], out: str, rejects: str | None,
) -> None:  # fmt: skip
    """Determinations with reasons for a case table (CSV or Parquet)."""
    from simulations.tables import check_target, table_bytes

    problems: list[Problem] = []
    targets = [Path(out)] + ([Path(rejects)] if rejects else [])
    for target, suffixes in zip(targets, ((".csv", ".parquet"), (".csv",)), strict=False):
        with collecting(problems):
            check_target(target, suffixes)
            if os.path.exists(cases) and os.path.exists(target) and os.path.samefile(cases, target):
                raise refuse("write", str(target), "is the case table itself; name another file")
    if len({t.resolve() for t in targets}) < len(targets):
        message = "is named for the determinations and for the rejected rows; name two files"
        problems.append(Problem("write", out, message))
    if not os.path.exists(cases):
        problems.append(Problem("read", cases, "cannot be read (No such file or directory)"))
    with collecting(problems):
        policy = core.load(policy_name)
        settings = under(policy, scenario, assignments)
    if problems:
        raise ProblemsFound(problems)
    table = read_table(cases, policy, rename, ignore, keep_good=rejects is not None)
    result = core.determine(policy, table, settings)
    tables = [result.frame(), table.rejected.assign(file=Path(cases).name)]
    contents = [table_bytes(frame, target) for frame, target in zip(tables, targets, strict=False)]
    for target, content in zip(targets, contents, strict=True):
        save(target, content)
    if rejects:
        click.echo(f"{table.rejected['row'].nunique():,} rows rejected: {rejects}")
    counts = result.counts()
    for line in stamp(policy, settings):
        click.echo(line)
    click.echo(f"{len(table):,} cases: " + ", ".join(f"{word} {count:,}" for word, count in counts.items()))
    rate = f"{counts['met'] / len(table):.1%} of all rows" if len(table) else "not known: no row could be used"
    click.echo(f"approval rate {rate}; not_met is a recommendation to a clinician")
    for line in (*table.remarks, *standing_notices(policy, table.dx.unique()), f"written: {out}"):
        click.echo(line)


def standing_notices(policy: Policy, codes: Iterable[str] | None = None) -> list[str]:
    """The codes whose label in the source assessment is wrong, each with its lever; of some codes only, else all."""
    concerned = None if codes is None else set(codes)
    return [
        f"Code notice: the source assessment calls {n.code} '{n.source_label}', which is wrong (lever {n.lever}). "
        f"{n.official_meaning}"
        for n in policy.code_notices
        if concerned is None or n.code in concerned
    ]


def stamp(policy: Policy, settings: Settings) -> list[str]:
    """What an output stands on: the notice, the policy with its fingerprint, the levers moved."""
    moved = core.change_in_words(settings, policy.settings()) or ["no lever moved"]
    return [policy.notice, f"{policy.name}, fingerprint {policy.fingerprint[:12]}; {'; '.join(moved)}"]


@main.command(epilog="Example: workbook explain cases.csv --case A17 --set conservative_weeks=8")
@click.argument("cases")
@click.option("--case", "case_id", required=True, metavar="ID")
@policy_options
@table_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@says_problems
def explain(
    cases: str, case_id: str, policy_name: str, scenario: str | None, assignments: tuple[str, ...],
    rename: tuple[str, ...], ignore: tuple[str, ...], form: str,
) -> None:  # fmt: skip
    """One case in words: its criteria with truth, value, threshold, distance, source; what would change it."""
    policy = core.load(policy_name)
    settings = under(policy, scenario, assignments)
    table = read_table(cases, policy, rename, ignore, keep_good=True)
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

    found = answer(policy, table, rows[0], settings)
    notices = standing_notices(policy, [str(table.dx[rows[0]])])
    notes = [*stamp(policy, settings), *notices]
    if form == "json":
        click.echo(json.dumps({"notes": notes, **found.data()}, indent=2, ensure_ascii=False))
        return
    for line in (*stamp(policy, settings), "", found.explanation.text(), "", found.text(policy), ""):
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
@says_problems
def simulate(
    template: str, own: tuple[str, ...], policy_name: str, scenario: str | None, assignments: tuple[str, ...],
    population: str | None, size: str | None, seed: str | None, out: str,
) -> None:  # fmt: skip
    """Baseline against scenario on a population: report, tables, figures, summary.json, by a shipped notebook.

    Exit code 1, with the report written, when the result is not what the scenario file expects.
    """
    from simulations import run
    from simulations.scenario import unmet

    summary = run.simulate(
        template=template, policy=policy_name, scenario=scenario, provisions=assigned(assignments, "--set LEVER"),
        population=population, size=None if size is None else number(size),
        seed=None if seed is None else number(seed), out=out,
        parameters=assigned(own, "--parameter NAME"), progress=sys.stderr.isatty(),
    )  # fmt: skip
    click.echo(summary["headline"])
    click.echo(summary["notice"] if "notice" in summary else core.load(policy_name).notice)
    if summary["population"]["seed"] is None:  # a case table
        for option, told in (("--size", size), ("--seed", seed)):
            if told is not None:
                click.echo(f"{option} {told} was not used: all {summary['population']['size']:,} rows were read")
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
@says_problems
def population(name: str, size: str, seed: str, out: str) -> None:
    """A synthetic case table with every column; prints its targets against what was generated.

    A shipped NAME may move the mix of requests: trial_10_15,neck_pain=60,migraine.epidural=5 (per cent; what is not
    named shares the rest). Above 5,000,000 cases, name a folder: it gets Parquet files of 250,000 cases each.
    """
    from tqdm import tqdm

    from simulations import population as populations
    from simulations.run import check_folder
    from simulations.streams import LAST_SEED, whole
    from simulations.tables import check_target, table_bytes

    folder, cases, luck, target = not Path(out).suffix, number(size), number(seed), Path(out)
    problems: list[Problem] = []
    for check in (
        lambda: check_folder(out) if folder else check_target(target),
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
@says_problems
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
    `simulations.engine.counted` reads them back, and every setting is then counted in Python.
    """
    from simulations.warehouse import select_for

    policy = core.load(policy_name)
    settings = under(policy, scenario, assignments)
    if move and what != "levels":
        raise click.UsageError("--move belongs to --what levels")
    notices = [*stamp(policy, settings), *standing_notices(policy)]
    click.echo(select_for(settings, what, dialect, without, move, notices), nl=False)


@main.command(epilog="Example: workbook lab --no-browser --port 8899")
@click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def lab(port: int, no_browser: bool) -> None:
    """Open the notebooks in JupyterLab, on 127.0.0.1 only."""
    import jupyterlab.labapp
    from jupyter_core.paths import jupyter_runtime_dir

    # Sockets in the file system, not open ports, where there are any and their path (at most 107 bytes) has room.
    ipc = os.name != "nt" and len(os.fsencode(jupyter_runtime_dir())) < 50
    os.chdir(ROOT)
    jupyterlab.labapp.main(argv=[
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", f"--ServerApp.root_dir={ROOT}",
        f"--ServerApp.open_browser={not no_browser}", "--ServerApp.allow_remote_access=False",
        f"--LabApp.app_settings_dir={ROOT / 'notebooks' / 'settings'}",
        "--LabApp.default_url=/lab/tree/notebooks/start_here.md", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly",
        f"--ServerApp.allow_root={getattr(os, 'geteuid', lambda: 1)() == 0}",  # as in a container; still 127.0.0.1 only
    ] + (["--KernelManager.transport=ipc"] if ipc else []))  # fmt: skip
