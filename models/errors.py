"""What learning may refuse."""

from __future__ import annotations


class NothingToLearn(Exception):
    """The experiences can't tell one agent from another; the message says why."""
