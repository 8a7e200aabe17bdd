"""The anatomy of refusals against each case taken by itself, determined again with one thing changed."""

import numpy as np
import pytest
from scipy.stats import binomtest

from policy.determinations.determination import determine
from policy.determinations.results import UNREAD
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET
from policy.model import OUTCOMES, Settings
from simulations import ask
from simulations.studies.comparison import Study
from simulations.studies.denials import Anatomy, dissect

LEVERS = {"max_sessions_12m": "4", "conservative_weeks": "8", "diagnostic_blocks_required": "1"}


@pytest.fixture(scope="module", params=[{}, {**LEVERS, "undocumented_action": "not_met"}, {"relief_rule": "mean"}])
def study(request: pytest.FixtureRequest) -> Study:
    return ask(provisions=request.param, size=2500, seed=4)


@pytest.fixture(scope="module")
def anatomy(study: Study) -> Anatomy:
    return dissect(study.scenario, study.cases)


def determined(study: Study):
    (part,) = study.cases.slices()
    return part, determine(study.policy, part, study.scenario)


def test_outcomes_and_causes_add_up(study: Study, anatomy: Anatomy):
    part, found = determined(study)
    assert anatomy.outcomes() == found.counts()
    assert anatomy.cases == len(part)
    assert sum(anatomy.causes().values()) == found.counts()["not_met"]
    assert anatomy.causes()["closed"] == int(found.closed.sum())
    assert min(anatomy.causes()["criterion"], anatomy.causes()["action"]) > 0


def test_criteria_are_those_that_the_reasons_of_each_case_name(study: Study, anatomy: Anatomy):
    """Counted from the words of the determinations: lists of criteria joined by semicolons."""
    _, found = determined(study)
    frame = found.frame()
    refused = frame[frame["outcome"] == "not_met"]["not_met"].astype(str).str.split(";")
    missing = frame["not_documented"].astype(str).str.split(";")
    for row in anatomy.criteria().to_dict("records"):
        name = row["criterion"]
        assert row["fails"] == sum(name in names for names in refused)
        assert row["alone"] == sum(names == [name] for names in refused)
        assert row["missing"] == sum(name in names for names in missing)


def test_what_fails_alone_is_met_when_it_is_assumed(study: Study, anatomy: Anatomy):
    part, found = determined(study)
    frame = found.frame()
    for row in anatomy.criteria().to_dict("records")[:6]:
        alone = ((frame["outcome"] == "not_met") & (frame["not_met"].astype(str) == row["criterion"])).to_numpy()
        instead = determine(study.policy, part, study.scenario, assumed={row["criterion"]: MET}).outcome
        assert row["alone_met"] == int((instead[alone] == 0).sum())
        assert row["alone_met"] <= row["alone"] <= row["fails"] <= row["reads"]


def test_a_step_is_the_lever_moved_by_a_step(study: Study, anatomy: Anatomy):
    part, found = determined(study)
    for row in anatomy.steps().to_dict("records"):
        lever = study.policy.levers[row["lever"]]
        values = {lever.show(v): v for v in lever.values()}
        looser = Settings(study.policy, {**study.scenario, row["lever"]: values[row["looser"]]})
        after = determine(study.policy, part, looser)
        fails = (found.outcome == 1) & (found.truths[row["criterion"]] == NOT_MET)
        near = fails & (after.truths[row["criterion"]] != NOT_MET)
        assert row["within_step"] == int(near.sum())
        assert row["met"] == int((after.outcome[near] == 0).sum())


def test_distances_of_conservative_care_are_days_counted_in_weeks(study: Study, anatomy: Anatomy):
    part, found = determined(study)
    weeks = int(str(study.scenario["conservative_weeks"]))
    days = part.facts["conservative_care_days"].astype(int)
    read = (found.truths["conservative_care"] < UNREAD) & (days >= 0)
    bins = np.floor((days[read] - 7 * weeks) / 7).astype(int)
    table = anatomy.distances()
    mine = table[table["lever"] == "conservative_weeks"].set_index("step")
    assert mine["cases"].to_dict() == {int(b): int((bins == b).sum()) for b in np.unique(bins)}
    refused = found.outcome[read] == 1
    assert mine["refused"].to_dict() == {int(b): int(refused[bins == b].sum()) for b in np.unique(bins)}
    assert mine.loc[2, "distance"] == 2
    assert mine.loc[-2, "distance"] == -1


def test_bunching_is_the_binomial_test_of_the_two_bins(study: Study, anatomy: Anatomy):
    part, found = determined(study)
    weeks = int(str(study.scenario["conservative_weeks"]))
    days = part.facts["conservative_care_days"].astype(int)[found.truths["conservative_care"] < UNREAD]
    row = anatomy.bunching().set_index("lever").loc["conservative_weeks"]
    below = int(((days >= 7 * weeks - 7) & (days < 7 * weeks)).sum())
    above = int(((days >= 7 * weeks) & (days < 7 * weeks + 7)).sum())
    assert (row["below"], row["above"], row["at_line"]) == (below, above, int((days == 7 * weeks).sum()))
    theirs = binomtest(above, above + below)
    assert row["p_value"] == theirs.pvalue
    assert row["low"] == pytest.approx(100 * theirs.proportion_ci(method="wilson").low, abs=1e-4)


def test_exactly_three_months_do_not_exceed_three(anatomy: Anatomy, study: Study):
    part, found = determined(study)
    halves = part.facts["pain_duration"].astype(int)[found.truths["pain_duration"] < UNREAD]
    row = anatomy.bunching().set_index("lever").loc["pain_duration_months"]
    assert row["at_line"] == int((halves == 6).sum())
    assert row["below"] == int(np.isin(halves, (5, 6)).sum())
    assert row["above"] == int(np.isin(halves, (7, 8)).sum())


# Papers --------------------------------------------------------------------------------------------------------------


def test_one_paper_settles_what_asks_for_nothing_else(study: Study, anatomy: Anatomy):
    """Every value of the one missing field in turn: none leaves the request open, and the two ends are as counted."""
    (part,) = study.cases.slices()
    pend = Settings(study.policy, {**study.scenario, "undocumented_action": "pend"})
    open_ = determine(study.policy, part, Settings(study.policy, {**pend, "undocumented_action": "not_met"})).closed
    asks = determine(study.policy, part, pend).frame()["ask"].astype(str).str.split(";")
    table = anatomy.fields().set_index("field")
    assert (table["open"] == open_.sum()).all()
    kinds = study.policy.fields_
    for name in ("function_limited", "radiculopathy", "intent", "image_guidance", "failed_preventives"):
        mine = np.array([o and a == [name] for o, a in zip(open_, asks, strict=True)])
        assert table.loc[name, "alone"] == mine.sum() > 0
        assert table.loc[name, "asked"] == sum(o and name in a for o, a in zip(open_, asks, strict=True))
        few = part.take(np.flatnonzero(mine))
        every = []
        for value in range(kinds[name].span[0], kinds[name].span[1] + 1):
            few.facts[name] = np.full(len(few), value, dtype=part.facts[name].dtype)
            every.append(determine(study.policy, few, pend, asking=False).outcome)
            closed = determine(study.policy, few, Settings(study.policy, {**pend, "undocumented_action": "not_met"}))
            assert not closed.closed.any() or name == "intent"  # an intent of another procedure reads as missing
        assert table.loc[name, "could_be_met"] == int((np.array(every) == 0).any(axis=0).sum())
        assert table.loc[name, "could_be_refused"] == int((np.array(every) == 1).any(axis=0).sum())


def test_the_price_of_the_undocumented_is_what_closing_the_file_refuses(study: Study, anatomy: Anatomy):
    part, found = determined(study)
    closings = [
        determine(study.policy, part, Settings(study.policy, {**study.scenario, "undocumented_action": word})).counts()
        for word in ("pend", "not_met")
    ]
    price = anatomy.price()
    assert price["open"] == closings[1]["not_met"] - closings[0]["not_met"] > 0
    assert 0 < price["one_paper"] == anatomy.fields()["alone"].sum() <= price["open"]
    assert sum(price[f"favourable_{word}"] for word in OUTCOMES) == price["open"]
    missing = [truth == NOT_DOCUMENTED for truth in found.truths.values()]
    assert price["open"] <= int(np.any(missing, axis=0).sum())


def test_slices_add_up(study: Study, anatomy: Anatomy):
    (part,) = study.cases.slices()
    pieces = [part.take(rows) for rows in np.array_split(np.arange(len(part)), 3)]
    again = dissect(study.scenario, pieces)
    assert +again.found == +anatomy.found
    for name in ("criteria", "steps", "distances", "bunching", "fields"):
        assert getattr(again, name)().equals(getattr(anatomy, name)())


def test_no_case_has_an_anatomy_of_nothing():
    study = ask(size=50)
    (part,) = study.cases.slices()
    empty = dissect(study.baseline, [part.take(np.arange(0))])
    assert empty.cases == sum(empty.causes().values()) == 0
    assert [len(table) for table in (empty.criteria(), empty.steps(), empty.distances(), empty.fields())] == [0] * 4
    assert len(empty.bunching()) == 0
