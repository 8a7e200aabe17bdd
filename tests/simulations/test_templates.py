"""Every notebook of the folder, run small as a user would: its tables add up, its page stands alone, twice the same.

A notebook that is added to the folder is held to all of this without a line here.
"""

import csv
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from policy.model import OUTCOMES
from simulations import ask, simulate
from simulations.runs.parameters import PARAMETERS, defaults
from simulations.runs.run import FOLDER, shipped
from tests.axe.findings import NEEDS_AXE, OPEN, grave
from tests.notebooks.lab import chromium

SIZE = 300
NOTICE = "Synthetic data, policy simulation only, not for individual determinations."
QUESTION: dict[str, Any] = {"scenario": "strict_reading", "size": SIZE, "seed": 5}


class Ran(NamedTuple):
    folder: Path
    name: str

    def tables(self) -> dict[str, list[dict[str, str]]]:
        return {
            path.stem: list(csv.DictReader(path.read_text("utf-8").splitlines()))
            for path in sorted(self.folder.glob("*.csv"))
        }

    def page(self) -> BeautifulSoup:
        return BeautifulSoup((self.folder / f"{self.name}.html").read_text("utf-8"), "html.parser")

    def summary(self) -> dict:
        return json.loads((self.folder / "summary.json").read_bytes())


@pytest.fixture(scope="module")
def runs() -> dict[str, Ran]:
    """What was run, once each, in whatever order it is asked for."""
    return {}


@pytest.fixture(params=shipped())
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runs: dict[str, Ran]) -> Ran:
    name = request.param
    if name not in runs:
        folder = tmp_path_factory.mktemp(name) / "out"
        simulate(name, out=folder, parameters={"draws": 0}, **QUESTION)
        runs[name] = Ran(folder, name)
    return runs[name]


def counted(rows: list[dict[str, str]]) -> list[tuple[str, int, int]]:
    """What a table claims about all outcomes of some cases: where, what they sum to, how many cases there are.

    Columns for all six words, alone or behind a prefix, are counts of the row's `cases` (or `requests`); an `outcome`
    column is the six words below each other, whose integer columns each sum to all cases.
    """
    if not rows:
        return []
    columns, found = list(rows[0]), []
    words = "|".join(OUTCOMES)
    prefixes = dict.fromkeys(m[1] for name in columns if (m := re.fullmatch(rf"(|\w+_)({words})", name)))
    for prefix in prefixes:
        names = [prefix + word for word in OUTCOMES]
        if not set(names) <= set(columns) or set(columns) <= {"baseline", "scenario", *names}:
            continue
        assert {"cases", "requests"} & set(columns), f"{prefix}: counts of outcomes without their denominator"
        total = "cases" if "cases" in columns else "requests"
        found += [(f"{prefix} row {i}", sum(int(row[n]) for n in names), int(row[total])) for i, row in enumerate(rows)]
    if set(columns) == {"baseline", *OUTCOMES}:  # a flow: all cases, once
        found.append(("flow", sum(int(row[word]) for row in rows for word in OUTCOMES), SIZE))
    if "outcome" in columns and [row["outcome"] for row in rows] == list(OUTCOMES):
        found += [(name, sum(int(row[name]) for row in rows), SIZE) for name in ("baseline", "scenario")]
    return found


def test_outcomes_of_every_table_sum_to_the_cases(ran: Ran):
    claims = {name: counted(rows) for name, rows in ran.tables().items()}
    wrong = {name: [one for one in found if one[1] != one[2]] for name, found in claims.items()}
    assert {name: found for name, found in wrong.items() if found} == {}
    for kind in ("baseline", "scenario"):
        assert sum(ran.summary()["outcomes"][kind].values()) == SIZE


def test_groups_of_every_table_leave_no_case_out(ran: Ran):
    """A table by diagnosis and procedure holds every case of each population and alternative once."""
    for name, rows in ran.tables().items():
        if rows and {"diagnosis", "procedure", "cases", "baseline_met"} <= set(rows[0]):
            assert sum(int(row["cases"]) for row in rows) == SIZE, name


def test_the_summary_answers_the_question(ran: Ran):
    found, asked = ran.summary(), ask(**QUESTION)
    assert list(found["outcomes"]["baseline"]) == list(OUTCOMES)
    assert found["policy"] == {"id": "nerve_blocks", "version": "2026.2", "fingerprint": asked.policy.fingerprint}
    assert found["scenario"]["id"] == "strict_reading"
    assert found["population"] == asked.cases.source()
    rate = found["approval_rate"]
    assert rate["low"] <= rate["change"] <= rate["high"]
    assert rate["scenario"] == pytest.approx(found["outcomes"]["scenario"]["met"] / SIZE)
    assert found["notice"] == NOTICE
    assert found["headline"].strip()
    assert "\n" not in found["headline"]
    assert found["stamp"] | {"template": ran.name, "complete": True} == found["stamp"]


def test_the_page_needs_nothing_else(ran: Ran):
    text, page = (ran.folder / f"{ran.name}.html").read_text("utf-8"), ran.page()
    assert page.find_all(["script", "link", "iframe", "object", "embed", "base", "form"]) == []
    sources = [tag[name] for tag in page.find_all(True) for name in ("src", "href", "srcset") if tag.has_attr(name)]
    assert [s[:30] for s in sources if not s.startswith(("data:image/png;base64,", "#"))] == []
    assert not re.search(r"https?://|@import|url\(", re.sub(r"[A-Za-z0-9+/=]{500,}", "", text))
    assert [tag.name for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)] == []


def test_the_page_speaks_to_everybody(ran: Ran):
    """One title, headings in order, a text for every picture with its numbers, tables with captions and headers."""
    page = ran.page()
    assert page.html["lang"] == "en"
    assert [tag.text for tag in page.find_all("h1")] == [page.title.text]
    levels = [int(tag.name[1]) for tag in page.find_all(re.compile(r"h[1-6]"))]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for image in page.find_all("img"):
        assert len(image["alt"]) > 40, image["alt"]
        assert re.search(r"\d", image["alt"]), image["alt"]
    for table in page.select(".wide table"):
        assert table.caption.text.strip()
        heads = table.select("thead th")
        assert {cell["scope"] for cell in heads} == {"col"}
        assert [cell for cell in heads if not cell.text.strip()] == []
        assert table.select("tbody th[scope]")
    assert "�" not in page.text
    assert "import " not in page.text


@pytest.mark.browser
@NEEDS_AXE
def test_axe_finds_nothing_grave_with_all_open(ran: Ran):
    with chromium() as browser:  # not for all: a kernel cannot run while it is open
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((ran.folder / f"{ran.name}.html").as_uri())
        page.evaluate(OPEN)
        assert grave(page) == []


def test_every_reader_is_told(ran: Ran):
    page = ran.page()
    assert page.find(class_="notice").text.startswith(NOTICE)
    for needed in ("never an automatic denial", "M53.81", "G43.819", "“draft”, not “adopted”", "Medicare Advantage"):
        assert needed in page.text
    for limit in ("nobody sends a request in again", "How often a fact lies just short of a line"):
        assert limit in page.text
    if ran.name in ("alternatives", "calibration"):
        assert "are one set of requests under three assumptions" in page.text


def test_the_first_page_tells_the_assumptions_before_the_luck(ran: Ran):
    """Both uncertainties, in this order; the draws of a run are those of its page."""
    (table,) = [one for one in ran.page().find_all("table") if one.caption and "Approvals and rec" in one.caption.text]
    heads = [cell.text for cell in table.select("thead th")]
    assert heads[-2:] == ["Range of the assumptions (95%)", "Luck of drawing (95%)"]
    assert [row.find_all("td")[-2].text for row in table.select("tbody tr")] == ["not tried", "not tried"]
    cells = json.loads((FOLDER / f"{ran.name}.ipynb").read_bytes())["cells"]
    assert [cell for cell in cells if cell["cell_type"] == "code" and ".assuming(draws)" in "".join(cell["source"])]


def test_every_picture_is_written_and_shown(ran: Ran):
    said = []
    for path in ran.folder.glob("*.png"):
        with Image.open(path) as image:
            assert (image.width, image.format) == (1680, "PNG")
            said.append(image.info["Description"])
    assert sorted(tag["alt"] for tag in ran.page().find_all("img")) == sorted(said)
    assert said


def test_nothing_is_left_behind(ran: Ran):
    assert [path.name for path in ran.folder.parent.iterdir()] == ["out"]
    names = {path.name for path in ran.folder.iterdir()}
    assert {f"{ran.name}.html", f"{ran.name}.ipynb", "summary.json"} <= names
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]*\.(html|ipynb|json|csv|png)", name)] == []


@pytest.mark.slow
def test_the_same_question_gives_the_same_bytes(ran: Ran, tmp_path: Path):
    simulate(ran.name, out=tmp_path / "again", parameters={"draws": 0}, **QUESTION)
    first = {path.name: path.read_bytes() for path in ran.folder.iterdir()}
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert sorted(first) == sorted(again)
    assert [name for name, content in first.items() if again[name] != content] == []


@pytest.mark.parametrize("name", shipped())
def test_every_notebook_says_what_its_parameters_are(name: str):
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]
    source = "".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"])
    assert set(PARAMETERS) <= defaults(source, name).keys()
    assert [line for line in source.splitlines() if line and not re.search(r"# \w+", line)] == []


def test_a_table_that_loses_a_case_is_caught():
    row = dict.fromkeys(OUTCOMES, "1") | {"cases": "7"}
    assert counted([row]) == [(" row 0", 6, 7)]
    with pytest.raises(AssertionError, match="without their denominator"):
        counted([dict.fromkeys(OUTCOMES, "1") | {"group": "a"}])
    flow = [{"baseline": word, **dict.fromkeys(OUTCOMES, "50")} for word in OUTCOMES]
    assert counted(flow) == [("flow", 1800, SIZE)]
