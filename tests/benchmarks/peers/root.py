"""The policy repository that Actas and its peers load alike, so that one list of exchanges fits all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from peers import vectors

AGENT = "spiffe://example.org/agent/mail"
# World's deepest chain: depth is measured on the same tree.
DEEPEST = 9
_LIFETIME_SECONDS = 900


def settings() -> dict[str, Any]:
    """Give the settings of the first vector, with room for deep chains."""
    return {**vectors.data()["settings"], "max_chain_depth": DEEPEST}


def registry() -> dict[str, Any]:
    """Give the registry of the first vector, with its actor as a registered agent: rules about agents then run."""
    found: dict[str, Any] = vectors.data()["registry"]
    client = found["clients"]["agent-mail"]
    found["clients"]["agent-mail"] = {**client, "actors": ["agent-0"]}
    identities = [{"spiffe_id": AGENT}]
    agent = {"identities": identities, "scopes": client["scopes"], "max_lifetime_seconds": _LIFETIME_SECONDS}
    return {**found, "agents": {"agent-0": agent}}


def repository(folder: Path) -> Path:
    """Write the adopter's root to *folder*."""
    files = {
        ".manifest": {"roots": ["custom/actas"]},
        "custom/actas/registry/data.json": registry(),
        "custom/actas/settings/data.json": settings(),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder
