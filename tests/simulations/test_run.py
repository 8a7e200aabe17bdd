"""One real run, looked at from all sides; everything that must be refused is refused before a kernel starts."""

import copy
import getpass
import hashlib
import json
import re
import socket
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

from policy import load
from policy.problems import ProblemsFound
from simulations import ask, cases_of, simulate
from simulations.reports import report
from simulations.runs import run
from simulations.runs.earlier_reports import only_a_report
from simulations.runs.parameters import PARAMETERS, own_parameters
from simulations.runs.run import FOLDER

TEMPLATE = nbformat.read(FOLDER / "approval_impact.ipynb", as_version=4)
CASES = """case_id,dx,cpt,pain_duration_days,conservative_care_days,conservative_care_failed,function_limited,\
imaging_other_cause,radiculopathy,trigger_points_on_exam,tried_nsaid
A1,M54.2,20552,200,45,yes,yes,no,no,yes,yes
A2,M54.2,20552,200,70,yes,yes,no,no,yes,yes
A3,M54.2,20552,200,,yes,yes,no,no,yes,yes
A4,Z99.9,20552,200,70,yes,yes,no,no,yes,yes
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one run, in the place of a report of version 2026.1.0 by another notebook."""
    folder = tmp_path_factory.mktemp("run") / "out"
    folder.mkdir()
    earlier = {"stamp": {"template": "lever_sweep", "cells_run": 15, "complete": True}}
    (folder / "summary.json").write_text(json.dumps(earlier), encoding="utf-8")
    (folder / "lever_sweep.html").write_text("old", encoding="utf-8")
    (folder / "sweep.csv").write_text("old", encoding="utf-8")
    simulate(provisions={"conservative_weeks": "8"}, size=2000, seed=3, out=folder)
    return folder


@pytest.fixture(scope="module")
def page(out: Path) -> BeautifulSoup:
    return BeautifulSoup((out / "approval_impact.html").read_text("utf-8"), "html.parser")


@pytest.fixture(scope="module")
def ran(out: Path) -> nbformat.NotebookNode:
    return nbformat.read(out / "approval_impact.ipynb", as_version=4)


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: Any, **__: Any) -> None:
        raise AssertionError("a kernel was started")

    monkeypatch.setattr("papermill.execute_notebook", started)


def template_with(*cells: nbformat.NotebookNode, path: Path) -> Path:
    path.write_text(nbformat.writes(new_notebook(cells=list(cells))), encoding="utf-8")
    return path


def parameters(source: str | None = None) -> nbformat.NotebookNode:
    text = source if source is not None else "\n".join(f"{name} = None" for name in PARAMETERS)
    return new_code_cell(text, metadata={"tags": ["parameters"]})


# What a run leaves ---------------------------------------------------------------------------------------------------


def test_the_folder_is_that_of_one_run(out: Path):
    names = [path.name for path in out.iterdir()]
    made = [
        "approval_impact.html",
        "approval_impact.ipynb",
        "examples.csv",
        "flow.csv",
        "flow.png",
        "groups.csv",
        "groups.png",
    ]
    made += ["levers.csv", "medicare.csv", "outcomes.csv", "outcomes.png", "summary.json"]
    assert sorted(names) == made
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    listed = json.loads((out / "summary.json").read_bytes())["files"]
    assert listed == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.iterdir()
        if path.name != "summary.json"
    }
    only_a_report(out)


def test_the_same_study_in_another_process_gives_the_same_bytes(out: Path, tmp_path: Path):
    study = ask(provisions={"conservative_weeks": 8}, size=2000, seed=3).assuming(128)
    report.write(study, tmp_path)
    for path in sorted(tmp_path.iterdir()):
        if path.name != "summary.json":
            assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    written = json.loads((out / "summary.json").read_bytes())
    stamp = written.pop("stamp")
    assert stamp.pop("command").startswith("workbook simulate approval_impact --policy ")
    assert stamp == {"template": "approval_impact", "cells_run": 15, "complete": True}
    written.pop("files")
    assert written == report.summary(study)


def test_nothing_says_when_where_or_by_whom(out: Path):
    texts = {p.name: p.read_text("utf-8") for p in out.iterdir() if p.suffix in (".csv", ".json", ".ipynb", ".html")}
    texts = {name: re.sub(r"[A-Za-z0-9+/=]{500,}", "", text) for name, text in texts.items()}
    strange = {str(Path.home()), str(FOLDER), str(out.parent), socket.gethostname()} | ({getpass.getuser()} - {"root"})
    for name, text in texts.items():
        assert [word for word in strange if word in text] == [], name
        assert not re.search(r"20\d\d-\d\d-\d\dT|\d\d:\d\d:\d\d|/tmp/", text), name


def test_the_notebook_was_run_in_order_with_what_was_asked(ran: nbformat.NotebookNode):
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    injected = code[1]
    assert injected.metadata.tags == ["injected-parameters"]
    values: dict[str, Any] = {}
    exec(injected.source, values)
    asked = {name: values[name] for name in PARAMETERS}
    assert asked == {
        "policy": load().name, "scenario": None, "provisions": {"conservative_weeks": 8},
        "population": "seed_low_prevalence", "size": 2000, "seed": 3, "out": None,
    }  # fmt: skip
    assert set(ran.metadata) == {"kernelspec", "language_info"}
    assert {key for cell in ran.cells for key in cell.metadata} <= {"tags"}
    assert "Approvals fall from" in code[2].outputs[0].data["text/plain"]


def test_the_page_needs_nothing_else(out: Path, page: BeautifulSoup):
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert page.find_all(["script", "link", "iframe", "object", "embed", "base", "form"]) == []
    sources = [tag[name] for tag in page.find_all(True) for name in ("src", "href", "srcset") if tag.has_attr(name)]
    assert [source[:30] for source in sources if not source.startswith(("data:image/png;base64,", "#"))] == []
    text = (out / "approval_impact.html").read_text("utf-8")
    assert not re.search(r"https?://|@import|url\(|require\.js|MathJax|mermaid", text)
    assert [tag.name for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)] == []


def test_the_page_is_for_people_who_decide(page: BeautifulSoup):
    assert page.html["lang"] == "en"
    assert page.title.text == "What would this change to the policy do to approvals?"
    assert [page.find("h1").text] == [page.title.text]
    assert page.find(class_="notice").text.startswith("Synthetic data, policy simulation only")
    assert "recommended refusals rise" in page.find(class_="card").text
    assert "Luck of drawing" in page.find("table").text
    sections = [tag["id"] for tag in page.find_all(class_="prose") if tag.get("id")]
    assert [a["href"][1:] for a in page.find("nav").find_all("a")] == sections
    assert "import" not in page.text
    assert "15 cells of approval_impact ran to the end" in page.find("footer").text
    images = page.find_all("img")
    assert [bool(image["alt"].strip()) for image in images] == [True] * 3
    for image in images:  # the same numbers as a table, before the next heading
        assert image.find_next("table").find_previous("h2") is image.find_previous("h2")
    for table in page.select(".wide table"):
        assert table.caption.text
        assert {cell["scope"] for cell in table.select("thead th")} == {"col"}
        assert len(table.select("tbody th")) > 0


def test_a_case_table_is_its_own_population(tmp_path: Path):
    (tmp_path / "cases.csv").write_text(CASES, encoding="utf-8")
    asked = {"scenario": "strict_reading", "population": tmp_path / "cases.csv", "out": tmp_path / "deep" / "out"}
    found = simulate(**asked, exact=True)  # for its owner: of so few nothing is told otherwise
    fingerprint = hashlib.sha256(CASES.encode()).hexdigest()
    assert found["population"] == {"file": "cases.csv", "size": 4, "seed": None, "fingerprint": fingerprint}
    assert found["outcomes"]["baseline"] | {"mismatch": 0} == {
        "met": 2, "not_met": 0, "pend": 1, "review": 0, "mismatch": 0, "out_of_scope": 1,
    }  # fmt: skip
    assert found["outcomes"]["scenario"]["not_met"] == 3
    assert json.loads((tmp_path / "deep" / "out" / "summary.json").read_bytes()) == found
    ran = nbformat.read(tmp_path / "deep" / "out" / "approval_impact.ipynb", as_version=4)
    assert 'population = "population/cases.csv"' in ran.cells[2].source


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"template": "aproval_impact"}, "did you mean approval_impact?"),
        ({"template": "../approval_impact"}, "is no notebook that ships"),
        ({"template": "missing.ipynb"}, "missing.ipynb: cannot be read"),
        ({"policy": "nerve_block"}, "did you mean nerve_blocks?"),
        ({"policy": "nerve_blocks@1999.1"}, "is no policy that ships"),
        ({"scenario": "strict_readin"}, "did you mean strict_reading?"),
        ({"scenario": "missing.yaml"}, "cannot be read"),
        ({"provisions": {"conservative_week": 8}}, "did you mean conservative_weeks?"),
        ({"provisions": {"conservative_weeks": 99}}, "allowed 0 to 26 weeks"),
        ({"provisions": {"conservative_weeks": "06"}}, "not a whole number"),
        ({"provisions": {"conservative_weeks": 8.0}}, "not a whole number"),
        ({"provisions": {"conservative_weeks": float("nan")}}, "not a whole number"),
        ({"provisions": {"conservative_weeks": None}}, "allowed 0 to 26 weeks"),
        ({"provisions": {"relief_rule": "means"}}, "choose one of each_block, mean, second_only"),
        ({"provisions": [("relief_pct", 80)]}, "is not a mapping"),
        ({"population": "seed_low_prevalance"}, "seed_low_prevalence"),
        ({"population": "missing.csv"}, "missing.csv: cannot be read"),
        ({"size": 0}, "1 to 100,000,000"),
        ({"size": 100_000_001}, "1 to 100,000,000"),
        ({"size": 1e4}, "1 to 100,000,000"),
        ({"size": "10000"}, "1 to 100,000,000"),
        ({"size": True}, "1 to 100,000,000"),
        ({"seed": -1}, "0 to 9,223,372,036,854,775,807"),
        ({"seed": 2**63}, "0 to 9,223,372,036,854,775,807"),
        ({"seed": "one"}, "0 to 9,223,372,036,854,775,807"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_refused_before_a_kernel_starts(wrong: dict[str, Any], says: str, tmp_path: Path):
    with pytest.raises(ProblemsFound) as found:
        simulate(**wrong, out=tmp_path / "out")
    assert says in str(found.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_kernel")
def test_all_problems_at_once(tmp_path: Path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(ProblemsFound) as found:
        simulate(
            "x", "nerve_blocks", "y", {"z": 1, "relief_pct": -1}, "w", size=0, seed=-1, out=tmp_path / "out"
        )  # fmt: skip
    said = str(found.value)
    for one in ("'x'", "'y'", "'z'", "relief_pct", "'w'", "size", "seed", "a folder is needed"):
        assert one in said
    assert len(found.value.problems) == 8
    assert (tmp_path / "out").read_text("utf-8") == "a file"


@pytest.mark.usefixtures("no_kernel")
def test_rows_that_cannot_be_read_are_refused(tmp_path: Path):
    (tmp_path / "cases.csv").write_text(CASES.replace("200", "-200", 1), encoding="utf-8")
    with pytest.raises(ProblemsFound, match=r"cases\.csv:2: column pain_duration_days"):
        simulate(population=tmp_path / "cases.csv", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([new_code_cell("policy = 1")], "0 cells are tagged"),
        ([parameters(), parameters()], "2 cells are tagged"),
        ([new_code_cell("1"), parameters()], "the first code cell; 1 cells are tagged"),
        ([parameters("policy = 'x'\nsize: int = 1")], "does not set scenario, provisions, population, seed, out"),
        ([parameters("policy = ")], "is not Python (line 1)"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_a_template_without_a_proper_parameters_cell(cells: list[nbformat.NotebookNode], says: str, tmp_path: Path):
    template = template_with(*copy.deepcopy(cells), path=tmp_path / "own.ipynb")
    with pytest.raises(ProblemsFound) as found:
        simulate(template, out=tmp_path / "out")
    assert says in str(found.value)
    assert not (tmp_path / "out").exists()


OWN = "lever = 'relief_pct'  # a lever\nsteps: int = 5\nbands = ['18', '65']\nexact = False\nlabel = None\n"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"levr": "relief_pct"},
            "has no parameter 'levr' of its own (lever, steps, bands, exact, label), did you mean l",
        ),
        ({"size": "5"}, "has no parameter 'size' of its own"),
        ({"steps": "05"}, "steps: '05' is not a whole number"),
        ({"steps": 5.0}, "steps: '5.0' is not a whole number"),
        ({"exact": "no"}, "exact: 'no' must be true or false"),
        ({"bands": "18,,65"}, "bands: '18,,65' is not a list of words parted by commas"),
        ({"lever": 3}, "lever: '3' is not text"),
        ({"lever": None}, "lever: 'None' is not text"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_a_notebooks_own_parameters_are_held_against_its_cell(given: dict[str, Any], says: str, tmp_path: Path):
    template = template_with(parameters(parameters().source + "\n" + OWN), path=tmp_path / "own.ipynb")
    with pytest.raises(ProblemsFound) as found:
        simulate(template, size=0, parameters={**given, "wrong": 1}, out=tmp_path / "out")
    said = str(found.value).splitlines()
    assert says in said[0]
    assert "'wrong'" in said[1]
    assert said[2].startswith("size:")


def test_text_becomes_what_the_default_is():
    read = own_parameters(OWN, {"steps": "7", "bands": "0, 65", "exact": "true", "label": "x"}, "own.ipynb")
    assert read == {"steps": 7, "bands": ["0", "65"], "exact": True, "label": "x"}
    assert own_parameters(OWN, {"label": None, "exact": False}, "own.ipynb") == {"label": None, "exact": False}


@pytest.mark.usefixtures("no_kernel")
def test_a_template_that_is_no_notebook(tmp_path: Path):
    (tmp_path / "own.ipynb").write_text("hello", encoding="utf-8")
    with pytest.raises(ProblemsFound, match="is not a notebook"):
        simulate(tmp_path / "own.ipynb", out=tmp_path / "out")


# What goes wrong in the kernel ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "own.ipynb: code cell 2 failed with ZeroDivisionError: division by zero; nothing was written"),
        ("import os; os._exit(1)", "the kernel died"),
        ("raise SystemExit(0)", "not every cell ran to its end"),
        ("from policy.problems import refuse\nraise refuse('x', 'lever', 'is none')", "own.ipynb: lever: is none"),
        ("print(out)", "wrote no usable summary.json"),
        (
            (
                "import pathlib\nfrom simulations import ask\nfrom simulations.reports import report\n"
                "found = report.summary(ask(provisions={'relief_pct': 50}, size=size))\n"
                "pathlib.Path(out, 'summary.json').write_bytes(report.json_bytes(found))"
            ),
            "answers another question: scenario of its summary.json",
        ),
    ],
)
def test_a_run_that_fails_writes_nothing(source: str, says: str, tmp_path: Path):
    template = template_with(parameters(), new_code_cell(source), path=tmp_path / "own.ipynb")
    with pytest.raises(ProblemsFound) as found:
        simulate(template, size=20, out=tmp_path / "out")
    assert says in str(found.value)
    assert "\n" not in str(found.value)
    assert [path.name for path in tmp_path.iterdir()] == ["own.ipynb"]


# Cases ---------------------------------------------------------------------------------------------------------------


def test_a_slice_is_the_same_cases():
    loads = [cases_of(ask(size=20).policy, size=size, seed=5) for size in (10, 25)]
    (ten,), parts = loads[0].slices(), list(loads[1].slices(10))
    assert [len(part) for part in parts] == [10, 10, 5]
    assert list(parts[0].ids) == list(ten.ids)
    assert (parts[0].facts["age"] == ten.facts["age"]).all()
    assert loads[0].fingerprint == loads[1].fingerprint


def test_a_kernel_keeps_its_file_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder for temporary files a killed run would leave it, and nothing would sweep it."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "kernel"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    manager = run._transport()["kernel_manager_class"](kernel_name="python3")
    manager.write_connection_file()
    assert [path.name for path in (tmp_path / "kernel").iterdir()] == ["kernel.json"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
