"""Another value in the place of one, with no more of its text exchanged than differs."""

import json
from difflib import SequenceMatcher
from typing import Any

from policy.authoring.pages import Page, Path


def revised(page: Page, path: Path, value: Any) -> Page:
    """The page with a value (text, dict or list) at a path; what is alike inside keeps its lines and comments.

    Raises ProblemsFound where the path leads nowhere.
    """
    if not page.has(path):
        return page.put(path, value)
    old = page.find(path).plain()
    if old == value:
        return page
    if isinstance(old, dict) and isinstance(value, dict) and _in_order(old, value):
        return _mapping(page, path, old, value)
    if isinstance(old, list) and isinstance(value, list) and old and value:
        return _list(page, path, old, value)
    return page.put(path, value)


def _in_order(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether some keys stay, and stay in their order."""
    both = [key for key in old if key in new]
    return bool(both) and both == [key for key in new if key in old]


def _mapping(page: Page, path: Path, old: dict[str, Any], new: dict[str, Any]) -> Page:
    for key in [key for key in old if key not in new]:
        page = page.take_out((*path, key))
    before: list[str] = []
    for key, value in new.items():
        page = revised(page, (*path, key), value) if key in old else page.put((*path, key), value, before)
        before.append(key)
    return page


def _list(page: Page, path: Path, old: list[Any], new: list[Any]) -> Page:
    """From the end, so that positions before stay what they are; what is new comes in before what is old goes out."""
    same = SequenceMatcher(None, [*map(json.dumps, old)], [*map(json.dumps, new)], autojunk=False)
    for _, a, b, c, d in reversed(same.get_opcodes()):
        both = min(b - a, d - c)
        for value in reversed(new[c + both : d]):
            page = page.add(path, b, value)
        for i in reversed(range(a, a + both)):
            page = revised(page, (*path, i), new[c + i - a])
        for i in reversed(range(a + both, b)):
            page = page.take_out((*path, i))
    return page
