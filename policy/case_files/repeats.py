"""Which ids of a table stand more than once, in the memory of a few of them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import IO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.problems import refuse

Bits = NDArray[np.uint64]

HELD = 1 << 19  # ids in memory at once: those before them wait in a file
_EDGES = np.arange(1, 256, dtype=np.uint64) << np.uint64(56)  # of the parts of all numbers, looked at one by one


class Repeats(ExitStack):
    """The ids of a table as 64 bits each; of more than are held, sorted runs wait in a file without a name.

    It is gone at the end of the block, and with the process. Raises ProblemsFound where it cannot be written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: list[Bits] = []
        self._runs: list[list[int]] = []  # of each run the places in the file where its parts begin, and where it ends
        self._file: IO[bytes] | None = None

    def add(self, ids: NDArray[np.object_]) -> None:
        """The ids of some more rows; blank ones are left out."""
        self._held.append(hashes_of(ids[ids != ""]))
        if sum(map(len, self._held)) >= HELD:
            self._spill()

    def doubled(self) -> Bits:
        """The bits that are those of more than one row, once no more ids come."""
        if self._file is None:
            return _doubled(self._held)
        self._spill()
        return np.concatenate([_doubled(part) for part in self._parts(self._file)])

    def _spill(self) -> None:
        run = np.sort(np.concatenate(self._held or [np.empty(0, dtype=np.uint64)]))
        self._held.clear()
        try:
            if self._file is None:
                self._file = self.enter_context(tempfile.TemporaryFile())  # noqa: SIM115, this is what closes it
            start = self._file.tell()
            self._file.write(run.data)
            self._file.flush()
        except OSError as error:
            message = f"cannot be written ({error.strerror}); it needs 8 bytes for each row; TMPDIR names another"
            raise refuse("write", "the folder for temporary files", message) from None
        self._runs.append([start + 8 * place for place in (0, *np.searchsorted(run, _EDGES).tolist(), len(run))])

    def _parts(self, file: IO[bytes]) -> Iterator[Sequence[Bits]]:
        """What lies between two edges, of each run."""
        for places in zip(*map(pairwise, self._runs), strict=True):
            found = []
            for start, end in places:
                file.seek(start)
                found.append(np.frombuffer(file.read(end - start), dtype=np.uint64))
            yield found


def hashes_of(ids: NDArray[np.object_]) -> Bits:
    """Each id as 64 bits."""
    return pd.util.hash_array(ids, categorize=False)


def _doubled(parts: Sequence[Bits]) -> Bits:
    bits = np.concatenate(parts or [np.empty(0, dtype=np.uint64)])
    bits.sort()
    return np.unique(bits[1:][bits[1:] == bits[:-1]])
