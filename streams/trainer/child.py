"""What training processes have in common: they end with their parent, and their deaths are counted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from signalbox.errors import Retry
from signalbox.events import OptimizationTrigger
from streams.trainer.job import Answer, failed

MAX_DEATHS = 3
"""So often the process may die over one trigger (out of memory, say) before the answer is `failed`."""


class Deaths:
    """How often the process has died over each trigger."""

    def __init__(self) -> None:
        self._deaths: dict[str, int] = {}

    def count(self, trigger: OptimizationTrigger, cause: BaseException | None = None) -> Answer:
        """One more; raises `Retry`, or returns the answer `failed` where that was the last chance."""
        deaths = self._deaths[trigger.trigger_id] = self._deaths.get(trigger.trigger_id, 0) + 1
        message = f"the training process died {deaths} times over trigger {trigger.trigger_id}"
        if deaths < MAX_DEATHS:
            raise Retry(message) from cause
        self.forget(trigger)
        return failed(trigger, Retry(message))

    def forget(self, trigger: OptimizationTrigger) -> None:
        """The trigger has its answer."""
        self._deaths.pop(trigger.trigger_id, None)


def live_with_parent() -> None:
    """For the child: a parent that is killed can't tell it, and it would wait for jobs for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent stops us
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
