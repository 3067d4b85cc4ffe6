"""How the suites run in several processes (`make test-python`): in how many, and which tests stay together."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from actas.cores import usable_cores

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
def pytest_xdist_auto_num_workers() -> int:
    """Give two at least, as most of their time is waiting for servers, else the cores that this process may use.

    xdist would count those of the machine, of which a container may have few.
    """
    return max(2, usable_cores())


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Give the scheduler of `--dist loadfile`."""
    return Together(config, log) if config.getvalue("dist") == "loadfile" else None
