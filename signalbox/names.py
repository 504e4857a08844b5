"""Names that a router's engineer passes, checked before they become keys and paths."""

from __future__ import annotations

from typing import Any

import msgspec

from signalbox.errors import ConfigurationError
from signalbox.events.fields import Scope, TenantId

PROGRAM = "program:"
"""What the scopes of prompt programs begin with; the program's name follows."""


def checked_tenant(tenant_id: str) -> str:
    """The tenant; raises `ConfigurationError` where no event could carry it."""
    return _checked("tenant_id", tenant_id, TenantId)


def checked_scope(scope: str) -> str:
    """The scope; raises `ConfigurationError` where no event could carry it."""
    return _checked("scope", scope, Scope)


def is_program(scope: str) -> bool:
    """Whether the scope's champion is a prompt program, and not a policy."""
    return scope.startswith(PROGRAM)


def _checked(name: str, value: str, kind: Any) -> str:
    try:
        return str(msgspec.convert(value, kind, strict=True))
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {error}, got {value!r}") from None
