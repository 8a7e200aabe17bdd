"""Settings of the levers under which a difference could show, beyond those that tell most (mutation.probes).

All of them where there are few: then "no case" is proven. Else some drawn at random, always the same: then a remark
says under how many settings it was looked for.
"""

import math
import random
from collections.abc import Iterator, Sequence
from itertools import product

from policy.entries.scalars import While
from policy.model import Policy, Settings, as_word

EVERY = 64  # settings at most for which all are tried
DRAWN = 24  # of more than that


def more_settings(policy: Policy, levers: Sequence[str]) -> tuple[list[dict[str, object]], bool]:
    """Settings of some levers, the fewest moved first, and whether these are all that there are."""
    choices = {name: [as_word(value) for value in policy.levers[name].values()] for name in levers}
    every = math.prod(map(len, choices.values())) <= EVERY
    luck = random.Random(1)
    combinations = (
        list(product(*choices.values()))
        if every
        else [[words[luck.randrange(len(words))] for words in choices.values()] for _ in range(DRAWN)]
    )
    default = policy.settings()
    found: list[dict[str, object]] = [
        {name: value for name, value in zip(choices, values, strict=True) if value != as_word(default[name])}
        for values in combinations
    ]
    return sorted(found, key=len), every


def under(tried: int, complete: bool) -> str:
    """'' where a difference was looked for under every setting, else under how many."""
    return "" if complete else f" under the {tried} settings of the levers that were tried"


def that_meet(policy: Policy, holds: Sequence[While], fails: Sequence[While]) -> Iterator[Settings]:
    """A setting of the levers named for each way in which all of some conditions hold and none of the others.

    Of the values that no condition names one stands for all.
    """
    named: dict[str, set[str]] = {}
    for condition in (*holds, *fails):
        for name, words in condition.items():
            named.setdefault(name, set()).update(words)
    choices: list[list[str]] = []
    for name, known in named.items():
        values = [as_word(value) for value in policy.levers[name].values()]
        others = [value for value in values if value not in known and value != "off"]
        choices.append([value for value in values if value in known or value in (*others[:1], "off")])
    for combination in product(*choices):
        settings = policy.settings(dict(zip(named, combination, strict=True)))
        if all(map(settings.holds, holds)) and not any(map(settings.holds, fails)):
            yield settings
