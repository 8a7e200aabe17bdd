"""What a population is drawn from: one table of whole numbers for each decision.

No fact is a float: shares are whole numbers out of 2**32, a word of a stream picks among them, and -1 is no value.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from policy.model import Policy
from simulations.population.columns import BENEFIT, FLAG, Column, columns_of, made_dates
from simulations.population.page import Page
from simulations.population.random_streams import Words

EMPTY = -1
_ONE = np.uint64(1)
BITS = np.uint64(32)
_LOW_BITS = np.uint64(2**32 - 1)
_BUCKETS = 8  # bits of a word that choose among buckets of entries: 256 for each row of a table

Codes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Lookup:
    """A number for each state of some facts: `parents` are their names and strides in `base`, intp."""

    parents: tuple[tuple[str, int], ...]
    base: NDArray[np.intp]

    def at(self, facts: Mapping[str, Codes]) -> NDArray[np.intp]:
        """The number of each case; () when it hangs on nothing."""
        if not self.parents:
            return self.base[0]
        state = np.full(1, sum(stride for _, stride in self.parents), dtype=np.int32)  # a fact without a value is -1
        for name, stride in self.parents:
            state = state + (facts[name] if stride == 1 else facts[name] * np.int32(stride))
        return self.base[state.astype(np.intp)]  # three times as fast as by int32


def lookup_of(parents: Sequence[str], numbers: NDArray[np.intp]) -> Lookup:
    """A number for each state of some facts, one axis for each of them."""
    strides = [math.prod(numbers.shape[axis + 1 :]) for axis in range(numbers.ndim)]
    return Lookup(tuple(zip(parents, strides, strict=True)), numbers.ravel().astype(np.intp))


@dataclass(frozen=True, eq=False)
class Choice:
    """A table in whole numbers: row r owns the keys from r * 2**32; an entry is `lowest + step * k`, k < `count`.

    The row is the sum of the lookups: that of the rows of the page, and one for each effect on them.
    """

    lookups: tuple[Lookup, ...]
    bounds: Words
    lowest: Codes
    step: Codes
    count: Words

    @property
    def parents(self) -> tuple[str, ...]:
        """The facts that it hangs on, each once."""
        return tuple(dict.fromkeys(name for lookup in self.lookups for name, _ in lookup.parents))

    @cached_property
    def _entry(self) -> NDArray[np.intp]:
        """The entry of each bucket of keys, -1 where it holds a bound; few do, and only these are searched for."""
        size = np.uint64(1 << (int(BITS) - _BUCKETS))
        buckets = np.arange(int(self.bounds[-1]) // int(size), dtype=np.uint64) * size
        first, last = (np.searchsorted(self.bounds, keys, side="right") for keys in (buckets, buckets + size - _ONE))
        return np.where(first == last, first, -1)

    @cached_property
    def _spread(self) -> bool:
        """Whether some entry holds more than one value."""
        return bool((self.count > 1).any())

    def pick(self, words: Words, facts: Mapping[str, Codes]) -> Codes:
        """One value for each word: int32 (n,), -1 where there is none; the high half of a word picks the entry."""
        row = np.broadcast_to(reduce(np.add, [lookup.at(facts) for lookup in self.lookups]), words.shape)
        if len(words) < int(self.bounds[-1]) >> (int(BITS) - _BUCKETS):  # fewer than buckets, which are worth no table
            entry = self._searched(words, row)
        else:
            entry = self._entry[(words >> np.uint64(64 - _BUCKETS)).view(np.int64) + (row << _BUCKETS)]
            unsure = np.flatnonzero(entry < 0)
            entry[unsure] = self._searched(words[unsure], row[unsure])
        value = self.lowest[entry]
        if self._spread:
            value += self.step[entry] * (((words & _LOW_BITS) * self.count[entry]) >> BITS).astype(np.int32)
        return value

    def _searched(self, words: Words, row: NDArray[np.intp]) -> NDArray[np.intp]:
        """The entry of each word in a row."""
        return np.searchsorted(self.bounds, (words >> BITS) + (row.astype(np.uint64) << BITS), side="right")


@dataclass(frozen=True, eq=False)
class Decision:
    """A variable with its tables: `values` are its words by code, none for a count; `documented` None means always."""

    name: str
    latent: bool
    kind: Literal["words", "flag", "count"]
    values: tuple[str, ...]
    choice: Choice
    at_most: str | None
    documented: Choice | None
    only_with: str | None
    places: int = 0  # of a count: digits after the decimal point, of which the last is its unit

    @property
    def parents(self) -> tuple[str, ...]:
        """The decisions that this one reads, documentation aside."""
        return (*self.choice.parents, *([self.at_most] if self.at_most else []))

    def code(self, text: str) -> int:
        """The code of a value as written on the page: its place among the words, or the number; -1 for 'empty'."""
        if text == "empty":
            return EMPTY
        return self.values.index(text) if self.values else int(Decimal(text) * 10**self.places)

    def codes(self, texts: Iterable[str]) -> list[int]:
        """The codes of values as `when` has them: a number may be 'low to high'."""
        found: list[int] = []
        for text in texts:
            part = span(text, self.places) if not self.values else None
            found += range(part[0], last(part) + 1, part[1]) if part else [self.code(text)]
        return found


@dataclass(frozen=True, eq=False)
class Population:
    """A checked page, ready to `generate` from.

    `policy`: whose fields are the columns of the case table; `fingerprint`: SHA-256 of what the page says.
    """

    page: Page
    policy: Policy
    decisions: tuple[Decision, ...]
    fingerprint: str

    def __repr__(self) -> str:
        return f"<Population {self.id} {self.fingerprint[:12]}>"

    def __getitem__(self, name: str) -> Decision:
        """The decision called `name`; KeyError when there is none."""
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Those of the case table of its policy, in order."""
        return tuple(columns_of(self.policy))

    @cached_property
    def truths(self) -> tuple[str, ...]:
        """The columns of simulated truth: no rule reads them, but counts can be split by them."""
        return tuple(name for name in self.columns if name.startswith("truth_"))

    @property
    def helps(self) -> bool:
        """Whether it is simulated whether the procedure of a case would help."""
        return BENEFIT in self.columns

    @cached_property
    def dates(self) -> dict[str, str | None]:
        """Each date column with the number of days that it lies before the request; None is the request itself."""
        own = {name: name for name, field in self.policy.fields_.items() if field.type == "date"}
        return own | made_dates(self.policy)

    @cached_property
    def _by_name(self) -> dict[str, Decision]:
        return {decision.name: decision for decision in self.decisions}

    @property
    def id(self) -> str:
        """The page's own name."""
        return self.page.id

    @property
    def label(self) -> str:
        """What it is, in a line."""
        return self.page.label

    @property
    def short_label(self) -> str:
        """What to call it in a sentence."""
        return self.page.short_label

    @property
    def notice(self) -> str:
        """What every output made from it must say."""
        return self.page.notice


def span(text: str, places: int = 0) -> tuple[int, int, int] | None:
    """'7' -> (7, 1, 1), '0 to 6' -> (0, 1, 7), '50 to 60 by 5' -> (50, 5, 3); anything else None.

    With `places`, in units of the last of so many decimals: '1.5 to 2' -> (15, 1, 6).
    """
    number = rf"(\d{{1,6}}(?:\.\d{{1,{places}}})?)" if places else r"(\d{1,6})"
    found = re.fullmatch(f"{number}(?: to {number}(?: by {number})?)?", text, re.ASCII)
    if not found:
        return None
    written = (found[1], found[2] or found[1], found[3])
    low, high, step = (int(Decimal(one) * 10**places) if one else 1 for one in written)
    return (low, step, (high - low) // step + 1) if step > 0 and high >= low and (high - low) % step == 0 else None


def last(part: tuple[int, int, int]) -> int:
    return part[0] + part[1] * (part[2] - 1)


@dataclass(frozen=True)
class Facts:
    """What the values of a fact may be: `values` are its words, none for a count, whose column bounds it."""

    kind: Literal["words", "flag", "count"]
    values: tuple[str, ...]
    column: Column

    def entry(self, text: str) -> tuple[int, int, int] | None:
        """Lowest value, step and number of values behind one key of `shares`; None when it is not allowed."""
        if self.kind == "count":
            found = span(text, self.column.places)
            if found is None or not self.column.lowest <= found[0] <= last(found) <= self.column.highest:
                return None
            steps = (found[0] % self.column.step, found[1] % self.column.step if found[2] > 1 else 0)
            return None if any(steps) else found
        pattern = self.column.pattern
        fits = bool(re.fullmatch(pattern, text)) if pattern else text in (self.column.words or self.values)
        return (self.values.index(text), 1, 1) if fits and text in self.values else None

    @property
    def allowed(self) -> str:
        """The allowed numbers, or the pattern of the text, in words."""
        if self.kind == "count":
            ends = (Decimal(end) / 10**self.column.places for end in (self.column.lowest, self.column.highest))
            kind = f"a number with {self.column.places} decimals" if self.column.places else "a whole number"
            steps = f" in steps of {Decimal(self.column.step) / 10**self.column.places}" * (self.column.step > 1)
            return f"{kind}, 'low to high' or 'low to high by step', from {next(ends):f} to {next(ends):,f}{steps}"
        return self.column.pattern


YES_NO = Facts("flag", ("false", "true"), FLAG)


def states_of(choice: Choice, values: int, capped: bool) -> NDArray[np.bool_]:
    """Which of empty, 0, 1, 2... the table can give; below a cap, any number up to its highest."""
    spans = list(zip(choice.lowest.tolist(), choice.step.tolist(), choice.count.tolist(), strict=True))
    states = np.zeros(max(values, *(last(part) + 1 for part in spans)) + 1, dtype=np.bool_)
    for low, step, count in spans:
        states[low + 1 : low + 2 + step * (count - 1) : step] = True
    states[1:] |= capped
    return states
