"""Two versions of a policy over the same cases: what both read, what differs in words, and which levers move."""

from collections.abc import Iterator
from typing import NamedTuple

from policy.authoring.change import Change
from policy.authoring.difference import differences
from policy.entries.records import ReadOnly
from policy.model import CaseField, Lever, Policy, Settings, Value
from policy.problems import Problem, ProblemsFound
from policy.reading.loading import change_in_words
from simulations.studies.edits import edits_in_words

DECIDING = ("threshold", "stance", "lever", "criterion", "pathway", "outcome", "field", "code")  # kinds of a redline
_SAID = {"label", "ask", "statements", "origin", "min", "max"}  # of a field: how a cell becomes a fact is the same


class Moved(NamedTuple):
    """A lever of both sides whose value differs."""

    lever: Lever
    before: Value
    after: Value


def moved(baseline: Settings, scenario: Settings) -> dict[str, Moved]:
    """Each lever that both policies have and that differs in value, in the order of the second."""
    both = (name for name in scenario.policy.levers if name in baseline)
    return {
        name: Moved(scenario.policy.levers[name], baseline[name], scenario[name])
        for name in both
        if baseline[name] != scenario[name]
    }


def one_document(baseline: Settings, scenario: Settings) -> bool:
    """Whether both are readings of one version, of which perhaps only the pathways were edited."""
    one, other = baseline.policy, scenario.policy
    return one == other or (one.name == other.name and _without_pathways(one) == _without_pathways(other))


def _without_pathways(policy: Policy) -> Policy:
    return policy.model_copy(update={"pathways": dict.fromkeys(policy.pathways), "examples": ()})


def read_by_both(one: Policy, other: Policy) -> Policy:
    """The first policy with the fields of both: what the cases are read with, so that each finds its facts.

    Raises ProblemsFound for a field that both have and that reads a cell differently.
    """
    if one.fields_ == other.fields_:
        return one
    message = f"is read in one way by {one.name} and in another by {other.name}; the same cases cannot be both"
    if unlike := _read_otherwise(one, other):
        raise ProblemsFound(Problem("field", f"fields.{name}", message) for name in unlike)
    fields: dict[str, CaseField] = dict(one.fields_)
    for name, theirs in other.fields_.items():
        mine = fields.get(name, theirs)
        low, high = min(mine.min, theirs.min), max(mine.max, theirs.max)
        fields[name] = mine.model_copy(update={"min": low, "max": high})
    return one.model_copy(update={"fields_": ReadOnly(fields), "examples": ()})


def _read_otherwise(one: Policy, other: Policy) -> list[str]:
    """The fields of both in which the same cell is not the same fact."""
    both = [(name, one.fields_[name], theirs) for name, theirs in other.fields_.items() if name in one.fields_]
    return [name for name, a, b in both if a.model_dump(exclude=_SAID) != b.model_dump(exclude=_SAID)]


def read_alike(one: Policy, other: Policy) -> bool:
    """Whether two policies read every cell that both know in the same way."""
    return one.fields_ == other.fields_ or not _read_otherwise(one, other)


class Told(NamedTuple):
    """Sentences on what differs: what may decide a case, and wording and sources, which decide none."""

    deciding: tuple[str, ...]
    other: tuple[str, ...]


def changes_apart(baseline: Settings, scenario: Settings) -> Iterator[tuple[Change, bool]]:
    """Every change, and whether it may decide a case.

    Not that a criterion reads otherwise because a lever moved, which is told of the lever.
    """
    old, new = baseline.policy.criteria, scenario.policy.criteria
    for change in differences(baseline, scenario):
        section, _, name = change.id.partition(".")
        if section != "criteria" or old.get(name) != new.get(name):
            yield change, change.kind in DECIDING


def told(baseline: Settings, scenario: Settings) -> Told:
    """What differs between two documents, in the policies' own sentences."""
    found = [*changes_apart(baseline, scenario)]
    return Told(*(tuple(change.says for change, decides in found if decides is wanted) for wanted in (True, False)))


def changes_in_words(baseline: Settings, scenario: Settings, names: bool = True) -> list[str]:
    """One sentence for each difference; of one document: levers that move, pathways that require more or less.

    `names`: with the names of levers, as `change_in_words`.
    """
    if one_document(baseline, scenario):
        return change_in_words(scenario, baseline, names) + edits_in_words(baseline.policy, scenario)
    both = told(baseline, scenario)
    return [*both.deciding, *both.other]
