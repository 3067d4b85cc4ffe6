"""The service's own configuration: flags, then `ACTAS_*`, then `actas.toml`.

It is complete and checked before the server exists: a `Config` that could be built can be served. Every mistake is
a `ConfigError` that names the key. Policy data (settings, registry) is another thing and lives with the policies.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from actas import config_checks
from actas.config_checks import MOST_WORKERS
from actas.cores import usable_cores
from actas.engine import DEFAULT_ENGINE, EngineKind
from actas.errors import ConfigError
from actas.limits import RequestLimits
from actas.listener import Listener

PREFIX = "ACTAS_"
DEFAULT_FILE = Path("actas.toml")
# Read by other parts of Actas, so not a misspelt setting.
_OTHER_VARIABLES = {"ACTAS_CONFIG", "ACTAS_OPA", "ACTAS_TOKEN"}
# Kubernetes tells every pod of a namespace about a Service named `actas` in these variables.
_SERVICE_LINKS = re.compile(r"ACTAS(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")
_PATHS = {"tls_cert", "tls_key", "opa_token_file", "opa_ca_file", "state", "pid_file"}

Permission = Literal["explain", "reflection"]
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


class Caller(BaseModel):
    """An authorization server or gateway that may ask, recognised by a bearer token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=128)
    """What records and logs call it."""
    token_sha256: Annotated[tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...], Field(min_length=1)]
    """SHA-256 of the token in lower-case hex; two of them while a token is being rotated."""
    authorization_servers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Issuer identifiers this caller may speak for."""
    permissions: frozenset[Permission] = frozenset()


class Config(BaseSettings):
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
    callers: tuple[Caller, ...] = ()
    """With none, whoever reaches the listener may ask: loopback and Unix sockets only."""
    insecure: bool = False
    """Allow a TCP listener beyond loopback without TLS or without callers."""

    policies: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Adopters' roots or bundles, added to the shipped policies."""
    allow_untested: bool = False
    """Activate an adopter's root that brings no suites."""
    watch: bool = False
    """Activate again when a policy root changes."""
    audience: Annotated[str, Field(min_length=1, max_length=1024)] = "actas"
    """Who this service is in the `aud` of the approvals that it verifies."""
    state: Path | None = None
    """The JSON file of revocations."""

    engine: EngineKind = DEFAULT_ENGINE
    """What evaluates the policies: `wasm` in this process, or an OPA child as `sidecar`."""
    opa_url: str = ""
    """Use this OPA, with the policies it serves, instead of an engine of our own."""
    opa_token_file: Path | None = None
    opa_ca_file: Path | None = None

    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = Field(default_factory=usable_cores)
    """Processes that share the listeners, by default one for each core that this process may use."""
    receipts: Literal["none"] = "none"
    """Where receipts are kept. There is no store yet: every decision is a line of the log."""

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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        config_checks.check(self)
        return self


def load(flags: Mapping[str, object] | None = None, *, file: Path | None = None) -> Config:
    """Build the configuration from *flags* (None = not given), the environment, and *file*.

    *file* defaults to `$ACTAS_CONFIG`, else to `actas.toml` in the working directory if there is one. Relative
    paths in the file are relative to the file.

    Raises:
        ConfigError: anything is missing, unknown, malformed or contradictory.

    """
    _refuse_unknown_variables()
    values = _read(file)

    class Loaded(Config):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings  # no third and fourth place to look
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=values)

    given: dict[str, Any] = {name: value for name, value in (flags or {}).items() if value not in (None, (), [])}
    try:
        return Loaded(**given)
    except ValidationError as error:
        raise _config_error(error) from None
    except ValueError as error:  # pydantic-settings raises its own kind for a variable that is no JSON
        raise ConfigError(_named_variable(str(error)), "the environment variable must hold JSON") from None


def _read(file: Path | None) -> dict[str, Any]:
    named = file or (Path(os.environ["ACTAS_CONFIG"]) if os.environ.get("ACTAS_CONFIG") else None)
    path = named or DEFAULT_FILE
    if named is None and not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("config", f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config", f"{path}: {error}") from None
    return {name: _anchored(name, value, path.parent) for name, value in values.items()}


def _anchored(name: str, value: Any, base: Path) -> Any:
    if name in _PATHS and isinstance(value, str):
        return base / value
    if name == "policies" and isinstance(value, list):
        return [base / item if isinstance(item, str) else item for item in value]
    return value


def _refuse_unknown_variables() -> None:
    for name in os.environ:
        if not name.startswith(PREFIX) or name in _OTHER_VARIABLES or _SERVICE_LINKS.fullmatch(name):
            continue
        if name.removeprefix(PREFIX).split("__")[0].lower() not in Config.model_fields:
            raise ConfigError(name, "no such setting")


def _config_error(error: ValidationError) -> ConfigError:
    # Only places and messages are shown: the values may be secrets.
    problems = [
        (".".join(str(part) for part in item["loc"]), item["msg"].removeprefix("Value error, "))
        for item in error.errors(include_url=False, include_input=False)
    ]
    setting, message = problems[0]
    return ConfigError(setting, message + "".join(f"; {name}: {text}" for name, text in problems[1:]))


def _named_variable(message: str) -> str:
    found = re.search(r'field "(\w+)"', message)
    return found.group(1) if found else "environment"
