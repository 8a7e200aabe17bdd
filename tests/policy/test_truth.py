"""The four operators of three-valued truth against an oracle that knows no minimum, maximum or order.

An operator on partly open operands is met when it is true for every way the open ones could turn out, not met when it
is false for every way, else not documented. With each operand used once that is Kleene's logic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pytest

from policy.evaluation import kleene

NOT_MET, NOT_DOCUMENTED, MET = 0, 1, 2
STATES = (NOT_MET, NOT_DOCUMENTED, MET)
TUPLES = [operands for n in range(1, 5) for operands in itertools.product(STATES, repeat=n)]
Operator = Callable[[Sequence[kleene.Truth]], kleene.Truth]


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
    """The n-th operand of every tuple as one array."""
    return [np.array(column, dtype=np.int8) for column in zip(*operands, strict=True)]


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
    before = [part.copy() for part in parts]
    result = operator(parts)
    assert result.dtype == np.int8
    assert result.tolist() == [by_completion(rule, operands) for operands in tuples]
    for part, copy in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part, copy)


@pytest.mark.parametrize(("operator", "decisive"), [(kleene.all_of, NOT_MET), (kleene.any_of, MET)])
def test_what_follows_a_decisive_value_is_not_read(
    operator: Callable[[Iterable[kleene.Truth]], kleene.Truth], decisive: int
) -> None:
    """Levers come first in a criterion: what they rule out need not be looked up for any row."""

    def parts(*values: object) -> Iterator[kleene.Truth]:
        yield from (np.asarray(value, dtype=np.int8) for value in values)
        raise LookupError

    assert operator(parts(decisive)) == decisive
    assert operator(parts([MET - decisive, NOT_DOCUMENTED], NOT_DOCUMENTED, decisive)) == decisive
    for undecided in (MET - decisive, NOT_DOCUMENTED, [decisive]):
        with pytest.raises(LookupError):
            operator(parts(undecided))


@pytest.mark.parametrize("name", OPERATORS)
def test_scalars(name: str) -> None:
    """Single values in, a single value out."""
    operator, rule = OPERATORS[name]
    for operands in TUPLES:
        result = operator([np.asarray(o, dtype=np.int8) for o in operands])
        assert np.shape(result) == ()
        assert int(result) == by_completion(rule, operands), operands


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("scalar_first", [True, False])
def test_a_scalar_beside_arrays(name: str, scalar_first: bool) -> None:
    """A truth that only levers decide is one value beside a column of truths."""
    operator, rule = OPERATORS[name]
    pairs = list(itertools.product(STATES, repeat=2))
    first, second = columns(pairs)
    for single in STATES:
        alone = np.asarray(single, dtype=np.int8)
        parts = [alone, first, second] if scalar_first else [first, second, alone]
        expected = [by_completion(rule, (single, *pair)) for pair in pairs]
        assert np.broadcast_to(operator(parts), (len(pairs),)).tolist() == expected


@pytest.mark.parametrize("name", OPERATORS)
def test_columns_against_rows(name: str) -> None:
    """Arrays of any shapes that broadcast: a column against a row gives the whole table."""
    operator, rule = OPERATORS[name]
    states = np.array(STATES, dtype=np.int8)
    expected = [[by_completion(rule, (a, b)) for b in STATES] for a in STATES]
    assert np.broadcast_to(operator([states[:, None], states[None, :]]), (3, 3)).tolist() == expected


def test_of_no_parts() -> None:
    """All of nothing is met, any of nothing is not, none of nothing is met."""
    assert (int(kleene.all_of([])), int(kleene.any_of([])), int(kleene.none_of([]))) == (MET, NOT_MET, MET)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_de_morgan(n: int) -> None:
    """None of the parts = all of their opposites; any = not none; all and any are the ends of at least k of n."""
    parts = columns(list(itertools.product(STATES, repeat=n)))
    opposite = [kleene.none_of([part]) for part in parts]
    for part, other in zip(parts, opposite, strict=True):
        assert [(int(a), int(b)) for a, b in zip(part, other, strict=True)] == [(int(a), 2 - int(a)) for a in part]
    np.testing.assert_array_equal(kleene.none_of(parts), kleene.all_of(opposite))
    np.testing.assert_array_equal(kleene.none_of(opposite), kleene.all_of(parts))
    np.testing.assert_array_equal(kleene.any_of(parts), kleene.none_of([kleene.none_of(parts)]))
    np.testing.assert_array_equal(kleene.at_least(n, parts), kleene.all_of(parts))
    np.testing.assert_array_equal(kleene.at_least(1, parts), kleene.any_of(parts))
    for k in range(1, n + 1):
        np.testing.assert_array_equal(kleene.at_least(k, opposite), kleene.none_of([kleene.at_least(n - k + 1, parts)]))


@pytest.mark.parametrize("name", OPERATORS)
def test_monotone_in_information(name: str) -> None:
    """Documenting one operand never changes a result that was decided."""
    operator, _ = OPERATORS[name]
    decided = 0
    for operands in TUPLES:
        if NOT_DOCUMENTED not in operands:
            continue
        before = int(operator([np.asarray(o, dtype=np.int8) for o in operands]))
        position = operands.index(NOT_DOCUMENTED)
        for told in (NOT_MET, MET):
            after_operands = [told if i == position else o for i, o in enumerate(operands)]
            after = int(operator([np.asarray(o, dtype=np.int8) for o in after_operands]))
            if before != NOT_DOCUMENTED:
                decided += 1
                assert after == before, (operands, after_operands)
    assert decided > 0


def test_at_least_one_of_nothing_is_not_met():
    assert kleene.at_least(1, []) == NOT_MET
    assert kleene.at_least(0, []) == MET
