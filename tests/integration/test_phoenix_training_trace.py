"""A training of a prompt program can be looked at in Phoenix, tenant by tenant."""

from typing import Any
from uuid import uuid4

import dspy
import pytest
from dspy.lm15 import Message, Response, TextPart, Usage
from phoenix.client import Client

from adapters.phoenix.projects import TEMPLATE, project_of
from adapters.phoenix.training_trace import training_trace
from tests.integration.phoenix_support import eventually

pytestmark = pytest.mark.integration


class Parrot:
    """Answers whatever it is asked with the same agent; fails when told to."""

    fails = False

    def complete(self, request: Any) -> Response:
        if self.fails:
            raise ValueError("no answer today")
        text = "[[ ## agent ## ]]\nvideo_search_agent\n\n[[ ## completed ## ]]"
        return Response(
            id=None,
            model=request.model,
            message=Message.assistant([TextPart(text)]),
            finish_reason="stop",
            usage=Usage(input_tokens=1, output_tokens=1),
        )


def ask(parrot: Parrot, callback: Any, query: str) -> None:
    lm = dspy.LM("test/parrot", engine=parrot, cache=False, num_retries=0)
    with dspy.context(lm=lm, callbacks=[callback]):
        dspy.Predict("query -> agent")(query=query)


def spans_of(url: str, tenant_id: str, count: int, template: str = TEMPLATE) -> list[Any]:
    client = Client(base_url=url)

    def look() -> list[Any]:
        try:
            project = project_of(tenant_id, template)
            found = list(client.spans.get_spans(project_identifier=project))
        except Exception as error:  # noqa: BLE001  # the project is 404 until its first span lands
            assert "404" in str(error), error
            return []
        return found if len(found) >= count else []

    return list(eventually(look))


def test_calls_are_spans_below_their_training(phoenix: str) -> None:
    tenant = f"acme-{uuid4().hex[:6]}"
    with training_trace(phoenix, tenant, "train program:routing", {"signalbox.trigger_id": "t-1"}) as callback:
        ask(Parrot(), callback, "find the clip")
    spans = {span["name"]: span for span in spans_of(phoenix, tenant, 2)}
    root, call = spans["train program:routing"], spans["language model"]
    assert root["attributes"]["signalbox.trigger_id"] == "t-1"
    assert root["status_code"] == "OK"
    assert call["parent_id"] == root["context"]["span_id"]
    assert call["span_kind"] == "LLM"
    assert "find the clip" in call["attributes"]["input.value"]
    assert "video_search_agent" in call["attributes"]["output.value"]


def test_a_failed_call_is_an_error(phoenix: str) -> None:
    tenant = f"fails-{uuid4().hex[:6]}"
    parrot = Parrot()
    parrot.fails = True
    with training_trace(phoenix, tenant, "train", {}) as callback, pytest.raises(Exception, match="no answer"):
        ask(parrot, callback, "find the clip")
    spans = {span["name"]: span for span in spans_of(phoenix, tenant, 2)}
    assert spans["language model"]["status_code"] == "ERROR"


def test_tenants_have_projects_of_their_own(phoenix: str) -> None:
    tenants = [f"t{i}-{uuid4().hex[:6]}" for i in range(2)]
    for tenant in tenants:
        with training_trace(phoenix, tenant, f"train for {tenant}", {}):
            pass
    for tenant in tenants:
        assert [span["name"] for span in spans_of(phoenix, tenant, 1)] == [f"train for {tenant}"]


def test_a_project_has_the_name_that_the_settings_say(phoenix: str) -> None:
    tenant, template = f"named-{uuid4().hex[:6]}", "team.{tenant_id}.x"
    with training_trace(phoenix, tenant, "train", {}, template=template):
        pass
    assert len(spans_of(phoenix, tenant, 1, template)) == 1


def test_a_training_goes_on_without_phoenix() -> None:
    with training_trace("http://127.0.0.1:1", "acme", "train", {}) as callback:
        ask(Parrot(), callback, "find the clip")
    assert callback is not None
