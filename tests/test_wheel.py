"""The wheel holds all that the program reads, so that an installed workbook can do what this folder can."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from policy.authoring.vignettes import read_vignettes
from policy.reading.loading import DOCUMENTS, shipped

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("policy", "simulations", "notebooks")
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "workbook.py")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.part", ".*")
VIGNETTES = DOCUMENTS / "nerve_blocks" / "vignettes"


def python(code: str, *arguments: str, folder: Path) -> str:
    """What Python prints in `folder`, which stands before this checkout on its path."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel of a copy: building leaves nothing in the checkout, and asks no network."""
    copy, wheel, unpacked = (tmp_path_factory.mktemp(name) for name in ("copy", "wheel", "unpacked"))
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=NOT_SHIPPED)
    for name in BUILT_FROM:
        shutil.copy2(ROOT / name, copy / name)
    python(
        "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])", str(wheel), folder=copy
    )
    (file,) = wheel.glob("*.whl")
    with ZipFile(file) as archive:
        archive.extractall(unpacked)
    return unpacked


def test_a_wheel_has_every_file_of_the_packages(installed: Path):
    built = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    noise = {"__pycache__", ".ipynb_checkpoints"}
    here = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and not noise & set(path.parts) and path.suffix != ".part"
    }
    assert here - built == set()
    assert {f"policy/documents/nerve_blocks/vignettes/{path.name}" for path in VIGNETTES.glob("*.yaml")} <= built


def test_an_installed_workbook_reads_its_vignettes_and_takes_none_for_a_policy(installed: Path):
    code = """
from policy.authoring.vignettes import read_vignettes
from policy.reading.loading import DOCUMENTS, shipped
print(DOCUMENTS)
print(*shipped())
print(*(vignette.place for vignette in read_vignettes([DOCUMENTS / "nerve_blocks/vignettes/out_of_scope.yaml"])))
"""
    where, policies, places = python(code, folder=installed).splitlines()
    assert Path(where).is_relative_to(installed)
    assert policies.split() == list(shipped())
    assert not [name for name in shipped() if "vignettes" in name]
    assert places.split() == [vignette.place for vignette in read_vignettes([VIGNETTES / "out_of_scope.yaml"])]
