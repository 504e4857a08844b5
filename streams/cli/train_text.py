"""What `signalbox train` says of a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from adapters.language_model import error_of
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.trainer.program_file import FileOutcome, FileRequest


def summary(request: FileRequest, outcome: FileOutcome, save: Path | None) -> dict[str, Any]:
    """The outcome as plain values; accuracies and the improvement are on the held-out rows."""
    result, made, spend = outcome.result, outcome.training.optimised, outcome.spend
    gain = outcome.training.screening.improvement
    return {
        "program": request.program,
        "tenant": request.tenant_id,
        "rows": len(request.rows),
        "training_rows": made.examples,
        "held_out_rows": outcome.training.screening.samples,
        "optimizer": made.optimizer,
        "tried": [{"optimizer": a.optimizer, "score": a.score, "error": a.error} for a in made.tried],
        "accuracy_before": _value(outcome.training.screening.champion),
        "accuracy_after": _value(outcome.training.screening.candidate),
        "improvement": None
        if gain is None
        else {"value": gain.value, "lower": gain.lower, "upper": gain.upper},
        "threshold": outcome.training.screening.threshold,
        "calls": spend.calls,
        "expected_calls": made.expected_calls,
        "input_tokens": spend.input_tokens,
        "output_tokens": spend.output_tokens,
        "money": spend.money,
        "seconds": round(outcome.seconds, 2),
        "verdict": result.verdict,
        "reason": result.reason,
        "message": result.message,
        "digest": result.digest,
        "version": result.version,
        "saved": str(save) if save else None,
        "published": request.publish,
    }


def lines(content: dict[str, Any]) -> list[str]:
    """The same for people."""
    tried = ", ".join(
        f"{each['optimizer']} " + ("failed" if each["error"] else f"{each['score']:.3f}")
        for each in content["tried"]
    )
    gain = content["improvement"]
    found = [
        f"program    {content['program']}: {_rows(content['training_rows'])} to learn from,"
        f" {content['held_out_rows']} held out",
        f"optimiser  {content['optimizer'] or 'none, the untrained program is best'} (tried: {tried})",
    ]
    if gain is not None:
        found.append(
            f"accuracy   {content['accuracy_before']:.3f} before, {content['accuracy_after']:.3f} after;"
            f" better by {gain['value']:+.3f}, at least {gain['lower']:+.3f}, must exceed"
            f" {content['threshold']:+.3f}"
        )
    money = f", cost {content['money']:.4g}" if content["money"] else ""
    found += [
        f"calls      {content['calls']:,} (about {content['expected_calls']:,} expected for training),"
        f" {content['input_tokens']:,} tokens in, {content['output_tokens']:,} out{money}",
        f"seconds    {content['seconds']:.1f}",
        f"verdict    {content['verdict']}, {content['reason']}: {content['message']}",
    ]
    if content["published"]:
        version = content["version"]
        found.append(
            "published  " + (f"as version {version}" if version else "the answer; nothing came into force")
        )
    if content["saved"]:
        proven = "" if content["verdict"] == "promoted" else " (not proven)"
        found.append(f"saved      {content['saved']}{proven}")
    return found


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def failure(settings: Settings, error: BaseException) -> str:
    """What a training failed of; where its language model did, also which, where, and in a few words why."""
    cause = error.__cause__
    if cause is None:
        return str(error)
    base = urlsplit(settings.language_model_api_base or "")
    place = f" at {base.scheme}://{base.netloc.rpartition('@')[2]}{base.path}" if base.netloc else ""
    return f"{error}; {settings.language_model}{place}: {_why(cause)}"


def _why(failure: BaseException) -> str:
    """The system's word for it or the kind; other people's messages may quote prompts and keys."""
    below: BaseException | None = failure
    while below is not None:
        if isinstance(below, OSError) and below.strerror:
            return below.strerror
        below = below.__cause__ or below.__context__
    return str(error_of(failure))


def _value(estimate: Any) -> float | None:
    return None if estimate is None else estimate.value
