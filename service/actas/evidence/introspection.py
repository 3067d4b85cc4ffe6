"""Opaque tokens, about which their issuer is asked (RFC 7662)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actas import strict_json
from actas.errors import ProtocolError
from actas.evidence.anchors import TrustAnchors
from actas.evidence.raw_token import DEFAULT_LIMITS
from actas.evidence.unfetched import FetchError
from actas.limits import RequestLimits
from actas.request import JsonText

if TYPE_CHECKING:
    from actas.evidence.fetch import Fetcher


class NotSaidError(Exception):
    """The issuer did not say whether the token is active; `reason` is a word for logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Introspector:
    """Asks issuers, each with the secret that is for it alone. Nothing is remembered: a token may end at any time."""

    def __init__(self, fetcher: Fetcher, anchors: TrustAnchors, limits: RequestLimits = DEFAULT_LIMITS) -> None:
        """Read the secrets, once; raises OSError. What is said may hold as much as claims in a request."""
        self._fetcher = fetcher
        self._anchors = anchors
        self._limits = limits
        self._clients = {
            issuer: (client.client_id, client.client_secret_file.read_text(encoding="utf-8").strip())
            for issuer, client in anchors.introspection.items()
        }

    async def introspect(self, issuer: str, endpoint: str, token: str, within: float) -> JsonText | None:
        """Give what *issuer* says of *token* at *endpoint*, in at most *within* seconds; None when it is not active.

        Raises:
            NotSaidError: it did not say, or something that cannot be relied on.

        """
        if issuer not in self._clients:
            raise NotSaidError("no_client")
        # Activation has refused such a registry; the data of a foreign OPA was not activated here.
        if self._anchors.introspection_problem_of(issuer, endpoint):
            raise NotSaidError("not_anchored")
        client_id, secret = self._clients[issuer]
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            async with asyncio.timeout(within):
                text = await self._fetcher.post(endpoint, form, client_id=client_id, client_secret=secret)
        except TimeoutError:
            raise NotSaidError("timeout") from None
        except FetchError as error:
            raise NotSaidError(error.reason) from None
        return _claims(text, issuer, self._limits)


def _claims(text: bytes, issuer: str, limits: RequestLimits) -> JsonText | None:
    try:
        said = strict_json.parse(text, "", max_bytes=limits.claims_bytes, max_depth=limits.nesting)
    except ProtocolError:
        raise NotSaidError("unusable") from None
    claims: Mapping[str, Any] = said.value if said.well_formed and isinstance(said.value, dict) else {}
    active = claims.get("active")
    if not isinstance(active, bool):
        raise NotSaidError("unusable")
    if not active:
        return None
    # Whom the token is of is who was asked; one that says another is nobody's (section 2.2: iss is optional).
    if claims.get("iss", issuer) != issuer:
        raise NotSaidError("other_issuer")
    value = {**claims, "iss": issuer}
    return JsonText(strict_json.dumps(value), value)
