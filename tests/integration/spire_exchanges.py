"""The exchange of deploy/spire/README.md with SVIDs of a real SPIRE agent: as token, beside it, as certificate."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import SubjectKeyIdentifier, load_der_x509_certificate
from ruamel.yaml import YAML
from spiffe import SpiffeId, TrustDomain, WorkloadApiClient

from actas.document import from_document
from actas.request import ExchangeRequest
from trust_domain.authority import X509Svid

AS, MAIL, OTHER = "https://auth.example.com", "spiffe://example.org/agent/mail", "spiffe://example.org/actas"
_SECONDS = 60
_JWT = "urn:ietf:params:oauth:token-type:jwt"


class Workload:
    """A process that asks the agent for SVIDs, and the exchanges that they stand in."""

    def __init__(self, spire: Path) -> None:
        """Ask the agent below *spire*, where the policies of the walk-through lie as well."""
        self._agent = WorkloadApiClient(f"unix://{spire}/agent.sock", default_timeout=10)
        text = (spire / "policies/examples/read-mail.yaml").read_text(encoding="utf-8")
        self._document: dict[str, Any] = YAML(typ="safe").load(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._agent.close()

    def jwt(self, spiffe_id: str = MAIL, *audiences: str) -> str:
        """Fetch a JWT-SVID."""
        return self._agent.fetch_jwt_svid(set(audiences or (AS,)), SpiffeId(spiffe_id)).token

    def x509(self, spiffe_id: str = MAIL) -> X509Svid:
        """Fetch an X509-SVID."""
        svid = next(svid for svid in self._agent.fetch_x509_svids() if str(svid.spiffe_id) == spiffe_id)
        chain = tuple(link.public_bytes(Encoding.DER) for link in svid.cert_chain)
        key = svid.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return X509Svid(spiffe_id, chain, key)

    def roots_pem(self) -> bytes:
        """Give the X.509 authorities of the own trust domain."""
        bundle = self._agent.fetch_x509_bundles().get_bundle_for_trust_domain(TrustDomain("example.org"))
        assert bundle is not None
        return b"".join(root.public_bytes(Encoding.PEM) for root in bundle.x509_authorities)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what the agent is to hear of or to do, which takes it some seconds."""
        end = time.monotonic() + _SECONDS
        while not holds():
            assert time.monotonic() < end, "it does not come about"
            time.sleep(0.2)

    def authorities(self) -> set[str]:
        """Give the ids, as SPIRE gives them, of all authorities that the agent knows."""
        jwt = {kid for bundle in self._agent.fetch_jwt_bundles().bundles for kid in bundle.jwt_authorities}
        roots = [root for bundle in self._agent.fetch_x509_bundles().bundles for root in bundle.x509_authorities]
        names = (root.extensions.get_extension_for_class(SubjectKeyIdentifier).value for root in roots)
        return jwt | {name.key_identifier.hex() for name in names}

    def by_token(self, token: str, **changes: Any) -> ExchangeRequest:
        """Give the exchange whose actor token is the raw *token*."""
        return self._with(actor_token={"token_type": _JWT, "kind": "jwt_svid", "unverified_token": token}, **changes)

    def beside(self, token: str) -> ExchangeRequest:
        """Give the exchange with *token* as evidence beside an actor token for which the caller vouches."""
        return self._with(actor_workload={"spiffe_id": MAIL, "jwt_svid": token})

    def by_certificate(self, chain: Sequence[bytes]) -> ExchangeRequest:
        """Give the exchange whose actor showed *chain*, DER, in its handshake with the authorization server."""
        ends = int(load_der_x509_certificate(chain[0]).not_valid_after_utc.timestamp())
        return self._with(
            actor_token={
                "token_type": _JWT, "kind": "x509_svid", "verified": True, "claims": {"sub": MAIL, "exp": ends},
                "bundle_trust_domain": "example.org",
            },
            actor_workload={"spiffe_id": MAIL, "x509_svid": [base64.b64encode(link).decode() for link in chain]},
        )  # fmt: skip

    def _with(self, **changes: Any) -> ExchangeRequest:
        return from_document({**self._document, **changes})


def tampered(token: str) -> str:
    """Change one character of the signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def signer(token: str) -> str:
    """Name the key that signed *token*."""
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])
