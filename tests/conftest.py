"""How the tests are run: the time that an example takes is no fault; what was collected is no garbage, ever."""

import gc

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay for good; trees of SQL and of documents are many objects at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
