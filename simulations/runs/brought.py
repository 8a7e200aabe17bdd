"""Files of the user come to the folder that a notebook runs in, so that no cell holds a path of this machine."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policy.reading.loading import DOCUMENTS, policy_file
from policy.reading.workspace import saved
from simulations.population.loading import is_table, population_file
from simulations.scenario.loading import FOLDER as SCENARIOS
from simulations.scenario.loading import scenario_file
from simulations.studies.import_options import FILES as BESIDE


def is_file(name: str | Path) -> bool:
    """Whether a name is a path: by its ending, or as a folder of cases."""
    return Path(name).suffix.lower() in (".yaml", ".yml") or is_table(name)


def brought(cwd: Path, names: Mapping[str, str | Path | None]) -> dict[str, Any]:
    """Kind -> the name as it was, of a file its path from `cwd`, where it is now: `policy/mine.yaml`."""
    values: dict[str, Any] = {}
    for kind, name in names.items():
        values[kind] = None if name is None else str(name)
        if name is not None and is_file(name):
            values[kind] = _linked(cwd, kind, name)
    return values


def own_files(cwd: Path, kind: str, value: Any) -> Any:
    """A notebook's own parameter, with files brought to the folder that it runs in."""
    if isinstance(value, dict):  # how a case table is read
        return {name: _linked(cwd, name, one) if name in BESIDE else one for name, one in value.items()}
    if not isinstance(value, list):
        return brought(cwd, {kind: value})[kind] if isinstance(value, str) else value
    return [brought(cwd, {f"{kind}/{i}": word})[f"{kind}/{i}"] for i, word in enumerate(value)]


def _linked(cwd: Path, kind: str, name: str | Path) -> str:
    target = cwd / kind / Path(name).name
    target.parent.mkdir(parents=True)
    try:
        target.symlink_to(Path(name).resolve())
    except OSError:  # a system without links
        (shutil.copytree if Path(name).is_dir() else shutil.copyfile)(name, target)
    return f"{kind}/{Path(name).name}"


def by_file(policy: str | Path, scenario: str | Path | None, as_of: str | None) -> dict[str, str | Path | None]:
    """What lies in the workspace by its file, which comes along; what ships by its name."""
    file = scenario_file(scenario) if scenario is not None else None
    own = file is not None and not file.is_relative_to(SCENARIOS)
    return {"policy": exactly(policy, as_of), "scenario": file if own else scenario}


def exactly(policy: str | Path, as_of: str | None) -> str:
    """A policy by a name or file that means the same in the notebook, which sees neither the workspace nor the day."""
    file = policy_file(policy, as_of)
    if not file.is_relative_to(DOCUMENTS):
        return str(file)
    return f"{file.parent.name}@{file.stem}"


def population_by_file(population: str | Path) -> str | Path:
    """A population that lies in the workspace by its file, which comes along."""
    return population_file(population) if str(population) in saved("populations") else population
