"""What every kind of broker offers to those who only want a Kafka cluster to talk to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import ClassVar, Literal, Self

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError

Kind = Literal["external", "kafka", "container", "in-process"]


class Broker(ABC):
    """A Kafka cluster that is there between `start` and `stop`, or inside a `with` block.

    `start` blocks until the cluster answers a metadata request, and raises `BrokerUnavailable` with one line
    that says what is needed when it can't. `stop` may be called at any time, and twice.
    """

    kind: ClassVar[Kind]
    declares_topics: ClassVar[bool] = True
    """Whether clients can create topics with an admin request; if not, call `ensure_topics` first."""

    version: str = "unknown"
    """The cluster's Kafka version, or as much of it as is known."""

    durable: bool = False
    """Whether what is written survives `stop` and the next `start`."""

    _connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """How to reach the cluster. Raises `ConfigurationError` before `start`."""
        if self._connection is None:
            raise ConfigurationError(f"the {self.kind} broker has not been started")
        return self._connection

    @abstractmethod
    def start(self) -> None:
        """Start the cluster, or find it, and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop what `start` started, and remove what nobody asked to keep."""

    def ensure_topics(self, names: Iterable[str], partitions: int) -> None:  # noqa: B027 most kinds need nothing
        """Make the topics exist where clients can't (`declares_topics` is false); elsewhere do nothing."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
