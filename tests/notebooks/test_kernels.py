"""The kernels that wait for a page of the app: none that died meanwhile is given to one."""

import asyncio
from pathlib import Path

import pytest
from jupyter_server.utils import ensure_async

from notebooks.app.kernels import WarmKernels


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def test_a_kernel_that_died_while_it_waited_is_given_to_no_page(tmp_path: Path) -> None:
    async def taken() -> tuple[str, str, bool, bool]:
        kernels = WarmKernels(spares=1, root_dir=str(tmp_path))
        try:
            kernels.fill()
            dead = await kernels._waiting[0]
            manager = kernels.get_kernel(dead)
            manager.stop_restarter()
            await manager.provisioner.kill()
            await manager.provisioner.wait()
            given = await kernels.take("2_tweak_thresholds")
            return dead, given, await ensure_async(kernels.is_alive(given)), dead in kernels
        finally:
            await kernels.shutdown_all(now=True)

    dead, given, alive, kept = asyncio.run(taken())
    assert (given != dead, alive, kept) == (True, True, False)


def test_kernels_are_listed_while_one_starts(tmp_path: Path) -> None:
    """The server asks for the list whenever somebody does, also between a kernel's start and its first activity."""

    async def listed() -> tuple[list[str], list[str], str]:
        kernels, early = WarmKernels(spares=0, root_dir=str(tmp_path)), list[str]()
        adds = kernels._add_kernel_when_ready

        async def added(*kernel: object) -> None:
            await adds(*kernel)
            early.extend(one["id"] for one in kernels.list_kernels())

        kernels._add_kernel_when_ready = added
        try:
            started = await kernels.start_kernel()
            return early, [one["id"] for one in kernels.list_kernels()], started
        finally:
            await kernels.shutdown_all(now=True)

    early, late, started = asyncio.run(listed())
    assert (early, late) == ([], [started])
