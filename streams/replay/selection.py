"""Which records to replay: offset ranges, a span of time, or everything that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.partition import SOURCE_TOPICS
from signalbox.errors import ConfigurationError

Span = tuple[int, int]


@dataclass(frozen=True)
class Selection:
    """Spans of offsets by topic (without prefix) and partition; `whole` if nothing kept was left out."""

    spans: Mapping[tuple[str, int], Span]
    whole: bool

    def partitions(self) -> list[int]:
        """The partitions that have something to replay."""
        return sorted({number for (_, number), (start, end) in self.spans.items() if end > start})


def parse_range(text: str) -> tuple[str, int, Span]:
    """`topic:partition:start-end`, the end exclusive."""
    try:
        topic, number, span = text.rsplit(":", 2)
        start, end = span.split("-")
        parsed = topic, int(number), (int(start), int(end))
    except ValueError:
        raise ConfigurationError(f"--range {text}: it must look like routing-decision:0:100-200") from None
    if topic not in SOURCE_TOPICS:
        raise ConfigurationError(f"--range {text}: {topic!r} is none of {', '.join(SOURCE_TOPICS)}")
    return parsed


async def select(
    consumer: AIOKafkaConsumer,
    prefix: str,
    partitions: int,
    ranges: Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Selection:
    """Resolve ranges or times against what the cluster keeps."""
    places = [TopicPartition(prefix + topic, n) for topic in SOURCE_TOPICS for n in range(partitions)]
    first = await consumer.beginning_offsets(places)
    last = await consumer.end_offsets(places)
    if ranges:
        wanted = {(topic, number): span for topic, number, span in map(parse_range, ranges)}
        return Selection(wanted, whole=False)
    starts = await _at(consumer, places, since, first, last)
    ends = await _at(consumer, places, until, last, last)
    spans = {(p.topic.removeprefix(prefix), p.partition): (starts[p], ends[p]) for p in places}
    return Selection(spans, whole=since is None and until is None and not any(first.values()))


async def _at(
    consumer: AIOKafkaConsumer,
    places: list[TopicPartition],
    moment: datetime | None,
    otherwise: dict[TopicPartition, int],
    last: dict[TopicPartition, int],
) -> dict[TopicPartition, int]:
    """The first offsets at or after a moment (of the broker's stamp)."""
    if moment is None:
        return otherwise
    milliseconds = int(moment.timestamp() * 1000)
    found = await consumer.offsets_for_times(dict.fromkeys(places, milliseconds))
    return {place: last[place] if found[place] is None else found[place].offset for place in places}
