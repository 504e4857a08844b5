"""What a server answers that isn't what was asked for is said as what to do about it."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.phoenix.annotations import SETTLED_S, PhoenixAnnotations
from adapters.phoenix.connection import Phoenix, PhoenixUnavailable
from adapters.phoenix.projects import PhoenixProjects, project_of, tenant_in
from adapters.phoenix.span_annotation import SpanAnnotation
from adapters.phoenix.spans import PhoenixSpans, Span
from signalbox.errors import ConfigurationError, Retry

KEY = "key-of-the-test"


class Double(ThreadingHTTPServer):
    """Answers with `status` and `body`, or closes the connection; keeps the paths, keys and contents."""

    status = 200
    body: Any = {"data": []}
    date: str | None = "Tue, 24 Nov 2026 08:00:00 GMT"
    asked: list[tuple[str, str | None, Any]]


class Handler(BaseHTTPRequestHandler):
    server: Double

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", 0))
        content = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.path, self.headers.get("authorization"), content))
        if self.server.status == 0:
            return
        body = self.server.body
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response_only(self.server.status)
        if self.server.date:
            self.send_header("date", self.server.date)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815 the name is http.server's

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def double() -> Iterator[Double]:
    server = Double(("127.0.0.1", 0), Handler)
    server.asked = []
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def phoenix(double: Double) -> Iterator[Phoenix]:
    connection = Phoenix(f"http://127.0.0.1:{double.server_port}/", KEY, timeout_s=10.0)
    yield connection
    connection.close()


def spans(phoenix: Phoenix, project: str = "signalbox-harbor") -> list[Span]:
    return [span for page in PhoenixSpans(phoenix).read(project, ["a", "b"], 0.0, 1.5) for span in page]


@pytest.mark.parametrize(
    ("status", "body"), [(500, "oops"), (503, {}), (429, {}), (422, {}), (200, "<!DOCTYPE html>"), (0, "")]
)
def test_what_may_pass_is_worth_a_retry(double: Double, phoenix: Phoenix, status: int, body: Any) -> None:
    double.status, double.body = status, body
    with pytest.raises(PhoenixUnavailable, match=f"Phoenix at http://127.0.0.1:{double.server_port}") as caught:
        spans(phoenix)
    assert isinstance(caught.value, Retry)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_and_not_told(double: Double, phoenix: Phoenix, status: int) -> None:
    double.status = status
    with pytest.raises(ConfigurationError, match="SIGNALBOX_PHOENIX_API_KEY") as caught:
        spans(phoenix)
    assert KEY not in str(caught.value)
    assert double.asked[0][1] == f"Bearer {KEY}"


def test_a_server_that_is_no_phoenix_is_a_wrong_setting_and_a_missing_project_has_no_spans(
    double: Double, phoenix: Phoenix
) -> None:
    double.status = 404
    assert spans(phoenix) == []
    with pytest.raises(ConfigurationError, match="SIGNALBOX_PHOENIX_URL: there is no Phoenix at"):
        list(PhoenixProjects(phoenix).names())
    for url in ("localhost:6006", "http://localhost:port"):
        with pytest.raises(ConfigurationError, match=f"SIGNALBOX_PHOENIX_URL: '{url}'"):
            Phoenix(url).get("/v1/projects")


def test_a_projects_name_is_one_step_of_the_path_and_the_window_is_in_utc(
    double: Double, phoenix: Phoenix
) -> None:
    spans(phoenix, "my team?/a b")
    path = urlsplit(double.asked[0][0])
    assert path.path == "/v1/projects/my%20team%3F%2Fa%20b/spans"
    asked = parse_qs(path.query)
    assert asked["name"] == ["a", "b"]
    assert asked["start_time"] == ["1970-01-01T00:00:00+00:00"]
    assert asked["end_time"] == ["1970-01-01T00:00:01.500000+00:00"]


def test_a_span_says_which_exception_was_raised_last(double: Double, phoenix: Phoenix) -> None:
    raised = [{"name": "exception", "attributes": {"exception.type": kind}} for kind in ("KeyError", "OSError")]
    content = {
        "name": "a",
        "context": {"span_id": "0" * 16, "trace_id": "0" * 32},
        "start_time": "1970-01-01T00:00:01Z",
        "end_time": "1970-01-01T00:00:01.250000+00:00",
        "status_code": "ERROR",
        "attributes": {"routing": {"query": "q"}, "agent.success": False},
        "events": [*raised, {"name": "log"}],
    }
    double.body = {"data": [content], "next_cursor": None}
    (found,) = spans(phoenix)
    assert (found.status, found.latency_s, found.parent_id) == ("ERROR", 0.25, None)
    assert found.attributes["exception.type"] == "OSError"
    assert (found.attributes["routing.query"], found.attributes["agent.success"]) == ("q", False)


def test_the_watermark_of_labels_is_the_servers_clock_before_it_is_read(
    double: Double, phoenix: Phoenix
) -> None:
    noted = PhoenixAnnotations(phoenix)
    eight_s = 1_795_507_200.0
    double.status = 404
    assert noted.since("signalbox-harbor", None) == ([], eight_s - SETTLED_S)
    assert noted.since("signalbox-harbor", eight_s) == ([], eight_s)
    double.date = None
    assert noted.since("signalbox-harbor", 7.0) == ([], 7.0)
    double.date = "yesterday"
    assert noted.since("signalbox-harbor", None) == ([], None)


def test_an_answer_with_errors_is_none(double: Double, phoenix: Phoenix) -> None:
    double.body = {"data": {"id": "1"}, "errors": [{"message": "no such field"}]}
    with pytest.raises(PhoenixUnavailable, match="no such field"):
        list(PhoenixAnnotations(phoenix).read("signalbox-harbor"))


def test_an_unknown_span_is_found_among_the_others(double: Double, phoenix: Phoenix) -> None:
    rows = [SpanAnnotation(span_id=f"{i:016x}", identifier="alice", kind="HUMAN", label="x") for i in range(2)]
    double.status = 404
    assert PhoenixAnnotations(phoenix).store(rows) == [row.span_id for row in rows]
    assert [len(content["data"]) for _, _, content in double.asked] == [2, 1, 1]
    assert PhoenixAnnotations(phoenix).store([]) == []
    assert len(double.asked) == 3


def test_no_span_is_asked_for_by_what_is_no_id(double: Double, phoenix: Phoenix) -> None:
    assert list(PhoenixAnnotations(phoenix).read("signalbox-harbor", ["') or True", ""])) == []
    assert double.asked == []


@pytest.mark.parametrize(
    ("project", "template", "tenant"),
    [
        ("signalbox-harbor", "signalbox-{tenant_id}", "harbor"),
        ("signalbox-Harbor", "signalbox-{tenant_id}", None),
        ("signalbox-", "signalbox-{tenant_id}", None),
        ("signalbox-harbor\n", "signalbox-{tenant_id}", None),
        ("xsignalbox-harbor", "signalbox-{tenant_id}", None),
        ("a.harbor.b", "a.{tenant_id}.b", "harbor"),
        ("aXharborXb", "a.{tenant_id}.b", None),
        (f"signalbox-{'a' * 64}", "signalbox-{tenant_id}", None),
    ],
)
def test_a_project_is_a_tenants_or_nobodys(project: str, template: str, tenant: str | None) -> None:
    assert tenant_in(project, template) == tenant
    if tenant is not None:
        assert project_of(tenant, template) == project
