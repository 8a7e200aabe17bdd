"""The only reader of YAML: text in, a tree of text scalars with their lines out.

Nothing is guessed from the look of a scalar (00100 does not become 64, nor `no` False): the typed model decides.
Tags, anchors, aliases, merge keys, duplicate keys, several documents, deep nesting and large files are refused.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from policy.problems import Problem, ProblemsFound, refuse, shown

MAX_BYTES, MAX_DEPTH, MAX_SCALAR = 200 * 1024, 32, 4000
_HIDDEN = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200C, 0x200D, 0xFEFF)}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Node:
    """A scalar (text), a mapping (dict) or a list of nodes; `line` is 1-based, `keys` holds the line of each key."""

    value: Any
    line: int
    keys: dict[str, int] = field(default_factory=dict)

    def plain(self) -> Any:
        """The same as dicts, lists and text, for a typed model to check."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def line_of(self, path: tuple[Any, ...]) -> int:
        """Line of the deepest node on `path` that exists."""
        node, line = self, self.line
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node, line = node.value[step], node.keys[step]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.line
        return line


def read_text(path: Path) -> str:
    """The file as UTF-8 text; refused when missing, above 200 KiB (before it is read) or not UTF-8."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise refuse("read", str(path), "cannot be read (no ordinary file)")
        if size > MAX_BYTES:
            raise refuse("size", str(path), f"is {size:,} bytes; at most {MAX_BYTES:,} are read")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse("encoding", str(path), f"is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise refuse("read", str(path), f"cannot be read ({error.strerror})") from None


def read_yaml(text: str, name: str, nulls: bool = False) -> Node:
    """Parse `text` (from the file called `name`) into a Node; raises ProblemsFound with every problem and its line.

    An entry without a value is refused unless `nulls`: then it is the text that stands there ('null').
    """
    problems: list[Problem] = []

    def problem(code: str, line: int, message: str) -> None:
        problems.append(Problem(code, f"{name}:{line}", message))

    for number, content in enumerate(text.split("\n"), 1):
        hidden = sorted({f"U+{ord(c):04X}" for c in content if c in _HIDDEN})
        if hidden:
            problem("hidden-character", number, f"holds invisible characters ({', '.join(hidden)}); remove them")
    root: Node | None = None
    stack: list[tuple[Node, list[Any]]] = []  # open collections, each with its pending key
    documents = 0

    def add(node: Node) -> None:
        nonlocal root
        if not stack:
            root = root or node
            return
        parent, pending = stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif not pending:
            if not isinstance(node.value, str):
                problem("key", node.line, "a mapping key must be text")
            elif not node.value.isascii() or not node.value.isprintable() or not node.value:
                problem("key", node.line, f"key {shown(node.value)} has characters outside plain ASCII, or is empty")
            elif node.value == "<<":
                problem("merge-key", node.line, "merge keys (<<) are not allowed: write the entries out")
            elif node.value in parent.keys:
                first = parent.keys[node.value]
                problem("duplicate-key", node.line, f"key {shown(node.value)} stands twice, first on line {first}")
            pending.append(node)
        else:
            key = pending.pop()
            if isinstance(key.value, str) and key.value not in parent.keys:
                parent.value[key.value] = node
                parent.keys[key.value] = key.line

    try:
        for event in yaml.parse(text, Loader=_Loader):
            line = event.start_mark.line + 1  # type: ignore[union-attr]
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            elif isinstance(event, yaml.AliasEvent):
                problem("alias", line, f"alias *{event.anchor} is not allowed: write the value out")
                add(Node("", line))
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            elif isinstance(event, yaml.NodeEvent):
                if event.anchor is not None:
                    problem("anchor", line, f"anchor &{event.anchor} is not allowed")
                tag = getattr(event, "tag", None)
                if tag is not None:
                    problem("tag", line, f"tag {shown(tag)} is not allowed")
                if isinstance(event, yaml.ScalarEvent):
                    if len(event.value) > MAX_SCALAR:
                        problem("length", line, f"a value of {len(event.value):,} characters; at most {MAX_SCALAR:,}")
                    elif not event.style and event.value in ("", "~", "null") and tag is None and not nulls:
                        problem("no-value", line, "an entry has no value (null): give it one or remove it")
                    add(Node(event.value[:MAX_SCALAR], line))
                else:
                    node = Node([] if isinstance(event, yaml.SequenceStartEvent) else {}, line)
                    add(node)
                    stack.append((node, []))
                    if len(stack) > MAX_DEPTH:
                        problem("depth", line, f"nested deeper than {MAX_DEPTH} levels")
                        break
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        problem("syntax", mark.line + 1 if mark else 1, f"is not valid YAML: {what}")
    if documents > 1:
        problem("documents", 1, f"holds {documents} documents; one is allowed")
    if not problems and (root is None or not isinstance(root.value, dict)):
        found = "nothing" if root is None else "a list" if isinstance(root.value, list) else shown(root.value)
        problem("empty", 1, f"must be a mapping of keys to values; found {found}")
    if problems or root is None:
        raise ProblemsFound(sorted(problems, key=lambda p: int(p.place.rpartition(":")[2])))
    return root
