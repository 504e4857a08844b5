"""Runs `signalbox demo` as a person would, and looks for what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[2]


def run_demo(folder: Path, *arguments: str, **settings: str) -> dict[str, Any]:
    """The demo's summary; asserts that it ended well, printed one object and left nothing behind."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    environment |= {f"SIGNALBOX_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", "streams", "demo", "--json", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert left_behind(folder) == []
    summary: dict[str, Any] = orjson.loads(done.stdout)
    summary["said"] = done.stderr
    return summary


def left_behind(folder: Path) -> list[str]:
    """Files in the demo's temporary folder, and processes that were started with it."""
    files = [str(path) for path in folder.iterdir()]
    marker = f"TMPDIR={folder}".encode()
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (entry / "environ").read_bytes().split(b"\0"):
                processes.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has ended meanwhile, or isn't ours
    return files + processes
