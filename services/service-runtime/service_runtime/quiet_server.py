"""Serves HTTP and sleeps between requests."""

import asyncio
from contextlib import suppress

import uvicorn

TICK = 1.0  # seconds between updates of the date in answers


class QuietServer(uvicorn.Server):
    """Wakes once a second and at its end; uvicorn wakes ten times a second.

    Between requests, these wakes are most of the processor time of a service.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):  # 0 updates the date
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), TICK)

    def close(self) -> None:
        """Finish open requests and close the port; another thread may call this."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._closing.set)
