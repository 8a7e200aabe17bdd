"""One policy, and a few cases of it, for all tests of the notebooks."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import policy as core
import simulations
from notebooks.lever_panel import LeverPanel
from policy.model import Policy
from simulations import Caseload
from tests.notebooks.lab import Server, Servers, serving


@pytest.fixture(scope="session")
def nerve_blocks() -> Policy:
    return core.load("nerve_blocks")


@pytest.fixture(scope="session")
def cases(nerve_blocks: Policy) -> Caseload:
    return simulations.cases_of(nerve_blocks, size=2_000, seed=1)


@pytest.fixture
def panel(nerve_blocks: Policy, cases: Caseload) -> LeverPanel:
    return LeverPanel(nerve_blocks, cases)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a panel keeps goes here; nothing is restored, as this is no notebook in Lab."""
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "mine"))
    monkeypatch.delenv("WORKBOOK_SERVED", raising=False)
    return tmp_path / "mine"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The running server of a verb, one for all tests in a process: its start takes longer than many a story."""
    with ExitStack() as running:
        started: dict[str, Server] = {}

        def of(verb: str) -> Server:
            if verb not in started:
                started[verb] = running.enter_context(serving(tmp_path_factory.mktemp(verb), verb))
            return started[verb]

        yield of
