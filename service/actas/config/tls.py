"""How the service shows who it is and how it knows the certificates of callers: checked before anything listens."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from actas.errors import ConfigError
from actas.spiffe import parse

if TYPE_CHECKING:
    from actas.config import Config


def check(config: Config) -> None:
    """Check the settings that begin with `tls_`, and that every caller can be recognised.

    Raises:
        ConfigError: names the setting.

    """
    _own(config)
    if config.tls_client_ca or config.tls_spiffe_bundles:
        _authorities(config)
    if not config.secured:
        for setting in ("tls_client_ca", "tls_spiffe_bundles"):
            if getattr(config, setting):
                raise ConfigError(setting, "only goes with tls_cert and tls_key, or tls_workload_api")
    for name, problem in _unrecognisable(config):
        raise ConfigError("callers", f"'{name}': {problem}")


def check_pair(cert: Path, key: Path) -> None:
    """Check that *key* is that of the first certificate in *cert*.

    Raises:
        ValueError: a sentence without anything of the key.

    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: b"")
    except (ssl.SSLError, ValueError, OSError) as error:
        reason = getattr(error, "reason", None) or "not a PEM certificate chain with its unencrypted key"
        raise ValueError(f"{cert} and {key}: {reason}") from None


def read(setting: str, path: Path) -> bytes:
    """Read the file that *setting* names; raises ConfigError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(setting, f"{path}: {error.strerror}") from None


def _own(config: Config) -> None:
    cert, key, workload_api = config.tls_cert, config.tls_key, config.tls_workload_api
    if workload_api is not None:
        if workload_api.path is None:
            raise ConfigError("tls_workload_api", "must be unix:///PATH")
        if cert is not None or key is not None:
            raise ConfigError("tls_workload_api", "gives the certificate: leave out tls_cert and tls_key")
        return
    if cert is None and key is None:
        return
    if cert is None or key is None:
        missing = "tls_cert" if cert is None else "tls_key"
        raise ConfigError(missing, "tls_cert and tls_key come together")
    read("tls_cert", cert)
    read("tls_key", key)
    try:
        check_pair(cert, key)
    except ValueError as error:
        raise ConfigError("tls_key", str(error)) from None


def _authorities(config: Config) -> None:
    from actas.evidence.x509_chain import read_authorities, read_certificates  # noqa: PLC0415 - slow to load

    for path in config.tls_client_ca:
        try:
            read_certificates(read("tls_client_ca", path))
        except ValueError as error:
            raise ConfigError("tls_client_ca", f"{path}: {error}") from None
    for trust_domain, path in config.tls_spiffe_bundles.items():
        if (name := parse(f"spiffe://{trust_domain}")) is None or name.path:
            raise ConfigError("tls_spiffe_bundles", f"'{trust_domain}' is no trust domain")
        try:
            read_authorities(read("tls_spiffe_bundles", path))
        except ValueError as error:
            raise ConfigError("tls_spiffe_bundles", f"{trust_domain}: {path}: {error}") from None


def _unrecognisable(config: Config) -> Iterator[tuple[str, str]]:
    for caller in config.callers:
        if caller.certificate_subject and not config.tls_client_ca:
            yield caller.name, "certificate_subject needs tls_client_ca, whose authorities sign such certificates"
        for text in caller.spiffe_id:
            name = parse(text)
            known = name is not None and name.trust_domain in config.tls_spiffe_bundles
            if not known and config.tls_workload_api is None:
                yield (
                    caller.name,
                    f"{text} needs the bundle of its trust domain: tls_spiffe_bundles or tls_workload_api",
                )
