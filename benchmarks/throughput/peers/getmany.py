"""The ceiling in Python: aiokafka's `getmany`, and nothing but parsing."""

from __future__ import annotations

import asyncio
import sys

import orjson
from aiokafka import AIOKafkaConsumer

from benchmarks.throughput.result import Stopwatch


async def main(bootstrap_servers: str, events: int, *topics: str) -> None:
    """Parse so many events."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap_servers,
        group_id=f"peer-getmany-{topics[0]}",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    stopwatch, done = Stopwatch(), 0
    while done < events:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                orjson.loads(record.value)
            done += len(records)
            stopwatch.count(len(records))
    stopwatch.report()
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
