"""`signalbox annotate` on a real broker: keys in a real terminal, lines of a script, two people at once."""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signalbox import Annotation, AnnotationRequest, Publisher
from signalbox.connection import Connection
from signalbox.errors import Retry
from signalbox.events import decode, encode
from signalbox.topics import ANNOTATION, ANNOTATION_REQUEST
from streams.cli import main
from streams.settings import Settings, child_environment
from tests.integration.trainer_support import producer_on, read_topic
from tests.streams.annotating.support import model_label, request

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "streams", "annotate", "--as", "ada"]
NOW = datetime.now(UTC)


def asked(decision_id: str, due_h: float = 4, **fields: Any) -> AnnotationRequest:
    return request(decision_id, due_at=NOW + timedelta(hours=due_h), occurred_at=NOW, **fields)


@dataclass
class Site:
    """A cluster with requests on it, and the command line that answers them."""

    connection: Connection
    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        return child_environment(
            bootstrap_servers=self.connection.bootstrap_servers,
            broker="external",
            topic_prefix=self.settings.topic_prefix,
            tenant_shards='{"acme": 4}',
        )

    async def ask(self, *requests: AnnotationRequest) -> None:
        async with producer_on(self.connection) as producer:
            for each in requests:
                topic = self.settings.topic(ANNOTATION_REQUEST)
                await producer.send_and_wait(topic, encode(each), each.tenant_id.encode())

    async def labels(self) -> list[Annotation]:
        records = await read_topic(self.connection, self.settings, ANNOTATION)
        assert all(record.key.startswith(b"acme#") for record in records)
        found = [decode(Annotation, record.value) for record in records]
        return sorted(found, key=lambda each: each.occurred_at)

    def label_by_model(self, *labels: Annotation) -> None:
        with Publisher(self.connection, self.settings.topic_prefix, {"acme": 4}) as publisher:
            assert all(publisher.publish(each) for each in labels)
        assert publisher.counts.delivered == len(labels)

    async def run(self, *arguments: str) -> Result:
        # In a thread, because the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, main, ["annotate", *arguments], env=self.environment)

    def script(self, lines: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            input=lines,
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def site(connection: Connection, settings: Settings) -> Site:
    return Site(connection, settings)


class Person:
    """Somebody before a terminal in which the command runs."""

    def __init__(self, site: Site, arguments: Sequence[str]) -> None:
        self.outer, self.inner = pty.openpty()
        termios.tcsetwinsize(self.inner, (50, 120))
        self.before = termios.tcgetattr(self.inner)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=self.inner,
            stdout=self.inner,
            stderr=self.inner,
            env=site.environment | {"TERM": "dumb"},
            cwd=ROOT,
            start_new_session=True,
        )
        self.seen = ""

    def sees(self, text: str, limit_s: float = 30) -> None:
        """Wait until the text is there, and look only at what comes after it from then on."""
        deadline = time.monotonic() + limit_s
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} never came; there was: {self.seen}"
            if select.select([self.outer], [], [], 0.1)[0]:
                self.seen += os.read(self.outer, 65536).decode()
        self.seen = self.seen.partition(text)[2]

    def presses(self, keys: str) -> None:
        os.write(self.outer, keys.encode())

    def ends(self) -> None:
        assert self.process.wait(30) == 0, self.seen
        assert termios.tcgetattr(self.inner) == self.before


@contextmanager
def at_terminal(site: Site, *arguments: str) -> Iterator[Person]:
    person = Person(site, arguments)
    try:
        yield person
    finally:
        person.process.kill()
        person.process.wait()
        os.close(person.outer)
        os.close(person.inner)


async def test_a_person_labels_by_key_press(site: Site) -> None:
    await site.ask(asked("d-1"), asked("d-2", 5), asked("d-3", 6), asked("d-4", -1))
    site.label_by_model(model_label("d-3", occurred_at=NOW))
    with at_terminal(site) as person:
        for place, (decision_id, keys, answer) in enumerate(
            (
                ("d-4", ["c"], "correct_routing, published"),
                ("d-1", ["w", "Which agent was right?", "2"], "wrong_routing, rather summarizer, published"),
                ("d-2", ["\x1b[C", "is no key here", "a"], "ambiguous, published"),
                ("d-3", ["p"], "wrong_routing, rather summarizer of offline-rules approved, published"),
            )
        ):
            person.sees(f"acme  {4 - place} open")
            person.sees(f"decision {decision_id}")
            person.sees("q quit")
            person.presses(keys[0])
            for expected, key in zip(keys[1::2], keys[2::2], strict=True):
                person.sees(expected)
                person.presses(key)
            person.sees(answer)
        person.sees("u undoes the last, any other key ends")
        person.presses("u")
        person.sees("taken back; once more")
        person.sees("q quit")
        person.presses("r")
        person.sees("reason:")
        person.presses("a résumé\n")
        person.sees("it goes with the label")
        person.presses("i")
        person.sees("insufficient_info, published")
        person.sees("any other key ends")
        person.presses("q")
        person.sees("4 labels published by ada")
        person.ends()
    found = [(each.decision_id, each.annotator, each.label, each.reasoning) for each in await site.labels()]
    why = "It asks for a summary."
    assert found == [
        ("d-3", "offline-rules", "wrong_routing", why),
        ("d-4", "ada", "correct_routing", ""),
        ("d-1", "ada", "wrong_routing", ""),
        ("d-2", "ada", "ambiguous", ""),
        ("d-3", "offline-rules", "wrong_routing", why),
        ("d-3", "offline-rules", "wrong_routing", why),
        ("d-3", "ada", "insufficient_info", "a résumé"),
    ]
    reviewed = [each.reviewed for each in await site.labels() if each.annotator == "offline-rules"]
    assert reviewed == [False, True, False]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_like_q_and_gives_the_terminal_back(site: Site, number: signal.Signals) -> None:
    await site.ask(asked("d-1"), asked("d-2", 5))
    with at_terminal(site) as person:
        person.sees("q quit")
        person.presses("c")
        person.sees("published")
        person.sees("q quit")
        if number == signal.SIGTERM:
            person.presses("r")
            person.sees("reason:")
        person.process.send_signal(number)
        person.sees("1 label published by ada")
        person.ends()
    assert [each.decision_id for each in await site.labels()] == ["d-1"]


async def test_two_people_do_not_see_the_same_request_once_it_is_answered(site: Site) -> None:
    await site.ask(asked("d-1"), asked("d-2", 5), asked("d-3", 6))
    with at_terminal(site) as person:
        person.sees("decision d-1")
        person.sees("q quit")
        assert "decision d-1" in (done := site.script("s\nc\n", "--as", "eve")).stdout, done.stderr
        person.presses("c")
        person.sees("published")
        person.sees("decision d-3")
        person.presses("q")
        person.ends()
    found = [(each.decision_id, each.annotator) for each in await site.labels()]
    assert found == [("d-2", "eve"), ("d-1", "ada")]


async def test_a_script_s_lines_are_keys(site: Site) -> None:
    await site.ask(asked("d-1"), asked("d-2", 5, priority="low"), asked("d-3", 6))
    done = site.script("r it named no video\nw 3\nw\n\nz\n")
    assert done.returncode == 3
    assert "2 labels published by ada" in done.stdout
    assert "'z' is no key here" in done.stderr
    assert [(each.decision_id, each.suggested_agent, each.reasoning) for each in await site.labels()] == [
        ("d-1", "report", "it named no video"),
        ("d-3", None, ""),
    ]
    assert site.script("c\n", "--priority", "high").stdout.splitlines()[0] == " nothing is open"


async def test_the_list_is_for_people_and_machines(site: Site) -> None:
    await site.ask(
        *(asked("d-1", -1), asked("d-2", 5, priority="low")),
        asked("d-3", 1, tenant_id="globex"),
    )
    site.label_by_model(model_label("d-2", occurred_at=NOW))
    assert (await site.run("--list")).stdout.startswith("3 open: 2 high (1 overdue), 0 medium, 1 low\npriority")
    found = json.loads((await site.run("--json", "--tenant", "acme", "--limit", "1")).stdout)
    assert (found["open"], found["overdue"]) == (2, 1)
    assert [each["decision_id"] for each in found["requests"]] == ["d-1"]
    unlabelled = json.loads((await site.run("--json", "--unlabelled")).stdout)
    assert [each["decision_id"] for each in unlabelled["requests"]] == ["d-1", "d-3"]


async def test_a_label_is_approved_without_the_queue(site: Site) -> None:
    site.label_by_model(model_label("d-9", occurred_at=NOW))
    done = await site.run("--as", "ada", "--approve", "d-9", "offline-rules")
    assert done.stdout.startswith("offline-rules (llm): wrong_routing"), done.output
    assert "approved by ada" in done.stdout
    label = (await site.labels())[-1]
    assert (label.annotator, label.reviewed, label.approved_by) == ("offline-rules", True, "ada")
    missing = await site.run("--as", "ada", "--approve", "d-9", "nobody")
    assert "there is offline-rules" in str(missing.exception)
    assert (await site.run("--approve", "d-9", "x", "--list")).exit_code == 2


async def test_without_topics_it_says_who_makes_them(connection: Connection, settings: Settings) -> None:
    elsewhere = Site(connection, settings.model_copy(update={"topic_prefix": "nowhere-"}))
    done = await elsewhere.run("--list")
    assert isinstance(done.exception, Retry)
    assert "nowhere-annotation-request does not exist; a worker makes the topics" in str(done.exception)
