"""The service's log: one JSON object per line on standard error, never a token."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, TextIO

import orjson
import structlog

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def configure(
    level: str = "info", style: str = "json", *, stream: TextIO | None = None, worker: int | None = None
) -> None:
    """Send everything that is logged, by us and by libraries, to *stream* (standard error) in one *style*.

    *style* is `json` or `console`; *level* is a level's name; *worker* is the number that each line carries.
    """
    shared = _SHARED if worker is None else (*_SHARED, _numbered(worker))
    out = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, _renderer(style)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(style)],
        )
    )
    # Libraries speak at their own level only when something is wrong: their debug output shows payloads.
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
    logging.getLogger("actas").setLevel(threshold)


def _numbered(worker: int) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["worker"] = worker
        return event

    return add


def _renderer(style: str) -> structlog.typing.Processor:
    if style == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(serializer=_line, default=str)


def _line(event: dict[str, Any], **options: Any) -> str:
    try:
        text = orjson.dumps(event, default=str).decode()
    except orjson.JSONEncodeError:
        text = ""  # an integer beyond 64 bits, a lone surrogate
    # Other characters are escaped: what a terminal or a reader of another encoding makes of them is nobody's guess.
    return text if text.isascii() and text else json.dumps(event, **options)
