"""What is read again after an edit is what the whole text says, read afresh: places, problems and policy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from policy.authoring.draft import Draft
from policy.authoring.pages import between
from policy.checking import examples
from policy.checking.loading import checked
from policy.problems import Problem, ProblemsFound
from policy.reading.loading import parse, shipped
from policy.reading.yaml import Node, read_again, read_yaml
from tests.policy.drafts.small_draft import SMALL, random_edit

# What could end an entry, a scalar or a document before its time, or begin another.
PIECES = (
    "", "\n", " ", "x", "x: y", "\nx: y\n", "\n  x: y", "---", "\n---\n", "\n...\n", "...", '"', "'", "#", "\n# x\n",
    "{", "}", "[", "]", "|", "|+\n  a\n\n\n", "|\n", ">-\n", "%YAML 1.2\n", "\n%x\n", "&a ", "*a", "!x ", "? ",
    "<<: ", "\t", "\r\n", "\r", "- ", "title: x\n", "null", "\u200b", "\x85", "é", ": ", ",",
)  # fmt: skip


def read(text: str) -> Node | tuple[Problem, ...]:
    try:
        return read_yaml(text, "p")
    except ProblemsFound as found:
        return found.problems


def again(text: str, before: str, tree: Node) -> Node | tuple[Problem, ...]:
    try:
        return read_again(text, "p", before, tree)
    except ProblemsFound as found:
        return found.problems


def changed(text: str, luck: random.Random) -> str:
    """The text with a piece of it exchanged, most often a small one, sometimes at the beginning of a line."""
    at = luck.randrange(len(text) + 1)
    if luck.random() < 0.4:
        at = text.rfind("\n", 0, at) + 1
    end = at + luck.choice([0, 0, 1, 5, 40, 400])
    piece = luck.choice(PIECES) if luck.random() < 0.7 else text[luck.randrange(len(text)) :][: luck.randint(1, 200)]
    return text[:at] + piece + text[end:]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_any_change_of_a_text_is_read_as_the_whole_text_is(newline: str):
    luck = random.Random(17)
    text = f"# head\n{SMALL}\nlast: |\n  a\n\n# tail\n".replace("\n", newline)
    tree = read_yaml(text, "p")
    kept = repr(tree)
    good = 0
    for _ in range(1_500):
        other = changed(text, luck)
        found = again(other, text, tree)
        assert found == read(other), between(text, other)
        assert repr(tree) == kept
        if isinstance(found, Node):
            good += 1
            if luck.random() < 0.5 and len(other) < 3 * len(SMALL):
                text, tree, kept = other, found, repr(found)
    assert good > 200


def test_each_file_of_the_same_text_is_told_of_by_its_own_name():
    for name in ("a.yaml", "b.yaml", "a.yaml"):
        with pytest.raises(ProblemsFound) as found:
            read_yaml("x: 1\nx: 2\ny:\n", name)
        assert [one.place for one in found.value.problems] == [f"{name}:2", f"{name}:3"]


def test_only_the_entry_that_differs_is_read():
    text = next(iter(shipped().values())).read_text("utf-8")
    tree = read_yaml(text, "p")
    other = text.replace("\ncriteria:\n", "\ncriteria:\n  # a comment\n")
    found = read_again(other, "p", text, tree)
    assert found.value["levers"] is tree.value["levers"]
    assert found.value["criteria"] == tree.value["criteria"].lower(1)
    assert found.value["pathways"] == tree.value["pathways"].lower(1)
    assert found == read_yaml(other, "p")


@pytest.mark.parametrize("seed", range(4))
def test_after_any_edits_a_draft_says_what_a_fresh_reading_says(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    file = tmp_path / "small.yaml"
    file.write_text(("\ufeff" if seed % 2 else "") + SMALL, "utf-8")
    luck, draft = random.Random(seed), Draft.of(file)
    for _ in range(25):
        luck.choice([random_edit, random_edit, hostile_edit, lambda d, _: d.undo(), lambda d, _: d.redo()])(draft, luck)
        text, name = draft.text.removeprefix("\ufeff"), draft.page.name
        assert draft.page.root == read_yaml(text, name)
        examples._cases.cache_clear()
        checked.cache_clear()
        try:
            wrong: tuple[Problem, ...] = ()
            checked(text, name)
        except ProblemsFound as found:
            wrong = found.problems
        assert draft.problems == wrong
        if not any(problem.code != "example" for problem in wrong):
            assert draft.policy.model_dump() == parse(text, name, type(draft.policy))[0].model_dump()


def hostile_edit(draft: Draft, luck: random.Random) -> object:
    """What makes a document wrong, or changes what its cases are read with."""
    return luck.choice(
        [
            lambda: draft.set_default("least_care", 99),
            lambda: draft.put("gates.gate.require", [luck.choice(["strict_rest", "nothing"])]),
            lambda: draft.put("fields.care.max", luck.choice(["5", "60"])),
            lambda: draft.put("examples.0.case.care", luck.choice(["6", "7", "x", "61"])),
            lambda: draft.put("criteria.enough_care.test", {"at_least": {luck.choice(["care", "rest"]): "least_care"}}),
            lambda: draft.put("texts.more", {"says": "x", "origin": "assumption"}),
        ]
    )()
