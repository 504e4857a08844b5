"""How every process of ours is told to stop: Ctrl-C, SIGTERM, or the end of its terminal."""

from __future__ import annotations

import asyncio
import signal

# Set even where they are ignored: a shell starts background jobs that way.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_signals() -> asyncio.Event:
    """Inside an event loop: an event that is set when the process is told to stop."""
    stopping = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def interrupt_on_signals() -> None:
    """Outside of an event loop: every one of them does what Ctrl-C does, so that nothing is left."""
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: _interrupt())


def _interrupt() -> None:
    raise KeyboardInterrupt
