"""How many numbers each recount compared (`pytest -rP`)."""

import pytest

from tests.simulations.recomputed import recount


@pytest.fixture(autouse=True)
def counted(request):
    recount.TALLY[0] = 0
    yield
    print(f"{request.node.name}: {recount.TALLY[0]:,} numbers compared")
