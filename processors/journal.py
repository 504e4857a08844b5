"""In which order a partition's source records were applied, so that a replay can apply them the same way.

The records of one topic have an order; those of several topics on one partition do not, yet triggers and the
end of join windows depend on it. One small entry per batch writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from signalbox.standing import in_succession

CHECKPOINT = "checkpoint"
"""In place of a topic: the batch applied no records but put saved state in place of what the log had given."""


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
    """The entries of one partition, in order, without those of batches that were never committed.

    Every batch has an entry, so the first one of a run says what it does again.
    """
    kept: list[JournalEntry] = []
    entries = map(_decoder.decode, values)
    for entry in in_succession(entries, lambda entry: entry.run, lambda entry: entry.batch):
        while kept and kept[-1].batch >= entry.batch:
            kept.pop()
        kept.append(entry)
    return kept
