"""The verb validate: policies, scenarios and populations checked, and the JSON Schema of each."""

import json
import os
import re
import sys
from pathlib import Path

import click

import policy as core
from policy.entries.records import Record
from policy.model import Policy
from policy.problems import Finding, ProblemsFound, listed, nearest, refuse, shown
from policy.reading.loading import parse
from policy.reading.scenario import Scenario
from policy.reading.versions import Family, Version
from policy.reading.workspace import saved
from policy.reading.yaml import Node, located, read_text, read_yaml
from simulations.cli.options import as_of_option, workspace_option

SIMULATIONS = Path(__file__).resolve().parents[1]
KINDS = ("policy/1", "scenario/1", "population/1")


@click.command(epilog="Example: workbook validate simulations/scenarios")
@click.argument("paths", nargs=-1, metavar="[NAME, FILE or FOLDER]...")
@click.option(
    "--schema", type=click.Choice([k.partition("/")[0] for k in KINDS]), help="Print its JSON Schema instead."
)
@click.option(
    "--lint", "linting", is_flag=True, help="Also what is odd in the logic of policies, with a case for each."
)
@as_of_option
@workspace_option
@click.option("--population", metavar="NAME|FILE", help="With --lint: levers that change no case of this population.")
def validate(
    paths: tuple[str, ...], schema: str | None, linting: bool, population: str | None, as_of: str | None
) -> None:
    """Check policies, scenarios and populations; without a name, all that ship."""
    if population is not None and not linting:
        raise click.UsageError("--population needs --lint")
    if as_of is not None and not linting:
        raise click.UsageError("--as-of needs --lint")
    if schema:
        click.echo(json_schema_of(schema), nl=False)
        return
    sound = True
    read: dict[str, list[Version]] = {}
    for shown_as, file in _documents(paths):
        try:
            verdict = _validated(file)
            click.echo(f"{shown_as}: {verdict}")
            if verdict.startswith("policy "):
                one = core.load(file)
                read.setdefault(one.id, []).append(Version(one.name, file, one.status, one.effective, one.retired))
            if linting and verdict.startswith("policy "):
                from simulations.cli.authoring import remarks

                for line in remarks(core.load(file, as_of), shown_as, population):
                    click.echo(line)
        except ProblemsFound as found:
            click.echo(str(found), err=True)
            sound = False
    for problem in (p for name, versions in read.items() for p in Family(name, tuple(versions)).clashes()):
        click.echo(str(problem), err=True)
        sound = False
    if not sound:
        sys.exit(1)


def _documents(paths: tuple[str, ...]) -> list[tuple[str, Path]]:
    """The files to check, each with what to call it: of names that ship, of files and folders, or all that ship."""
    policies = saved("policies") | core.shipped() if paths else core.shipped()
    folders = [SIMULATIONS / kind for kind in ("populations", "scenarios")]
    others = {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}
    if not paths:
        return [(file.name, file) for file in (*policies.values(), *others.values())]
    policies, others = saved("policies") | policies, saved("populations") | saved("scenarios") | others
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
            known = [*dict.fromkeys((*policies, *(n.partition("@")[0] for n in policies), *others))]
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
