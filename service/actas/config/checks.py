"""What must hold between settings, and between a setting and the machine, before the server exists."""

from __future__ import annotations

import importlib.util
import ssl
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from actas.config import receipts
from actas.errors import ConfigError
from actas.listener import MAX_UNIX_PATH, Listener

if TYPE_CHECKING:
    from actas.config import Config

# More than a machine has use for; a mistake, and not a wish.
MOST_WORKERS = 256
# ".255", and while a worker comes up "~" with its generation.
_WORKER_SUFFIX = 12


def check(config: Config) -> None:
    """Check *config* as a whole.

    Raises:
        ConfigError: the first setting that cannot be served, and why.

    """
    _tls(config)
    _callers(config)
    _exposure(config)
    _places(config)
    _workers(config)
    _engine(config)
    receipts.check(config)
    if config.default_timeout > config.max_timeout:
        raise ConfigError("default_timeout", "is longer than max_timeout")
    _traces(config)


def _tls(config: Config) -> None:
    cert, key = config.tls_cert, config.tls_key
    if cert is None and key is None:
        return
    if cert is None or key is None:
        missing = "tls_cert" if cert is None else "tls_key"
        raise ConfigError(missing, "tls_cert and tls_key come together")
    _file("tls_cert", cert)
    _file("tls_key", key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: b"")
    except (ssl.SSLError, ValueError, OSError) as error:
        reason = getattr(error, "reason", None) or "not a PEM certificate chain with its unencrypted key"
        raise ConfigError("tls_key", f"{cert} and {key}: {reason}") from None


def _callers(config: Config) -> None:
    names = Counter(caller.name for caller in config.callers)
    hashes = Counter(digest for caller in config.callers for digest in caller.token_sha256)
    for name, count in names.items():
        if count > 1:
            raise ConfigError("callers", f"'{name}' is there twice")
    if any(count > 1 for count in hashes.values()):
        raise ConfigError("callers", "the same token_sha256 is there twice: a token names one caller")


def _exposure(config: Config) -> None:
    for listener in config.listen:
        if listener.local or config.insecure:
            continue
        remedy = "or listen on loopback or a Unix socket, or say --insecure"
        if config.tls_cert is None:
            raise ConfigError("tls_cert", f"{listener} is reachable from outside without TLS: set it, {remedy}")
        if not config.callers:
            raise ConfigError("callers", f"whoever reaches {listener} could ask: name the callers, {remedy}")
    metrics = config.metrics_listen
    if metrics is not None and (metrics.path is not None or not metrics.local):
        raise ConfigError("metrics_listen", f"{metrics} is not a loopback HOST:PORT")


def _places(config: Config) -> None:
    for listener in config.listen:
        _directory_of("listen", listener)
    for root in config.policies:
        if not root.exists():
            raise ConfigError("policies", f"{root}: no such directory or bundle")
    if config.state is not None:
        _file("state", config.state)
    if config.pid_file is not None and not config.pid_file.parent.is_dir():
        raise ConfigError("pid_file", f"{config.pid_file.parent}: no such directory")


def _workers(config: Config) -> None:
    if config.workers == 1:
        return
    if sys.platform != "linux":
        raise ConfigError("workers", "only Linux lets processes share a port as workers do: say workers = 1")
    for listener in config.listen:
        if listener.path is not None and len(str(listener.path).encode()) > MAX_UNIX_PATH - _WORKER_SUFFIX:
            raise ConfigError("listen", f"{listener}: too long for the number of a worker behind it")


def _engine(config: Config) -> None:
    if not config.opa_url:
        for name in ("opa_token_file", "opa_ca_file"):
            if getattr(config, name) is not None:
                raise ConfigError(name, "only goes with opa_url")
        return
    # The default gives way to a URL; what somebody asked for does not.
    if config.engine != "sidecar" and "engine" in config.model_fields_set:
        raise ConfigError("opa_url", f"that OPA evaluates: give opa_url or engine = {config.engine}, not both")
    url = urlsplit(config.opa_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ConfigError("opa_url", "must be an http or https URL")
    if url.username or url.password:
        raise ConfigError("opa_url", "must not hold a password: use opa_token_file")
    if url.scheme == "http" and not Listener(host=url.hostname).local and not config.insecure:
        raise ConfigError("opa_url", "policy answers over plain http could be forged: use https, or say --insecure")
    if config.policies:
        raise ConfigError("policies", "that OPA serves its own policies: give policies or opa_url, not both")
    if config.watch:
        raise ConfigError("watch", "that OPA serves its own policies: there is nothing to watch with opa_url")
    for name, path in (("opa_token_file", config.opa_token_file), ("opa_ca_file", config.opa_ca_file)):
        if path is not None:
            _file(name, path)


def _traces(config: Config) -> None:
    if not config.otlp_endpoint:
        return
    if urlsplit(config.otlp_endpoint).scheme not in {"http", "https"}:
        raise ConfigError("otlp_endpoint", "must be an http or https URL")
    if importlib.util.find_spec("opentelemetry") is None:
        raise ConfigError("otlp_endpoint", "traces need the extra: pip install 'actas[tracing]'")


def _file(setting: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(setting, f"{path}: {error.strerror}") from None


def _directory_of(setting: str, listener: Listener) -> None:
    if listener.path is not None and not listener.path.absolute().parent.is_dir():
        raise ConfigError(setting, f"{listener.path.parent}: no such directory")
