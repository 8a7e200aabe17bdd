"""Where the commands of the tests stand, and what they read."""

from pathlib import Path

import pytest

from tests.simulations.typed import HEADER, MET


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, where commands stand."""
    monkeypatch.delenv("WORKBOOK_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Two requests: one met, one a day short of the duration."""
    path = tmp_path / "cases.csv"
    path.write_text(HEADER + MET.format("a") + MET.format("b").replace(",92,", ",91,"))
    return path
