"""What `workbook lab` shows can be read and run, and not changed; what people make lies in the workspace."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from tornado.web import HTTPError

from policy import load
from policy.problems import ProblemsFound
from policy.reading.workspace import CASES, OPENED, SERVED, VARIABLE
from policy.storage.files import save
from simulations.cli import lab
from simulations.cli.command import main
from simulations.cli.lab import Contents
from simulations.studies.caseload import cases_of
from simulations.studies.comparison import ask

NOTEBOOK = nbformat.writes(nbformat.v4.new_notebook()).encode()
FILES = {
    "notebooks/2_tweak.ipynb": NOTEBOOK,
    "notebooks/start_here.md": b"[mine](../workspace/copies/2_tweak.ipynb)\n",
    "simulations/impact.ipynb": NOTEBOOK,
    "policy/documents/p/2026.1.yaml": b"id: p\n",
    "README.md": b"# Read me\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small installation."""
    for name, content in FILES.items():
        path = tmp_path / "installed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, content)
    monkeypatch.setattr(lab, "ROOT", tmp_path / "installed")
    return tmp_path / "installed"


def done(act: Awaitable[Any]) -> Any:
    async def waited() -> Any:
        return await act

    return asyncio.run(waited())


def model(kind: str = "file") -> dict[str, Any]:
    if kind == "notebook":
        return {"type": "notebook", "format": "json", "content": nbformat.v4.new_notebook()}
    return {"type": "file", "format": "text", "content": "spoilt"}


def in_place(root: Path) -> Contents:
    save(root / "pyproject.toml", b"")
    folder, mine = lab._arranged(root / "workspace")
    assert (folder, mine) == (root, "workspace")
    return Contents(root_dir=str(folder), mine=mine)


@pytest.mark.parametrize("name", [*FILES, "notebooks/new.ipynb", "new.md", "workspace_of_another/x.md", "tests/x.py"])
def test_nothing_outside_the_workspace_is_changed_in_a_checkout(root: Path, name: str):
    contents = in_place(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    acts = [contents.save(model("notebook" if name.endswith(".ipynb") else "file"), name)]
    if name in FILES:
        assert done(contents.get(name))["writable"] is False
        acts += [
            contents.delete(name),
            contents.rename(name, "workspace/away.txt"),
            contents.copy(name, name.rpartition("/")[0]),
            contents.restore_checkpoint("checkpoint", name),
        ]
    for act in acts:
        with pytest.raises(HTTPError, match="comes with the workbook and stays as it is"):
            done(act)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_the_workspace_is_free(root: Path):
    contents = in_place(root)
    done(contents.save(model(), "workspace/x.md"))
    done(contents.rename("workspace/x.md", "workspace/y.md"))
    done(contents.copy("README.md", "workspace"))
    assert sorted(p.name for p in (root / "workspace").iterdir() if p.is_file()) == ["README.md", "y.md"]
    assert done(contents.get("workspace/y.md"))["writable"] is True
    done(contents.delete("workspace/y.md"))
    with pytest.raises(HTTPError, match="stays as it is"):
        done(contents.rename("workspace/README.md", "notebooks/README.md"))


def test_a_copy_is_made_when_it_is_asked_for_and_kept_as_it_is_then(root: Path):
    contents = in_place(root)
    for name in ("2_tweak", "impact"):
        copy = root / "workspace" / "copies" / f"{name}.ipynb"
        assert not copy.exists()
        assert done(contents.get(f"workspace/copies/{name}.ipynb"))["writable"] is True
        assert copy.read_bytes() == NOTEBOOK
        save(copy, NOTEBOOK.replace(b"{", b"{ ", 1))
        done(contents.get(f"workspace/copies/{name}.ipynb"))
        assert copy.read_bytes() != NOTEBOOK
    with pytest.raises(HTTPError):
        done(contents.get("workspace/copies/none.ipynb"))


def test_an_installation_is_not_served_but_a_copy_of_it(root: Path, tmp_path: Path):
    kept = tmp_path / "mine"
    folder, mine = lab._arranged(kept)
    assert (folder, mine) == (kept, "")
    assert (kept / "notebooks/2_tweak.ipynb").read_bytes() == NOTEBOOK
    assert (kept / "notebooks/start_here.md").read_bytes() == b"[mine](../copies/2_tweak.ipynb)\n"
    assert (kept / "policy/documents/p/2026.1.yaml").is_file()
    contents = Contents(root_dir=str(folder), mine=mine)
    for name in ("notebooks/2_tweak.ipynb", "simulations/new.ipynb", "policy/documents/p/2026.1.yaml"):
        with pytest.raises(HTTPError, match="save it as copies/"):
            done(contents.save(model("notebook" if name.endswith(".ipynb") else "file"), name))
    done(contents.get("copies/2_tweak.ipynb"))
    done(contents.save(model(), "scenarios.md"))
    assert {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()} == FILES
    save(root / "notebooks/2_tweak.ipynb", NOTEBOOK + b"\n")  # another version is installed
    lab._arranged(kept)
    assert (kept / "notebooks/2_tweak.ipynb").read_bytes() == NOTEBOOK + b"\n"


def test_a_workspace_that_cannot_be_made_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", "README.md/mine")
    with pytest.raises(ProblemsFound, match=r"README\.md/mine: cannot be made"):
        lab._arranged(root / "README.md" / "mine")


def test_every_link_to_a_copy_has_something_to_copy():
    text = (lab.ROOT / "notebooks" / "start_here.md").read_text("utf-8")
    named = [part.partition(")")[0] for part in text.split(lab._LINK)[1:]]
    there = {path.name for folder in ("notebooks", "simulations") for path in (lab.ROOT / folder).glob("*.ipynb")}
    assert set(named) == there


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server tells its kernels is forgotten after the test."""
    for name in (CASES, OPENED, SERVED, "PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which servers were started."""
    started: list[str] = []
    monkeypatch.setattr("jupyterlab.labapp.main", lambda *_, **__: started.append("lab"))
    monkeypatch.setattr(lab._Pages, "launch_instance", lambda *_, **__: started.append("app"))
    return started


TABLE = "case_id,dx,cpt,pain_duration_days\n" + "".join(f"A{i},M54.2,20553,{i}\n" for i in range(30))


@pytest.mark.usefixtures("opened")
def test_the_cases_of_a_table_stand_in_the_notebooks_and_in_no_report_that_names_a_population(tmp_path: Path):
    save(tmp_path / "my cases.csv", TABLE.encode())
    lab.prepared(None, "my cases.csv")
    cases = cases_of(load(), size=10_000, seed=1)
    assert (len(cases.part(0)), cases.guarded, cases.path) == (30, True, tmp_path / "my cases.csv")
    assert ask(size=100).cases.drawn  # a report whose population is the policy's own does not name it
    lab.prepared(None)
    assert cases_of(load(), size=100).drawn


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("verb", ["lab", "app"])
def test_every_fault_of_policy_and_cases_is_told_before_a_server_starts(tmp_path: Path, verb: str, serving: list[str]):
    bad = TABLE.replace("A7,M54.2", "A7,nothing").replace("20553,9\n", "20553,nine\n")
    save(tmp_path / "bad.csv", bad.encode())
    for cases, policy, said in (
        ("bad.csv", (), ("nothing", "nine")),
        ("gone.csv", ("--policy", "gone_policy"), ("gone.csv", "gone_policy")),
        ("cases.txt", ("--policy", "gone_policy"), ("cases.txt", "gone_policy")),
    ):
        done = CliRunner().invoke(main, [verb, "--no-browser", "--cases", cases, *policy])
        assert done.exit_code == 1
        assert all(word in done.stderr for word in said)
    assert serving == []
