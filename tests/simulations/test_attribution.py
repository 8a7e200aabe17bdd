"""Shares of games with known answers, of levers against every order tried by hand, and sums without any error."""

from fractions import Fraction
from itertools import permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.determinations.determination import determine
from policy.model import OUTCOMES, Settings
from policy.problems import ProblemsFound
from policy.reading.scenario import Edit
from simulations import ask
from simulations.studies.bootstrap import percentile_interval, replicates
from simulations.studies.comparison import Study
from simulations.studies.impact import determined
from simulations.studies.shapley import MOST, Attribution, attribute, attributed, interaction, shapley

LEVERS = {"conservative_weeks": 8, "pain_duration_months": 4, "insufficient_evidence_action": "met_if_prereqs"}


@pytest.fixture(scope="module")
def study() -> Study:
    return ask(provisions=LEVERS, size=2500)


@pytest.fixture(scope="module")
def found(study: Study) -> Attribution:
    return attribute(study, groups=("sex",))


def game_of(players: int, value) -> np.ndarray:
    return np.array([value({i for i in range(players) if c >> i & 1}) for c in range(1 << players)], dtype=object)


def shares(game: np.ndarray) -> list[Fraction]:
    whole = factorial(len(game).bit_length() - 1)
    return [Fraction(int(part), whole) for part in shapley(game)]


# Games ---------------------------------------------------------------------------------------------------------------


def test_gloves():
    """Two have a left glove, one a right: the rare glove has two thirds."""
    pairs = game_of(3, lambda s: int(2 in s and bool(s & {0, 1})))
    assert shares(pairs) == [Fraction(1, 6), Fraction(1, 6), Fraction(2, 3)]


def test_an_airport():
    """Littlechild and Owen 1973: each part of the runway is shared by those who need it."""
    lengths = [1, 3, 6]
    runway = game_of(3, lambda s: max((lengths[i] for i in s), default=0))
    assert shares(runway) == [Fraction(1, 3), Fraction(4, 3), Fraction(13, 3)]


def test_the_council_of_six_in_1958():
    """Weights 4, 4, 4, 2, 2, 1 and quota 12: Luxembourg never turned a vote."""
    weights = [4, 4, 4, 2, 2, 1]
    vote = game_of(6, lambda s: int(sum(weights[i] for i in s) >= 12))
    assert shares(vote) == [Fraction(14, 60)] * 3 + [Fraction(9, 60)] * 2 + [Fraction(0)]


@pytest.mark.slow
def test_the_security_council():
    """Five with a veto, ten without, nine votes needed: 421/2145 each and 4/2145 each."""
    vote = game_of(15, lambda s: int({0, 1, 2, 3, 4} <= s and len(s) >= 9))
    assert shares(vote) == [Fraction(421, 2145)] * 5 + [Fraction(4, 2145)] * 10


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.integers(-999, 999), min_size=1 << n, max_size=1 << n)))
def test_the_mean_over_every_order(values: list[int]):
    game = np.array(values)
    players = len(values).bit_length() - 1
    gains = [[0] * players]
    for order in permutations(range(players)):
        coalition, gained = 0, [0] * players
        for player in order:
            gained[player] = values[coalition | 1 << player] - values[coalition]
            coalition |= 1 << player
        gains.append(gained)
    assert [int(part) for part in shapley(game)] == [sum(column) for column in zip(*gains, strict=True)]
    assert sum(shares(game)) == values[-1] - values[0]


def test_interaction_of_unanimity_and_of_addition():
    """Grabisch and Roubens 1999: all of k players needed, the index of a pair among them is 1 / (k - 1)."""
    for k in (2, 3, 4):
        game = game_of(4, lambda s, k=k: int(set(range(k)) <= s))
        for (i, j), value in interaction(game).items():
            assert Fraction(int(value), factorial(3)) == (Fraction(1, k - 1) if max(i, j) < k else 0)
    alone = game_of(4, lambda s: sum([3, -1, 4, 0][i] for i in s))
    assert {int(v) for v in interaction(alone).values()} == {0}


def test_a_game_needs_all_its_coalitions():
    for size in (0, 1, 3, 6):
        with pytest.raises(ProblemsFound):
            shapley(np.zeros(size))


# Provisions ----------------------------------------------------------------------------------------------------------


def test_every_combination_is_what_determining_gives(study: Study, found: Attribution):
    (part,) = study.cases.slices()
    for chosen in range(8):
        moves = {n: study.scenario[n] for i, n in enumerate(found.provisions) if chosen >> i & 1}
        counts = determine(study.policy, part, Settings(study.policy, {**study.baseline, **moves})).counts()
        assert {word: int(found.game(word)[chosen]) for word in OUTCOMES} == counts


def test_a_lever_that_acts_before_every_rule_and_one_that_acts_after(study: Study):
    moves = {"undocumented_action": "not_met", "g43819_mapping": "pend_for_code", "conservative_weeks": 8}
    found = attributed(study.baseline, moves, (), study.cases)
    (part,) = study.cases.slices()
    for chosen in range(8):
        made = {name: value for i, (name, value) in enumerate(moves.items()) if chosen >> i & 1}
        counts = determine(study.policy, part, Settings(study.policy, {**study.baseline, **made})).counts()
        assert {word: int(found.game(word)[chosen]) for word in OUTCOMES} == counts


def test_shares_add_up_to_the_change_of_every_outcome_without_error(study: Study, found: Attribution):
    table = study.impact.outcomes().set_index("outcome")
    for word in OUTCOMES:
        assert sum(found.shares(word).values()) == table.loc[word, "change"]
        as_rates = sum(float(share) / found.cases for share in found.shares(word).values())
        assert abs(as_rates - table.loc[word, "change"] / found.cases) < 1e-12


def test_the_order_matters_to_everything_but_the_share(study: Study, found: Attribution):
    """One at a time the parts do not even add up to the change; their sum by order differs lever by lever."""
    frame = found.frame()
    assert (frame["first_in"] != frame["last_in"]).any()
    assert frame["first_in"].sum() != study.impact.outcomes()["change"][0]
    assert (frame["least"] <= frame["share"]).all()
    assert (frame["share"] <= frame["most"]).all()
    for row in frame.to_dict("records"):
        assert row["least"] <= min(row["first_in"], row["last_in"]) <= max(row["first_in"], row["last_in"])
        assert max(row["first_in"], row["last_in"]) <= row["most"]
    reversed_ = attributed(study.baseline, {n: study.scenario[n] for n in reversed(LEVERS)}, (), study.cases)
    assert reversed_.shares() == found.shares()


def test_subgroups_add_up_to_all(found: Attribution):
    labels = sorted(set(found.groups.frame()["sex"]))
    assert len(labels) > 2
    for name, share in found.shares().items():
        assert sum(found.shares(sex=label)[name] for label in labels) == share
    assert sum(int(found.rows(sex=label).sum()) for label in labels) == found.cases
    with pytest.raises(ProblemsFound, match="did you mean female"):
        found.shares(sex="femal")
    with pytest.raises(ProblemsFound, match="was not counted by"):
        found.shares(rural="true")


def test_a_lever_that_nothing_reads_has_no_share_and_no_interaction():
    study = ask(provisions={**LEVERS, "diagnostic_block_exempt": "false"}, size=1500)
    found = attribute(study)
    assert found.shares()["diagnostic_block_exempt"] == 0
    pairs = found.interactions()
    mine = pairs[(pairs["one"] == "diagnostic_block_exempt") | (pairs["other"] == "diagnostic_block_exempt")]
    assert len(mine) == 3
    assert (mine["interaction"] == 0).all()


def test_edits_of_criteria_are_provisions_too(study: Study):
    edit = Edit(add="trigger_points", to=("migraine_occipital_block",), because="x")
    found = attributed(study.baseline, {"conservative_weeks": 4}, [edit], study.cases)
    assert found.provisions == ("conservative_weeks", "add trigger_points to migraine_occipital_block")
    (part,) = study.cases.slices()
    from policy.reading.scenario import edited

    new = edited(study.policy, [edit])
    both = determined(part, Settings(new, {**study.baseline, "conservative_weeks": 4}))
    assert int(found.game()[3]) == both.counts()["met"]
    assert sum(found.shares().values()) == int(found.game()[3] - found.game()[0])


def test_the_interval_is_that_of_drawing_the_cases_again(found: Attribution):
    """Against a bootstrap of the kinds of cases, with their luck compared by width."""
    frame = found.frame()
    kinds = found.counts.sum(axis=1)
    drawn = replicates(kinds, 2000, 5)
    own = shapley((found.patterns == 0).T.astype(np.int64)).astype(float) / factorial(len(found.provisions))
    for i, row in enumerate(frame.to_dict("records")):
        low, high = percentile_interval(100 * (drawn @ own[i]) / found.cases)
        assert row["high"] - row["low"] == pytest.approx(high - low, rel=0.12)
        assert row["low"] <= row["share_points"] <= row["high"]


@given(st.lists(st.integers(0, 2**8 - 1), min_size=1, max_size=30), st.data())
@settings(max_examples=30)
def test_the_table_of_made_up_patterns(bits: list[int], data: st.DataObject):
    """Any pattern of approvals under three provisions: the frame keeps its bounds and its sum."""
    from policy import load
    from simulations.counting.grouping import Groups

    patterns = np.array([[1 - (b >> c & 1) for c in range(8)] for b in bits], dtype=np.uint8)
    counts = np.array([[data.draw(st.integers(0, 9))] for _ in bits], dtype=np.int64)
    policy = load("nerve_blocks")
    made = Attribution(policy, ("a", "b", "c"), Groups(policy), patterns, counts)
    frame: pd.DataFrame = made.frame()
    game = made.game()
    assert frame["share"].sum() == pytest.approx(int(game[-1] - game[0]))
    assert (frame["least"] - 1e-9 <= frame["share"]).all()
    assert (frame["share"] <= frame["most"] + 1e-9).all()


def test_too_many_or_no_provisions_are_refused(study: Study):
    with pytest.raises(ProblemsFound, match="0 provisions; 1 to 12"):
        attribute(ask(size=10))
    moves = {name: lever.values()[-1] for name, lever in study.policy.levers.items()}
    with pytest.raises(ProblemsFound, match=f"1 to {MOST} can be told apart"):
        attributed(study.baseline, moves, (), study.cases)
