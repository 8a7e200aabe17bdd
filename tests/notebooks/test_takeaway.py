"""What a person takes away from a panel: read again by other means, it says what the panel shows, and no more."""

import contextlib
import hashlib
import html
import io
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import numpy as np
import pandas as pd
import pytest

import simulations
from notebooks.comparison.version_panel import VersionPanel
from notebooks.keeping import base
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from notebooks.takeaway.exports import EXPORTS, file_bytes
from notebooks.takeaway.repeat import as_command, as_python
from notebooks.takeaway.tables import sheets, stem
from notebooks.takeaway.takeaway_forms import TakeAway
from notebooks.tweaks import Tweaks
from policy.model import Policy
from policy.problems import ProblemsFound
from simulations import Caseload, Study
from simulations.cli.command import main
from simulations.population import load as load_population
from simulations.storage.spreadsheet import spreadsheet
from simulations.studies.sweep import sweep
from tests.notebooks.hostile import SCRIPT, Elements
from tests.notebooks.hostile import cases as hostile_cases
from tests.notebooks.hostile import policy as hostile_policy

pytestmark = pytest.mark.usefixtures("workspace")
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "\t=1", "'=1")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def panel(nerve_blocks: Policy, cases: Caseload) -> LeverPanel:
    made = LeverPanel(nerve_blocks, cases)
    made.set("conservative_weeks", 8)
    return made


@pytest.fixture(scope="module")
def asked(nerve_blocks: Policy, cases: Caseload) -> Study:
    """The same question, asked without a panel."""
    return Study("x", nerve_blocks.settings(), nerve_blocks.settings({"conservative_weeks": 8}), cases)


@pytest.fixture(scope="module")
def people(nerve_blocks: Policy, tmp_path_factory: pytest.TempPathFactory) -> Caseload:
    """300 cases without the columns of simulated truth, as an import would be."""
    path = tmp_path_factory.mktemp("people") / "claims.csv"
    made = simulations.population.generate(load_population("seed_low_prevalence"), 300, 5)
    made.drop(columns=[name for name in made if name.startswith("truth_")]).to_csv(path, index=False)
    return simulations.cases_of(nerve_blocks, path)


@pytest.fixture
def of_people(nerve_blocks: Policy, people: Caseload) -> LeverPanel:
    made = LeverPanel(nerve_blocks, people)
    made.set("conservative_weeks", 12)
    return made


def written(panel: LeverPanel, kind: str, workspace: Path) -> bytes:
    panel.takeaway.buttons[kind].click()
    assert panel.alert.value == ""
    (found,) = (workspace / "exports").glob(f"*.{kind}")
    assert found.name in plain(panel.takeaway.shown.value)
    return found.read_bytes()


def cells_of(content: bytes) -> dict[str, list[list[Any]]]:
    """Sheet -> rows of a workbook, read from its XML; a formula fails."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        texts = ["".join(t.itertext()) for t in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        names = [one.get("name") for one in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{SHEET}sheet")]
        found: dict[str, list[list[Any]]] = {}
        for number, name in enumerate(names, 1):
            tree = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            assert not [*tree.iter(f"{SHEET}f")]
            found[str(name)] = [[_cell(cell, texts) for cell in row] for row in tree.iter(f"{SHEET}row")]
    return found


def _cell(cell: ElementTree.Element, texts: list[str]) -> Any:
    value = cell.findtext(f"{SHEET}v") or ""
    return texts[int(value)] if cell.get("t") == "s" else float(value)


# Tables and figures ---------------------------------------------------------------------------------------------------


def test_the_table_says_what_the_panel_shows(panel: LeverPanel, asked: Study, workspace: Path):
    table = pd.read_csv(io.BytesIO(written(panel, "csv", workspace)), encoding="utf-8-sig", dtype={"Seed": str})
    before, now = asked.impact.flow_counts()
    for place, label in enumerate(("Met", "Not met", "Pend", "Review")):
        assert (table[f"{label} baseline"].sum(), table[f"{label} now"].sum()) == (before[place], now[place])
    rows = [line.split(" | ") for line in plain(panel.table.value).splitlines() if line.count("|") > 2][1:]
    assert [(row[0], row[1].replace(",", "")) for row in rows] == [
        (name, str(n)) for name, n in zip(table["Procedure"], table["Cases"], strict=True)
    ]
    rates = [float(row[2].rpartition("→ ")[2].rstrip("%")) for row in rows]
    assert rates == pytest.approx(table["Approval rate now, %"].tolist(), abs=0.0501)
    (levers,), (print_,), (source,) = (
        set(table[name]) for name in ("Levers moved", "Policy fingerprint", "Population fingerprint")
    )
    assert (levers, print_) == ("conservative_weeks=8", asked.policy.fingerprint)
    assert source == asked.cases.fingerprint
    assert set(table["Kind of cases"]) == {"made up"}
    assert table["Notice"].str.startswith("Synthetic data, policy simulation only").all()


def test_the_workbook_has_the_same_table_and_says_what_it_is_of(panel: LeverPanel, workspace: Path):
    found = cells_of(written(panel, "xlsx", workspace))
    table = pd.read_csv(io.BytesIO(written(panel, "csv", workspace)), encoding="utf-8-sig")
    head, *rows = found["Requests"]
    assert head == list(table.columns[: len(head)])
    assert rows == table[head].astype(object).to_numpy().tolist()
    about = {row[0]: row[1] for row in found["About"]}
    assert about["Policy fingerprint"] == panel.policy.fingerprint
    assert about["Changes in words"] == "Minimum conservative care: 6 weeks to 8 weeks (stricter)"
    before, now = (n[0] for n in panel.tweaks.answer().impact.flow_counts())
    assert found["Outcomes"][1][:4] == ["Met", before, now, now - before]


def test_figures_are_of_these_levers_and_say_so(panel: LeverPanel, asked: Study, workspace: Path):
    svg, png = (written(panel, kind, workspace) for kind in ("svg", "png"))
    before, now = (n[0] for n in asked.impact.flow_counts())
    for content in (svg.decode(), png.decode("latin-1").encode("latin-1").decode("utf-8", "replace")):
        assert f"Met {before:,} → {now:,}" in content
        assert panel.policy.fingerprint in content
        assert "Synthetic data, policy simulation only" in content
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert png.startswith(b"\x89PNG")


_DIGESTS = """
import hashlib, json, simulations, policy
from notebooks.takeaway.exports import EXPORTS, file_bytes
from notebooks.tweaks import Tweaks
chosen = policy.load("nerve_blocks")
tweaks = Tweaks(chosen.settings(), simulations.cases_of(chosen, size=2_000, seed=1))
tweaks.move("conservative_weeks", 8)
print(json.dumps({k: hashlib.sha256(file_bytes(tweaks.study(), k)).hexdigest() for k in EXPORTS}))
"""


def test_the_same_levers_give_the_same_bytes_anywhere(panel: LeverPanel):
    other = os.environ | {
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    done = subprocess.run([sys.executable, "-c", _DIGESTS], cwd=ROOT, env=other, capture_output=True, check=True)
    here = {kind: hashlib.sha256(file_bytes(panel.tweaks.study(), kind)).hexdigest() for kind in EXPORTS}
    assert json.loads(done.stdout) == here
    panel.set("conservative_weeks", 9)
    moved = {hashlib.sha256(file_bytes(panel.tweaks.study(), kind)).hexdigest() for kind in ("csv", "xlsx", "html")}
    assert not moved & set(here.values())


def test_another_question_has_another_name(panel: LeverPanel, nerve_blocks: Policy):
    names = [stem(panel.tweaks.study())]
    panel.set("conservative_weeks", 9)
    names.append(stem(panel.tweaks.study()))
    for size, seed in ((1_999, 1), (2_000, 2)):
        tweaks = Tweaks(nerve_blocks.settings(), simulations.cases_of(nerve_blocks, size=size, seed=seed))
        tweaks.move("conservative_weeks", 9)
        names.append(stem(tweaks.study()))
    assert len(set(names)) == 4


def test_no_text_becomes_a_formula():
    frame = pd.DataFrame({"text": FORMULAS, "number": [-1.5, 2, None, 0, 1, 3]})
    rows = cells_of(spreadsheet({"One": frame}, "=1"))["One"]
    assert [row[0] for row in rows] == ["text", *FORMULAS]
    assert [row[1] for row in rows if len(row) > 1][1:] == [-1.5, 2, 0, 1, 3]


def test_labels_of_a_policy_become_no_formula(nerve_blocks: Policy, cases: Caseload):
    tree = nerve_blocks.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for part in ("diagnoses", "procedures", "levers"):
        for entry in tree[part].values():
            entry["label"] = f"=HYPERLINK({entry['label']})"
    chosen = Policy.model_validate(tree)
    tweaks = Tweaks(chosen.settings(), simulations.cases_of(chosen, size=500))
    tweaks.move("conservative_weeks", 8)
    table = pd.read_csv(io.BytesIO(file_bytes(tweaks.study(), "csv")), encoding="utf-8-sig", dtype=str)
    texts = [str(cell) for row in table.to_numpy() for cell in row]
    assert any(text.startswith("'=HYPERLINK(") for text in texts)
    assert [text for text in texts if re.match(r"[=+\-@]", text) and not re.fullmatch(r"-[\d.]+", text)] == []
    assert "=HYPERLINK(Neck pain)" in [row[0] for row in cells_of(file_bytes(tweaks.study(), "xlsx"))["Requests"]]


# People ---------------------------------------------------------------------------------------------------------------


def test_of_people_only_shares_of_rounded_counts_leave(of_people: LeverPanel, people: Caseload, workspace: Path):
    flow = of_people.tweaks.answer().impact.counts.sum(axis=(0, 1))
    exact = {int(n) for axis in (0, 1) for n in flow.sum(axis=axis)}
    book, table = cells_of(written(of_people, "xlsx", workspace)), written(of_people, "csv", workspace)
    assert [*book] == ["Outcomes", "About"]
    shares = [cell for row in book["Outcomes"] for cell in row if isinstance(cell, float)]
    assert shares
    assert [n for n in shares if min(abs(n - 100 * k / 300) for k in range(0, 301, 20)) > 0.0501] == []
    read = pd.read_csv(io.BytesIO(table), encoding="utf-8-sig")
    assert list(read.columns[:3]) == ["Outcome", "About, baseline, %", "About, now, %"]
    assert set(read["Kind of cases"]) == {"may be people"}
    assert read["Notice"].str.contains("These cases may be people").all()
    for kind in ("svg", "png"):
        said = re.search(r"Bar chart\.[^\n]*", written(of_people, kind, workspace).decode("utf-8", "replace"))
        assert said
        assert " about " in said[0]
        assert not {int(n.replace(",", "")) for n in re.findall(r"(?<![\d.,])\d+(?![\d.]*%)", said[0])} & (exact - {0})


def test_of_people_no_count_stands_beside_a_lever(of_people: LeverPanel):
    of_people.look_for_idle()
    for control in of_people.controls.values():
        assert not re.search(r"\(\d+\)|\d cases|one case", plain(control.head.value) + plain(control.note.value))
        assert "Read by: " in plain(control.note.value)


def test_of_a_few_people_nothing_leaves(nerve_blocks: Policy, tmp_path: Path, workspace: Path):
    path = tmp_path / "few.csv"
    rows = "".join(f"c{i},M54.2,20553,120\n" for i in range(30))
    path.write_text(f"case_id,dx,cpt,pain_duration_days\n{rows}", encoding="utf-8")
    panel = LeverPanel(nerve_blocks, simulations.cases_of(nerve_blocks, path))
    for kind in ("csv", "xlsx"):
        panel.takeaway.buttons[kind].click()
        assert "fewer than 50 cases" in plain(panel.takeaway.shown.value)
        assert 'role="alert"' in panel.takeaway.shown.value
    assert not (workspace / "exports").exists()


def test_a_page_is_made_of_made_up_cases_only(of_people: LeverPanel, workspace: Path):
    assert of_people.takeaway.buttons["html"].disabled
    of_people.takeaway.buttons["html"].disabled = False
    of_people.takeaway.buttons["html"].click()
    assert "claims.csv: is a table of cases" in plain(of_people.takeaway.shown.value)
    assert not (workspace / "exports").exists()


def test_the_page_opens_at_the_levers_as_they_stand(panel: LeverPanel, asked: Study, workspace: Path):
    page = written(panel, "html", workspace).decode()
    assert asked.impact.counts.sum(axis=(0, 1)).tolist() == json.loads(re.findall(r'"flow":(\[.*?\]\])', page)[0])
    assert '"workbook","page","--policy","nerve_blocks@' in page
    assert '"--set","conservative_weeks=8"' in page


# The same without a panel ---------------------------------------------------------------------------------------------


def pasted(panel: LeverPanel, button: Any) -> str:
    """What a person copies, as the browser shows it."""
    button.click()
    (text,) = re.findall(r'<pre class="paste"[^>]*>(.*?)</pre>', panel.takeaway.shown.value, re.DOTALL)
    return html.unescape(text)


def test_the_command_asks_what_the_panel_shows(panel: LeverPanel):
    panel.set("axial_spine_stance", "never_outside_trial")
    _, _, *words = shlex.split(pasted(panel, panel.takeaway.command_button))
    command = main.get_command(click.Context(main), "simulate")
    assert command
    given = command.make_context("simulate", words).params
    moved = dict(one.split("=", 1) for one in given["assignments"])
    size, seed = (None if given[name] is None else int(given[name]) for name in ("size", "seed"))
    study = simulations.ask(given["policy_name"], None, moved, given["population"], size, seed)
    assert np.array_equal(study.impact.counts, panel.tweaks.answer().impact.counts)


@pytest.mark.slow
def test_the_command_pasted_gives_the_same_numbers(panel: LeverPanel, workspace: Path):
    panel.set("axial_spine_stance", "never_outside_trial")
    program, *words = shlex.split(pasted(panel, panel.takeaway.command_button))
    assert Path(program).name == "workbook"
    code = "from workbook import main; main()"
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=base(), env=os.environ | path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (found,) = (workspace / "reports").glob("*/summary.json")
    summary = json.loads(found.read_bytes())
    before, now = panel.tweaks.answer().impact.flow_counts()
    assert ([*summary["outcomes"]["baseline"].values()], [*summary["outcomes"]["scenario"].values()]) == (before, now)
    assert summary["finding"] + "." == plain(panel.headline.value).splitlines()[0]


def ran(text: str) -> tuple[dict[str, Any], str]:
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(text, "pasted", "exec"), space)
    return space, said.getvalue()


def test_the_python_pasted_gives_the_same_numbers(panel: LeverPanel):
    panel.set("axial_spine_stance", "never_outside_trial")
    space, said = ran(pasted(panel, panel.takeaway.python_button))
    assert np.array_equal(space["study"].impact.counts, panel.tweaks.answer().impact.counts)
    assert said.splitlines()[0] + "." == plain(panel.headline.value).splitlines()[0]


def test_every_lever_at_its_ends_can_be_pasted(nerve_blocks: Policy, cases: Caseload):
    """Halves, switches and choices are written so that they are read as what they were."""
    for which in (0, -1):
        moved = {name: lever.values()[which] for name, lever in nerve_blocks.levers.items()}
        study = Study("x", nerve_blocks.settings(), nerve_blocks.settings(moved), cases)
        text = as_python(study).partition("print(")[0]
        assert ran(text)[0]["study"].scenario == study.scenario
        words = shlex.split(as_command(study).line)
        told = dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "--set")
        assert nerve_blocks.settings(told) == study.scenario


def test_the_python_of_people_tells_what_the_panel_tells(of_people: LeverPanel):
    space, said = ran(pasted(of_people, of_people.takeaway.python_button))
    assert said.splitlines()[1:7] != []
    shown = [line.split(" | ") for line in plain(of_people.headline.value).splitlines() if line.count("|") == 2][1:]
    assert [re.split(r"  +", line.strip()) for line in said.splitlines()[2:8]] == shown
    assert "--population" in pasted(of_people, of_people.takeaway.command_button)
    assert space["study"].guarded


def test_a_table_is_read_again_as_it_was_read(people: Caseload, nerve_blocks: Policy, tmp_path: Path):
    """Under other names and without the rows that cannot be read: the command names a file for them, Python none."""
    frame = pd.read_csv(str(people.path), dtype=str).rename(columns={"case_id": "nr"}).assign(note="x")
    frame.loc[:2, "age"] = "some"
    frame.to_csv(tmp_path / "theirs.csv", index=False)
    how = {"map": {"nr": "case_id"}, "ignore": ["note"], "max_rejects": 20}
    read = simulations.cases_of(nerve_blocks, tmp_path / "theirs.csv", options=how)
    study = Study("x", nerve_blocks.settings(), nerve_blocks.settings({"conservative_weeks": 12}), read)
    line = shlex.split(as_command(study).line)
    for words in (("--map", "nr=case_id"), ("--ignore", "note"), ("--max-rejects", "20")):
        assert " ".join(words) in " ".join(line)
    assert line[line.index("--rejects") + 1].endswith("_rejects.csv")
    again, _ = ran(as_python(study))
    assert again["study"].cases.fingerprint == study.cases.fingerprint
    assert again["study"].cases.size == 297


def test_what_has_no_name_is_not_repeated(nerve_blocks: Policy, cases: Caseload):
    tree = nerve_blocks.model_dump(mode="json", by_alias=True, exclude_unset=True)
    tree["levers"]["conservative_weeks"]["default"] = "7"
    other = Policy.model_validate(tree)
    study = Tweaks(other.settings(), simulations.cases_of(other, size=100)).study()
    for repeat in (as_command, as_python):
        with pytest.raises(ProblemsFound, match="save it first"):
            repeat(study)
    mixed = simulations.cases_of(nerve_blocks, size=100, shares={"race_ethnicity": {"white": 100}})
    with pytest.raises(ProblemsFound, match="its assumptions are changed by a scenario"):
        as_python(Tweaks(nerve_blocks.settings(), mixed).study())


def test_a_scenario_that_changes_criteria_leaves_as_tables_only(nerve_blocks: Policy, cases: Caseload, workspace: Path):
    panel = LeverPanel(nerve_blocks, cases, "p2a_cms_facet")
    impact = simulations.ask(scenario="p2a_cms_facet", population=cases.name, size=2_000).impact
    table = pd.read_csv(io.BytesIO(written(panel, "csv", workspace)), encoding="utf-8-sig")
    assert table["Met now"].sum() == impact.flow_counts()[1][0]
    for hand in (panel.takeaway.python_button, panel.takeaway.command_button, panel.takeaway.buttons["html"]):
        hand.click()
        assert "its criteria are changed by a scenario" in plain(panel.takeaway.shown.value)
    assert [*(workspace / "exports").glob("*.html")] == []


def test_text_of_a_policy_and_a_file_stays_text(tmp_path: Path):
    chosen = hostile_policy()
    panel = LeverPanel(chosen, simulations.cases_of(chosen, hostile_cases(tmp_path)))
    panel.set("conservative_weeks", 8)
    takeaway = panel.takeaway
    for hand in (takeaway.buttons["csv"], takeaway.curve_button, takeaway.command_button, takeaway.python_button):
        hand.click()
        tags = Elements(takeaway.shown.value).found
        assert [tag for tag, given in tags if tag == "script" or "onerror" in given] == []
        assert SCRIPT not in takeaway.shown.value


# The curve ------------------------------------------------------------------------------------------------------------


def test_the_curve_is_of_the_lever_moved_last(panel: LeverPanel):
    panel.set("axial_spine_stance", "never_outside_trial")
    panel.set("conservative_weeks", 9)
    panel.takeaway.curve_button.click()
    said = plain(panel.takeaway.shown.value)
    assert "Minimum conservative care: all 27 values" in said
    rows = {line.split(" | ")[0]: line.split(" | ") for line in said.splitlines() if line.count("|") == 3}
    for weeks in (0, 9, 26):
        row = next(cells for name, cells in rows.items() if name.startswith(f"{weeks} week"))
        levers = {"axial_spine_stance": "never_outside_trial", "conservative_weeks": weeks}
        impact = Study("x", panel.tweaks.baseline, panel.policy.settings(levers), panel.cases).impact
        assert row[1] == f"{impact.flow_counts()[1][0]:,}"
    assert "9 weeks (scenario)" in rows
    assert 'role="region" aria-label="Curve of Minimum conservative care"' in panel.takeaway.shown.value


def test_the_curve_from_cases_laid_out_before_is_the_same(panel: LeverPanel, asked: Study):
    for lever in ("conservative_weeks", "axial_spine_stance"):
        mine = sweep(panel.tweaks.study(), lever, panel.tweaks.flows())
        pd.testing.assert_frame_equal(mine, sweep(asked, lever))


def test_the_curve_of_people_is_about(of_people: LeverPanel):
    of_people.takeaway.curve_button.click()
    rows = [line for line in plain(of_people.takeaway.shown.value).splitlines() if line.count("|") == 3][1:]
    assert rows
    assert all(line.count("about") == 3 for line in rows)


def test_without_a_move_there_is_no_curve(nerve_blocks: Policy, cases: Caseload):
    panel = LeverPanel(nerve_blocks, cases)
    panel.takeaway.curve_button.click()
    assert plain(panel.takeaway.shown.value) == "Move a lever first: the curve is of the one that was moved last."
    panel.set("conservative_weeks", 8)
    panel.undo()
    panel.takeaway.curve_button.click()
    assert "Minimum conservative care" in plain(panel.takeaway.shown.value)


def test_after_a_move_lines_follow_and_a_curve_is_marked_as_old(panel: LeverPanel):
    panel.takeaway.command_button.click()
    panel.set("conservative_weeks", 10)
    assert "--set conservative_weeks=10" in plain(panel.takeaway.shown.value)
    panel.takeaway.curve_button.click()
    panel.set("conservative_weeks", 11)
    assert "This was asked before the last move of a lever" in plain(panel.takeaway.shown.value)
    assert "stale" in panel.takeaway.shown.value


# Two versions ---------------------------------------------------------------------------------------------------------


def test_two_versions_can_be_taken_away_and_asked_again(cases: Caseload, nerve_blocks: Policy, workspace: Path):
    panel = VersionPanel(nerve_blocks, cases)
    assert isinstance(panel.takeaway, TakeAway)
    assert "html" not in panel.takeaway.buttons
    keys = [document.key for document in panel.documents]
    panel.choose(keys[1], keys[0])
    panel.readback()
    assert panel._effect
    panel.takeaway.buttons["csv"].click()
    (found,) = (workspace / "exports").glob("*.csv")
    table = pd.read_csv(found, encoding="utf-8-sig", dtype=str)
    assert set(table["Baseline fingerprint"]) == {panel._effect.study.policy.fingerprint}
    space, _ = ran(as_python(panel._effect.study))
    assert np.array_equal(space["study"].impact.counts, panel._effect.study.impact.counts)
    assert sheets(space["study"])["Requests"].equals(sheets(panel._effect.study)["Requests"])
