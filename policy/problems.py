"""Problems of an input are values, collected in one pass.

Each has its place, what was there, what is allowed and the nearest name.
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

SHOWN = 50


def visible(value: object) -> str:
    """As text, with whatever does not print (control, direction and zero-width characters, odd spaces) written out."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def code_points(text: str) -> str:
    """'U+0456, U+200B': the characters outside printable ASCII, each once."""
    return ", ".join(sorted({f"U+{ord(c):04X}" for c in text if not (c.isascii() and c.isprintable())}))


def shown(value: object) -> str:
    """The value as written, quoted, at most 80 characters, all of them visible."""
    text = visible(value)
    return f"'{text[:80]}...'" if len(text) > 80 else f"'{text}'"


def in_order(values: Iterable[object]) -> list[str]:
    """As they come, and sorted where they come in none: a set's order differs from run to run."""
    words = [str(v) for v in values]
    return sorted(words) if isinstance(values, set | frozenset) else words


def nearest(name: str, known: Iterable[str]) -> str:
    """', did you mean X?' for a near miss, else an empty string."""
    close = difflib.get_close_matches(str(name).lower(), in_order(known))
    return f", did you mean {close[0]}?" if close else ""


def listed(values: Iterable[object], most: int = 12) -> str:
    """A short enumeration of the allowed values."""
    words = in_order(values)
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def counted(count: int, one: str, more: str = "") -> str:
    """'1 case', '2 cases', '1,000 criteria': `more` is the word for several, else `one` with an s."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


class Finding(NamedTuple):
    """A fault in a document before it has its line: `path` is the way from the top, `name` a word that may be near."""

    code: str
    path: tuple[object, ...]
    message: str
    name: str = ""
    known: Iterable[str] = ()


@dataclass(frozen=True)
class Problem:
    """One fault. `place` is file:line or a parameter's name; `row` (1-based) and the name `column` are of case tables.

    In a document `path` leads to the entry by keys and positions, `line` and `column` (1-based) are where it stands.
    """

    code: str
    place: str
    message: str
    row: int | None = None
    column: str | int | None = None
    value: str | None = None
    path: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        spot = "" if self.path is None else f" [{self.code}, column {self.column}]"
        return visible(f"{self.place}: {self.message}{spot}")


class ProblemsFound(Exception):
    """Input that cannot be used, with all its problems; nothing was loaded, changed or written."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__(*self.problems)

    def __str__(self) -> str:
        lines = [str(p) for p in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more problems")
        return "\n".join(lines)


class UndatedRows(ProblemsFound):
    """Rows without a date that could be judged in more than one way: the caller has to name a day for them."""


def refuse(code: str, place: str, message: str) -> ProblemsFound:
    """The exception for a single problem: `raise refuse(...)`."""
    return ProblemsFound([Problem(code, place, message)])


@contextmanager
def collecting(problems: list[Problem]) -> Iterator[None]:
    """The problems that the block raises join `problems`, and the next check can add its own."""
    try:
        yield
    except ProblemsFound as found:
        problems += found.problems
