"""Where webhooks may go: a look-up of the address first, and a connection to what was looked up."""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

from cdp.errors import InvalidRequest


class TargetRefused(Exception):
    """The address is private, and private addresses are not allowed."""


def checked_url(url: str, *, private: bool) -> str:
    """`url` if it may be subscribed. Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        (httpx.URL(url).host or "").encode("idna")
    except (httpx.InvalidURL, ValueError):
        raise InvalidRequest(
            "a webhook's address is none: its host, port or signs are not valid"
        ) from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise InvalidRequest("a webhook's address begins with https:// and names a host")
    if parts.username or parts.password:
        raise InvalidRequest("a webhook's address holds no user name and no password")
    if parts.scheme == "http" and not private:
        raise InvalidRequest(
            "a webhook's address begins with https://; CDP_WEBHOOK_PRIVATE allows http"
        )
    if not private and _is_private(parts.hostname):
        raise InvalidRequest("that address is private; CDP_WEBHOOK_PRIVATE=1 allows it")
    return url


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects to the address that was checked, so that a second look-up cannot differ."""

    def __init__(self, *, private: bool) -> None:
        super().__init__(retries=0)
        self._private = private

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises TargetRefused, httpx.TransportError."""
        host = request.url.host
        address = await self._address(host, request.url.port or 443)
        request.headers["Host"] = request.url.netloc.decode()
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await super().handle_async_request(request)

    async def _address(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise httpx.ConnectError(f"no address of the host ({error.errno})") from None
        addresses = [str(each[4][0]) for each in found]
        if not self._private and any(map(_is_private, addresses)):
            raise TargetRefused
        return addresses[0]


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "localhost.localdomain")
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global or (mapped or address).is_multicast
