"""A column of keys: whether one looks like a person, and whether each is fit to be shown."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from policy.case_files.grammar import LONGEST, UNFIT
from policy.case_files.identifiers import BARE, DIGITS_OF_A_PERSON, OF_AN_ID

_UNFIT = "[" + "".join(f"\\x{{{ord(character):x}}}" for character in UNFIT) + "]"


def _harmless(text: pa.ChunkedArray) -> bool:
    """A few digits, or a letter and after it letters and digits, say nothing of a person and are fit to be shown."""
    length = pc.binary_length(text)
    few = pc.and_(pc.ascii_is_decimal(text), pc.less(length, DIGITS_OF_A_PERSON))
    code = pc.and_(pc.ascii_is_alnum(text), pc.ascii_is_alpha(pc.utf8_slice_codeunits(text, 0, 1)))
    return bool(pc.all(pc.or_(few, pc.and_(code, pc.less_equal(length, LONGEST)))).as_py())


def persons(text: pa.ChunkedArray, key: bool) -> Iterator[tuple[int, str]]:
    """The rows that look like a person's, and what is said; `key`: bare numbers of 9 or 10 digits are none."""
    patterns = OF_AN_ID if key else OF_AN_ID | BARE
    whole = "|".join(f"(?:{pattern})" for pattern in patterns)
    if not _harmless(text) and pc.any(pc.match_substring_regex(text, whole)).as_py():
        for pattern, message in patterns.items():
            for row in np.flatnonzero(np.asarray(pc.match_substring_regex(text, pattern))).tolist():
                yield row, message


def unfit(text: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Which are too long, or hold what does not show."""
    if _harmless(text):
        return np.zeros(len(text), dtype=bool)
    return np.asarray(pc.or_(pc.match_substring_regex(text, _UNFIT), pc.greater(pc.utf8_length(text), LONGEST)))
