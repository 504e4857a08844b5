"""Who is at work: the members of the consumer groups, as the cluster knows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, for_code

from signalbox.connection import Connection

TRIES = 20
PAUSE_S = 0.1
UNKNOWN = "Unknown"
"""The state of a group on librdkafka's in-process cluster, which doesn't tell."""
SUFFIX_CHARACTERS = len("-01234567-89ab-cdef-0123-456789abcdef")


@dataclass(frozen=True)
class Group:
    """A consumer group: `state` is Kafka's word for it, such as Stable, Empty or Dead; or UNKNOWN."""

    name: str
    state: str
    members: tuple[str, ...] = field(default=())
    """Their ids: of a process with an instance id, this and a suffix; it outlives the process by 10 s."""

    def has(self, instance: str | None) -> bool:
        """Whether a process of that instance id is a member; without an id, whether any process is."""
        if instance is None:
            return bool(self.members)
        return any(member[:-SUFFIX_CHARACTERS] == instance for member in self.members)


@asynccontextmanager
async def admin_client(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, started, and closed afterwards."""
    client = AIOKafkaAdminClient(**connection.client_options())
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def describe_group(client: AIOKafkaAdminClient, name: str) -> Group:
    """The group; a cluster that has just started may take a moment to know. Raises `KafkaError`."""
    for attempt in range(TRIES):
        try:
            return await _describe(client, name)
        except IncompatibleBrokerVersion:
            return Group(name, UNKNOWN)
        except KafkaError as error:
            if not error.retriable or attempt == TRIES - 1:
                raise
        await asyncio.sleep(PAUSE_S)
    raise AssertionError("the last try returns or raises")


async def _describe(client: AIOKafkaAdminClient, name: str) -> Group:
    (response,) = await client.describe_consumer_groups([name])
    ((code, _, state, _, _, members, *_),) = response.groups
    if code:
        raise for_code(code)(f"group {name}")
    return Group(name, state, tuple(sorted(member[0] for member in members)))
