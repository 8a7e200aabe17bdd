"""What lint remembers of a draft, edit after edit, is what it finds of each text afresh."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from policy.authoring import enumeration, search
from policy.authoring import lint as module
from policy.authoring.draft import Draft
from policy.authoring.lint import Finding, lint
from policy.authoring.memory import Memory
from policy.authoring.once import Once
from policy.problems import ProblemsFound
from tests.policy.drafts.small_draft import SMALL, WEEKS, random_edit
from tests.policy.edited import edited
from tests.policy.generated import WIDE, generated
from tests.policy.small import OWN

MORE = {"at_least": {"more": "2"}}


@contextmanager
def forgotten() -> Iterator[None]:
    """As in a process that has proven nothing yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_EXPLORED", Once(2000))
        yield


@pytest.mark.parametrize("seed", [0, 5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4, WIDE + 1))])
def test_edit_after_edit_the_findings_are_those_of_a_first_look(seed: int):
    tree, policy = generated(seed)
    luck, memory, seen = random.Random(seed), Memory[Finding](), Counter[str]()
    for _ in range(6):
        again = [*lint(policy.settings(), memory=memory)]
        with forgotten():
            assert again == [*lint(policy.settings())]
        seen.update(one.kind for one in again)
        new, policy, _ = edited(tree, luck)
        tree = new if luck.random() < 0.7 else tree
    assert seen


def test_only_what_an_edit_can_have_changed_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, "utf-8")
    draft, looked = Draft.of(file), list[str]()
    for name in ("difference", "_moved", "_direction", "_idle_asks_of"):
        look = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, n=name, look=look: looked.append(n) or look(*a))
    first = draft.check()
    assert {*looked} == {"difference", "_moved", "_direction", "_idle_asks_of"}
    looked.clear()
    assert draft.check() == first
    draft.reword("criteria", "enough_care", "Other words")
    assert draft.check().findings == first.findings
    assert looked == []
    draft.put("fields.care.label", "Other words")
    assert draft.check().findings == first.findings
    assert looked == []
    draft.switch("stance", "strict")  # only what is asked at these settings can be another
    again = draft.check().findings
    assert {*looked} == {"_idle_asks_of"}
    assert again == (*lint(draft.policy.settings()),)
    looked.clear()
    draft.undo()
    assert draft.check() == first
    assert looked == []
    draft.put("levers.least_care.domain.max", 30)  # each case that decided still does
    kinds = ["never decides", "reaches nothing"]
    again = draft.check(kinds).findings
    assert looked == []
    assert again == (*lint(draft.policy.settings(), kinds),)
    looked.clear()
    draft.put("fields.more", {"label": "More", "ask": "x", **WEEKS, **OWN})
    draft.add_criterion("more_rest", says="x", ask="x", citation="x", origin="assumption", test=MORE)
    draft.require("all", "more_rest")  # each case that decided does once what it now waits for is told
    again = draft.check(["never decides"]).findings
    assert looked == ["difference"] * 2  # whether the new one decides, and the one of the gate, which never does
    assert again == (*lint(draft.policy.settings(), ["never decides"]),)


def test_what_comes_to_a_limit_after_an_edit_is_said_not_to_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setattr(enumeration, "MOST_COMBINATIONS", 8)
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, "utf-8")
    draft = Draft.of(file)
    assert "not checked" not in {one.kind for one in draft.check().findings}
    test = {"any_of": [{"at_least": {"care": "5"}}, {"at_least": {"rest": "least_care"}}]}
    draft.add_criterion("either", says="x", ask="x", citation="x", origin="assumption", test=test)
    again = draft.check().findings
    assert again == (*lint(draft.policy.settings()),)
    assert "not checked" in {one.kind for one in again}


def test_whoever_asks_may_stop_between_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, "utf-8")
    draft = Draft.of(file)
    steps = draft.check_steps()
    some = [next(steps), next(steps)]
    draft.set_default("least_care", 4)
    steps.close()
    found = [one for step in draft.check_steps() for one in step]
    assert found == [*lint(draft.policy.settings())]
    assert len(some) == 2


def test_edit_after_edit_each_pathway_is_proven_as_all_are_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, "utf-8")
    luck, draft, words = random.Random(3), Draft.of(file), set[str]()
    for _ in range(25):
        random_edit(draft, luck)
        try:
            with forgotten():
                proof = draft.proves().proof
        except ProblemsFound:
            continue
        assert dict(draft.prove_steps()) == proof.pathways
        words.add(proof.overall.word)
    assert len(words) > 1
