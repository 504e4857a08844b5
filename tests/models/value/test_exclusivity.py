"""How far one agent's success speaks against the others follows from what the others earn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.value.exclusivity import Exclusivity


def after(best: float, other: float, decisions: int = 500) -> float:
    found = Exclusivity(4)
    for _ in range(decisions):
        found.observe(best, best=True)
        found.observe(other, best=False)
    return found.strength


def test_it_starts_at_nothing() -> None:
    assert Exclusivity(10).strength == 0.0


def test_where_only_the_best_earn_it_is_strong_and_where_all_do_it_is_weak() -> None:
    assert after(1.0, 0.0) == pytest.approx(1.0, abs=0.05)
    assert after(0.95, 0.6) < 0.4
    assert after(0.3, 0.6) == 0.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=300))
def test_it_stays_in_its_range(rewards: list[tuple[float, bool]]) -> None:
    found = Exclusivity(2)
    for reward, best in rewards:
        found.observe(reward, best=best)
        assert 0.0 <= found.strength <= 1.0
