"""Key presses: at once in a terminal, and from lines where there is none, so that a script can press them."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

ENTER, ESCAPE, END = "\n", "\x1b", ""
_CTRL_D = "\x04"
_CHUNK = 4096


class Keys(Protocol):
    """Where keys come from."""

    is_terminal: bool

    async def key(self) -> str:
        """The next key; `ENTER`, `ESCAPE` for any key that isn't a character, or `END` where no more come."""

    async def line(self) -> str | None:
        """What is typed up to Enter; None where no more comes."""

    def forget(self) -> None:
        """Drop what was typed ahead: it was meant for what was shown then."""


@contextmanager
def open_keys(descriptor: int) -> Iterator[Keys]:
    """Inside an event loop: the keys of a file descriptor. A terminal is given back as it was in any case."""
    if not os.isatty(descriptor):
        yield LineKeys(descriptor)
        return
    before, loop = termios.tcgetattr(descriptor), asyncio.get_running_loop()
    # Ctrl-Z gives the terminal to the shell, which changes it.
    loop.add_signal_handler(signal.SIGCONT, tty.setcbreak, descriptor)
    try:
        tty.setcbreak(descriptor)
        yield TerminalKeys(descriptor, before)
    finally:
        loop.remove_signal_handler(signal.SIGCONT)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class TerminalKeys:
    """Single key presses without Enter."""

    is_terminal = True

    def __init__(self, descriptor: int, line_mode: list[Any]) -> None:
        self._descriptor, self._line_mode = descriptor, line_mode
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._typed = ""

    async def key(self) -> str:
        """The next key press."""
        while not self._typed:
            data = await _read(self._descriptor)
            if not data:
                return END
            text = self._decoder.decode(data)
            # An arrow is ESC, [ and a letter: none of them is the letter's key.
            self._typed = ESCAPE if text.startswith(ESCAPE) else text
        found, self._typed = self._typed[0], self._typed[1:]
        return END if found == _CTRL_D else ENTER if found == "\r" else found

    async def line(self) -> str | None:
        """A line, edited as the terminal does it."""
        self.forget()
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._line_mode)
        try:
            data = await _read(self._descriptor)
        finally:
            tty.setcbreak(self._descriptor, termios.TCSADRAIN)
        return data.decode("utf-8", "replace").strip() if data else None

    def forget(self) -> None:
        """Drop what was typed ahead."""
        self._typed = ""
        self._decoder.reset()
        termios.tcflush(self._descriptor, termios.TCIFLUSH)


class LineKeys:
    """A line is a key, with what it asks for after it: `c`, `w 2`, `r it named a video`."""

    is_terminal = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = b""
        self._rest = ""

    async def key(self) -> str:
        """The next character of the line, or the first of the next line."""
        if not self._rest:
            line = await self._next()
            if line is None:
                return END
            self._rest = line or ENTER
        found, self._rest = self._rest[0], self._rest[1:].strip()
        return found

    async def line(self) -> str | None:
        """The rest of the line, or the next one."""
        found, self._rest = self._rest, ""
        return found or await self._next()

    def forget(self) -> None:
        """Drop the rest of the line."""
        self._rest = ""

    async def _next(self) -> str | None:
        while b"\n" not in self._data:
            data = await _read(self._descriptor)
            if not data:
                break
            self._data += data
        if not self._data:
            return None
        line, _, self._data = self._data.partition(b"\n")
        return line.decode("utf-8", "replace").strip()


async def _read(descriptor: int) -> bytes:
    ready = asyncio.Event()
    # A regular file is always ready, which the event loop's selector refuses to be asked.
    with suppress(PermissionError):
        asyncio.get_running_loop().add_reader(descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            asyncio.get_running_loop().remove_reader(descriptor)
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:  # the terminal is gone
        return b""
