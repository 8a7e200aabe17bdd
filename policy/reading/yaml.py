"""The only reader of YAML: text in, a tree of text scalars with their places out.

Nothing is guessed from the look of a scalar (00100 does not become 64, nor `no` False): the typed model decides.
Tags, anchors, aliases, merge keys, duplicate keys, several documents, deep nesting and large files are refused.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from policy.problems import (
    SHOWN,
    Finding,
    Problem,
    ProblemsFound,
    code_points,
    in_order,
    nearest,
    refuse,
    shown,
    visible,
)

MAX_BYTES, MAX_DEPTH, MAX_SCALAR = 200 * 1024, 32, 4000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Spot(NamedTuple):
    """Line and column (1-based) of an entry, its path, and its text as written if it has one."""

    line: int
    column: int
    path: str
    value: str | None


@dataclass(slots=True)
class Node:
    """A scalar (text), a mapping (dict) or a list of nodes with its place; `keys` holds the place of each key.

    `end` is the place after its last character. `style` is how it is written: a quotation mark, | or > of a scalar,
    { of a mapping or list between brackets, empty for what is plain or indented.
    """

    value: Any
    line: int
    column: int = 1
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    end: tuple[int, int] = (1, 1)
    style: str = ""

    def plain(self) -> Any:
        """The same as dicts, lists and text, for a typed model to check."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def lower(self, by: int) -> "Node":
        """The same, so many lines further down."""
        value = self.value
        if isinstance(value, dict):
            value = {key: node.lower(by) for key, node in value.items()}
        elif isinstance(value, list):
            value = [node.lower(by) for node in value]
        keys = {key: (line + by, column) for key, (line, column) in self.keys.items()}
        return Node(value, self.line + by, self.column, keys, (self.end[0] + by, self.end[1]), self.style)

    def spot(self, path: tuple[object, ...]) -> Spot:
        """Place of the deepest entry on `path` that exists; steps in the middle that are not there are passed over."""
        node, place, steps, written = self, (self.line, self.column), [], True
        for step in path:
            written = True
            if isinstance(node.value, dict) and step in node.value:
                node, place = node.value[step], node.keys[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                place = (node.line, node.column)
            else:
                written = False
                if step is not path[-1] or not isinstance(step, str):
                    continue
            steps.append(str(step)[:60])
        text = visible(node.value[:80])[:80] if written and isinstance(node.value, str) else None
        return Spot(*place, ".".join(steps), text)

    def line_of(self, path: tuple[object, ...]) -> int:
        """Line of the deepest entry on `path` that exists."""
        return self.spot(path).line


def located(findings: Iterable[Finding], file: str, node: Node) -> list[Problem]:
    """Findings as problems in the order of the file; names near a wrong one are sought for those that are shown."""
    problems = []
    placed = sorted(((node.spot(f.path), f) for f in findings), key=lambda pair: pair[0][:2])
    for i, (spot, found) in enumerate(placed):
        message = found.message
        if found.name and i < SHOWN:
            known = in_order(found.known)
            message += (f"; one of {', '.join(known)}" if 0 < len(known) <= 13 else "") + nearest(found.name, known)
        problems.append(_problem(found.code, file, spot, message))
    return problems


def _problem(code: str, file: str, spot: Spot, message: str) -> Problem:
    path = spot.path if len(spot.path) <= 200 else f"...{spot.path[-200:]}"
    said = f"{path}: {message}" if path else message
    return Problem(code, f"{file}:{spot.line}", said, None, spot.column, spot.value, spot.path, spot.line)


def _at(path: Path, code: str, line: int, column: int, message: str) -> ProblemsFound:
    return ProblemsFound([_problem(code, str(path), Spot(line, column, "", None), message)])


def read_text(path: Path) -> str:
    """The file as UTF-8 text; refused when missing, above 200 KiB (before it is read) or not UTF-8."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise refuse("read", str(path), "cannot be read (no ordinary file)")
        if size > MAX_BYTES:
            raise _at(path, "size", 1, 1, f"is {size:,} bytes; at most {MAX_BYTES:,} are read")
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        what = f"is not UTF-8 text (byte {error.start})"
        raise _at(path, "encoding", len(before), len(before[-1]) + 1, what) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise refuse("read", str(path), f"cannot be read ({reason})") from None


def read_yaml(text: str, name: str, nulls: bool = False) -> Node:
    """Parse `text` (from the file called `name`) into a Node; raises ProblemsFound with every problem and its place.

    An entry without a value is refused unless `nulls`: then it is the text that stands there ('null').
    """
    root, problems = _tree("\n".join(_lines(text)), nulls)
    if problems or root is None:
        raise ProblemsFound(replace(one, place=f"{name}:{one.line}") for one in problems)
    return root


@lru_cache(maxsize=4)  # a version and the draft that begins from it, each read for several reasons
def _tree(text: str, nulls: bool) -> tuple[Node | None, tuple[Problem, ...]]:
    """The tree, which nobody changes, and the problems, which do not say yet in which file."""
    reader = _Reader("", nulls)
    reader.read(reader.printable(text))
    root = reader.root
    if not reader.problems and (root is None or not isinstance(root.value, dict)):
        found = "nothing" if root is None else "a list" if isinstance(root.value, list) else shown(root.value)
        reader.problem("empty", (1, 1), f"must be a mapping of keys to values; found {found}")
    return root, tuple(sorted(reader.problems, key=lambda p: (p.line, p.column)))


def read_again(text: str, name: str, before: str, tree: Node) -> Node:
    """As `read_yaml(text, name)`, from the `tree` of the text `before`: only the top entry that differs is read.

    The tree stays what it is. Wherever another entry could look different for the change all is read.
    """
    old, new = (_lines(one) for one in (before, text))
    most = min(len(old), len(new))
    first = next((i for i in range(most) if old[i] != new[i]), most)
    alike = next((i for i in range(most - first) if old[-1 - i] != new[-1 - i]), most - first)
    changed = range(first, len(old) - alike)
    starts = [line - 1 for line, column in tree.keys.values() if column == 1]
    at = bisect_right(starts, first) - 1
    at -= at >= 0 and not changed and starts[at] == first  # what comes in before a key belongs to the entry above
    end = starts[at + 1] if at + 1 < len(starts) else len(old)
    if tree.style or len(starts) < len(tree.keys) or at < 0 or changed.stop > end:
        return read_yaml(text, name)
    key = [*tree.keys][at]
    piece = new[starts[at] : len(new) - (len(old) - end)] + [""] * (end < len(old))
    reader = _Reader(name, nulls=False, above=starts[at])
    reader.read(reader.printable("\n".join(piece)))
    part = reader.root
    marks = any(line.startswith(("---", "...")) for line in piece)  # of a document
    if marks or reader.problems or part is None or part.keys != {key: (starts[at] + 1, 1)}:
        return read_yaml(text, name)
    by, places = len(new) - len(old), [*tree.keys.items()]
    keys = dict(places[: at + 1]) | {k: (line + by, column) for k, (line, column) in places[at + 1 :]}
    below = {k: tree.value[k].lower(by) if by else tree.value[k] for k in [*keys][at + 1 :]}
    entries = {k: tree.value[k] for k in [*keys][:at]} | part.value | below
    return Node(entries, tree.line, tree.column, keys, [*entries.values()][-1].end)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class _Reader:
    """Builds the tree from the parser's events and collects what the file may not hold.

    `above`: the lines that stand above the text.
    """

    def __init__(self, name: str, nulls: bool, above: int = 0):
        self.name, self.nulls, self.first = name, nulls, above + 1
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.open: list[tuple[Node, list[Node], str]] = []  # collections, each with its pending key and its path

    def problem(self, code: str, place: tuple[int, int], message: str, value: str | None = None) -> None:
        written = None if value is None else visible(value[:80])[:80]
        self.problems.append(_problem(code, self.name, Spot(*place, self.path(), written), message))

    def path(self) -> str:
        """Way to the node that comes next."""
        if not self.open:
            return ""
        parent, pending, above = self.open[-1]
        if isinstance(parent.value, list):
            return f"{above}.{len(parent.value)}".removeprefix(".")
        return f"{above}.{str(pending[0].value)[:60]}".removeprefix(".") if pending else above

    def printable(self, text: str) -> str:
        """The text with a space in place of each character that does not print; each line that has one is named."""
        if text.replace("\n", "").replace("\t", "").isprintable():
            return text
        lines = text.split("\n")
        for number, content in enumerate(lines, 1):
            hidden = [c for c in content if not c.isprintable() and c != "\t"]
            if hidden:
                message = f"holds characters that do not print ({code_points(''.join(hidden))}); remove them"
                self.problem("hidden-character", (number, content.index(hidden[0]) + 1), message)
                lines[number - 1] = "".join(c if c.isprintable() or c == "\t" else " " for c in content)
        return "\n".join(lines)

    def read(self, text: str) -> None:
        begun = False
        try:
            for event in yaml.parse(text, Loader=_Loader):
                place = event.start_mark.line + self.first, event.start_mark.column + 1  # type: ignore[union-attr]
                if isinstance(event, yaml.DocumentStartEvent):
                    if begun:
                        self.problem("documents", place, "a second document begins; one is allowed")
                        return
                    begun = True
                elif isinstance(event, yaml.CollectionEndEvent):
                    self.close(self.open.pop()[0], event)
                elif isinstance(event, yaml.NodeEvent):
                    self.node(event, place)
                    if len(self.open) > MAX_DEPTH:
                        self.problem("depth", place, f"nested deeper than {MAX_DEPTH} levels")
                        return
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or str(error).splitlines()[0]
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.problem("syntax", place, f"is not valid YAML: {what}")

    def node(self, event: Any, place: tuple[int, int]) -> None:
        if isinstance(event, yaml.AliasEvent):
            alias = f"*{event.anchor}"
            self.problem("alias", place, f"alias {shown(alias)} is not allowed: write the value out")
            self.add(Node(alias, *place))
            return
        if event.anchor is not None:
            self.problem("anchor", place, f"anchor {shown(f'&{event.anchor}')} is not allowed")
        if event.tag is not None:
            self.problem("tag", place, f"tag {shown(event.tag)} is not allowed")
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event, place)
            return
        style, path = "{" if event.flow_style else "", self.path()
        node = Node([] if isinstance(event, yaml.SequenceStartEvent) else {}, *place, style=style)
        self.add(node)
        self.open.append((node, [], path))

    def close(self, node: Node, event: Any) -> None:
        """An indented collection ends with its last entry: the parser's mark stands after the comments that follow."""
        inside = [*node.value.values()] if isinstance(node.value, dict) else node.value
        mark = event.end_mark
        node.end = inside[-1].end if inside and not node.style else (mark.line + self.first, mark.column + 1)

    def scalar(self, event: Any, place: tuple[int, int]) -> None:
        value: str = event.value
        if len(value) > MAX_SCALAR:
            self.problem("length", place, f"a value of {len(value):,} characters; at most {MAX_SCALAR:,}", value)
        elif not event.style and value in ("", "~", "null") and not event.tag and not self.nulls:
            self.problem("no-value", place, "an entry has no value (null): give it one or remove it")
        elif not value.isprintable() and (hidden := [c for c in value if not c.isprintable() and c not in "\n\t"]):
            message = f"holds characters that do not print ({code_points(''.join(hidden))}); remove them"
            self.problem("hidden-character", place, message, value)
        end = event.end_mark.line + self.first, event.end_mark.column + 1
        self.add(Node(value[:MAX_SCALAR], *place, end=end, style=event.style or ""))

    def add(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent, pending, _ = self.open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif not pending:
            self.key(node, parent)
            pending.append(node)
        else:
            key = pending.pop()
            if isinstance(key.value, str) and key.value not in parent.keys:
                parent.value[key.value] = node
                parent.keys[key.value] = (key.line, key.column)

    def key(self, node: Node, parent: Node) -> None:
        key, place = node.value, (node.line, node.column)
        if not isinstance(key, str):
            self.problem("key", place, "a mapping key must be text")
        elif not key or not key.isascii() or not key.isprintable():
            holds = f"holds {code_points(key)}" if key else "is empty"
            self.problem("key", place, f"key {shown(key)} {holds}; keys are plain ASCII", key)
        elif key == "<<":
            self.problem("merge-key", place, "merge keys (<<) are not allowed: write the entries out", key)
        elif key in parent.keys:
            first = parent.keys[key][0]
            self.problem("duplicate-key", place, f"key {shown(key)} stands twice, first on line {first}", key)
