"""Texts that still name the value that a lever had are found, and texts of other amounts are not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import Draft
from policy.authoring.draft_texts import amount_in_text, old_values
from policy.model import Policy
from policy.reading.loading import parse
from tests.policy.small import text_of

WEEKS = {"type": "whole", "unit": "weeks", "min": "0", "max": "60", "label": "Care", "ask": "six weeks of notes"}
LEAST = {
    "label": "Least care", "says": "How much care.", "citation": "Rules ask for 4 to 6 weeks. Six weeks is usual.",
    "default": "6", "domain": {"min": "0", "max": "99", "step": "1"}, "unit": "weeks",
    "direction": "stricter_when_higher",
}  # fmt: skip
OTHER = LEAST | {"citation": "Six weeks of rest."}
CASE = {"dx": "G47.33", "cpt": "E0601", "care": "6"}
TEXT = text_of(
    {"care": WEEKS, "rest": WEEKS | {"ask": "six weeks of rest"}},
    {"least_care": LEAST, "least_rest": OTHER},
    {"enough_care": {"at_least": {"care": "least_care"}}, "enough_rest": {"at_least": {"rest": "least_rest"}}},
    examples=[
        {"name": "six weeks of care", "case": CASE, "expect": "pend"},
        {"name": "six weeks, where the lever is moved", "case": CASE, "set": {"least_care": "5"}, "expect": "pend"},
        {"name": "six weeks of nothing", "case": {"dx": "G47.33", "cpt": "E0601"}, "expect": "pend"},
    ],
)


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Draft:
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    file = tmp_path / "small.yaml"
    file.write_text(TEXT, "utf-8")
    return Draft.of(file)


def found(draft: Draft) -> list[tuple[str, str, str]]:
    return [(one.place, one.key, one.says) for one in old_values(draft.published, draft.policy)]


def test_a_moved_lever_leaves_texts_that_name_its_old_value_until_each_is_reworded(draft: Draft):
    assert found(draft) == []
    draft.set_default("least_care", 8)
    assert found(draft) == [
        ("levers.least_care", "citation", "Six weeks"),
        ("fields.care", "ask", "six weeks"),
        ("examples.0", "name", "six weeks"),
    ]
    first, *_ = old_values(draft.published, draft.policy)
    assert (first.sentence, first.now) == ("Six weeks is usual.", "8 weeks")
    draft.cite("levers", "least_care", citation="Rules ask for 4 to 6 weeks. Eight is ours.")
    assert found(draft)[0][0] == "fields.care"
    draft.set_default("least_care", 6)
    assert found(draft) == []


def test_a_value_that_stays_on_other_days_is_not_old(draft: Draft):
    draft.set_dated("least_care", {"2026-01-01": 6, "2027-01-01": 8})
    assert found(draft) == []
    draft.set_dated("least_care", {"2026-01-01": 7, "2027-01-01": 8})
    assert {one.now for one in old_values(draft.published, draft.policy)} == {"7 weeks or 8 weeks"}


NUMBERS = {
    0: "zero", 1: "one", 2: "two", 6: "six", 12: "twelve", 13: "thirteen", 16: "sixteen", 20: "twenty",
    26: "twenty-six", 60: "sixty", 66: "sixty-six", 90: "ninety", 99: "ninety-nine",
}  # fmt: skip
policies: dict[str, Policy] = {}


def lever(unit: str):
    if unit not in policies:
        levers = {"least": LEAST | {"unit": unit}}
        text = text_of({"care": WEEKS | {"unit": unit}}, levers, {"enough": {"at_least": {"care": "least"}}})
        policies[unit] = parse(text, "small.yaml", Policy)[0]
    return policies[unit].levers["least"]


@given(st.sampled_from([*NUMBERS]), st.sampled_from([*NUMBERS]), st.booleans(), st.data())
def test_a_number_is_found_in_digits_and_in_words_and_no_other_is(value: int, other: int, spoken: bool, data):
    said = NUMBERS[other] if spoken else str(other)
    week = data.draw(st.sampled_from(["weeks", "week", "full weeks", "or more weeks", "consecutive weeks of care"]))
    text = data.draw(st.sampled_from(["{} {}", "At least {} {}.", "(not {} {})", "care of {}-{}"])).format(said, week)
    assert bool(amount_in_text(value, lever("weeks")).search(text)) == (value == other)
    assert not amount_in_text(value, lever("months")).search(text)


@pytest.mark.parametrize("text", ["80%", "80 %", "80 per cent", "80 percent of it", "Eighty per cent"])
def test_per_cent_is_written_in_several_ways(text: str):
    assert amount_in_text(80, lever("percent")).search(text)


@pytest.mark.parametrize("text", ["S6 weeks", "1.6 weeks", "6.5 weeks", "6 of 12 weeks", "6 days, two weeks", "06/6"])
def test_a_part_of_another_number_is_none(text: str):
    assert not amount_in_text(6, lever("weeks")).search(text)
