"""The table `[trust]`: from where keys, bundles and introspection may come, and the secrets for it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actas.errors import ConfigError
from actas.evidence.anchors import IntrospectionClient, TrustAnchors

__all__ = ["IntrospectionClient", "TrustAnchors", "anchored", "check"]


def check(trust: TrustAnchors) -> None:
    """Check that what *trust* names is there; raises ConfigError naming the first that is not."""
    for directory in trust.directories:
        if not directory.is_dir():
            raise ConfigError("trust.directories", f"{directory}: no such directory")
    if trust.ca_file is not None:
        try:
            ssl.create_default_context(cafile=trust.ca_file)
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "no PEM certificates"
            raise ConfigError("trust.ca_file", f"{trust.ca_file}: {reason}") from None
    for issuer, client in trust.introspection.items():
        setting = f"trust.introspection.{issuer}.client_secret_file"
        try:
            secret = client.client_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                setting, f"{client.client_secret_file}: {getattr(error, 'strerror', 'no text')}"
            ) from None
        if not secret:
            raise ConfigError(setting, f"{client.client_secret_file}: is empty")
    if trust.workload_api and not trust.workload_api.startswith("unix:///"):
        raise ConfigError("trust.workload_api", "must be unix:///PATH, with three slashes")


def anchored(table: Any, base: Path) -> Any:
    """Give the table with its relative paths below *base*; what is of another shape is left for validation to name."""
    if not isinstance(table, Mapping):
        return table
    values = dict(table)
    _change(values, "ca_file", lambda path: base / path)
    if isinstance(values.get("directories"), list):
        values["directories"] = [base / path if isinstance(path, str) else path for path in values["directories"]]
    if isinstance(values.get("introspection"), Mapping):
        clients = {
            name: dict(client) for name, client in values["introspection"].items() if isinstance(client, Mapping)
        }
        for client in clients.values():
            _change(client, "client_secret_file", lambda path: base / path)
        values["introspection"] = {**values["introspection"], **clients}
    return values


def _change(values: dict[str, Any], name: str, change: Callable[[str], Path]) -> None:
    if isinstance(values.get(name), str):
        values[name] = change(values[name])
