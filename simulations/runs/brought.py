"""Files of the user come to the folder that a notebook runs in, so that no cell holds a path of this machine."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulations.population.loading import is_table
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
