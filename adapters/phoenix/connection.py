"""A Phoenix server over HTTP: what goes wrong is said as what to do about it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from signalbox.errors import ConfigurationError, Retry

if TYPE_CHECKING:
    import httpx
    from phoenix.client import Client

TIMEOUT_S = 20.0
_REFUSED = (401, 403)


class PhoenixUnavailable(Retry):
    """The server can't be reached, or says that it can't answer now."""


class Phoenix:
    """One server; calls block, and may come from any thread."""

    def __init__(self, url: str, api_key: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self._api_key = api_key
        self._timeout_s = timeout_s

    def get(self, path: str, **parameters: Any) -> dict[str, Any] | None:
        """The JSON at `path`; None where there is no such thing (404)."""
        return self._json(self._call("GET", path, params=parameters))

    def post(self, path: str, content: Any) -> dict[str, Any] | None:
        """The JSON that answers `content`; None where what it is about doesn't exist (404)."""
        return self._json(self._call("POST", path, json=content))

    def now_s(self) -> float | None:
        """The server's own clock, whole seconds since 1970, so that no two clocks are compared; None untold."""
        said = self._call("GET", "/readyz").headers.get("date", "")
        try:
            return parsedate_to_datetime(said).timestamp()
        except ValueError:
            return None

    def close(self) -> None:
        """Let go of the connections."""
        if "_http" in self.__dict__:
            self._http.close()

    @cached_property
    def client(self) -> Client:
        """Phoenix's own client, over the same connections."""
        from phoenix.client import Client

        return Client(base_url=self.url, http_client=self._http)

    @cached_property
    def _http(self) -> httpx.Client:
        import httpx

        headers = {"authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        return httpx.Client(base_url=self.url, timeout=self._timeout_s, headers=headers)

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        import httpx

        try:
            answer = self._http.request(method, path, **options)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ConfigurationError(f"SIGNALBOX_PHOENIX_URL: {self.url!r}: {error}") from None
        except httpx.HTTPError as error:
            raise PhoenixUnavailable(f"Phoenix at {self.url}: {type(error).__name__}: {error}") from None
        if answer.status_code in _REFUSED:
            raise ConfigurationError(
                f"SIGNALBOX_PHOENIX_API_KEY: Phoenix at {self.url} answers {answer.status_code}"
            )
        return answer

    def _json(self, answer: httpx.Response) -> dict[str, Any] | None:
        if answer.status_code == 404:
            return None
        try:
            if answer.is_success:
                content: dict[str, Any] = answer.json()
                return content
        except ValueError:
            pass
        raise PhoenixUnavailable(
            f"Phoenix at {self.url} answers {answer.status_code} to {answer.request.url.path}:"
            f" {answer.text[:200]}"
        )
