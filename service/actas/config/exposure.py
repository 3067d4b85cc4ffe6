"""What of the service is reachable from outside of the machine, and what protects it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from actas.errors import ConfigError

if TYPE_CHECKING:
    from actas.config import Config


def exposed(config: Config) -> Iterator[tuple[str, str]]:
    """Give each listener beyond this machine that lacks a protection: the setting that is missing, and a sentence."""
    for listener in config.listen:
        if listener.local:
            continue
        if not config.secured:
            yield "tls_cert", f"{listener} is reachable from outside without TLS"
        if not config.callers:
            yield "callers", f"whoever reaches {listener} may ask"


def check(config: Config) -> None:
    """Refuse what is exposed, unless `insecure` says that it is meant.

    Raises:
        ConfigError: names the setting that is missing.

    """
    for setting, problem in exposed(config) if not config.insecure else ():
        raise ConfigError(setting, f"{problem}: set it, or listen on loopback or a Unix socket, or say --insecure")
    metrics = config.metrics_listen
    if metrics is not None and (metrics.path is not None or not metrics.local):
        raise ConfigError("metrics_listen", f"{metrics} is not a loopback HOST:PORT")


def warnings(config: Config) -> list[str]:
    """Say in sentences what `insecure` leaves open; nothing where nothing is."""
    return [problem for _setting, problem in exposed(config)]
