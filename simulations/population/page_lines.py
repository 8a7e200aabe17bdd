"""Where an entry of a page is written, for messages: 'file:line'."""

from dataclasses import dataclass
from typing import Any

from policy.problems import Finding, Problem
from policy.reading.yaml import Node, located


@dataclass(frozen=True)
class Lines:
    """Where an entry of the page is written: 'file:line', in this file or in the one it is based on."""

    file: str
    node: Node | None = None
    base: "Lines | None" = None

    def owns(self, path: tuple[Any, ...]) -> bool:
        """Whether this file, not the one it is based on, holds the entry."""
        if self.node is None:
            return False
        section = self.node.value.get(path[0])
        return self.base is None or (section is not None and (len(path) < 2 or path[1] in section.value))

    def located(self, findings: list[Finding]) -> list[Problem]:
        """Each finding with its place; the name of the page alone for one without lines."""
        if self.node is None:
            return [Problem(f.code, self.file, f"{'.'.join(map(str, f.path))}: {f.message}") for f in findings]
        own = [f for f in findings if self.base is None or self.owns(f.path)]
        rest = [f for f in findings if self.base is not None and not self.owns(f.path)]
        return located(own, self.file, self.node) + (self.base.located(rest) if self.base else [])
