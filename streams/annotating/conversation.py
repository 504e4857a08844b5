"""What is said and asked below a request."""

from __future__ import annotations

from collections.abc import Collection

from rich.console import Console, RenderableType
from rich.text import Text

from signalbox.errors import ConfigurationError
from streams.annotating.keys import END, ENTER, ESCAPE, Keys

ONE_KEY = 9
"""Up to this number, a number is one key; above, it is typed with Enter."""


class Conversation:
    """Keys and a console; in a script, what a person would be told to try again ends it."""

    def __init__(self, keys: Keys, console: Console) -> None:
        self._keys, self._console = keys, console

    @property
    def is_scripted(self) -> bool:
        """Whether nobody is there who could think again."""
        return not self._keys.is_terminal

    def show(self, what: RenderableType) -> None:
        """Show a request; keys that were pressed before are dropped."""
        self._keys.forget()
        self._console.print(what, highlight=False)

    def say(self, text: str, style: str = "") -> None:
        """Say something of what was just done."""
        self._console.print(Text(f" {text}", style=style))

    def refuse(self, problem: str) -> None:
        """Say why a key did nothing; in a script, whose next line is for another request, raise it."""
        if self.is_scripted:
            raise ConfigurationError(f"standard input: {problem}")
        self.say(problem, "yellow")

    async def key(self) -> str:
        """The next key, small."""
        return (await self._keys.key()).lower()

    async def line(self, question: str) -> str:
        """A line of text; empty where none is given."""
        self._console.print(Text(f" {question} ", style="bold"), end="")
        return await self._keys.line() or ""

    async def number(self, question: str, choices: Collection[int]) -> int | None:
        """One of the numbers, 0 for Enter alone, or None where it is called off (Esc, the end of input)."""
        self.say(question, "bold")
        while True:
            answer = await self._keys.key() if max(choices) <= ONE_KEY else await self._typed()
            if answer in (ESCAPE, END):
                self.say("called off; nothing was published", "dim")
                return None
            if answer == ENTER:
                return 0
            if answer.isdecimal() and int(answer) in choices:
                return int(answer)
            self.refuse(f"{answer!r} is none of {', '.join(map(str, choices))}; Esc calls it off")

    async def _typed(self) -> str:
        line = await self._keys.line()
        return END if line is None else line or ENTER
