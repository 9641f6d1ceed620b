"""The guard before a page: its own window is answered, nobody else's."""

import asyncio
from typing import Any

import pytest

from foundation.page_guard import REFUSED, PageGuard

HOSTS = ("127.0.0.1:3000", "localhost:3000")


Sent = list[dict[str, Any]]


def asked(kind: str = "http", method: str = "GET", query: str = "", **headers: str) -> tuple[bool, Sent]:
    """Whether the page was reached, and what was sent."""
    reached: list[str] = []
    sent: list[dict[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "method": method, "query_string": query.encode(), "headers": given}
    asyncio.run(PageGuard(page, HOSTS)(scope, receive, send))
    return bool(reached), sent


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_its_own_window_is_answered(host: str, kind: str) -> None:
    assert asked(kind, "POST", host=host, origin=f"http://{host}", sec_fetch_site="same-origin")[0]
    assert asked(kind, host=host)[0], "a program on this machine sends no origin"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:3000"},
        {"host": "127.0.0.1:3000.evil.example"},
        {"host": "127.0.0.1"},
        {"host": ""},
        {},
        {"host": "localhost:3000", "origin": "http://evil.example"},
        {"host": "localhost:3000", "origin": "https://localhost:3000"},
        {"host": "localhost:3000", "origin": "http://localhost:5000"},
        {"host": "localhost:3000", "origin": "null"},
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_foreign_hosts_and_origins_are_not(kind: str, headers: dict[str, str]) -> None:
    reached, sent = asked(kind, "POST", **headers)
    assert not reached
    if kind == "http":
        assert sent[0]["status"] == 403
    else:
        assert sent == [{"type": "websocket.close", "code": REFUSED, "reason": sent[0]["reason"]}]


@pytest.mark.parametrize("query", ["query=mutation%7Bx%7D", "a=1&query=", "%71uery=x", "query=%7Bversion%7D"])
def test_no_query_comes_in_an_address(query: str) -> None:
    assert not asked(query=query, host=HOSTS[0])[0]
    assert asked(query="filter=name", host=HOSTS[0])[0]


def test_a_form_of_another_site_is_refused_though_it_hides_its_origin() -> None:
    assert not asked(method="POST", host=HOSTS[0], sec_fetch_site="cross-site")[0]
    assert asked(method="GET", host=HOSTS[0], sec_fetch_site="cross-site")[0], "a link to the page"
