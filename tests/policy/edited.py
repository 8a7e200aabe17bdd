"""Generated policies with an edit or two, as an author would make them, and worse: valid, whatever they then say."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator

from policy.model import Policy
from policy.problems import ProblemsFound
from policy.reading.loading import parse
from policy.reading.validation import check_policy
from tests.policy.cases_of_generated import Tree, values_of
from tests.policy.fuzz import written
from tests.policy.generated import OWN


def lists(part: object) -> Iterator[list[object]]:
    """Every list of requirements."""
    if isinstance(part, dict):
        for key, below in part.items():
            if key == "require":
                yield below
            else:
                yield from lists(below)
    elif isinstance(part, list):
        for below in part:
            yield from lists(below)


def default(tree: Tree, luck: random.Random) -> None:
    lever = luck.choice([*tree["levers"].values()])
    lever["default"] = luck.choice(values_of(lever))


def required(tree: Tree, luck: random.Random) -> None:
    """One requirement more, or one less."""
    found = luck.choice([*lists(tree["pathways"]), *lists(tree["gates"])] or [[]])
    if len(found) > 1 and luck.random() < 0.5:
        found.pop(luck.randrange(len(found)))
    else:
        found.insert(luck.randint(0, len(found)), luck.choice([*tree["criteria"]]))


def exchanged(tree: Tree, luck: random.Random) -> None:
    """Two entries of a section exchange what they say."""
    section, key = luck.choice([("criteria", "test"), ("pathways", "rule"), ("pathways", "for"), ("gates", "require")])
    entries = [*tree[section].values()]
    if len(entries) > 1:
        one, other = luck.sample(entries, 2)
        one[key], other[key] = other[key], one[key]


def criterion(tree: Tree, luck: random.Random) -> None:
    """A new criterion with a new lever on a column that there was, or on a new one."""
    numbers = [
        n for n, kind in tree["fields"].items() if kind["type"] == "whole" and kind.get("unit") in ("days", "years")
    ]
    name = luck.choice(["a_new_column", *numbers])
    kind = {"label": "x", "ask": "x", "type": "whole", "unit": "days", "min": "0", "max": "99", **OWN}
    unit = tree["fields"].setdefault(name, kind)["unit"]
    tree["levers"]["a_new_lever"] = {
        "label": "x", "says": "x", "default": "3", "domain": {"min": "0", "max": "9", "step": "1"}, "unit": unit,
        "direction": "stricter_when_higher", "off_allowed": "false", "citation": "x", **OWN,
    }  # fmt: skip
    test = {"at_least": {name: "a_new_lever"}}
    tree["criteria"]["a_new_one"] = {"says": "{a_new_lever}", "ask": "x", "citation": "x", "test": test, **OWN}
    luck.choice([*lists(tree["pathways"])] or [[]]).append("a_new_one")


def reworded(tree: Tree, luck: random.Random) -> None:
    section, key = luck.choice([("criteria", "says"), ("fields", "label"), ("levers", "label"), ("pathways", "title")])
    luck.choice([*tree[section].values()])[key] = "Other words"


def ordered(tree: Tree, luck: random.Random) -> None:
    """The pathways in another order, or under other names."""
    ways = [*tree["pathways"].items()]
    luck.shuffle(ways)
    again = luck.random() < 0.5
    tree["pathways"] = {f"way_{i}" if again else name: way for i, (name, way) in enumerate(ways)}


def fields(tree: Tree, luck: random.Random) -> None:
    """A column that is read otherwise: another order of its words, one word more, missing as false."""
    kinds = [kind for kind in tree["fields"].values() if kind["type"] in ("boolean", "choice")]
    kind = luck.choice(kinds)
    if kind["type"] == "choice":
        kind["choices"] = luck.sample([*kind["choices"], "another"], len(kind["choices"]) + 1)
    elif "absent" in kind:
        del kind["absent"]
    else:
        kind["absent"] = "false"


def units(tree: Tree, luck: random.Random) -> None:
    """A lever in another unit of the same kind."""
    other = {"days": "weeks", "weeks": "days"}
    levers = [lever for lever in tree["levers"].values() if lever.get("unit") in other]
    for lever in levers and [luck.choice(levers)]:
        lever["unit"] = other[lever["unit"]]


EDITS: dict[str, Callable[[Tree, random.Random], None]] = {
    one.__name__: one for one in (default, required, exchanged, criterion, reworded, ordered, fields, units)
}  # fmt: skip


def edited(tree: Tree, luck: random.Random, kinds: tuple[str, ...] = (*EDITS,)) -> tuple[Tree, Policy, str]:
    """A valid document after one or two edits, the policy, and the kinds of edits made."""
    while True:
        new, made = copy.deepcopy(tree) | {"examples": []}, luck.choices(kinds, k=luck.choice([1, 1, 2]))
        for name in made:
            EDITS[name](new, luck)
        try:
            policy, _ = parse(written(new), "edited.yaml", Policy)
        except ProblemsFound:
            continue
        if not [*check_policy(policy)]:
            return new, policy, "+".join(made)
