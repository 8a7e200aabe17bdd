"""Editing by position: what is not edited stays byte for byte, and one edit changes the lines that it is about."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy.authoring import pages
from policy.authoring.draft import Draft
from policy.authoring.draft_edits import Edited, Edits
from policy.authoring.pages import Page, outside
from policy.authoring.side_by_side import lines_changed
from policy.problems import ProblemsFound
from policy.reading.loading import shipped
from tests.policy.fuzz import written
from tests.policy.generated import generated

DOCUMENTS = shipped()
WHOLE = "nerve_blocks@2026.2"
OCCIPITAL = "pathways.spine_occipital_block.rule.first_of.1.require"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@cache
def page_of(name: str = WHOLE) -> Page:
    return Page(DOCUMENTS[name].read_bytes().decode(), name)


def independent(text: str) -> Any:
    """What another reader makes of a text, every scalar as it is written."""
    return yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))


def counts(before: str, after: str) -> tuple[int, int]:
    lines = [*lines_changed(before, after)]
    return sum(one[0] == "-" for one in lines), sum(one[0] == "+" for one in lines)


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def paths_of(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every entry below the top with its value."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, one in inside:
        yield (*path, step), one
        yield from paths_of(one, (*path, step))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_untouched_document_is_the_same_bytes(name: str):
    assert Draft.of(name).text.encode() == DOCUMENTS[name].read_bytes()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_line_ends_and_marks_of_other_editors_stay(ending: str, before: str, tmp_path: Path):
    text = before + DOCUMENTS["occipital_myofascial@2026.1"].read_text("utf-8").replace("\n", ending)
    file = tmp_path / "mine.yaml"
    file.write_bytes(text.encode())
    draft = Draft.of(file)
    assert draft.text == text
    title = draft.page.find(("title",)).value
    assert draft.put("title", "Another").done
    assert draft.text.replace("title: Another", f"title: {title}") == text
    assert draft.undo().done
    assert draft.text == text
    assert draft.put("references.R99", "one more").done
    assert counts(text, draft.text) == (0, 1)
    assert ending != "\r\n" or "\n" not in draft.text.replace("\r\n", "")


def generated_round_trip(seed: int) -> None:
    """Untouched the same; one value changed, one line changed; undone the same again."""
    luck = random.Random(seed)
    text = written(generated(seed)[0], flow=luck.choice([None, None, False]))
    page = Page(text, "generated")
    tree = independent(text)
    assert page.root.plain() == tree
    for path, value in luck.sample([*paths_of(tree)], 12):
        assert page.put(path, value).text == text
        if isinstance(value, str):
            new = page.put(path, f"{value} or so")
            node = page.find(path)
            most = node.end[0] - node.line + 1
            gone, more = counts(text, new.text)
            assert 1 <= gone <= most
            assert more <= most + 1
            expected = independent(text)
            _reach(expected, path[:-1])[path[-1]] = f"{value} or so"
            assert json.dumps(independent(new.text)) == json.dumps(expected)


def _reach(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


@pytest.mark.parametrize("seed", [*range(3), *range(1_000, 1_003)])
def test_generated_documents(seed: int):
    generated_round_trip(seed)


@pytest.mark.slow
def test_five_hundred_generated_documents():
    for seed in [*range(250), *range(1_000, 1_250)]:
        generated_round_trip(seed)


LAST = "low back pain, which this policy does not cover"
SENTENCE = "texts.human_decides.says"
NEW_TEST = {"any_of": [{"is": {"tried_nsaid": "true"}}, {"at_least": {"age": "least_age"}}]}
NEW_LEVER = {"label": "Age", "says": "x", "default": "1", "domain": {"min": 0, "max": 9, "step": 1}, "unit": "years",
             "direction": "stricter_when_higher", "origin": "assumption", "citation": "x"}  # fmt: skip
NEW_RULE = {"require": ["age_given"], "then": [{"outcome": "met"}]}
TABLE: dict[str, tuple[Callable[[Edits], Any], int, int]] = {  # kind of edit: the edit, lines gone, lines new
    "default of a lever": (lambda d: d.set_default("conservative_weeks", 8), 1, 1),
    "end of a domain": (lambda d: d.set_domain("conservative_weeks", max=30), 1, 1),
    "both ends of a domain": (lambda d: d.set_domain("conservative_weeks", min=1, max=30), 1, 1),
    "dated values": (lambda d: d.set_dated("conservative_weeks", {"2026-01-01": 6, "2027-01-01": 8}), 1, 1),
    "stance": (lambda d: d.switch("axial_spine_stance", "never_outside_trial"), 1, 1),
    "sentence of one line": (lambda d: d.reword("criteria", "pain_duration", "Pain: {pain_duration_months}"), 1, 1),
    "sentence of two lines": (
        lambda d: d.put(SENTENCE, d.page.find(d.page.path(SENTENCE)).value.replace("Iowa", "Ohio")), 1, 1,
    ),
    "ask": (lambda d: d.set_ask("pain_duration", "the onset date"), 1, 1),
    "citation": (lambda d: d.cite("levers", "conservative_weeks", "Six weeks"), 1, 1),
    "evidence of a criterion": (lambda d: d.cite("criteria", "pain_duration", evidence=["bmj-2025"]), 1, 1),
    "status of a card": (lambda d: d.set_evidence("bmj-2025", status="superseded"), 1, 1),
    "new entry of a card": (lambda d: d.set_evidence("bmj-2025", origin="alternative"), 0, 1),
    "add to an indented list": (lambda d: d.require("spine_occipital_block", "nerve_named"), 0, 1),
    "add in front": (lambda d: d.require("spine_occipital_block", "nerve_named", at=0), 0, 1),
    "add under a condition": (
        lambda d: d.require("spine_occipital_block", "nerve_named", only_while={"relief_rule": "mean"}), 0, 1,
    ),
    "add between brackets": (lambda d: d.require("spine_gate", "nerve_named"), 1, 1),
    "take from an indented list": (lambda d: d.drop("spine_occipital_block", "facet_confirmed"), 1, 0),
    "take from between brackets": (lambda d: d.drop("spine_gate", "pain_duration"), 1, 1),
    "move within a list": (lambda d: d.move("spine_occipital_block", "spine_gate", at=0), 1, 1),
    "move within brackets": (lambda d: d.move("spine_gate", "pain_duration"), 1, 1),
    "move to another list": (lambda d: d.move("spine_gate", "pain_duration", to="spine_occipital_block"), 1, 2),
    "new lever": (lambda d: d.add_lever("least_age", after="conservative_weeks", **NEW_LEVER), 0, 9),
    "new criterion": (
        lambda d: d.add_criterion("old", says="x", ask="x", citation="x", test=NEW_TEST, origin="assumption"), 0, 9,
    ),
    "new pathway": (
        lambda d: d.add_pathway("more", title="More", diagnosis=["neck_pain"], procedure=["epidural"], rule=NEW_RULE,
                                origin="assumption"), 0, 7,
    ),
    "new example": (lambda d: d.add_example("one", {"dx": "M54.2", "cpt": "64400"}, "mismatch", asks=[]), 0, 4),
    "another outcome of an example": (lambda d: d.set_example(LAST, expect="pend"), 1, 1),
    "remove a criterion": (lambda d: d.remove_criterion("function_limited"), 8, 2),
}  # fmt: skip


class OnlyText(Edits):
    """The edits of a draft, neither checked nor kept."""

    def __init__(self) -> None:
        self.page = page_of()

    def _edit(self, says: str, change: Callable[[Page], Page]) -> Edited:
        self.page = change(self.page)
        return Edited(says, True, ())


@pytest.mark.parametrize("kind", TABLE)
def test_lines_that_an_edit_changes(kind: str):
    """Counted by a diff of the whole file; comments stay, in their order."""
    edit, gone, new = TABLE[kind]
    edits = OnlyText()
    before = edits.page.text
    edit(edits)
    assert counts(before, edits.page.text) == (gone, new)
    assert comments(edits.page.text) == comments(before)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_removing_and_moving_anything_anywhere(name: str):
    """Against another reader's tree, at random places of every shipped document; no comment is lost or moved."""
    page, luck = page_of(name), random.Random(name)
    tree = independent(page.text)
    places = [(path, value) for path, value in paths_of(tree) if len(path) > 1]
    for path, _ in luck.sample(places, 6):
        expected = independent(page.text)
        del _reach(expected, path[:-1])[path[-1]]
        new = page.take_out(path)
        assert json.dumps(independent(new.text)) == json.dumps(expected), path
        kept = comments(new.text)
        assert [line for line in comments(page.text) if line in kept] == kept
    lists = [path for path, value in places if isinstance(value, list) and len(value) > 1]
    for path in luck.sample(lists, 4):
        expected = independent(page.text)
        items = _reach(expected, path)
        items.append(items.pop(0))
        new = page.move((*path, 0), path, len(items) - 1)
        assert json.dumps(independent(new.text)) == json.dumps(expected), path
        assert comments(new.text) == comments(page.text) or "#" in page.text


def test_a_comment_stays_with_what_it_stands_before():
    text = 'a:\n  # first\n  x: "1"  # of x\n  # of y, not of x\n  y: [p, q]  # of y\n# the end\nb: {}  # empty\n'
    page = Page(text, "t")
    assert page.take_out(("a", "x")).text == text.replace('  x: "1"  # of x\n', "")
    assert page.put(("a", "z"), "new").text == text.replace("# of y\n#", "# of y\n  z: new\n#")
    assert page.put(("a", "x"), "2").text == text.replace('"1"', '"2"')
    assert page.add(("a", "y"), 1, "r").text == text.replace("[p, q]", "[p, r, q]")
    assert page.put(("b", "c"), {"d": [{"e": "f"}]}).text.endswith("b:  # empty\n  c:\n    d: [{e: f}]\n")
    assert page.take_out(("b",)).text == text.replace("b: {}  # empty\n", "")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a: 'it''s'\n", "it's so", "a: 'it''s so'\n"),
        ("a: plain words\n", "other words", "a: other words\n"),
        ("a: plain\n", "no # comment", 'a: "no # comment"\n'),
        ("a: plain\n", "key: value", 'a: "key: value"\n'),
        ("a: plain\n", "", 'a: ""\n'),
        ("a: [x, y]\n", "one, two", None),
        ('a: "x"\n', 'say "y"', 'a: "say \\"y\\""\n'),
        ("a: |\n  one\n  two\nb: c\n", "one\nthree\n", "a: |\n  one\n  three\nb: c\n"),
        ("a: >-\n  one\n  two\n\n# c\nb: c\n", "one three", "a: >-\n  one\n  three\n\n# c\nb: c\n"),
        (
            'a: "one two\n  three four\n  five six"\n',
            "one two three 4 five six",
            'a: "one two\n  three 4\n  five six"\n',
        ),
        ("a: x", "y", "a: y"),
    ],
)
def test_a_text_is_written_as_the_one_before_was(text: str, value: str, expected: str | None):
    path = ("a",) if expected is not None else ("a", 0)
    new = Page(text, "t").put(path, value).text
    assert independent(new)["a"] == (value if expected is not None else [value, "y"])
    assert new == (expected or 'a: ["one, two", y]\n')


def test_an_edit_that_would_change_another_line_is_refused(monkeypatch: pytest.MonkeyPatch):
    page = Page("a: x\nb: y\n", "t")
    monkeypatch.setattr(pages, "spellings", lambda *_: ["z\nc: new"])
    with pytest.raises(ProblemsFound, match="without a change to something else"):
        page.put(("a",), "z")
    monkeypatch.setattr(Page, "_exchanged", lambda page, *_: (2, len(page.text), ' {c: d}\nb: "y"\n'))
    with pytest.raises(ProblemsFound, match="without a change to something else"):  # says the same, b is not as it was
        page.put(("a",), {"c": "d"})


def test_lines_outside_an_edit():
    assert outside("a\nb\nc", "a\nx\ny\nc", 1, 1) == []
    assert outside("a\nb\nc", "a\nx\nd", 1, 1) == ["c"]
    assert outside("a\nb\nc", "z\nb\nc", 1, 1) == ["a"]
    assert outside("a\nb", "a\nx\nb", 1, 0) == []
    assert outside("a\nb\nc", "a", 1, 1) != []


@pytest.mark.parametrize(
    "path", [("levers", "no_such"), ("criteria", "pain_duration", "says", "more"), ("examples", 999)]
)
def test_what_is_not_there_is_said(path: tuple[Any, ...]):
    with pytest.raises(ProblemsFound, match="there is no"):
        page_of().take_out(path)


def test_paths_in_words():
    page = page_of()
    assert page.path("diagnoses.neck_pain.codes.M54.2.label") == ("diagnoses", "neck_pain", "codes", "M54.2", "label")
    assert page.path(OCCIPITAL) == (*OCCIPITAL.split(".")[:4], 1, "require")
