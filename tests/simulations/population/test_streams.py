"""The same case in whatever slice, order or process it is drawn."""

import re
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pandas as pd

from simulations import population as populations
from simulations.population import generate, parse
from tests.simulations.population.drawing import SIZE, edited


def test_a_slice_is_the_same_alone(spec: populations.Population, many: pd.DataFrame):
    for start, size in [(0, 1), (123_456, 1), (65_530, 17), (131_071, 2), (149_000, 1000)]:
        alone = generate(spec, size, 2, start=start)
        pd.testing.assert_frame_equal(alone, many.iloc[start : start + size].reset_index(drop=True))


def test_seven_chunks_are_the_whole(spec: populations.Population, frame: pd.DataFrame):
    ends = np.linspace(0, SIZE, 8).astype(int)
    chunks = [generate(spec, int(b - a), 1, start=int(a)) for a, b in pairwise(ends)]
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), frame)


def test_two_processes_make_the_whole(spec: populations.Population, frame: pd.DataFrame):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        halves = list(pool.map(generate, [spec, spec], [SIZE // 2] * 2, [1, 1], [0, SIZE // 2]))
    pd.testing.assert_frame_equal(pd.concat(halves, ignore_index=True), frame)


def test_another_seed_makes_other_cases(spec: populations.Population, frame: pd.DataFrame):
    other = generate(spec, SIZE, 3)
    unchanged = [c for c in frame.columns if frame[c].equals(other[c])]
    assert unchanged == ["case_id"]
    assert generate(spec, 100, 2**64 - 1).equals(generate(spec, 100, 2**64 - 1))


def test_a_new_decision_changes_no_other_column(frame: pd.DataFrame):
    """A latent variable above everything, and a habit for a column that was always documented, disturb no one else."""
    new = "variables:\n  mood:\n    says: New\n    latent: true\n    shares: {low: 50, high: 50}\n"
    cited = "    assumption: true\n    range: {scale_percent: [50, 150]}\n"
    text = edited("variables:\n", new + cited).replace("Sex on file", "Sex on the form")
    text = re.sub(r"(  age:\n    says: .*\n    unit: years\n    documented: )always", r"\1demographics", text)
    changed = generate(parse(text, "page.yaml"), SIZE, 1)
    assert changed["age"].isna().any()
    pd.testing.assert_frame_equal(changed.drop(columns="age"), frame.drop(columns="age"))
    kept = changed["age"].notna()
    assert changed["age"][kept].equals(frame["age"][kept])


def test_what_nothing_depends_on_changes_alone(frame: pd.DataFrame):
    text = edited(
        "{when: {procedure: peripheral_block}, percent: 84}", "{when: {procedure: peripheral_block}, percent: 14}"
    )
    changed = generate(parse(text, "page.yaml"), SIZE, 1)
    assert [c for c in frame.columns if not changed[c].equals(frame[c])] == ["nerve_named"]
