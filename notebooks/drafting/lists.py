"""The lists of requirements of a draft: where they are, what people call them, and what stands in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notebooks.drafting.names import Options, Tree, called_entry, word
from notebooks.drafting.outline import Path
from notebooks.drafting.words import SILENT
from policy import Draft
from policy.authoring.draft_edits import required

__all__ = ["Held", "Required", "lists_of", "places_of", "positions"]


@dataclass(frozen=True)
class Held:
    """One requirement: the criterion or gate, what people call it, and the condition that it stands under."""

    name: str
    label: str
    condition: str


@dataclass(frozen=True)
class Required:
    """One list of requirements: its path as an edit takes it, what people call it, and what stands in it."""

    path: Path
    title: str
    held: tuple[Held, ...]

    @property
    def where(self) -> str:
        """As an edit names it."""
        return ".".join(map(str, self.path))


def lists_of(draft: Draft, tree: Tree, within: Path = ()) -> list[Required]:
    """Every list of requirements, of the whole document or within an entry, in the order of the document."""
    found = []
    for path in required(draft.page).values():
        if path[: len(within)] == within:
            items = draft.page.find(path).plain()
            found.append(Required(path, _title(tree, path), tuple(_held(tree, one) for one in items)))
    return found


def _title(tree: Tree, path: Path) -> str:
    """The title of the pathway or gate, then the branches that lead to the list."""
    title = called_entry(tree, str(path[0]), path[1])
    steps = [f"rule {step + 1}" if isinstance(step, int) else word(step) for step in path[3:-1] if step not in SILENT]
    return ", ".join([title, *steps])


def _held(tree: Tree, item: Any) -> Held:
    entry = item if isinstance(item, Mapping) else {"criterion": item}
    name = str(entry.get("criterion", ""))
    section = "gates" if name in tree.get("gates", {}) else "criteria"
    says = [f"{called_entry(tree, 'levers', n).partition(': ')[0]} is {_either(v)}" for n, v in _conditions(entry)]
    codes = entry.get("codes", [])
    only = [f"while {' and '.join(says)}"] if says else []
    return Held(
        name, called_entry(tree, section, name), "; ".join([*only, *([f"for {', '.join(codes)}"] if codes else [])])
    )


def _conditions(entry: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found = entry.get("while")
    return [*found.items()] if isinstance(found, Mapping) else []


def _either(value: Any) -> str:
    return " or ".join(map(word, [value] if isinstance(value, str) else value))


def places_of(lists: list[Required], criterion: str) -> list[Required]:
    """The lists that hold a criterion or gate."""
    return [one for one in lists if any(held.name == criterion for held in one.held)]


def positions(one: Required | None) -> Options:
    """Where a requirement may come in: before each that is there, or at the end."""
    held = one.held if one else ()
    return [("at the end", ""), *((f"before {i + 1}. {x.label}"[:100], str(i)) for i, x in enumerate(held))]
