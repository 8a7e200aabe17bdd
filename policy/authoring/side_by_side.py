"""Two texts that began as one, line beside line or word by word: what a conflict and a redline are looked at by."""

import difflib
from collections.abc import Iterator
from typing import NamedTuple


class Beside(NamedTuple):
    """Lines of one text and those in their place in the other; `line` and `other_line` (from 1): the first of each."""

    line: int
    mine: tuple[str, ...]
    other_line: int
    theirs: tuple[str, ...]

    def text(self, width: int = 60) -> str:
        """Both in columns of `width` characters."""
        size = max(len(self.mine), len(self.theirs))
        left, right = ([*side, *[""] * (size - len(side))] for side in (self.mine, self.theirs))
        head = f"{f'line {self.line}':{width}} | line {self.other_line}"
        return "\n".join([head, *(f"{a[:width]:{width}} | {b[:width]}" for a, b in zip(left, right, strict=True))])


def side_by_side(mine: str, theirs: str) -> tuple[Beside, ...]:
    """Every place where two texts differ."""
    left, right = mine.splitlines(), theirs.splitlines()
    most = min(len(left), len(right))
    start = next((i for i in range(most) if left[i] != right[i]), most)  # what is alike at both ends costs nothing
    end = next((i for i in range(most - start) if left[-1 - i] != right[-1 - i]), most - start)
    left, right = left[start : len(left) - end], right[start : len(right) - end]
    found = difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return tuple(
        Beside(start + a + 1, tuple(left[a:b]), start + c + 1, tuple(right[c:d]))
        for kind, a, b, c, d in found
        if kind != "equal"
    )


def lines_changed(before: str, after: str) -> Iterator[str]:
    """Every line that is gone ('- ...') or new ('+ ...'), in order."""
    for one in side_by_side(before, after):
        yield from (f"- {line}" for line in one.mine)
        yield from (f"+ {line}" for line in one.theirs)


class Words(NamedTuple):
    """Words of two texts in a row: taken out of the first, put into the second, or in both (then the two are equal)."""

    out: str
    into: str

    @property
    def kept(self) -> bool:
        """Whether both texts have them."""
        return self.out == self.into


def word_by_word(old: str, new: str) -> Iterator[Words]:
    """Both texts as one; fewer than four words that both have in the middle of a change are part of it."""
    mine, theirs = old.split(), new.split()
    blocks = difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    ends = (len(mine), len(theirs))
    kept = [b for b in blocks if b.size > 3 or (b.a, b.b) == (0, 0) or (b.a + b.size, b.b + b.size) == ends]
    at = to = 0
    for block in kept:
        for one, other in (
            (mine[at : block.a], theirs[to : block.b]),
            (mine[block.a : block.a + block.size], theirs[block.b : block.b + block.size]),
        ):
            if one or other:
                yield Words(" ".join(one), " ".join(other))
        at, to = block.a + block.size, block.b + block.size
