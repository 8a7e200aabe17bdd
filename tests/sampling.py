"""How many of a test's seeds run each time: the first few; the rest are among the slow tests (`make test-long`)."""

from typing import Any

import pytest


def some(values: Any, few: int) -> list[Any]:
    """All values as parameters; those after the first `few` are slow."""
    listed = list(values)
    return [*listed[:few], *(pytest.param(value, marks=pytest.mark.slow) for value in listed[few:])]
