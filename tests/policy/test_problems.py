"""The error contract in small: values cut and made visible, nearest names, lists and problems counted."""

import pytest

import policy
from policy.problems import SHOWN, Problem, ProblemsFound, counted, listed, nearest, refuse, shown


def test_shown_values_are_short_and_visible() -> None:
    assert shown("a\x1b[31m\u202e\u00a0\n") == "'a\\u001b[31m\\u202e\\u00a0\\u000a'"
    assert shown("x" * 80) == f"'{'x' * 80}'"
    assert shown("x" * 81) == f"'{'x' * 80}...'"


@pytest.mark.parametrize("count", [0, 1, 2, 11, 12, 13, 14, 40])
def test_a_long_enumeration_says_how_many_it_leaves_out(count: int) -> None:
    """By default twelve are written out; with the rest that is counted they are all."""
    written, _, rest = listed(range(count)).partition(" and ")
    names = written.split(", ") if written else []
    assert names == [str(n) for n in range(min(count, 12))]
    assert rest == (f"{count - 12} more" if count > 12 else "")


def test_a_shorter_enumeration_when_asked_for() -> None:
    assert listed("abc", most=2) == "a, b and 1 more"


def test_what_is_allowed_is_said_in_the_same_order_each_time_though_a_set_has_none() -> None:
    many = {f"a{n:03}" for n in range(100)}  # all as near to the word
    assert listed(many, 3) == listed(frozenset(many), 3) == "a000, a001, a002 and 97 more"
    assert nearest("a1000", {"a100", "a000"}) == nearest("a1000", frozenset({"a000", "a100"}))
    assert listed(dict.fromkeys("ba").keys()) == "b, a"  # where an order was meant it is kept


@pytest.mark.parametrize(
    ("written", "near"), [("CONSERVATIVE_WEEK", "conservative_weeks"), ("relief", "relief_pct"), ("zebra", "")]
)
def test_a_near_miss_is_named_and_nothing_else(written: str, near: str) -> None:
    assert nearest(written, policy.load("nerve_blocks").levers) == (f", did you mean {near}?" if near else "")


def test_a_problem_says_its_place_and_in_a_document_its_code_and_column() -> None:
    assert str(Problem("row", "cases.csv:3", "is\x07blank", row=3)) == "cases.csv:3: is\\u0007blank"
    in_document = Problem("tag", "p.yaml:7", "tag '!x' is not allowed", column=5, path="", line=7)
    assert str(in_document) == "p.yaml:7: tag '!x' is not allowed [tag, column 5]"
    (single,) = refuse("write", "out", "is a folder").problems
    assert (single.code, single.place, single.message, single.path) == ("write", "out", "is a folder", None)


@pytest.mark.parametrize("count", [1, SHOWN - 1, SHOWN, SHOWN + 1, 3 * SHOWN])
def test_fifty_problems_are_written_out_and_the_rest_is_counted(count: int) -> None:
    found = ProblemsFound(Problem("row", f"f:{n}", "is wrong") for n in range(count))
    lines = str(found).splitlines()
    assert len(found.problems) == count
    assert lines[:SHOWN] == [f"f:{n}: is wrong" for n in range(min(count, SHOWN))]
    assert lines[SHOWN:] == ([f"... and {count - SHOWN} more problems"] if count > SHOWN else [])


def test_one_thing_is_told_as_one() -> None:
    told = [counted(n, "case") for n in (0, 1, 2, 1000)] + [counted(n, "criterion", "criteria") for n in (1, 2)]
    assert told == ["0 cases", "1 case", "2 cases", "1,000 cases", "1 criterion", "2 criteria"]
