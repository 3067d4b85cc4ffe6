"""What people call those whom Keycloak names by UUID or by URL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DATABASE = "orders-db"


class Names:
    """The users and service accounts of a realm, read from the file that it was imported from."""

    def __init__(self, realm_file: Path) -> None:
        """Read *realm_file*."""
        realm = json.loads(realm_file.read_text(encoding="utf-8"))
        self._subs: dict[str, str] = {
            user["id"]: short(user.get("serviceAccountClientId", user["username"]))
            for user in realm["users"]
            if "id" in user
        }

    def items(self) -> Iterable[tuple[str, str]]:
        """Give each `sub` with its name."""
        return self._subs.items()

    def of(self, sub: str) -> str:
        """Give the name of *sub*, or *sub* where nobody has one."""
        return self._subs.get(sub, sub)

    def chain(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Give who acts for whom in a token: the user first, the current actor last."""
        actors, act = [], claims.get("act")
        while isinstance(act, dict):
            actors.append(self.of(str(act.get("sub"))))
            act = act.get("act")
        return (self.of(str(claims["sub"])), *reversed(actors))

    def annotated(self, act: Any) -> list[str]:
        """Give the `act` claim as it stands in a token, line by line, with the name beside each UUID."""
        lines = json.dumps({"act": _ordered(act)}, indent=2).splitlines()[1:-1]
        return [line[2:] + next((f"   <- {name}" for sub, name in self.items() if sub in line), "") for line in lines]


def short(client_id: str) -> str:
    """Give the name of a client: the database service is registered under the URL of its resource."""
    return DATABASE if client_id.startswith("http") else client_id


def _ordered(act: Any) -> Any:
    """Put the members of each level in the order in which a person reads them."""
    if not isinstance(act, dict):
        return act
    first = {name: act[name] for name in ("sub", "iss") if name in act}
    return first | {
        name: _ordered(act[name]) for name in sorted(act, key=lambda name: name == "act") if name not in first
    }
