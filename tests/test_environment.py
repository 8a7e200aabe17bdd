"""What is installed is said once, in pyproject.toml; conda's file and the lock files agree with it."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
GROUPS = PYPROJECT["dependency-groups"]
LOCKS = {name: (ROOT / f"requirements{name}.lock").read_text("utf-8") for name in ("", "-test", "-engines")}
ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<rest>[^\\\n]*(?:\\\n {4}--hash=[^\\\n]*)*)", re.MULTILINE
)


IN = {"": ("build",), "-test": ("test", "check", "build"), "-engines": ("test", "check", "build", "bench", "spark")}


def declared(lock: str) -> list[str]:
    """What a lock file must hold: the project's own dependencies and those of some groups."""
    return [*PROJECT["dependencies"], *(wanted for group in IN[lock] for wanted in GROUPS[group])]


def locked(lock: str) -> dict[str, Version]:
    return {canonicalize_name(entry["name"]): Version(entry["version"]) for entry in ENTRY.finditer(LOCKS[lock])}


def test_conda_installs_what_pyproject_declares():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    assert [entry for entry in listed if isinstance(entry, str)] == [f"python{PROJECT['requires-python']}", "pip"]
    (section,) = [entry["pip"] for entry in listed if isinstance(entry, dict)]
    assert section == [*PROJECT["dependencies"], "--editable ."]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_pyproject(lock: str):
    versions = locked(lock)
    wanted = [Requirement(text) for text in declared(lock)]
    assert [str(want) for want in wanted if versions.get(canonicalize_name(want.name)) not in want.specifier] == []


def test_a_longer_lock_only_adds():
    run, test, engines = (locked(lock).items() for lock in LOCKS)
    assert run < test < engines


def test_whoever_only_uses_the_workbook_installs_nothing_to_test_it_with():
    tools = {canonicalize_name(Requirement(text).name) for text in [*GROUPS["test"], *GROUPS["check"]]}
    assert tools & locked("").keys() == set()


def test_uv_sync_installs_what_the_tests_need():
    """uv takes the group `dev` unless it is told otherwise."""
    assert [group["include-group"] for group in GROUPS["dev"]] == list(IN["-test"])


def test_the_project_is_built_with_what_the_lock_names():
    assert PYPROJECT["build-system"]["requires"] == GROUPS["build"]


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_locked_once_and_with_hashes(lock: str):
    entries = [(canonicalize_name(entry["name"]), entry["rest"]) for entry in ENTRY.finditer(LOCKS[lock])]
    assert len(entries) > len(declared(lock))
    assert len({name for name, _ in entries}) == len(entries)
    assert [name for name, rest in entries if "--hash=sha256:" not in rest] == []
    assert sum(rest.count("--hash=") for _, rest in entries) == LOCKS[lock].count("--hash=")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock: str):
    lines = LOCKS[lock].splitlines()
    assert [line for line in lines if "://" in line or "index-url" in line or "find-links" in line] == []
