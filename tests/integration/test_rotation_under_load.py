"""Every second another authority, another certificate of the service and others of its callers, and nobody notices."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actas.client import AsyncDecisionClient
from actas.decision import Effect
from actas.errors import ActasError
from caller_certificates import ACTAS, Domain, Party, put, roots_pem, shown_by
from service_support import AS, RunningService, adopter_root, exchange, service
from trust_domain.workload_api import WorkloadApi

pytestmark = pytest.mark.slow

CALLERS, SECONDS, CALLS_PER_CONNECTION = 16, 30.0, 6


class World:
    """A trust domain, an authorization server for each caller, and what was seen."""

    def __init__(self, folder: Path) -> None:
        """Write the first certificates."""
        self.folder = folder
        self.domain = Domain("example.org")
        self.bundle = put(folder / "bundle.json", self.domain.bundle_text())
        self.ca = put(folder / "ca.pem", roots_pem(self.domain))
        self.server = Party(folder, "actas", self.domain.x509_svid(ACTAS))
        self.paths = [f"/sts/{number}" for number in range(CALLERS)]
        self.parties = [Party(folder, f"sts-{path[5:]}", self.domain.x509_svid(path)) for path in self.paths]
        self.answers: Counter[str] = Counter()
        self.serials: set[int] = set()

    def settings(self, **identity: object) -> dict[str, object]:
        """Give the settings of a service with two workers that knows every caller."""
        callers = [
            {"name": path[1:], "spiffe_id": self.domain.spiffe_id(path), "authorization_servers": [AS]}
            for path in self.paths
        ]
        roots = adopter_root(self.folder / "policies")
        return {"policies": roots, "workers": 2, "callers": json.dumps(callers), **identity}

    async def call(self, party: Party, address: str, end: float) -> None:
        """Ask with ever new connections, alternately for what is allowed and what is denied."""
        asked = {Effect.ALLOW: exchange(), Effect.DENY: exchange(scope="mail.send")}
        while time.monotonic() < end:
            target = party.target(address, self.ca)
            async with AsyncDecisionClient(target, timeout=10, connections=1) as client:
                for number in range(CALLS_PER_CONNECTION):
                    expected = (Effect.ALLOW, Effect.DENY)[number % 2]
                    try:
                        decision = await client.decide(asked[expected])
                    except ActasError as error:
                        self.answers[f"failed: {error}"] += 1
                    else:
                        self.answers["right" if decision.effect is expected else "wrong"] += 1
                    await asyncio.sleep(0.02)

    async def rotate(self, address: str, push: Callable[[], object], end: float) -> None:
        """Replace every authority, then the service's certificate, then those of the callers, each second."""
        while time.monotonic() < end:
            began = time.monotonic()
            self.domain.rotate()
            put(self.ca, roots_pem(self.domain))
            push()
            for path, party in zip(self.paths, self.parties, strict=True):
                party.renew(self.domain.x509_svid(path))
            shown = await asyncio.to_thread(shown_by, address, self.parties[0], self.ca)
            self.serials.add(shown.serial_number)
            await asyncio.sleep(max(0.0, began + 1.0 - time.monotonic()))

    async def run(self, running: RunningService, push: Callable[[], object]) -> None:
        """Call and rotate at once."""
        end = time.monotonic() + SECONDS
        calling = (self.call(party, running.address, end) for party in self.parties)
        await asyncio.gather(*calling, self.rotate(running.address, push, end))


@asynccontextmanager
async def from_files(world: World) -> AsyncIterator[tuple[dict[str, object], Callable[[], object]]]:
    """The service reads its certificate and the bundle from files."""

    def push() -> None:
        put(world.bundle, world.domain.bundle_text())
        world.server.renew(world.domain.x509_svid(ACTAS))

    bundles = json.dumps({"example.org": str(world.bundle)})
    yield {"tls_cert": world.server.cert, "tls_key": world.server.key, "tls_spiffe_bundles": bundles}, push


@asynccontextmanager
async def from_the_workload_api(world: World) -> AsyncIterator[tuple[dict[str, object], Callable[[], object]]]:
    """The service has both from its agent."""
    with WorkloadApi(world.folder / "agent.sock", world.domain, ACTAS) as api:
        yield {"tls_workload_api": f"unix:{world.folder}/agent.sock"}, api.change


@pytest.mark.parametrize("source", [from_files, from_the_workload_api])
async def test_certificates_rotate_every_second_and_no_call_fails(
    tmp_path: Path, source: Callable[..., object]
) -> None:
    """With 16 callers that connect anew all the time: no failed call, no wrong decision, in any worker."""
    world = World(tmp_path)
    async with source(world) as (identity, push):  # type: ignore[attr-defined]  # one of the two above
        async with service(tmp_path, world.settings(**identity)) as running:
            await world.run(running, push)

    counted = ", ".join(f"{count} {answer}" for answer, count in world.answers.items())
    print(f"{source.__name__}: {counted}; {len(world.serials)} certificates were seen")  # type: ignore[attr-defined]  # a function
    assert set(world.answers) == {"right"}, counted
    assert world.answers["right"] > CALLERS * SECONDS
    assert len(world.serials) > SECONDS / 3
