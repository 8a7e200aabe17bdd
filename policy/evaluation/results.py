"""What a determination is: an outcome for every case, the truths behind it, what to ask for and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases.reader import Cases, Ints
from policy.evaluation.kleene import (
    EVERYWHERE,
    NOT_DOCUMENTED,
    NOT_MET,
    NOWHERE,
    Codes,
    Plane,
    Truth,
    both,
    codes_of_truth,
    either,
    mask_of,
)
from policy.model import OUTCOMES, Policy, Settings

Outcomes = NDArray[np.int8]
Columns = NDArray[np.uint64]  # a set of case columns as bits

CODE = {word: i for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": 0}
RANKS = np.array([{"met": 2, "pend": 1, "review": 1}.get(word, 0) for word in OUTCOMES])  # strictness: contract.md 2
OPEN = len(OUTCOMES)  # pend of step 5: information is missing; closing the file turns only these into not_met
UNREAD = np.int8(3)
PARTLY = np.int8(4)  # added to a truth that only some of the branches read which are still possible
IN_A_BRANCH = "in a branch that is still possible"


def within(where: Plane, parts: Mapping[Any, Plane]) -> dict[Any, Plane]:
    """Planes by key, only where one plane has a bit."""
    found = {key: both(where, plane) for key, plane in parts.items()}
    return {key: plane for key, plane in found.items() if plane is not NOWHERE}


def joined(parts: Iterable[Mapping[Any, Plane]]) -> dict[Any, Plane]:
    """Planes by key: where any of them has a bit."""
    found: dict[Any, Plane] = {}
    for part in parts:
        for key, plane in part.items():
            found[key] = either((found[key], plane)) if key in found else plane
    return found


@dataclass
class Reading:
    """What a rule made of some rows, as planes: where each of the things named was found.

    `outcome`: by its code, every row in one of them; `asks`: columns of the case table; `because`: texts;
    `read`: criteria, those never read too; `partly`: criteria of which a missing fact decides if they are read;
    `follows`: what a `require` does once all is met, with the criterion that each step depends on.
    """

    outcome: dict[int, Plane]
    asks: dict[str, Plane] = field(default_factory=dict)
    because: dict[str, Plane] = field(default_factory=dict)
    read: dict[str, Plane] = field(default_factory=dict)
    partly: dict[str, Plane] = field(default_factory=dict)
    follows: dict[tuple[tuple[str | None, str], ...], Plane] = field(default_factory=dict)

    @property
    def open(self) -> Plane:
        """Where a missing fact leaves the outcome open."""
        return self.outcome.get(OPEN, NOWHERE)

    def outcomes(self, n: int, closing: int) -> Outcomes:
        """The outcome of each of `n` rows, int8 (n,), where `closing` the file decides what is open."""
        planes = [(closing if code == OPEN else code, plane) for code, plane in self.outcome.items()]
        return _numbers(planes, n, np.int8)

    @classmethod
    def chosen(cls, parts: Sequence[tuple[Plane, "Reading"]]) -> "Reading":
        """Of each part the rows that it is for."""
        names = [part.name for part in fields(cls)]
        found = cls(*(joined(within(where, getattr(r, name)) for where, r in parts) for name in names))
        found.read = dict.fromkeys((name for _, r in parts for name in r.read), NOWHERE) | found.read
        return found


def _numbers(planes: Iterable[tuple[int, Plane]], n: int, kind: type[np.integer[Any]]) -> NDArray[Any]:
    """For each of `n` rows the sum of the numbers of which it has the bit."""
    found = np.zeros(n, dtype=kind)
    for number, plane in planes:
        if plane is EVERYWHERE:
            found += kind(number)
        else:
            found += np.multiply(mask_of(plane, n), kind(number), dtype=kind)
    return found


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
    truths: dict[str, Codes]
    ask: Columns
    because: Ints
    texts: list[str]

    @classmethod
    def empty(cls, policy: Policy, settings: Settings, cases: Cases, pathway: Ints) -> "Determinations":
        """Of cases that nothing has been found of yet."""
        n = len(cases)
        return cls(
            policy, settings, cases, np.zeros(n, dtype=np.int8), np.zeros(n, dtype=bool), pathway,
            {}, np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.int16), [""],
        )  # fmt: skip

    def add(self, places: NDArray[np.intp], reading: Reading, truths: Mapping[str, Truth]) -> None:
        """What was made of the cases at some places, with the truths of all criteria that were read."""
        n = len(places)
        self.outcome[places] = _numbers(reading.outcome.items(), n, np.int8)
        self.open[places] = mask_of(reading.open, n)
        for text in reading.because:
            if text not in self.texts:
                self.texts.append(text)
        self.because[places] = _numbers([(self.texts.index(t), p) for t, p in reading.because.items()], n, np.int16)
        bits = {name: 1 << bit for bit, name in enumerate(self.policy.fields_)}
        self.ask[places] = _numbers([(bits[name], p) for name, p in reading.asks.items()], n, np.uint64)
        for name, read in reading.read.items():
            found = self.truths.setdefault(name, np.full(len(self.outcome), UNREAD))
            if read is not NOWHERE:
                partly = PARTLY * mask_of(reading.partly.get(name, NOWHERE), n)
                found[places] = np.where(mask_of(read, n), codes_of_truth(truths[name], n) + partly, UNREAD)

    def close(self) -> None:
        """The file is closed; reasons stand in the order of the document, whatever other cases there are."""
        self.outcome[self.open] = CODE[str(self.settings["undocumented_action"])]
        self.truths = {name: self.truths[name] for name in self.policy.criteria if name in self.truths}

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
