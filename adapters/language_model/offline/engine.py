"""The offline model behind DSPy's interface for engines (DSPy 3.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from adapters.language_model.offline.model import complete
from adapters.language_model.offline.prompt import Message
from adapters.language_model.offline.reading import UnreadablePrompt
from adapters.language_model.rollouts import with_rollouts
from adapters.language_model.tokens import estimated_tokens

if TYPE_CHECKING:
    import dspy
    from dspy.lm15 import Request, Response

OFFLINE_MODEL = "offline/in-context-1"


class OfflineEngine:
    """Answers requests in this process; it holds a rollout's number and nothing else."""

    def __init__(self, rollout_id: int | None = None) -> None:
        self._rollout_id = rollout_id

    def complete(self, request: Request) -> Response:
        """The model's answer; raises DSPy's `InvalidRequestError` for a prompt that it can't read."""
        from dspy import lm15

        messages = _messages(request)
        try:
            text = complete(messages, request.config.temperature, self._rollout_id)
        except UnreadablePrompt as error:
            raise lm15.InvalidRequestError(str(error)) from None
        asked = estimated_tokens(content for _, content in messages)
        return lm15.Response(
            id=None,
            model=request.model,
            message=lm15.Message.assistant([lm15.TextPart(text)]),
            finish_reason="stop",
            usage=lm15.Usage(input_tokens=asked, output_tokens=estimated_tokens([text])),
        )


class AsyncOfflineEngine(OfflineEngine):
    """The same for `acall`; an answer takes some milliseconds, so it is given at once."""

    async def complete(self, request: Request) -> Response:
        """As `OfflineEngine.complete`."""
        return super().complete(request)


def offline_lm() -> dspy.LM:
    """The offline model as a `dspy.LM`, without limits and without a meter."""
    return with_rollouts(OFFLINE_MODEL, lambda rollout: (OfflineEngine(rollout), AsyncOfflineEngine(rollout)))


def _messages(request: Request) -> list[Message]:
    system = request.system if isinstance(request.system, str) else _text(request.system or ())
    return [("system", system), *((message.role, _text(message.parts)) for message in request.messages)]


def _text(parts: Iterable[Any]) -> str:
    return "\n".join(part.text for part in parts if isinstance(getattr(part, "text", None), str))
