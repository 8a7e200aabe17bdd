"""The outline of a draft: every entry under its section, by what people call it, and where a place of it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass

from notebooks.drafting.names import Tree, called_entry
from notebooks.drafting.words import HEAD, SECTION_WORDS

__all__ = ["OutlineEntry", "Path", "entry_at", "outline", "searched"]

Path = tuple[str | int, ...]
_HEAD_KEYS = ("title", "status", "effective", "retired", "notice", "source_name")


@dataclass(frozen=True)
class OutlineEntry:
    """One entry: where it stands, and what people call it."""

    path: Path
    label: str

    @property
    def section(self) -> str:
        """The section that it stands in."""
        return str(self.path[0])

    @property
    def small(self) -> str:
        """The identifier, for small print."""
        return ".".join(map(str, self.path))


def outline(tree: Tree) -> dict[str, tuple[OutlineEntry, ...]]:
    """Section -> its entries, in the order of the document; sections that are empty too."""
    found: dict[str, tuple[OutlineEntry, ...]] = {HEAD: (OutlineEntry((HEAD,), str(tree.get("title", ""))),)}
    for section in SECTION_WORDS:
        held = tree.get(section)
        names = [*held] if isinstance(held, Mapping) else [*range(len(held))] if isinstance(held, list) else []
        if section != HEAD:
            found[section] = tuple(OutlineEntry((section, n), called_entry(tree, section, n)) for n in names)
    return found


def searched(sections: Mapping[str, tuple[OutlineEntry, ...]], text: str) -> list[OutlineEntry]:
    """The entries that have every word of a text in their label or name."""
    words = text.casefold().split()
    every = [entry for entries in sections.values() for entry in entries]
    return [one for one in every if all(w in f"{one.label} {one.small}".casefold() for w in words)]


def entry_at(tree: Tree, place: str) -> Path | None:
    """The entry that a dotted place lies in ('criteria.age.test.at_least'); None: none that is there."""
    section, _, rest = place.partition(".")
    if section in (HEAD, *_HEAD_KEYS, "schema", "id", "version"):
        return (HEAD,)
    held = tree.get(section)
    if isinstance(held, list):
        number = rest.partition(".")[0]
        return (section, int(number)) if number.isdigit() and int(number) < len(held) else None
    names = [n for n in held if rest == n or rest.startswith(f"{n}.")] if isinstance(held, Mapping) else []
    return (section, max(names, key=len)) if names else None
