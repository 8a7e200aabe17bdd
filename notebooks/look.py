"""The look of pages and panels, which stands once, in settings/custom.css: Lab has it before a cell has run."""

import re
from pathlib import Path

__all__ = ["look"]

_CSS = (Path(__file__).parent / "settings" / "custom.css").read_text("utf-8")
_PARTS = dict(re.findall(r"/\* = (\w+)[^*]*\*/\n(.*?)(?=\n/\* = )", _CSS, re.DOTALL))


def look(part: str) -> str:
    """A part of that style sheet, by its name there, as an element of a page; KeyError for a name that it has not."""
    return f"<style>\n{_PARTS[part]}\n</style>"
