"""Everything `actas serve` needs to know, with types and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from actas.config import checks
from actas.config.callers import Caller
from actas.config.checks import MOST_WORKERS
from actas.config.receipts import ReceiptSettings
from actas.config.trust import TrustAnchors
from actas.cores import usable_cores
from actas.engine import DEFAULT_ENGINE, EngineKind
from actas.limits import RequestLimits
from actas.listener import Listener

PREFIX = "ACTAS_"
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _limits(value: object) -> RequestLimits:
    if isinstance(value, RequestLimits):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("must be a table of limits")  # noqa: TRY004 - pydantic names the key of a ValueError only
    known = {member.name for member in fields(RequestLimits)}
    for name, limit in value.items():
        if name not in known:
            raise ValueError(f"unknown limit '{name}', known are {', '.join(sorted(known))}")
        if isinstance(limit, bool) or not str(limit).isdecimal() or int(limit) < 1:
            raise ValueError(f"'{name}' must be a positive integer")
    return RequestLimits(**{name: int(limit) for name, limit in value.items()})


def _listed(value: object) -> object:
    """One flag or variable may hold several addresses or directories, separated by commas."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Address = Annotated[Listener, BeforeValidator(Listener.parse)]


class Config(ReceiptSettings, BaseSettings):
    """Everything `actas serve` needs to know. Times are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    listen: Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_listed), Field(min_length=1)] = (
        Listener(host="127.0.0.1", port=50051),
    )
    """`HOST:PORT` or `unix:PATH`; port 0 takes a free one."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_workload_api: Annotated[Listener | None, NoDecode, BeforeValidator(Listener.parse)] = None
    """`unix:///PATH` of the SPIFFE Workload API, which gives the service its own X.509-SVID and the bundles of trust
    domains, instead of *tls_cert* and *tls_key*."""
    tls_client_ca: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_listed)] = ()
    """PEM files of the authorities whose certificates callers may present; never for SPIFFE IDs."""
    tls_spiffe_bundles: Mapping[str, Path] = {}
    """The authorities of each trust domain that callers may be of: PEM or a SPIFFE bundle document."""
    callers: tuple[Caller, ...] = ()
    """With none, whoever reaches the listener may ask: loopback and Unix sockets only."""
    insecure: bool = False
    """Allow a TCP listener beyond loopback without TLS or without callers; the log and `/ready` say so all the time."""

    policies: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Adopters' roots or bundles, added to the shipped policies."""
    allow_untested: bool = False
    """Activate an adopter's root that brings no suites."""
    watch: bool = False
    """Activate again when a policy root changes."""
    audience: Annotated[str, Field(min_length=1, max_length=1024)] = "actas"
    """Who this service is in the `aud` of the approvals that it verifies."""
    trust: TrustAnchors = TrustAnchors()
    """From where keys, bundles and introspection may come."""
    state: Path | None = None
    """The JSON file of revocations, which count beside those of the store."""
    revocations_stale_after: Annotated[float, Field(gt=0, le=5)] = 3.0
    """Nothing is allowed when the store's revocations were not heard of for so long; at most 5."""

    engine: EngineKind = DEFAULT_ENGINE
    """What evaluates the policies: `wasm` in this process, or an OPA child as `sidecar`."""
    opa_url: str = ""
    """Use this OPA, with the policies it serves, instead of an engine of our own."""
    opa_token_file: Path | None = None
    opa_ca_file: Path | None = None

    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = Field(default_factory=usable_cores)
    """Processes that share the listeners, by default one for each core that this process may use."""

    default_timeout: Seconds = 1.0
    """Time for a decision when the caller sets no deadline."""
    max_timeout: Seconds = 10.0
    """The longest a decision may take, whatever the caller's deadline."""
    max_connection_age: Seconds = 300.0
    """Connections are closed at this age, so that clients spread over all servers again."""
    grace: Seconds = 10.0
    """How long a stop waits for what is in flight."""
    limits: Annotated[RequestLimits, BeforeValidator(_limits)] = RequestLimits()

    reflection: bool = False
    metrics_listen: Annotated[Listener | None, NoDecode, BeforeValidator(Listener.parse)] = None
    """Loopback `HOST:PORT` for `/metrics` and `/ready`."""
    pid_file: Path | None = None
    """Where the service writes its process id, for `actas policy reload` and `actas workers restart`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str = ""
    """Base URL of an OpenTelemetry collector (OTLP over HTTP); empty: no traces."""

    @property
    def secured(self) -> bool:
        """Whether TCP listeners speak TLS."""
        return self.tls_cert is not None or self.tls_workload_api is not None

    @property
    def mutual(self) -> bool:
        """Whether whoever connects with TLS must show a certificate."""
        named = any(caller.has_certificate for caller in self.callers)
        return self.secured and bool(self.tls_client_ca or self.tls_spiffe_bundles or named)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        checks.check(self)
        return self
