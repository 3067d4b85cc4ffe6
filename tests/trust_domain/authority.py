"""One SPIFFE trust domain: its certificate authority, its keys for JWT-SVIDs, and what they sign."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwk, jws

from trust_domain import certificates, keys
from trust_domain.certificates import Form, Issuer
from trust_domain.keys import PrivateKey

_KEPT = 3  # generations of authorities in the bundle: the newest signs, the older ones are still trusted


@dataclass(frozen=True, slots=True)
class X509Svid:
    """A workload's certificates, leaf first and without the root, and its private key (X509-SVID)."""

    spiffe_id: str
    chain: tuple[bytes, ...]
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class JwtKey:
    """A key for JWT-SVIDs with its `kid` and the algorithm that it signs under."""

    kid: str
    key: PrivateKey = field(repr=False)
    algorithm: str = "ES256"

    def public(self) -> dict[str, Any]:
        """Give the public key as it stands in a bundle (JWT-SVID, section 6.1)."""
        return {**_jwk(self.key).as_dict(private=False), "kid": self.kid, "use": "jwt-svid"}

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """Give *claims* signed, whatever *header* says."""
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (dict(header), dict(claims))
        ]
        algorithm = jws.JWSRegistry(algorithms=[self.algorithm]).get_alg(self.algorithm)
        signature = algorithm.sign(b".".join(parts), _jwk(self.key))
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


class TrustDomain:
    """A trust domain whose keys follow from *name*, *seed* and generation; *clock* gives seconds since the epoch."""

    def __init__(self, name: str, *, seed: str = "", clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self.sequence = 0
        self.refresh_hint: int | None = 300
        self._seed = f"{seed} {name}"
        self._clock = clock
        self.roots: list[Issuer] = []
        self.jwt_keys: list[JwtKey] = []
        self.rotate()

    def rotate(self) -> None:
        """Sign with new authorities from now on; the bundle keeps the two before them."""
        self.sequence += 1
        number = f"{self._seed} {self.sequence}"
        key = keys.ec_key(f"root {number}")
        form = certificates.authority(self.name, f"{self.name} root {self.sequence}")
        root = Issuer(certificates.sign(form, key, None, self._clock()), key)
        self.roots = [root, *self.roots][:_KEPT]
        self.jwt_keys = [JwtKey(f"{self.name}-{self.sequence}", keys.ec_key(f"jwt {number}")), *self.jwt_keys][:_KEPT]

    def spiffe_id(self, path: str) -> str:
        """Give the SPIFFE ID of the workload at *path*, such as `/agent/mail`."""
        return f"spiffe://{self.name}{path}"

    def intermediate(self, name: str = "intermediate", *, above: Issuer | None = None, **changed: Any) -> Issuer:
        """Give an authority below the newest root, or below *above*; *changed* are members of its `Form`."""
        form = replace(certificates.authority(self.name, f"{self.name} {name}"), **changed)
        return certificates.below(above or self.roots[0], form, keys.ec_key(f"{self._seed} {name}"), self._clock())

    def x509_svid(
        self, path: str, *, issuer: Issuer | None = None, key: PrivateKey | None = None, **changed: Any
    ) -> X509Svid:
        """Give the X509-SVID of the workload at *path*; *changed* are members of its `Form`."""
        return self.signed(replace(certificates.workload(self.spiffe_id(path)), **changed), path, issuer, key)

    def signed(self, form: Form, path: str, issuer: Issuer | None = None, key: PrivateKey | None = None) -> X509Svid:
        """Give the certificate that says *form*, with the chain of its *issuer*."""
        signer, own = issuer or self.roots[0], key or keys.ec_key(f"{self._seed} leaf {path} {self.sequence}")
        chain = (certificates.sign(form, own, signer, self._clock()), *signer.above)
        secret = own.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return X509Svid(self.spiffe_id(path), tuple(link.public_bytes(Encoding.DER) for link in chain), secret)

    def jwt_svid(
        self,
        path: str,
        audience: str,
        *,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        key: JwtKey | None = None,
    ) -> str:
        """Give the JWT-SVID of the workload at *path*; a member of *header* or *claims* that is None is left out."""
        signer, now = key or self.jwt_keys[0], int(self._clock())
        head = {"alg": signer.algorithm, "kid": signer.kid, "typ": "JWT", **(header or {})}
        body = {"sub": self.spiffe_id(path), "aud": [audience], "iat": now, "exp": now + 300, **(claims or {})}
        filled = [{name: value for name, value in part.items() if value is not None} for part in (head, body)]
        return signer.sign(*filled)

    def bundle(self) -> dict[str, Any]:
        """Give the SPIFFE bundle document (Trust Domain and Bundle, section 4)."""
        roots = [_root(root) for root in self.roots]
        document: dict[str, Any] = {"keys": [*roots, *(key.public() for key in self.jwt_keys)]}
        document["spiffe_sequence"] = self.sequence
        if self.refresh_hint is not None:
            document["spiffe_refresh_hint"] = self.refresh_hint
        return document

    def bundle_text(self) -> bytes:
        """Give the bundle document as a file or an endpoint has it."""
        return json.dumps(self.bundle()).encode()


def _root(root: Issuer) -> dict[str, Any]:
    der = root.certificate.public_bytes(Encoding.DER)
    # X509-SVID, section 6.1: such an entry has no kid.
    public = {name: value for name, value in _jwk(root.key).as_dict(private=False).items() if name != "kid"}
    return {**public, "use": "x509-svid", "x5c": [base64.b64encode(der).decode()]}


def _jwk(key: PrivateKey) -> jwk.Key:
    kinds: dict[type, Any] = {rsa.RSAPrivateKey: "RSA", ed25519.Ed25519PrivateKey: "OKP"}
    name = next((name for kind, name in kinds.items() if isinstance(key, kind)), "EC")
    return jwk.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), name)
