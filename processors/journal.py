"""In which order a partition's source records were applied, so that a replay can apply them the same way.

The records of one topic have an order; those of several topics on one partition do not, yet triggers and the
end of join windows depend on it. One small entry per batch writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from signalbox.standing import standing


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Batch number `batch` of `run` applied the records of `topic` from `start` up to and without `end`."""

    run: str
    batch: int
    topic: str
    start: int
    end: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(JournalEntry)


def encode_entry(entry: JournalEntry) -> bytes:
    """The entry as JSON."""
    return _encoder.encode(entry)


def applied(values: Iterable[bytes]) -> list[JournalEntry]:
    """The entries of one partition, in order, without those of batches that were never committed."""
    entries = [_decoder.decode(value) for value in values]
    return standing(entries, lambda entry: entry.run, lambda entry: entry.batch)
