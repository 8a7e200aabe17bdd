"""Values as YAML text, in the way that the place they go to is written: its quotation marks, its folding, its width."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

WIDTH = 150  # columns of a line that is written anew
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_MEANT = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}  # what other readers take for something else


def scalar(text: str) -> str:
    """A text as a scalar of one line: plain where every reader takes it for text, else in double quotes."""
    plain = _SAFE.fullmatch(text) and text.lower() not in _MEANT
    return text if plain else json.dumps(text, ensure_ascii=False)


def inline(value: object) -> str:
    """A value in one line, mappings and lists between brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return scalar(str(value))


def depth(value: object) -> int:
    """How many brackets stand inside each other at most."""
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return isinstance(value, Mapping | list) + max(map(depth, inside), default=0)


def fits(value: object, room: int) -> bool:
    """Whether a value is written in one line: a scalar always, else what is empty or both flat and short."""
    return not isinstance(value, Mapping | list) or not value or (depth(value) <= 2 and len(inline(value)) <= room)


def indented(value: object) -> list[str]:
    """The lines of a mapping or list that is not empty, by indentation; what is short inside stands in one line."""
    lines: list[str] = []
    if isinstance(value, Mapping):
        for key, one in value.items():
            head = f"{scalar(str(key))}:"
            if fits(one, WIDTH - 20):
                lines.append(f"{head} {inline(one)}")
            else:
                lines += [head, *(f"  {line}" for line in indented(one))]
    elif isinstance(value, list):
        for one in value:
            nested = isinstance(one, Mapping) and len(one) == 1 and depth(one) == 2  # as `- is: {...}`
            first, *rest = indented(one) if nested or not fits(one, WIDTH - 20) else [inline(one)]
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
    return lines


# A text in the place of another ---------------------------------------------------------------------------------------


def spellings(text: str, old: str, style: str, before: int) -> Iterator[str]:
    """Ways to write a text where `old` stands, the nearest to it first; the caller takes the first that reads back.

    `style`: of the old scalar (`Node.style`). `before`: columns that stand before it in its line. Lines end in \\n.
    """
    quoted = json.dumps(text, ensure_ascii=False)
    if style in ("|", ">"):
        yield _block(text, old, style)
    elif style == "'":
        yield from _folded(text.replace("'", "''"), old, "'", before)
        yield "'" + text.replace("'", "''") + "'"
    elif style == "":
        yield from _folded(text, old, "", before)
        yield text
    if style in ('"', "") or not text.isprintable():
        yield from _folded(quoted[1:-1], old, '"' if style == '"' else "", before)
    yield quoted


def _folded(text: str, old: str, quote: str, before: int) -> Iterator[str]:
    """The text folded as the old one is: lines whose words stay are left alone, what is between is filled again."""
    words = text.split(" ")
    if "\n" not in old or "" in words or "\n" in text:
        return
    first, *rest = old.split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    width = max(before + len(first), *map(len, rest))
    lines = [line.split() for line in (old[1:-1] if quote else old).split("\n")]
    if not all(lines):  # an empty line stands for a line break
        return
    kept = _same_lines(lines, words)
    back = [line[::-1] for line in lines[len(kept) :]][::-1]
    left = words[sum(map(len, kept)) :]
    after = [line[::-1] for line in _same_lines(back, left[::-1])][::-1]
    between = left[: len(left) - sum(map(len, after))]
    room = [width - (indent if kept else before + 1), width - indent]
    filled = [*kept, *_filled(between, room), *after]
    yield quote + f"\n{' ' * indent}".join(" ".join(line) for line in filled) + quote


def _same_lines(lines: list[list[str]], words: list[str]) -> list[list[str]]:
    """The lines at the beginning that the words begin with."""
    at = 0
    ends = []
    for line in lines:
        at += len(line)
        ends.append((line, words[at - len(line) : at]))
    return [line for line, found in takewhile(lambda pair: pair[0] == pair[1], ends)]


def _filled(words: list[str], room: list[int]) -> list[list[str]]:
    """Words in lines; the first has another room than those after it."""
    lines: list[list[str]] = []
    for word in words:
        space = room[min(max(len(lines) - 1, 0), 1)]
        if lines and len(" ".join(lines[-1])) + 1 + len(word) <= space:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _block(text: str, old: str, style: str) -> str:
    """A block scalar under its old header; a folded one is filled to its old width."""
    header, *body = old.split("\n")
    indent = next((len(line) - len(line.lstrip()) for line in body if line.strip()), 2)
    lines = text.rstrip("\n").split("\n")
    if style == ">":
        width = max(map(len, body), default=WIDTH) - indent
        lines = "\n\n".join("\n".join(map(" ".join, _filled(line.split(" "), [width] * 2))) for line in lines).split(
            "\n"
        )
    return "\n".join([header, *(f"{' ' * indent}{line}".rstrip() for line in lines)])
