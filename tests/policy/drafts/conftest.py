"""Each test has a workspace of its own, and the small document in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.drafts.small_draft import SMALL


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text("# mine\n" + SMALL, "utf-8")
    return path
