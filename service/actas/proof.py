"""What the service itself found out about raw evidence; what nobody examined here is the caller's word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Problem(StrEnum):
    """Why a piece of evidence proves nothing: for policies, metrics and logs, never for the OAuth client."""

    MALFORMED = "malformed"
    """It is in no form that can be read, or its header is not understood (RFC 7515, section 4.1.11)."""
    ISSUER_UNKNOWN = "issuer_unknown"
    """It names no issuer of the registry whose keys or introspection are known."""
    ALGORITHM = "algorithm"
    """Its algorithm is not the issuer's, or not one of the key's."""
    KEY_UNKNOWN = "key_unknown"
    """Its key is not among the keys of the issuer."""
    SIGNATURE = "signature"
    """Its signature is not one of that key."""
    KEYS_UNAVAILABLE = "keys_unavailable"
    """The issuer's keys cannot be had, or are older than they may be."""
    INACTIVE = "inactive"
    """The issuer says that the token is not active (RFC 7662, section 2.2)."""
    INTROSPECTION_UNAVAILABLE = "introspection_unavailable"
    """The issuer did not say whether the token is active."""
    TRUST_DOMAIN_UNKNOWN = "trust_domain_unknown"
    """The SVID is of a trust domain without a bundle here."""
    BUNDLE_STALE = "bundle_stale"
    """The trust domain's bundle is older than it may be."""
    BUNDLE_UNAVAILABLE = "bundle_unavailable"
    """The trust domain's bundle cannot be had."""
    EXPIRED = "expired"
    """The SVID, or a certificate that it leads through, is not valid at this time."""
    AUDIENCE = "audience"
    """The SVID is not for this authorization server alone."""
    POSSESSION = "possession"
    """Nobody says that the one who showed the certificate has its private key."""
    IDENTITY = "identity"
    """The evidence proves another identity than is declared."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What examining one piece of evidence has shown: without a problem, it is verified."""

    problem: Problem | None = None

    @property
    def verified(self) -> bool:
        """Whether the evidence was found to be genuine."""
        return self.problem is None
