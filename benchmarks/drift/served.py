"""The service before and after a change of the rewards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from msgspec import Struct

from benchmarks.drift.changes import Changing
from benchmarks.drift.recovery import WATCHED, Recovery, recovery_in
from benchmarks.drift.service import TRIGGERS, Service
from benchmarks.learning.batch_mode import EVERY, EVERY_SLOW
from benchmarks.learning.deployed import SECONDS_APART

BEFORE = replace(TRIGGERS, update_frequency=EVERY_SLOW)
AFTER = replace(TRIGGERS, update_frequency=EVERY, cool_down_s=EVERY * SECONDS_APART)
"""The service's own triggers, but that they are rarer, for each may read thousands of experiences: 50 decisions
apart after the change, where the service asks after 8 to 10."""


class Served(Struct, frozen=True, kw_only=True):
    """`found_after` are the decisions after the change at which the detector spoke, `promotions` since then."""

    recovery: Recovery
    found_after: list[int]
    promotions: int


def served_until(changing: Changing, seed: int) -> Service:
    """The service at the moment of the change, which is the same whatever will change."""
    service = Service(changing.stream, seed, triggers=BEFORE)
    for _ in range(changing.changed_at):
        service.decide_next()
    return service


def serve(before: Service, changing: Changing) -> Served:
    """What becomes of it: until the reward is back, or the stream ends, but at least as long as is watched."""
    service, at = before.forked(changing.stream, AFTER), changing.changed_at
    promotions, alarms = service.promotions, len(service.alarms)
    for decided in range(at + 1, len(changing.stream) + 1):
        service.decide_next()
        if decided >= at + WATCHED and decided % EVERY == 0 and _recovery(service, at).recovered:
            break
    return Served(
        recovery=_recovery(service, at),
        found_after=[found - at for found in service.alarms[alarms:]],
        promotions=service.promotions - promotions,
    )


def _recovery(service: Service, at: int) -> Recovery:
    return recovery_in(np.array(service.rewards), at)
