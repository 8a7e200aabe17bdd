"""Ids that stand more than once are told apart from all others, wherever they wait."""

import errno
import gc
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.case_files import repeats
from policy.case_files.repeats import Repeats, hashes_of
from tests.policy.cases.reading import lines, read, refused


def as_array(ids: list[str]) -> Any:
    return np.array([*ids, None], dtype=object)[:-1]


@given(st.lists(st.lists(st.sampled_from(["", *"abcdefghijklmnop"]), max_size=9), max_size=12), st.integers(1, 12))
def test_what_stands_more_than_once_is_found_wherever_it_waits(batches: list[list[str]], held: int) -> None:
    """In one batch, in one run or in two far apart, in a run and among those still held; blank ones are nobody's."""
    counts = Counter(id_ for batch in batches for id_ in batch if id_)
    more = as_array([id_ for id_, count in counts.items() if count > 1])
    with pytest.MonkeyPatch.context() as patch, Repeats() as found:
        patch.setattr(repeats, "HELD", held)
        for batch in batches:
            found.add(as_array(batch))
        assert found.doubled().tolist() == np.sort(hashes_of(more)).tolist()


def test_numbers_at_the_edges_of_the_parts_are_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least and the greatest of each part, and of all, in two runs: all stand twice."""
    edges = np.arange(256, dtype=np.uint64) << np.uint64(56)
    bits = np.sort(np.concatenate([edges, edges - np.uint64(1)]))
    monkeypatch.setattr(repeats, "hashes_of", lambda ids: ids.astype(np.uint64))
    monkeypatch.setattr(repeats, "HELD", 300)
    with Repeats() as found:
        for few in (bits[:400], bits[400:], bits[100:], bits[:100]):
            found.add(few.astype(object))
        assert np.array_equal(found.doubled(), bits)


def test_a_table_read_while_ids_wait_in_a_file_is_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both rows of an id that stands twice are told, and no file is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    rows = [[f"A{number % 997}", "M54.2", "64405"] for number in range(1_000)]
    told, kept = refused(tmp_path, lines(*rows)), read(tmp_path, lines(*rows), keep_good=True)
    assert "2: column case_id: 'A0' stands more than once: rows 2 and 999" in told
    for batch, held in ((40, 100), (300, 1)):
        monkeypatch.setattr("policy.case_files.files.BATCH", batch)
        monkeypatch.setattr("policy.case_files.files._BLOCK", 100)
        monkeypatch.setattr(repeats, "HELD", held)
        assert refused(tmp_path, lines(*rows)) == told
        again = read(tmp_path, lines(*rows), keep_good=True)
        assert again.ids.tolist() == kept.ids.tolist() == [f"A{number}" for number in range(3, 997)]
        assert again.rejected.equals(kept.rejected)
        assert os.listdir(tmp_path / "temporary") == []
    person = lines(
        *rows, ["123-45-6789", "M54.2", "64405"]
    )  # refused while ids wait: their file is closed all the same
    assert "looks like a social security number" in refused(tmp_path, person)
    gc.collect()  # which would say so


def test_a_disk_without_room_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(repeats, "HELD", 1)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    said = refused(tmp_path, lines(["A", "M54.2", "64405"]))
    assert said == (
        "the folder for temporary files: cannot be written (No space left on device); "
        "it needs 8 bytes for each row; TMPDIR names another"
    )
