"""What is running, how far behind it is, what is in force."""

from streams.status.collect import Status, read_status

__all__ = ["Status", "read_status"]
