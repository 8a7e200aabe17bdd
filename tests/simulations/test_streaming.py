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
from simulations.counting.counts import Batch
from simulations.counting.streaming import batches, stream
from tests.simulations.undocumented import by_determining, nerve_blocks

POLICY = nerve_blocks()
BASE = POLICY.settings()
SIZE, SEED = 5000, 7


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return population.generate(population.load("seed_low_prevalence"), SIZE, SEED)


@pytest.mark.parametrize("most", [700, SIZE])
def test_counts_of_a_stream_are_those_of_its_cases(frame: pd.DataFrame, most: int):
    moved = ({}, {"conservative_weeks": 2}, {"conservative_weeks": 26, "relief_rule": "mean"}, {"relief_pct": 50})
    settings = [POLICY.settings(one) for one in moved]
    groups, counts = stream(settings, size=SIZE, seed=SEED, most=most)
    assert counts.shape == (4, len(groups), 6) == (4, 1, 6)
    cases = policy.Cases.from_frame(frame, POLICY)
    for at, found in zip(settings, counts, strict=True):
        assert (found == by_determining(cases, at)).all(), at


def test_latent_truth_comes_along(frame: pd.DataFrame):
    groups, (found,) = stream([BASE], size=SIZE, seed=SEED, groups=["truth_benefit", "sex"], most=2000)
    labels = groups.frame()
    counts = found.sum(axis=1)
    for row, label in labels.iterrows():
        same = frame["truth_benefit"].astype(str).str.lower() == label["truth_benefit"]
        sex = frame["sex"].isna() if label["sex"] == "" else frame["sex"] == label["sex"]
        assert counts[row] == (same & sex.fillna(False)).sum()
    assert set(labels["truth_benefit"]) == {"true", "false"}
    outcome = policy.determine(POLICY, policy.Cases.from_frame(frame, POLICY), BASE).outcome
    helped = frame["truth_benefit"].to_numpy(dtype=bool)
    met = found[labels["truth_benefit"] == "true", 0].sum()
    assert met == ((outcome == 0) & helped).sum() > 0


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
    stream([BASE], size=1000, seed=1, most=100)
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
        stream([BASE], size=1000, seed=1, most=100, progress=True)
    assert "Traceback" not in capsys.readouterr().err


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]):
    stream([BASE], size=200, seed=1, most=100)
    assert capsys.readouterr().err == ""
    stream([BASE], size=200, seed=1, most=100, progress=True)
    assert "200" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size"),
        ({"population": "nowhere"}, "nowhere"),
        ({"groups": ["colour"]}, "colour"),
    ],
)
def test_what_is_refused(options: dict[str, object], message: str):
    with pytest.raises(ProblemsFound, match=message):
        stream([BASE], **{"size": 100, **options})  # type: ignore[arg-type]


def test_the_same_slices_whatever_their_size():
    page = population.load("seed_low_prevalence")
    small, large = (list(batches(BASE, page, 250, 3, most=most)) for most in (100, 250))
    assert [len(batch) for batch in small] == [100, 100, 50]
    together = np.concatenate([batch.cases.facts["conservative_care_days"] for batch in small])
    assert (together == large[0].cases.facts["conservative_care_days"]).all()
