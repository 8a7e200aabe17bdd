"""Named provisions over a policy, and what comes on top of them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, listed, nearest, refuse, shown
from policy.reading.loading import parse
from policy.reading.scenario import Scenario, edited, load_scenario
from policy.reading.workspace import saved
from policy.reading.yaml import read_text
from simulations.population.loading import default_for, load_document
from simulations.population.loading import named as populations
from simulations.population.page import TABLES
from simulations.population.request_mix import with_shares

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"


def shipped() -> tuple[str, ...]:
    """Names of the scenarios that come with the workbook."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def named() -> dict[str, Path]:
    """Name -> file of every scenario that can be called by name: what ships, else what lies in the workspace."""
    return saved("scenarios") | {name: FOLDER / f"{name}.yaml" for name in shipped()}


def shipped_for(policy: Policy) -> tuple[str, ...]:
    """Names of the scenarios that ship for a policy, by number."""
    return _for(policy, shipped())


def _for(policy: Policy, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that are for a policy, by number."""
    found = {name: said for name in names if (said := _said(named()[name]))["policy"] in (policy.id, policy.name)}
    return tuple(sorted(found, key=lambda name: (_place(found[name].get("number", "")), name)))


def alternatives_of(policy: Policy) -> tuple[str, ...]:
    """The scenarios that stand beside a policy in reports: those that ship for it, by number, else those saved."""
    return shipped_for(policy) or _for(policy, saved("scenarios"))


def readings_for(policy: Policy) -> dict[str, dict[str, object]]:
    """The readings that vignettes may ask: the policy as it stands and each shipped scenario that only moves levers."""
    found: dict[str, dict[str, object]] = {"default": {}}
    for name in shipped():
        try:
            plan = find_scenario(name, policy)
        except ProblemsFound:
            continue  # a scenario of another policy
        if not plan.criteria:  # else it is a policy of its own, which these levers are not
            found[name] = dict(plan.provisions)
    return found


def yardsticks_of(policy: Policy) -> tuple[str, ...]:
    """The scenarios that requests of one kind are held against in every report (`yardstick_for`)."""
    return tuple(name for name in alternatives_of(policy) if "yardstick_for" in _said(named()[name]))


def _said(file: Path) -> dict[str, str]:
    """A few keys of a scenario as they are written, before it is checked; without a policy where it cannot be read."""
    try:
        keys = re.findall(
            r"^(policy|number|yardstick_for): *[\"']?([^\"'#\n]*?)[\"']? *(?:#.*)?$", read_text(file), re.M
        )
    except ProblemsFound:
        keys = []
    return {"policy": "", **dict(keys)}


def _place(number: str) -> tuple[bool, int, str]:
    """P2b after P2a and before P10; what has no number comes last."""
    found = re.fullmatch(r"P(\d+)([a-z]?)", number)
    return (found is None, int(found[1]) if found else 0, found[2] if found else "")


def find_scenario(name_or_path: str | Path, policy: Policy) -> Scenario:
    """A scenario by name (shipped or saved) or from a YAML file, legal for `policy`; raises ProblemsFound."""
    path = scenario_file(name_or_path)
    problems: list[Problem] = []
    own: Scenario | None = None
    with collecting(problems):
        own = load_scenario(path, policy)
    if not any(p.code == "scenario-policy" for p in problems):
        problems += _population_problems(path, policy)
    if problems or own is None:
        raise ProblemsFound(sorted(problems, key=lambda p: int(p.place.rpartition(":")[2] or 0)))
    theirs = FOLDER / f"{own.id}.yaml"
    if own.id in shipped() and own != parse(read_text(theirs), str(theirs), Scenario)[0]:  # results go by the name
        return own.model_copy(update={"id": f"{own.id} (own file)"})
    return own


def levers_of(name_or_path: str | Path) -> tuple[str, ...]:
    """The levers that a scenario sets, of whichever version; raises ProblemsFound."""
    path = scenario_file(name_or_path)
    return tuple(parse(read_text(path), str(path), Scenario)[0].provisions)


def scenario_file(name_or_path: str | Path) -> Path:
    """The file of a scenario; raises ProblemsFound for a name that neither ships nor lies in the workspace."""
    name, known = str(name_or_path), named()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        own = sorted(known.keys() - set(shipped()))
        there = f", none in the workspace ({listed(own)})" if own else ""
        message = f"{shown(name)} is no scenario that ships ({listed(shipped())}){there} and no .yaml file"
        raise refuse("unknown-scenario", "scenario", message + nearest(name, [*known]))
    return path


def _population_problems(path: Path, policy: Policy) -> list[Problem]:
    """What is wrong with the population and the assumptions that a scenario names."""
    scenario, node = parse(read_text(path), str(path), Scenario)
    if scenario.population is None and not scenario.assumptions:
        return []
    problems = []
    name = population_of(path, scenario)
    if Path(name or "").suffix in TABLES:
        if not Path(str(name)).is_file():
            line = node.line_of(("population", "name"))
            problems.append(Problem("read", f"{path}:{line}", f"population: {shown(Path(str(name)).name)} is no file"))
        return problems
    try:
        spec = load_document(name or default_for(policy), policy)
    except ProblemsFound as found:
        line = node.line_of(("population", "name"))
        return [Problem(p.code, f"{path}:{line}", f"population: {p}") for p in found.problems]
    for variable, shares in scenario.assumptions.items():
        try:
            with_shares(spec, shares, variable)
        except ProblemsFound as found:
            line = node.line_of(("assumptions", variable))
            problems += [Problem(p.code, f"{path}:{line}", f"assumptions: {p}") for p in found.problems]
    return problems


def population_of(name_or_path: str | Path, scenario: Scenario) -> str | None:
    """The population that a scenario names: a shipped one, or a file beside the scenario; None where it names none."""
    drawn = scenario.population
    if drawn is None or drawn.name in populations() or not Path(drawn.name).suffix:
        return drawn.name if drawn else None
    return str(scenario_file(name_or_path).resolve().parent / drawn.name)


def proposed(
    policy: Policy, scenario: str | Path | None = None, provisions: Mapping[str, object] | None = None
) -> Settings:
    """The settings of a scenario with `provisions` on top of it; raises ProblemsFound with the problems of both.

    They belong to another policy where the scenario adds or removes criteria.
    """
    problems: list[Problem] = []
    together: dict[str, object] = {}
    changed = policy
    if not isinstance(provisions or {}, Mapping):
        raise refuse("provisions", "provisions", f"{shown(provisions)} is not a mapping of levers to values")
    if scenario is not None:
        with collecting(problems):
            plan = find_scenario(scenario, policy)
            changed = edited(policy, plan.criteria)
            together.update(plan.provisions)
    with collecting(problems):
        policy.settings(provisions)
        together.update(provisions or {})
    if problems:
        raise ProblemsFound(problems)
    return changed.settings(together)
