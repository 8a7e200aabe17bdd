"""The four operators of three-valued truth against an oracle that knows no minimum, maximum or order.

An operator on partly open operands is met when it is true for every way the open ones could turn out, not met when it
is false for every way, else not documented. With each operand used once that is Kleene's logic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pytest

from policy.bits import counting, planes, rows
from policy.evaluation import kleene

NOT_MET, NOT_DOCUMENTED, MET = 0, 1, 2
STATES = (NOT_MET, NOT_DOCUMENTED, MET)
TUPLES = [operands for n in range(1, 5) for operands in itertools.product(STATES, repeat=n)]
Operator = Callable[[Sequence[kleene.Truth]], kleene.Truth]
WIDE = 67  # rows: more than a word of them


def by_completion(rule: Callable[[list[bool]], bool], operands: Sequence[int]) -> int:
    """Truth of a two-valued rule over every way the open operands could turn out."""
    ways = [(True,) if o == MET else (False,) if o == NOT_MET else (True, False) for o in operands]
    results = {rule(list(way)) for way in itertools.product(*ways)}
    return NOT_DOCUMENTED if len(results) == 2 else MET if results == {True} else NOT_MET


OPERATORS: dict[str, tuple[Operator, Callable[[list[bool]], bool]]] = {
    "all_of": (kleene.all_of, all),
    "any_of": (kleene.any_of, any),
    "none_of": (kleene.none_of, lambda way: not any(way)),
    **{
        f"at_least({k})": (
            lambda parts, k=k: kleene.at_least(k, parts),  # type: ignore[misc]
            lambda way, k=k: sum(way) >= k,  # type: ignore[misc]
        )
        for k in range(-1, 7)
    },
}


def columns(operands: Sequence[Sequence[int]]) -> list[kleene.Truth]:
    """The n-th operand of every tuple as one truth; the tuples again and again, so that they fill more than a word."""
    return [kleene.truth_of(np.resize(column, wide(operands))) for column in zip(*operands, strict=True)]


def wide(operands: Sequence[object]) -> int:
    return max(WIDE, len(operands))


def numbers(truth: kleene.Truth, n: int) -> list[int]:
    return [int(code) for code in kleene.codes_of_truth(truth, n)]


def one(truth: kleene.Truth) -> int:
    """A single value."""
    assert truth.met.ndim == truth.possible.ndim == 0
    return numbers(truth, 1)[0]


def test_the_three_words() -> None:
    """The codes that the contract fixes, in the order of the words."""
    assert (int(kleene.NOT_MET), int(kleene.NOT_DOCUMENTED), int(kleene.MET)) == (0, 1, 2)
    assert kleene.WORDS == ("not met", "not documented", "met")


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_arrays(name: str, n: int) -> None:
    """Every combination of up to four operands at once, as int8, with the operands left as they were."""
    operator, rule = OPERATORS[name]
    tuples = list(itertools.product(STATES, repeat=n))
    parts = columns(tuples)
    before = [(part.met.copy(), part.possible.copy()) for part in parts]
    found = numbers(operator(parts), wide(tuples))
    assert found == [by_completion(rule, tuples[i % len(tuples)]) for i in range(len(found))]
    for part, copy in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part, copy)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
def test_planes_keep_every_row(n: int) -> None:
    """Masks and numbers come back from planes as they went in, whatever the last word holds."""
    draws = np.random.default_rng(n)
    mask, codes = draws.integers(0, 2, n).astype(bool), draws.integers(0, 3, n).astype(np.int8)
    assert planes.mask_of(planes.plane_of(mask), n).tolist() == mask.tolist()
    assert planes.mask_of(planes.inverse(planes.plane_of(mask)), n).tolist() == (~mask).tolist()
    assert kleene.codes_of_truth(kleene.truth_of(codes), n).tolist() == codes.tolist()
    assert planes.mask_of(kleene.truth_of(codes).open, n).tolist() == (codes == NOT_DOCUMENTED).tolist()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 640, 5_000])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_bits_are_counted_in_stretches(n: int, share: float) -> None:
    """Whatever word a stretch begins or ends in, empty ones too, and whatever stands behind the last row."""
    draws = np.random.default_rng(n)
    mask = draws.random(n) < share
    inner = np.sort(draws.integers(0, n + 1, 12))
    for ends in ([0, n], [0, *inner, n], inner, [n // 2, n]):
        stretches = counting.Stretches(np.array(ends))
        expected = [int(mask[start:end].sum()) for start, end in itertools.pairwise(ends)]
        assert stretches.counts(planes.plane_of(mask)).tolist() == expected
        others = stretches.counts(planes.inverse(planes.plane_of(~mask)))
        assert others.tolist() == expected
    assert counting.count(planes.plane_of(mask), n) == int(mask.sum())


@pytest.mark.parametrize(("operator", "decisive"), [(kleene.all_of, NOT_MET), (kleene.any_of, MET)])
def test_what_follows_a_decisive_value_is_not_read(
    operator: Callable[[Iterable[kleene.Truth]], kleene.Truth], decisive: int
) -> None:
    """Levers come first in a criterion: what they rule out need not be looked up for any row."""

    def parts(*values: int | list[int]) -> Iterator[kleene.Truth]:
        yield from map(kleene.truth_of, values)
        raise LookupError

    assert one(operator(parts(decisive))) == decisive
    assert one(operator(parts([MET - decisive, NOT_DOCUMENTED], NOT_DOCUMENTED, decisive))) == decisive
    for undecided in (MET - decisive, NOT_DOCUMENTED, [MET - decisive, NOT_DOCUMENTED]):
        with pytest.raises(LookupError):
            operator(parts(undecided))


@pytest.mark.parametrize("name", OPERATORS)
def test_scalars(name: str) -> None:
    """Single values in, a single value out."""
    operator, rule = OPERATORS[name]
    for operands in TUPLES:
        assert one(operator([kleene.truth_of(o) for o in operands])) == by_completion(rule, operands), operands


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("scalar_first", [True, False])
def test_a_scalar_beside_arrays(name: str, scalar_first: bool) -> None:
    """A truth that only levers decide is one value beside a column of truths."""
    operator, rule = OPERATORS[name]
    pairs = list(itertools.product(STATES, repeat=2))
    first, second = columns(pairs)
    for single in STATES:
        alone = kleene.truth_of(single)
        parts = [alone, first, second] if scalar_first else [first, second, alone]
        expected = [by_completion(rule, (single, *pair)) for pair in pairs]
        assert numbers(operator(parts), len(pairs)) == expected


def test_of_no_parts() -> None:
    """All of nothing is met, any of nothing is not, none of nothing is met."""
    assert [one(of([])) for of in (kleene.all_of, kleene.any_of, kleene.none_of)] == [MET, NOT_MET, MET]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_de_morgan(n: int) -> None:
    """None of the parts = all of their opposites; any = not none; all and any are the ends of at least k of n."""
    tuples = list(itertools.product(STATES, repeat=n))
    parts = columns(tuples)

    def same(one: kleene.Truth, other: kleene.Truth) -> None:
        assert numbers(one, wide(tuples)) == numbers(other, wide(tuples))

    opposite = [kleene.none_of([part]) for part in parts]
    for part, other in zip(parts, opposite, strict=True):
        assert numbers(other, wide(tuples)) == [MET - code for code in numbers(part, wide(tuples))]
    same(kleene.none_of(parts), kleene.all_of(opposite))
    same(kleene.none_of(opposite), kleene.all_of(parts))
    same(kleene.any_of(parts), kleene.none_of([kleene.none_of(parts)]))
    same(kleene.at_least(n, parts), kleene.all_of(parts))
    same(kleene.at_least(1, parts), kleene.any_of(parts))
    for k in range(1, n + 1):
        same(kleene.at_least(k, opposite), kleene.none_of([kleene.at_least(n - k + 1, parts)]))


@pytest.mark.parametrize("name", OPERATORS)
def test_monotone_in_information(name: str) -> None:
    """Documenting one operand never changes a result that was decided."""
    operator, _ = OPERATORS[name]
    decided = 0
    for operands in TUPLES:
        if NOT_DOCUMENTED not in operands:
            continue
        before = one(operator([kleene.truth_of(o) for o in operands]))
        position = operands.index(NOT_DOCUMENTED)
        for told in (NOT_MET, MET):
            after_operands = [told if i == position else o for i, o in enumerate(operands)]
            after = one(operator([kleene.truth_of(o) for o in after_operands]))
            if before != NOT_DOCUMENTED:
                decided += 1
                assert after == before, (operands, after_operands)
    assert decided > 0


def test_at_least_one_of_nothing_is_not_met():
    assert one(kleene.at_least(1, [])) == NOT_MET
    assert one(kleene.at_least(0, [])) == MET


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_blending_takes_each_number_from_its_side(kind: type[np.signedinteger]) -> None:
    """The ends of the type too, between which no difference fits into it."""
    ends = np.iinfo(kind)
    pairs = list(itertools.product((ends.min, -1, 0, 1, ends.max), repeat=2))
    one, other = (np.array(side, dtype=kind) for side in zip(*pairs, strict=True))
    for mask in (np.arange(len(pairs)) % 2 == 0, np.arange(len(pairs)) % 2 == 1):
        found = rows.blend(mask, one, other)
        assert found.dtype == kind
        assert found.tolist() == [pair[0] if here else pair[1] for pair, here in zip(pairs, mask, strict=True)]
