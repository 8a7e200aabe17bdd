"""Random words for made-up cases: every decision has a stream of its own, and every case its own word in each.

A stream is named by the decision that it serves. Its Philox key is a hash of seed and name and its counter is the case,
so case i gets the same word in whatever slice, order or process it is made, and a new stream disturbs no other.
Streams hold integers only; whoever chooses with them compares integers.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from policy.problems import refuse, shown

LAST_SEED = 2**64 - 1
LAST_INDEX = 2**62
_WORDS = 4  # Philox yields its words four to a counter value

Words = NDArray[np.uint64]


def whole(name: str, value: object, lowest: int, highest: int) -> int:
    """`value` as an int when it is a whole number from `lowest` to `highest`; raises ProblemsFound naming it if not."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and lowest <= value <= highest:
        return int(value)
    raise refuse("domain", name, f"{shown(value)} is not a whole number from {lowest:,} to {highest:,}")


class Streams:
    """All the streams of one seed (0 to 2**64 - 1): `Streams(7).draw("age", start=0, count=1000)`."""

    def __init__(self, seed: int):
        self.seed = whole("seed", seed, 0, LAST_SEED)

    def __repr__(self) -> str:
        return f"Streams({self.seed})"

    def draw(self, name: str, start: int, count: int) -> Words:
        """The words of cases `start` to `start + count - 1` in stream `name`: uint64 (count,), uniform.

        Cases count from 0. Raises ProblemsFound for an empty name, a negative number or a case above 2**62.
        """
        if not isinstance(name, str) or not name:
            raise refuse("stream", "stream", f"{shown(name)} is no name: a stream is named by the decision it serves")
        start = whole("start", start, 0, LAST_INDEX)
        count = whole("count", count, 0, LAST_INDEX - start)
        block, skipped = divmod(start, _WORDS)
        words = np.random.Philox(key=self._key(name), counter=block).random_raw(skipped + count)
        return np.asarray(words, dtype=np.uint64)[skipped:]

    def generator(self, name: str) -> np.random.Generator:
        """A numpy generator of its own for the stream `name`, for draws that belong to no case."""
        return np.random.Generator(np.random.Philox(key=self._key(name)))

    def _key(self, name: str) -> int:
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=16).digest()
        return int.from_bytes(digest, "little")
