"""An artifact's bytes in pieces that fit a Kafka record."""

from __future__ import annotations

from collections.abc import Sequence

from signalbox.errors import ArtifactError
from signalbox.policy.artifact import digest_of

CHUNK_BYTES = 512 * 1024
"""Half of Kafka's default limit for a record, so that no broker setting has to be changed."""


def split(data: bytes) -> list[bytes]:
    """`data` in pieces of at most `CHUNK_BYTES`; at least one."""
    return [data[start : start + CHUNK_BYTES] for start in range(0, max(len(data), 1), CHUNK_BYTES)]


def join(chunks: Sequence[bytes], digest: str) -> bytes:
    """The bytes that `split` cut; raises `ArtifactError` unless their SHA-256 is `digest`."""
    data = b"".join(chunks)
    found = digest_of(data)
    if found != digest:
        raise ArtifactError(f"artifact {digest[:12]}: its {len(data)} bytes have the digest {found[:12]}")
    return data
