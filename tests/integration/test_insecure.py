"""A listener that is open on purpose says so, at the start and for as long as it is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from ports import free_port
from service_support import adopter_root, service


@pytest.mark.parametrize("workers", [1, 2])
async def test_insecure_is_said_out_loud(tmp_path: Path, workers: int) -> None:
    """A warning in the log for each thing that is open, and the same in `/ready`, which stays ready."""
    port = free_port()
    settings = {
        "listen": "0.0.0.0:0",
        "insecure": "true",
        "workers": workers,
        "metrics_listen": f"127.0.0.1:{port}",
        "policies": adopter_root(tmp_path / "policies"),
    }
    async with service(tmp_path, settings) as running:
        said = [event for event in running.events if event["event"] == "insecure"]
        status, ready = running.ready(port)

    assert [event["level"] for event in said] == ["warning"] * 2
    assert status == 200
    assert ready["insecure"] == [event["problem"] for event in said]
    assert "without TLS" in ready["insecure"][0]
