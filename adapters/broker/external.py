"""A cluster that is already there: somebody else starts, stops and upgrades it."""

from __future__ import annotations

from adapters.broker.base import Broker
from adapters.broker.probe import ask_version
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, Retry

ANSWER_LIMIT_S = 15.0


class ExternalKafka(Broker):
    """An existing cluster; `start` makes sure that it answers, `stop` leaves it alone."""

    kind = "external"
    durable = True

    def __init__(self, connection: Connection, *, answer_limit_s: float = ANSWER_LIMIT_S) -> None:
        self._target = connection
        self._answer_limit_s = answer_limit_s

    def start(self) -> None:
        """Ask the cluster for metadata. Raises `BrokerUnavailable` when it doesn't answer in time."""
        try:
            self.version = ask_version(self._target, self._answer_limit_s)
        except Retry as error:
            raise BrokerUnavailable(f"no Kafka cluster at these bootstrap servers: {error}") from error
        self._connection = self._target

    def stop(self) -> None:
        """Forget the cluster."""
        self._connection = None
