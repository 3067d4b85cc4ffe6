"""One Keycloak with the provider and one Actas for all tests that need them, started once and stopped at the end."""

from __future__ import annotations

import atexit
import functools
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
KEYCLOAK = ROOT / "deploy" / "keycloak"
REALM_FILE = KEYCLOAK / "realm.json"
POLICIES = KEYCLOAK / "policies"
SPIFFE_ID = "spiffe://agents.example/on-call"
"""What the registry knows the on-call agent by besides; the story itself needs no SPIFFE ID."""
REALM = "agents"
ISSUER = f"http://127.0.0.1:8180/realms/{REALM}"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
# Never missing on a machine that says it runs these tests: a skipped protection is one that nobody tested.
NEEDED = ("java", "mvn")

if str(KEYCLOAK / "harness") not in sys.path:
    sys.path.append(str(KEYCLOAK / "harness"))


@dataclass(frozen=True)
class Story:
    """The story's world, running: `kc_server.Keycloak`, `kc_actas.Actas` and `kc_tokens.Tokens`."""

    keycloak: Any
    actas: Any
    tokens: Any


@functools.cache
def story() -> Story:
    """Start both where they don't run yet; they stop when the tests' process ends."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        pytest.fail(f"these tests run a real Keycloak, and there is no {' and no '.join(missing)}", pytrace=False)
    import kc_actas
    import kc_dist
    import kc_server
    import kc_tokens

    stack = ExitStack()
    atexit.register(stack.close)
    dist = kc_dist.ensure(_say)
    actas = stack.enter_context(kc_actas.Actas(policies=[policies(stack)]))
    keycloak = stack.enter_context(kc_server.Keycloak(dist, free_port(), realm=REALM_FILE, target=actas.address))
    return Story(keycloak, actas, kc_tokens.Tokens(keycloak))


def policies(stack: ExitStack) -> Path:
    """Give a copy of the story's policies in which the on-call agent has a SPIFFE ID too."""
    root = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "policies"
    shutil.copytree(POLICIES, root)
    data = root / "custom" / "actas" / "registry" / "data.yaml"
    yaml = YAML()
    registry = yaml.load(data)
    registry["agents"]["on-call"]["identities"].append({"spiffe_id": SPIFFE_ID})
    registry["trust_domains"] = {"agents.example": {"kind": "own"}}
    yaml.dump(registry, data)
    return root


@pytest.fixture(scope="session")
def keycloak_story() -> Story:
    """Give the running world. A test that changes the realm puts it back."""
    return story()


@contextmanager
def changed(keycloak: Any, path: str, **changes: Any) -> Iterator[dict[str, Any]]:
    """Change members of the representation at *path* below the realm's admin URL, and put them back."""
    before = keycloak.admin("GET", path)
    keycloak.admin("PUT", path, merged(before, changes))
    try:
        yield before
    finally:
        # An attribute that was not there is taken away again by an empty one.
        added = {name: "" for name in changes.get("attributes", {}) if name not in before.get("attributes", {})}
        keycloak.admin("PUT", path, merged(before, {"attributes": added} if added else {}))


def merged(representation: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Give *representation* with *changes*; its attributes are changed one by one."""
    both = representation | changes
    if "attributes" in changes:
        both["attributes"] = representation.get("attributes", {}) | changes["attributes"]
    return both


def client(keycloak: Any, client_id: str) -> str:
    """Give the path of a client of the realm."""
    found = keycloak.admin("GET", f"realms/{REALM}/clients?clientId={client_id}")
    return f"realms/{REALM}/clients/{found[0]['id']}"


def client_scope(keycloak: Any, name: str) -> str:
    """Give the path of a client scope of the realm."""
    scopes = keycloak.admin("GET", f"realms/{REALM}/client-scopes")
    return f"realms/{REALM}/client-scopes/{next(scope['id'] for scope in scopes if scope['name'] == name)}"


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
