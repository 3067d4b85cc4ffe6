"""Callers known by their certificates, over real handshakes: whom a chain vouches for, and whom it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from actas.client import AsyncDecisionClient, Target
from actas.errors import EngineError
from caller_certificates import ACTAS, STS, Domain, Party, put, roots_pem
from server_support import ISSUER, REQUEST, ChosenDecider, Served, served
from trust_domain.authority import TrustDomain

OWN, PARTNER, CORPORATE = Domain("example.org"), Domain("partner.test"), TrustDomain("corporate.test")
SUBJECT = "CN=sts,O=SPIRE"
BY_SPIFFE_ID = {"name": "sts", "spiffe_id": OWN.spiffe_id(STS), "authorization_servers": [ISSUER]}
BY_SUBJECT = {"name": "legacy", "certificate_subject": SUBJECT, "authorization_servers": [ISSUER]}


class Place:
    """A folder with the service's certificate, its authorities, and one file for each thing that a test changes."""

    def __init__(self, folder: Path) -> None:
        """Write what every test needs."""
        self.folder = folder
        self.server = Party(folder, "actas", OWN.x509_svid(ACTAS))
        self.ca = put(folder / "own.pem", roots_pem(OWN))
        self.partner = put(folder / "partner.json", PARTNER.bundle_text())
        self.corporate = put(folder / "corporate.pem", roots_pem(CORPORATE))

    def settings(self, *callers: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """Give the configuration of a service that knows *callers*."""
        return {
            "tls_cert": self.server.cert,
            "tls_key": self.server.key,
            "tls_client_ca": [self.corporate],
            "tls_spiffe_bundles": {"example.org": self.ca, "partner.test": self.partner},
            "callers": callers,
            **changed,
        }

    def party(self, domain: TrustDomain, path: str = STS, **changed: Any) -> Party:
        """Give a caller of *domain*; *changed* are members of what its certificate says."""
        issuer = domain.intermediate()
        return Party(
            self.folder, f"caller-{len(list(self.folder.iterdir()))}", domain.x509_svid(path, issuer=issuer, **changed)
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Certificates of one test."""
    return Place(tmp_path)


async def asks(server: Served, target: Target, timeout: float = 10.0) -> str:
    """Ask for one decision; give its id, or the reason why there is none."""
    assert target.address == server.address
    async with AsyncDecisionClient(target, timeout=timeout, connections=1) as client:
        try:
            return (await client.decide(REQUEST)).decision_id
        except EngineError as error:
            return error.reason


async def test_a_caller_is_known_by_the_spiffe_id_of_its_certificate(place: Place) -> None:
    """Without any token; the record has the caller's name."""
    decider = ChosenDecider()
    async with served(decider, place.settings(BY_SPIFFE_ID)) as server:
        assert await asks(server, place.party(OWN).target(server.address, place.ca)) == "d-1"

    assert [caller for _request, _timeout, caller in decider.asked] == ["sts"]


async def test_a_caller_is_known_by_the_subject_of_its_certificate(place: Place) -> None:
    """From an authority of `tls_client_ca`; the name is that of RFC 4514."""
    decider = ChosenDecider()
    form = {"subject": "sts", "names": (x509.DNSName("sts.corporate.test"),)}
    async with served(decider, place.settings(BY_SUBJECT)) as server:
        assert await asks(server, place.party(CORPORATE, **form).target(server.address, place.ca)) == "d-1"
        nameless = place.party(CORPORATE, subject="sts", names=())
        assert await asks(server, nameless.target(server.address, place.ca)) == "d-1"

    assert {caller for _request, _timeout, caller in decider.asked} == {"legacy"}


async def test_without_a_certificate_nobody_gets_in(place: Place) -> None:
    """Nor with one that no authority vouches for: the handshake fails, before anything is read."""
    decider = ChosenDecider()
    async with served(decider, place.settings(BY_SPIFFE_ID)) as server:
        bare = Target(server.address, ca_file=place.ca)
        stranger = place.party(Domain("example.org", seed="another")).target(server.address, place.ca)
        for target in (bare, stranger):
            assert await asks(server, target, timeout=0.5) in ("NO_ANSWER", "DEADLINE_EXCEEDED")

    assert decider.asked == []


def uris(*names: str, **more: Any) -> dict[str, Any]:
    """Give what a certificate with these URIs says."""
    return {"names": tuple(map(x509.UniformResourceIdentifier, names)), **more}


CALLER = OWN.spiffe_id(STS)
SIGNS = frozenset({"digital_signature", "key_cert_sign"})


@pytest.mark.parametrize(
    ("domain", "form"),
    [
        pytest.param(OWN, uris(OWN.spiffe_id("/other")), id="another workload"),
        pytest.param(PARTNER, uris(CALLER), id="another trust domain's authority"),
        pytest.param(CORPORATE, uris(CALLER), id="an ordinary authority"),
        pytest.param(OWN, uris(CALLER, OWN.spiffe_id("/other")), id="two IDs"),
        pytest.param(OWN, uris(CALLER, "https://b.test"), id="two URIs"),
        pytest.param(OWN, uris(subject="sts"), id="a subject of a trust domain"),
        pytest.param(OWN, uris(CALLER, usage=SIGNS), id="a key that signs certificates"),
    ],
)
async def test_a_trust_domain_vouches_for_its_own_workloads_only(place: Place, domain: TrustDomain, form: Any) -> None:
    """The handshake takes a chain to any authority; what a certificate names counts only where the right one signed."""
    decider = ChosenDecider()
    async with served(decider, place.settings(BY_SPIFFE_ID, BY_SUBJECT)) as server:
        told = await asks(server, place.party(domain, **form).target(server.address, place.ca))

    assert told == "CALLER_NOT_AUTHENTICATED"
    assert decider.asked == []


async def test_a_certificate_and_a_token_must_name_one_caller(place: Place) -> None:
    """Another caller's token is refused, and so is one that nobody knows."""
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of "test"
    other = {"name": "other", "token_sha256": [digest], "authorization_servers": [ISSUER]}
    both = {**BY_SPIFFE_ID, "token_sha256": [digest]}
    for callers, token, told in (
        ([BY_SPIFFE_ID, other], "test", "CALLER_NOT_AUTHENTICATED"),
        ([BY_SPIFFE_ID], "test", "CALLER_NOT_AUTHENTICATED"),
        ([both], "test", "d-1"),
    ):
        async with served(ChosenDecider(), place.settings(*callers)) as server:
            assert await asks(server, place.party(OWN).target(server.address, place.ca, token=token)) == told


async def test_a_caller_with_a_certificate_speaks_for_its_own_authorization_server_only(place: Place) -> None:
    """Who asserts facts for an STS that is not its own gets PERMISSION_DENIED."""
    decider = ChosenDecider()
    elsewhere = {**BY_SPIFFE_ID, "authorization_servers": ["https://other.example"]}
    async with served(decider, place.settings(elsewhere)) as server:
        told = await asks(server, place.party(OWN).target(server.address, place.ca))

    assert told == "AUTHORIZATION_SERVER_NOT_PERMITTED"
    assert decider.asked == []
