"""The way into the service: one process, or a supervisor with its workers."""

from __future__ import annotations

import asyncio
import contextlib
import resource

import structlog
import uvloop

from actas.config import Config
from actas.server import log

_log = structlog.get_logger("actas.server")


def run(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP activates the policies again, SIGUSR2 replaces the workers.

    Raises:
        ConfigError: an address or file cannot be had.
        ActivationError: the policies may not serve.
        EngineError: OPA does not come up, or a worker does not.
        OpaNotFoundError: there is no OPA binary.
        StoreError: the store cannot be reached, or does not keep what is committed.

    """
    log.configure(config.log_level, config.log_format)
    _take_all_descriptors()
    # Each is imported where it is needed: a supervisor needs no gRPC.
    if config.workers == 1:
        from actas.server.app import serve_alone as main  # noqa: PLC0415
    else:
        from actas.server.workers.supervisor import supervise as main  # noqa: PLC0415
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(main(config))
        except asyncio.CancelledError:
            _log.info("stopped while starting")


def _take_all_descriptors() -> None:
    """Raise the soft limit of open files, often 1024, to the hard one: whoever connects must not lock others out."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Systems other than Linux may say that there is no limit, and refuse it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
