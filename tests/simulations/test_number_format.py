"""A share is shown as one number wherever it stands: rounded from its decimal digits, halves away from zero."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random

import pandas as pd
import pytest

from simulations.reports.table_cells import in_shares
from simulations.statistics.number_format import (
    change_called,
    fixed,
    in_percent,
    percent,
    percent_within,
    points,
    points_within,
)


def on_paper(share: Fraction, decimals: int) -> Decimal:
    """In per cent by whole numbers alone: twice the share's tenths (hundredths), and one more, halved."""
    scale = 100 * 10**decimals
    whole = (2 * abs(share.numerator) * scale + share.denominator) // (2 * share.denominator)
    return Decimal(whole if share >= 0 else -whole).scaleb(-decimals)


def counts() -> Iterator[tuple[int, int]]:
    """Every share of few cases, and every half of more of them: those are what a binary number loses."""
    yield from ((hits, cases) for cases in range(1, 161) for hits in range(cases + 1))
    yield from ((hits, cases) for cases in (200, 400, 1000, 1250, 1600, 2000) for hits in range(cases + 1))
    random = Random(1)
    yield from ((random.randint(0, cases), cases) for cases in range(161, 2001) for _ in range(3))


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_the_number_beside_a_count_is_that_of_a_person_with_paper(decimals: int):
    for hits, cases in counts():
        exact = on_paper(Fraction(hits, cases), decimals)
        told = percent(hits / cases, decimals).rstrip("%")
        if told[0] in "<>":
            assert (told[0] == "<", exact) in ((True, 0), (False, 100))
            assert 0 < hits < cases
        else:
            assert told == str(exact), (hits, cases)
        assert fixed(in_percent(hits / cases), decimals) == str(exact), (hits, cases)  # by way of a table


def test_a_difference_of_shares_is_rounded_alike_whatever_way_it_comes():
    random = Random(2)
    for cases in range(1, 2001):
        before, after = random.randint(0, cases), random.randint(0, cases)
        exact = on_paper(Fraction(after - before, cases), 1)
        size = str(abs(exact))
        written = size if not exact else f"+{size}" if exact > 0 else f"−{size}"
        one, other = after / cases - before / cases, (after - before) / cases
        assert points(one) == points(other) == points(in_percent(other) / 100) == written


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.4055, "40.6%"),
        (0.3305, "33.1%"),
        (0.0005, "0.1%"),
        (0.00049, "<0.1%"),
        (0.9995, ">99.9%"),
        (None, "withheld"),
    ],
)
def test_halves_go_up_and_no_share_is_shown_as_none_or_all(share: float | None, told: str):
    assert percent(share) == told


def test_a_table_holds_no_half_that_is_none():
    """Four decimals that a reader rounds again give what the page shows."""
    assert [in_percent(share) for share in (0.40549996, 0.40550004, -0.40549996, 0.4055, 0.49999996)] == [
        40.5499, 40.5501, -40.5499, 40.55, 50.0,
    ]  # fmt: skip
    random = Random(3)
    for _ in range(20_000):
        cases = random.randint(1001, 200_000)
        hits = random.randint(0, cases)
        told = Decimal(str(in_percent(hits / cases)))
        exact = Fraction(hits, cases)
        for decimals in (1, 2):
            rounded = told.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            assert rounded == on_paper(exact, decimals), (hits, cases)
        assert abs(told - Decimal(100 * hits) / cases) <= Decimal("0.0001")


def test_intervals_and_rounded_tables_round_as_shares_do():
    assert percent_within(40.55, 38.45, 42.65) == "40.6% (38.5 to 42.7)"
    assert points_within(-0.25, -1.05, 0.04, decimals=1) == "−0.3 (−1.1 to 0.0)"
    table = in_shares(pd.DataFrame({"cases": [2000, 2000], "met": [811, 5], "met_pct": [40.55, 0.25]}))
    assert table["about_met_pct"].tolist() == [40.6, 0.3]


def test_a_change_that_is_not_the_difference_of_what_is_shown_says_why():
    """2,086 and 1,524 of 10,000 are shown as 20.9 and 15.2, and differ by 5.62."""
    assert change_called([(0.2086, 0.1524, -0.0562)]) == "Change, points, from exact counts"
    assert change_called([(0.2086, 0.1524, -0.0562)], "Change", 2) == "Change"
    assert change_called([(0.2, 0.1, -0.1), (None, 0.1, None)]) == "Change, points"
    assert change_called([(0.2, 0.1, -0.1), (0.2086, 0.1524, -0.0562)], "By") == "By, from exact counts"


def test_what_a_change_is_called_agrees_with_subtraction_by_hand():
    luck = Random(7)
    for _ in range(500):
        cases = luck.randrange(50, 20_000)
        old, new = luck.randrange(cases + 1), luck.randrange(cases + 1)
        shown = [on_paper(Fraction(n, cases), 1) for n in (old, new)]
        plain = on_paper(Fraction(new - old, cases), 1) if new >= old else -on_paper(Fraction(old - new, cases), 1)
        told = change_called([(old / cases, new / cases, (new - old) / cases)])
        assert (told == "Change, points") == (shown[1] - shown[0] == plain), (old, new, cases)
