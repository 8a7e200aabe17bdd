"""What an author is told who writes a policy as any newcomer would: where it is wrong, and what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import policy
from policy.authoring.lint import lint
from policy.problems import ProblemsFound
from tests.policy.small import small, text_of

FIELDS: dict[str, Any] = {
    "walked": {"type": "whole", "unit": "days", "max": "100"},
    "value": {"type": "decimal", "unit": "points", "min": "0", "max": "20", "step": "0.1"},
    "first": {"type": "date"}, "last": {"type": "date"},
    "between_days": {"type": "whole", "unit": "days", "max": "900"},
    "lasted": {"type": "duration", "unit": "months", "from": "first", "to": "last", "days": "between_days"},
    "weeks_told": {"type": "whole", "unit": "weeks", "max": "100"},
    **{
        f"in_{unit}": {"type": "duration", "unit": unit, "from": "first", "to": "last", "days": "between_days"}
        for unit in ("days", "weeks", "years")
    },
}  # fmt: skip
LEVER = {"domain": {"min": "0", "max": "12", "step": "1"}, "default": "3", "direction": "stricter_when_higher"}
LEVERS: dict[str, Any] = {"months_least": {**LEVER, "unit": "months"}, "weeks_least": {**LEVER, "unit": "weeks"}}
LEVERS["half_months"] = {**LEVER, "unit": "months", "domain": {"min": "0", "max": "12", "step": "0.5"}}
ENDS = {"from": "first", "to": "last", "days": "walked"}
NUMBER = "write at_least, more_than, less_than, at_most or between"
DATES = "days and months compare only in a field of type duration"


def told(folder: Path, test: Any, fields: dict[str, Any] | None = None, **more: Any) -> str:
    """What loading a policy with one test says."""
    file = folder / "mine.yaml"
    file.write_text(text_of(FIELDS | (fields or {}), LEVERS, {"only": test}, **more), encoding="utf-8")
    with pytest.raises(ProblemsFound) as found:
        policy.load(file)
    return str(found.value)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"at_least": {"walked": "months_least"}}, DATES),
        ({"at_least": {"lasted": "weeks_least"}}, DATES),
        ({"is": {"value": ["7"]}}, NUMBER),
        ({"is": {"value": ["7.5"]}}, NUMBER),
        ({"at_least": {"value": "7.55"}}, "7.55 is finer than the step of field 'value', 0.1"),
        ({"no_more_than": {"value": "7.5"}}, "did you mean at_most?"),
        ({"max": {"value": "7.5"}}, "did you mean at_most?"),
        ({"<=": {"value": "7.5"}}, "did you mean at_most?"),
        ({"no_less_than": {"value": "7.5"}}, "did you mean at_least?"),
        ({"not": [{"on_file": "value"}]}, "did you mean none_of?"),
        ({"between": {"value": ["9", "7.5"]}}, "can never hold: 9 is above 7.5"),
        ({"between": {"value": ["9"]}}, "between.value: must hold more than 1 entry"),
        ({"between": {"value": ["7", "8", "9"]}}, "between.value: must hold at most 2 entries, found 3"),
        ({"at_least": {"lasted": "1.5"}}, "no two months are alike"),
        ({"at_least": {"lasted": "half_months"}}, "lever 'half_months' moves by parts of a month"),
        ({"sum": {"of": ["lasted", "in_years"], "at_least": "12"}}, "months differ; count in days or weeks"),
        ({"mean": {"of": ["lasted"], "reaches": "12"}}, "months differ; count in days or weeks"),
        ({"sum": {"of": ["in_days", "in_weeks"], "at_least": "12"}}, "(step 1) and 'in_weeks' in weeks"),
        ({"mean": {"of": ["value", "value"], "reaches": "7"}}, "a mean has each field once"),
        ({"count": {"at_least": "weeks_least", "of": [{"on_file": "value"}]}}, "not in weeks"),
        ({"at_least": {"value": "007"}}, "'007' is not a plain number, did you mean 7?"),
        ({"at_least": {"value": "9" * 30}}, "is not a plain number"),
        ({"count": {"at_least": "01", "of": [{"on_file": "value"}]}}, "did you mean 1?"),
        ({"at_least": {"value": "-1"}}, "write a lever, or a number that is not negative such as 7.5"),
        ({"sum": {"of": ["walked"], "at_least": "1"}}, "a sum needs two fields or more"),
        ({"sum": {"of": ["walked"], "minus": ["value"], "at_least": "1"}}, "different units or steps"),
        ({"sum": {"of": ["walked", "between_days"]}}, "needs one of at_least, more_than, less_than, at_most"),
        ({"score": {"points": [{"points": "1", "test": {"on_file": "value"}}], "reaches": "2"}}, "of 1 tests is never"),
        ({"score": {"points": [{"points": "0", "test": {"on_file": "value"}}], "reaches": "0"}}, "points are 1 to 100"),
    ],
)  # fmt: skip
def test_a_test_written_otherwise_is_told_what_to_write(tmp_path: Path, test: Any, said: str) -> None:
    assert said in told(tmp_path, test)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"type": "whole", "unit": "hours", "max": "9"}, "'hours' is no unit; allowed days"),
        ({"type": "whole", "unit": "day", "max": "9"}, "did you mean days?"),
        ({"type": "decimal", "unit": "points", "max": "9"}, "needs a step such as 0.1"),
        ({"type": "decimal", "unit": "points", "max": "9.55", "step": "0.1"}, "no more decimals than the step"),
        ({"type": "decimal", "unit": "points", "max": "9", "step": ".5"}, "write a step such as 1 or 0.1"),
        ({"type": "decimal", "unit": "points", "min": "1", "max": "11", "step": "2.5"}, "whole numbers of steps"),
        ({"type": "decimal", "unit": "points", "max": "1", "step": "0.3"}, "whole numbers of steps"),
        ({"type": "boolean", "unit": "points"}, "mine.unit: belongs to a number, not to a field of type boolean"),
        ({"type": "choice", "choices": ["a", "b"], "max": "5"}, "mine.max: belongs to a number"),
        ({"type": "choice", "choices": ["a", "b", "a"]}, "each word stands once"),
        ({"type": "duration", "unit": "hours", **ENDS}, "needs a unit of days"),
        ({"type": "duration", "unit": "days", **ENDS, "days": "weeks_told"}, "must be in days, not in weeks"),
        ({"type": "duration", "unit": "days", "from": "first", "days": "walked"}, "needs to: a field of type date"),
        ({"type": "duration", "unit": "days", **ENDS, "to": "walked"}, "must be of type date"),
    ],
)  # fmt: skip
def test_a_field_is_told_what_it_needs(tmp_path: Path, field: dict[str, str], said: str) -> None:
    assert said in told(tmp_path, {"on_file": "value"}, {"mine": field})


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ({"field": "walked", "at_most": "vaule"}, "did you mean value?"),
        ({"field": "walked", "at_most": "first"}, "a date compares with a date only"),
        ({"field": "walked", "at_most": "value"}, "different units or steps"),
        ({"field": "walked", "at_most": "lasted"}, "for a remark; nothing else"),
    ],
)
def test_a_relation_is_told_what_compares(tmp_path: Path, relation: dict[str, str], said: str) -> None:
    whole = {**relation, "verdict": "reject", "says": "odd"}
    assert said in told(tmp_path, {"on_file": "value"}, relations=[whole])


@pytest.mark.parametrize(("written", "meant"), [(".5", "0.5"), ("7,5", "7.5"), ("+7.50", "7.5"), ("7.0 months", "7")])
def test_a_number_written_otherwise_is_told_as_it_should_be(tmp_path: Path, written: str, meant: str) -> None:
    levers = {"half_months": {**LEVERS["half_months"], "default": written}}
    file = tmp_path / "mine.yaml"
    file.write_text(text_of(FIELDS, levers, {"only": {"on_file": "value"}}), encoding="utf-8")
    with pytest.raises(ProblemsFound, match=f"did you mean {meant}\\?"):
        policy.load(file)


def test_a_fault_of_a_test_with_two_lines_is_told_once(tmp_path: Path) -> None:
    assert told(tmp_path, {"between": {"vaule": ["3", "9"]}}).count("did you mean value?") == 1


def test_a_unit_that_every_document_knows_is_not_named_anew(tmp_path: Path) -> None:
    units = {"weeks": {"one": "week", "many": "weeks", "equals": "5 days"}}
    assert "'weeks' is known to every document" in told(tmp_path, {"on_file": "value"}, units=units)
    said = told(tmp_path, {"on_file": "value"}, units={"packs": {"one": "p", "many": "p", "equals": "1.5 days"}})
    assert "write a whole number and a unit such as 7 days" in said


def test_a_column_of_persons_or_of_a_simulation_is_told(tmp_path: Path) -> None:
    """An age by a date of birth would read one; a truth_ column makes a table of people a made-up one."""
    born = {"birth_date": {"type": "date"}, "truth_known": {"type": "boolean"}}
    said = told(tmp_path, {"on_file": "value"}, born)
    assert "'birth_date' is called like an identifier of a person" in said
    assert "truth_known.ignored: columns truth_... are what only a simulation knows" in said


@pytest.mark.parametrize(
    "age",
    [
        {"type": "whole", "unit": "months", "max": "1200"},
        {"type": "decimal", "unit": "years", "max": "120", "step": "0.5"},
    ],
)
def test_an_age_in_another_unit_is_told_as_it_is_read_in_years(tmp_path: Path, age: dict[str, str]) -> None:
    said = told(tmp_path, {"on_file": "value"}, {"age": age})
    assert f"fields.age: is of type {age['type']} in {age['unit']}, but a column of this name is read in whole" in said
    assert f"write type: whole and unit: years, or call it otherwise, such as age_in_{age['unit']}" in said
    file = tmp_path / "sound.yaml"
    named = {f"age_in_{age['unit']}": age}
    file.write_text(text_of(named, {}, {"only": {"on_file": next(iter(named))}}), "utf-8")
    assert named.keys() <= policy.load(file).fields_.keys()


def test_a_pathway_for_all_else_written_otherwise_is_told(tmp_path: Path) -> None:
    rest = {"title": "All", "origin": "assumption", "for": "otherwhise", "rule": {"outcome": "review", "because": "x"}}
    assert "'otherwhise' is not allowed; write otherwise" in told(tmp_path, {"on_file": "value"}, pathways={"p": rest})


def test_columns_that_go_round_are_told(tmp_path: Path) -> None:
    """They could only be equal; and no made-up request can be drawn from one before the other."""
    ones = [("walked", "between_days"), ("between_days", "walked")]
    relations = [{"field": a, "at_most": b, "verdict": "reject", "says": "odd"} for a, b in ones]
    assert told(tmp_path, {"on_file": "value"}, relations=relations).count("the relations go round") == 1
    itself = [{**relations[0], "at_most": "walked"}]
    assert "the relations go round" in told(tmp_path, {"on_file": "value"}, relations=itself)
    fields = {name: {**FIELDS[name], "implied_by": {other: "2"}} for name, other in ones}
    assert told(tmp_path, {"on_file": "value"}, fields).count("tell of one another") == 1


def test_units_that_go_round_are_told(tmp_path: Path) -> None:
    units = {"packs": {"one": "pack", "many": "packs", "equals": "4 boxes"}}
    assert "no unit is called 'boxes'" in told(tmp_path, {"on_file": "value"}, units=units)
    round_ = {**units, "boxes": {"one": "box", "many": "boxes", "equals": "2 packs"}}
    assert "is a number of itself" in told(tmp_path, {"on_file": "value"}, units=round_)


def test_a_column_that_stands_on_a_statement_and_is_never_read_is_remarked_on() -> None:
    statement = {"says": "x", "stance": "required", "applies_to": "x"}
    fields = {name: {**FIELDS["walked"], "statements": ["A1"]} for name in ("read", "unread")}
    document = small(fields, {}, {"only": {"at_least": {"read": "3"}}}, statements={"A1": statement})
    assert [finding.place for finding in lint(document.settings(), ("unused column",))] == ["fields.unread"]


def test_all_else_has_one_pathway_and_something_is_left_for_it(tmp_path: Path) -> None:
    rule = {"outcome": "review", "because": "nothing is written"}
    rest = {"title": "All else", "origin": "assumption", "for": "otherwise", "rule": rule}
    whole = {
        "title": "All",
        "origin": "assumption",
        "for": {"diagnosis": ["one"], "procedure": ["device"]},
        "rule": rule,
    }
    assert "nothing is left for it" in told(tmp_path, {"on_file": "value"}, pathways={"all": whole, "rest": rest})
    twice = told(tmp_path, {"on_file": "value"}, pathways={"one": rest, "two": rest})
    assert "pathways.two: a second pathway for all else, after one" in twice
    assert "nothing is left" not in twice  # all is left for the first


def test_a_request_that_no_pathway_is_for_takes_that_for_all_else() -> None:
    rule = {"outcome": "not_met", "because": "x"}
    codes = {"E0601": {"label": "a", "attributes": {"kind": "fixed"}}, "E0470": {"label": "b"}}
    document = small(
        {}, {}, {"only": {"lever": {"undocumented_action": ["pend"]}}},
        procedures={"device": {"label": "x", "codes": codes}},
        pathways={
            "fixed": {"title": "x", "origin": "assumption", "rule": rule,
                      "for": {"diagnosis": ["one"], "procedure": ["device"], "with": {"kind": "fixed"}}},
            "rest": {"title": "y", "origin": "assumption", "for": "otherwise", "rule": {**rule, "outcome": "review"}},
        },
    )  # fmt: skip
    assert document.cell("one", "device", "E0601") == ["fixed"]
    assert document.cell("one", "device", "E0470") == ["rest"]
