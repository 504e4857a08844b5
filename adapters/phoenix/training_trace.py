"""A training of a prompt program as a trace in Phoenix: what was asked of the language model, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from adapters.phoenix.projects import TEMPLATE, project_of

if TYPE_CHECKING:
    from openinference.instrumentation import OITracer
    from opentelemetry.trace import Span

FLUSH_LIMIT_MS = 5_000
"""A Phoenix that is away costs a training no more than this, and nothing else."""


@contextmanager
def training_trace(
    url: str,
    tenant_id: str,
    name: str,
    attributes: Mapping[str, Any],
    *,
    api_key: str | None = None,
    template: str = TEMPLATE,
) -> Iterator[Any]:
    """Trace what DSPy does inside: gives the callback for `dspy.context(callbacks=[…])`.

    The root span is called `name` and carries `attributes` (strings, numbers, truth values); each compilation,
    evaluation and language-model call is a span below it. Prompts and answers are in the trace, which is why
    it goes into the tenant's own project, which `template` names. Where Phoenix at `url` doesn't answer, the
    trace is lost and said so in the log by OpenTelemetry; the training goes on.
    """
    from opentelemetry.trace import Status, StatusCode
    from phoenix.otel import register

    provider = register(
        endpoint=f"{url.rstrip('/')}/v1/traces",
        project_name=project_of(tenant_id, template),
        api_key=api_key,
        protocol="http/protobuf",
        batch=True,
        set_global_tracer_provider=False,
        verbose=False,
    )
    tracer = provider.get_tracer("signalbox")
    try:
        with tracer.start_as_current_span(name, attributes=_kind("CHAIN") | dict(attributes)) as root:
            yield _callback(tracer, root)
            root.set_status(Status(StatusCode.OK))
    finally:
        provider.force_flush(FLUSH_LIMIT_MS)
        provider.shutdown()


def _callback(tracer: OITracer, root: Span) -> Any:
    from dspy.utils.callback import BaseCallback
    from opentelemetry.trace import Status, StatusCode, set_span_in_context

    # DSPy's threads don't inherit the current span, so its spans are told their parent.
    below = set_span_in_context(root)
    # DSPy calls from many threads; single dict operations need no lock.
    spans: dict[str, Span] = {}

    class Spans(BaseCallback):  # type: ignore[misc]  # DSPy has no types
        """Opens a span when DSPy says that something starts, and closes it when that ends."""

        def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """A call of the language model begins."""
            asked = {"llm.model_name": str(instance.model), "input.value": _text(inputs)}
            self._start(call_id, "language model", _kind("LLM") | asked)

        def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
            """A call of the language model has ended."""
            self._end(call_id, {"output.value": _text(outputs)}, exception)

        def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """A program is scored on a set of examples."""
            self._start(call_id, "evaluation", _kind("EVALUATOR"))

        def on_evaluate_end(self, call_id: str, outputs: Any, exception: Exception | None = None) -> None:
            """A program was scored."""
            self._end(call_id, {"score": float(getattr(outputs, "score", "nan"))}, exception)

        def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            """An optimiser begins."""
            self._start(call_id, f"compile with {type(instance).__name__}", _kind("CHAIN"))

        def on_compile_end(self, call_id: str, outputs: Any, exception: Exception | None = None) -> None:
            """An optimiser has ended."""
            self._end(call_id, {}, exception)

        def _start(self, call_id: str, name: str, attributes: dict[str, Any]) -> None:
            spans[call_id] = tracer.start_span(name, context=below, attributes=attributes)

        def _end(self, call_id: str, attributes: dict[str, Any], exception: BaseException | None) -> None:
            span = spans.pop(call_id, None)
            if span is None:
                return
            if exception is None:
                span.set_attributes(attributes)
                span.set_status(Status(StatusCode.OK))
            else:
                span.record_exception(exception)
                span.set_status(Status(StatusCode.ERROR, type(exception).__name__))
            span.end()

    return Spans()


def _kind(kind: str) -> dict[str, Any]:
    return {"openinference.span.kind": kind}


def _text(content: Any) -> str:
    return json.dumps(content, default=str, ensure_ascii=False)
