"""A real SPIRE whose authorities and SVIDs change all the time, under sixteen callers: no call fails, none is wrong.

X509-SVIDs live for twenty seconds, and again and again a new authority of either kind is prepared and signs, and the
old one is tainted and revoked.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest
from cryptography import x509

from actas.client import AsyncDecisionClient
from caller_certificates import chain_pem, key_pem, put
from spire_exchanges import Workload, signer, tampered
from spire_support import Walk, walked
from svid_exchanges import judged

pytestmark = pytest.mark.slow

CALLERS, SECONDS, CALLS_PER_CONNECTION = 16, 90.0, 6
_LONGEST_CONNECTION = 5.0
STS = "spiffe://example.org/authorization-server"
SHORT = {"entries.json": {'"x509_svid_ttl": 3600': '"x509_svid_ttl": 20'}}


class Rotation:
    """What the callers and the operator of SPIRE do at once, and what came of it."""

    def __init__(self, walk: Walk, workload: Workload) -> None:
        """Begin; it ends after so many seconds."""
        self.walk, self.workload = walk, workload
        self.end = time.monotonic() + SECONDS
        self.answers: Counter[str] = Counter()
        self.serials: set[int] = set()
        self.revoked: dict[str, str] = {}
        self.rounds = 0

    async def run(self) -> None:
        """Do it all until the end."""
        callers = (self.call() for _ in range(CALLERS))
        await asyncio.gather(self.keep_files(), self.rotate(), *callers)

    async def call(self) -> None:
        """Ask with ever new connections and ever new SVIDs, for what is right, what is forged and what is revoked."""
        while time.monotonic() < self.end:
            async with AsyncDecisionClient(self.walk.target(), timeout=10, connections=1) as client:
                for number in range(CALLS_PER_CONNECTION):
                    await self.ask(client, number)
                    await asyncio.sleep(0.05)

    async def ask(self, client: AsyncDecisionClient, number: int) -> None:
        """Ask once."""
        workload = self.workload
        token = await asyncio.to_thread(workload.jwt)
        revoked = list(self.revoked.values())
        match number % 3:
            case 0:
                kind, request, expected = "token", workload.by_token(token), set()
            case 1:
                svid = await asyncio.to_thread(workload.x509)
                kind, request, expected = "certificate", workload.by_certificate(svid.chain), set()
            case _:
                wrong = revoked[number % len(revoked)] if revoked else tampered(token)
                kind, request = "revoked" if revoked else "tampered", workload.by_token(wrong)
                expected = {"BUNDLE_MISMATCH"}
        self.answers[await judged(client, request, kind, expected)] += 1

    async def keep_files(self) -> None:
        """Write the authorization server's SVID anew when there is another, as `spiffe-helper` does."""
        files = self.walk.spire / "caller"
        while time.monotonic() < self.end:
            svid = await asyncio.to_thread(self.workload.x509, STS)
            serial = x509.load_der_x509_certificate(svid.chain[0]).serial_number
            if serial not in self.serials:
                self.serials.add(serial)
                put(files / "svid.1.pem", chain_pem(svid))
                put(files / "svid.1.key", key_pem(svid))
            put(files / "bundle.0.pem", await asyncio.to_thread(self.workload.roots_pem))
            await asyncio.sleep(0.2)

    async def rotate(self) -> None:
        """Replace the authorities of both kinds, as an operator does; what the old one signed must then be denied."""
        while time.monotonic() < self.end - 20:
            await asyncio.to_thread(self.round)
            self.rounds += 1

    def round(self) -> None:
        """One rotation: each step when the agent has heard of the one before it."""
        old = {kind: self.walk.authority(kind, "show") for kind in ("jwt", "x509")}
        new = {kind: self.walk.authority(kind, "prepare") for kind in old}
        token = self.workload.jwt()
        self.workload.until(lambda: {*new.values()} <= self.workload.authorities())
        for kind, authority in new.items():
            self.walk.authority(kind, "activate", authority)
        for kind, authority in old.items():
            self.walk.authority(kind, "taint", authority)
        # The agent drops what a tainted authority signed when it hears of that, and the workloads get another.
        self.workload.until(lambda: signer(self.workload.jwt()) == new["jwt"] and self.renewed(new["x509"]))
        # A connection that shows the old certificate is refused from the revocation on; so let those end that are open.
        time.sleep(_LONGEST_CONNECTION)
        for kind, authority in old.items():
            self.walk.authority(kind, "revoke", authority)
        self.workload.until(lambda: not {*old.values()} & self.workload.authorities())
        # Actas is told at the same time.
        time.sleep(1)
        self.revoked[old["jwt"]] = token

    def renewed(self, authority: str) -> bool:
        """Whether the caller's certificate of *authority* is in its files."""
        leaf = x509.load_pem_x509_certificate((self.walk.spire / "caller/svid.1.pem").read_bytes())
        names = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        return names.key_identifier is not None and names.key_identifier.hex() == authority


async def test_a_real_spire_rotates_under_load_and_no_call_fails(tmp_path: Path) -> None:
    """Its own certificate, the callers', the actors' SVIDs and all bundles change, and what is revoked is denied."""
    with walked(tmp_path, SHORT) as walk, Workload(walk.spire) as workload:
        rotation = Rotation(walk, workload)
        await rotation.run()
        walk.step("kill %3")
    counted = ", ".join(f"{count} {answer}" for answer, count in sorted(rotation.answers.items()))
    print(f"{rotation.rounds} rotations, {len(rotation.serials)} certificates of the caller: {counted}")
    assert all(answer.startswith("right ") for answer in rotation.answers), counted
    assert {"right token", "right certificate", "right revoked"} <= rotation.answers.keys(), counted
    assert rotation.rounds >= 2
    assert len(rotation.serials) >= 4
