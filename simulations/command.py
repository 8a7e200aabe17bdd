"""The `workbook` command: exit 0 done, 1 the input has problems (one line each), 2 wrong usage; no traceback."""

import functools
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import policy as core
from policy.document import parse
from policy.files import save
from policy.model import Policy, Scenario, Settings
from policy.problems import Problem, ProblemsFound, nearest, refuse, shown
from policy.reading import read_text, read_yaml

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


def provisions_of(assignments: tuple[str, ...]) -> dict[str, str]:
    """--set LEVER=VALUE, each lever once."""
    found: dict[str, str] = {}
    problems = []
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise click.UsageError(f"--set needs LEVER=VALUE, found {shown(text)}")
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
    for check in (lambda: provisions_of(assignments), lambda: proposed(policy, scenario, given)):
        try:
            check()
        except ProblemsFound as found:
            problems += [replace(p, place=f"--set {p.place}") if p.place in given else p for p in found.problems]
    if problems:
        raise ProblemsFound(problems)
    return proposed(policy, scenario, given)


def read_table(
    path: str, policy: Policy, rename: tuple[str, ...], ignore: tuple[str, ...], keep_good: bool = False
) -> core.Cases:
    """The case table of a command, with --map and --ignore."""
    pairs = dict(text.partition("=")[::2] for text in rename)
    if "" in pairs or "" in pairs.values():
        raise click.UsageError("--map needs COLUMN_IN_FILE=COLUMN_OF_THE_CONTRACT")
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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Author a medical-necessity policy, tweak its thresholds, and see whom it would approve.

    Synthetic data, policy simulation only, not for individual determinations.
    """


@main.command(epilog="Example: workbook validate simulations/scenarios")
@click.argument("paths", nargs=-1, metavar="[FILE or FOLDER]...")
@click.option(
    "--lint", "linting", is_flag=True, help="Also what is odd in the logic of policies, with a case for each."
)
@click.option("--population", metavar="NAME|FILE", help="With --lint: levers that change no case of this population.")
@says_problems
def validate(paths: tuple[str, ...], linting: bool, population: str | None) -> None:
    """Check policies, scenarios and populations; without a name, all that ship."""
    if population is not None and not linting:
        raise click.UsageError("--population needs --lint")
    files: list[Path] = []
    problems: list[Problem] = []
    for path in [Path(p) for p in paths] or [ROOT / "policy" / "documents", ROOT / "simulations"]:
        if os.path.isdir(path):
            inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
            if not inside:
                problems.append(Problem("read", str(path), "holds no .yaml file"))
            files += inside
        else:
            files.append(path)
    for file in files:
        try:
            shown_as = file.name if not paths else str(file)
            click.echo(f"{shown_as}: {_validated(file)}")
            if linting and read_text(file).startswith("schema: policy/"):
                from simulations.authoring_command import remarks

                for line in remarks(core.load(file), shown_as, population):
                    click.echo(line)
        except ProblemsFound as found:
            problems += found.problems
    if problems:
        raise ProblemsFound(problems)


def _validated(file: Path) -> str:
    from simulations import population
    from simulations.scenario import find_scenario

    tree = read_yaml(read_text(file), str(file))
    kind = str(tree.value["schema"].value) if "schema" in tree.value else None
    if kind is None or kind.partition("/")[0] not in [k.partition("/")[0] for k in KINDS]:
        found = "has no schema" if kind is None else f"schema {shown(kind)} is unknown"
        raise refuse(
            "schema",
            f"{file}:{tree.line_of(('schema',))}",
            f"{found}; one of {', '.join(KINDS)}{nearest(kind or '', KINDS)}",
        )
    if kind.startswith("policy/"):
        policy = core.load(file)
        return f"policy {policy.name}, {len(policy.levers)} levers, {len(policy.pathways)} pathways: no problems"
    if kind.startswith("population/"):
        return f"population {population.load(file).id}: no problems"
    scenario, node = parse(read_text(file), str(file), Scenario)
    try:
        policy = core.load(scenario.policy)
    except ProblemsFound as found:
        raise refuse("scenario-policy", f"{file}:{node.line_of(('policy',))}", found.problems[0].message) from None
    return f"scenario {find_scenario(file, policy).id} for {policy.name}: no problems"


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

    policy = core.load(policy_name)
    settings = under(policy, scenario, assignments)
    targets = [check_target(Path(out))] + ([check_target(Path(rejects), (".csv",))] if rejects else [])
    if any(os.path.exists(cases) and os.path.exists(t) and os.path.samefile(cases, t) for t in targets):
        raise refuse("write", out, "is the case table itself; name another file")
    if len({t.resolve() for t in targets}) < len(targets):
        raise refuse("write", out, "is named for the determinations and for the rejected rows; name two files")
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
    for line in (*table.remarks, *standing_notices(policy), f"written: {out}"):
        click.echo(line)


def standing_notices(policy: Policy) -> list[str]:
    """The codes whose label in the source assessment is wrong, each with its lever."""
    return [
        f"Code notice: the source assessment calls {n.code} '{n.source_label}', which is wrong (lever {n.lever}). "
        f"{n.official_meaning}"
        for n in policy.code_notices
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
    if not rows:
        bad = table.rejected
        message = (
            f"no case {shown(case_id)} among {len(table):,} usable rows ({bad['row'].nunique():,} rows were rejected)"
        )
        raise refuse("case", Path(cases).name, message + nearest(case_id, list(table.ids[:10000])))
    from policy.authoring.letter import answer

    found = answer(policy, table, rows[0], settings)
    notes = [*stamp(policy, settings), *standing_notices(policy)]
    if form == "json":
        click.echo(json.dumps({"notes": notes, **found.data()}, indent=2, ensure_ascii=False))
        return
    for line in (*stamp(policy, settings), "", found.explanation.text(), "", found.text(policy), ""):
        click.echo(line)
    for line in standing_notices(policy):
        click.echo(line)


@main.command(epilog="Example: workbook simulate --set conservative_weeks=8 --out out")
@click.argument("template", default="approval_impact")
@policy_options
@click.option("--population", default="seed_low_prevalence", show_default=True, metavar="NAME|FILE")
@click.option("--size", default="10000", show_default=True, help="Number of synthetic cases.")
@click.option("--seed", default="1", show_default=True)
@click.option("--out", required=True, metavar="DIR")
@says_problems
def simulate(
    template: str, policy_name: str, scenario: str | None, assignments: tuple[str, ...],
    population: str, size: str, seed: str, out: str,
) -> None:  # fmt: skip
    """Baseline against scenario on a population: report, tables, figures, summary.json, by a shipped notebook."""
    from simulations import run

    summary = run.simulate(
        template=template, policy=policy_name, scenario=scenario, provisions=provisions_of(assignments),
        population=population, size=number(size), seed=number(seed), out=Path(out),
        progress=sys.stderr.isatty(),
    )  # fmt: skip
    rate = summary["approval_rate"]
    click.echo(
        f"Approval rate {rate['baseline']:.1%} -> {rate['scenario']:.1%}: change {100 * rate['change']:+.1f} "
        f"percentage points (95 % interval {100 * rate['low']:+.1f} to {100 * rate['high']:+.1f}), "
        f"{summary['population']['size']:,} cases"
    )
    click.echo(summary["notice"] if "notice" in summary else core.load(policy_name).notice)
    click.echo(f"Report: {Path(out) / (Path(template).stem + '.html')}")


def number(text: str) -> Any:
    """A whole number written plainly; any other text as it is, for the check to refuse together with the rest."""
    return int(text) if re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text) else text


@main.command(epilog="Example: workbook population seed_low_prevalence --size 1000 --seed 1 --out cases.csv")
@click.argument("name")
@click.option("--size", default="10000", show_default=True)
@click.option("--seed", default="1", show_default=True)
@click.option("--out", required=True, metavar="FILE", help="CSV or Parquet.")
@says_problems
def population(name: str, size: str, seed: str, out: str) -> None:
    """A synthetic case table with every column; prints its targets against what was generated."""
    from simulations import population as populations
    from simulations.tables import check_target, table_bytes

    target = check_target(Path(out))
    spec = populations.load(name)
    frame = populations.generate(spec, number(size), number(seed))
    save(target, table_bytes(frame, target))
    click.echo("Synthetic data, policy simulation only, not for individual determinations.")
    for line in populations.against_targets(spec, frame):
        click.echo(line)
    click.echo(f"{len(frame):,} cases written: {out}")


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


def _authoring() -> None:
    """The verbs of an author, in a module of their own."""
    from simulations import authoring_command

    for verb in (authoring_command.compare, authoring_command.coverage, authoring_command.mutate):
        verb.callback = says_problems(verb.callback)  # type: ignore[arg-type]
        main.add_command(verb)


_authoring()
