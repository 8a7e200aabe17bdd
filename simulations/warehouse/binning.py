"""Facts as bins, and bins packed into whole numbers, as SQL.

Every value of a bin passes the same tests, whatever the moving levers say (reachable_facts.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from policy.sql import REJECTED, Column, Table
from policy.sql.text import Predicate, chosen, one_of
from simulations.counting.reachable_facts import Reads

Where = tuple[str, ...]  # predicates, each asked only where those before it hold
Part = tuple[str, int, Where]  # a whole number from 0, how many values it has, where it counts (else 0)
Place = tuple[str, int, int, int, Where]  # part, number of the word, by what it is multiplied there, values, where
BITS = 62  # of a whole number that every engine has


@dataclass(frozen=True)
class Bins:
    """A fact's bins: the least cut is at `low`, and every fact of a bin passes the same tests as its least value."""

    fact: str
    low: int
    cuts: tuple[int, ...]
    words: tuple[tuple[int, ...], ...] = ()  # instead of cuts: values that no test tells apart
    column: Column | None = None  # whose whole numbers are the fact, if they need not be read first
    missing: int = 1  # how many codes there are for what is missing; of cuts, they are the first bins

    @property
    def size(self) -> int:
        """Number of bins."""
        return 1 + len(self.words) if self.words else self.missing + 1 + len(self.cuts)

    def _as_coded(self) -> bool:
        """Whether every word has a bin of its own."""
        return bool(self.words) and all(codes == (i,) for i, codes in enumerate(self.words))

    def index(self) -> str:
        """The bin of the fact, counted from 0; far below 0 for REJECTED."""
        if self._as_coded() and self.column:
            return chosen([(f"{self.column.name} IS NULL", 0), (self.column.name, 2)], 1)
        if self._as_coded():
            return f"{self.fact} + 1"
        if self.words:
            words = [(one_of(self.fact, codes), i) for i, codes in enumerate(self.words, start=1)]
            return chosen(words, f"{self.fact} + 1")
        if self.column:
            return self._in_column(self.column)
        missing = (f"{self.fact} < 0", f"{self.fact} + {self.missing}")
        return chosen([missing], stepped(self.fact, self.cuts, self.missing))

    def _in_column(self, column: Column) -> str:
        """Read and told apart at once, which is half the work."""
        cuts = [-(-cut // column.unit) for cut in self.cuts]
        edges, step = [column.low, *cuts, column.high + 1], even(cuts)
        bins = enumerate(pairwise(edges), self.missing)
        ranges: list[tuple[int, int, object]] = [(a, b - 1, i) for i, (a, b) in bins if a < b]
        if step:
            inside = f"FLOOR(({column.name} - {cuts[0] - (self.missing + 1) * step}) / {step})"
            ranges = [(cuts[0], cuts[-1] - 1, inside), ranges[0], ranges[-1]]
        within = [(f"{column.name} BETWEEN {a} AND {b}", index) for a, b, index in ranges]
        return chosen([*within, (f"{column.name} IS NULL", self.missing - 1)], REJECTED)

    def value(self, index: str) -> str:
        """The value that stands for a bin."""
        if self._as_coded():
            return f"{index} - 1"
        if self.words:
            return chosen([(f"{index} = {i}", codes[0]) for i, codes in enumerate(self.words, start=1)], -1)
        below: list[tuple[Predicate, object]] = [(f"{index} < {self.missing}", f"{index} - {self.missing}")]
        below.append((f"{index} = {self.missing}", self.low))
        step, first = even(self.cuts), self.missing + 1
        if step:
            return chosen(below, f"{self.cuts[0]} + {step} * ({index} - {first})")
        return chosen([*below, *((f"{index} = {i}", cut) for i, cut in enumerate(self.cuts, start=first))], -1)


def even(cuts: Sequence[int]) -> int:
    """The step of many evenly spaced cuts, else 0."""
    steps = {after - before for before, after in pairwise(cuts)}
    return steps.pop() if len(cuts) > 4 and len(steps) == 1 else 0


def stepped(value: str, cuts: Sequence[int], first: int = 0) -> str:
    """`first` plus the number of cuts that a whole number reaches; even cuts by one division of whole numbers."""
    step = even(cuts)
    if not step:
        return chosen([(f"{value} >= {cut}", first + i) for i, cut in reversed(list(enumerate(cuts, 1)))], first)
    inside = f"{first + 1} + FLOOR(({value} - {cuts[0]}) / {step})"
    return chosen([(f"{value} < {cuts[0]}", first), (f"{value} >= {cuts[-1]}", first + len(cuts))], inside)


def binned(table: Table, name: str, reads: Sequence[Reads]) -> Bins:
    """The bins of a fact for several pathways; a fact whose sum with others is tested keeps each of its values."""
    policy, fact, column = table.policy, table.fact(name), table.column(name)
    (low, high), missing = policy.fields_[name].span, -policy.fields_[name].missing[0]
    if policy.fields_[name].type in ("boolean", "choice"):
        sets = [words for read in reads for words in read.words.get(name, [])]
        alike: dict[tuple[bool, ...], list[int]] = {}
        for code in range(low, high + 1):
            alike.setdefault(tuple(code in words for words in sets), []).append(code)
        return Bins(fact, low, (), tuple(tuple(codes) for codes in alike.values()), column)
    if any(name in fields for read in reads for fields, _ in read.sums):
        return Bins(fact, low, tuple(range(low + 1, high + 1)), (), column, missing)
    cuts = sorted({cut for read in reads for cut in read.cuts[name] if low < cut <= high})
    return Bins(fact, low, tuple(cuts), (), column, missing)


def laid_out(parts: Sequence[Part], by: int = 1) -> list[Place]:
    """Where each part goes, in as few numbers as will hold them all; the first begins at `by`."""
    found, word = [], 0
    for part, size, where in parts:
        if by * size >= 1 << BITS:
            word, by = word + 1, 1
        found.append((part, word, by, size, where))
        by *= size
    return found


def words_of(places: Sequence[Place]) -> list[str]:
    """The parts of each word added up."""
    words: dict[int, dict[Where, list[str]]] = {}
    for text, word, by, _, where in places:
        term = f"CAST({text} AS BIGINT)" + (f" * {by}" if by > 1 else "")
        words.setdefault(word, {}).setdefault(where, []).append(term)
    return [_sum(terms) for terms in words.values()]


def _sum(terms: dict[Where, list[str]]) -> str:
    """Terms by where they count; what counts under one more predicate stands in one CASE."""
    texts = list(terms.get((), []))
    for first in dict.fromkeys(where[0] for where in terms if where):
        below = {where[1:]: some for where, some in terms.items() if where[:1] == (first,)}
        texts.append(chosen([(first, _sum(below))], 0))
    return f"({' + '.join(texts)})"


def digit(name: str, by: int, size: int) -> str:
    """The part that `laid_out` put there, taken out of the number again."""
    if by == 1:
        return f"MOD({name}, {size})"
    # Divided as floats and rounded: whichever way an engine casts, and if it has no whole-number division.
    return f"CAST(FLOOR((MOD({name}, {by * size}) - MOD({name}, {by})) / {by} + 0.5) AS BIGINT)"
