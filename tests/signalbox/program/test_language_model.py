"""A language model by name, over HTTP, and without any other request."""

import json
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from signalbox.errors import ProgramError
from signalbox.policy import DecisionFeatures
from signalbox.program import ROUTING_POLICY, PromptProgram, connect
from tests.signalbox.programs import AGENTS, answering


class Server(BaseHTTPRequestHandler):
    status = 200
    seen: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({"path": self.path, "key": self.headers["Authorization"], **body})
        message = {"role": "assistant", "content": answering(AGENTS[2])(body)}
        answer = {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        data = json.dumps(answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Server, "seen", [])
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_program_asks_an_openai_compatible_server_and_fetches_no_price_map(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dspy.clients import model_metadata

    fetched: list[Any] = []
    opened = urllib.request.urlopen

    def watch(request: Any, *rest: Any, **more: Any) -> Any:
        url = request if isinstance(request, str) else request.full_url
        if not url.startswith(address):
            fetched.append(url)
            raise OSError(url)
        return opened(request, *rest, **more)

    monkeypatch.setattr(urllib.request, "urlopen", watch)
    monkeypatch.setattr(model_metadata, "_data", None)
    lm = connect("openai/my-model", api_base=address, api_key="secret", timeout_s=5.0, retries=0)
    program = PromptProgram(ROUTING_POLICY)
    for _ in range(2):
        assert program.recommend(DecisionFeatures("everything, please"), AGENTS, lm).agent == AGENTS[2]
    assert [(each["path"], each["key"], each["model"]) for each in Server.seen] == [
        ("/v1/chat/completions", "Bearer secret", "my-model")
    ] * 2
    assert fetched == []


def test_a_server_that_is_not_there_is_a_program_error() -> None:
    lm = connect("openai/my-model", api_base="http://127.0.0.1:9/v1", api_key="k", timeout_s=1.0, retries=0)
    with pytest.raises(ProgramError, match="the language model failed: LMTransportError"):
        PromptProgram(ROUTING_POLICY).recommend(DecisionFeatures("q"), AGENTS, lm)
