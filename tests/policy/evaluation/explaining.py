"""Cases that are explained, and how what is said of them is held to determining anew."""

from __future__ import annotations

import dataclasses
import functools
import re

import policy
from tests.policy import oracle
from tests.policy.near_misses import STRANGERS, Case, Draws, near_misses, random_settings, satisfied, table, written

WORDS = {True: "met", False: "not met", None: "not documented"}


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


@dataclasses.dataclass(frozen=True)
class Told:
    """One case, its setting, what the oracle finds and what is explained."""

    case: Case
    settings: policy.Settings
    cases: policy.Cases
    finding: oracle.Finding
    explanation: policy.Explanation

    def __str__(self) -> str:
        facts = {column: written(value) for column, value in self.case.items() if value is not None}
        return f"case {facts}\nlevers {self.settings.provisions()}\n{self.explanation.text()}"

    def matches(self, pattern: re.Pattern[str]) -> list[tuple[str, ...]]:
        """The lines of what would change the outcome that have this form."""
        found = (pattern.fullmatch(line) for line in self.explanation.changes)
        return [match.groups() for match in found if match]


def tell(case: Case, settings: policy.Settings) -> Told:
    cases = policy.Cases.from_frame(table([case]), nerve_blocks())
    explanation = policy.explain(nerve_blocks(), cases, 0, settings)
    return Told(case, settings, cases, oracle.determine(case, dict(settings)), explanation)


@functools.cache
def stories() -> list[Told]:
    """Near misses under random settings; a third of them under the default."""
    draws, found = Draws(77), []
    for number in range(24):
        levers = nerve_blocks().settings() if number % 3 == 0 else random_settings(nerve_blocks(), draws)
        found += [tell(case, levers) for case in near_misses(dict(levers), 5, draws)]
    levers = nerve_blocks().settings()
    for dx, cpt in STRANGERS[:2]:
        found.append(tell(satisfied(dx, cpt, dict(levers), draws), levers))
    for dx, cpt in (
        ("M54.2", "20553"),
        ("M54.2", "64633"),
        ("G50.0", "64400"),
        ("M79.7", "20552"),
        ("G43.709", "64400"),
    ):
        twice = {"radiculopathy": False, "function_limited": draws.one([None, False]), "conservative_care_days": 41}
        found.append(tell(satisfied(dx, cpt, dict(levers), draws) | twice, levers))
    return found


def shown(name: str, value: object) -> str:
    return nerve_blocks().levers[name].show(value)  # type: ignore[arg-type]


def neck(**changes: object) -> Case:
    """Neck pain with a trigger point injection, everything met, with changes."""
    case = satisfied("M54.2", "20553", dict(nerve_blocks().settings()), Draws(1))
    case |= {"radiculopathy": False, "onset_date": None, "request_date": None, "pain_duration_days": 92}
    case |= {"sessions_last_12m": 0, "prior_relief_pct": None, "prior_relief_days": None}
    return {**case, **changes}
