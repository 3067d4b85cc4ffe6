"""Fetching what evidence is verified with: over https, from anchored hosts, from the very address that was checked.

No redirect is followed, no proxy is asked, and no error holds more of an answer than a word about it.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import httpx

from actas.evidence.anchors import DEFAULT_PORT, TrustAnchors, host_of
from actas.evidence.unfetched import FetchError

# A host with many addresses is not tried for ever; the time for one fetch bounds it as well.
_MOST_ADDRESSES = 4
_OK, _REDIRECTS = 200, range(300, 400)
# Addresses that hold an IPv4 address: NAT64 (RFC 6052), 6to4 (RFC 3056) and Teredo (RFC 4380) lead to places that
# they do not show.
_TUNNELS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
# Whatever else is global for Python, such as site-local and IPv4-compatible addresses, is nobody's on the internet
# (IANA's registry of the address space, RFC 4291, section 2.4).
_PUBLIC = ipaddress.IPv6Network("2000::/3")
# Names are resolved in threads that nothing else waits for: one cannot be taken back from a name server that is silent.
_RESOLVING = 4


class Fetcher:
    """Fetches from the hosts of *anchors*. One for a process; `close` ends its connections."""

    def __init__(self, anchors: TrustAnchors) -> None:
        """Prepare; nothing is asked yet."""
        self._anchors = anchors
        self._tls: ssl.SSLContext | None = None
        # A client for each host: connections are pooled by address, and one host's must not be another's.
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._threads = ThreadPoolExecutor(_RESOLVING, "resolve")
        self._resolving: dict[str, asyncio.Future[list[str]]] = {}

    async def get(self, url: str, *, accept: str = "application/json") -> bytes:
        """Give what is at *url*; raises FetchError."""
        return await self._ask("GET", url, {"Accept": accept})

    async def post(self, url: str, form: Mapping[str, str], *, client_id: str, client_secret: str) -> bytes:
        """Give the answer to *form*, with HTTP Basic authentication (RFC 6749, section 2.3.1); raises FetchError."""
        pair = urlencode({client_id: client_secret}).replace("=", ":", 1)
        headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self._ask("POST", url, headers, urlencode(form).encode())

    async def close(self) -> None:
        """End all connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def _ask(self, method: str, url: str, headers: dict[str, str], content: bytes | None = None) -> bytes:
        if self._anchors.problem_of(url):
            raise FetchError(_shown(url), "not_anchored")
        host = host_of(url)
        try:
            async with asyncio.timeout(self._anchors.timeout):
                return await self._ask_some(method, url, host, headers, content)
        except TimeoutError:
            raise FetchError(host, "timeout") from None

    async def _ask_some(
        self, method: str, url: str, host: str, headers: dict[str, str], content: bytes | None
    ) -> bytes:
        """Ask the first address that can be connected to."""
        parts = urlsplit(url)
        addresses = await self._addresses(host, parts.hostname or "", parts.port or DEFAULT_PORT)
        for address in addresses:
            try:
                request = self._client(host).build_request(
                    method,
                    httpx.URL(url).copy_with(host=address),
                    headers={**headers, "Host": host, "Accept-Encoding": "identity"},
                    content=content,
                    extensions={"sni_hostname": parts.hostname},
                )
                return await self._answer(request, host)
            except httpx.ConnectError:
                continue
            except httpx.TimeoutException:
                raise FetchError(host, "timeout") from None
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError):
                break
        raise FetchError(host, "unreachable")

    async def _addresses(self, host: str, name: str, port: int) -> list[str]:
        try:
            addresses = await self._resolved(host, name, port)
        except (OSError, UnicodeError):
            raise FetchError(host, "unresolved") from None
        private = host in self._anchors.private_hosts
        allowed = [address for address in addresses if is_allowed(address, private=private)]
        if not allowed:
            raise FetchError(host, "private_address" if addresses else "unresolved")
        return allowed[:_MOST_ADDRESSES]

    async def _resolved(self, host: str, name: str, port: int) -> list[str]:
        """Resolve *name*; whoever needs it meanwhile waits for the same answer, so a host takes one thread at most."""
        found = self._resolving.get(host)
        if found is None:
            found = asyncio.get_running_loop().run_in_executor(self._threads, _resolve, name, port)
            self._resolving[host] = found
            found.add_done_callback(lambda done: self._was_resolved(host, done))
        return await asyncio.shield(found)

    def _was_resolved(self, host: str, done: asyncio.Future[list[str]]) -> None:
        self._resolving.pop(host, None)
        if not done.cancelled():
            done.exception()  # said by whoever waits, if anybody still does

    async def _answer(self, request: httpx.Request, host: str) -> bytes:
        response = await self._client(host).send(request, stream=True)
        try:
            if response.status_code != _OK:
                raise FetchError(host, "redirect" if response.status_code in _REDIRECTS else "status")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise FetchError(host, "encoded")  # it could unpack to any size
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > self._anchors.max_bytes:
                    raise FetchError(host, "too_large")
            return bytes(body)
        finally:
            await response.aclose()

    def _client(self, host: str) -> httpx.AsyncClient:
        client = self._clients.get(host)
        if client is None:
            self._tls = self._tls or ssl.create_default_context(cafile=self._anchors.ca_file)
            client = httpx.AsyncClient(
                verify=self._tls,
                trust_env=False,  # a proxy would resolve the name for itself
                follow_redirects=False,
                timeout=self._anchors.timeout,
            )
            self._clients[host] = client
        return client


def _resolve(name: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)))


def is_allowed(text: str, *, private: bool) -> bool:
    """Whether an address may be connected to, one of a private network only if *private*.

    Link-local ones never may, such as those of cloud metadata.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in tunnel for tunnel in _TUNNELS):
            return False
        address = address.ipv4_mapped or address
    if isinstance(address, ipaddress.IPv4Address) and address.is_reserved:
        return False
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    public = address.is_global and (isinstance(address, ipaddress.IPv4Address) or address in _PUBLIC)
    return public or (private and (address.is_private or address.is_loopback))


def _shown(url: str) -> str:
    try:
        return host_of(url)
    except ValueError:
        return ""
