"""A Kafka cluster to work with, whatever the machine offers: see `choose_broker` and `Broker`."""

from adapters.broker.base import Broker, Kind
from adapters.broker.choose import choose_broker

__all__ = ["Broker", "Kind", "choose_broker"]
