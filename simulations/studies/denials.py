"""What refusals and open requests are made of: which criterion fails, by how much, alone or with others, and what one
missing paper costs.

Bunching: were nothing written with the line in mind, and the facts near it evenly spread, a case within one step of the
line would lie on either side as often. The exact binomial test of that (Cattaneo, Idrobo and Titiunik 2020, A Practical
Introduction to Regression Discontinuity Designs, on the density of the score) asks no bandwidth; that people round to
weeks and tens looks the same to it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits import rows as of_rows
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.results import Determinations
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, NOT_MET
from policy.evaluation.reading import CODE
from policy.model import OUTCOMES, Amount, Policy, Settings, Test, is_number
from policy.trees.policies import required_somewhere
from policy.trees.tests import in_force
from simulations.statistics.disclosure_control import (
    LEAST_ABOUT,
    REASON,
    SMALL,
    STEP,
    TOO_FEW,
    TOO_FEW_ABOUT,
    about,
    about_all,
    rounded,
)
from simulations.statistics.intervals import wilson
from simulations.statistics.number_format import in_percent, percent
from simulations.studies.caseload import Caseload
from simulations.studies.impact import under

CAUSES = ("criterion", "action", "closed")  # why a case is refused; see `Anatomy.causes`
_UNREAD = 3
_COUNTED = ("reads", "missing", "fails", "alone", "alone_met")

Rows = NDArray[np.intp]
Key = tuple[str, ...]


@dataclass
class Anatomy:
    """Counts of some cases under one setting; `+=` of further cases by `add`. Every table is made when asked for.

    `found`: (table, what, ...) -> number of cases; `people`: rounded, once all are counted, and told as shares;
    `silent`: why nothing is told, of too few people.
    """

    settings: Settings
    found: Counter[Key] = field(default_factory=Counter)
    people: bool = False
    silent: str = ""

    def told(self, count: int) -> str:
        """A count in words: of people 'about' a share of all cases."""
        return self.share(count, self.cases) if self.people else f"{count:,}"

    def share(self, count: int, cases: int) -> str:
        """A count as a share of others, which of people is only about so much."""
        return f"about {percent(min(1.0, count / cases))}" if self.people else percent(count / cases)

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    @property
    def cases(self) -> int:
        """How many cases were looked at."""
        return self.found["cases",]

    def outcomes(self) -> dict[str, int]:
        """Number of cases for each outcome word."""
        return {word: self.found["outcome", word] for word in OUTCOMES}

    def causes(self) -> dict[str, int]:
        """Refusals by cause; they add up to `not_met`.

        `criterion`: at least one criterion fails; `action`: all are met, and an action lever or the pathway itself says
        not_met; `closed`: something was missing when the file was closed.
        """
        return {cause: self.found["cause", cause] for cause in CAUSES}

    def criteria(self) -> pd.DataFrame:
        """One row per criterion that is read, most refusals first; counts of cases.

        reads; missing (not documented); fails (refused, and this one fails); alone (the only one that fails);
        alone_met (of these, met if it were met, everything else as it is).
        """
        rows = [
            {"criterion": name, "says": stated.says} | {part: self.found["criterion", part, name] for part in _COUNTED}
            for name, stated in self.policy.criteria.items()
        ]
        table = pd.DataFrame(rows)
        table = table[table["reads"] > 0].assign(refused=self.outcomes()["not_met"])
        return table.sort_values(["fails", "missing"], ascending=False, kind="stable", ignore_index=True)

    def steps(self) -> pd.DataFrame:
        """One row per criterion and numeric lever that it reads: refusals a single step of the lever away.

        fails; within_step (no longer fails with the lever one step looser); met (of these, met with that one step);
        `looser`: the value one step looser.
        """
        rows = []
        for name, lever, looser in _loosened(self.settings):
            counts = [self.found["step", part, name, lever] for part in ("within_step", "met")]
            known = self.policy.levers[lever]
            row: dict[str, object] = {"criterion": name, "lever": lever, "now": known.in_words(self.settings[lever])}
            row |= {"looser": known.in_words(looser), "fails": self.found["criterion", "fails", name]}
            rows.append(row | dict(zip(("within_step", "met"), counts, strict=True)))
        table = pd.DataFrame(rows, columns=["criterion", "lever", "now", "looser", "fails", "within_step", "met"])
        table = table[table["fails"] > 0]
        return table.sort_values("within_step", ascending=False, kind="stable", ignore_index=True)

    def distances(self) -> pd.DataFrame:
        """How far the documented facts lie from their line, in steps of the lever: one row per bin with any case.

        criterion, lever, field, step (0: passes by less than one step, -1: fails by less than one), distance (the end
        of the bin nearer to the line, in the lever's unit), cases, refused (whatever refuses them).
        """
        rows = []
        for key in sorted(k for k in self.found if k[:2] == ("distance", "cases") and self.found[k]):
            _, _, name, lever, fact, step = key
            domain = self.policy.levers[lever].domain
            assert domain
            end = int(step) if int(step) >= 0 else int(step) + 1
            row = {"criterion": name, "lever": lever, "field": fact, "step": int(step), "distance": end * domain.step}
            row |= {"unit": self.policy.levers[lever].unit, "cases": self.found[key]}
            rows.append(row | {"refused": self.found["distance", "refused", name, lever, fact, step]})
        columns = ["criterion", "lever", "field", "step", "distance", "unit", "cases", "refused"]
        return pd.DataFrame(rows, columns=columns).sort_values(columns[:4], kind="stable", ignore_index=True)

    def bunching(self) -> pd.DataFrame:
        """One row per criterion, lever and fact with a case within one step of the line, the most uneven first.

        Only of facts that are finer than the lever's step (days in weeks, hundredths in steps of 5 %). below (just
        fails), above (just passes), at_line (exactly on it); share_above in per cent with Wilson's interval, to be held
        against 50; p_value of the exact binomial test. Heaping of round values looks the same. Of rounded counts the
        share is that of the least uneven counts that they may stand for, and neither interval nor p-value is given.
        """
        from scipy.stats import binomtest  # here, because what else is asked of this module must not wait a second

        near: dict[tuple[str, str, str], dict[int, int]] = {}
        for row in self.distances().to_dict("records"):
            names = str(row["field"]).split("+")
            if row["step"] in (-1, 0) and _step(self.settings, str(row["lever"]), names[0], len(names)) > 1:
                here = (str(row["criterion"]), str(row["lever"]), str(row["field"]))
                near.setdefault(here, {})[row["step"]] = row["cases"]
        rows = []
        for place, counts in near.items():
            below, above = counts.get(-1, 0), counts.get(0, 0)
            found: dict[str, Any] = dict(zip(("criterion", "lever", "field"), place, strict=True))
            found |= {"below": below, "above": above, "at_line": self.found["distance", "at_line", *place]}
            if self.people:  # what rounding may have made uneven is no finding
                evened = int(np.sign(above - below)) * (min(STEP, abs(above - below)) // 2)
                below, above = below + evened, above - evened
            words = ("share_above", "low", "high")
            found |= {k: in_percent(v) for k, v in zip(words, wilson(above, below + above), strict=True)}
            found["p_value"] = float(binomtest(above, below + above).pvalue)
            rows.append(found | (dict.fromkeys(("low", "high", "p_value")) if self.people else {}))
        columns = ["criterion", "lever", "field", "below", "above", "at_line", "share_above", "low", "high", "p_value"]
        by = "above" if self.people else "p_value"
        return pd.DataFrame(rows, columns=columns).sort_values(by, kind="stable", ignore_index=True)

    def fields(self) -> pd.DataFrame:
        """One row per case column that open requests wait for, those that it would settle alone first.

        asked (may still change the outcome); alone (nothing else is asked for, so supplying it settles the request);
        of these, could_be_met and could_be_refused by what it then says.
        """
        parts = ("asked", "alone", "could_be_met", "could_be_refused")
        rows = [
            {"field": name, "label": kind.label} | {part: self.found["field", part, name] for part in parts}
            for name, kind in self.policy.fields_.items()
        ]
        table = pd.DataFrame(rows)
        table = table[table["asked"] > 0].assign(open=self.found["price", "open"])
        return table.sort_values(["alone", "asked"], ascending=False, kind="stable", ignore_index=True)

    def price(self) -> dict[str, int]:
        """What is not documented costs: open requests, what closing them refuses, what documenting could give.

        `open`: pends for information (or refused already, where the file is closed); `one_paper`: those that one column
        would settle; `favourable_<word>`: their outcomes if all that is asked for were in favour.
        """
        found = {"open": self.found["price", "open"], "one_paper": self.found["price", "one_paper"]}
        return found | {f"favourable_{word}": self.found["price", "favourable", word] for word in OUTCOMES}

    # Counting ---------------------------------------------------------------------------------------------------------

    def add(self, cases: Cases) -> None:
        """Count further cases."""
        cases = under(cases, self.policy)
        self.found["cases",] += len(cases)
        asked = determine(self.policy, cases, self.settings)
        for word, count in asked.counts().items():
            self.found["outcome", word] += count
        failing = np.zeros(len(cases), dtype=np.int16)
        for truth in asked.truths.values():
            failing += truth == NOT_MET
        refused = asked.outcome == CODE["not_met"]
        for cause, rows in zip(CAUSES, (failing > 0, (failing == 0) & ~asked.open, asked.open), strict=True):
            self.found["cause", cause] += int((rows & refused).sum())
        self._criteria(asked, refused, failing)
        self._distances(asked, refused)
        self._papers(asked)

    def _criteria(self, asked: Determinations, refused: NDArray[np.bool_], failing: NDArray[np.int16]) -> None:
        for name, truth in asked.truths.items():
            fails = refused & (truth == NOT_MET)
            alone = np.flatnonzero(fails & (failing == 1))
            counts = {"reads": truth < _UNREAD, "missing": truth == 1, "fails": fails}
            for part, rows in counts.items():
                self.found["criterion", part, name] += int(rows.sum())
            self.found["criterion", "alone", name] += len(alone)
            met = self._met(asked.cases, alone, self.settings, {name: int(MET)})
            self.found["criterion", "alone_met", name] += met
            self._steps(asked.cases, name, np.flatnonzero(fails))

    def _steps(self, cases: Cases, name: str, fails: Rows) -> None:
        for criterion, lever, value in _loosened(self.settings):
            if criterion == name and len(fails):
                looser = Settings(self.policy, {**self.settings, lever: value})
                truth = Evaluation(looser, of_rows.Rows.of(cases, fails)).codes(name)
                near = fails[truth != NOT_MET]
                self.found["step", "within_step", name, lever] += len(near)
                self.found["step", "met", name, lever] += self._met(cases, near, looser, {})

    def _met(self, cases: Cases, rows: Rows, settings: Settings, assumed: dict[str, int]) -> int:
        """How many of the rows are met under other settings, or with a criterion assumed."""
        if not len(rows):
            return 0
        there = determine(self.policy, cases.take(rows), settings, assumed=assumed, asking=False)
        return int((there.outcome == CODE["met"]).sum())

    def _distances(self, asked: Determinations, refused: NDArray[np.bool_]) -> None:
        for name, truth in asked.truths.items():
            rows = np.flatnonzero(truth < _UNREAD)
            for test, lever in _held_against(self.policy.criteria[name].test, self.settings):
                if not test.fields():  # it counts parts
                    continue
                distance, step, known = _distance(self.settings, asked.cases, rows, test, lever)
                key = (name, lever, "+".join(test.fields()))
                on_it = 0 if test.rises != test.beyond else -1
                self.found["distance", "at_line", *key] += int((distance == on_it).sum())
                bins, where = np.unique(distance // step, return_inverse=True)
                for part, weights in (("cases", None), ("refused", refused[rows[known]])):
                    counts = np.bincount(where, weights, len(bins)).astype(np.int64)
                    for at, count in zip(bins.tolist(), counts.tolist(), strict=True):
                        self.found["distance", part, *key, str(at)] += count

    def _papers(self, asked: Determinations) -> None:
        """Of what is open, or was when the file was closed: which papers are asked for, and what they could say."""
        rows = np.flatnonzero(asked.open)
        bits = asked.ask[rows]
        single = np.bitwise_count(bits) == 1
        self.found["price", "open"] += len(rows)
        self.found["price", "one_paper"] += int(single.sum())
        for position, name in enumerate(self.policy.fields_):
            mine = bits >> np.uint64(position) & np.uint64(1) == 1
            alone = rows[mine & single]
            self.found["field", "asked", name] += int(mine.sum())
            self.found["field", "alone", name] += len(alone)
            if len(alone):
                met, not_met = self._could_be(asked.cases.take(alone), name)
                self.found["field", "could_be_met", name] += met
                self.found["field", "could_be_refused", name] += not_met
        if len(rows):
            favourable = dict.fromkeys(asked.truths.keys() & self._required(), int(MET))
            best = self._open(asked.cases.take(rows), favourable)
            for word, count in zip(OUTCOMES, np.bincount(best, minlength=len(OUTCOMES)), strict=True):
                self.found["price", "favourable", word] += int(count)

    def _required(self) -> set[str]:
        """The criteria that some request must meet; the others are only looked at on the way, for or against it."""
        return {name for rule in self.policy.rules() for name in required_somewhere(self.policy, rule)}

    def _could_be(self, cases: Cases, column: str) -> tuple[int, int]:
        """How many of the cases could be met, and refused, by what one column says when it is supplied."""
        fact = _fact(self.policy, column)
        met, refused = np.zeros((2, len(cases)), dtype=np.bool_)
        for value in _telling(self.settings, fact):
            here = cases.facts[fact]
            fits = (here >= -1) | (value >= -1 - here)  # -1 - k: known to be at least k
            supplied = replace(cases, facts={**cases.facts, fact: np.full_like(here, value)})
            outcome = self._open(supplied, {})
            met |= fits & (outcome == CODE["met"])
            refused |= fits & (outcome == CODE["not_met"])
        return int(met.sum()), int(refused.sum())

    def _open(self, cases: Cases, assumed: dict[str, int]) -> NDArray[np.int8]:
        """Outcomes while the file is still open."""
        found = determine(self.policy, cases, self.settings, assumed=assumed, asking=False)
        return np.where(found.open, CODE["pend"], found.outcome)


def dissect(
    settings: Settings, cases: Caseload | Iterable[Cases], progress: Callable[[int], None] | None = None
) -> Anatomy:
    """The anatomy of the cases under `settings`, slice by slice; `progress` is told how many are done."""
    anatomy = Anatomy(settings)
    done = 0
    for part in cases.slices() if isinstance(cases, Caseload) else cases:
        anatomy.add(part)
        done += len(part)
        if progress:
            progress(done)
    return _rough(anatomy) if isinstance(cases, Caseload) and cases.guarded else anatomy


def _rough(anatomy: Anatomy) -> Anatomy:
    """The same of people: every count rounded; nothing of too few, or where what the outcomes add up to tells more."""
    cases = anatomy.cases
    outcomes = np.array(list(anatomy.outcomes().values()))
    silent = TOO_FEW if cases <= SMALL else TOO_FEW_ABOUT if cases < LEAST_ABOUT else ""
    silent = silent or (f"withheld, {REASON}" if None in about_all(outcomes, cases) else "")
    found = {key: 0 if silent else int(about(count, cases)) for key, count in anatomy.found.items()}
    found["cases",] = rounded(cases) or STEP
    return Anatomy(anatomy.settings, Counter(found), people=True, silent=silent)


def _loosened(settings: Settings) -> Iterator[tuple[str, str, Amount]]:
    """Criterion, numeric lever that it reads, and that lever's value one step looser, where there is one."""
    policy = settings.policy
    for name, criterion in policy.criteria.items():
        for lever in dict.fromkeys(lever for _, lever in _held_against(criterion.test, settings)):
            order = policy.levers[lever].loosest_first()
            at = order.index(settings[lever])
            looser = order[at - 1] if at else None
            if isinstance(looser, Amount):
                yield name, lever, looser


def _held_against(whole: Test, settings: Settings) -> Iterator[tuple[Test, str]]:
    """What is held against a lever that is on, without what another lever switches off; and that lever."""
    for test, _ in in_force(settings, whole):
        reference = test.reference()
        if reference and not is_number(reference) and settings[reference] is not None:
            yield test, reference


def _distance(
    settings: Settings, cases: Cases, rows: Rows, test: Test, lever: str
) -> tuple[NDArray[np.int64], int, NDArray[np.bool_]]:
    """How far the documented facts pass (0 and more) or fail, on their grid; a step of the lever; which are known."""
    names, cut = test.fields(), settings.cut(test) or 0
    facts = np.array([cases.facts[name][rows] for name in names], dtype=np.int64)
    known: NDArray[np.bool_] = np.all(facts >= 0, axis=0)
    total = np.array(test.signs) @ facts[:, known]
    distance = total - cut if test.rises else cut - 1 - total
    return distance, _step(settings, lever, names[0], test.times), known


def _step(settings: Settings, lever: str, field: str, times: int) -> int:
    """One step of a lever on the grid of the facts, or of their sum."""
    domain = settings.policy.levers[lever].domain
    assert domain
    return int(times * settings.policy.grid_steps(field, lever) * domain.step)


def _fact(policy: Policy, column: str) -> str:
    """The fact that a column tells: itself, or the duration that it is a part of."""
    return next((name for name, kind in policy.fields_.items() if column in kind.sources), column)


def _telling(settings: Settings, fact: str) -> list[int]:
    """Values of a fact of which one stands for every other that the tests treat alike; of a mean, its two ends."""
    kind = settings.policy.fields_[fact]
    low, high = kind.span
    if kind.type in ("boolean", "choice") or high - low < 64:
        return list(range(low, high + 1))
    found = {low, high}
    for criterion in settings.policy.criteria.values():
        for test in criterion.test.walk():
            reference = test.reference()
            if reference and fact in test.fields() and not test.sums:
                line = settings.threshold(fact, reference) or 0
                found |= {line - 1, line, line + 1}
    return sorted(v for v in found if low <= v <= high)
