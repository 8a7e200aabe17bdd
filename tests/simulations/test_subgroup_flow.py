"""The flow of subgroups adds up to the flow of all; each example moves as its cell says."""

import numpy as np
import pandas as pd
import pytest

from policy.evaluation.determination import determine
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from simulations import ask
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import Study
from simulations.studies.impact import EXAMPLES
from simulations.studies.subgroup_flow import flow_by


@pytest.fixture(scope="module")
def study() -> Study:
    return ask(scenario="strict_reading", size=2000)


def test_subgroups_add_up_to_all_and_agree_with_pandas(study: Study):
    found = flow_by(study, ["sex", "rural"])
    assert (found.counts.sum(axis=0) == study.impact.flow().to_numpy()).all()
    (part,) = study.cases.slices()
    before, after = (
        determine(study.policy, part, s).frame()["outcome"].astype(str) for s in (study.baseline, study.scenario)
    )
    words = ["", "female", "male", "other"]
    sex = [words[code + 1] for code in part.facts["sex"]] if "sex" in part.facts else part.groups["sex"]
    frame = pd.DataFrame({"sex": np.asarray(sex, dtype=object), "baseline": before, "scenario": after})
    frame["sex"] = frame["sex"].fillna("")
    theirs = frame.groupby(["sex", "baseline", "scenario"]).size().to_dict()
    table = found.flow().groupby(["sex", "baseline", "scenario"])["cases"].sum().to_dict()
    assert table == theirs
    assert found.flow()["cases"].sum() == found.rates()["cases"].sum() == 2000


def test_every_moved_cell_has_examples_that_move_so(study: Study):
    found = flow_by(study, ["diagnosis"])
    (part,) = study.cases.slices()
    place = {name: i for i, name in enumerate(part.ids)}
    before, after = (determine(study.policy, part, s).outcome for s in (study.baseline, study.scenario))
    groups = found.groups.of(part)
    labels = found.groups.frame()["diagnosis"]
    moved = 0
    for row in found.flow().to_dict("records"):
        ids = row["examples"].split(";") if row["examples"] else []
        assert len(ids) == (min(EXAMPLES, row["cases"]) if row["moved"] else 0)
        moved += row["cases"] * row["moved"]
        for i in (place[name] for name in ids):
            assert (OUTCOMES[before[i]], OUTCOMES[after[i]]) == (row["baseline"], row["scenario"])
            assert labels[groups[i]] == row["diagnosis"]
    assert moved == study.impact.moved > 0


def test_an_empty_scenario_moves_nobody_in_any_subgroup_and_says_why():
    found = flow_by(ask(size=500), ["sex"])
    assert not found.flow()["moved"].any()
    rates = found.rates()
    assert (rates[["moved", "change_points", "change_low", "change_high"]] == 0).all(axis=None)
    assert found.why_nothing() == "the scenario moves no lever"


def test_slices_make_no_difference(study: Study, monkeypatch: pytest.MonkeyPatch):
    whole = flow_by(study, ["sex"])
    slices = Caseload.slices
    monkeypatch.setattr(Caseload, "slices", lambda self, most=300: slices(self, most))
    parts = flow_by(study, ["sex"])
    assert parts.flow().sort_values(["sex", "baseline", "scenario"]).to_dict("records") == whole.flow().sort_values(
        ["sex", "baseline", "scenario"]
    ).to_dict("records")


def test_without_a_column_it_is_the_flow_of_all(study: Study):
    assert (flow_by(study, []).counts[0] == study.impact.flow().to_numpy()).all()
    with pytest.raises(ProblemsFound, match="is no column to group by"):
        flow_by(study, ["hair"])
