"""The anonymous quota of the public lane, counted by the service itself."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopsite_common.errors import TooManyRequests
from shopsite_common.problems import render
from shopsite_common.rate_limit.limiter import Limiter
from shopsite_common.rate_limit.quota import Decision, Quota, headers

LANE_HEADER = "x-shopsite-lane"
PUBLIC_LANE = "public"

Address = IPv4Address | IPv6Address


class ClientAddress:
    """Finds the address that a request came from.

    Each proxy adds to ``X-Forwarded-For`` the address it was called from. Read from the right, the first one that is
    no proxy of ours is the client; what stands left of it anybody could have written.

    Args:
        trusted: addresses and networks of our proxies beyond the gateway itself.
    """

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._trusted = [ip_network(entry, strict=False) for entry in trusted]

    def of(self, forwarded_for: str, *, own_hops: int = 0) -> str:
        """Return the client's address, an IPv6 one as its /64: that is what one customer is given.

        Args:
            forwarded_for: the header's value.
            own_hops: how many addresses at the right end are the gateway's calls of itself.
        """
        hops = [_parsed(hop) for hop in forwarded_for.split(",")]
        hops = hops[: len(hops) - own_hops] or hops
        client = next((hop for hop in reversed(hops) if not self._is_trusted(hop)), hops[0])
        return _bucket_of(client)

    def _is_trusted(self, hop: Address | None) -> bool:
        return hop is not None and any(hop in network for network in self._trusted)


def _parsed(hop: str) -> Address | None:
    try:
        address = ip_address(hop.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _bucket_of(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "unknown")


class AnonymousQuota:
    """Counts what came through the gateway's public lane, which nobody counted before; at most one call to Redis.

    The gateway marks those requests, and takes the mark from any other. What came by authz is counted there, and a
    call from another service not at all.

    Args:
        app: the application behind.
        limiter: shared with whatever else this process limits.
        quota: so many an hour and address; 0 switches it off.
        trusted_proxies: proxies in front of the gateway.
    """

    def __init__(self, app: ASGIApp, *, limiter: Limiter, quota: Quota, trusted_proxies: Iterable[str] = ()) -> None:
        self._app = app
        self._limiter = limiter
        self._quota = quota
        self._addresses = ClientAddress(trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 429."""
        if scope["type"] != "http" or self._quota.limit == 0:
            return await self._app(scope, receive, send)
        asked = Headers(scope=scope)
        if asked.get(LANE_HEADER) != PUBLIC_LANE:
            return await self._app(scope, receive, send)
        decision = await self._limiter.take(self._addresses.of(asked.get("x-forwarded-for", "")), self._quota)
        if decision.allowed:
            return await self._app(scope, receive, _telling(send, decision))
        return await render(too_many(decision))(scope, receive, send)


def too_many(decision: Decision) -> TooManyRequests:
    """Return the error for a refused request, with the header fields that belong to it."""
    error = TooManyRequests(
        f"The limit of {decision.limit} requests is used up. Try again in {decision.retry_after} seconds.",
        retry_after=decision.retry_after,
    )
    error.headers.update(headers(decision))
    return error


def _telling(send: Send, decision: Decision) -> Send:
    async def send_with_fields(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers(decision))
        await send(message)

    return send_with_fields
