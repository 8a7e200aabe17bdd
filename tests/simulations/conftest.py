"""Where the commands of the tests stand."""

from pathlib import Path

import pytest


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, where commands stand."""
    monkeypatch.delenv("WORKBOOK_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path
