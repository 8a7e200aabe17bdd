"""A policy whose entries agree with each other and whose examples hold: what every other module means by a policy."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from policy.case_files.identifiers import identifying_column
from policy.entries.scalars import is_day
from policy.model import Policy
from policy.model.fields import AGE
from policy.problems import Finding, Problem, ProblemsFound, refuse, shown
from policy.reading.loading import DEFAULT, named_text, parsed
from policy.reading.validation import check_policy
from policy.reading.workspace import OPENED
from policy.reading.yaml import Node, located


def load(source: str | Path | None = None, as_of: str | None = None) -> Policy:
    """A policy by name (its id, or id@version) or by path; raises ProblemsFound with every problem.

    Without a name the one that the notebooks were opened for (`workbook lab --policy`), else the one that ships. A name
    alone means the version in force on the day `as_of` (ISO), and without one the newest (see `policy_file`); levers
    with dated values have those of that day, else their latest.
    """
    if as_of is not None and not is_day(as_of):
        raise refuse("as-of", "as_of", f"{shown(as_of)} is no day such as 2026-01-31")
    return checked(*named_text(source or os.environ.get(OPENED) or DEFAULT, as_of)).on(as_of)


def _of_persons(policy: Policy) -> Iterator[Finding]:
    """Columns that are called like what identifies a person, which no case table may hold."""
    for name in policy.fields_:
        if identifying_column(name, ()):
            what = "is called like an identifier of a person, which no case table may hold (an age is in whole years)"
            yield Finding("identifier", ("fields", name), f"{shown(name)} {what}")


def _age(policy: Policy) -> Iterator[Finding]:
    """An age in another unit: relations and subgroups read the column of that name in whole years."""
    field = policy.fields_.get(AGE)
    if field is None or not field.numeric or (field.type == "whole" and field.unit in (None, "years")):
        return
    told = f"is of type {field.type}{f' in {field.unit}' if field.unit else ''}"
    said = "but a column of this name is read in whole years; write type: whole and unit: years, or call it otherwise"
    yield Finding("age", ("fields", AGE), f"{told}, {said}, such as age_in_{field.unit or 'months'}")


@lru_cache(maxsize=8)
def checked(text: str, name: str) -> Policy:
    """The policy that a text is, told of under a name; raises ProblemsFound with every problem."""
    policy, node = parsed(text, name)
    if problems := problems_of(policy, node, name):
        raise ProblemsFound(problems)
    return policy


def problems_of(policy: Policy, node: Node, name: str) -> list[Problem]:
    """What is wrong with a policy that was read from a tree of places; its examples only where its entries agree."""
    problems = located([*check_policy(policy), *_of_persons(policy), *_age(policy)], name, node)
    if not problems:
        from policy.checking.examples import check_examples, check_exceptions  # they need pandas

        problems = located([*check_examples(policy), *check_exceptions(policy)], name, node)
    return problems
