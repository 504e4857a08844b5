"""Which broker to use: the one asked for, or the best that this machine can have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from adapters.broker import container, in_process, local_node
from adapters.broker.base import Broker, Kind
from adapters.broker.container import ContainerKafka
from adapters.broker.external import ExternalKafka
from adapters.broker.in_process import InProcessKafka
from adapters.broker.jars import DEFAULT_CACHE, progress_to_stderr
from adapters.broker.local_node import LocalKafka
from signalbox.connection import Connection
from signalbox.errors import BrokerUnavailable, ConfigurationError


def choose_broker(
    choice: str = "auto",
    connection: Connection | None = None,
    *,
    data_folder: Path | None = None,
    cache: Path = DEFAULT_CACHE,
    progress: Callable[[str], None] = progress_to_stderr,
) -> Broker:
    """A broker, not yet started.

    `auto` takes the cluster of `connection` if there is one, else a local Kafka node, else a container, else
    the in-process cluster. Only a local node keeps its data in `data_folder`. Raises `ConfigurationError`
    for a choice that contradicts itself, and `BrokerUnavailable`, which names what each kind lacks.
    """
    if choice == "auto":
        choice = "external" if connection else _best_kind(data_folder, cache)
    _check(choice, connection, data_folder)
    if choice == "kafka":
        return LocalKafka(data_folder, cache=cache, progress=progress)
    if connection:
        return ExternalKafka(connection)
    return ContainerKafka() if choice == "container" else InProcessKafka()


def _best_kind(data_folder: Path | None, cache: Path) -> Kind:
    lacking: dict[Kind, str | None] = {"kafka": local_node.missing(cache)}
    if lacking["kafka"] and data_folder is None:
        lacking["container"] = container.missing()
        if lacking["container"]:
            lacking["in-process"] = in_process.missing()
    for kind, need in lacking.items():
        if need is None:
            return kind
    needs = "; ".join(f"{kind} needs {need}" for kind, need in lacking.items())
    raise BrokerUnavailable(f"no broker can be started here ({needs}); or give bootstrap servers")


def _check(choice: str, connection: Connection | None, data_folder: Path | None) -> None:
    kinds = get_args(Kind)
    if choice not in kinds:
        raise ConfigurationError(f"broker must be one of auto, {', '.join(kinds)}, not {choice!r}")
    if choice == "external" and connection is None:
        raise ConfigurationError("broker external needs bootstrap servers")
    if choice != "external" and connection:
        raise ConfigurationError(f"bootstrap servers are for broker external, not for {choice}")
    if choice != "kafka" and data_folder:
        raise ConfigurationError(f"only broker kafka keeps its data in a folder, not {choice}")
