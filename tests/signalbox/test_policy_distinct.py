"""Distinct numbers: each once, where it came first, whatever was asked before and whoever else asks."""

from threading import Thread

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signalbox.policy.distinct import Distinct

NUMBERS = st.lists(st.integers(0, 63), max_size=100)
SHARED = Distinct(64, longest=100)


@given(NUMBERS)
def test_the_first_occurrences_stay_in_their_order(numbers: list[int]) -> None:
    assert SHARED.of(np.array(numbers, np.intp)).tolist() == list(dict.fromkeys(numbers))


def test_threads_do_not_disturb_each_other() -> None:
    generator = np.random.default_rng(3)
    asked = [generator.integers(0, 64, 90) for _ in range(4)]
    wrong: list[int] = []

    def ask(numbers: np.ndarray) -> None:
        expected = list(dict.fromkeys(numbers.tolist()))
        wrong.extend(i for i in range(300) if SHARED.of(numbers).tolist() != expected)

    threads = [Thread(target=ask, args=(numbers,)) for numbers in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
