"""Which programs have been asked for: when the last time, and how often under the present champion."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from signalbox.events import OptimizationTrigger


class Asked(NamedTuple):
    """A trigger of a program's scope; `changed_at` is the drift that it knew of."""

    trigger_id: str
    occurred_at: datetime
    champion_digest: str | None
    changed_at: datetime | None


class ProgramTriggers:
    """The triggers of programs' scopes, by tenant and scope; repeats change nothing."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], dict[str, Asked]] = {}

    def add(self, trigger: OptimizationTrigger) -> None:
        """Take a trigger into account."""
        asked = Asked(trigger.trigger_id, trigger.occurred_at, trigger.champion_digest, trigger.changed_at)
        self._asked.setdefault((trigger.tenant_id, trigger.scope), {})[trigger.trigger_id] = asked

    def last(self, tenant_id: str, scope: str) -> Asked | None:
        """The newest one."""
        asked = self._asked.get((tenant_id, scope), {}).values()
        return max(asked, key=lambda each: each.occurred_at, default=None)

    def next_look(
        self, tenant_id: str, scope: str, champion_digest: str | None, changed_at: datetime | None
    ) -> int:
        """The number of the next look at the evidence against this champion, from 1.

        After a drift the evidence is another, so the looks before it count no more.
        """
        asked = self._asked.get((tenant_id, scope), {}).values()
        same = (champion_digest, changed_at)
        return 1 + sum((each.champion_digest, each.changed_at) == same for each in asked)
