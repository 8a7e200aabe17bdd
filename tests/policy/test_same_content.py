"""What belongs together is told by content: policies, settings, cases, and what is remembered for some cases."""

import copy
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import policy
from policy.case_files.reader import Cases
from policy.determinations.layout import Planes

LABEL = "Relief from a diagnostic block"
ROW = {"case_id": "a", "dx": "M54.2", "cpt": "64490"}


def again(tmp_path: Path, old: str = "", new: str = "") -> policy.Policy:
    """The shipped policy loaded from another file, perhaps with a change."""
    text = policy.shipped()["nerve_blocks@2026.1"].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / f"{random.random()}.yaml"
    path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return policy.load(path)


def cases_of(of: policy.Policy) -> Cases:
    return Cases.from_frame(pd.DataFrame([ROW]), of)


def test_equal_content_is_the_same_policy_wherever_it_was_loaded_from(tmp_path: Path):
    one, two = policy.load("nerve_blocks@2026.1"), again(tmp_path)
    assert one is not two
    assert one == two
    assert hash(one) == hash(two)
    assert one.settings({"conservative_weeks": 8}) == two.settings({"conservative_weeks": 8})
    assert policy.determine(one, cases_of(two), two.settings()).counts()["pend"] == 1


def test_other_content_is_another_policy(tmp_path: Path):
    one, two = policy.load("nerve_blocks@2026.1"), again(tmp_path, LABEL, "Another label")
    assert one != two
    values = dict(one.settings())
    assert one.settings(values) != two.settings(values), "equal values, but of two policies"
    for mixed in ((one, cases_of(two), one.settings()), (one, cases_of(one), two.settings())):
        with pytest.raises(policy.ProblemsFound, match="same policy document"):
            policy.determine(*mixed)


def test_a_policy_that_was_forgotten_still_fits_what_was_made_from_it(tmp_path: Path):
    """The loader keeps a few documents; nine others later, the same name gives another object of the same content."""
    before = policy.load("nerve_blocks@2026.1")
    cases = cases_of(before)
    for number in range(9):
        again(tmp_path, LABEL, f"Label {number}")
    after = policy.load("nerve_blocks@2026.1")
    assert policy.determine(after, cases, after.settings()).counts() == {**dict.fromkeys(policy.OUTCOMES, 0), "pend": 1}


CHANGES: list[Callable[[policy.Policy], Any]] = [
    lambda p: p.levers.update(conservative_weeks=None),
    lambda p: p.levers.pop("conservative_weeks"),
    lambda p: p.levers.__setitem__("new", None),
    lambda p: p.criteria.__delitem__("pain_duration"),
    lambda p: p.pathways.clear(),
    lambda p: p.fields_.setdefault("new", None),
    lambda p: p.levers["axial_spine_stance"].choices.popitem(),
    lambda p: p.statements.__ior__({}),
    lambda p: p.defaults.update(conservative_weeks=8),
    lambda p: setattr(p, "status", "adopted"),
    lambda p: setattr(p.levers["conservative_weeks"], "default", "8"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_loaded_policy_cannot_be_changed(change: Callable[[policy.Policy], Any]):
    loaded = policy.load("nerve_blocks@2026.1")
    before = loaded.model_dump_json()
    with pytest.raises((TypeError, ValueError)):
        change(loaded)
    assert loaded.model_dump_json() == before


def test_copies_and_pickles_are_equal_and_closed_too():
    loaded = policy.load("nerve_blocks@2026.1")
    for other in (copy.deepcopy(loaded), pickle.loads(pickle.dumps(loaded)), copy.copy(loaded)):
        assert other == loaded
        with pytest.raises(TypeError):
            other.levers.clear()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conservative_weeks": 27}, "allowed 0 to 26"),
        ({"conservative_weeks": 6.5}, "not a whole number"),
        ({"conservative_weeks": True}, "not a whole number"),
        ({"relief_pct": 72}, "nearest 70 and 75"),
        ({"axial_spine_stance": None}, "choose one of"),
        ({"conservative_week": 6}, "did you mean conservative_weeks"),
    ],
)
def test_settings_are_checked_however_they_are_made(change: dict[str, Any], said: str):
    loaded = policy.load("nerve_blocks@2026.1")
    with pytest.raises(policy.ProblemsFound, match=said):
        policy.Settings(loaded, {**loaded.settings(), **change})


def test_settings_need_a_value_for_every_lever_and_say_all_problems():
    loaded = policy.load("nerve_blocks@2026.1")
    given = {k: v for k, v in loaded.settings().items() if k != "relief_pct"} | {"conservative_weeks": 99, "new": 1}
    with pytest.raises(policy.ProblemsFound) as found:
        policy.Settings(loaded, given)
    assert {problem.place for problem in found.value.problems} == {"relief_pct", "conservative_weeks", "new"}


def test_text_of_a_legal_value_is_that_value():
    loaded = policy.load("nerve_blocks@2026.1")
    made = policy.Settings(loaded, {**loaded.settings(), "conservative_weeks": "8", "max_sessions_12m": "off"})
    assert (made["conservative_weeks"], made["max_sessions_12m"]) == (8, None)


def test_what_is_remembered_for_some_cases_refuses_others():
    loaded = policy.load("nerve_blocks@2026.1")
    mine, others = cases_of(loaded), cases_of(loaded)
    planes = Planes(mine)
    policy.determine(loaded, mine, loaded.settings(), planes=planes)
    with pytest.raises(policy.ProblemsFound, match="not the cases that the planes were made of"):
        policy.determine(loaded, others, loaded.settings(), planes=planes)
