"""A policy far from pain, and policies that nobody wrote: what the document alone gives.

A first population, every template, both notebooks.
"""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

import policy as core
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from policy.reading.yaml import read_yaml
from simulations import cases_of, simulate
from simulations.cli.command import main
from simulations.population import compared_for, default_for, generate, load, parse
from simulations.population.drafting import draft
from simulations.runs import run
from simulations.studies.medicare import NONE
from simulations.studies.simulated_truth import NOT_SIMULATED
from tests.policy.generated import generated
from tests.policy.small import small, text_of
from tests.policy.test_words import WORDS
from tests.simulations.disclosure_bounds import told
from tests.simulations.population.test_page import ungrounded

ROOT = Path(__file__).resolve().parents[2]
OTHER = ROOT / "tests" / "policy" / "other" / "sleep_apnea.yaml"
TEMPLATES = ("approval_impact", "lever_sweep", "denial_anatomy", "alternatives", "calibration")


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The draft of the other policy, in a folder of its own."""
    path = tmp_path_factory.mktemp("pages") / "apnea.yaml"
    assert ran("population", "--draft", str(OTHER), "--out", str(path)).exit_code == 0
    return path


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drafted: Path) -> Path:
    """A workspace with the page and the policy, both called by name."""
    for folder, name, text in (
        ("populations", "sleep_apnea", draft(core.load(OTHER), "sleep_apnea")),
        ("policies", "sleep_apnea", OTHER.read_text("utf-8")),
    ):
        (tmp_path / "kept" / folder).mkdir(parents=True)
        (tmp_path / "kept" / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "kept"))
    return tmp_path / "kept"


# The draft -----------------------------------------------------------------------------------------------------------


def test_a_draft_is_valid_at_once(drafted: Path, tmp_path: Path):
    """Checked, drawn from and simulated as it is written, the policy named by its path."""
    assert ran("validate", str(drafted)).output == f"{drafted}: population sleep_apnea_draft: no problems\n"
    made = ran("population", str(drafted), "--size", "100", "--out", str(tmp_path / "cases.csv"))
    assert made.exit_code == 0, made.output
    first = (tmp_path / "cases.csv").read_text("utf-8").splitlines()[0].replace('"', "")
    assert first.split(",") == [name for name, field in core.load(OTHER).fields_.items() if field.type != "months"]
    found = ran("determine", str(tmp_path / "cases.csv"), "--policy", str(OTHER), "--out", str(tmp_path / "out.csv"))
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize("name", [str(OTHER), "nerve_blocks"])
def test_every_number_of_a_draft_is_an_assumption_with_a_range(name: str):
    policy = core.load(name)
    root = read_yaml(draft(policy, policy.id), "draft.yaml")
    assert list(ungrounded(root)) == []
    assert all(node.value.get("range") for node in root.value["variables"].value.values())


@pytest.mark.parametrize("seed", [*range(8), 281, 435, 92])
def test_a_draft_of_any_policy_makes_cases_that_its_policy_reads(seed: int, tmp_path: Path):
    """No case is rejected, every column is there, and a page drawn twice is the same."""
    tree, _ = generated(seed)
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    policy = core.load(file)
    spec = parse(draft(policy, policy.id), "draft.yaml", None, policy)
    frame = generate(spec, 400, 1)
    assert list(frame) == [name for name, field in policy.fields_.items() if field.type != "months"]
    cases = Cases.from_frame(frame, policy)
    assert len(determine(policy, cases, policy.settings(), asking=False).outcome) == 400
    assert frame.equals(generate(spec, 400, 1))


@pytest.mark.parametrize(
    "value",
    [
        {"type": "decimal", "unit": "points", "min": "2.5", "max": "900", "step": "2.5"},
        {"type": "decimal", "unit": "points", "max": "10", "step": "0.25"},
        {"type": "whole", "unit": "points", "min": "5", "max": "100", "step": "5"},
        {"type": "percent", "max": "100", "step": "2.5"},
        {"type": "whole", "unit": "points", "max": "100", "implied_by": {"told": "9"}},
    ],
)
def test_a_draft_keeps_to_the_steps_of_a_column_and_to_what_another_tells(value: dict[str, str]):
    fields = {"value": value, "told": {"type": "boolean"}}
    policy = small(fields, {}, {"enough": {"at_least": {"value": "3"}}, "known": {"is": {"told": "true"}}})
    spec = parse(draft(policy, policy.id), "draft.yaml", None, policy)
    cases = Cases.from_frame(generate(spec, 400, 1), policy)  # refused where one is off the grid
    assert (cases.facts["value"] >= 0).any()
    if value.get("step") == "2.5" and value["type"] == "decimal":
        wrong = draft(policy, policy.id).replace(" by 2.5", "")
        with pytest.raises(ProblemsFound, match=r"in steps of 2\.5"):
            parse(wrong, "draft.yaml", None, policy)


def test_a_draft_reaches_both_sides_of_every_line(drafted: Path):
    """As the policy stands some cases are met, some fail, some wait, and a few codes are outside."""
    policy = core.load(OTHER)
    cases = Cases.from_frame(generate(load(drafted, policy), 2000, 1), policy)
    outcome = determine(policy, cases, policy.settings(), asking=False).outcome
    assert {OUTCOMES[code] for code in set(outcome.tolist())} == {"met", "not_met", "pend", "review", "out_of_scope"}


def test_no_file_of_vignettes_is_written_that_could_not_be_read(tmp_path: Path):
    """A policy without a numeric lever has no line at which a case could lie."""
    mine, out = tmp_path / "mine.yaml", tmp_path / "vignettes.yaml"
    mine.write_text(text_of({"told": {"type": "boolean"}}, {}, {"known": {"is": {"told": "true"}}}), "utf-8")
    found = ran("coverage", "--policy", str(mine), "--generate", str(out))
    assert (found.exit_code, out.exists()) == (1, False)
    assert "at no numeric lever of small@2026.1 a case can be made" in found.output


def test_a_draft_is_never_written_over(drafted: Path):
    before = drafted.read_bytes()
    again = ran("population", "--draft", str(OTHER), "--out", str(drafted))
    assert (again.exit_code, drafted.read_bytes()) == (1, before)
    assert "is there already" in again.stderr
    assert ran("population", "--draft", "nerve_blocks", "--size", "3").exit_code == 2
    assert ran("population", "seed_low_prevalence").exit_code == 2


def test_problems_of_a_page_come_in_one_order():
    policy = core.load(OTHER)
    more = "    source: [R9, R5, R7, R2, R8, R3]\n    assumption: true\n"
    text = draft(policy, "sleep_apnea").replace("    assumption: true\n", more, 1)
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml", None, policy)
    said = [problem.message.partition(" is not")[0].rpartition(" ")[2] for problem in found.value.problems]
    assert said == ["R2", "R3", "R5", "R7", "R8", "R9"]


# Which population ----------------------------------------------------------------------------------------------------


def test_a_policy_without_a_population_is_told_how_to_draft_one():
    with pytest.raises(ProblemsFound, match=r"no population ships or is saved .*workbook population --draft"):
        cases_of(core.load(OTHER), size=10)


def test_a_population_of_another_policy_is_refused_in_one_line():
    with pytest.raises(ProblemsFound) as found:
        cases_of(core.load(OTHER), "seed_low_prevalence", 10)
    (line,) = map(str, found.value.problems)
    assert line.startswith("seed_low_prevalence: is for nerve_blocks: sleep_apnea has no column request_date")


def test_a_saved_population_is_the_default_of_its_policy(workspace: Path):
    policy = core.load("sleep_apnea")
    assert default_for(policy) == "sleep_apnea"
    assert cases_of(policy, size=10).name == "sleep_apnea_draft"
    assert compared_for(policy) == ("sleep_apnea",)
    assert default_for(core.load("nerve_blocks")) == "seed_low_prevalence", "what ships comes first"
    assert compared_for(core.load("nerve_blocks")) == ("seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block")


# Reports and notebooks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_speaks_of_the_other_policy_alone(template: str, drafted: Path, tmp_path: Path):
    """What is said names no word of the policy that ships, and what this one lacks is said in a line."""
    question: dict[str, Any] = {"policy": str(OTHER), "population": str(drafted), "provisions": {"least_index": 20}}
    text = told(template, tmp_path / "out", size=400, seed=1, scenario=None, **question)
    text += "".join(file.read_text("utf-8") for file in (tmp_path / "out").glob("*.[cj]s*"))
    assert WORDS.findall(text.replace("nerve-block-workbook", "")) == []
    assert core.load(OTHER).notice in text
    lacks = {"approval_impact": [NONE], "alternatives": [NONE], "calibration": [NOT_SIMULATED, "no virtual trial"]}
    for line in lacks.get(template, []):
        assert line.replace("no virtual", "a virtual") in text, line


def test_a_run_brings_the_page_and_its_policy_to_the_kernel(workspace: Path, tmp_path: Path):
    """Once with a kernel, by names of the workspace: its notebook and its page name no path."""
    found = simulate(
        policy="sleep_apnea", provisions={"least_index": 30}, size=200, out=tmp_path / "out", parameters={"draws": 0}
    )
    assert found["policy"]["id"] == "sleep_apnea"
    assert found["population"]["name"] == "sleep_apnea_draft"
    text = "".join((tmp_path / "out" / f"approval_impact.{kind}").read_text("utf-8") for kind in ("html", "ipynb"))
    assert str(tmp_path) not in text
    page = (tmp_path / "out" / "approval_impact.html").read_text("utf-8").replace("nerve-block-workbook", "")
    assert WORDS.findall(re.sub(r"[A-Za-z0-9+/=]{500,}", "", page)) == []


@pytest.mark.parametrize(
    ("template", "options", "line"),
    [
        ("subgroup_gaps", {}, "has no column that tells groups apart"),
        ("alternatives", {}, "no scenario ships or is saved for sleep_apnea"),
        ("calibration", {}, "names no published figure"),
    ],
)
def test_a_template_with_nothing_to_show_ends_before_a_kernel(
    template: str, options: dict[str, Any], line: str, drafted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run, "_executed", lambda *_: pytest.fail("a kernel was started"))
    with pytest.raises(ProblemsFound) as found:
        simulate(template, policy=OTHER, population=drafted, size=50, out=tmp_path / "out", **options)
    (said,) = found.value.problems
    assert line in said.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["1_read_the_policy", "2_tweak_thresholds", "3_review_a_case"])
def test_a_notebook_reads_the_policy_that_lab_was_opened_for(
    name: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKBOOK_POLICY", str(OTHER))
    text = shown(name)
    assert core.load(OTHER).title in text
    assert WORDS.findall(text) == []


def shown(name: str) -> str:
    """The cells of a notebook for policy staff run here, and what they show as text."""
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8"))["cells"]
    space: dict[str, Any] = {}
    said = []
    for cell in cells:
        text = "".join(cell["source"])
        said.append(text if cell["cell_type"] == "markdown" else "")
        if cell["cell_type"] == "code":
            tree = ast.parse(text)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), space)
            value = eval(compile(ast.Expression(last.value), name, "eval"), space) if last is not None else None
            said.append(value.readback() if hasattr(value, "readback") else repr(value))
    return "\n".join(said)


def test_lab_refuses_a_policy_with_faults_before_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):

    monkeypatch.setattr("jupyterlab.labapp.main", lambda *_, **__: pytest.fail("Lab was started"))
    broken = tmp_path / "broken.yaml"
    broken.write_text(OTHER.read_text("utf-8").replace('default: "15"', 'default: "16"'), encoding="utf-8")
    done = ran("lab", "--policy", str(broken), "--no-browser")
    assert done.exit_code == 1
    assert "least_index" in done.stderr
