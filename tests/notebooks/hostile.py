"""A policy and a case table whose every free text tries to be something else: a tag, mathematics, a template."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import policy as core
from policy.model import Policy

SCRIPT = "<img src=x onerror=alert(1)>"
NASTY = SCRIPT + " $x^2$ {x} {conservative_weeks.__class__} \"'&amp;"
_WORDS = {"title", "label", "says", "ask", "citation", "because", "note", "status_note", "source", "strength", "stance",
          "population", "verified", "reference", "question", "why_open", "source_label", "official_meaning",
          "consequence", "applies_to"}  # fmt: skip

KEYS = set(core.load("nerve_blocks").evidence)
STANCES = {"strong_against", "weak_for", "insufficient", "required", "first_line", "favourable", "risk",
           "caveat", "gap", "scope"}  # fmt: skip


def policy() -> Policy:
    """The shipped policy with the nasty text in front of every text that an author writes freely."""
    shipped = core.load("nerve_blocks").model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Policy.model_validate(_spoilt(shipped))


def _spoilt(tree: Any, key: str = "", inside: str = "") -> Any:
    if isinstance(tree, dict):
        return {k: _spoilt(v, k, key) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_spoilt(v, key, inside) for v in tree]
    free = key in _WORDS or inside in ("choices", "references") or key in ("options", "likely_intended")
    fixed = tree in STANCES or tree in KEYS
    return f"{NASTY} {tree}" if isinstance(tree, str) and free and not fixed else tree


def cases(folder: Path) -> Path:
    """A case table called after an image tag, with one in each free column."""
    path = folder / "<img src=x onerror=alert(1)> $x$.csv"
    rows = [f'"{SCRIPT} $x^2$ {i}",M54.2,20553,120,"{SCRIPT}"\n' for i in range(60)]  # of fewer people nothing is told
    path.write_text(f"case_id,dx,cpt,pain_duration_days,race_ethnicity\n{''.join(rows)}", encoding="utf-8")
    return path


class Elements(HTMLParser):
    """The elements of a page with their attributes; an end that does not fit its start fails."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
