"""A panel with a draft of nerve_blocks that nobody has edited yet."""

import pytest

from notebooks import panels
from notebooks.drafting.draft_panel import DraftPanel
from policy.model import Policy
from simulations import Caseload


@pytest.fixture
def panel(nerve_blocks: Policy, cases: Caseload) -> DraftPanel:
    return panels.DraftPanel(nerve_blocks, cases)
