"""Kernels that have read the workbook before a page asks for one: to start from nothing takes most of the wait."""

import asyncio
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.utils import ApiPath, ensure_async
from tornado.web import HTTPError
from traitlets import Int, TraitError

WARM = "--IPKernelApp.exec_lines=import notebooks.app.warm"


class WarmKernels(AsyncMappingKernelManager):
    """Keeps a few kernels that nobody has used; each page takes one of its own, and they end with their pages."""

    spares = Int(2, help="How many kernels wait for a page.").tag(config=True)

    def __init__(self, **options: Any):
        super().__init__(**options)
        self._waiting: list[asyncio.Task[str]] = []
        self.seats: dict[str, str] = {}  # kernel -> the name under which its page keeps what is not saved
        self._died: set[str] = set()

    def fill(self) -> None:
        """Start what is missing, without waiting for it."""
        while len(self._waiting) < self.spares:
            self._waiting.append(asyncio.ensure_future(self._started()))

    async def _started(self) -> str:
        kernel = str(await self.start_kernel(path=ApiPath("notebooks"), extra_arguments=[WARM]))
        self.add_restart_callback(kernel, lambda: self._died.add(kernel), "restart")
        return kernel

    def kernel_model(self, kernel_id: str) -> Any:
        """As ever, but of some as if they were not there.

        One that died and was started anew has nothing of its page, which must see that it is gone; one that has just
        started has no last activity for a moment, and the list of all would break off.
        """
        if kernel_id in self._died:
            raise HTTPError(404, "died")
        try:
            return super().kernel_model(kernel_id)
        except TraitError:
            raise HTTPError(404, "starts") from None

    async def take(self, notebook: str) -> str:
        """The kernel of a new page. Its seat is the first that no other open page of the notebook has.

        So a page that is loaded again finds what it kept, and two pages keep apart what they do.
        """
        while self._waiting:
            waiting = self._waiting.pop(0)
            try:
                kernel = await waiting
            except Exception:
                self.log.exception("a kernel that should wait for a page did not start")
                continue
            if kernel in self and await ensure_async(self.is_alive(kernel)):
                break
            if kernel in self:  # it died while it waited, as for want of memory
                await self.shutdown_kernel(kernel, now=True)
        else:
            kernel = await self._started()
        self._died.discard(kernel)  # one that waited is as good as new
        taken, number = set(self.seats.values()), 1
        while f"{notebook} {number}" in taken:
            number += 1
        self.seats[kernel] = f"{notebook} {number}"
        return kernel

    async def shutdown_kernel(self, kernel_id: str, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        """As ever; its seat is free at once."""
        self.seats.pop(kernel_id, None)
        self._died.discard(kernel_id)
        return await super().shutdown_kernel(kernel_id, *args, **options)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """A kernel that waits for its page is idle, and needed."""
        if kernel_id in self.seats:
            await super().cull_kernel_if_idle(kernel_id)
