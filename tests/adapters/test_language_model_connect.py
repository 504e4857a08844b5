"""Any language model within limits, over the real client path to a server of the test's own."""

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dspy
import pytest

from adapters.language_model import (
    BudgetExceeded,
    Cancelled,
    LanguageModelConfiguration,
    MeteredModel,
    Spend,
    connect,
    error_of,
)
from signalbox.errors import ConfigurationError, ProgramError, Retry, SignalboxError, SlowDown
from tests.adapters.offline_prompts import Routing
from tests.adapters.offline_server import KEY, Reply, Server, serving

PRICES = {"input_price": 2.0, "output_price": 10.0}
COST = (1000 * 2.0 + 500 * 10.0) / 1e6


class Waits(list[float]):
    """What was waited, added up wait by wait; nobody really waits."""

    def pause(self, seconds: float) -> None:
        self.append(seconds)


def connected(server: Server, waits: Waits | None = None, **settings: Any) -> MeteredModel:
    given = {
        "model": "openai/m",
        "api_base": server.url,
        "api_key": KEY,
        "timeout_s": 20.0,
        **PRICES,
        **settings,
    }
    pause: Callable[[float], None] = (Waits() if waits is None else waits).pause
    return connect(LanguageModelConfiguration(**given), pause=pause)


def ask(model: MeteredModel, question: str = "two and two?") -> str:
    with dspy.context(lm=model.lm, adapter=dspy.ChatAdapter(use_json_adapter_fallback=False)):
        return str(dspy.Predict("question -> answer")(question=question).answer)


def failure(model: MeteredModel) -> SignalboxError:
    with pytest.raises(dspy.utils.exceptions.DSPyError) as caught:
        ask(model)
    return error_of(caught.value)


def test_an_answer_comes_with_its_spend() -> None:
    with serving(Reply()) as server:
        model = connected(server)
        assert ask(model) == "four"
        (request,) = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert (request["model"], request["key"]) == ("m", f"Bearer {KEY}")
    assert "two and two?" in str(request["messages"])
    assert model.spend == Spend(calls=1, failures=0, input_tokens=1000, output_tokens=500, money=COST)
    assert (model.name, "litellm" in sys.modules) == ("openai/m", False)


def test_the_server_is_waited_for_as_long_as_it_asks() -> None:
    waits = Waits()
    with serving(Reply(429, headers={"retry-after": "7"}), Reply()) as server:
        model = connected(server, waits)
        assert ask(model) == "four"
    assert sum(waits) == pytest.approx(7.0)
    assert (model.spend.calls, model.spend.failures) == (2, 1)


def test_a_wait_that_is_too_long_is_not_waited() -> None:
    waits = Waits()
    with serving(Reply(429, headers={"retry-after": "3600"})) as server:
        error = failure(connected(server, waits))
    assert isinstance(error, SlowDown)
    assert waits == []


@pytest.mark.parametrize(
    "broken", [Reply(500), Reply(body="<html>"), Reply(body="{}"), Reply(body='{"choices": 1}')]
)
def test_what_may_pass_is_tried_again(broken: Reply) -> None:
    waits = Waits()
    with serving(broken, broken, Reply()) as server:
        model = connected(server, waits)
        assert ask(model) == "four"
    assert sum(waits) == pytest.approx(1.0 + 2.0)
    assert (model.spend.calls, model.spend.failures) == (3, 2)


def test_what_does_not_pass_is_an_error_that_says_to_retry() -> None:
    with serving(Reply(503)) as server:
        model = connected(server, retries=1)
        error = failure(model)
    assert (type(error), str(error)) == (Retry, "the language model didn't answer (LMServerError, HTTP 503)")
    assert model.spend.calls == 2


def test_silence_ends_at_the_timeout_and_no_server_at_all_is_no_answer() -> None:
    with serving(Reply(silent=True)) as server:
        assert isinstance(failure(connected(server, timeout_s=0.2, retries=0)), Retry)
    assert isinstance(failure(connected(server, retries=0)), Retry)


def test_a_wrong_key_is_final() -> None:
    with serving(Reply()) as server:
        model = connected(server, api_key="wrong")
        errors = [failure(model), failure(model)]
        assert len(server.requests) == 1
    for error in errors:
        assert isinstance(error, ConfigurationError)
        assert "language_model_api_key is wrong" in str(error)
        assert "HTTP 401" in str(error)
    assert (model.spend.calls, model.spend.failures) == (1, 1)


def test_an_answer_that_is_no_answer_is_said_to_be_one() -> None:
    with serving(Reply(text="no fields")) as server:
        error = failure(connected(server))
    assert type(error) is ProgramError


@pytest.mark.parametrize(
    ("budget", "calls", "named"),
    [({"budget_calls": 3}, 3, "3 calls"), ({"budget_money": 2 * COST}, 2, f"{2 * COST:g}")],
)
def test_a_call_past_the_budget_ends_the_run(budget: dict[str, Any], calls: int, named: str) -> None:
    examples = [dspy.Example(question=f"{n}?", answer="four").with_inputs("question") for n in range(6)]
    evaluate = dspy.Evaluate(devset=examples, metric=lambda gold, pred, trace=None: 1.0, num_threads=1)
    with serving(Reply()) as server:
        model = connected(server, **budget)
        with dspy.context(lm=model.lm), pytest.raises(BudgetExceeded, match=named):
            evaluate(dspy.Predict("question -> answer"))
        assert len(server.requests) == calls
    assert model.spend.calls == calls


def test_tokens_are_estimated_where_the_server_does_not_count() -> None:
    with serving(Reply(usage=None)) as server:
        model = connected(server)
        ask(model, "x" * 4000)
    assert 1000 < model.spend.input_tokens < 2000
    assert 5 < model.spend.output_tokens < 20
    assert model.spend.money > 0.0


def test_no_more_calls_are_made_at_the_same_time_than_allowed() -> None:
    with serving(Reply()) as server:
        model = connected(server, concurrency=2)
        with dspy.context(lm=model.lm):
            program = dspy.Predict("question -> answer")
            rows = [(program, dspy.Example(question=f"{n}?").with_inputs("question")) for n in range(12)]
            dspy.Parallel(num_threads=6, disable_progress_bar=True)(rows)
    assert (len(server.requests), server.most_at_once <= 2) == (12, True)


def test_cancelling_ends_a_wait_and_the_run() -> None:
    with serving(Reply(429, headers={"retry-after": "50"})) as server:
        waits = Waits()
        given = LanguageModelConfiguration(model="openai/m", api_base=server.url, api_key=KEY)
        model = connect(given, is_cancelled=lambda: sum(waits) > 5.0, pause=waits.pause)
        with pytest.raises(Cancelled):
            ask(model)
    assert sum(waits) == pytest.approx(5.0, abs=0.2)
    assert model.spend.calls == 1


def test_the_offline_model_has_the_same_limits_in_all_its_copies() -> None:
    model = connect(LanguageModelConfiguration(budget_calls=3))
    program = dspy.Predict(Routing)
    program.set_lm(model.lm.copy(rollout_id=1, temperature=1.0))
    copied = program.deepcopy()
    for each in (program, copied, program):
        assert each(query="a clip", candidates=["a", "b"]).recommended_agent in {"a", "b"}
    with pytest.raises(BudgetExceeded):
        copied(query="a clip", candidates=["a", "b"])
    assert model.spend.calls == 3
    assert model.name == "offline/in-context-1"


def test_nothing_of_a_prompt_or_a_key_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Reply(500), Reply(401)) as server:
        model = connected(server)
        error = failure(model)
    shown = (
        caplog.text + repr(model) + str(error) + repr(LanguageModelConfiguration(model="openai/m", api_key=KEY))
    )
    assert "two and two" not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"model": ""}, "model"),
        ({"model": "openai/"}, "model"),
        ({"model": "offline"}, "api_base"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"retries": -1}, "retries"),
        ({"concurrency": 0}, "concurrency"),
        ({"budget_calls": 0}, "budget_calls"),
        ({"budget_money": 1.0}, "budget_money"),
        ({"budget_money": -1.0, "input_price": 1.0}, "budget_money"),
        ({"input_price": -1.0}, "input_price"),
    ],
)
def test_a_wrong_configuration_is_named(changed: dict[str, Any], named: str) -> None:
    good = LanguageModelConfiguration(model="openai/m", api_base="http://localhost:1/v1")
    with pytest.raises(ConfigurationError, match=named):
        replace(good, **changed)


def test_a_model_needs_a_provider_and_a_key_or_a_server_of_ones_own() -> None:
    with pytest.raises(ConfigurationError, match="openai/my-model"):
        connect(LanguageModelConfiguration(model="my-model"))
    assert isinstance(failure(connect(LanguageModelConfiguration(model="openai/m"))), ConfigurationError)
