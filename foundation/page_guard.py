"""A guard in front of a page on loopback: it answers its own browser window and nobody else's.

A page on this machine can be reached by every site that its user has open. So a request under another host's name (DNS
rebinding) or from another site's page (Origin) is refused, and so is a GraphQL query in an address: an `<img>` tag
could start or delete runs with it. ASGI, around any application; it imports no library.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
REFUSED = 4403  # a websocket's code for it


class PageGuard:
    """Lets through what the page's own window asks for."""

    def __init__(self, application: Application, hosts: Sequence[str]) -> None:
        """`hosts`: the names, with their port, under which the page is opened."""
        self.application = application
        self.hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(scope, self.hosts) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": REFUSED, "reason": reason})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})


def refusal(scope: Scope, hosts: set[str]) -> str | None:
    """Why a request is not answered; None: it is."""
    given = _headers(scope, b"host")
    if len(given) != 1 or given[0].lower() not in hosts:
        return f"open this page as {' or '.join(sorted(hosts))}, not under another name"
    origins = [origin.lower() for origin in _headers(scope, b"origin")]
    if any(origin not in {f"http://{host}" for host in hosts} for origin in origins):
        return "another site's page may not ask here"
    if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        site = _headers(scope, b"sec-fetch-site")
        return None if set(site) <= {"same-origin", "none"} else "another site's page may not ask here"
    if scope["type"] == "http" and "query" in parse_qs(scope["query_string"].decode("latin-1"), True):
        return "a query is sent by POST, never in an address"
    return None


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
