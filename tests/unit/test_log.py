"""The service's log: one JSON object per line, ours and the libraries'."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from actas.server import log


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("actas")
    before = (root.handlers[:], root.level, ours.level)
    yield
    structlog.reset_defaults()
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)


def test_everything_is_one_json_object_per_line() -> None:
    """Structured events, standard logging and newlines in values alike."""
    out = io.StringIO()
    log.configure("info", stream=out)

    structlog.get_logger("actas.test").info("first", value="a\nb")
    logging.getLogger("actas.engine").info("OPA runs again")
    logging.getLogger("some.library").warning("careful: %s", "x\ny")

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["first", "OPA runs again", "careful: x\ny"]
    assert [line["level"] for line in lines] == ["info", "info", "warning"]
    assert all("timestamp" in line for line in lines)


def test_libraries_stay_quiet_below_warning() -> None:
    """Their debug output would show payloads."""
    out = io.StringIO()
    log.configure("debug", stream=out)

    logging.getLogger("grpc").debug("payload eyJ")
    logging.getLogger("aiohttp").info("request")
    structlog.get_logger("actas.test").debug("seen")

    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["seen"]
