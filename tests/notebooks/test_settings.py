"""What Lab is told by `workbook lab`: which keys it leaves alone, and how a page looks before it has run."""

import json
import re
import sys
from pathlib import Path

import pytest

from notebooks import answer, page

SETTINGS = Path(answer.__file__).parent / "settings"
SCHEMAS = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas" / "@jupyterlab"
OUTPUT = ".jp-OutputArea-output"
FOCUSED = re.compile(r"(\.jp-Notebook|\[data-jp-kernel-user\]).* :focus(:not\(:read-write\))?")
ABOVE = (".jp-Notebook.jp-mod-editMode", "[data-jp-code-runner]", "[data-jp-undoer]")


def keys(shortcut: dict) -> tuple[str, ...]:
    return (shortcut["command"], shortcut["selector"], *shortcut["keys"])


@pytest.fixture(scope="module")
def overridden() -> list[dict]:
    told = json.loads((SETTINGS / "overrides.json").read_text("utf-8"))
    return told["@jupyterlab/shortcuts-extension:shortcuts"]["shortcuts"]


def test_every_shortcut_of_a_notebook_stops_at_its_outputs(overridden: list[dict]):
    """Lab's own list, as installed: one that is new or changed in a later Lab fails here."""
    off = {keys(one) for one in overridden if one.get("disabled")}
    instead = {keys(one) for one in overridden if not one.get("disabled")}
    told = [
        s for path in SCHEMAS.rglob("*.json") for s in json.loads(path.read_bytes()).get("jupyter.lab.shortcuts", [])
    ]
    found = [s for s in told if any(s["keys"]) and (FOCUSED.fullmatch(s["selector"]) or s["selector"] in ABOVE)]
    assert len(found) > 40
    for shortcut in found:
        selector = shortcut["selector"]
        narrower = f"{selector}:not(:has({OUTPUT} :focus))" if selector in ABOVE else f"{selector}:not({OUTPUT} *)"
        assert keys(shortcut) in off
        assert keys({**shortcut, "selector": narrower}) in instead
    assert len(off) == len(instead) == len({keys(s) for s in found})


def test_a_page_looks_the_same_before_and_after_it_has_run():
    css = (SETTINGS / "custom.css").read_text("utf-8")
    for style in (page.STYLE, answer.LOOK.removeprefix(page.STYLE), answer.HANDS, answer.STANDS):
        assert re.sub(r"</?style>\n?", "", style).strip() in css
