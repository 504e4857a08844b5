"""What the log says of a finished training, in the fields of the specification ("Logging Best Practices")."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

from signalbox.errors import ArtifactError
from signalbox.events import OptimizationTrigger
from signalbox.names import is_program
from signalbox.policy import Manifest, unpack
from streams.trainer.job import Answer, TrainingJob


class _Earned(Struct, gc=False):
    """As much of an experience as its reward takes; other fields are passed over."""

    decision_id: str
    reward: float
    revision: int = 0


_decoder = msgspec.json.Decoder(_Earned)


def training_fields(job: TrainingJob, answer: Answer) -> dict[str, Any]:
    """The log record's extra fields.

    `training_step` (promotions one after the other) and `epsilon` are those of the policy that came out of the
    training, else of the champion, else of the baseline; `avg_reward` is None without experiences.
    """
    trigger, result = job.trigger, answer.result
    manifest = _manifest(answer.artifact) or _manifest(job.champion)
    rewards = _rewards(job.records)
    return {
        "trigger_id": trigger.trigger_id,
        "tenant_key": trigger.tenant_key,
        "scope": trigger.scope,
        "verdict": result.verdict,
        "optimizer": _optimizer(manifest, trigger),
        "training_step": manifest.lineage.promotions if manifest else 0,
        "epsilon": manifest.epsilon if manifest else trigger.configuration.get("epsilon"),
        "experiences_count": len(rewards),
        "avg_reward": round(sum(rewards) / len(rewards), 4) if rewards else None,
    }


def _manifest(artifact: bytes | None) -> Manifest | None:
    # A champion that can't be read is what the answer is about; the log goes on without it.
    with suppress(ArtifactError):
        return unpack(artifact).manifest if artifact else None
    return None


def _optimizer(manifest: Manifest | None, trigger: OptimizationTrigger) -> str | None:
    """Who trained; of a prompt program without a result, how the choice is made."""
    if manifest and manifest.program:
        return manifest.program.optimizer
    configuration, name = trigger.configuration, "learner"
    if is_program(trigger.scope):
        configuration, name = configuration.get("program", {}), "optimizer_strategy"
    found: str | None = configuration.get(name)
    return found


def _rewards(records: Iterable[bytes]) -> list[float]:
    """One reward of each decision, that of its highest revision."""
    newest: dict[str, _Earned] = {}
    for record in records:
        with suppress(msgspec.MsgspecError):  # the answer says what is wrong with it
            found = _decoder.decode(record)
            known = newest.get(found.decision_id)
            if known is None or found.revision >= known.revision:
                newest[found.decision_id] = found
    return [each.reward for each in newest.values()]
