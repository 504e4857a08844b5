"""The engine that reaches a language model by HTTP: DSPy's own, or LiteLLM for what that doesn't know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.language_model.configuration import LanguageModelConfiguration
from signalbox.errors import ConfigurationError

if TYPE_CHECKING:
    from dspy.lm15 import Request, Response

    from adapters.language_model.metered import Engine

_NO_KEY = "none"
"""What a server of one's own is told that asks for no key; the client insists on one."""


def http_engine(configuration: LanguageModelConfiguration) -> Engine:
    """One attempt at a call; nothing is sent, and LiteLLM isn't loaded, before the first.

    DSPy's own engine takes keys from the configuration only, not from the environment. LiteLLM, where it is
    needed, fetches a map of prices when it is loaded, unless the environment has
    LITELLM_LOCAL_MODEL_COST_MAP=True. Raises `ConfigurationError` for a model that neither knows by its name.
    """
    from dspy.clients.engines.litellm_engine import LiteLLMEngine
    from dspy.clients.engines.lm15_engine import LM15Engine, timeouts_for
    from dspy.lm15 import LM15Error, RouterConfig

    model, key = configuration.model, configuration.api_key
    if "/" not in model:
        raise ConfigurationError(f"model must name its provider, such as openai/{model}, not {model!r}")
    if key is None and configuration.api_base is not None:
        key = _NO_KEY
    try:
        provider = LM15Engine(RouterConfig(env={})).resolve(model).provider
    except LM15Error:
        given = {"api_key": key, "api_base": configuration.api_base, "timeout": configuration.timeout_s}
        return _Checked(LiteLLMEngine(**{name: value for name, value in given.items() if value is not None}))
    native = LM15Engine(
        RouterConfig(
            api_keys={provider: key} if key else None,
            base_urls={provider: configuration.api_base} if configuration.api_base else None,
            timeouts=timeouts_for(configuration.timeout_s),
            env={},
        )
    )
    return _Checked(native)


class _Checked:
    """An engine whose every failure is an `LM15Error`, whatever shape an answer has."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner

    def complete(self, request: Request) -> Response:
        from dspy.lm15 import ServerError

        try:
            return self._inner.complete(request)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ServerError(f"the answer can't be read: {type(error).__name__}") from error
