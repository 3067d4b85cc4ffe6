"""Every second other authorities and keys of the service, of its callers and of the SVIDs they show: nobody notices."""

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
from actas.request import ExchangeRequest
from caller_certificates import ACTAS, Domain, Party, put, roots_pem, shown_by
from service_support import RunningService, service
from svid_exchanges import AS, beside, by_token, judged, publish, registry, root
from trust_domain.authority import JwtKey
from trust_domain.workload_api import WorkloadApi

pytestmark = pytest.mark.slow

Source = tuple[dict[str, object], dict[str, object], Callable[[], object]]
"""The registry's source of the bundle, the settings of the service's identity, and what tells it of a rotation."""

CALLERS, SECONDS, CALLS_PER_CONNECTION = 16, 30.0, 6
AGENT, FORGER = "/agent/mail", Domain("example.org", seed="of somebody else")
# Rotations after which a key that the bundle has dropped is one for the service, which reads a file every second.
_DROPPED = 4


class World:
    """A trust domain, an authorization server for each caller, and what was seen."""

    def __init__(self, folder: Path) -> None:
        """Write the first certificates."""
        self.folder = folder
        self.domain = Domain("example.org")
        self.domain.rotate()
        self.bundle = put(folder / "bundle.json", self.domain.bundle_text())
        self.ca = put(folder / "ca.pem", roots_pem(self.domain))
        self.server = Party(folder, "actas", self.domain.x509_svid(ACTAS))
        self.paths = [f"/sts/{number}" for number in range(CALLERS)]
        self.parties = [Party(folder, f"sts-{path[5:]}", self.domain.x509_svid(path)) for path in self.paths]
        self.answers: Counter[str] = Counter()
        self.serials: set[int] = set()
        self.signed_by: list[JwtKey] = []

    def settings(self, source: dict[str, object], **identity: object) -> dict[str, object]:
        """Give the settings of a service with two workers that knows every caller, and has bundles from *source*."""
        callers = [
            {"name": path[1:], "spiffe_id": self.domain.spiffe_id(path), "authorization_servers": [AS]}
            for path in self.paths
        ]
        policies = root(self.folder / "policies", [self.domain], registry({"example.org": source}))
        return {"policies": policies, "workers": 2, "callers": json.dumps(callers), "default_timeout": 5, **identity}

    def asked(self, number: int) -> tuple[str, ExchangeRequest, set[str]]:
        """Give a kind of exchange, one of that kind, and the codes that the decision must have."""
        domain = self.domain
        match number % 3:
            case 0:
                # As SPIRE does: a new authority is published before it signs.
                return "token", by_token(domain.jwt_svid(AGENT, AS, key=domain.jwt_keys[1])), set()
            case 1:
                return "certificate", beside(x509=domain.x509_svid(AGENT, issuer=domain.roots[1]).chain), set()
        dropped = [key for key in self.signed_by[:-_DROPPED] if key not in domain.jwt_keys]
        wrong = ("dropped", dropped[-1]) if dropped else ("forged", FORGER.jwt_keys[0])
        return wrong[0], by_token(domain.jwt_svid(AGENT, AS, key=wrong[1])), {"BUNDLE_MISMATCH"}

    async def call(self, party: Party, address: str, end: float) -> None:
        """Ask with ever new connections, in turn for what is allowed and what is denied."""
        while time.monotonic() < end:
            target = party.target(address, self.ca)
            async with AsyncDecisionClient(target, timeout=10, connections=1) as client:
                for number in range(CALLS_PER_CONNECTION):
                    kind, request, expected = self.asked(number)
                    self.answers[await judged(client, request, kind, expected)] += 1
                    await asyncio.sleep(0.02)

    async def rotate(self, address: str, push: Callable[[], object], end: float) -> None:
        """Replace every authority and key, then the service's certificate, then those of the callers, each second."""
        while time.monotonic() < end:
            began = time.monotonic()
            self.domain.rotate()
            self.signed_by.append(self.domain.jwt_keys[0])
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
async def from_files(world: World) -> AsyncIterator[Source]:
    """The service reads its certificate and the bundles from files."""

    def push() -> None:
        put(world.bundle, world.domain.bundle_text())
        publish(world.folder / "policies", world.domain)
        world.server.renew(world.domain.x509_svid(ACTAS))

    bundles = json.dumps({"example.org": str(world.bundle)})
    identity = {"tls_cert": world.server.cert, "tls_key": world.server.key, "tls_spiffe_bundles": bundles}
    yield {"file": "bundles/example.org.json"}, identity, push


@asynccontextmanager
async def from_the_workload_api(world: World) -> AsyncIterator[Source]:
    """The service has all of it from its agent."""
    with WorkloadApi(world.folder / "agent.sock", world.domain, ACTAS) as api:
        trust = json.dumps({"workload_api": api.address})
        yield {"workload_api": True}, {"tls_workload_api": api.address, "trust": trust}, api.change


@pytest.mark.parametrize("source", [from_files, from_the_workload_api])
async def test_certificates_rotate_every_second_and_no_call_fails(
    tmp_path: Path, source: Callable[..., object]
) -> None:
    """With 16 callers that connect anew all the time: no failed call, no wrong decision, in any worker.

    At the same time the authorities of the JWT-SVIDs and X509-SVIDs that they send rotate, and what a dropped key has
    signed is denied.
    """
    world = World(tmp_path)
    async with source(world) as (bundle, identity, push):  # type: ignore[attr-defined]  # one of the two above
        async with service(tmp_path, world.settings(bundle, **identity)) as running:
            await world.run(running, push)

    counted = ", ".join(f"{count} {answer}" for answer, count in sorted(world.answers.items()))
    print(f"{source.__name__}: {counted}; {len(world.serials)} certificates were seen")  # type: ignore[attr-defined]  # a function
    assert set(world.answers) <= {"right token", "right certificate", "right forged", "right dropped"}, counted
    assert min(world.answers[f"right {kind}"] for kind in ("token", "certificate", "dropped")) > CALLERS * SECONDS / 4
    assert len(world.serials) > SECONDS / 3
