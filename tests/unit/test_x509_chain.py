"""Certificates of callers that are known by their subject: which chains lead to an authority, and which do not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from actas.evidence.svid import x509_svid
from actas.evidence.svid.unproven import SvidError
from actas.evidence.x509_chain import Certificates, Chain, chain_of, read_certificates, to_pem, verified_until
from trust_domain import certificates, keys
from trust_domain.authority import TrustDomain
from trust_domain.certificates import CA_USAGE, Form, Issuer

NAMES = (x509.DNSName("sts.corporate.test"),)


def authority(**changed: Any) -> Issuer:
    """Give an authority; *changed* are members of what its certificate says."""
    form = Form(**{"names": (), "subject": "corporate", "ca": True, "usage": CA_USAGE, "extended": None, **changed})
    key = keys.ec_key("corporate")
    return Issuer(certificates.sign(form, key, None, time.time()), key)


def chain(issuer: Issuer, **changed: Any) -> Chain:
    """Give a caller's chain below *issuer*."""
    form = Form(**{"names": NAMES, "subject": "sts", **changed})
    leaf = certificates.sign(form, keys.ec_key("sts"), issuer, time.time())
    return Chain(leaf, issuer.above)


def leads(found: Chain, *roots: Issuer, later: float = 0.0) -> bool:
    """Whether the chain is good *later* seconds from now."""
    authorities: Certificates = tuple(root.certificate for root in roots)
    return verified_until(found, authorities, now=time.time() + later) is not None


@pytest.mark.parametrize(
    "changed",
    [{}, {"usage": None}, {"usage": frozenset({"key_cert_sign"})}, {"path_length": 0}],
    ids=["as written for the web", "without a usage", "signs certificates alone", "has no authorities below"],
)
def test_an_authority_of_a_company_is_one(changed: Any) -> None:
    """Also one that a few lines of OpenSSL made, without the extensions that the web demands."""
    root = authority(**changed)
    assert leads(chain(root), root)
    assert leads(chain(root, names=(), extended=None), root)


def test_the_end_is_that_of_the_chain() -> None:
    """What ends first: the leaf, or an authority above it."""
    for root, leaf in ((3600, 100), (100, 3600)):
        issuer = authority(ends=root)
        until = verified_until(chain(issuer, ends=leaf), (issuer.certificate,), now=time.time())
        assert until == pytest.approx(time.time() + 101, abs=3)
        assert not leads(chain(issuer, ends=leaf), issuer, later=105)


def test_an_intermediate_leads_on_and_a_leaf_does_not() -> None:
    """Who is no authority signs nobody, whatever it did sign."""
    root = authority()
    below = Form((), subject="below", ca=True, usage=CA_USAGE, extended=None)
    middle = certificates.below(root, below, keys.ec_key("middle"), time.time())
    assert leads(chain(middle), root)
    assert not leads(Chain(chain(middle).leaf), root), "the intermediate is missing"
    no_authority = certificates.below(root, Form(NAMES, subject="other"), keys.ec_key("middle"), time.time())
    assert not leads(chain(no_authority), root)
    no_signer = Form((), subject="below", ca=True, usage=frozenset({"digital_signature"}), extended=None)
    assert not leads(chain(certificates.below(root, no_signer, keys.ec_key("middle"), time.time())), root)


@pytest.mark.parametrize(
    "changed",
    [
        {"ca": True, "usage": CA_USAGE},
        {"usage": frozenset({"key_agreement"})},
        {"usage": frozenset({"digital_signature", "crl_sign"})},
        {"extended": (ExtendedKeyUsageOID.SERVER_AUTH,)},
        {"starts": 600},
        {"ends": -10},
    ],
)
def test_what_is_no_clients_certificate_is_none(changed: Any) -> None:
    """An authority's own, one for other purposes, one that is not in time."""
    root = authority()
    assert not leads(chain(root, **changed), root)


def test_nobody_else_vouches() -> None:
    """Another authority of the same name, or none."""
    stranger = TrustDomain("corporate.test", seed="another").roots[0]
    assert not leads(chain(authority()), stranger)
    assert not leads(chain(authority()))


def test_what_a_peer_shows_is_read_or_refused() -> None:
    """The leaf may stand among the others; too many of them are refused."""
    root = authority()
    leaf = chain(root).leaf
    pem = leaf.public_bytes(Encoding.PEM)
    assert chain_of(pem, to_pem((leaf, root.certificate))) == Chain(leaf, (root.certificate,))
    for wrong, others in ((b"", b""), (b"x", b""), (pem, b"x"), (pem, pem * 9)):
        with pytest.raises(ValueError, match=r"."):
            chain_of(wrong, others)
    with pytest.raises(ValueError, match="no PEM certificate"):
        read_certificates(b"-----BEGIN CERTIFICATE-----")


def test_a_chain_names_each_signer_once() -> None:
    """Else every way through it is tried: of three, with keys on P-521, a refusal took an eighth of a second."""
    domain, key = TrustDomain("example.org"), keys.ec_key("stranger")
    says = certificates.authority("example.org", "stranger")
    links = [certificates.sign(replace(says, ends=60 + each), key, None, time.time()) for each in range(3)]
    svid = domain.x509_svid("/agent/mail", issuer=Issuer(links[0], key, tuple(links)))
    with pytest.raises(SvidError):
        x509_svid.read(svid.chain)
    assert x509_svid.read(svid.chain[:2]).spiffe_id.text == svid.spiffe_id

    leaf = x509.load_der_x509_certificate(svid.chain[0])
    assert chain_of(leaf.public_bytes(Encoding.PEM), to_pem(links)) == Chain(leaf, (links[0],))
