"""Where keys are fetched from: anchored hosts alone, over https, at addresses that are allowed, and not without end."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actas.evidence.anchors import TrustAnchors
from actas.evidence.fetch import Fetcher
from actas.evidence.unfetched import FetchError
from issuer_host import CLIENT, SECRET, IssuerHost, issuer_host
from ports import free_port


@pytest.fixture
def host(tmp_path: Path) -> Iterator[IssuerHost]:
    """Run a host that publishes something."""
    with issuer_host(tmp_path / "host", {"keys": []}) as running:
        yield running


@asynccontextmanager
async def fetching(host: IssuerHost, **trust: Any) -> AsyncIterator[Fetcher]:
    """Give a fetcher that trusts *host*, with members of the table replaced."""
    fetcher = Fetcher(TrustAnchors(**{**host.trust(), "timeout": 1.0, **trust}))
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def test_an_anchored_host_is_asked(host: IssuerHost) -> None:
    """With its name in the certificate, though its address is what is connected to."""
    async with fetching(host) as fetcher:
        assert await fetcher.get(host.url()) == b'{"keys": []}'
        assert await fetcher.get(host.url("/other")) == b'{"keys": []}'
    assert host.asked == ["/keys", "/other"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("down", "status"),
        ("slow", "timeout"),
        ("huge", "too_large"),
        ("redirecting", "redirect"),
        ("packed", "encoded"),
    ],
)
async def test_an_answer_that_is_none_is_refused(host: IssuerHost, mode: str, reason: str) -> None:
    """Each way of failing has its word, and no redirect is followed, least of all to another host."""
    host.mode = mode
    async with fetching(host) as fetcher:
        with pytest.raises(FetchError) as failed:
            await fetcher.get(host.url("/keys?token=secret"))
    assert (failed.value.reason, failed.value.host) == (reason, host.host)
    assert "secret" not in str(failed.value)
    assert host.asked == ["/keys?token=secret"]


async def test_a_private_address_is_refused_unless_it_is_listed(host: IssuerHost) -> None:
    """A name that leads into the own network is not asked, though its host is anchored."""
    async with fetching(host, private_hosts=[]) as fetcher:
        with pytest.raises(FetchError) as failed:
            await fetcher.get(host.url())
    assert failed.value.reason == "private_address"
    assert host.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/keys", "https://127.0.0.1:{port}/keys", "https://localhost/keys",
        "https://evil@localhost:{port}/keys", "https://localhost:{port}/keys#x", "ftp://localhost:{port}/", "nonsense",
        "", "https://localhost:{port}.evil.example.com/", "https://[::1/",
    ],
)  # fmt: skip
async def test_what_is_not_anchored_is_not_asked(host: IssuerHost, url: str) -> None:
    """Scheme, host and port are those of the configuration."""
    async with fetching(host) as fetcher:
        with pytest.raises(FetchError) as failed:
            await fetcher.get(url.format(port=host.port))
    assert failed.value.reason == "not_anchored"
    assert host.asked == []


async def test_the_address_that_was_checked_is_the_one_connected_to(
    host: IssuerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is resolved once: whoever answers it otherwise the second time is not asked."""
    resolved: list[str] = []
    resolve = socket.getaddrinfo

    def watched(name: str, *arguments: Any, **options: Any) -> Any:
        resolved.append(name)
        return resolve(name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    async with fetching(host) as fetcher:
        await fetcher.get(host.url())
    assert resolved[0] == "localhost"
    assert "localhost" not in resolved[1:]


async def test_a_name_server_that_is_silent_keeps_nobody_else_waiting(
    host: IssuerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tokens are to be introspected there: other threads' work and other hosts go on."""
    silent, resolve = threading.Event(), socket.getaddrinfo

    def waiting(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "silent.example":
            silent.wait(20)
        return resolve(name, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", waiting)
    try:
        async with fetching(host, hosts=[host.host, "silent.example"]) as fetcher:
            asked = [asyncio.create_task(fetcher.get("https://silent.example/")) for _ in range(100)]
            await asyncio.sleep(0.05)
            async with asyncio.timeout(10):
                await asyncio.to_thread(str)
                assert await fetcher.get(host.url()) == b'{"keys": []}'
                failed = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        silent.set()
    assert {error.reason for error in failed if isinstance(error, FetchError)} == {"timeout"}


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """Whoever answers at the address must be the host that was named."""
    with issuer_host(tmp_path / "other", {"keys": []}, name="other.example.com") as other:
        async with fetching(other) as fetcher:
            with pytest.raises(FetchError) as failed:
                await fetcher.get(other.url())
    assert (failed.value.reason, other.asked) == ("unreachable", [])


async def test_an_authority_that_is_not_the_configured_one_is_refused(host: IssuerHost, tmp_path: Path) -> None:
    """A certificate of anybody else is no proof."""
    with issuer_host(tmp_path / "second", {"keys": []}) as second:
        async with fetching(host, ca_file=str(second.ca_file)) as fetcher:
            with pytest.raises(FetchError) as failed:
                await fetcher.get(host.url())
    assert failed.value.reason == "unreachable"


async def test_nobody_there_and_no_such_name(host: IssuerHost) -> None:
    """Both are failures to be told apart in a log."""
    gone = f"localhost:{free_port()}"
    anchors = {"hosts": [gone, "nowhere.invalid"], "private_hosts": [gone]}
    async with fetching(host, **anchors) as fetcher:
        for url, reasons in {
            f"https://{gone}/": {"unreachable"},
            "https://nowhere.invalid/": {"unresolved", "timeout"},
        }.items():
            with pytest.raises(FetchError) as failed:
                await fetcher.get(url)
            assert failed.value.reason in reasons


async def test_the_secret_goes_in_the_header_alone(host: IssuerHost) -> None:
    """RFC 6749, section 2.3.1; not in the address, which is logged in many places."""
    host.tokens["t"] = {"active": True}
    async with fetching(host) as fetcher:
        body = await fetcher.post(host.url("/introspect"), {"token": "t"}, client_id=CLIENT, client_secret=SECRET)
    assert body == b'{"active": true}'
    assert host.asked == ["/introspect"]
