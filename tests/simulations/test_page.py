"""`workbook page`: one file that holds all it shows, made of text only, and refused for cases of people."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import policy as core
import simulations
from policy.javascript import compiled
from simulations.cli.command import main
from simulations.pages.content import Command
from simulations.pages.embedded import KINDS, embedded
from simulations.pages.page import FOLDER, LARGEST, NOT_A_TABLE, offline_page
from simulations.statistics.intervals import wilson
from simulations.statistics.number_format import change_called, percent, points
from simulations.studies.caseload import cases_of
from simulations.studies.comparison import Study, ask
from simulations.studies.subgroups import columns_of
from tests.notebooks import hostile
from tests.policy.in_javascript import NODE, run
from tests.simulations.families import NAME, document, saved

COMMAND = Command(None, (), "page.html")
BYTES = {kind: size for size, kind in KINDS.items()}


def workbook(*words: object) -> Result:
    """One call; an exception that reaches the user is a failure of the test."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def said_by(page: str) -> dict[str, Any]:
    """What a page says, as its script reads it."""
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes, in order."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))


@pytest.fixture(scope="module")
def made() -> str:
    return offline_page(ask(size=300, provisions={"conservative_weeks": 8}), COMMAND).decode()


# The file ------------------------------------------------------------------------------------------------------------


def test_the_same_question_gives_the_same_bytes_and_another_seed_other_ones(tmp_path: Path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        done = workbook("page", "--size", 200, "--seed", seed, "--out", tmp_path / name / "page.html")
        assert done.exit_code == 0, done.output
    one, same, other = ((tmp_path / name / "page.html").read_bytes() for name in "abc")
    assert one == same != other
    assert str(tmp_path).encode() not in one


def test_a_browser_may_run_and_style_what_stands_in_the_page_and_nothing_else(made: str):
    meta = re.search(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', made)
    assert meta
    rules = dict(rule.strip().partition(" ")[::2] for rule in html.unescape(meta[1]).split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for rule, pattern in (("script-src", r"<script>(.*?)</script>"), ("style-src", r"<style>(.*?)</style>")):
        (text,) = re.findall(pattern, made, re.DOTALL)
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert not re.search(r"""(src|href)=["'](?!#)""", made)


def test_no_text_of_a_policy_becomes_an_element_or_a_script(made: str):
    """The scripts are the same to the letter, and so is every element, whatever the policy says."""
    study = Study("baseline", (settings := hostile.policy().settings()), settings, cases_of(settings.policy, size=300))
    nasty = offline_page(study, COMMAND).decode()
    assert Tags(nasty).found == Tags(made).found
    script = re.compile(r"<script>.*?</script>", re.DOTALL)
    assert script.findall(nasty) == script.findall(made)
    assert said_by(nasty)["levers"][0]["label"].startswith(hostile.NASTY)


def test_ten_thousand_cases_are_at_most_three_megabytes(tmp_path: Path):
    assert workbook("page", "--out", tmp_path / "page.html").exit_code == 0
    assert (tmp_path / "page.html").stat().st_size <= 3_000_000


def test_every_fact_that_a_pathway_reads_is_there_as_it_was_drawn():
    """Taken back from the bytes: each row's facts, group and outcome are those of a case, and of each case once."""
    study = ask("positive_airway_pressure", size=400)
    program = compiled(study.scenario.policy)
    held, cases = embedded(study, program), study.cases.part(0)
    before = core.determine(study.policy, cases, study.baseline, asking=False).outcome
    where = core_pathways(study, cases)
    start = 0
    for block in held.blocks:
        rows, n = np.flatnonzero(where == block["pathway"] % len(program.roots)), block["rows"]
        assert n == len(rows)
        columns = []
        for field, kind in zip(block["fields"], block["kinds"], strict=True):
            size = BYTES[kind]
            columns.append(np.frombuffer(held.data, f"<i{size}", n, start))
            start += -(-n * size // 4) * 4
            assert sorted(columns[-1].tolist()) == sorted(cases.facts[program.fields[field]][rows].tolist())
        start += -(-n * 2 // 4) * 4 if "codes" in block else 0
        start += len(held.subgroups) * (-(-n // 4) * 4)
        stated = [outcome for _, outcome, size in block["parts"] for _ in range(size)]
        facts = [cases.facts[program.fields[field]][rows] for field in block["fields"]]
        assert sorted(zip(*columns, stated, strict=True)) == sorted(zip(*facts, before[rows], strict=True))
    assert start == len(held.data)


def core_pathways(study: Study, cases: Any) -> Any:
    from policy.determinations.layout import pathways

    where = pathways(study.policy, cases)
    return np.where(where < 0, len(study.policy.pathways), where)


# What it says --------------------------------------------------------------------------------------------------------


def test_the_page_says_what_it_stands_on_and_how_to_make_it_again(tmp_path: Path):
    out = tmp_path / "page.html"
    words = ("page", "strict_reading", "--set", "relief_pct=70", "--size", 200, "--seed", 5, "--out", out)
    done = workbook(*words)
    assert "Synthetic data, policy simulation only" in done.output
    said = said_by(out.read_text("utf-8"))
    policy = core.load("nerve_blocks")
    assert said["command"] == [
        "workbook", "page", "strict_reading", "--policy", policy.name, "--set", "relief_pct=70",
        "--population", "seed_low_prevalence", "--size", "200", "--seed", "5", "--out", "page.html",
    ]  # fmt: skip
    again = tmp_path / "again"
    again.mkdir()
    assert workbook(*said["command"][1:-1], again / "page.html").exit_code == 0
    assert (again / "page.html").read_bytes() == out.read_bytes()
    stamp = dict(said["stamp"])
    assert (stamp["Policy fingerprint"], stamp["Cases"], stamp["Seed"]) == (policy.fingerprint, "200", "5")
    assert any("never an automatic denial" in notice for notice in said["notices"])


def test_every_lever_is_there_with_all_its_values_and_none_is_called_by_its_identifier(made: str):
    policy, said = core.load("nerve_blocks"), said_by(made)
    assert [lever["name"] for lever in said["levers"]] == list(policy.levers)
    assert sorted(place for _, places in said["chapters"] for place in places) == list(range(len(policy.levers)))
    for told, (name, lever) in zip(said["levers"], policy.levers.items(), strict=True):
        assert [lever.check(word) for word in told["values"]] == lever.values()
        assert told["shown"][told["baseline"]] == lever.in_words(policy.defaults[name])
        read = [told["label"], told["says"], told["allowed"], *told["shown"], *told["means"], *told["read"]]
        assert not [text for text in read if re.search(r"[a-z]_[a-z]", text)]
    assert said["levers"][2]["start"] == 8
    assert not [one for one in said["notices"] if any(name in one for name in policy.levers)]


@pytest.mark.parametrize("name", ["nerve_blocks", "positive_airway_pressure"])
def test_groups_are_those_that_occur_and_subgroups_those_of_the_population(name: str):
    study = ask(name, size=500)
    held = embedded(study, compiled(study.policy))
    parts = study.impact.parts()
    assert held.groups == [(part.diagnosis, part.procedure) for part in parts]
    sizes = np.zeros(len(parts), dtype=int)
    for group, _, size in (part for block in held.blocks for part in block["parts"]):
        sizes[group] += size
    assert sizes.tolist() == [int(part.flow.sum()) for part in parts]
    assert {*held.subgroups} <= {*columns_of(study.policy)}
    assert "sex" in held.subgroups


def _apart(before: float, after: float) -> bool:
    return "exact" in change_called([(before, after, after - before)])


@pytest.mark.skipif(NODE is None, reason="no node is installed here")
def test_numbers_are_written_as_the_reports_write_them():
    """Every share of some numbers of cases, ties of rounding among them, with its interval; and changes."""
    cases = (7, 400, 1_000)
    script = (
        (FOLDER / "words.js").read_text("utf-8")
        + """
const asked = JSON.parse(require("fs").readFileSync(0, "utf8")), said = [];
for (const n of asked) for (let hits = 0; hits <= n; hits++) {
  const told = [words.percent(hits / n), words.points(hits / n - 0.4), words.apart(0.4, hits / n)];
  said.push([...told, ...words.wilson(hits, n).map(words.percent)]);
}
process.stdout.write(JSON.stringify(said));"""
    )
    wanted = [
        [percent(hits / n), points(hits / n - 0.4), _apart(0.4, hits / n), *map(percent, wilson(hits, n)[1:])]
        for n in cases
        for hits in range(n + 1)
    ]
    assert run(script, cases) == wanted


def test_levers_with_values_by_date_stand_at_those_of_the_day(tmp_path: Path):
    version = document("2026.1", levers={"conservative_weeks": "values: {2026-01-01: 6, 2027-01-01: 8}"})
    home = saved(tmp_path, version)
    for day, weeks in (("2026-05-01", 6), ("2027-05-01", 8)):
        out = tmp_path / f"{weeks}.html"
        done = workbook("page", "--workspace", home, "--policy", NAME, "--as-of", day, "--size", 50, "--out", out)
        assert done.exit_code == 0, done.output
        assert f"as of {day}" in done.output
        said = said_by(out.read_text("utf-8"))
        assert said["levers"][2]["shown"][said["levers"][2]["baseline"]] == f"{weeks} weeks"
        assert ["--as-of", day] == said["command"][4:6]


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_cases_is_refused_in_one_line_that_echoes_nothing_of_it(tmp_path: Path, kind: str):
    (tmp_path / f"members.{kind}").write_text("case_id,dx\nJane Doe 123-45-6789,M54.2\n")
    done = workbook("page", "--population", tmp_path / f"members.{kind}", "--out", tmp_path / "page.html")
    assert done.exit_code == 1
    assert done.output == f"members.{kind}: {NOT_A_TABLE}\n"
    assert not (tmp_path / "page.html").exists()


def test_a_scenario_that_names_a_table_is_refused_too(tmp_path: Path):
    assert (
        workbook("population", "seed_low_prevalence", "--size", 30, "--seed", 1, "--out", tmp_path / "t.csv").exit_code
        == 0
    )
    text = "schema: scenario/1\nid: mine\nlabel: Mine\npolicy: nerve_blocks\nbecause: A test.\n"
    text += "population: {name: t.csv}\nprovisions: {conservative_weeks: 8}\n"
    (tmp_path / "mine.yaml").write_text(text)
    done = workbook("page", tmp_path / "mine.yaml", "--out", tmp_path / "page.html")
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
    assert "is a table of cases" in done.output


def test_all_that_is_wrong_is_told_in_one_pass_and_nothing_is_written(tmp_path: Path):
    done = workbook(
        "page", "strict_readin", "--set", "conservative_weeks=99", "--size", LARGEST + 1, "--seed", "x",
        "--out", tmp_path / "page.pdf",
    )  # fmt: skip
    told = done.output
    assert done.exit_code == 1
    for part in ("use .html", "did you mean strict_reading?", "nearest 26", "at most 100,000", "seed"):
        assert part in told, told
    assert list(tmp_path.iterdir()) == []


def test_cases_that_were_read_are_refused_in_python_too(tmp_path: Path):
    simulations.population.load("seed_low_prevalence")
    assert (
        workbook("population", "seed_low_prevalence", "--size", 30, "--seed", 1, "--out", tmp_path / "t.csv").exit_code
        == 0
    )
    with pytest.raises(core.ProblemsFound, match="is a table of cases"):
        offline_page(ask(population=tmp_path / "t.csv"), COMMAND)
    with pytest.raises(core.ProblemsFound, match="too many for one file"):
        offline_page(ask(size=LARGEST + 1), COMMAND)
