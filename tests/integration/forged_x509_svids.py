"""X509-SVIDs that their trust domain did not issue: every part of right ones changed, or of somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509 import DNSName, UniformResourceIdentifier, load_der_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from forged_jwt_svids import AGENT, FORGER, OWN, PARTNER, PATH
from trust_domain import certificates, keys
from trust_domain.authority import TrustDomain
from trust_domain.certificates import CA_USAGE, LEAF_USAGE


def x509_svids() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """Give forged X509-SVIDs, each with what it is."""
    yield from _bytes()
    yield from _leaves()
    yield from _chains()


def _bytes() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    leaf, above = OWN.x509_svid(PATH, issuer=OWN.intermediate()).chain
    for at in range(0, len(leaf), 9):
        yield f"byte {at} of the leaf", (_flipped(leaf, at), above)
    for at in range(0, len(above), 18):
        yield f"byte {at} of the intermediate", (leaf, _flipped(above, at))
    for chain in (
        (),
        (b"",),
        (leaf[:-1], above),
        (leaf + b"\0", above),
        (leaf,),
        (above,),
        (above, leaf),
        (leaf, above[:100]),
    ):
        yield "another form", chain


def _flipped(der: bytes, at: int) -> bytes:
    return der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :]


def _leaves() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """Change what the leaf says, under a right signature of the own trust domain."""
    uri, dns = UniformResourceIdentifier, DNSName("mail.example.org")
    names: tuple[Any, ...] = (
        (), (dns,), (uri(AGENT), uri(AGENT)), (uri(AGENT), uri("https://example.org/")), (uri("spiffe://example.org"),),
        (uri("spiffe://example.org/"),), (uri(f"{AGENT}/"),), (uri(f"{AGENT}r"),), (uri("https://example.org/agent/mail"),),
        (uri("spiffe://EXAMPLE.org/agent/mail"),), (uri("spiffe://partner.test/agent/shared/mail"),),
        (uri(f"{AGENT}?a"),),
        (uri("spiffe://stranger.test/agent/mail"),), (uri("spiffe://example.org/agent/../mail"),), (uri(""),),
    )  # fmt: skip
    for changed in names:
        yield f"names {changed}", OWN.x509_svid(PATH, names=changed).chain
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CODE_SIGNING)
    changes: tuple[dict[str, Any], ...] = (
        {"ca": True}, {"ca": True, "usage": CA_USAGE}, {"ca": None}, {"usage": None}, {"usage": frozenset()},
        {"usage": LEAF_USAGE | {"key_cert_sign"}}, {"usage": LEAF_USAGE | {"crl_sign"}},
        {"usage": frozenset({"key_encipherment"})},
        *({"extended": (purpose,)} for purpose in purposes), {"unknown_critical": True},
        {"starts": 60}, {"starts": -120, "ends": -60},
        {"key": keys.rsa_key("weak", 1024)},
    )  # fmt: skip
    for change in changes:
        yield f"says {sorted(change)} {change.get('usage', '')}", OWN.x509_svid(PATH, **change).chain


def _chains() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """Sign with every key but one that the own trust domain's roots have given that right."""
    uri = UniformResourceIdentifier
    for who in (FORGER, PARTNER):
        for issuer in (who.roots[0], who.intermediate(), OWN.intermediate(above=who.roots[0])):
            yield f"of {who.name}", OWN.x509_svid(PATH, issuer=issuer).chain
    changes: tuple[dict[str, Any], ...] = (
        {"ca": False}, {"ca": None}, {"usage": None}, {"usage": LEAF_USAGE}, {"usage": frozenset({"crl_sign"})},
        {"starts": 60}, {"starts": -120, "ends": -60}, {"unknown_critical": True},
        {"permitted": (uri("partner.test"),)}, {"permitted": (uri("example.org"),)}, {"names": (uri(AGENT),)},
        {"names": (uri(OWN.spiffe_id("/agent/other")),)},
    )  # fmt: skip
    for change in changes:
        yield f"of an intermediate with {change}", OWN.x509_svid(PATH, issuer=OWN.intermediate(**change)).chain
    short = OWN.intermediate(path_length=0)
    yield "below the last authority", OWN.x509_svid(PATH, issuer=OWN.intermediate("lower", above=short)).chain
    agent = OWN.x509_svid("/agent/other")
    certificate, key = load_der_x509_certificate(agent.chain[0]), load_der_private_key(agent.key, None)
    issuer = certificates.Issuer(certificate, key, (certificate,))
    yield "of another workload", OWN.x509_svid(PATH, issuer=issuer).chain
    own, forged = OWN.x509_svid(PATH, issuer=OWN.intermediate()), FORGER.x509_svid(PATH, issuer=FORGER.intermediate())
    yield "a right chain below a forged leaf", (forged.chain[0], *own.chain)
    yield "the forger's root beside it", (*forged.chain, _der(FORGER))
    yield "both roots beside it", (*forged.chain, _der(OWN), _der(FORGER))
    yield "a root itself", (_der(OWN),)
    yield "too many", own.chain + (own.chain[1],) * 20


def _der(domain: TrustDomain) -> bytes:
    return domain.roots[0].certificate.public_bytes(Encoding.DER)
