"""The program for JavaScript says of every case what `determine`, and the interpreter by hand, say of it."""

from __future__ import annotations

import random

import numpy as np
import pytest

import policy as core
import simulations
from policy.determinations.layout import Planes
from policy.javascript import Program, compiled
from policy.javascript.compiler import JavaScript, SomeSettings
from policy.model import OUTCOMES, Policy, Settings
from tests.policy.cases_of_generated import random_levers
from tests.policy.every_command import Trial
from tests.policy.generated import WIDE
from tests.policy.in_javascript import NODE, of_roots, outcomes
from tests.policy.interpreter import Reader, levers_of
from tests.policy.test_lint import small
from tests.policy.test_missing import OUTCOMES as BRANCHES
from tests.policy.test_missing import ROWS, TESTS, expected, frame, made, possible
from tests.sampling import some

needs_node = pytest.mark.skipif(NODE is None, reason="no node is installed here")


@needs_node
@pytest.mark.parametrize(
    "seed", some([*range(2), *range(WIDE, WIDE + 4), *range(2, 60), *range(WIDE + 4, WIDE + 60)], 6)
)
def test_a_generated_policy_comes_out_as_by_hand(seed: int) -> None:
    """Every kind of field, lever, test, requirement and rule, cases at the decision, levers moved together."""
    trial, luck = Trial(seed), random.Random(seed)
    moved = [{}, *(random_levers(trial.tree, luck) for _ in range(12))]
    found = outcomes(trial.policy, trial.all, [trial.policy.settings(one) for one in moved])
    for levers, codes in zip(moved, found.tolist(), strict=True):
        reader = Reader(trial.tree, levers_of(trial.tree, levers))
        assert [OUTCOMES[code] for code in codes] == [reader.determine(case).outcome for case in trial.every], levers


def anywhere(policy: Policy, luck: random.Random) -> Settings:
    """Any joint setting of all levers."""
    return policy.settings({name: luck.choice(lever.values()) for name, lever in policy.levers.items()})


@needs_node
@pytest.mark.parametrize("seed", some(range(4), 2))
def test_a_missing_number_that_is_known_to_be_so_much_leaves_the_branches_above(seed: int) -> None:
    luck = random.Random(seed)
    of = {str(value): luck.choice(BRANCHES) for value in luck.sample(range(6), 3)}
    other = luck.choice(BRANCHES)
    rule = {"switch": "failed_anticonvulsants", "stated": "is_many", "otherwise": {"outcome": other, "because": "else"}}
    rule |= {"branches": {word: {"outcome": outcome, "because": word} for word, outcome in of.items()}}
    document = made(rule=rule)
    (found,) = outcomes(document, core.Cases.from_frame(frame(ROWS), document), [document.settings()])
    ways = [{of.get(str(value), other) for value in possible(row)} for row in ROWS]
    assert [OUTCOMES[code] for code in found.tolist()] == [one.pop() if len(one) == 1 else "pend" for one in ways]


@needs_node
def test_what_one_column_tells_about_another_holds_in_every_comparison() -> None:
    """Each criterion of test_missing.py, as if a pathway asked for nothing else."""
    document = made()
    say = JavaScript(Program(document, tuple(document.fields_), ()), SomeSettings(document, {}))
    met = say.outcome("met", None)
    roots = [say.program.node("require", say.criterion(name), met) for name in TESTS]
    say.program.closing = say.outcome("pend", None)
    found = of_roots(say.program, roots, core.Cases.from_frame(frame(ROWS), document))
    for (name, (_, holds)), codes in zip(TESTS.items(), found, strict=True):
        wanted = [("not_met", "pend", "met")[expected(row, holds)] for row in ROWS]
        assert [OUTCOMES[code] for code in codes] == wanted, name


def test_a_program_is_made_of_numbers_and_its_own_words_only() -> None:
    """No text of a policy is in it, so none can be taken for a program."""
    policy = core.load("nerve_blocks")
    words = {"always", "all", "any", "none", "count", "line", "sum", "words", "file", "coded", "pick", "outcome",
             "require", "step", "switch", "code"}  # fmt: skip

    def texts(part: object) -> set[str]:
        if isinstance(part, (list, tuple)):
            return set().union(*map(texts, part))
        return {part} if isinstance(part, str) else set()

    program = compiled(policy)
    assert texts(program.nodes) <= words
    assert compiled(policy).data() == program.data()


def test_levers_with_many_values_in_one_condition_are_asked_together_in_few_nodes() -> None:
    """Each lever of the condition is on or off, whatever its ten thousand values are."""
    tree = small()
    many = {"domain": {"min": "0", "max": "9999", "step": "1"}, "unit": "days", "off_allowed": "true", "default": "off"}
    many |= {"direction": "stricter_when_higher", "label": "x", "says": "x", "citation": "x", "origin": "assumption"}
    tree["levers"] |= {"one": many, "other": many}
    rule = tree["pathways"]["trigeminal_block"]["rule"]
    on = {"while": {"one": ["on"], "other": ["on"]}, "outcome": "pend", "because": "both are on"}
    tree["pathways"]["trigeminal_block"]["rule"] = {"first_of": [on, rule]}
    before, after = (compiled(Policy.model_validate(one)) for one in (small(), tree))
    assert len(after.nodes) - len(before.nodes) <= 3


def test_no_node_is_there_twice_and_parts_stand_before_what_they_are_parts_of() -> None:
    program = compiled(core.load("positive_airway_pressure"))
    assert len({*map(str, program.nodes)}) == len(program.nodes)
    for place, node in enumerate(program.nodes):
        assert all(part < place for part in program.below(place) - {place}), node


SHIPPED = ("nerve_blocks", "positive_airway_pressure", "lower_back_procedures", "occipital_myofascial")


def disagreeing(name: str, size: int, settings: int) -> int:
    """At how many joint settings of all levers some case of a shipped policy comes out otherwise."""
    policy, luck = core.load(name), random.Random(name)
    cases = simulations.cases_of(policy, size=size, seed=3).part(0)
    some_settings, planes = [anywhere(policy, luck) for _ in range(settings)], Planes(cases)
    wanted = [core.determine(policy, cases, one, planes=planes, asking=False).outcome for one in some_settings]
    return int((outcomes(policy, cases, some_settings) != np.array(wanted)).any(axis=1).sum())


@needs_node
def test_the_shipped_policy_comes_out_as_determined_at_any_setting() -> None:
    assert disagreeing("nerve_blocks", size=500, settings=15) == 0


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("name", SHIPPED)
def test_every_case_comes_out_as_determined_at_a_thousand_settings(name: str) -> None:
    assert disagreeing(name, size=2_000, settings=1_000) == 0
