"""Named provisions over a policy, what comes on top of them, and whether the result is what a scenario expects."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from policy.evaluation.determination import RANKS
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, listed, nearest, refuse, shown
from policy.reading.loading import parse
from policy.reading.scenario import Scenario, edited, load_scenario
from policy.reading.yaml import read_text
from policy.storage.workspace import saved
from simulations.population.compiler import load
from simulations.population.compiler import shipped as populations
from simulations.population.page import TABLES
from simulations.population.request_mix import with_shares
from simulations.statistics.disclosure_control import REASON

if TYPE_CHECKING:
    from simulations.studies.impact import Impact

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"


def shipped() -> tuple[str, ...]:
    """Names of the scenarios that come with the workbook."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def named() -> dict[str, Path]:
    """Name -> file of every scenario that can be called by name: what ships, else what lies in the workspace."""
    return saved("scenarios") | {name: FOLDER / f"{name}.yaml" for name in shipped()}


def find_scenario(name_or_path: str | Path, policy: Policy) -> Scenario:
    """A scenario by name (shipped or saved) or from a YAML file, legal for `policy`; raises ProblemsFound."""
    path = scenario_file(name_or_path)
    problems: list[Problem] = []
    with collecting(problems):
        load_scenario(path, policy)
    if not any(p.code == "scenario-policy" for p in problems):
        problems += _population_problems(path)
    if problems:
        raise ProblemsFound(sorted(problems, key=lambda p: int(p.place.rpartition(":")[2] or 0)))
    return load_scenario(path, policy)


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


def _population_problems(path: Path) -> list[Problem]:
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
        spec = load(name or "seed_low_prevalence")
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


# What a scenario expects ---------------------------------------------------------------------------------------------


def measured(impact: "Impact") -> dict[str, Fraction | None]:
    """Every measure that a scenario can set bounds for, exactly; None where what it is made of is withheld."""
    flow, table = impact.flow(), impact.outcomes()
    up = np.sign(RANKS[None, :] - RANKS[:, None])
    after, change = (dict(zip(OUTCOMES, table[k].tolist(), strict=True)) for k in ("scenario", "change"))
    found: dict[str, Fraction | None] = {
        "approval_pct": _exactly(after["met"], impact.cases),
        "approval_change_points": _exactly(change["met"], impact.cases),
        "moved": _exactly(impact.moved),
        "looser": _exactly(_sum(flow.to_numpy()[up > 0])),
        "stricter": _exactly(_sum(flow.to_numpy()[up < 0])),
    }
    found |= {word: _exactly(after[word]) for word in OUTCOMES}
    return found | {f"{word}_change": _exactly(change[word]) for word in OUTCOMES}


def _exactly(count: Any, cases: int | None = 0) -> Fraction | None:
    """A count, or the per cent that it is of some cases."""
    if count is None or pd.isna(count) or cases is None:
        return None
    return Fraction(100 * int(count), cases) if cases else Fraction(int(count))


def _sum(counts: Any) -> int | None:
    return None if any(pd.isna(n) for n in counts) else sum(int(n) for n in counts)


def expectations(scenario: Scenario, impact: "Impact", rough: bool = False) -> list[dict[str, Any]]:
    """Each measure that the scenario sets bounds for: its value, what is expected, and whether it holds.

    Value and verdict are None where they are withheld; `rough`: all of them, as no count is told.
    """
    values = measured(impact)
    found = []
    for name, bounds in scenario.expect.items():
        value = None if rough else values[name]
        row: dict[str, Any] = {"measure": name, "value": None, "expected": str(bounds), "holds": None}
        if value is not None:
            row["value"] = round(float(value), 9)
            row["holds"] = (bounds.at_least is None or value >= Fraction(bounds.at_least)) and (
                bounds.at_most is None or value <= Fraction(bounds.at_most)
            )
        found.append(row if value is not None else row | {"withheld": REASON})
    return found


def unmet(name_or_path: str | Path, found: list[dict[str, Any]]) -> list[Problem]:
    """One problem, with its line in the scenario, for each expectation in `found` that does not hold."""
    path = scenario_file(name_or_path)
    _, node = parse(read_text(path), path.name, Scenario)
    place = path.name if path.is_relative_to(FOLDER) else str(path)
    return [
        Problem(
            "expect",
            f"{place}:{node.line_of(('expect', one['measure']))}",
            f"{one['measure']} is {one['value']:g}, expected {one['expected']}",
        )
        for one in found
        if one["holds"] is False  # None: withheld, not judged
    ]
