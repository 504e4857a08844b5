"""What has to be opened and closed, from code with an event loop or without."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Opened(ABC):
    """What works in the background between `open` and `close`; a context manager, sync and async."""

    @abstractmethod
    def open(self) -> None:
        """Start; doesn't wait for Kafka."""

    @abstractmethod
    def close(self, timeout_s: float = 5.0) -> None:
        """Stop, after `timeout_s` at the latest and three seconds more."""

    async def start(self) -> None:
        """`open` for async code."""
        self.open()

    async def stop(self, timeout_s: float = 5.0) -> None:
        """`close` for async code; the event loop goes on meanwhile."""
        await asyncio.to_thread(self.close, timeout_s)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
