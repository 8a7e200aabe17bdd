"""Named provisions over a policy, and what comes on top of them."""

from collections.abc import Mapping
from pathlib import Path

from policy import document
from policy.model import Policy, Scenario, Settings
from policy.problems import Problem, ProblemsFound, listed, nearest, refuse, shown

FOLDER = Path(__file__).parent / "scenarios"


def shipped() -> tuple[str, ...]:
    """Names of the scenarios that come with the workbook."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def find_scenario(name_or_path: str | Path, policy: Policy) -> Scenario:
    """A shipped scenario by name, or one from a YAML file, legal for `policy`; raises ProblemsFound."""
    name = str(name_or_path)
    if name in shipped():
        return document.load_scenario(FOLDER / f"{name}.yaml", policy)
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        message = f"{shown(name)} is no scenario that ships ({listed(shipped())}) and no .yaml file"
        raise refuse("unknown-scenario", "scenario", message + nearest(name, shipped()))
    return document.load_scenario(path, policy)


def proposed(
    policy: Policy, scenario: str | Path | None = None, provisions: Mapping[str, object] | None = None
) -> Settings:
    """The settings of a scenario with `provisions` on top of it; raises ProblemsFound with the problems of both."""
    problems: list[Problem] = []
    together: dict[str, object] = {}
    if not isinstance(provisions or {}, Mapping):
        raise refuse("provisions", "provisions", f"{shown(provisions)} is not a mapping of levers to values")
    if scenario is not None:
        try:
            together.update(find_scenario(scenario, policy).provisions)
        except ProblemsFound as found:
            problems += found.problems
    try:
        policy.settings(provisions)
        together.update(provisions or {})
    except ProblemsFound as found:
        problems += found.problems
    if problems:
        raise ProblemsFound(problems)
    return policy.settings(together)
