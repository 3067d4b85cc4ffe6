"""Keys at a URL: fetched once for all that wait, seldom, beside the decisions, and trusted for a limited time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from approval_tokens import EC, RSA, STRANGER, jwk_set
from joserfc.jwk import ECKey, OctKey, OKPKey

from actas.evidence.anchors import TrustAnchors
from actas.evidence.keys import usable_keys
from actas.evidence.remote_keys import KeyStore, KeysUnavailableError
from actas.evidence.unfetched import FetchError

URL = "https://as.example.com/keys"
ANCHORS = TrustAnchors(refetch=5, refresh=300, max_stale=3600)


class World:
    """A clock, what is published, and how often it was fetched."""

    def __init__(self, **keys: Any) -> None:
        """Publish *keys*."""
        self.now = 1000.0
        self.text: bytes | FetchError = jwk_set(**(keys or {"k1": EC}))
        self.fetches = 0
        self.told: list[str] = []
        self.slow = asyncio.Event()
        self.slow.set()
        self.store = KeyStore(self.fetch, ANCHORS, clock=lambda: self.now, tell=self.told.append)

    async def fetch(self, url: str) -> bytes:
        """Give what is published."""
        assert url == URL
        self.fetches += 1
        await self.slow.wait()
        if isinstance(self.text, FetchError):
            raise self.text
        return self.text

    async def kids(self, kid: str = "k1", within: float = 5.0) -> set[str]:
        """Name the keys that are had for a token of *kid*."""
        return set(await self.store.having(URL, kid, within))


async def test_cached_keys_are_not_fetched_again() -> None:
    """However many decisions need them."""
    world = World()
    for _ in range(100):
        assert await world.kids() == {"k1"}
    assert world.fetches == 1


async def test_many_that_wait_cause_one_fetch() -> None:
    """At the first need, and for a key that was just rotated."""
    world = World()
    world.slow.clear()
    waiting = [asyncio.create_task(world.kids()) for _ in range(100)]
    await asyncio.sleep(0)
    world.slow.set()
    assert await asyncio.gather(*waiting) == [{"k1"}] * 100
    assert world.fetches == 1


async def test_a_rotated_key_is_found_at_once() -> None:
    """The next fetch is allowed when the last is some seconds ago."""
    world = World()
    await world.kids()
    world.text = jwk_set(k1=EC, k2=STRANGER)
    world.now += 5
    assert await world.kids("k2") == {"k1", "k2"}
    assert world.fetches == 2


async def test_a_thousand_unknown_keys_cause_few_fetches() -> None:
    """Also when they come over a minute: what finds nothing becomes rarer."""
    world = World()
    for _ in range(1000):
        assert "k1" in await world.kids("unknown")
        world.now += 0.06
    assert world.fetches <= 5
    world.text = jwk_set(k9=STRANGER)
    world.now += 30
    assert await world.kids("k9") == {"k9"}


async def test_old_keys_are_fetched_beside_the_decision() -> None:
    """Whoever needs them does not wait."""
    world = World()
    await world.kids()
    world.now += 301
    world.slow.clear()
    assert await world.kids() == {"k1"}
    await asyncio.sleep(0)
    assert world.fetches == 2
    world.text = jwk_set(k2=STRANGER)
    world.slow.set()
    await asyncio.sleep(0.01)
    assert await world.kids("k2") == {"k2"}


async def test_keys_that_a_revision_names_are_there_before_they_are_needed() -> None:
    """And those that none names any more are forgotten."""
    world = World()
    world.store.keep([URL])
    await asyncio.sleep(0.01)
    assert world.fetches == 1
    assert await world.kids() == {"k1"}
    world.store.keep([])
    world.text = jwk_set(k2=EC)
    assert await world.kids("k2") == {"k2"}
    await world.store.close()


@pytest.mark.parametrize("failure", [FetchError("as.example.com", "timeout"), b"<html>", b'{"keys": 5}'])
async def test_a_failure_leaves_the_keys_that_there_are_until_they_are_too_old(failure: bytes | FetchError) -> None:
    """Stale if error, with an end."""
    world = World()
    await world.kids()
    world.text = failure
    world.now += 3600
    assert await world.kids() == {"k1"}
    await asyncio.sleep(0.01)
    world.now += 5
    with pytest.raises(KeysUnavailableError):
        await world.kids()
    assert world.told == ["ok", *["unusable" if isinstance(failure, bytes) else "timeout"] * (world.fetches - 1)]


async def test_an_outage_is_not_asked_about_by_every_decision() -> None:
    """And it is over some seconds after it is over."""
    world = World()
    good, world.text = world.text, FetchError("as.example.com", "unreachable")
    for _ in range(100):
        with pytest.raises(KeysUnavailableError):
            await world.kids()
    assert world.fetches == 1
    world.text = good
    world.now += 5
    assert await world.kids() == {"k1"}


async def test_nobody_waits_longer_than_there_is_time() -> None:
    """The fetch goes on for those that come later."""
    world = World()
    world.slow.clear()
    with pytest.raises(KeysUnavailableError):
        await world.kids(within=0.01)
    world.slow.set()
    assert await world.kids() == {"k1"}
    assert world.fetches == 1


async def test_keys_that_were_withdrawn_verify_nothing() -> None:
    """An issuer that publishes none has none."""
    world = World()
    await world.kids()
    world.text = b'{"keys": []}'
    world.now += 301
    world.store.keep([URL])
    await asyncio.sleep(0.01)
    assert await world.kids() == set()


def test_what_is_of_no_use_is_left_out() -> None:
    """An issuer publishes keys for encryption, of other kinds and weak ones beside those that sign."""
    ec = EC.as_dict(private=False)
    members = [
        {**ec, "kid": "good"},
        {**ec, "kid": "enc", "use": "enc"},
        {**RSA.as_dict(private=True), "kid": "private"},
        {**OctKey.generate_key(256).as_dict(private=True), "kid": "secret"},
        {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "agreement"},
        {**ec, "kid": "twice"},
        {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "twice"},
        {**ec, "kid": 5},
        {**ec, "y": ec["x"], "kid": "off the curve"},
        "nonsense",
    ]
    assert set(usable_keys(json.dumps({"keys": members}).encode())) == {"good"}
    assert set(usable_keys(json.dumps({"keys": [ec]}).encode())) == {""}
    with pytest.raises(ValueError, match="more than 100"):
        usable_keys(json.dumps({"keys": [{**ec, "kid": str(number)} for number in range(101)]}).encode())
