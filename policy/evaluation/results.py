"""What a determination is: an outcome for every case, the truths behind it, what to ask for and why."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases.reader import Cases, Ints
from policy.evaluation.kleene import NOT_DOCUMENTED, NOT_MET, Truth
from policy.model import OUTCOMES, Policy, Settings

Outcomes = NDArray[np.int8]
Columns = NDArray[np.uint64]  # a set of case columns as bits

CODE = {word: np.int8(i) for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": np.int8(0)}
RANKS = np.array([{"met": 2, "pend": 1, "review": 1}.get(word, 0) for word in OUTCOMES])  # strictness: contract.md 2
OPEN = np.int8(len(OUTCOMES))  # pend of step 5: information is missing; closing the file turns only these into not_met
UNREAD = np.int8(3)
PARTLY = np.int8(4)  # added to a truth that only some of the branches read which are still possible
IN_A_BRANCH = "in a branch that is still possible"


@dataclass
class Reading:
    """What a rule made of some rows; each array is (rows,) or a single value for all of them.

    `outcome`: codes; `truths`: of each criterion read (3 = not read, 4 more where a missing fact decides if it is);
    `because`: place in Evaluation.texts, 0 = none;
    `follows`: what a `require` does once all is met, for each criterion that it depends on.
    """

    outcome: Outcomes
    truths: dict[str, Truth]
    ask: Columns = field(default_factory=lambda: np.asarray(np.uint64(0)))
    because: Ints = field(default_factory=lambda: np.asarray(np.int16(0)))
    follows: tuple[tuple[str | None, int], ...] = ()


@dataclass
class Determinations:
    """Outcome of every case with its reasons; `outcome`: int8 (n,) into OUTCOMES, `pathway`: int16 (n,), -1 = none.

    `open`: cases of which a missing fact leaves the outcome open, whatever closing the file then makes of them.
    """

    policy: Policy
    settings: Settings
    cases: Cases
    outcome: Outcomes
    open: NDArray[np.bool_]
    pathway: Ints
    truths: dict[str, Truth]
    ask: Columns
    because: Ints
    texts: list[str]

    def __repr__(self) -> str:
        return ", ".join(f"{word} {count:,}" for word, count in self.counts().items())

    def counts(self) -> dict[str, int]:
        """Number of cases for each outcome word; they sum to the number of cases."""
        return dict(zip(OUTCOMES, np.bincount(self.outcome, minlength=len(OUTCOMES)).tolist(), strict=True))

    @cached_property
    def closed(self) -> NDArray[np.bool_]:
        """The cases that are refused because the file was closed."""
        return self.open & (self.settings["undocumented_action"] == "not_met")

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First row of each distinct determination, and for each row the position of its own."""
        key = np.zeros(len(self.outcome), dtype=np.uint64)
        parts = [self.outcome, self.pathway + 1, self.because, self.closed, self.ask, *self.truths.values()]
        for part in parts:
            codes, values = pd.factorize(np.asarray(part))
            key = pd.factorize(key * np.uint64(len(values) + 1) + codes.astype(np.uint64))[0].astype(np.uint64)
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        return first, inverse

    def frame(self) -> pd.DataFrame:
        """One row per case: case_id, pathway, outcome, not_met, not_documented, ask, reasons (lists joined by ';')."""
        first, inverse = self._distinct
        rows = [self._words(int(row)) for row in first]
        names = ["pathway", "outcome", "not_met", "not_documented", "ask", "reasons"]
        table = pd.DataFrame(rows, columns=names, dtype="str")
        columns = {name: pd.Categorical(table[name]).take(inverse) for name in names}
        return pd.DataFrame({"case_id": self.cases.ids, **columns})

    def _words(self, row: int) -> list[str]:
        outcome = OUTCOMES[self.outcome[row]]
        failing = [c for c, t in self.truths.items() if t[row] == NOT_MET]
        missing = [c for c, t in self.truths.items() if t[row] == NOT_DOCUMENTED]
        ask = [name for bit, name in enumerate(self.policy.fields_) if int(self.ask[row]) >> bit & 1]
        reasons = [f"not met: {self.settings.says(c)}" for c in failing]
        reasons += [f"not documented: {self.settings.says(c)}" for c in missing]
        for code, word in ((NOT_MET, "not met"), (NOT_DOCUMENTED, "not documented")):
            partly = [c for c, t in self.truths.items() if t[row] == PARTLY + code]
            reasons += [f"{word} {IN_A_BRANCH}: {self.settings.says(c)}" for c in partly]
        if self.because[row]:
            reasons.append(self.texts[self.because[row]])
        if self.closed[row]:
            reasons.append("the file was closed with this not documented")
        if not reasons:
            reasons.append("all criteria are met")
        pathway = list(self.policy.pathways)[self.pathway[row]] if self.pathway[row] >= 0 else ""
        return [pathway, outcome, ";".join(failing), ";".join(missing), ";".join(ask), "; ".join(reasons)]
