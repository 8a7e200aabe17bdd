"""The redline of two versions of a policy as a page for readers: `python -m simulations.cli.redline_page OLD NEW`.

Each text that differs stands once, ~~taken out~~ and **put in**; what the change does to requests is proven, not told.
Without names it writes the page of the shipped versions, docs/redline.md.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import policy as core
from policy.authoring.proof import prove
from policy.authoring.side_by_side import word_by_word
from policy.model import Policy
from policy.reading.loading import DEFAULT
from policy.storage.files import save

PAGE = Path(__file__).resolve().parents[2] / "docs" / "redline.md"
VERSIONS = (f"{DEFAULT}@2026.1", f"{DEFAULT}@2026.2")
Place = tuple[str, str, str]  # section, entry, what of the entry


def page_of(old: Policy, new: Policy) -> str:
    """The redline as Markdown."""
    before, after = dict(_texts(old)), dict(_texts(new))
    places = [place for place in dict.fromkeys((*after, *before)) if before.get(place) != after.get(place)]
    sections = list(dict.fromkeys(section for section, *_ in (*after, *before)))
    places.sort(key=lambda place: sections.index(place[0]))  # stable: entries stay in the order of the document
    parts = [_head(old, new, places)]
    for (section, entry), group in groupby(places, key=lambda place: place[:2]):
        if f"\n## {section}\n" not in "".join(parts):
            parts.append(f"\n## {section}\n")
        named = entry and f"\n### {entry}{_standing((section, entry), before, after)}\n"
        parts.append(f"{named}\n")
        parts += [f"- {key}: {redlined(before.get((section, entry, key), ''), after.get((section, entry, key), ''))}\n"
                  for *_, key in group]  # fmt: skip
    return "".join(parts)


def _head(old: Policy, new: Policy, places: list[Place]) -> str:
    relation = prove(old.settings(), new.settings()).overall.text()
    sections = {
        name: len({entry for section, entry, _ in places if section == name})
        for name in dict.fromkeys(p[0] for p in places)
    }
    counted = ", ".join(f"{name} {count}" for name, count in sections.items())
    return (
        f"# Redline of {old.name} and {new.name}\n\n"
        "Made by `python -m simulations.cli.redline_page`. ~~Taken out~~, **put in**; what stands plain is"
        " unchanged.\n\n"
        "Do both decide every request alike? Proven over every case there can be: "
        f"**{relation}**. Entries that differ: {counted or 'none'}.\n"
    )


def _standing(entry: tuple[str, str], before: Mapping[Place, str], after: Mapping[Place, str]) -> str:
    old, new = (any(place[:2] == entry for place in texts) for texts in (before, after))
    return "" if old and new else " (new)" if new else " (taken out)"


def _texts(document: Policy) -> Iterator[tuple[Place, str]]:
    """Every text of the document under its place."""
    content = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for section, part in content.items():
        if isinstance(part, list):  # entries without an id have a code or a name
            part = {str(entry.get("code", entry.get("name"))): entry for entry in part}
        if not isinstance(part, Mapping):
            yield (section, "", section), str(part)
            continue
        for entry, body in part.items():
            for key, value in body.items() if isinstance(body, Mapping) else [("text", body)]:
                yield (section, str(entry), str(key)), _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def redlined(old: str, new: str) -> str:
    """Word by word, as Markdown."""
    said: list[str] = []
    for words in word_by_word(old, new):
        if words.kept:
            said.append(_escaped(words.into))
            continue
        said += [f"~~{_escaped(words.out)}~~"] * bool(words.out) + [f"**{_escaped(words.into)}**"] * bool(words.into)
    return " ".join(said)


def _escaped(words: str) -> str:
    return re.sub(r"([\\`*_~|<>\[\]])", r"\\\1", words)


def write_page(names: list[str]) -> None:
    """The page of two policies on stdout, or that of the shipped versions into docs."""
    old, new = (core.load(name) for name in (names or VERSIONS))
    if names:
        print(page_of(old, new), end="")
    else:
        save(PAGE, page_of(old, new).encode())


if __name__ == "__main__":
    write_page(sys.argv[1:])
