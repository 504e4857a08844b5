"""A person labels: one request at a time, a key each, every label acknowledged before the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from aiokafka.errors import KafkaError
from rich.text import Text

from processors.annotation.queue import Waiting
from signalbox.events import Annotation, epoch_s
from streams.annotating.answers import APPROVE_KEY, LABEL_KEYS, earlier_of, label_for
from streams.annotating.backlog import Backlog, Wanted, place_of
from streams.annotating.conversation import Conversation
from streams.annotating.keys import END
from streams.annotating.label_topics import LabelTopics
from streams.annotating.labels import undoing
from streams.annotating.screen import HELP, request_screen
from streams.annotating.wording import plain

SLOW_S = 2.0


class Done(NamedTuple):
    """A request that was dealt with: by a label, in place of an `earlier` one or not, or by a skip."""

    waiting: Waiting
    label: Annotation | None = None
    earlier: Annotation | None = None


class Session:
    """One person at work, called `name`."""

    def __init__(
        self,
        topics: LabelTopics,
        conversation: Conversation,
        name: str,
        wanted: Wanted,
        clock: Callable[[], datetime],
    ) -> None:
        self._topics, self._conversation = topics, conversation
        self._name, self._wanted, self._clock = name, wanted, clock
        self._done: list[Done] = []
        self._undone: Waiting | None = None
        self._reason = ""

    async def run(self, limit: int | None = None) -> None:
        """Show open requests until none is left, `limit` have been dealt with, or the person quits.

        Raises `KafkaError` where the topics can't be read; what was said to be published is.
        """
        while True:
            backlog = await self._refreshed()
            found = self._open(backlog)
            is_enough = limit is not None and len(self._done) >= limit
            if is_enough or not found:
                if await self._ends("that is the limit" if is_enough else "nothing else is open"):
                    return
                continue
            self._reason = ""
            self._conversation.show(request_screen(found[0], epoch_s(self._clock()), len(found)))
            if not await self._answer(found[0]):
                return

    def summary(self) -> str:
        """How many labels were published, and how many requests skipped."""
        labels = sum(each.label is not None for each in self._done)
        skipped = len(self._done) - labels
        said = f"{labels} {'label' if labels == 1 else 'labels'} published by {self._name}"
        return said + (f", {skipped} skipped and still open" if skipped else "")

    def _open(self, backlog: Backlog) -> list[Waiting]:
        """What is to be shown, in order; what was undone comes first."""
        waiting = backlog.waiting(epoch_s(self._clock()))
        first = place_of(self._undone) if self._undone else None
        done = {place_of(each.waiting) for each in self._done} | {first}
        again = [each for each in waiting if place_of(each) == first]
        return again + [each for each in self._wanted.open_of(waiting) if place_of(each) not in done]

    async def _refreshed(self) -> Backlog:
        slow = asyncio.get_running_loop().call_later(
            SLOW_S, self._conversation.say, "waiting for Kafka", "yellow"
        )
        try:
            backlog = await self._topics.refresh()
        finally:
            slow.cancel()
        backlog.check_name(self._name)
        return backlog

    async def _answer(self, waiting: Waiting) -> bool:
        """Take keys until the request is dealt with, or another is to be shown; False to end."""
        while True:
            key = await self._conversation.key()
            if key in ("q", END):
                return False
            if key == "s":
                self._finish(Done(waiting), "skipped")
                return True
            if key == "u" and await self._undo():
                return True
            if key in LABEL_KEYS or key == APPROVE_KEY:
                if await self._label(key, waiting):
                    return True
            elif key == "r":
                self._reason = (await self._conversation.line("reason:"))[:8192]
                self._conversation.say("it goes with the label that you press next" if self._reason else "none")
            elif key == "?":
                self._conversation.show(Text(HELP))
            elif key != "u":
                self._conversation.refuse(f"{key!r} is no key here; ? lists them")

    async def _label(self, key: str, waiting: Waiting) -> bool:
        label = await label_for(key, waiting, self._name, self._clock(), self._reason, self._conversation)
        if label is None or not await self._publish(label):
            return False
        rather = f", rather {plain(label.suggested_agent)}" if label.suggested_agent else ""
        of = f" of {plain(label.annotator)} approved" if label.approved_by else ""
        done = Done(waiting, label, earlier_of(waiting, label.annotator))
        self._finish(done, f"{label.label}{rather}{of}, published")
        return True

    async def _ends(self, why: str) -> bool:
        """Say why it ends; a person can still undo what was done last, and then it doesn't."""
        if not self._done or self._conversation.is_scripted:
            self._conversation.say(why if self._done else "nothing is open")
            return True
        self._conversation.say(f"{why}: u undoes the last, any other key ends", "bold")
        return await self._conversation.key() != "u" or not await self._undo()

    async def _undo(self) -> bool:
        if not self._done:
            self._conversation.refuse("there is nothing to undo")
            return False
        last = self._done[-1]
        if last.label and not await self._publish(undoing(last.label, last.earlier, self._clock())):
            return False
        self._undone = self._done.pop().waiting
        self._conversation.say("taken back; once more:" if last.label else "once more:", "green")
        return True

    def _finish(self, done: Done, said: str) -> None:
        self._done.append(done)
        self._undone = None
        self._conversation.say(said, "green" if done.label else "dim")

    async def _publish(self, label: Annotation) -> bool:
        """Whether Kafka has acknowledged it; where it hasn't, the person may press the key again."""
        try:
            await self._topics.publish(label)
        except KafkaError as error:
            self._conversation.say(f"NOT published: Kafka: {error}", "bold red")
            self._conversation.refuse("the key once more tries again; the same label twice does no harm")
            return False
        return True
