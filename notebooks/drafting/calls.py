"""What a hand does to a draft, as the line of Python that does the same: one call of an edit for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from notebooks.drafting.names import Tree
from notebooks.drafting.outline import Path
from notebooks.drafting.words import HEAD
from policy import Draft
from policy.authoring.draft_edits import Edited

__all__ = ["Author", "Call", "call_for", "dotted", "removal"]


@dataclass(frozen=True)
class Call:
    """One edit: the name of the method of a draft, and what it is given."""

    name: str
    given: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def on(self, draft: Draft) -> Edited:
        """Do it."""
        found: Edited = getattr(draft, self.name)(*self.given, **self.named)
        return found

    def code(self) -> str:
        """The line of Python."""
        words = [*map(repr, self.given), *(f"{key}={value!r}" for key, value in self.named.items())]
        return f"draft.{self.name}({', '.join(words)})"


class Author(Protocol):
    """Who does what a form says: the panel."""

    draft: Draft
    tree: Tree

    def do(self, *calls: Call) -> bool:
        """Edit the draft; False where it could not be done, which is told."""

    def undo(self) -> None:
        """Without the last edit."""

    def complain(self, said: str) -> None:
        """Say what is missing."""

    def open(self, path: Path | None) -> None:
        """Show an entry; None: none."""

    def guard(self, act: Callable[..., object]) -> Callable[..., None]:
        """A callback whose faults are shown."""


def dotted(path: Path) -> str:
    """A path as it is written."""
    return ".".join(map(str, path))


def call_for(path: Path, key: str, value: Any, name: str = "") -> Call:
    """The edit that gives an entry another value under a key (None: takes the key away).

    `name` is that of an example, which is known by it.
    """
    section, entry = path[0], str(path[-1])
    if section == HEAD:
        return Call("take_out", (key,)) if value is None else Call("put", (key, value))
    if value is None:
        return Call("take_out", (dotted((*path, key)),))
    if section == "levers" and key == "values":
        return Call("set_dated", (entry, value))
    if section == "levers" and key == "domain" and isinstance(value, Mapping):
        return Call("set_domain", (entry,), value)
    if key == "says" and section in ("levers", "criteria", "statements", "texts"):
        return Call("reword", (section, entry, value))
    if section == "criteria" and key == "ask":
        return Call("set_ask", (entry, value))
    if section in ("criteria", "levers") and key in ("citation", "evidence"):
        return Call("cite", (section, entry), {key: value})
    if section == "evidence" and isinstance(value, str):
        return Call("set_evidence", (entry,), {key: value})
    if section == "examples" and key in ("expect", "asks") and name:
        return Call("set_example", (name,), {key: value})
    return Call("revise", (dotted((*path, key)), value))


def removal(path: Path, name: str = "") -> Call:
    """The edit that takes an entry out."""
    if path[0] == "criteria":
        return Call("remove_criterion", (str(path[1]),))
    if path[0] == "examples" and name:
        return Call("remove_example", (name,))
    return Call("take_out", (dotted(path),))
