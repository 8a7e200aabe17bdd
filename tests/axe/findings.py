"""axe-core in a page: what it finds that keeps somebody out. For tests only: it comes from npm into .venv, locked."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.notebooks.lab import CHROMIUM

CORE = Path(__file__).resolve().parents[2] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
NEEDS_AXE = pytest.mark.skipif(
    not (CORE.is_file() and CHROMIUM),  # under CI too: a registry that is down for an hour is no fault of a page
    reason="axe-core or Chromium is not here: apt-get install npm chromium, then make test",
)
RUN = """inside => axe.run(inside ? {include: [inside]} : document, {resultTypes: ["violations"]})"""
OPEN = """() => {
  const folds = [...document.querySelectorAll("details:not([open])")];
  for (const fold of folds) fold.open = true;
  return folds.length;
}"""


def grave(page: Page, inside: str = "") -> list[str]:
    """The serious and critical findings, each with the part it is about; `inside`: only in what this selector finds."""
    if not page.evaluate("typeof axe == 'object'"):
        page.evaluate(CORE.read_text("utf-8"))
    told: dict[str, Any] = page.evaluate(RUN, inside)
    assert told["passes"], "it has looked at nothing"
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:200]}: {node['failureSummary']}"
        for found in told["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]
