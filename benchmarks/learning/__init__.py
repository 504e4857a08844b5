"""What routing earns while it is learned, and afterwards, beside Vowpal Wabbit on the same streams."""

from benchmarks.learning.suite import run

__all__ = ["run"]
