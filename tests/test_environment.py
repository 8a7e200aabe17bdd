"""What is installed is said once, in pyproject.toml; conda's file and the lock file agree with it."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<rest>[^\\\n]*(?:\\\n {4}--hash=[^\\\n]*)*)", re.MULTILINE
)


def declared() -> list[str]:
    extras = PROJECT["optional-dependencies"]
    return [*PROJECT["dependencies"], *extras["test"], *extras["check"]]


def locked() -> dict[str, Version]:
    return {canonicalize_name(entry["name"]): Version(entry["version"]) for entry in ENTRY.finditer(LOCK)}


def test_conda_installs_what_pyproject_declares():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    assert [entry for entry in listed if isinstance(entry, str)] == [f"python{PROJECT['requires-python']}", "pip"]
    (section,) = [entry["pip"] for entry in listed if isinstance(entry, dict)]
    assert section == [*declared(), "--editable ."]


def test_the_lock_satisfies_pyproject():
    versions = locked()
    wanted = [Requirement(text) for text in [*declared(), *PYPROJECT["dependency-groups"]["build"]]]
    assert [str(want) for want in wanted if versions.get(canonicalize_name(want.name)) not in want.specifier] == []


def test_the_project_is_built_with_what_the_lock_names():
    assert PYPROJECT["build-system"]["requires"] == PYPROJECT["dependency-groups"]["build"]


def test_each_package_is_locked_once_and_with_hashes():
    entries = [(canonicalize_name(entry["name"]), entry["rest"]) for entry in ENTRY.finditer(LOCK)]
    assert len(entries) > len(declared())
    assert len({name for name, _ in entries}) == len(entries)
    assert [name for name, rest in entries if "--hash=sha256:" not in rest] == []
    assert sum(rest.count("--hash=") for _, rest in entries) == LOCK.count("--hash=")


def test_the_lock_names_no_index():
    assert [line for line in LOCK.splitlines() if "://" in line or "index-url" in line or "find-links" in line] == []
