"""Cases drawn a slice at a time are counted as if all had been held; nothing is left of a stopped run."""

import gc
import weakref
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import policy
from policy.problems import ProblemsFound
from simulations import population
from simulations.counting import streaming
from simulations.counting.data_cube import Batch, DataCube
from simulations.counting.profiles import Profiles
from simulations.counting.streaming import batches, stream
from tests.simulations.undocumented import by_determining, nerve_blocks

POLICY = nerve_blocks()
BASE = POLICY.settings()
SIZE, SEED = 5000, 7


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return population.generate(population.load("seed_low_prevalence"), SIZE, SEED)


@pytest.mark.parametrize("most", [700, SIZE])
def test_levels_of_a_stream_are_those_of_its_cases(frame: pd.DataFrame, most: int):
    found = stream(BASE, size=SIZE, seed=SEED, levers=["conservative_weeks", "relief_rule"], most=most)
    assert isinstance(found, DataCube)
    assert found.cases == SIZE
    cases = policy.Cases.from_frame(frame, POLICY)
    for moved in ({}, {"conservative_weeks": 2}, {"conservative_weeks": 26, "relief_rule": "mean"}):
        at = POLICY.settings(moved)
        assert (found.at(at) == by_determining(cases, at)).all(), moved


def test_profiles_of_a_stream(frame: pd.DataFrame):
    found = stream(BASE, size=SIZE, seed=SEED, levers=None, most=1700)
    assert isinstance(found, Profiles)
    assert (found.cases, len(found) < SIZE) == (SIZE, True)
    at = POLICY.settings({"axial_spine_stance": "never_outside_trial", "headache_days_month_min": 15})
    assert (found.at(at) == by_determining(policy.Cases.from_frame(frame, POLICY), at)).all()


def test_latent_truth_comes_along(frame: pd.DataFrame):
    found = stream(BASE, size=SIZE, seed=SEED, levers=["relief_pct"], groups=["truth_benefit", "sex"], most=2000)
    labels = found.groups.frame()
    counts = found.at(BASE).sum(axis=1)
    for row, label in labels.iterrows():
        same = frame["truth_benefit"].astype(str).str.lower() == label["truth_benefit"]
        sex = frame["sex"].isna() if label["sex"] == "" else frame["sex"] == label["sex"]
        assert counts[row] == (same & sex.fillna(False)).sum()
    assert set(labels["truth_benefit"]) == {"true", "false"}
    outcome = policy.determine(POLICY, policy.Cases.from_frame(frame, POLICY), BASE).outcome
    helped = frame["truth_benefit"].to_numpy(dtype=bool)
    met = found.at(BASE)[labels["truth_benefit"] == "true", 0].sum()
    assert met == ((outcome == 0) & helped).sum() > 0


@pytest.mark.slow
def test_no_slice_is_kept(monkeypatch: pytest.MonkeyPatch):
    alive: list[weakref.ref[Batch]] = []
    most_alive = 0

    def watched(*given: object) -> Iterator[Batch]:
        nonlocal most_alive
        for batch in batches(*given):  # type: ignore[arg-type]
            alive.append(weakref.ref(batch))
            yield batch
            del batch
            gc.collect()
            most_alive = max(most_alive, sum(ref() is not None for ref in alive))

    monkeypatch.setattr(streaming, "batches", watched)
    stream(BASE, size=1000, seed=1, levers=["relief_pct"], most=100)
    assert len(alive) == 10
    assert most_alive <= 1


def test_stopping_leaves_nothing_but_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def stopped(*given: object) -> Iterator[Batch]:
        for number, batch in enumerate(batches(*given)):  # type: ignore[arg-type]
            if number == 2:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(streaming, "batches", stopped)
    with pytest.raises(ProblemsFound, match=r"stopped after 200 of 1,000 cases; nothing was kept"):
        stream(BASE, size=1000, seed=1, levers=["relief_pct"], most=100, progress=True)
    assert "Traceback" not in capsys.readouterr().err


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]):
    stream(BASE, size=200, seed=1, levers=["relief_pct"], most=100)
    assert capsys.readouterr().err == ""
    stream(BASE, size=200, seed=1, levers=["relief_pct"], most=100, progress=True)
    assert "200" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size"),
        ({"population": "nowhere"}, "nowhere"),
        ({"groups": ["colour"]}, "colour"),
        ({"levers": ["relief"]}, "relief"),
    ],
)
def test_what_is_refused(options: dict[str, object], message: str):
    with pytest.raises(ProblemsFound, match=message):
        stream(BASE, **{"size": 100, "levers": ["relief_pct"], **options})  # type: ignore[arg-type]


def test_the_same_slices_whatever_their_size():
    page = population.load("seed_low_prevalence")
    small, large = (list(batches(BASE, page, 250, 3, most=most)) for most in (100, 250))
    assert [len(batch) for batch in small] == [100, 100, 50]
    together = np.concatenate([batch.cases.facts["conservative_care_days"] for batch in small])
    assert (together == large[0].cases.facts["conservative_care_days"]).all()
