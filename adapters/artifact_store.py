"""The archive of policies and agent cards: content-addressed files below an fsspec URL, one folder a tenant."""

from __future__ import annotations

import uuid
from typing import Any, Literal

import msgspec

from signalbox.errors import ArtifactError, ConfigurationError, Retry
from signalbox.events.fields import Digest, TenantId
from signalbox.policy import digest_of

Kind = Literal["policy", "cards"]
SUFFIXES: dict[Kind, str] = {"policy": ".safetensors", "cards": ".jsonl"}


class ArtifactStore:
    """Artifacts under `URL/tenant/digest.safetensors`, the cards that they were trained with under
    `URL/tenant/digest.jsonl`; what is read is what was written, or an error.

    Writing is atomic and repeatable: a reader sees a whole file or none, and the same bytes have the same
    name. Raises `ConfigurationError` for a URL that nothing here can open, `Retry` when the store doesn't
    answer, and `ArtifactError` for a name that is no tenant or digest.
    """

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        try:
            self._files, root = url_to_fs(url)
        except (ValueError, ImportError, OSError) as error:
            raise ConfigurationError(f"store_url {url!r} can't be used: {error}") from error
        self._root: str = root.rstrip("/")

    def put(self, tenant_id: str, data: bytes, kind: Kind = "policy") -> str:
        """Archive `data` and return its digest; a damaged file under that digest is replaced."""
        digest = digest_of(data)
        path = self._path(tenant_id, digest, kind)
        try:
            if self._read(path) == data:
                return digest
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            # In the same folder, so that the move is one rename.
            part = f"{path}.{uuid.uuid4().hex}.part"
            self._files.pipe_file(part, data)
            self._files.mv(part, path)
        except OSError as error:
            raise Retry(f"artifact {digest[:12]} can't be archived: {error}") from error
        return digest

    def get(self, tenant_id: str, digest: str, kind: Kind = "policy") -> bytes | None:
        """The artifact's bytes, or None where it isn't archived; `ArtifactError` where they were changed."""
        path = self._path(tenant_id, digest, kind)
        try:
            data = self._read(path)
        except OSError as error:
            raise Retry(f"artifact {digest[:12]} can't be read: {error}") from error
        if data is not None and digest_of(data) != digest:
            raise ArtifactError(f"artifact {digest[:12]} of {tenant_id}: the archived bytes were changed")
        return data

    def size(self, tenant_id: str, digest: str) -> int | None:
        """The artifact's length in bytes, or None where it isn't archived."""
        try:
            return int(self._files.size(self._path(tenant_id, digest)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Retry(f"artifact {digest[:12]} can't be found: {error}") from error

    def _read(self, path: str) -> bytes | None:
        try:
            data: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        return data

    def _path(self, tenant_id: str, digest: str, kind: Kind = "policy") -> str:
        _check("tenant_id", tenant_id, TenantId)
        _check("digest", digest, Digest)
        return f"{self._root}/{tenant_id}/{digest}{SUFFIXES[kind]}"


def _check(name: str, value: str, kind: Any) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ArtifactError(f"{name} {value!r} can't be part of a path: {error}") from None
