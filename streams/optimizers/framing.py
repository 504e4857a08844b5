"""Entries of a file one behind the other, so that damage is told from an end that a crash cut off."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from zlib import crc32

_HEAD = struct.Struct(">II")
"""Before an entry: its length in bytes and its CRC-32."""
_CHECK = struct.Struct(">I")
"""And the CRC-32 of these two, so that a wrong length isn't taken for an entry that was cut off."""
_START = _HEAD.size + _CHECK.size


def framed(entry: bytes) -> bytes:
    """An entry as it is appended."""
    head = _HEAD.pack(len(entry), crc32(entry))
    return head + _CHECK.pack(crc32(head)) + entry


def unframed(content: bytes) -> Iterator[bytes]:
    """The whole entries; raises `ValueError` for damage.

    The last of several may be short, and is left out then. The first one may not: it was put in place whole.
    """
    place = 0
    while place < len(content):
        entry = _entry_at(content, place)
        if entry is None:
            if place == 0:
                raise ValueError("its first entry is cut off")
            return
        yield entry
        place += _START + len(entry)


def _entry_at(content: bytes, place: int) -> bytes | None:
    """The entry at a place, None where the content ends within it."""
    head, check = content[place : place + _HEAD.size], content[place + _HEAD.size : place + _START]
    if len(check) < _CHECK.size:
        return None
    if _CHECK.unpack(check) != (crc32(head),):
        raise ValueError(f"wrong checksum at byte {place}")
    length, checksum = _HEAD.unpack(head)
    entry = content[place + _START : place + _START + length]
    if len(entry) < length:
        return None
    if crc32(entry) != checksum:
        raise ValueError(f"wrong checksum at byte {place + _START}")
    return entry
