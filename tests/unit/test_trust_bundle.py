"""A bundle document is read strictly, and as that of the trust domain which the registry names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from actas.evidence.svid.bundle import TrustBundle, read_bundle
from trust_domain.authority import JwtKey, TrustDomain
from trust_domain.keys import ec_key, rsa_key

DOMAIN = TrustDomain("example.org", clock=lambda: 1_800_000_000.0)
ROOT, KEY = DOMAIN.bundle()["keys"]


def read(document: Any) -> TrustBundle:
    """Read *document* as the bundle of example.org."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_bundle("example.org", text, max_bytes=1 << 16)


def test_a_bundle_has_the_roots_and_the_keys_of_its_trust_domain() -> None:
    """Each entry is for one kind of SVID alone."""
    bundle = read(DOMAIN.bundle())
    assert bundle.trust_domain == "example.org"
    assert bundle.roots == (DOMAIN.roots[0].certificate,)
    assert list(bundle.jwt_keys) == ["example.org-1"]
    assert bundle.jwt_keys["example.org-1"].algorithms == {"ES256"}
    assert (bundle.sequence, bundle.refresh_hint) == (1, 300)
    assert bundle.usable


def test_numbers_have_64_bits() -> None:
    """Trust Domain and Bundle, section 4.1.1: more than a float can tell apart."""
    assert read({"keys": [], "spiffe_sequence": 2**64 - 1}).sequence == 2**64 - 1
    assert read({"keys": [], "spiffe_sequence": 2**53 + 1}).sequence == 2**53 + 1
    assert read({"keys": []}) == TrustBundle("example.org")


def test_what_is_unknown_is_ignored() -> None:
    """Section 4.1.3: another use or kind of key may be for whoever knows it; there is no key for us then."""
    with pytest.warns(SecurityWarning):
        weak = JwtKey("weak", rsa_key("weak", 1024)).public()
    unknown = [
        weak,
        {**KEY, "use": "wit-svid"},
        {**KEY, "use": "JWT-SVID"},
        {name: value for name, value in KEY.items() if name != "use"},
        {**KEY, "kty": "AKP"},
        {"kty": "oct", "use": "jwt-svid", "kid": "x"},
        {**OKPKey.generate_key("Ed25519").as_dict(private=False), "use": "jwt-svid", "kid": "x"},
        {**ROOT, "use": "sig"},
        {name: value for name, value in ROOT.items() if name != "x5c"},
        {**ROOT, "x5c": []},
    ]
    assert not read({"keys": unknown}).usable


def test_only_the_first_certificate_of_an_entry_counts() -> None:
    """X509-SVID, section 6.2."""
    other = TrustDomain("example.com").bundle()["keys"][0]["x5c"][0]
    assert read({"keys": [{**ROOT, "x5c": [ROOT["x5c"][0], other]}]}).roots == (DOMAIN.roots[0].certificate,)


PRIVATE = {**KEY, "d": "AAAA"}
MALFORMED: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "is no SPIFFE bundle"),
    "a list": ([KEY], "is no SPIFFE bundle"),
    "no keys": ({"spiffe_sequence": 1}, "is no SPIFFE bundle"),
    "keys that are no list": ({"keys": {}}, "is no SPIFFE bundle"),
    "a member twice": (b'{"keys": [], "keys": []}', "is no SPIFFE bundle"),
    "a key twice": (b'{"keys": [{"kty": "EC", "kty": "RSA"}]}', "is no SPIFFE bundle"),
    "too many keys": ({"keys": [{}] * 1001}, "is no SPIFFE bundle"),
    "too large": (b" " * (1 << 17), "is no SPIFFE bundle"),
    "deep": (b'{"keys": ' + b"[" * 50 + b"]" * 50 + b"}", "is no SPIFFE bundle"),
    "a text for a key": ({"keys": ["x"]}, "key 1 is no object"),
    "a key without a name": ({"keys": [{**KEY, "kid": ""}]}, "key 1 has no kid"),
    "two keys of one name": ({"keys": [KEY, {**JwtKey(KEY["kid"], ec_key("x")).public()}]}, "key 2 has the kid"),
    "a private key": ({"keys": [ROOT, PRIVATE]}, "key 2 is a private"),
    "no point of the curve": ({"keys": [{**KEY, "x": KEY["y"]}]}, "key 1 is no valid key"),
    "no base64": ({"keys": [{**ROOT, "x5c": ["!"]}]}, "key 1 has no certificate in x5c"),
    "no certificate": ({"keys": [{**ROOT, "x5c": ["AAAA"]}]}, "key 1 has no certificate in x5c"),
    "an object for certificates": ({"keys": [{**ROOT, "x5c": {"0": "AAAA"}}]}, "key 1 has no certificate in x5c"),
    "a number for a certificate": ({"keys": [{**ROOT, "x5c": [1]}]}, "key 1 has no certificate in x5c"),
    **{
        f"{name} {value!r}": ({"keys": [], name: value}, f"has a {name}")
        for name in ("spiffe_sequence", "spiffe_refresh_hint")
        for value in (-1, 1.5, "1", True, None, 2**64)
    },
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_malformed_is_refused_whole(what: str) -> None:
    """Half of a bundle would be a bundle that nobody published; no key is quoted."""
    document, sentence = MALFORMED[what]
    with pytest.raises(ValueError, match=sentence) as raised:
        read(document)
    assert KEY["x"] not in str(raised.value)
