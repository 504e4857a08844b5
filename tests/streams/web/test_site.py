import pytest

from signalbox.errors import ConfigurationError
from streams.settings import load_settings
from streams.web import WebSite
from tests.streams.web.worlds import SetSource, site_of


@pytest.mark.parametrize(
    ("source", "health", "live"),
    [
        (SetSource(), 200, 200),
        (SetSource(why_not_ready="it recovers"), 503, 200),
        (SetSource(why_not_ready="it stood still", why_ill="it stood still"), 503, 503),
    ],
)
async def test_readiness_and_liveness_are_two_things(source: SetSource, health: int, live: int) -> None:
    async with site_of(source) as client:
        answer = await client.get("/health")
        assert answer.status == health
        told = await answer.json()
        assert (told["ready"], told["reason"]) == (health == 200, source.why_not_ready)
        answer = await client.get("/health/live")
        assert answer.status == live
        assert await answer.json() == {"alive": live == 200, "reason": source.why_ill}


async def test_the_numbers_are_those_of_the_moment() -> None:
    source = SetSource()
    async with site_of(source) as client:
        answer = await client.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "signalbox_worker_ready 1.0\n" in await answer.text()
        source.why_not_ready = "it stops"
        assert "signalbox_worker_ready 0.0\n" in await (await client.get("/metrics")).text()


async def test_nothing_else_is_served_and_nothing_can_be_changed() -> None:
    async with site_of(SetSource()) as client:
        assert (await client.get("/")).status == 404
        assert (await client.post("/health")).status == 405


async def test_a_port_that_is_taken_is_named() -> None:
    first = WebSite(load_settings(web_port=0), SetSource())
    await first.start()
    try:
        second = WebSite(load_settings(web_port=first.port), SetSource())
        with pytest.raises(ConfigurationError, match=f"web_port: can't listen at 127.0.0.1:{first.port}"):
            await second.start()
    finally:
        await first.stop()


async def test_without_a_port_nothing_is_served() -> None:
    site = WebSite(load_settings(), SetSource())
    await site.start()
    assert site.port is None
    await site.stop()
