"""The provider's report mode, as `GET /admin/serverinfo` tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date


def realms(setting: str) -> dict[str, date | None]:
    """Give the realms that *setting* names, each with its end date; None where that is not understood."""
    return dict(_entries(setting))


def _entries(setting: str) -> Iterator[tuple[str, date | None]]:
    for entry in filter(None, (part.strip() for part in setting.strip("{}[] ").split(","))):
        realm, _, day = entry.rpartition("=")
        try:
            yield realm.strip() or entry, date.fromisoformat(day.strip())
        except ValueError:
            yield realm.strip() or entry, None
