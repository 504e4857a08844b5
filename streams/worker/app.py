"""The Faust app: four agents, one table, and nothing of what happens to an event."""

from __future__ import annotations

from typing import Any

import faust
from mode import CrashingSupervisor

from processors.partition import SOURCE_TOPICS
from signalbox.connection import Connection
from signalbox.topics import ROUTING_DECISION, ROUTING_OUTCOME
from streams.settings import Settings
from streams.worker.backlog import Backlog
from streams.worker.batching import UntouchedSchema, batch_scheduler
from streams.worker.catch_up import CatchUp
from streams.worker.flights import Flights
from streams.worker.host import PartitionHost
from streams.worker.liveness import Liveness
from streams.worker.output import Output
from streams.worker.policies import policies_from
from streams.worker.transport import BatchTransport

SESSION_TIMEOUT_S = 10.0
BATCHES_BUFFERED = 1024
"""More than one fetch can give: when Faust finds a buffer full it sleeps for a second."""


def build_app(
    settings: Settings, connection: Connection, output: Output, catch_up: CatchUp, liveness: Liveness
) -> tuple[faust.App, PartitionHost]:
    """The worker's app, and the host of its partitions."""
    folder = settings.data_folder / "faust"
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        settings.worker_group,
        broker=_urls(connection),
        broker_credentials=_credentials(connection),
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=3.0,
        broker_commit_interval=1.0,
        broker_max_poll_records=settings.batch_records,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id,
        stream_buffer_maxsize=BATCHES_BUFFERED,
        ConsumerScheduler=batch_scheduler(settings.changelog_topic, settings.batch_records),
        agent_supervisor=CrashingSupervisor,
        store="memory://",
        datadir=str(folder),
        topic_partitions=settings.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
    )
    transport = app.transport = BatchTransport(app.conf.broker_consumer, app)
    table = app.Table(
        "state",
        partitions=settings.partitions,
        key_type=bytes,
        value_type=bytes,
    )
    host = PartitionHost(settings, policies_from(settings), output, catch_up, liveness, table.data)
    flights = Flights(app.crash)
    transport.room, transport.applied = flights.room, host.written.get
    transport.changelog_topic = settings.changelog_topic
    transport.backlog = Backlog(settings.topic(ROUTING_DECISION), settings.topic(ROUTING_OUTCOME))
    for name in SOURCE_TOPICS:
        _add_agent(app, host, flights, settings.topic(name), name)
    _follow_assignment(app, table, host, settings)
    return app, host


def _add_agent(app: faust.App, host: PartitionHost, flights: Flights, topic_name: str, name: str) -> None:
    topic = app.topic(topic_name, schema=UntouchedSchema())

    async def apply(stream: Any) -> None:
        async for batch in stream:
            flights.start(host.apply(name, batch.partition, batch))

    app.agent(topic, name=name)(apply)


def _follow_assignment(app: faust.App, table: Any, host: PartitionHost, settings: Settings) -> None:
    async def revoked(*_: Any, **__: Any) -> None:
        await host.suspend()

    async def recovered() -> None:
        first = settings.topic(SOURCE_TOPICS[0])
        try:
            host.assign(tp.partition for tp in app.consumer.assignment() if tp.topic == first)
        except Exception as error:  # noqa: BLE001 Faust would log it and go on without the state
            await app.crash(error)

    app.on_partitions_revoked.connect(revoked, weak=False)
    table.on_recover(recovered)


def _urls(connection: Connection) -> list[str]:
    return [f"kafka://{address.strip()}" for address in connection.bootstrap_servers.split(",")]


def _credentials(connection: Connection) -> Any:
    options = connection.client_options()
    context = options.get("ssl_context")
    if connection.uses_sasl:
        return faust.SASLCredentials(
            username=connection.sasl_username,
            password=connection.sasl_password,
            mechanism=connection.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if connection.uses_tls else None
