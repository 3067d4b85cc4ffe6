"""What must hold between settings, and between a setting and the machine, before the server exists."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from actas.config import exposure, receipts, tls, trust
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
    tls.check(config)
    _callers(config)
    exposure.check(config)
    _places(config)
    trust.check(config.trust)
    _workers(config)
    _engine(config)
    receipts.check(config)
    if config.default_timeout > config.max_timeout:
        raise ConfigError("default_timeout", "is longer than max_timeout")
    _traces(config)


def _callers(config: Config) -> None:
    known: Counter[tuple[str, str]] = Counter()
    for caller in config.callers:
        known["name", caller.name] += 1
        known.update(("token_sha256", digest) for digest in set(caller.token_sha256))
        known.update(("spiffe_id", name) for name in set(caller.spiffe_id))
        known.update(("certificate_subject", name) for name in set(caller.certificate_subject))
        if (jwt := caller.jwt) is not None:
            known["jwt", f"{jwt.subject} of {jwt.issuer}"] += 1
            tls.read("callers", jwt.jwks_file)
    for (way, value), count in known.items():
        if count > 1 and way == "token_sha256":
            raise ConfigError("callers", "the same token_sha256 is there twice: a token names one caller")
        if count > 1:
            raise ConfigError("callers", f"the {way} '{value}' is there twice: it names one caller")


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
