"""The last good policy of a slot on disk, in one file that is replaced as a whole."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from signalbox.errors import InvalidEvent
from signalbox.events import PolicyUpdate, decode, encode

logger = logging.getLogger(__name__)

_LENGTH_BYTES = 8


class PolicyCache:
    """An update and its policy's bytes under `folder`; nothing here is trusted when it is read back."""

    def __init__(self, folder: Path, key: bytes) -> None:
        tenant_id, scope, slot = key.decode().split("/")
        self.path = folder / tenant_id / f"{scope.replace(':', '.')}.{slot}.policy"

    def write(self, update: PolicyUpdate, data: bytes) -> None:
        """Replace what is kept; a failure is only logged, because the policy is in force all the same."""
        head = encode(update)
        fresh = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(len(head).to_bytes(_LENGTH_BYTES, "big") + head + data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            logger.warning("the policy can't be kept on disk: %s", error)

    def remove(self) -> None:
        """Forget what is kept; a failure is only logged."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("the policy can't be removed from disk: %s", error)

    def read(self) -> tuple[PolicyUpdate, bytes] | None:
        """What was kept, or None; raises `InvalidEvent` where the file isn't ours."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        start = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "big")
        try:
            return decode(PolicyUpdate, content[_LENGTH_BYTES:start]), content[start:]
        except InvalidEvent as error:
            raise InvalidEvent("invalid", f"{self.path}: {error}") from None
