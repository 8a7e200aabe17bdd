"""The verbs of an author: compare, coverage, mutate, and the lint of `workbook validate`."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

import policy as core
from policy.authoring.boundaries import boundary_file
from policy.authoring.coverage import STATES, Coverage, cover
from policy.authoring.difference import differences
from policy.authoring.facts import counted_otherwise
from policy.authoring.lint import inert, lint
from policy.authoring.mutation import mutants
from policy.authoring.proof import Proof, Relation, prove, prove_everywhere
from policy.authoring.verdicts import Verdict, judge_all
from policy.authoring.vignettes import Batch, Readings, Vignette, batches, example_vignettes, read_vignettes
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, counted, listed, nearest, refuse, shown
from policy.reading.loading import DEFAULT, DOCUMENTS, parse
from policy.reading.scenario import Scenario, edited
from policy.reading.workspace import saved
from policy.reading.yaml import read_text, read_yaml
from policy.storage.files import save
from simulations.cli.options import as_of_option, assigned, import_options, not_empty, workspace_option
from simulations.runs.outputs import Inputs
from simulations.scenario import loading
from simulations.statistics.number_format import percent
from simulations.studies.import_options import ImportOptions

if TYPE_CHECKING:
    from simulations.cli.withdrawal import WithdrawalInWords

VIGNETTES = "vignettes"  # the folder beside the versions of a policy
NOT_SCORED = "not scored: mend the policy, or what is expected of it, first"


def reading_of(name: str, base: Policy | None = None, as_of: str | None = None) -> Settings:
    """A policy as it stands, or a scenario over its policy: by a name that ships or by a path; raises ProblemsFound.

    A scenario that adds or removes criteria is a reading of the policy so edited. `as_of`: the day (ISO) for a name
    without a version and for levers with dated values.
    """
    path = Path(name)
    if name in loading.named():
        path = loading.named()[name]
    elif path.suffix not in (".yaml", ".yml"):
        policies = [*core.shipped(), *saved("policies")]
        known = [*dict.fromkeys((*policies, *(n.partition("@")[0] for n in policies), *loading.shipped()))]
        if name not in known:
            message = f"is no policy or scenario that ships ({listed(known)}) and no .yaml file{nearest(name, known)}"
            raise refuse("unknown-reading", shown(name), message)
        return core.load(name, as_of).settings()
    tree = read_yaml(read_text(path), str(path))
    if "schema" in tree.value and str(tree.value["schema"].value).startswith("scenario/"):
        found, _ = parse(read_text(path), str(path), Scenario)
        under = base if base is not None and found.policy in (base.id, base.name) else core.load(found.policy, as_of)
        plan = core.load_scenario(path, under)
        return edited(under, plan.criteria).settings(plan.provisions)
    return core.load(path, as_of).settings()


def _at_one_setting(sides: Sequence[Settings], name: str | None, provisions: Mapping[str, str]) -> list[Settings]:
    """Both sides under a scenario and further levers; a lever may be known to one side only. Raises ProblemsFound."""
    found, problems = [], []
    known = {lever for side in sides for lever in side.policy.levers}
    for lever in provisions:
        if lever not in known:
            names = " and ".join(dict.fromkeys(side.policy.name for side in sides))
            problems.append(Problem("unknown-lever", lever, f"no lever of {names}{nearest(lever, known)}"))
    for side in sides:
        with collecting(problems):
            together: dict[str, object] = {k: "off" if v is None else v for k, v in side.items()}
            policy = side.policy
            if name is not None:
                plan = loading.find_scenario(name, policy)
                policy = edited(policy, plan.criteria)
                together |= plan.provisions
            together |= {lever: value for lever, value in provisions.items() if lever in policy.levers}
            found.append(policy.settings(together))
    if problems:
        raise ProblemsFound(dict.fromkeys(problems))
    return found


@click.command(epilog="Example: workbook compare nerve_blocks strict_reading --prove")
@click.argument("a")
@click.argument("b", required=False)
@click.option("--prove", "proving", is_flag=True, help="Prove which is stricter, pathway by pathway, without any data.")
@click.option("--scenario", "name", metavar="NAME|FILE", help="Compare at one setting: both sides under this scenario.")
@click.option("--set", "provisions", multiple=True, metavar="LEVER=VALUE", help="Compare at one setting: both sides.")
@click.option("--withdraw", "cards", multiple=True, metavar="CARD", help="In the place of B: A without this source.")
@click.option(
    "--population", metavar="NAME|FILE", callback=not_empty,
    help="With --withdraw: which of these cases change, either way.",
)  # fmt: skip
@import_options
@click.option("--size", type=int, help="Cases of the population. Default: 10000.")
@click.option("--seed", type=int, help="Of the population. Default: 1.")
@as_of_option
@workspace_option
def compare(
    a: str, b: str | None, proving: bool, name: str | None, provisions: Sequence[str], cards: tuple[str, ...],
    population: str | None, size: int | None, seed: int | None, as_of: str | None, importing: ImportOptions,
    rejects: str | None,
) -> None:  # fmt: skip
    """The redline from A to B (policies or scenarios, names or files) and what can be proven about it.

    Without --set and --scenario the proof is over all legal settings: levers that differ stay at each side's own
    value, every other lever runs over all its values, alike on both sides. With --withdraw the other side is A without
    what stands on an evidence card alone.
    """
    if (b is None) == (not cards):
        raise click.UsageError("name B, or a card with --withdraw" if b is None else "--withdraw stands in place of B")
    if population is not None and not cards:
        raise click.UsageError("--population needs --withdraw; workbook simulate asks a population about two policies")
    for option, given in (("--size", size), ("--seed", seed)):
        if given is not None and population is None:
            raise click.UsageError(f"{option} needs --population")
    if population is None and importing.given():
        raise click.UsageError("--map, --ignore, --history, --rejects and --case-id-is-key need --population FILE")
    moved = assigned(tuple(provisions))
    sides = [before := reading_of(a, None, as_of), *([reading_of(b, before.policy, as_of)] if b else [])]
    single = name is not None or bool(moved)
    if single:
        sides = _at_one_setting(sides, name, moved)
        words = [*([f"scenario {name}"] if name else []), *(f"{k}={v}" for k, v in moved.items())]
        click.echo(f"At one setting only, on both sides: {', '.join(words)}")
    before, after = sides[0], sides[-1]
    how = single if proving else None
    if b is not None:
        title, people = f"{a} ({before.policy.name}) -> {b} ({after.policy.name})\n", False
        lines = _compared(before, after, how)
    else:
        from simulations.cli.withdrawal import Asked, withdrawn  # here, as the other verbs need no population

        many, luck = 10_000 if size is None else size, 1 if seed is None else seed
        told = withdrawn(before, cards, Asked(population, many, luck, importing, rejects))
        title, lines, people = f"{a} ({before.policy.name})", _without(told, how), told.people
    click.echo(f"{before.policy.notice_of(people)}\n{title}")
    for line in lines:
        click.echo(line)


def _compared(before: Settings, after: Settings, single: bool | None) -> Iterator[str]:
    """The redline, and the proof, at one setting or at all (None: no proof)."""
    changes = differences(before, after)
    yield "Redline"
    for change in changes:
        yield f"  - [{change.kind}] {change.says}"
    if not changes:
        yield "  nothing is different"
    if single is not None:
        yield from _proven(before, after, single)


def _without(withdrawal: "WithdrawalInWords", single: bool | None) -> Iterator[str]:
    """What is left without support when cards are withdrawn; what each step of dropping it changes."""
    from simulations.cli.withdrawal import cases_of_step

    yield from withdrawal.left()
    for number, step in enumerate(withdrawal.steps, 1):
        yield f"\n{number}. {step.title}"
        yield from (f"  - {line}" for line in step.done)
        if not step.done:
            yield "  nothing is dropped, and no case changes"
            continue
        if single is not None:
            yield from _proven(withdrawal.before, step.after, single)
        yield from cases_of_step(step)


def _proven(before: Settings, after: Settings, single: bool) -> Iterator[str]:
    proof = prove(before, after) if single else prove_everywhere(before, after)
    yield f"\n{_over(proof)}: the second against the first is"
    yield f"  {proof.overall.text()}"
    yield from _witnesses(proof.overall, "    ")
    if proof.unread:
        yield f"  not compared, as the other side rejects such rows: {'; '.join(proof.unread)}"
    if counted := counted_otherwise(before.policy, after.policy):
        yield f"  of their numbers as columns, which the two work out of events otherwise: {', '.join(counted)}"
    yield "\nPathway by pathway"
    for name, relation in proof.pathways.items():
        yield f"  {name or '(no pathway)'}: {relation.text()}" + (f" ({_means(relation)})" if proof.everywhere else "")
        yield from _witnesses(relation, "      ")


def _means(relation: Relation) -> str:
    """By which means a relation is proven; several codes of one pathway may need several, and the widest is named."""
    if "enumeration" in relation.how:
        return "by exact enumeration"
    return "by reasoning on what differs" if "reasoning" in relation.how else "by reading, as both sides say the same"


def _over(proof: Proof) -> str:
    """What is proven, over which settings, and by which means."""
    kinds = f"{proof.overall.kinds:,} kinds of cases stand for all"
    cases = "every case that both sides read" if proof.unread else "every case there can be"
    said = f"{'Not proven' if proof.overall.word == 'not proven' else 'Proven'} on {cases}"
    if not proof.everywhere:
        return f"{said}, at this one setting, by exact enumeration ({kinds})"
    own = f"{', '.join(proof.own)} at each side's own value, " if proof.own else ""
    count = Counter(map(_means, proof.pathways.values()))
    means = ", ".join(f"{counted(n, 'pathway')} {how}" for how, n in count.items())
    return (
        f"{said} and at every legal setting ({own}every other lever over all its values, alike on both sides); {means}"
    )


def _witnesses(relation: Relation, indent: str) -> Iterator[str]:
    for direction, witness in relation.witnesses().items():
        yield f"{indent}{direction}, worst change on a smallest case: {witness.text()}"


def _asked(policy: Policy, folder: str | None) -> tuple[list[Batch], Readings]:
    """The policy's own examples and its vignettes, all of which hold, with the readings that they ask.

    Raises ProblemsFound naming each that does not hold: what they notice, or reach, would be counted wrongly.
    """
    beside = DOCUMENTS / policy.id / VIGNETTES
    path = Path(folder) if folder else beside if beside.exists() else None
    if path is not None and not path.exists():
        raise refuse("read", str(path), "there is no such file or folder of vignettes")
    vignettes = example_vignettes(policy) + (read_vignettes([path]) if path else [])
    if not vignettes:
        message = "has no examples of its own; name its vignettes with --cases, or write examples into it"
        raise refuse("vignettes", policy.name, message)
    readings = loading.readings_for(policy)
    strange = {reading for vignette in vignettes for reading in vignette.expect} - readings.keys()
    if strange and not folder:
        message = f"the vignettes that ship for {policy.id} ask for {listed(strange)}, which this document cannot take"
        raise refuse("reading", policy.name, f"{message}; name vignettes of its own with --cases")
    asked = batches(vignettes, policy, readings)
    wrong = [(vignette, said, batch) for batch in asked for vignette, said in batch.failing(policy, lists=True)]
    if wrong:
        told = (Problem("vignette", v.place, f"{shown(v.name)} {_unlike(v, said, b)}") for v, said, b in wrong)
        raise ProblemsFound([*told, Problem("vignette", policy.name, NOT_SCORED)])
    used = {batch.reading for batch in asked}
    return asked, {name: levers for name, levers in readings.items() if name in used}


def _unlike(vignette: Vignette, said: str, batch: Batch) -> str:
    """'[default] comes out as pend; expected is met'."""
    expected = vignette.expect[batch.reading]
    return f"[{batch.reading}] {f'comes out as {said}; expected is {expected}' if said in OUTCOMES else said}"


def _counted(items: Iterable[Any], total: int) -> Iterable[Any]:
    return tqdm(items, total=total, disable=not sys.stderr.isatty(), leave=False)


def vignette_options(function: Any) -> Any:
    """--policy, --workspace and --cases."""
    cases = click.option(
        "--cases",
        "folder",
        metavar="FILE|FOLDER",
        help="Vignettes besides the policy's own examples; default: those that ship beside the policy.",
    )
    named = click.option("--policy", "name", default=DEFAULT, show_default=True, metavar="NAME|FILE")
    return named(workspace_option(cases(function)))


@click.command(epilog="Example: workbook coverage --generate boundaries.yaml")
@vignette_options
@click.option("--generate", metavar="FILE", help="Write vignettes below, at and above every threshold, and missing.")
def coverage(name: str, folder: str | None, generate: str | None) -> None:
    """Which criteria the vignettes saw decide an outcome, in which state, and cases for what they did not reach."""
    policy = core.load(name)
    if generate:
        if Path(generate).suffix != ".yaml":
            raise refuse("write", generate, "needs a name that ends in .yaml")
        inputs = Inputs().policy(name).add("the vignettes", folder or DOCUMENTS / policy.id / VIGNETTES)
        for place, what in ((DOCUMENTS, "policies that ship"), (loading.FOLDER, "scenarios that ship")):
            inputs.add(f"the {what}", place)
        inputs.check_file(Path(generate))
        written = boundary_file(policy)
        if written.endswith("vignettes:\n"):
            raise refuse("write", generate, f"is not written: at no numeric lever of {policy.name} a case can be made")
        save(Path(generate), written.encode())
        click.echo(f"{policy.notice}\nVignettes at the boundary of every numeric lever, for you to judge: {generate}")
        return
    asked, readings = _asked(policy, folder)
    click.echo(f"{policy.notice}\n{policy.name}: {_counted_vignettes(asked)}")
    for line in _covered(cover(policy, asked, readings), readings):
        click.echo(line)


def _counted_vignettes(asked: Iterable[Batch]) -> str:
    """'5 examples of its own and 300 vignettes, all as expected'."""
    places = {vignette.place for batch in asked for vignette in batch.vignettes}
    own = sum(place.startswith("examples.") for place in places)
    return f"{own:,} examples of its own and {len(places) - own:,} vignettes, all as expected"


def _covered(found: Coverage, readings: Readings) -> Iterator[str]:
    for reading in readings:
        reached, total = found.share(reading)
        yield f"\n{reading}: {reached} of {total} seen while deciding ({percent(reached / max(total, 1))})"
        yield f"  {'criterion':<26}" + "".join(f"{state:>16}" for state in STATES)
        for criterion, counts in found.by_criterion(reading).items():
            cells = [f"{hit} of {of}" if of else "-" for hit, of in counts]
            yield f"  {criterion:<26}" + "".join(f"{cell:>16}" for cell in cells)
    yield "\nEach cell: pathways where it was seen of those where it can decide; - = it never decides in this state."
    for (reading, pathway, criterion, truth), offer in found.uncovered.items():
        levers = ", ".join(f"{k}: {v}" for k, v in offer.provisions.items())
        case = ", ".join(f"{k}: {v}" for k, v in offer.case.items())
        yield f"not covered: {reading}, {pathway}, {criterion} {STATES[truth]}"
        yield f"  a case that would: set {{{levers}}} case {{{case}}}, today {offer.outcome}"


@click.command(epilog="Example: workbook mutate --cases my_vignettes")
@vignette_options
@click.option("--all", "everything", is_flag=True, help="Also list what was killed, and by which vignette.")
def mutate(name: str, folder: str | None, everything: bool) -> None:
    """Put small slips into the policy, one at a time: which of them does some vignette notice?"""
    policy = core.load(name)
    asked, readings = _asked(policy, folder)
    total = sum(1 for _ in mutants(policy))
    verdicts: list[Verdict] = list(_counted(judge_all(policy, asked, readings), total))
    click.echo(f"{policy.notice}\n{policy.name}: {_counted_vignettes(asked)}; {total} slips")
    words = ("killed", "survived", "equivalent")
    click.echo(f"  {'kind of slip':<22}" + "".join(f"{word:>12}" for word in words))
    for kind in dict.fromkeys(v.mutant.kind for v in verdicts):
        counts = [sum(v.mutant.kind == kind and v.word == word for v in verdicts) for word in words]
        click.echo(f"  {kind:<22}" + "".join(f"{count:>12}" for count in counts))
    counts = [sum(v.word == word for v in verdicts) for word in words]
    click.echo(f"  {'all':<22}" + "".join(f"{count:>12}" for count in counts))
    for verdict in verdicts:
        if everything or verdict.word != "killed":
            click.echo(f"{verdict.word}: {verdict.mutant.place}: {verdict.mutant.did}: {verdict.why}")


def remarks(policy: Policy, place: str, population: str | None) -> Iterator[str]:
    """The lint of one policy as lines, with a population also what is inert in it."""
    found = list(lint(policy.settings()))
    if population is not None:
        from simulations import population as populations

        frame = populations.generate(populations.load(population), 10_000, 1)
        found += list(inert(policy.settings(), core.Cases.from_frame(frame, policy)))
    for finding in found:
        yield f"{place}: remark ({finding.kind}): {finding}"
    yield f"{place}: {counted(len(found), 'remark')}" if found else f"{place}: no remarks"
