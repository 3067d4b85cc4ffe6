"""Bundles from files and from bundle endpoints that are down, slow, huge, foreign or stale; each kept by itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actas.evidence.anchors import TrustAnchors
from actas.evidence.fetch import Fetcher
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.bundles import Bundles
from actas.evidence.svid.loading import BundleFile
from actas.evidence.svid.polled import UnusableBundleError
from actas.evidence.svid.source import BundleSource
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem
from issuer_host import IssuerHost, issuer_host
from trust_domain.authority import TrustDomain

DOMAIN = TrustDomain("example.org")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[IssuerHost]:
    """Run the bundle endpoint of example.org, with a certificate of the Web PKI."""
    with issuer_host(tmp_path / "host", DOMAIN.bundle()) as running:
        yield running


@asynccontextmanager
async def bundles_of(anchors: TrustAnchors, told: list[str] | None = None, **given: Any) -> AsyncIterator[Bundles]:
    """Give the bundles of a process with *anchors*."""
    fetcher = Fetcher(anchors)
    kept = Bundles(anchors, fetcher, tell=(told if told is not None else []).append, **given)
    try:
        yield kept
    finally:
        await kept.close()
        await fetcher.close()


async def got(bundles: Bundles, source: BundleSource, name: str = "example.org") -> TrustBundle | Problem:
    """Give the bundle, or why there is none."""
    try:
        return await bundles.get(name, source, time.monotonic() + 2.0)
    except SvidError as error:
        return error.problem


async def test_an_endpoint_s_bundle_is_that_of_the_trust_domain_in_the_registry(host: IssuerHost) -> None:
    """FED-02: neither the address nor the document says whose it is."""
    host.keys = {**DOMAIN.bundle(), "trust_domain": "partner.test", "spiffe_trust_domain": "partner.test"}
    async with bundles_of(TrustAnchors(**host.trust())) as bundles:
        bundle = await got(bundles, BundleSource("url", host.url("/partner.test")))
        assert isinstance(bundle, TrustBundle)
        assert (bundle.trust_domain, bundle.roots) == ("example.org", (DOMAIN.roots[0].certificate,))


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("down", "status"), ("slow", "timeout"), ("huge", "too_large"), ("redirecting", "redirect"),
        ("packed", "encoded"), ("nonsense", "unusable"),
    ],
)  # fmt: skip
async def test_an_endpoint_that_fails_gives_no_bundle(host: IssuerHost, mode: str, told: str) -> None:
    """FED-01: without one nothing is trusted, and nobody waits longer than the decision may take."""
    host.mode = mode
    outcomes: list[str] = []
    async with bundles_of(TrustAnchors(**host.trust(timeout=0.5)), outcomes) as bundles:
        began = time.monotonic()
        assert await got(bundles, BundleSource("url", host.url())) is Problem.BUNDLE_UNAVAILABLE
        assert time.monotonic() - began < 10
    assert outcomes == [told]


async def test_bundles_are_never_pooled(host: IssuerHost) -> None:
    """Two trust domains at one address have the same keys there, and are kept apart all the same."""
    source = BundleSource("url", host.url())
    async with bundles_of(TrustAnchors(**host.trust())) as bundles:
        one, other = await got(bundles, source), await got(bundles, source, "partner.test")
        assert isinstance(one, TrustBundle)
        assert isinstance(other, TrustBundle)
        assert (one.trust_domain, other.trust_domain) == ("example.org", "partner.test")
    assert host.count() == 2


async def test_a_file_is_followed(tmp_path: Path) -> None:
    """It is read again within a second or two; what is damaged, gone or older keeps what was there."""
    domain, now = TrustDomain("example.org"), [1000.0]
    (tmp_path / "bundles").mkdir()
    file = tmp_path / "bundles/example.org.json"
    file.write_bytes(domain.bundle_text())
    anchors, source = TrustAnchors(max_stale=600.0), BundleSource("file", "bundles/example.org.json")
    async with bundles_of(anchors, roots=[tmp_path / "elsewhere", tmp_path], clock=lambda: now[0]) as bundles:
        first = await got(bundles, source)
        assert isinstance(first, TrustBundle)
        older = file.read_bytes()
        domain.rotate()
        file.write_bytes(domain.bundle_text())
        now[0] += 3
        second = await got(bundles, source)
        assert isinstance(second, TrustBundle)
        assert len(second.roots) == 2
        for damage in (b"{", b"", older, json.dumps({"keys": [{"kty": "EC", "use": "jwt-svid"}]}).encode()[:-3]):
            file.write_bytes(damage)
            now[0] += 3
            assert await got(bundles, source) is second
        file.unlink()
        now[0] += 598
        assert await got(bundles, source) is Problem.BUNDLE_STALE
        file.write_bytes(domain.bundle_text())
        now[0] += 3
        assert isinstance(await got(bundles, source), TrustBundle)


async def test_only_files_of_the_roots_and_the_anchored_directories_are_read(tmp_path: Path) -> None:
    """A registry cannot make the service read another file of the machine, by no path and by no link."""
    for name in ("root", "anchored", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bundle.json").write_bytes(DOMAIN.bundle_text())
    (tmp_path / "root/link.json").symlink_to(tmp_path / "outside/bundle.json")
    (tmp_path / "anchored/link.json").symlink_to(tmp_path / "outside/bundle.json")
    anchors = TrustAnchors(directories=(tmp_path / "anchored",))
    async with bundles_of(anchors, roots=[tmp_path / "root"]) as bundles:
        for name in ("bundle.json", str(tmp_path / "anchored/bundle.json")):
            assert isinstance(await got(bundles, BundleSource("file", name)), TrustBundle), name
        outside = [tmp_path / "outside/bundle.json", tmp_path / "anchored/link.json", tmp_path / "root/bundle.json"]
        for name in ("link.json", "../outside/bundle.json", "root/../../outside/bundle.json", *map(str, outside)):
            assert await got(bundles, BundleSource("file", name)) is Problem.BUNDLE_UNAVAILABLE, name


async def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody ever writes into that pipe, and one of the process's threads would read it for ever."""
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    anchors = TrustAnchors(directories=(tmp_path,))
    places: list[tuple[str, list[Path]]] = [(str(pipe), []), ("pipe.json", [tmp_path])]
    for name, roots in places:
        with pytest.raises(UnusableBundleError, match=r"is no file|is in no policy root"):
            await BundleFile("example.org", name, roots, anchors).load()


async def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """The limit is that of the anchors, for files as for endpoints."""
    (tmp_path / "bundle.json").write_bytes(DOMAIN.bundle_text() + b" " * 4096)
    async with bundles_of(TrustAnchors(max_bytes=2048), roots=[tmp_path]) as bundles:
        assert await got(bundles, BundleSource("file", "bundle.json")) is Problem.BUNDLE_UNAVAILABLE
