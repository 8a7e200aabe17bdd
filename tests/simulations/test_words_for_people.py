"""No identifier where a person reads: every report of every policy that ships, and what things are called."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

import policy as core
from policy.model import Policy
from policy.reading.loading import shipped as policies
from simulations import ask
from simulations.population import load, parse
from simulations.population.loading import shipped as populations
from simulations.reports.figure import Picture
from simulations.runs.run import FOLDER, shipped
from simulations.scenario.loading import alternatives_of
from simulations.scenario.loading import shipped as scenarios
from simulations.studies.caseload import told_apart

NAMES = sorted({name.partition("@")[0] for name in policies()})
APART = [
    "pre",
    "code",
    "style",
    "script",
    "table.stamp",
]  # commands and stamps, which are typed or compared, keep names
IN_WORDS = ("alt", "aria-label", "title")
SECTIONS = ("levers", "criteria", "gates", "pathways", "fields_", "diagnoses", "procedures", "texts")


def identifiers(policy: Policy) -> set[str]:
    """Every name with an underscore that the policy has for something, and those of scenarios and populations."""
    found = {policy.id, policy.name, *scenarios(), *populations()}
    found |= {name for section in SECTIONS for name in getattr(policy, section)}
    found |= {word for lever in policy.levers.values() for word in lever.choices or ()}
    return {name for name in found if "_" in name}


def words(html: str) -> str:
    """All that a person reads or hears of a page, a line for each piece."""
    page = BeautifulSoup(html, "html.parser")
    for part in page.select(", ".join(APART)):
        part.decompose()
    heard = [str(tag[name]) for tag in page.find_all(True) for name in IN_WORDS if tag.has_attr(name)]
    return "\n".join([page.get_text("\n"), *heard])


def left(policy: Policy, html: str) -> list[str]:
    """The lines that hold an identifier."""
    wanted = re.compile(
        rf"(?<![\w])({'|'.join(sorted(map(re.escape, identifiers(policy)), key=len, reverse=True))})(?!\w)"
    )
    return [line.strip() for line in words(html).splitlines() if wanted.search(line)]


def html_of(shown: Any) -> str:
    return f"<p>{escape(shown.alt)}</p>" if isinstance(shown, Picture) else str(shown._repr_html_())


def cells(template: str) -> Iterator[ast.Module]:
    notebook = json.loads((FOLDER / f"{template}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield ast.parse("".join(cell["source"]))


def report(template: str, monkeypatch: pytest.MonkeyPatch, **question: Any) -> str:
    """What the cells of a template show for a question, as HTML; without a kernel, which no word hangs on."""
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda *some, **_: shown.extend(some))
    space: dict[str, Any] = {"__name__": "report"}
    first, *rest = cells(template)
    exec(compile(first, template, "exec"), space)
    space |= {name: value for name, value in question.items() if name in space}
    for tree in rest:
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, template, "exec"), space)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), template, "eval"), space)
            shown += [] if value is None else [value]
    return "\n".join(map(html_of, shown))


@cache
def question(name: str) -> dict[str, Any]:
    """A scenario of the policy, and a lever moved by hand beside it: everything that a report can name."""
    policy = core.load(name)
    plan = next(iter(alternatives_of(policy)), None)
    settings = ask(name, plan).scenario
    lever, value = next(
        (n, v) for n, one in policy.levers.items() for v in one.values() if v is not None and v != settings[n]
    )
    return {"policy": name, "scenario": plan, "provisions": {lever: value}, "size": 150, "draws": 0}


@pytest.mark.parametrize("template", shipped())
@pytest.mark.parametrize("name", NAMES)
def test_no_report_shows_an_identifier(name: str, template: str, monkeypatch: pytest.MonkeyPatch):
    told = report(template, monkeypatch, **question(name))
    assert len(words(told)) > 2000
    assert left(core.load(name), told) == []


def test_no_report_of_two_versions_shows_an_identifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Also where a criterion, a pathway and a text are other ones."""
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path))
    draft = core.Draft.of("nerve_blocks@2026.2", anew=True)
    name, way = next((n, one) for n, one in draft.policy.pathways.items() if len(one.rule.require or ()) > 1)
    draft.drop(name, (way.rule.require or ())[0].criterion)
    draft.put("texts.human_decides.says", "A clinician decides.")
    (tmp_path / "new.yaml").write_text(draft.text, encoding="utf-8")
    two = {"policy": str(tmp_path / "new.yaml"), "baseline": "nerve_blocks@2026.1", "provisions": {}}
    told = report("approval_impact", monkeypatch, **two, size=400, draws=0)
    assert f"Pathway: {way.title}" in words(told)
    assert left(core.load("nerve_blocks"), told) == []


# What things are called ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", populations())
def test_a_population_has_a_short_label_of_its_own_that_stands_in_no_fingerprint(name: str):
    page, others = load(name), [load(other).short_label for other in populations() if other != name]
    assert 5 < len(page.short_label) < 70
    assert page.short_label not in others
    assert "_" not in page.short_label
    own = "id: mine\nschema: population/1\nbased_on: seed_low_prevalence\nlabel: Mine, ours\nnotice: Made up.\n"
    plain, short = (parse(text, "mine.yaml") for text in (own, f"{own}short: Ours\n"))
    assert (plain.short_label, short.short_label) == ("Mine", "Ours")
    assert plain.fingerprint == short.fingerprint


def test_a_changed_mix_is_part_of_the_short_label():
    assert load("trial_10_15,neck_pain=60,migraine.occipital_block=30").short_label == (
        f"{load('trial_10_15').short_label}, 60 % Neck pain, 30 % Greater occipital nerve block of Migraine"
    )


def test_populations_that_are_called_alike_are_told_apart_by_name():
    assert told_apart({"one": "Same", "two": "Same", "three": "Other"}) == {
        "one": "Same (one)", "two": "Same (two)", "three": "Other",
    }  # fmt: skip


def test_a_change_is_called_by_the_label_of_its_scenario_and_of_levers_moved_by_hand():
    study = ask(
        scenario="strict_reading", provisions={"conservative_weeks": 8, "rfa_stance": "never_outside_trial"}, size=50
    )
    assert study.title == (
        "Strict reading of the source assessment + Minimum conservative care 8 weeks"
        " + Stance on facet ablation never outside trial"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_of_a_lever_reads_without_underscores_and_no_two_alike(name: str):
    for lever in core.load(name).levers.values():
        told = [lever.in_words(value) for value in lever.values()]
        assert len({*told}) == len(told)
        assert not any("_" in text for text in told)
        assert {"true", "false"}.isdisjoint(told)
