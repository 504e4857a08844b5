"""Stock Faust, tuned: the same join, reward and statistics with two tables, a record at a time.

It writes no experiences and keeps no replay buffer, so it has less to do than the worker.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from typing import Any

import faust
import orjson

from benchmarks.throughput.result import Stopwatch
from processors.reward import RewardPolicy, reward
from signalbox.events import RoutingDecision, RoutingOutcome, decode

LIMIT_S = 20.0
"""Its rate is clear after so long; it need not read everything."""
POLL_S = 0.1
MAX_MESSAGES = 100_000


async def main(bootstrap_servers: str, events: int, decision_topic: str, outcome_topic: str) -> None:
    """Join so many events, or as many as the time limit allows."""
    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            f"peer-faust-{decision_topic}",
            broker=f"kafka://{bootstrap_servers}",
            store="memory://",
            datadir=folder,
            topic_disable_leader=True,
            web_enabled=False,
            broker_max_poll_records=500,
            stream_buffer_maxsize=131_072,
            producer_linger=0.05,
            producer_max_batch_size=1_000_000,
            topic_partitions=8,
            table_standby_replicas=0,
            value_serializer="raw",
            key_serializer="raw",
        )
        stopwatch = Stopwatch()
        _join(app, stopwatch, decision_topic, outcome_topic)
        await app.start()
        app.producer.buffer.max_messages = MAX_MESSAGES
        while stopwatch.events < events - 1 and stopwatch.running_s < LIMIT_S:  # noqa: ASYNC110 an event a record is not free
            await asyncio.sleep(POLL_S)
        stopwatch.report()
        await app.stop()


def _join(app: faust.App, stopwatch: Stopwatch, decision_topic: str, outcome_topic: str) -> None:
    pending = app.Table("pending", partitions=8, key_type=bytes, value_type=bytes)
    agents = app.Table("agents", partitions=8, key_type=bytes, value_type=bytes)
    policy = RewardPolicy()

    def learn(decision: RoutingDecision, outcome: RoutingOutcome) -> None:
        value = reward(outcome.signals(), policy) or 0.0
        place = f"{decision.tenant_id}/{decision.chosen_agent}".encode()
        count, total = orjson.loads(agents.get(place) or b"[0, 0.0]")
        agents[place] = orjson.dumps([count + 1, total + value])

    async def decided(stream: Any) -> None:
        async for data in stream:
            decision = decode(RoutingDecision, data)
            key = decision.decision_id.encode()
            early = pending.get(key)
            if early is None:
                pending[key] = data
            else:
                learn(decision, decode(RoutingOutcome, early))
                del pending[key]
            stopwatch.count(1)

    async def known(stream: Any) -> None:
        async for data in stream:
            outcome = decode(RoutingOutcome, data)
            key = outcome.decision_id.encode()
            waiting = pending.get(key)
            if waiting is None:
                pending[key] = data
            else:
                learn(decode(RoutingDecision, waiting), outcome)
                del pending[key]
            stopwatch.count(1)

    app.agent(app.topic(decision_topic, value_type=bytes))(decided)
    app.agent(app.topic(outcome_topic, value_type=bytes))(known)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
