import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.problems import ProblemsFound
from simulations.population.random_streams import LAST_INDEX, LAST_SEED, Streams

ROOT = Path(__file__).resolve().parents[2]
MANY = 200_000
GOLDEN = ["0x53467d52eaccb6f7", "0x48f38474a9cac41d", "0x67ce7717555911c5", "0x3e4c7c07144f8ce9", "0x621d509b3f976896"]
GOLDEN_FAR = ["0x62a157851bb82116", "0xec4ae76d48c4af37"]


def test_the_words_are_these_for_ever():
    """A made-up population keeps its cases across releases: these words were drawn once and written down."""
    assert [hex(word) for word in Streams(7).draw("x", 0, 5)] == GOLDEN
    assert [hex(word) for word in Streams(LAST_SEED).draw("age", 10**9, 2)] == GOLDEN_FAR


@settings(max_examples=60)
@given(start=st.integers(0, 400), count=st.integers(0, 400), seed=st.integers(0, LAST_SEED))
def test_a_slice_is_the_same_alone(start: int, count: int, seed: int):
    streams = Streams(seed)
    assert np.array_equal(streams.draw("relief", start, count), streams.draw("relief", 0, 800)[start : start + count])


def test_far_out_the_cases_still_differ():
    words = Streams(1).draw("relief", LAST_INDEX - 1000, 1000)
    assert len(np.unique(words)) == 1000
    assert words[999] == Streams(1).draw("relief", LAST_INDEX - 1, 1)[0]


def test_words_are_uint64_one_per_case():
    words = Streams(3).draw("relief", 5, 11)
    assert words.dtype == np.uint64
    assert words.shape == (11,)
    assert Streams(3).draw("relief", 5, 0).shape == (0,)


def test_another_process_draws_the_same():
    """Python's own hash of a text differs between processes; the key of a stream must not."""
    module = "simulations.population.random_streams"
    code = f"from {module} import Streams; print(Streams(7).draw('care/documented', 13, 4).tolist())"
    wanted = str(Streams(7).draw("care/documented", 13, 4).tolist())
    for hash_seed in ("1", "2"):
        env = os.environ | {"PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=env
        )
        assert run.stdout.strip() == wanted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "a"), (2, "a")),
        ((1, "a"), (1, "b")),
        ((1, "2/a"), (12, "a")),
        ((1, "a"), (1, "a ")),
        ((0, "a"), (2**63, "a")),
    ],
)
def test_each_seed_and_name_has_words_of_its_own(one: tuple[int, str], other: tuple[int, str]):
    first, second = Streams(one[0]).draw(one[1], 0, MANY), Streams(other[0]).draw(other[1], 0, MANY)
    assert not np.any(first == second)
    agree = int((first >> np.uint64(63) == second >> np.uint64(63)).sum())
    assert abs(agree - MANY / 2) < 5 * (MANY / 4) ** 0.5


def test_every_bit_is_fair():
    words = Streams(11).draw("fair", 0, MANY)
    ones = [int(((words >> np.uint64(bit)) & np.uint64(1)).sum()) for bit in range(64)]
    assert max(abs(count - MANY / 2) for count in ones) < 5 * (MANY / 4) ** 0.5


def test_neighbouring_cases_are_not_alike():
    top = Streams(11).draw("fair", 0, MANY) >> np.uint64(63)
    agree = int((top[1:] == top[:-1]).sum())
    assert abs(agree - (MANY - 1) / 2) < 5 * (MANY / 4) ** 0.5


@pytest.mark.parametrize("seed", [-1, 2**64, 2**70, 1.5, 1.0, True, "7", None])
def test_a_seed_out_of_bounds_is_refused(seed: object):
    with pytest.raises(ProblemsFound, match=r"^seed: .*is not a whole number from 0 to 18,446,744,073,709,551,615"):
        Streams(seed)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [0, 2**64 - 1, np.int64(5), np.uint64(2**64 - 1)])
def test_a_seed_at_the_bounds_serves(seed: int):
    assert len(Streams(seed).draw("x", 0, 3)) == 3


@pytest.mark.parametrize(
    ("name", "start", "count", "told"),
    [
        ("", 0, 1, "stream"),
        (5, 0, 1, "stream"),
        ("x", -1, 1, "start"),
        ("x", 2**62 + 1, 0, "start"),
        ("x", 0, -1, "count"),
        ("x", 2**62, 1, "count"),
        ("x", 0, 2.0, "count"),
    ],
)
def test_a_wrong_slice_is_refused_by_name(name: str, start: int, count: int, told: str):
    with pytest.raises(ProblemsFound, match=f"^{told}: "):
        Streams(1).draw(name, start, count)
