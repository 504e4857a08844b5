"""Real worker and trainer processes, the wait until their work is done, and the proof of what they did."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from processors.partition import SOURCE_TOPICS, Partition
from signalbox.connection import Connection
from signalbox.events import Experience, OptimizationTrigger, TrainingResult, decode
from signalbox.standing import standing
from signalbox.topics import OPTIMIZATION_TRIGGER, ROUTING_EXPERIENCE, TRAINING_RESULT
from streams.reading import plain_consumer, records_between
from streams.replay.recorded import read_recorded, read_state
from streams.replay.run import run_replay
from streams.settings import Settings, child_environment, load_settings
from streams.worker.policies import policies_from

ROOT = Path(__file__).parents[2]
PARTITIONS = 4


def settings_on(connection: Connection, folder: Path, **changes: Any) -> Settings:
    """Settings under a topic prefix of their own."""
    wanted = {
        "bootstrap_servers": connection.bootstrap_servers,
        "topic_prefix": f"w{uuid4().hex[:8]}-",
        "partitions": PARTITIONS,
        "data_folder": folder,
        # A tick is a record like any other; tests that look at all that happened want few of them.
        "tick_s": 60.0,
    }
    return load_settings(**wanted | changes)


class Service:
    """`signalbox NAME` in a process of its own; what it prints is in a file."""

    def __init__(self, settings: Settings, name: str = "worker", instance: str = "one") -> None:
        self._name = name
        self._log = settings.data_folder / f"{name}-{instance}-{uuid4().hex[:6]}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streams", name],
                cwd=ROOT,
                env=_environment(settings, f"{name}-{instance}"),
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    async def ready(self, times: int = 1) -> Service:
        """Wait until it has said so many times that it is at work (it does after every rebalance)."""

        def is_ready() -> bool:
            assert self._process.poll() is None, self.log[-3000:]
            return self.log.count(f"{self._name} ready\n") >= times

        await until(is_ready, f"the {self._name} to be ready")
        return self

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    async def ended(self, limit_s: float = 60) -> int:
        """Wait for its end; the exit code."""
        return await asyncio.to_thread(self._process.wait, limit_s)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal if it still runs and wait for its end; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        return await self.ended()

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self.stop(signal.SIGKILL)


@asynccontextmanager
async def services(*started: Service) -> AsyncIterator[list[Service]]:
    """A list of services, to which more may be added; none outlives the block."""
    running = list(started)
    try:
        yield running
    finally:
        for service in running:
            await service.kill()


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str, limit_s: float = 60) -> None:
    """Poll until the condition holds; fails after a generous time."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                holds = condition()
                if holds if isinstance(holds, bool) else await holds:
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"waited {limit_s:.0f} s for {what}") from None


async def worked_off(connection: Connection, settings: Settings, answers: bool = False) -> None:
    """Wait until the worker has applied every source record and, with `answers`, each trigger is answered."""

    async def is_done() -> bool:
        if answers and await unanswered(connection, settings):
            return False
        async with plain_consumer(connection, "read_committed") as consumer:
            for number in range(settings.partitions):
                cursors: dict[str, int] = {}
                for entry in (await read_recorded(consumer, settings, number)).journal:
                    cursors[entry.topic] = entry.end
                for topic in SOURCE_TOPICS:
                    place = TopicPartition(settings.topic(topic), number)
                    end = (await consumer.end_offsets([place]))[place]
                    async for _ in records_between(consumer, place, cursors.get(topic, 0), end):
                        return False
        return True

    await until(is_done, "the source records to be applied", limit_s=180)


async def unanswered(connection: Connection, settings: Settings) -> set[str]:
    """The ids of triggers without an answer; asserts that no trigger and no answer is there twice."""
    results = Counter(r.trigger_id for r in await read_events(connection, settings, TrainingResult))
    triggers = Counter(t.trigger_id for t in await read_events(connection, settings, OptimizationTrigger))
    assert set(triggers.values()) <= {1}
    assert {trigger_id: count for trigger_id, count in results.items() if count > 1} == {}
    return triggers.keys() - results.keys()


TOPIC_OF: dict[type, str] = {
    Experience: ROUTING_EXPERIENCE,
    OptimizationTrigger: OPTIMIZATION_TRIGGER,
    TrainingResult: TRAINING_RESULT,
}


async def read_events(connection: Connection, settings: Settings, kind: Any) -> list[Any]:
    """All committed events of a kind, by partition, in order."""
    return [decode(kind, record.value) for record in await read_records(connection, settings, TOPIC_OF[kind])]


async def read_records(connection: Connection, settings: Settings, name: str) -> list[Any]:
    """All committed records of a topic, by partition, in order."""
    async with plain_consumer(connection, "read_committed") as consumer:
        places = [TopicPartition(settings.topic(name), number) for number in range(settings.partitions)]
        ends = await consumer.end_offsets(places)
        return [r for place in places async for r in records_between(consumer, place, 0, ends[place])]


async def standing_experiences(connection: Connection, settings: Settings) -> dict[tuple[str, str], Experience]:
    """The highest revision of every experience that stands, by tenant and decision."""
    found: dict[tuple[str, str], Experience] = {}
    by_partition: dict[int, list[Experience]] = {}
    for record in await read_records(connection, settings, ROUTING_EXPERIENCE):
        by_partition.setdefault(record.partition, []).append(decode(Experience, record.value))
    for experiences in by_partition.values():
        for each in standing(experiences, lambda e: e.run, lambda e: e.batch):
            place = each.tenant_id, each.decision_id
            if place not in found or each.revision > found[place].revision:
                found[place] = each
    return found


async def check_rewards(
    connection: Connection, settings: Settings, expected: Mapping[tuple[str, str], float]
) -> None:
    """Every routing decision with an outcome, and no other, has one experience, with the right reward."""
    found = {
        place: e.reward
        for place, e in (await standing_experiences(connection, settings)).items()
        if e.source.startswith("routing-")
    }
    assert found.keys() - expected.keys() == set(), "experiences that nobody expected"
    assert expected.keys() - found.keys() == set(), "experiences that are missing"
    assert found == pytest.approx(dict(expected))


async def read_states(connection: Connection, settings: Settings) -> list[Partition]:
    """Every partition as a worker would recover it now."""
    async with plain_consumer(connection, "read_committed") as consumer:
        return [
            await read_state(consumer, settings, policies_from(settings), number)
            for number in range(settings.partitions)
        ]


async def verify(connection: Connection, settings: Settings) -> None:
    """Replay everything; what it gives must be what the worker gave."""
    report = await run_replay(connection, settings, verify=True)
    assert not report.differences, "\n".join(report.differences)
    assert report.source_records > 0


def run_command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`signalbox ARGUMENTS...`, with these settings."""
    return subprocess.run(
        [sys.executable, "-m", "streams", *arguments],
        cwd=ROOT,
        env=_environment(settings, "command"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _environment(settings: Settings, instance: str) -> dict[str, str]:
    changed = settings.model_dump(exclude_unset=True) | {"instance_id": instance}
    texts = {name: json.dumps(v) if isinstance(v, dict) else v for name, v in changed.items()}
    return child_environment(**texts) | {"PYTHONUNBUFFERED": "1"}
