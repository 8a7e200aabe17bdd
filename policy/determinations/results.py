"""What a determination is: an outcome for every case, the truths behind it, what to ask for and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits.counting import count, kinds
from policy.bits.planes import EVERYWHERE, NOWHERE, Plane, apart, bits_at, both, either, mask_of, plane_of
from policy.bits.rows import Ints, blend
from policy.case_files.reader import Cases
from policy.evaluation.kleene import NOT_DOCUMENTED, NOT_MET, Codes, Truth, codes_of_truth
from policy.evaluation.reading import CODE, PLANES, Reading, closing_of
from policy.model import OUTCOMES, Policy, Settings

Outcomes = NDArray[np.int8]
Bits = NDArray[np.uint64]  # a set of case columns as bits
Words = dict[tuple[int | tuple[str, ...], ...], dict[bytes, list[str]]]  # what is said of rows that read the same
MOST_KNOWN = 1 << 14  # of them, about 1 kB each

LENIENCY = np.array([{"met": 2, "pend": 1, "review": 1}.get(word, 0) for word in OUTCOMES])  # 0 for the three strictest
UNREAD = np.int8(3)  # in place of a truth: no rule read the criterion for this case
PARTLY = np.int8(4)  # added to a truth: not all branches that a missing fact leaves possible read the criterion
IN_A_BRANCH = "in a branch that is still possible"


def outcomes_of(reading: Reading, n: int, closing: int) -> Outcomes:
    """The outcome of each of `n` rows, int8 (n,), where `closing` the file decides what is open."""
    return _numbers(reading.closed(closing).items(), n, np.int8)


def _numbers(planes: Iterable[tuple[int, Plane]], n: int, kind: type[np.integer[Any]]) -> NDArray[Any]:
    """For each of `n` rows the sum of the numbers of which it has the bit."""
    found = np.zeros(n, dtype=kind)
    for number, plane in planes:
        if plane is EVERYWHERE:
            found += kind(number)
        else:
            found += np.multiply(mask_of(plane, n), kind(number), dtype=kind)
    return found


def kinds_of(reading: Reading, n: int) -> tuple[Reading, NDArray[np.intp], int]:
    """The reading of one row of each kind, the kind of each of `n` rows, and how many kinds there are."""
    every = [plane for name in PLANES[:-1] for plane in getattr(reading, name).values()]
    every += [both(reading.read[name], plane) for name, truth in reading.truths.items() for plane in truth]
    first, kind = kinds(every, n)

    def few(plane: Plane) -> Plane:
        return plane if plane.ndim == 0 else plane_of(bits_at(plane, first))

    planes: Any = {name: {k: few(plane) for k, plane in getattr(reading, name).items()} for name in PLANES}
    found = Reading(**planes)
    found.truths = {name: Truth(few(truth.met), few(truth.possible)) for name, truth in reading.truths.items()}
    return found, kind, len(first)


def codes_read(reading: Reading, criterion: str, n: int) -> Codes:
    """The truth of a criterion for each of `n` rows, int8 (n,): UNREAD where it is not read, PARTLY added."""
    read = reading.read.get(criterion, NOWHERE)
    if read is NOWHERE:
        return np.full(n, UNREAD)
    partly = PARTLY * mask_of(reading.partly.get(criterion, NOWHERE), n)
    found: Codes = blend(mask_of(read, n), codes_of_truth(reading.truths[criterion], n) + partly, UNREAD)
    return found


def moved_by(one: Reading, other: Reading, closing: Sequence[int]) -> Plane:
    """Where the outcomes differ, after each has closed the file in its way."""
    return _apart(one.closed(closing[0]), other.closed(closing[1]))


def touched_by(one: Reading, other: Reading, closing: Sequence[int]) -> Plane:
    """Where a case is decided differently, or a criterion reads differently, or something else is asked for."""
    found = [moved_by(one, other, closing)]
    shut = [EVERYWHERE if code == CODE["not_met"] else NOWHERE for code in closing]
    found.append(apart(both(one.open, shut[0]), both(other.open, shut[1])))
    found += [_apart(getattr(one, name), getattr(other, name)) for name in ("asks", "read", "partly")]
    for name in one.truths.keys() & other.truths.keys():
        differs = either(map(apart, one.truths[name], other.truths[name]))
        found.append(both(one.read[name], differs))
    return either(found)


def _apart(one: Mapping[Any, Plane], other: Mapping[Any, Plane]) -> Plane:
    """Where two sets of planes differ."""
    return either(apart(one.get(key, NOWHERE), other.get(key, NOWHERE)) for key in {**one, **other})


@dataclass
class Determinations:
    """Outcome of every case, with its reasons where they were asked for; `pathway`: int16 (n,), -1 = none."""

    policy: Policy
    settings: Settings
    cases: Cases
    pathway: Ints
    readings: list[tuple[NDArray[np.intp], Reading]] = field(default_factory=list)  # places of rows, what they are

    @cached_property
    def outcome(self) -> Outcomes:
        """Position in OUTCOMES, int8 (n,)."""
        closing = closing_of(self.settings)
        return self._laid_down(np.int8, lambda reading, n: outcomes_of(reading, n, closing))

    @cached_property
    def open(self) -> NDArray[np.bool_]:
        """The cases of which a missing fact leaves the outcome open, whatever closing the file then makes of them."""
        return self._laid_down(np.bool_, lambda reading, n: mask_of(reading.open, n))

    @cached_property
    def truths(self) -> dict[str, Codes]:
        """Criterion -> its truth, int8 (n,); criteria that no case reads are left out."""
        read = {name for _, reading in self.readings for name in reading.read}
        return {
            name: self._laid_down(np.int8, lambda reading, n, name=name: codes_read(reading, name, n))  # type: ignore[misc]
            for name in self.policy.criteria
            if name in read
        }

    @cached_property
    def ask(self) -> Bits:
        """The columns asked for as bits, in the order of the fields: uint64 (n,)."""
        bits = {name: 1 << bit for bit, name in enumerate(self.policy.fields_)}

        def asked(reading: Reading, n: int) -> Bits:
            return _numbers([(bits[name], plane) for name, plane in reading.asks.items()], n, np.uint64)

        return self._laid_down(np.uint64, asked)

    def _laid_down(self, kind: Any, of: Callable[[Reading, int], NDArray[Any]]) -> NDArray[Any]:
        found = np.zeros(len(self.cases), dtype=kind)
        for places, reading in self.readings:
            found[places] = of(reading, len(places))
        return found

    def touched(self, other: "Determinations") -> int:
        """How many of the same cases are decided differently there, or read a criterion or are asked differently."""
        if not np.array_equal(self.pathway, other.pathway):
            return int(self._reads_otherwise(other).sum())
        pairs = zip(self.readings, other.readings, strict=True)
        closing = (closing_of(self.settings), closing_of(other.settings))
        return sum(count(touched_by(mine, theirs, closing), len(places)) for (places, mine), (_, theirs) in pairs)

    def _reads_otherwise(self, other: "Determinations") -> NDArray[np.bool_]:
        """As `touched`, of each case, where the policies send cases through different pathways: (n,)."""
        differs: NDArray[np.bool_] = (self.outcome != other.outcome) | (self.closed != other.closed)
        asked = [{name: bit for bit, name in enumerate(one.policy.fields_)} for one in (self, other)]
        for name in {*asked[0], *asked[1]}:
            mine, theirs = (
                one.ask >> np.uint64(bits[name]) & np.uint64(1) if name in bits else np.uint64(0)
                for one, bits in zip((self, other), asked, strict=True)
            )
            differs |= mine != theirs
        for name in {*self.truths, *other.truths}:
            differs |= self.truths.get(name, UNREAD) != other.truths.get(name, UNREAD)
        return differs

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
    def _says(self) -> dict[str, str]:
        return {name: self.settings.says(name) for name in self.policy.criteria}

    def frame(self, known: Words | None = None) -> pd.DataFrame:
        """One row per case: case_id, pathway, outcome, not_met, not_documented, ask, reasons (lists joined by ';').

        `known`: what was said of other cases under the same settings, and is said here.
        """
        rows: list[list[str]] = []
        where = np.empty(len(self.cases), dtype=np.intp)
        for places, reading in self.readings:
            few, kind, n = kinds_of(reading, len(places))
            where[places] = kind + len(rows)
            rows += self._words(few, n, int(self.pathway[places[0]]), {} if known is None else known)
        names = ["pathway", "outcome", "not_met", "not_documented", "ask", "reasons"]
        table = zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True)
        columns = {name: _categorical(words, where) for name, words in table}
        return pd.DataFrame({"case_id": self.cases.ids, **columns})

    def _words(self, reading: Reading, n: int, pathway: int, known: Words) -> Iterator[list[str]]:
        """The columns of `frame` for each of `n` rows of a pathway."""
        criteria = [c for c in self.policy.criteria if c in reading.read]
        asks = [f for f in self.policy.fields_ if f in reading.asks]
        found = [outcomes_of(reading, n, closing_of(self.settings)), mask_of(reading.open, n)]
        found += [codes_read(reading, c, n) for c in criteria]
        found += [mask_of(plane, n) for plane in (*(reading.asks[f] for f in asks), *reading.because.values())]
        if sum(map(len, known.values())) > MOST_KNOWN:
            known.clear()
        here = known.setdefault((pathway, *map(tuple, (criteria, asks, reading.because))), {})
        for row in np.stack(found, axis=1, dtype=np.int8, casting="unsafe"):
            key = row.tobytes()
            if key not in here:
                here[key] = self._told(row.tolist(), pathway, criteria, asks, [*reading.because])
            yield here[key]

    def _told(
        self, row: list[int], pathway: int, criteria: list[str], asks: list[str], texts: list[str]
    ) -> list[str]:  # fmt: skip
        """The columns of `frame`; `row`: its outcome, if it is open, truths of criteria, what is asked for and said."""
        (outcome, still_open), rest = row[:2], iter(row[2:])
        by_truth: dict[int, list[str]] = {}
        for criterion in criteria:
            by_truth.setdefault(next(rest), []).append(criterion)
        failing, missing = by_truth.get(int(NOT_MET), []), by_truth.get(int(NOT_DOCUMENTED), [])
        asked = [field for field in asks if next(rest)]
        reasons = [f"{word}: {self._says[c]}" for code, word in _SAID.items() for c in by_truth.get(code, [])]
        reasons += [text for text in texts if next(rest)]
        if still_open and closing_of(self.settings) == CODE["not_met"]:
            reasons.append("the file was closed with this not documented")
        return [
            list(self.policy.pathways)[pathway] if pathway >= 0 else "", OUTCOMES[outcome],
            ";".join(failing), ";".join(missing), ";".join(asked), "; ".join(reasons or ["all criteria are met"]),
        ]  # fmt: skip


def _categorical(words: Sequence[str], where: NDArray[np.intp]) -> pd.Categorical:
    """The words that stand at some places."""
    labels = sorted({*words})
    place = dict(zip(labels, range(len(labels)), strict=True))
    codes = np.array([place[word] for word in words], dtype=np.int32)
    return pd.Categorical.from_codes(codes[where], pd.Index(labels, dtype="str"))


_SAID = {
    int(NOT_MET): "not met", int(NOT_DOCUMENTED): "not documented",
    int(PARTLY + NOT_MET): f"not met {IN_A_BRANCH}", int(PARTLY + NOT_DOCUMENTED): f"not documented {IN_A_BRANCH}",
}  # fmt: skip
