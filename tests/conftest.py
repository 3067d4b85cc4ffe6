"""Which tests stay together when the suites run in several processes (`make test-python`)."""

from __future__ import annotations

import pytest

KEYCLOAKS = {"keycloak_story", "world"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file together, and those of the one Keycloak: what they share is started once."""
    for item in items:
        needed = set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("keycloak" if KEYCLOAKS & needed else str(item.path)))
