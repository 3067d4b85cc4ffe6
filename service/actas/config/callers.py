"""Who may call, as the configuration names them: how each is recognised, what it may do, and how much."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from actas import spiffe
from actas.token_form import Algorithm

Permission = Literal["explain", "reflection", "revoke", "receipts", "outcome"]
"""`revoke` changes and reads revocations, `receipts` reads receipts, `outcome` reports what became of a decision."""

Text = Annotated[str, Field(min_length=1, max_length=1024)]
_FORM = ConfigDict(extra="forbid", frozen=True)


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _workload(text: str) -> str:
    if (found := spiffe.parse(text)) is None or not found.is_workload:
        raise ValueError(f"'{text}' is not the SPIFFE ID of a workload")
    return text


def _subject(text: str) -> str:
    from cryptography import x509  # noqa: PLC0415 - slow to load, and not every command needs it

    try:
        canonical = x509.Name.from_rfc4514_string(text).rfc4514_string()
    except ValueError:
        raise ValueError(f"'{text}' is not a distinguished name such as CN=sts,O=Example (RFC 4514)") from None
    if not canonical or canonical != text:
        raise ValueError(f"'{text}' is compared as text: write it as '{canonical}'")
    return text


class JwtIdentity(BaseModel):
    """A caller that is recognised by a JWT in its `authorization` header."""

    model_config = _FORM

    issuer: Text
    """The `iss` of its tokens, compared exactly."""
    subject: Text
    """Their `sub`, compared exactly."""
    audience: Text
    """What their `aud` must hold: the name of this service, so that no token for another one is good here."""
    jwks_file: Path
    """The issuer's public keys, a JWK set (RFC 7517), read again when the file changes."""
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = get_args(Algorithm)


class Caller(BaseModel):
    """An authorization server or gateway that may ask. Any one of the ways to recognise it is enough."""

    model_config = _FORM

    name: Annotated[str, Field(min_length=1, max_length=128)]
    """What records, logs and metrics call it."""
    token_sha256: tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...] = ()
    """SHA-256 of its bearer token in lower-case hex; two of them while a token is being rotated."""
    spiffe_id: Annotated[tuple[Annotated[str, AfterValidator(_workload)], ...], BeforeValidator(_one_or_several)] = ()
    """SPIFFE IDs of its X.509-SVIDs."""
    certificate_subject: Annotated[
        tuple[Annotated[str, AfterValidator(_subject)], ...], BeforeValidator(_one_or_several)
    ] = ()
    """Subjects of its certificates from an authority in `tls_client_ca`, as RFC 4514 writes them."""
    jwt: JwtIdentity | None = None

    authorization_servers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Issuer identifiers this caller may speak for."""
    permissions: frozenset[Permission] = frozenset()

    max_concurrency: Annotated[int, Field(ge=1)] | None = None
    """Calls of this caller that may be under way at once, in the whole service."""
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Decisions per second that it may ask for, in the whole service; each item of a batch is one."""
    burst: Annotated[int, Field(ge=1)] | None = None
    """Decisions that it may ask for at once after a pause; by default one second's worth, and at least 100."""

    @property
    def has_certificate(self) -> bool:
        """Whether a certificate is a way to recognise it."""
        return bool(self.spiffe_id or self.certificate_subject)

    @model_validator(mode="after")
    def _recognisable(self) -> Self:
        if not (self.token_sha256 or self.has_certificate or self.jwt):
            raise ValueError("a caller needs token_sha256, spiffe_id, certificate_subject or jwt")
        if self.burst is not None and self.rate is None:
            raise ValueError("burst only goes with rate")
        return self


def anchored(value: Any, base: Path) -> Any:
    """Give the table of callers with its relative paths below *base*; what is of another shape stays as it is."""
    return [_anchored(caller, base) for caller in value] if isinstance(value, list) else value


def _anchored(caller: Any, base: Path) -> Any:
    jwt = caller.get("jwt") if isinstance(caller, dict) else None
    if not isinstance(jwt, dict) or not isinstance(jwt.get("jwks_file"), str):
        return caller
    return {**caller, "jwt": {**jwt, "jwks_file": base / jwt["jwks_file"]}}
