"""Runs a server for another process and outlives it just long enough to clean up.

Run as a script: `python guard.py '{"commands": [[...], [...]], "remove": "FOLDER" or null}'`. The commands
run one after the other; the guard ends with the last one, or with the first that fails. It stops the one
that runs on SIGTERM, and when its standard input closes, which happens when whoever started it dies, however
it dies. If the guard itself is killed, the server goes with it (Linux). Needs only the standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

GRACE_S = 10.0
"""How long a server may take to end after SIGTERM; a Kafka node needs about half a second."""

_PR_SET_PDEATHSIG = 1
_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}


def main(task: str) -> int:
    """Run the commands of a task; returns the exit status of the last one that ran."""
    order = json.loads(task)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)  # what is ignored is not waited for either
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    status = 0
    try:
        for command in order["commands"]:
            status = _run(command)
            if status:
                break
    finally:
        if order["remove"]:
            shutil.rmtree(order["remove"], ignore_errors=True)
    return status


def _stop_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _run(command: list[str]) -> int:
    # preexec_fn is safe here: the only other thread waits in a read and holds no lock.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_bind_to_guard)  # noqa: S603, PLW1509
    while child.poll() is None:
        if signal.sigwait(_SIGNALS) == signal.SIGTERM:
            _stop(child)
            sys.exit(128 + signal.SIGTERM)
    return child.returncode


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _bind_to_guard() -> None:
    """In the child, before it becomes the server: undo the guard's signal mask, and die with the guard."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
