"""Which tests stay together when the suites run in several processes (`make test-python`)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
NEEDS_IT = re.compile(r"\b(?:world: World|keycloak_story: Story)\b")


class Together(LoadScopeScheduling):
    """The tests of a file in one process, and all that need the one Keycloak: what they share is started once."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid.partition("::")[0])


@cache
def group(file: str) -> str:
    """Name what a test file belongs to; xdist knows nothing of a test but its name."""
    path = ROOT / file
    shares = path.name.startswith("test_keycloak") and NEEDS_IT.search(path.read_text(encoding="utf-8"))
    return "keycloak" if shares else file


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Give the scheduler of `--dist loadfile`."""
    return Together(config, log) if config.getvalue("dist") == "loadfile" else None
