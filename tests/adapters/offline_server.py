"""A server that speaks OpenAI's protocol as far as the tests of the language model need it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

KEY = "secret-key-of-the-test"


@dataclass
class Reply:
    """What the server sends; `text` is the answer of the model, `body` replaces all of it."""

    status: int = 200
    text: str = "[[ ## answer ## ]]\nfour\n\n[[ ## completed ## ]]"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    usage: dict[str, int] | None = field(
        default_factory=lambda: {"prompt_tokens": 1000, "completion_tokens": 500}
    )
    silent: bool = False

    def content(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        if self.status != 200:
            return json.dumps({"error": {"message": "no", "type": "error"}}).encode()
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"usage": self.usage} if self.usage else {}
        return json.dumps(
            {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], **usage}
        ).encode()


@dataclass
class Server:
    """Answers with `replies` in turn, the last one again and again, and keeps the requests."""

    replies: list[Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    closing: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    """A server with these replies, on a port of its own."""
    state = Server(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with state.lock:
                state.at_once += 1
                state.most_at_once = max(state.most_at_once, state.at_once)
                state.requests.append({"path": self.path, "key": self.headers["authorization"], **content})
                reply = state.replies[min(len(state.requests), len(state.replies)) - 1]
            if reply.silent:
                state.closing.wait()
            with state.lock:
                state.at_once -= 1
            if reply.status == 200 and self.headers["authorization"] != f"Bearer {KEY}":
                reply = Reply(401)
            data = reply.content()
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        state.url = f"http://127.0.0.1:{http.server_port}/v1"
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            http.shutdown()
            thread.join()
