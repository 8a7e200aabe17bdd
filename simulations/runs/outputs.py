"""What a command reads against what it writes, before anything runs: an output is never an input."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policy.problems import Problem, ProblemsFound, collecting, refuse
from policy.reading import loading
from policy.reading.loading import parse
from policy.reading.scenario import Scenario
from policy.reading.yaml import read_text
from policy.storage.locks import real
from simulations.storage.folders import Check, may_be_written
from simulations.studies.import_options import FILES, ImportOptions


@dataclass
class Inputs:
    """The files that a command reads, and what each is to it."""

    files: dict[Path, str] = field(default_factory=dict)

    def add(self, what: str, path: str | Path | None) -> "Inputs":
        """A file or folder, by its path; what is not there, or has no name, is not read."""
        if path is not None and str(path).strip() and os.path.exists(path):
            self.files.setdefault(real(Path(path)), what)
        return self

    def policy(self, name: str | Path | None) -> "Inputs":
        """A policy, by name or path; by its name alone every version, as any may be read."""
        if name is None:
            return self
        with contextlib.suppress(ProblemsFound):
            versions = loading.family(name)
            for file in [one.file for one in versions.versions] if versions else [loading.policy_file(name)]:
                self.add("the policy", file)
        return self

    def scenario(self, name: str | Path | None) -> "Inputs":
        """A scenario, by name or path, with the population file that it names."""
        if name is None:
            return self
        from simulations.scenario import loading

        with contextlib.suppress(ProblemsFound):
            path = loading.scenario_file(name)
            self.add("the scenario", path)
            plan, _ = parse(read_text(path), str(path), Scenario)
            self.population(loading.population_of(name, plan))
            self.policy(plan.policy)
        return self

    def population(self, name: str | Path | None) -> "Inputs":
        """A population, by name or path, or a case table."""
        if name is None or not str(name).strip():
            return self
        from simulations.population.loading import named

        return self.add("the population", named().get(str(name).partition(",")[0], Path(name)))

    def beside(self, importing: ImportOptions) -> "Inputs":
        """What is read beside a case table."""
        for name, file in importing.files().items():
            self.add(FILES[name], file)
        return self

    def check_file(self, path: Path) -> None:
        """Refuse a file to be written that is one of these, or lies among what one of these holds."""
        target = real(path)
        for source, what in self.files.items():
            if _same(source, target):
                raise refuse("write", str(path), f"is {what} itself; name another file")
            if source.is_dir() and target.exists() and target.is_relative_to(source):
                raise refuse("write", str(path), f"is one of the files of {what}; name another file")
        if target.exists() and not target.is_file() and not target.is_dir():
            raise refuse("write", str(path), "is no ordinary file; name another")

    def check_folder(self, path: Path) -> None:
        """Refuse a folder to be written that is, holds or lies in one of these, under whatever name or link."""
        target = real(path)
        inside = [Path(entry.path) for entry in _entries(target)]
        for source, what in self.files.items():
            same = [entry for entry in inside if _same(source, entry)]
            if same or source.is_relative_to(target) or (source.is_dir() and target.is_relative_to(source)):
                name = source.name if source != target else "."
                message = f"holds {what} that this run reads ({same[0].name if same else name}); name another folder"
                raise refuse("write", str(path), f"{message}; nothing was changed")


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # not there, or no folder
        return []


def _same(one: Path, other: Path) -> bool:
    """One file, under two names or links perhaps."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return one == other


def check_folder(name: str, inputs: Inputs, allowed: Check) -> None:
    """Refuse a folder that cannot be written or replaced, before any long work; `allowed` judges what is in it."""
    if not name.strip():
        raise refuse("write", "--out", "is empty; name a folder")
    path = Path(name)
    may_be_written(path)
    inputs.check_folder(path)
    if path.exists():
        allowed(path)


def check_files(inputs: Inputs, files: Mapping[str, Iterable[str]]) -> list[Problem]:
    """What is wrong with the tables that a command is to write: each with the endings that it may have."""
    from simulations.storage.tables import check_target

    problems: list[Problem] = []
    for name, suffixes in files.items():
        with collecting(problems):
            if not name.strip():
                raise refuse("write", "--out", "is empty; name a file")
            check_target(Path(name), tuple(suffixes))
            inputs.check_file(Path(name))
    return problems


def one_file(first: str, second: str) -> bool:
    """Whether two outputs would be the same file, also where capitals and small letters are one."""
    one, other = real(Path(first)), real(Path(second))
    return _same(one, other) or (one.parent == other.parent and one.name.casefold() == other.name.casefold())
