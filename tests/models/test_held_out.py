"""The split into what is trained on and what is judged by."""

import pytest

from models.held_out import is_held_out


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_about_the_asked_share_is_held_out(share: float) -> None:
    held = sum(is_held_out(f"decision-{i}", share) for i in range(10_000))
    assert held / 10_000 == pytest.approx(share, abs=0.02)


def test_a_larger_share_only_adds() -> None:
    small = {i for i in range(500) if is_held_out(str(i), 0.2)}
    assert small < {i for i in range(500) if is_held_out(str(i), 0.4)}


def test_the_split_never_changes_from_one_process_to_the_next() -> None:
    assert [is_held_out(name, 0.3) for name in "abcdefghij"] == HELD_OUT


HELD_OUT = [False, False, True, False, True, False, True, True, True, True]
