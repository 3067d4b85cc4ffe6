"""What `/ready` of a service with workers says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from actas.config import Config
from actas.server.workers.readiness import readiness


def test_whatever_is_wrong_with_one_worker_is_told() -> None:
    """As a service in one process tells it of itself."""
    wrong = {"engine": "it is down", "state": "it is stale", "tls": "it ends", "receipts": "the store does not answer"}
    members: Any = [
        SimpleNamespace(serving=True, state={"ready": True, "revision": "r1"}),
        SimpleNamespace(serving=True, state={"ready": False, "revision": "r1", **wrong}),
        SimpleNamespace(serving=False, state={"ready": True}),
    ]

    told = readiness(Config(workers=3), members, "the new revision is refused")

    assert told["ready"]
    assert told["workers"] == {"able": 1, "serving": 2, "of": 3}
    assert {name: told[name] for name in wrong} == wrong
    assert told["activation"] == "the new revision is refused"
