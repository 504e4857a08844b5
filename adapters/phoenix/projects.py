"""Which Phoenix project is which tenant's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from adapters.phoenix.connection import Phoenix
from signalbox.errors import ConfigurationError

TEMPLATE = "signalbox-{tenant_id}"
_TENANT = "[a-z0-9][a-z0-9_-]{0,62}"


def project_of(tenant_id: str, template: str = TEMPLATE) -> str:
    """The Phoenix project of a tenant; no two tenants share one."""
    return template.replace("{tenant_id}", tenant_id)


def tenant_in(project: str, template: str = TEMPLATE) -> str | None:
    """The tenant whose project it is; None where it is no tenant's."""
    before, _, after = template.partition("{tenant_id}")
    found = re.fullmatch(f"{re.escape(before)}({_TENANT}){re.escape(after)}", project)
    return found[1] if found else None


class PhoenixProjects:
    """Lists the projects of a server."""

    def __init__(self, phoenix: Phoenix) -> None:
        self._phoenix = phoenix

    def names(self) -> Iterator[str]:
        """The name of every project.

        Raises `PhoenixUnavailable`, or `ConfigurationError` where something else answers.
        """
        cursor: dict[str, str] = {}
        while True:
            found = self._phoenix.get("/v1/projects", limit=100, **cursor)
            if found is None:
                raise ConfigurationError(f"SIGNALBOX_PHOENIX_URL: there is no Phoenix at {self._phoenix.url}")
            for each in found["data"]:
                yield each["name"]
            if not found.get("next_cursor"):
                return
            cursor = {"cursor": found["next_cursor"]}

    def node(self, project: str) -> str | None:
        """The project's global id; None where there is none."""
        found = self._phoenix.get(f"/v1/projects/{quote(project, safe='')}")
        return found["data"]["id"] if found else None
