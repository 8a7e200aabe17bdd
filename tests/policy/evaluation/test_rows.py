"""Rows that do not know each other, and engines that agree."""

from __future__ import annotations

import numpy as np
import pandas as pd

import policy
from tests.policy.evaluation.settings_tried import STRICT, admitted, determined, nerve_blocks, settings, some_settings
from tests.policy.near_misses import table


def everything(frame: pd.DataFrame) -> pd.DataFrame:
    """A determination table as text, ordered by case."""
    return frame.astype(str).sort_values("case_id", ignore_index=True)


def test_rows_do_not_know_each_other() -> None:
    """Order, splitting and repetition of rows change no row's answer."""
    for levers, cases, draws in some_settings(8, 8):
        document, frame = nerve_blocks(), table(cases)

        def answer(part: pd.DataFrame, levers: policy.Settings = levers) -> pd.DataFrame:
            return policy.determine(nerve_blocks(), policy.Cases.from_frame(part, nerve_blocks()), levers).frame()

        whole = answer(frame)
        assert whole["case_id"].tolist() == frame["case_id"].tolist()
        order = draws.rng.permutation(len(frame))
        pd.testing.assert_frame_equal(everything(answer(frame.iloc[order])), everything(whole))
        cut = int(draws.rng.integers(1, len(frame)))
        halves = pd.concat([answer(frame.iloc[:cut]).astype(str), answer(frame.iloc[cut:]).astype(str)])
        pd.testing.assert_frame_equal(everything(halves), everything(whole))
        twins = frame.assign(case_id=[f"twin-{i}" for i in frame["case_id"]])
        doubled = answer(pd.concat([frame, twins], ignore_index=True)).astype(str)
        pd.testing.assert_frame_equal(everything(doubled.iloc[: len(frame)]), everything(whole))
        second = doubled.iloc[len(frame) :].reset_index(drop=True)
        assert second.drop(columns="case_id").equals(whole.astype(str).drop(columns="case_id"))
        rows = draws.rng.permutation(len(frame))[:50]
        taken = policy.determine(document, policy.Cases.from_frame(frame, document).take(rows), levers).frame()
        assert taken.astype(str).equals(whole.astype(str).iloc[rows].reset_index(drop=True))


def test_determining_changes_nothing_and_twice_is_the_same() -> None:
    """The cases, the setting and the policy are left as they were, also by another setting in between."""
    document = nerve_blocks()
    runs = list(some_settings(9, 8))
    for levers, cases, _ in runs:
        door = admitted(cases)
        facts = {name: values.copy() for name, values in door.facts.items()}
        kept, mark = dict(levers), document.fingerprint
        first = policy.determine(document, door, levers)
        snapshot = (first.outcome.copy(), first.frame().astype(str))
        policy.determine(document, door, runs[0][0])
        policy.determine(document, door, settings(**STRICT))
        second = policy.determine(document, door, levers)
        np.testing.assert_array_equal(first.outcome, snapshot[0])
        np.testing.assert_array_equal(second.outcome, snapshot[0])
        pd.testing.assert_frame_equal(second.frame().astype(str), snapshot[1])
        assert dict(levers) == kept
        assert document.fingerprint == mark
        assert facts.keys() == door.facts.keys()
        for name, values in facts.items():
            np.testing.assert_array_equal(values, door.facts[name])


def test_every_case_is_counted_once() -> None:
    for levers, cases, _ in some_settings(10, 8):
        found = determined(cases, levers)
        words = found.frame()["outcome"].astype(str)
        assert tuple(found.counts()) == policy.OUTCOMES
        assert sum(found.counts().values()) == len(cases) == len(words)
        assert found.counts() == {word: int((words == word).sum()) for word in policy.OUTCOMES}


def test_nothing_inside_is_a_float() -> None:
    """Facts, truths and outcomes are integers, missing facts among them: a missing value cannot compare as false."""
    for levers, cases, _ in some_settings(11, 8):
        found = determined(cases, levers)
        facts = found.cases.facts
        assert {"pain_duration_days", "block_1_relief_pct", "radiculopathy", "image_guidance"} <= set(facts)
        for name, values in facts.items():
            assert values.dtype.kind == "i", name
            # -2: how many blocks were done is not documented, but relief of the first says at least one
            assert (values >= (-2 if name == "diagnostic_blocks_done" else -1)).all(), name
        assert any((values == -1).any() for values in facts.values())
        assert found.outcome.dtype == np.int8
        assert set(np.unique(found.outcome).tolist()) <= set(range(len(policy.OUTCOMES)))
        for name, truths in found.truths.items():
            assert truths.dtype == np.int8, name
            assert set(np.unique(truths).tolist()) <= {0, 1, 2, 3, 4, 5, 6}, name  # 4 to 6: read in a branch
        held = [value for value in vars(found).values() if isinstance(value, np.ndarray)]
        assert held
        assert all(value.dtype.kind in "iub" for value in held)
