"""How the tests are run: in a workspace of nobody; what an example takes is no fault, what was collected no garbage."""

import gc
import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from policy.storage.files import forget_written

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
_WORKSPACE = tempfile.TemporaryDirectory(prefix="workspace_of_tests_")
os.environ["WORKBOOK_WORKSPACE"] = _WORKSPACE.name  # what somebody saved in the checkout is no concern of a test


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay for good; trees of SQL and of documents are many objects at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def nothing_written() -> None:
    """A command begins in a process of its own, which has written nothing; here many tests share one."""
    forget_written()
