"""Which experiences training never sees."""

from __future__ import annotations

from signalbox.topics import stable_hash

_SALT = "held-out/"
# So that the split is independent of the shard, which comes from a hash of the same id.


def is_held_out(decision_id: str, share: float) -> bool:
    """Whether this decision belongs to the `share` (0 to 1) that is kept for judging policies.

    The answer depends on the id alone, so every process, restart and replay agrees on it.
    """
    return stable_hash(_SALT + decision_id) < share * 2.0**64
