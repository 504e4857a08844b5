"""Keys come one by one from a real terminal, and from lines where there is none."""

import asyncio
import os
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.annotating.keys import END, ENTER, ESCAPE, open_keys


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """What a person types into, and what the program reads from."""
    outer, inner = os.openpty()
    yield outer, inner
    os.close(outer)
    os.close(inner)


async def test_a_terminal_gives_single_keys_and_edited_lines(terminal: tuple[int, int]) -> None:
    outer, inner = terminal
    before = termios.tcgetattr(inner)
    with open_keys(inner) as keys:
        assert keys.is_terminal
        assert not termios.tcgetattr(inner)[3] & (termios.ICANON | termios.ECHO)
        found = []
        for typed in (b"c", b"\x1b[C", b"\r", b"\xc3", b"\xa9", b"\x04"):
            os.write(outer, typed)
            if typed != b"\xc3":  # half of a character
                found.append(await keys.key())
        assert found == ["c", ESCAPE, ENTER, "é", END]
        line = asyncio.create_task(keys.line())
        await asyncio.sleep(0)
        os.write(outer, b"wrongg\x7f one\n")
        assert await line == "wrong one"
        assert not termios.tcgetattr(inner)[3] & termios.ICANON
    assert termios.tcgetattr(inner) == before


async def test_what_was_typed_ahead_is_forgotten(terminal: tuple[int, int]) -> None:
    outer, inner = terminal
    with open_keys(inner) as keys:
        os.write(outer, b"cc")
        assert await keys.key() == "c"
        keys.forget()
        os.write(outer, b"q")
        assert await keys.key() == "q"


async def test_a_terminal_is_given_back_after_an_error(terminal: tuple[int, int]) -> None:
    before = termios.tcgetattr(terminal[1])
    with pytest.raises(ZeroDivisionError), open_keys(terminal[1]):
        raise ZeroDivisionError
    assert termios.tcgetattr(terminal[1]) == before


async def press_all(descriptor: int) -> list[str | None]:
    with open_keys(descriptor) as keys:
        found = [await keys.key(), await keys.key(), await keys.key(), await keys.line(), await keys.key()]
        keys.forget()
        return [*found, await keys.key(), await keys.key(), await keys.line()]


LINES = b"c\nw 12\nr it named a video\n\ns ignored\nq"
PRESSED = ["c", "w", "1", "2", "r", ENTER, "s", "ignored"]


async def test_lines_of_a_pipe_are_keys_with_what_they_ask_for() -> None:
    reading, writing = os.pipe()
    os.write(writing, LINES)
    os.close(writing)
    try:
        assert await press_all(reading) == PRESSED
    finally:
        os.close(reading)


async def test_a_file_works_like_a_pipe_and_ends(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(LINES)
    with (tmp_path / "keys").open("rb") as file:
        assert await press_all(file.fileno()) == PRESSED
        with open_keys(file.fileno()) as keys:
            assert await keys.key() == END
            assert await keys.line() is None
