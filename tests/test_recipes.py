"""The recipes of .github/CONTRIBUTING.md work: each is made in a copy of this checkout, then its commands are run.

A recipe is a heading there with the files that it touches and the commands that show it works, and a patch of the same
name in tests/recipes/. The patches are examples: nothing of them ships.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
PATCHES = ROOT / "tests" / "recipes"
COPIED = (
    *("policy", "simulations", "notebooks", "benchmarks", "tests", "docs"),
    *("pyproject.toml", "README.md", "workbook.py", "CHANGELOG.md"),
)
LEFT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.part", "recipes", ".*")
BIN = Path(sys.executable).parent
RECIPES = sorted(path.stem for path in PATCHES.glob("*.patch"))


def section(name: str) -> str:
    """What the guide says under the heading of a recipe."""
    found = re.search(rf"^### A (?:new )?{name.replace('_', ' ')}$\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, f"the guide has no recipe for {name}"
    return found[1]


def touched(name: str) -> list[str]:
    """The files that a patch makes or changes."""
    return re.findall(r"^\+\+\+ b/(\S+)$", (PATCHES / f"{name}.patch").read_text("utf-8"), re.MULTILINE)


def commands(name: str) -> list[str]:
    """What the recipe says to run."""
    (block,) = re.findall(r"```sh\n(.*?)```", section(name), re.DOTALL)
    return [line for line in block.splitlines() if line]


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_each_file_that_it_touches(name: str):
    named = set(re.findall(r"`((?:[\w.@-]+/)+[\w.@-]+\.\w+)`", section(name)))
    assert set(touched(name)) <= named
    assert len(section(name).split("```")[0].splitlines()) <= 25  # half a page


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_fits_the_files_of_today(name: str):
    """Here, and not only in the slow test of all that it says: a patch goes stale with any change beside it."""
    run(["git", "apply", "-C1", "--check", str(PATCHES / f"{name}.patch")], ROOT)


def test_every_recipe_of_the_guide_is_tried():
    listed = re.findall(r"^### A (?:new )?(.+)$", GUIDE, re.MULTILINE)
    assert sorted(title.replace(" ", "_") for title in listed) == RECIPES


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_works(name: str, tmp_path: Path):
    for part in COPIED:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tmp_path / part, ignore=LEFT)
        else:
            shutil.copy2(ROOT / part, tmp_path / part)
    run(["git", "apply", "-C1", str(PATCHES / f"{name}.patch")], tmp_path)
    python = [file for file in touched(name) if file.endswith(".py")]
    if python:
        run([str(BIN / "ruff"), "format", "--check", *python], tmp_path)
        run([str(BIN / "ruff"), "check", *python], tmp_path)
    typed = [file for file in python if not file.startswith("tests/")]
    if typed:
        run([str(BIN / "mypy"), *typed], tmp_path)
    for command in commands(name):
        interpreter, *arguments = command.split()
        assert interpreter == ".venv/bin/python"
        run([sys.executable, *arguments], tmp_path)
