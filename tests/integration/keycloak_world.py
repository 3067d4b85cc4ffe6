"""What the tests of the core suite ask of the running Keycloak and Actas, and how they read the answers."""

from __future__ import annotations

import json
import time
from functools import cached_property
from typing import Any

import httpx
import jwt
import pytest

from keycloak_support import Story, story

ALICE = "00000000-0000-4000-8000-000000000001"
ACTORS = {
    "on-call": "00000000-0000-4000-8000-000000000101",
    "investigator": "00000000-0000-4000-8000-000000000102",
    "mcp-gateway": "00000000-0000-4000-8000-000000000103",
}
MCP = "http://127.0.0.1:8931/mcp"
EVERYTHING = "metrics:read orders:read orders:write"
STRONG = "urn:actas:acr:mfa"
LOGIN_SCOPE = "openid orders:read orders:delete payments:write"
Document = dict[str, Any]


class Hop:
    """One exchange of the chain: what was asked for, the token that it began with, and the answer."""

    def __init__(self, client: str, audience: str, scope: str, subject: str, answer: Any) -> None:
        """Keep the parts."""
        self.client = client
        self.audience = audience
        self.scope = scope
        self.subject_token = subject
        self.subject = claims(subject)
        self.answer = answer
        self.token: str = answer.token
        self.issued = claims(self.token)


class World:
    """Keycloak, Actas, and the tokens that the realm's clients obtain."""

    def __init__(self, running: Story) -> None:
        """Take what runs."""
        self.keycloak = running.keycloak
        self.actas = running.actas
        self.tokens = running.tokens

    @property
    def issuer(self) -> str:
        """What the realm calls itself."""
        return str(self.keycloak.issuer)

    def alice(self, scope: str = EVERYTHING) -> str:
        """Alice's own token, after a login with her password alone."""
        return str(self.tokens.password_grant("alice", scope=scope).token)

    @cached_property
    def chain(self) -> list[Hop]:
        """Three hops from Alice to the orders database, made once; the last of its tokens lives for a minute."""
        # As in life, where an agent works before it delegates. A session that Keycloak takes for younger than the
        # token, by two seconds, makes the token stale and logs the user out.
        return self.three_hops(pause=2.1)

    def three_hops(self, pause: float = 0.0) -> list[Hop]:
        """Go from Alice to the orders database, and wait before each hop."""
        subject, hops = self.alice(), []
        for client, audience, scope in (
            ("on-call", "investigator", EVERYTHING),
            ("investigator", "mcp-gateway", "metrics:read orders:read"),
            ("mcp-gateway", MCP, "orders:read"),
        ):
            time.sleep(pause)
            hops.append(Hop(client, audience, scope, subject, self.tokens.hop(client, subject, audience, scope)))
            subject = hops[-1].token
        return hops

    @cached_property
    def weak(self) -> tuple[Any, str]:
        """A browser in which Alice logged in with her password, and the token that the chat UI has from it."""
        browser = self.tokens.browser()
        return browser, str(self.tokens.browser_login("alice", scope=LOGIN_SCOPE, browser=browser).token)

    @cached_property
    def strong(self) -> str:
        """Alice's token after she stepped up with a one-time code, in the session of the weak token."""
        browser, _ = self.weak
        time.sleep(1.1)  # so that the two logins differ in auth_time
        return str(self.tokens.browser_login("alice", scope=LOGIN_SCOPE, acr_values=STRONG, browser=browser).token)

    def first_hop(self, subject: str, scope: str = "orders:read", **form: Any) -> Any:
        """Exchange *subject* as the on-call agent, for the investigator."""
        return self.tokens.hop("on-call", subject, "investigator", scope, **form)

    def decisions(self) -> list[Document]:
        """Every decision that Actas has logged."""
        return list(self.actas.decisions())

    def decision(self, decision_id: str) -> Document:
        """The line of Actas' log that has *decision_id*."""
        found = [line for line in self.decisions() if line["decision_id"] == decision_id]
        assert len(found) == 1, f"{len(found)} decisions with the id {decision_id}"
        return found[0]

    def events(self, kind: str) -> list[Document]:
        """Keycloak's events of one kind, the newest first."""
        found: list[Document] = self.admin("GET", f"events?type={kind}&max=1000")
        return found

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the admin API of the realm."""
        return self.keycloak.admin(method, f"realms/agents/{path}", body)

    def keys(self) -> dict[str, jwt.PyJWK]:
        """The public keys that the realm signs with, by key id."""
        answer = httpx.get(f"{self.keycloak.url}/realms/agents/protocol/openid-connect/certs", trust_env=False)
        found = jwt.PyJWKSet.from_dict(answer.json()).keys
        return {str(key.key_id): key for key in found if key.public_key_use == "sig"}


class Asked:
    """What Actas was asked since this was made. A decision is logged before its answer leaves, so nothing lags."""

    def __init__(self, world: World) -> None:
        """Begin to count."""
        self._world = world
        self._before = len(world.decisions())

    @property
    def decisions(self) -> list[Document]:
        """The decisions since then."""
        return self._world.decisions()[self._before :]

    @property
    def codes(self) -> list[str]:
        """The codes of the one decision since then."""
        assert len(self.decisions) == 1, f"{len(self.decisions)} decisions"
        return list(self.decisions[0].get("codes", []))


def claims(token: str) -> Document:
    """Decode the claims of *token*. Nothing is verified."""
    decoded: Document = jwt.decode(token, options={"verify_signature": False})
    return decoded


def refused(answer: Any, status: int, error: str) -> None:
    """Check that *answer* is an OAuth error, and that no token came with it."""
    assert (answer.status, answer.body.get("error")) == (status, error), dict(answer.body)
    assert not {"access_token", "refresh_token", "id_token"} & set(answer.body)
    assert answer.headers["cache-control"] == "no-store"
    assert "eyJ" not in json.dumps(dict(answer.body)), "a token in an error"


@pytest.fixture(scope="session")
def world() -> World:
    """Give the running world. A test that changes the realm puts it back."""
    return World(story())
