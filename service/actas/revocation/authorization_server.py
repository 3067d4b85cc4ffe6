"""The authorization servers that revocations are carried on to, as a file names them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from actas.errors import ConfigError
from actas.listener import Listener
from actas.revocation.entry import told

Text = Annotated[str, Field(min_length=1)]
_SETTING = "sts"


class AuthorizationServer(BaseModel):
    """One of them. What is asked there is asked as *client_id*, whose secret is in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Text
    client_id: Text
    client_secret_file: Path
    revocation_endpoint: str = ""
    """Where tokens are revoked (RFC 7009)."""
    keycloak: str = ""
    """The base URL of a Keycloak, whose admin API ends sessions in *realm*."""
    realm: str = ""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if bool(self.keycloak) != bool(self.realm):
            raise ValueError("keycloak and realm come together")
        if not self.keycloak and not self.revocation_endpoint:
            raise ValueError("needs a revocation_endpoint, or keycloak and realm")
        for url in filter(None, (self.keycloak, self.revocation_endpoint)):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
                raise ValueError("a URL must be http://… or https://…, without a user")
            if parts.scheme == "http" and not Listener(host=parts.hostname).local:
                raise ValueError("http beyond this machine shows the secret to everyone in between: use https")
        return self

    def secret(self) -> str:
        """Read the client's secret; raises ConfigError."""
        try:
            return self.client_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is no text"
            raise ConfigError(f"{_SETTING}.client_secret_file", f"{self.client_secret_file}: {reason}") from None


def read(file: Path) -> list[AuthorizationServer]:
    """Read the `[[sts]]` tables of *file*, TOML; paths in it are relative to it.

    Raises:
        ConfigError: it cannot be read, or says what cannot be.

    """
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get(_SETTING)
    except OSError as error:
        raise ConfigError(_SETTING, f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(_SETTING, f"{file}: {error}") from None
    if not isinstance(tables, list) or not tables:
        raise ConfigError(_SETTING, f"{file}: names no authorization server: [[sts]] with issuer and client_id")
    try:
        found = [AuthorizationServer.model_validate(table) for table in tables]
    except ValidationError as error:
        raise ConfigError(_SETTING, f"{file}: {told(error)}") from None
    return [
        server.model_copy(update={"client_secret_file": file.parent / server.client_secret_file}) for server in found
    ]
