"""The text of a document, edited by the places that the reader gives: nothing is ever written out again as a whole.

Each edit makes a new page. It is read back: it must say what was meant and nothing else, and no line outside the
lines that were to change may differ; else the edit is refused (ProblemsFound) and the old page stays what it was.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from policy.authoring.yaml_text import WIDTH, fits, indented, inline, scalar, spellings
from policy.problems import Problem, ProblemsFound, nearest, refuse
from policy.reading.yaml import Node, read_again, read_yaml

Path = tuple[str | int, ...]
BOM = "\ufeff"  # what some editors put before a text
_ENDING = re.compile(r"\r\n|\r|\n")
_KEY = r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|%s)[ \t]*:"""


class Splice(NamedTuple):
    """One piece of a text in the place of another; `at` counts characters."""

    at: int
    removed: str
    inserted: str

    def apply(self, text: str) -> str:
        """The text with the piece exchanged; ValueError where another text stands."""
        if text[self.at : self.at + len(self.removed)] != self.removed:
            raise ValueError("the text is not the one that the edit was made on")
        return text[: self.at] + self.inserted + text[self.at + len(self.removed) :]

    def back(self) -> "Splice":
        """What undoes it."""
        return Splice(self.at, self.inserted, self.removed)


def between(old: str, new: str) -> Splice:
    """The smallest single piece by which two texts differ."""
    most = min(len(old), len(new))
    start = bisect_left(range(most), True, key=lambda n: old[: n + 1] != new[: n + 1])
    end = bisect_left(range(most - start), True, key=lambda n: old[-1 - n :] != new[-1 - n :])
    return Splice(start, old[start : len(old) - end], new[start : len(new) - end])


class _Entry(NamedTuple):
    """An entry of a mapping or an item of a list: characters from its key or dash to its end, and of its value."""

    node: Node
    start: int
    value: int
    end: int
    key: int  # after the colon or the dash


@dataclass(frozen=True)
class Page:
    """A text and what it says. Paths lead to an entry by keys and positions, as a tuple."""

    text: str
    name: str
    _before: tuple[str, Node] | None = field(default=None, repr=False, compare=False)  # an earlier text, with its tree

    @cached_property
    def root(self) -> Node:
        """The tree of places; raises ProblemsFound where the text is no YAML that is read here."""
        text = self.text.removeprefix(BOM)
        return read_again(text, self.name, *self._before) if self._before else read_yaml(text, self.name)

    def now(self, text: str) -> "Page":
        """The page with another text; what is the same in both is not read anew."""
        return Page(text, self.name, (self.text.removeprefix(BOM), self.root))

    @cached_property
    def _starts(self) -> list[int]:
        return [len(BOM) * self.text.startswith(BOM), *(found.end() for found in _ENDING.finditer(self.text))]

    @cached_property
    def newline(self) -> str:
        """How the lines end."""
        found = _ENDING.search(self.text)
        return found[0] if found else "\n"

    def find(self, path: Path) -> Node:
        """The entry at a path; raises ProblemsFound, with the nearest name, where there is none."""
        node = self.root
        for i, step in enumerate(path):
            known = node.value if isinstance(node.value, dict) else range(len(node.value))
            if isinstance(node.value, str) or step not in known:
                said = ".".join(map(str, path[: i + 1]))
                near = nearest(str(step), [*known]) if isinstance(node.value, dict) else ""
                raise refuse("no-entry", self.name, f"there is no {said}{near}")
            node = node.value[step]
        return node

    def has(self, path: Path) -> bool:
        """Whether there is such an entry."""
        try:
            self.find(path)
        except ProblemsFound:
            return False
        return True

    def path(self, dotted: str | Path) -> Path:
        """'pathways.spine.rule.require.0' as a path; keys that hold dots (M54.2) are found too."""
        if not isinstance(dotted, str):
            return tuple(dotted)
        steps: list[str | int] = []
        node, left = self.root, dotted.split(".")
        while left:
            if isinstance(node.value, list) and left[0].isdigit():
                steps.append(int(left.pop(0)))
            else:
                ends = range(1, len(left) + 1) if isinstance(node.value, dict) else ()
                size = next((n for n in ends if ".".join(left[:n]) in node.value), len(left))
                steps.append(".".join(left[:size]))
                left = left[size:]
            if left:
                node = self.find(tuple(steps))
        return tuple(steps)

    # Edits ------------------------------------------------------------------------------------------------------------

    def put(self, path: Path, value: Any, after: Iterable[str] = ()) -> "Page":
        """With another value at a path: text, dict or list.

        A key that is new stands at the end of its mapping, or after the last of the keys `after` that is there.
        """
        parent = self.find(path[:-1])
        if isinstance(parent.value, dict) and path[-1] not in parent.value:
            names = [name for name in after if name in parent.value]
            place = [*parent.value].index(names[-1]) + 1 if names else len(parent.value)
            return self._add(path[:-1], place, value, str(path[-1]))
        old = self.find(path).value
        if self.find(path).plain() == value:
            return self

        def meant(tree: Any) -> None:
            _at(tree, path[:-1])[path[-1]] = value

        entry, flow = self._entry(path), self._flow(path)
        if isinstance(value, str) and isinstance(old, str):
            before = entry.value - self._starts[entry.node.line - 1]
            piece = self.text[entry.value : entry.end].replace("\r\n", "\n").replace("\r", "\n")
            options: Iterable[tuple[int, int, str]] = (
                (entry.value, entry.end, one) for one in spellings(value, piece, entry.node.style, before)
            )
        elif flow or (fits(value, WIDTH - 40) and entry.node.style and not isinstance(old, str)):
            options = [(entry.value, entry.end, inline(value))]
        else:
            options = [self._exchanged(entry, path, value)]
        return self._first(options, self._lines(entry), meant)

    def add(self, path: Path, index: int | None, value: Any) -> "Page":
        """With one more item in the list at a path, before the item that stands at `index` (None: at the end)."""
        size = len(self.find(path).value)
        return self._add(path, size if index is None else min(max(index, 0), size), value, None)

    def take_out(self, path: Path) -> "Page":
        """Without an entry or item; what is empty then stays as {} or []."""
        above = self.find(path[:-1])
        if len(above.value) == 1 and len(path) > 1:
            return self.put(path[:-1], type(above.value)())
        entry, following = self._entry(path), self._beside(path, 1)

        def meant(tree: Any) -> None:
            del _at(tree, path[:-1])[path[-1]]

        if self._flow(path):
            last = self._beside(path, -1)
            span = (entry.start, following.start) if following else (last.end if last else entry.start, entry.end)
        elif self._alone(entry):
            span = self._starts[self._line(entry.start)], self._after(entry.end)
        else:
            span = entry.start, following.start if following else entry.end
        return self._first([(*span, "")], (self._line(span[0]), self._line(max(span[1] - 1, span[0]))), meant)

    def move(self, path: Path, to: Path, index: int) -> "Page":
        """With an item of a list at another place: at position `index`, counted without it, of the list at `to`."""
        source, target = self.find(path[:-1]), self.find(to)
        if not isinstance(source.value, list) or not isinstance(target.value, list):
            raise refuse("move", self.name, "only the items of lists can be moved, and into a list")
        inside = to[: len(path) - 1] == path[:-1] and len(to) >= len(path)
        if inside:
            raise refuse("move", self.name, "an item cannot be moved into itself or its neighbours")
        value, written = self.find(path).plain(), self._written(path)
        if len(source.value) == 1 and to == path[:-1]:
            return self
        without = self.take_out(path)
        return without._add(to, min(max(index, 0), len(without.find(to).value)), value, None, written)

    # Places -----------------------------------------------------------------------------------------------------------

    def _entry(self, path: Path) -> _Entry:
        node, parent, step = self.find(path), self.find(path[:-1]), path[-1]
        value, end = self._offset(node.line, node.column), self._offset(*node.end)
        if node.style in ("|", ">"):
            end = value + len(_block_text(self.text[value:end]))
        if isinstance(parent.value, dict):
            start = self._offset(*parent.keys[str(step)])
            found = re.compile(_KEY % re.escape(str(step))).match(self.text, start)
            if not found:
                raise refuse("place", self.name, f"the key {step} is written in a way that is not edited here")
            return _Entry(node, start, value, end, found.end())
        if parent.style:
            return _Entry(node, value, value, end, value)
        line = node.line
        while self.text[(start := self._offset(line, parent.column)) : start + 1] != "-" and line > parent.line:
            line -= 1
        return _Entry(node, start, value, end, start + 1)

    def _beside(self, path: Path, way: int) -> _Entry | None:
        parent = self.find(path[:-1])
        steps: list[str | int] = [*parent.value] if isinstance(parent.value, dict) else [*range(len(parent.value))]
        place = steps.index(path[-1]) + way
        return self._entry((*path[:-1], steps[place])) if 0 <= place < len(steps) else None

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1 if line <= len(self._starts) else len(self.text)

    def _line(self, offset: int) -> int:
        """The line, from 0, of a character."""
        return max(bisect_right(self._starts, offset) - 1, 0)

    def _after(self, offset: int) -> int:
        """Where the next line begins."""
        line = self._line(offset)
        return self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)

    def _rest(self, offset: int) -> str:
        """What stands behind a place in its line, a comment perhaps, without the line's end."""
        return self.text[offset : self._after(offset)].rstrip("\r\n")

    def _lines(self, entry: _Entry) -> tuple[int, int]:
        return self._line(entry.start), self._line(max(entry.end - 1, entry.start))

    def _alone(self, entry: _Entry) -> bool:
        """Whether nothing stands before an entry in its line."""
        return not self.text[self._starts[self._line(entry.start)] : entry.start].strip()

    def _flow(self, path: Path) -> bool:
        """Whether an entry stands between brackets."""
        return any(self.find(path[:i]).style == "{" for i in range(len(path)))

    # Writing ----------------------------------------------------------------------------------------------------------

    def _exchanged(self, entry: _Entry, path: Path, value: Any) -> tuple[int, int, str]:
        """Another value behind a key or dash; a comment in the line of the key stays there."""
        column = entry.start - self._starts[self._line(entry.start)]
        short = fits(value, WIDTH - 40)
        if self._line(entry.value) > self._line(entry.key):
            head = self._rest(entry.key)
            start, end = entry.key, entry.end
        else:
            head = self._rest(entry.end)
            start, end = entry.key, entry.end + len(head)
        if short:
            return start, end, f" {inline(value)}{head}"
        lines = [" " * (column + 2) + line for line in indented(value)]
        return start, end, "\n".join([head, *lines])

    def _add(self, path: Path, place: int, value: Any, key: str | None, written: list[str] | None = None) -> "Page":
        parent = self.find(path)
        if not isinstance(parent.value, list if key is None else dict):
            raise refuse(
                "no-entry", self.name, f"{'.'.join(map(str, path))} is no {'list' if key is None else 'mapping'}"
            )

        def meant(tree: Any) -> None:
            here = _at(tree, path)
            if key is None:
                here.insert(place, value)
            else:
                items = [*here.items()]
                here.clear()
                here.update([*items[:place], (key, value), *items[place:]])

        if not parent.value:
            return self.put(path, [value] if key is None else {key: value})
        steps: list[str | int] = [*parent.value] if isinstance(parent.value, dict) else [*range(len(parent.value))]
        last = self._entry((*path, steps[place - 1])) if place else None
        first = self._entry((*path, steps[0]))
        if parent.style:
            one = written[0] if written and len(written) == 1 and " #" not in written[0] else inline(value)
            one = one if key is None else f"{scalar(key)}: {one}"
            at, piece = (last.end, f", {one}") if last else (first.start, f"{one}, ")
            return self._first([(at, at, piece)], (self._line(at), self._line(at)), meant)
        lines = self._as_written(parent, key, value, written)
        margin = " " * (first.start - self._starts[self._line(first.start)])
        if last:
            at = self._after(last.end)
            end = "" if self.text[:at].endswith(("\n", "\r")) else "\n"
            piece = end + "".join(f"{margin}{line}\n" for line in lines)
            window = (self._line(last.end) + 1, self._line(last.end)) if not end else self._lines(last)
        else:
            at, window = first.start, (self._line(first.start), self._line(first.start) - 1)
            piece = f"\n{margin}".join(lines) + f"\n{margin}"
        return self._first([(at, at, piece)], window, meant)

    def _as_written(self, parent: Node, key: str | None, value: Any, written: list[str] | None) -> list[str]:
        """The lines of a new entry or item, in the manner of those beside it."""
        if written:
            return [f"- {written[0]}", *(f"  {line}" if line else line for line in written[1:])]
        inside = [*parent.value.values()] if isinstance(parent.value, dict) else parent.value
        beside = [one.style for one in inside if not isinstance(one.value, str)]
        tall = isinstance(value, dict | list) and bool(value) and beside and not beside[-1]
        if not tall and fits(value, WIDTH - 20):
            return [f"{'- ' if key is None else f'{scalar(key)}: '}{inline(value)}"]
        lines = [f"  {line}" for line in indented(value)]
        return [f"- {lines[0][2:]}", *lines[1:]] if key is None else [f"{scalar(key)}:", *lines]

    def _written(self, path: Path) -> list[str]:
        """The lines of an item as they are, from its value on, without its indentation; with its comments."""
        entry = self._entry(path)
        if self._flow(path):
            return _ENDING.split(self.text[entry.value : entry.end])
        first, *rest = _ENDING.split(self.text[entry.value : entry.end] + self._rest(entry.end))
        margin = entry.start - self._starts[self._line(entry.start)] + 2
        return [first, *(line[min(margin, len(line) - len(line.lstrip())) :] for line in rest)]

    def _first(
        self, options: Iterable[tuple[int, int, str]], window: tuple[int, int], meant: Callable[[Any], None]
    ) -> "Page":
        """The first way to write it that reads back as meant; ProblemsFound where none does."""
        wanted = self.root.plain()
        meant(wanted)
        problems: list[Problem] = []
        for start, end, piece in options:
            text = self.text[:start] + piece.replace("\n", self.newline) + self.text[end:]
            new = self.now(text)
            try:
                if json.dumps(new.root.plain()) == json.dumps(wanted) and not outside(self.text, text, *window):
                    return new
            except ProblemsFound as found:
                problems = [*found.problems]
        raise (
            ProblemsFound(problems)
            if problems
            else refuse(
                "not-written", self.name, f"line {window[0] + 1} cannot be changed without a change to something else"
            )
        )


def outside(old: str, new: str, first: int, last: int) -> list[str]:
    """The lines that differ outside of the lines first to last (from 0; last < first: nothing but an insertion)."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    above, below = before[:first], before[last + 1 :]
    there = after[len(after) - len(below) :] if below else []
    if above == after[:first] and below == there and len(above) + len(below) <= len(after):
        return []
    pairs = [*zip(above, after[:first], strict=False), *zip(below, there, strict=False)]
    return [one.rstrip("\r\n") for one, other in pairs if one != other] or ["(lines are missing)"]


def _at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def _block_text(text: str) -> str:
    """A block scalar without the empty lines and comments that the parser counts to it."""
    lines = re.split(r"(?<=\n)", text)
    body = next((line for line in lines[1:] if line.strip()), "")
    indent = len(body) - len(body.lstrip())
    while len(lines) > 1 and (not lines[-1].strip() or len(lines[-1]) - len(lines[-1].lstrip()) < indent):
        lines.pop()
    return "".join(lines).rstrip("\r\n")
