"""What many cases come to when sources of the policy are withdrawn: the same cases with and without the rules left."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from policy.authoring.evidence import Withdrawal, withdraw
from policy.determinations.results import LENIENCY
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import listed
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import Study

DROPPED = "What the criteria left without support require is dropped"
JUDGED = "And in the pathways left without support a clinician judges what their criteria let through"


@dataclass(frozen=True)
class WithdrawalStudy:
    """Two steps over the same cases: `criteria` drops what they require, `rules` has a clinician judge pathways too."""

    withdrawal: Withdrawal
    criteria: Study
    rules: Study


def withdrawal_study(settings: Settings, cases: Caseload, card: str, *more: str) -> WithdrawalStudy:
    """The cases under a reading of a policy, and under the same without what stands on these sources alone.

    Raises ProblemsFound for a card that the policy does not have.
    """
    found = withdraw(settings.policy, card, *more)
    name = f"without {listed(found.cards)}"
    steps = (Study(name, settings, same_levers(settings, other), cases) for other in (found.without, found.judged))
    return WithdrawalStudy(found, *steps)


class Step(NamedTuple):
    """One step of a withdrawal: what is done, the settings after it, and the cases under it where some are asked."""

    title: str
    done: tuple[str, ...]
    after: Settings
    study: Study | None


def steps_of(before: Settings, found: Withdrawal, cases: Caseload | None) -> tuple[Step, ...]:
    """What is dropped, perhaps nothing, and what a clinician judges then, where that is more."""
    name = f"without {listed(found.cards)}"

    def step(title: str, done: Iterable[str], policy: Policy) -> Step:
        after = same_levers(before, policy)
        return Step(title, tuple(done), after, Study(name, before, after, cases) if cases else None)

    first = step(DROPPED, map(str, found.edits), found.without)
    if found.judged == found.without:
        return (first,)
    reviews = (f"review in the place of what {name} states" for name in found.named("pathways"))
    return first, step(JUDGED, reviews, found.judged)


def same_levers(settings: Settings, policy: Policy) -> Settings:
    """The same values of all levers, in an edited policy."""
    return Settings(policy, dict(settings))


def changed_cases(study: Study) -> pd.DataFrame:
    """One row for each way in which cases move: before, after (outcome words), cases, way (looser, stricter, neither).

    Cases (Int64) is missing where it is withheld of people.
    """
    flow = study.shown.flow()
    rows = []
    for i, before in enumerate(OUTCOMES):
        for j, after in enumerate(OUTCOMES):
            way = ("stricter", "neither", "looser")[int(np.sign(LENIENCY[j] - LENIENCY[i])) + 1]
            rows.append((before, after, flow.iloc[i, j], way))
    found = pd.DataFrame(rows, columns=["before", "after", "cases", "way"]).astype({"cases": "Int64"})
    return found[(found["before"] != found["after"]) & (found["cases"].fillna(1) > 0)].reset_index(drop=True)
