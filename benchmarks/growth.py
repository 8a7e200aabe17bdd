"""How counting at all settings grows with levers and groups: what is built, how large it is, how fast it answers."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from simulations.counting.data_cube import Batch

from benchmarks.answers import Answers
from benchmarks.cases import drawn
from benchmarks.sweeps import LEVERS, random_settings
from policy import load
from policy.cases.reader import Cases

NUMBERS = (4, 8, 12)
GROUPS = (1, 144, 864)


@dataclass(frozen=True)
class Growth:
    """One combination; seconds to build and to answer one setting, megabytes held, and which way was taken."""

    levers: int
    groups: int
    way: str
    build: float
    memory: float
    answer: float
    says: str

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def growth(size: int) -> list[Growth]:
    """For 4, 8 and 12 levers and for 1, 144 and 864 groups of equal size."""
    policy = load("nerve_blocks")
    cases = drawn(policy, size)
    numeric = [name for name, lever in policy.levers.items() if lever.domain]
    levers = list(dict.fromkeys([*LEVERS, *numeric]))
    found = []
    for groups in GROUPS:
        codes = np.arange(size) % groups
        cases.groups["group_block"] = pd.Categorical.from_codes(
            codes, pd.Index([f"{i}" for i in range(groups)], dtype=object)
        )
        for number in NUMBERS:
            found.append(_grown(Batch(cases), levers[:number], groups))
    return found


def _grown(batch: Batch, levers: list[str], groups: int) -> Growth:
    policy = batch.cases.policy
    batch.memory.groups(policy.settings())
    begun = time.perf_counter()
    answers = Answers(policy.settings(), batch, levers, ("group_block",) if groups > 1 else ())
    built = time.perf_counter() - begun
    moved = random_settings(policy, levers, 9, seed=4)
    seconds = []
    for settings in moved:
        begun = time.perf_counter()
        answers.at(settings)
        seconds.append(time.perf_counter() - begun)
    way = "levels" if answers.levels else "weighted rows" if answers.profiles else "direct"
    return Growth(len(levers), groups, way, built, held(answers), sorted(seconds)[len(seconds) // 2], repr(answers))


def held(answers: Answers) -> float:
    """Megabytes of counts, or of weighted rows."""
    if answers.levels:
        return answers.levels.cells * 8 / 1e6
    return bytes_of(answers.profiles.batch.cases) / 1e6 if answers.profiles else 0.0


def bytes_of(cases: Cases) -> int:
    """Bytes of the facts and codes of some cases."""
    arrays = [*cases.facts.values(), cases.dx.codes, cases.cpt.codes, *(g.codes for g in cases.groups.values())]
    return sum(array.nbytes for array in arrays)
