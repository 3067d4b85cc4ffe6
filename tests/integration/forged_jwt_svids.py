"""JWT-SVIDs that their trust domain did not issue: every part of right ones changed, or of somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from raw_tokens import confused, encode
from svid_exchanges import AS
from trust_domain import keys
from trust_domain.authority import JwtKey, TrustDomain

PATH = "/agent/mail"
OWN, PARTNER = TrustDomain("example.org"), TrustDomain("partner.test")
# Whoever names his trust domain and his keys as the real one does, and signs everything rightly.
FORGER = TrustDomain("example.org", seed="a forger's")
AGENT = OWN.spiffe_id(PATH)
EDGES = (0, 1, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)


def jwt_svids() -> Iterator[tuple[str, str]]:
    """Give forged JWT-SVIDs, each with what it is."""
    token = OWN.jwt_svid(PATH, AS)
    yield from _characters(token)
    yield from _signatures(token)
    yield from _members(token)
    yield from _algorithms()
    yield from _signed_rightly()
    yield from _of_others()


def _characters(token: str) -> Iterator[tuple[str, str]]:
    for at in range(0, len(token), 5):
        if token[at] != ".":
            yield f"character {at}", f"{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}"


def _signatures(token: str) -> Iterator[tuple[str, str]]:
    """ECDSA signatures of impossible numbers (CVE-2022-21449), of other lengths and of other tokens."""
    signed, _, signature = token.rpartition(".")
    for r in EDGES:
        for s in EDGES:
            yield f"numbers {r} {s}", f"{signed}.{encode(r.to_bytes(32) + s.to_bytes(32))}"
    other = OWN.jwt_svid("/agent/other", AS).rpartition(".")[2]
    for changed in ("", signature[:-4], f"{signature}AAAA", signature * 2, f"{signature}=", other):
        yield "another signature", f"{signed}.{changed}"
    for form in (
        f" {token}",
        f"{token}\n",
        f"{token}.",
        f"{signed}",
        f"{token}.{signature}",
        token.replace(".", "..", 1),
    ):
        yield "another form", form


def _members(token: str) -> Iterator[tuple[str, str]]:
    """Change each member of header and claims, and keep the signature."""
    header, payload, signature = (part.encode() for part in token.split("."))
    kid = OWN.jwt_keys[0].kid
    right = {"alg": "ES256", "kid": kid, "typ": "JWT"}
    for change in (
        {"alg": "ES384"},
        {"alg": "none"},
        {"kid": "x"},
        {"kid": None},
        {"typ": "JOSE"},
        {"jwk": {}},
        {"crit": ["kid"]},
    ):
        yield f"header {change}", f"{_part({**right, **change})}.{payload.decode()}.{signature.decode()}"
    claims = {"sub": AGENT, "aud": [AS], "iat": 1, "exp": 4_000_000_000}
    for change in (
        {},
        {"sub": OWN.spiffe_id("/agent/other")},
        {"aud": [AS, "x"]},
        {"exp": 4_100_000_000},
        {"admin": True},
    ):
        yield f"claims {change}", f"{header.decode()}.{_part({**claims, **change})}.{signature.decode()}"


def _algorithms() -> Iterator[tuple[str, str]]:
    """Say another algorithm than the key's, none, or one of a shared secret that everybody knows."""
    public = json.dumps(OWN.jwt_keys[0].public()).encode()
    names = ("ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519", "ES256K", "none", "None", "", "dir", "es256")
    for name in names:
        yield f"says {name}", OWN.jwt_svid(PATH, AS, header={"alg": name})
        token = OWN.jwt_svid(PATH, AS, header={"alg": name})
        yield f"says {name}, unsigned", f"{token.rpartition('.')[0]}."
    for name in ("HS256", "HS384", "HS512"):
        for kid in (OWN.jwt_keys[0].kid, "", "x"):
            for secret in (public, b"", b"secret"):
                yield f"{name} {kid}", confused({"alg": name, "kid": kid, "typ": "JWT"}, _claims(), secret)


def _signed_rightly() -> Iterator[tuple[str, str]]:
    """Break the specification or the purpose under a right signature, as a careless authority might."""
    headers: tuple[dict[str, Any], ...] = (
        {"typ": "at+jwt"}, {"typ": "wit+jwt"}, {"typ": 1}, {"typ": ["JWT"]}, {"jku": "https://x.test"}, {"x5c": ["A"]},
        {"jwk": {"kty": "EC"}}, {"crit": ["exp"], "exp": 1}, {"b64": False}, {"cty": "JWT"},
        {"x5u": "https://x.test"}, {"kid": 1},
    )  # fmt: skip
    for header in headers:
        yield f"signed {header}", OWN.jwt_svid(PATH, AS, header=header)
    claims: tuple[dict[str, Any], ...] = (
        {"sub": None}, {"sub": ""}, {"sub": 1}, {"sub": [AGENT]}, {"sub": "alice"}, {"sub": "spiffe://example.org"},
        {"sub": "spiffe://example.org/"}, {"sub": f"{AGENT}/"}, {"sub": f"{AGENT}r"}, {"sub": f"{AGENT}\n"},
        {"sub": "spiffe://EXAMPLE.org/agent/mail"}, {"sub": "SPIFFE://example.org/agent/mail"}, {"sub": f"{AGENT}?x"},
        {"sub": "spiffe://example.org:443/agent/mail"}, {"sub": "spiffe://u@example.org/agent/mail"},
        {"sub": f"{AGENT}#x"},
        {"sub": "spiffe://example.org/agent/./mail"}, {"sub": "spiffe://example.org//agent/mail"},
        {"sub": "spiffe:///agent/mail"},
        {"sub": "spiffe://example.org/agent%2Fmail"}, {"sub": "https://example.org/agent/mail"},
        {"sub": "spiffe://example.org.evil.test/agent/mail"}, {"sub": "spiffe://partner.test/agent/shared/mail"},
        {"aud": None}, {"aud": []}, {"aud": ""}, {"aud": [1]}, {"aud": {}}, {"aud": [AS, AS]}, {"aud": [f"{AS}/"]},
        {"aud": ["https://other.test"]}, {"aud": [AS, "https://other.test"]}, {"aud": AS.upper()},
        {"exp": None}, {"exp": 0}, {"exp": 1_000_000_000}, {"exp": "4000000000"}, {"exp": True}, {"exp": -1},
        {"exp": [1]},
        {"nbf": 4_000_000_000}, {"iat": 4_000_000_000}, {"nbf": "x"}, {"iat": "x"}, {"act": {"sub": "x"}},
    )  # fmt: skip
    for change in claims:
        yield f"signed {change}", OWN.jwt_svid(PATH, AS, claims=change)


def _of_others() -> Iterator[tuple[str, str]]:
    """Sign rightly in the name of the agent, with every key but its trust domain's for JWT-SVIDs."""
    kids = [key.kid for key in OWN.jwt_keys]
    root = JwtKey(kids[0], OWN.roots[0].key)
    for what, key in (
        ("a root of the own trust domain", root),
        ("the forger", FORGER.jwt_keys[0]),
        ("the partner", PARTNER.jwt_keys[0]),
    ):
        for kid in (*kids, "", "x", None, PARTNER.jwt_keys[0].kid):
            yield f"{what} as {kid}", OWN.jwt_svid(PATH, AS, key=JwtKey(kid or "", key.key), header={"kid": kid})
    for algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
        yield algorithm, OWN.jwt_svid(PATH, AS, key=JwtKey(kids[0], keys.rsa_key("forger"), algorithm))
    for algorithm, curve in (("ES384", "P-384"), ("ES512", "P-521")):
        yield algorithm, OWN.jwt_svid(PATH, AS, key=JwtKey(kids[0], keys.ec_key("forger", curve), algorithm))


def _claims() -> dict[str, Any]:
    return {"sub": AGENT, "aud": [AS], "iat": 1, "exp": 4_000_000_000}


def _part(value: dict[str, Any]) -> str:
    return encode(json.dumps({name: entry for name, entry in value.items() if entry is not None}).encode())
