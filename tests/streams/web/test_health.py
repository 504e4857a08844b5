from typing import Any

import pytest

from streams.web.health import MOST_TENANTS, health, unwell
from tests.streams.web.worlds import SetSource, scope, tenant


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"optimizer_ready": False}, ["no policy has passed the gate yet"]),
        ({"total_experiences": 50}, ["50 experiences: more than 50 are needed"]),
        ({"avg_reward": 0.5}, ["average reward 0.500: more than 0.5 is needed"]),
        ({"avg_reward": float("nan")}, ["average reward nan: more than 0.5 is needed"]),
    ],
)
def test_a_scope_is_healthy_above_the_specifications_thresholds(
    changes: dict[str, Any], reasons: list[str]
) -> None:
    assert unwell(scope(**changes)) == reasons


def test_every_reason_is_told_and_the_worker_stays_ready() -> None:
    ill = scope(optimizer_ready=False, total_experiences=0, avg_reward=0.0, last_updated_s=None)
    told = health(SetSource(known=[tenant("acme", ill), tenant("globex")]))
    assert (told["ready"], told["reason"], told["partitions"]) == (True, None, [0, 3])
    first, second = told["scopes"]
    assert (first["tenant"], first["healthy"], len(first["reasons"])) == ("acme", False, 3)
    assert first["last_updated"] is None
    assert second == {
        "tenant": "globex",
        "scope": "routing",
        "healthy": True,
        "reasons": [],
        "optimizer_ready": True,
        "total_experiences": 51,
        "avg_reward": 0.51,
        "last_updated": 1e9,
    }


def test_the_page_is_bounded_and_says_so() -> None:
    told = health(SetSource(known=[tenant(f"t{n}") for n in range(MOST_TENANTS + 7)]))
    assert len(told["scopes"]) == MOST_TENANTS
    assert told["tenants_left_out"] == 7
