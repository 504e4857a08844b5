"""Keeps the prompt program in force: verified, swapped in atomically, kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol

from signalbox.connection import Connection
from signalbox.errors import ConfigurationError
from signalbox.events import PolicyUpdate
from signalbox.following import SlotFollower
from signalbox.in_force import LearnedSlot
from signalbox.names import PROGRAM, checked_scope, checked_tenant
from signalbox.policy import Manifest
from signalbox.policy_check import PolicyCheck
from signalbox.policy_feed import PolicyFeed
from signalbox.program import PromptProgram


@dataclass(frozen=True, slots=True)
class ActiveProgram:
    """A prompt program in force and where it comes from; `version` rises with every update of its slot."""

    program: PromptProgram
    digest: str
    version: int
    slot: Literal["program"] = "program"

    @property
    def manifest(self) -> Manifest | None:
        """What it says of itself."""
        return self.program.manifest


class ProgramSource(Protocol):
    """Where the program in force comes from: `signalbox.ProgramSlot`, or a constant in a test."""

    @property
    def current(self) -> ActiveProgram | None:
        """The program in force, if there is one."""


class ProgramSlot(SlotFollower[ActiveProgram]):
    """Follows the gated prompt program `name` of a tenant; see `SlotFollower` for what may come into force.

    Needs the extra `program` of the package. The arguments are `PolicySubscriber`'s. A program goes into force
    whole: it is put on no trial.
    """

    def __init__(
        self,
        source: Connection | PolicyFeed,
        tenant_id: str,
        name: str = "routing",
        topic_prefix: str = "",
        *,
        cache_folder: str | Path | None = None,
        on_swap: Callable[[ActiveProgram], None] | None = None,
        on_end: Callable[[LearnedSlot], None] | None = None,
    ) -> None:
        if find_spec("dspy") is None:
            raise ConfigurationError(
                "dspy isn't installed: a router that runs programs needs signalbox[program]"
            )
        check = PolicyCheck(checked_tenant(tenant_id), checked_scope(PROGRAM + name), "champion")
        super().__init__(source, check, topic_prefix, cache_folder, on_swap, on_end)

    def _verified(self, update: PolicyUpdate, data: bytes) -> ActiveProgram:
        return active_program(self._check, update, data)


def active_program(check: PolicyCheck, update: PolicyUpdate, data: bytes) -> ActiveProgram:
    """The program in `data`, which must be what `update` promises; raises `RefusedPolicy`."""
    program = check.loaded(update, data, PromptProgram.load)
    return ActiveProgram(program, update.digest, update.version)
