"""Tokens that nobody signed: every field, every part of the signature and every algorithm of right ones changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from raw_tokens import (
    FITTING,
    KEYS,
    actor_claims,
    actor_token,
    assembled,
    confused,
    encode,
    subject_claims,
    subject_token,
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ALGORITHMS = (*FITTING, "ES256K", "HS256", "HS384", "HS512", "none", "None", "nOnE", "", "ES", "PS1", "A128KW", "dir")
STRANGERS: dict[str, Any] = {
    "rsa": RSAKey.generate_key(2048),
    "ec": ECKey.generate_key("P-256"),
    "ec384": ECKey.generate_key("P-384"),
    "ed": OKPKey.generate_key("Ed25519"),
}
# The order of P-256 (FIPS 186-5): signatures with r or s of 0 or of it must not verify (CVE-2022-21449).
ORDER = bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
Forged = tuple[str, str, str]


def all_forged() -> Iterator[Forged]:
    """Give each forgery as (what it is, which token it stands for, its text)."""
    for name, token, claims in (
        ("subject_token", subject_token("ES256"), subject_claims()),
        ("actor_token", actor_token(), actor_claims()),
    ):
        for what, text in (*_characters(token), *_signatures(token), *_claims(token, claims), *_headers(token)):
            yield what, name, text
    for what, text in (*_algorithms(), *_strangers(), *_confused()):
        yield what, "subject_token", text
    # Each is right, in the other's place.
    yield "the subject's as the actor's", "actor_token", subject_token("ES256")
    yield "the actor's as the subject's", "subject_token", actor_token()


def _characters(token: str) -> Iterator[tuple[str, str]]:
    """Change each character of the signature, and every seventh of what is signed."""
    start = token.rindex(".") + 1
    for at in (*range(start, len(token)), *range(0, start - 1, 7)):
        if token[at] != ".":
            other = ALPHABET[(ALPHABET.index(token[at]) + 1) % 64]
            yield f"character {at}", token[:at] + other + token[at + 1 :]


def _signatures(token: str) -> Iterator[tuple[str, str]]:
    signed, _, signature = token.rpartition(".")
    zero, one = bytes(32), bytes(31) + b"\1"
    for r in (zero, one, ORDER):
        for s in (zero, one, ORDER):
            yield "impossible numbers", f"{signed}.{encode(r + s)}"
    for other in ("", signature[:-1], signature[:-4], signature + "A", signature * 2, signature + "=", signature[::-1]):
        yield "another length", f"{signed}.{other}"
    yield "of DER", f"{signed}.{encode(b'0D' + bytes(68))}"
    yield "of another token", f"{signed}.{subject_token('ES256', jti='other').rpartition('.')[2]}"


def _claims(token: str, claims: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keep header and signature, and change each claim, take it away, or say it twice."""
    header, _, signature = token.split(".")
    for name, value in claims.items():
        others: list[Any] = [None, "mallory", ["mallory"], 0, {**claims, "x": value}]
        for other in others:
            yield f"claim {name}", f"{header}.{encode(json.dumps({**claims, name: other}).encode())}.{signature}"
        rest = {member: old for member, old in claims.items() if member != name}
        yield f"no claim {name}", f"{header}.{encode(json.dumps(rest).encode())}.{signature}"
        twice = json.dumps({name: value}).encode()[:-1] + b", " + json.dumps(claims).encode()[1:]
        yield f"claim {name} twice", f"{header}.{encode(twice)}.{signature}"
    yield (
        "claims in another order",
        f"{header}.{encode(json.dumps(dict(reversed(claims.items()))).encode())}.{signature}",
    )


def _headers(token: str) -> Iterator[tuple[str, str]]:
    """Keep claims and signature, and change the header, also to one that means the same."""
    _, payload, signature = token.split(".")
    base = {"typ": "at+jwt", "alg": "ES256", "kid": "ec"}
    changes: tuple[dict[str, Any], ...] = (
        {"kid": "rsa"}, {"kid": "ec384"}, {"kid": "../ec"}, {"kid": ["ec"]}, {"jku": "https://evil.example.com/"},
        {"x5u": "https://evil.example.com/"}, {"x5c": ["MIIB"]}, {"crit": []}, {"crit": ["kid"]}, {"b64": False},
        {"zip": "DEF"}, {"enc": "A128GCM"}, {"cty": "JWT"}, {"typ": "JWT"}, {"jwk": {}},
    )  # fmt: skip
    for change in changes:
        yield f"header {change}", f"{encode(json.dumps(base | change).encode())}.{payload}.{signature}"
    yield "no header", f".{payload}.{signature}"
    yield "no claims", f"{encode(json.dumps(base).encode())}..{signature}"


def _algorithms() -> Iterator[tuple[str, str]]:
    """Say another algorithm than the one that signed, with each key's name; and say nothing with no signature."""
    for algorithm in ALGORITHMS:
        for signing, kid in FITTING.items():
            if algorithm != signing and {algorithm, signing} != {"EdDSA", "Ed25519"}:
                header = {"typ": "at+jwt", "alg": algorithm, "kid": kid}
                text = json.dumps(subject_claims()).encode()
                yield (
                    f"{algorithm} signed by {signing}",
                    assembled(json.dumps(header).encode(), text, KEYS[kid], signing),
                )
    for algorithm in ("none", "None", "NONE", "", "RS256", "ES256"):
        header = {"typ": "at+jwt", "alg": algorithm, "kid": "rsa"}
        yield (
            f"unsigned {algorithm}",
            f"{encode(json.dumps(header).encode())}.{encode(json.dumps(subject_claims()).encode())}.",
        )


def _strangers() -> Iterator[tuple[str, str]]:
    """Sign rightly, with a stranger's key under the name of each of the issuer's, its own key in the header or not."""
    for algorithm, name in FITTING.items():
        key = STRANGERS[name]
        for kid in (*KEYS, "stranger", None):
            members: dict[str, Any] = {"typ": "at+jwt", "alg": algorithm, "kid": kid}
            brought = {"jwk": key.as_dict(private=False), "jku": "https://as.example.com/keys"}
            for extra in ({}, brought):
                header = {member: value for member, value in (members | extra).items() if value is not None}
                text = json.dumps(subject_claims()).encode()
                yield f"a stranger's {algorithm} as {kid}", assembled(json.dumps(header).encode(), text, key, algorithm)


def _confused() -> Iterator[tuple[str, str]]:
    """Sign with what everybody knows: the public key, the empty secret, the issuer's name."""
    for kid, key in KEYS.items():
        public = key.as_pem(private=False)
        secrets = (public, public.strip(), key.as_der(private=False), json.dumps(key.as_dict(private=False)).encode())
        for secret in (*secrets, b"", b"secret", b"https://as.example.com"):
            for algorithm in ("HS256", "HS384", "HS512"):
                header = {"typ": "at+jwt", "alg": algorithm, "kid": kid}
                yield f"{algorithm} as {kid}", confused(header, subject_claims(), secret)
