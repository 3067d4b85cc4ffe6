"""What `/ready` says of a service with workers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actas.config import Config, exposure
from actas.server.workers.member import Member


def readiness(config: Config, members: Iterable[Member], trouble: str) -> dict[str, Any]:
    """Say whether decisions can be made, by how many workers, and everything that is wrong.

    One worker that can decide is enough to be ready: the kernel sends new connections to those that listen.
    """
    states = [member.state for member in members if member.serving]
    able = [state for state in states if state.get("ready")]
    detail = {
        "revision": next((state["revision"] for state in (*able, *states) if state.get("revision")), ""),
        "engine": next((state["engine"] for state in states if state.get("engine")), ""),
        "activation": trouble,
        "state": next((state["state"] for state in states if state.get("state")), ""),
        "tls": next((state["tls"] for state in states if state.get("tls")), ""),
        "insecure": exposure.warnings(config),
        "receipts": next((state["receipts"] for state in states if state.get("receipts")), ""),
    }
    return {
        "ready": bool(able),
        "evaluates": "sidecar" if config.opa_url else config.engine,
        "workers": {"able": len(able), "serving": len(states), "of": config.workers},
    } | {name: value for name, value in detail.items() if value}
