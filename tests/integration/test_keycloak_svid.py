"""A client that authenticates with a JWT-SVID, on a Keycloak of its own: the feature is chosen when it is built."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from keycloak_changes import changed_client
from keycloak_support import REALM_FILE, SPIFFE_ID, Story, policies
from keycloak_world import Asked, World, claims, refused

pytestmark = pytest.mark.slow

SPIFFE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
TRUST_DOMAIN = "spiffe://agents.example"
OTHER_ID = "spiffe://agents.example/investigator"


class Bundle:
    """The bundle endpoint of a trust domain, and the key that signs its SVIDs."""

    def __init__(self) -> None:
        """Serve on a free port."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        document = json.dumps({"keys": [{**public, "kid": "svid-1", "use": "jwt-svid"}], "spiffe_refresh_hint": 300})

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(document.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/bundle"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def svid(self, world: World, spiffe_id: str = SPIFFE_ID, key: rsa.RSAPrivateKey | None = None) -> str:
        """Give a JWT-SVID for the realm, valid for a minute."""
        now = int(time.time())
        document = {"sub": spiffe_id, "aud": [world.issuer], "iat": now, "exp": now + 60}
        return jwt.encode(document, key or self.key, "RS256", headers={"kid": "svid-1", "typ": "JWT"})


@pytest.fixture(scope="module")
def bundle() -> Iterator[Bundle]:
    """Serve a bundle."""
    served = Bundle()
    yield served
    served.close()


@pytest.fixture(scope="module")
def workloads(bundle: Bundle) -> Iterator[World]:
    """A realm whose on-call agent authenticates with its SVID, instead of a secret."""
    import kc_actas
    import kc_dist
    import kc_server
    import kc_tokens

    with ExitStack() as stack:
        dist = kc_dist.ensure(print, options=["--features=spiffe"])
        actas = stack.enter_context(kc_actas.Actas(policies=[policies(stack)]))
        keycloak = stack.enter_context(kc_server.Keycloak(dist, realm=REALM_FILE, target=actas.address))
        tokens = kc_tokens.Tokens(keycloak)
        stack.callback(tokens.close)
        found = World(Story(keycloak, actas, tokens))
        config = {"trustDomain": TRUST_DOMAIN, "bundleEndpoint": bundle.url}
        provider = {"alias": "workloads", "providerId": "spiffe", "enabled": True, "config": config}
        found.admin("POST", "identity-provider/instances", provider)
        # Alice's may_act names a SPIFFE ID here: the actor is known by its SVID, not by a service account.
        mapper = next(
            each
            for each in found.admin("GET", "clients?clientId=chat-ui")[0]["protocolMappers"]
            if each["name"].startswith("may_act")
        )
        mapper["config"]["claim.value"] = json.dumps({"iss": TRUST_DOMAIN, "sub": SPIFFE_ID})
        chat_ui = found.admin("GET", "clients?clientId=chat-ui")[0]["id"]
        found.admin("PUT", f"clients/{chat_ui}/protocol-mappers/models/{mapper['id']}", mapper)
        federated = {"jwt.credential.issuer": "workloads", "jwt.credential.sub": SPIFFE_ID}
        stack.enter_context(
            changed_client(found, "on-call", clientAuthenticatorType="federated-jwt", attributes=federated)
        )
        yield found


def exchange(world: World, assertion: str, **form: Any) -> Any:
    """Exchange Alice's token as a client that authenticates with *assertion*, and with nothing else."""
    sent = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": world.alice("orders:read"),
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": "investigator",
        "scope": "orders:read",
        "client_assertion_type": SPIFFE,
        "client_assertion": assertion,
        **form,
    }
    address = f"{world.keycloak.url}/realms/agents/protocol/openid-connect/token"
    return httpx.post(address, data=sent, trust_env=False)


def test_the_svid_of_the_client_is_its_actor(workloads: World, bundle: Bundle) -> None:
    """Keycloak verified the SVID, Actas decides about its SPIFFE ID, and the token names that ID as the actor."""
    asked = Asked(workloads)
    answer = exchange(workloads, bundle.svid(workloads))
    assert answer.status_code == 200, answer.text
    (line,) = asked.decisions
    assert (line["effect"], line["actor"]["agent"], line["actor"]["spiffe_id"]) == ("ALLOW", "on-call", SPIFFE_ID)
    assert claims(answer.json()["access_token"])["act"] == {"iss": TRUST_DOMAIN, "sub": SPIFFE_ID}


def test_an_svid_of_another_workload_is_not_this_client(workloads: World, bundle: Bundle) -> None:
    """Keycloak finds no client for it, so that nobody is asked."""
    asked = Asked(workloads)
    assert exchange(workloads, bundle.svid(workloads, OTHER_ID)).status_code in (400, 401)
    assert asked.decisions == []


def test_a_forged_svid_authenticates_nobody(workloads: World, bundle: Bundle) -> None:
    """A key that is not in the trust domain's bundle."""
    asked = Asked(workloads)
    forged = bundle.svid(workloads, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    assert exchange(workloads, forged).status_code in (400, 401)
    assert asked.decisions == []


def test_an_assertion_in_the_form_is_no_authentication(workloads: World, bundle: Bundle) -> None:
    """A client that authenticated with its secret, beside the SVID of another one, is not that workload."""
    asked = Asked(workloads)
    form = {"client_assertion_type": SPIFFE, "client_assertion": bundle.svid(workloads)}
    answer = workloads.tokens.exchange(
        "rogue-agent", workloads.alice("orders:read"), audience="investigator", scope="orders:read", **form
    )
    refused(answer, 400, "invalid_request")
    (line,) = asked.decisions
    assert line["client"]["client_id"] == "rogue-agent"
    assert not {"actor_token", "actor_workload"} & set(line["evidence"])


def test_an_svid_is_no_actor_token_here_either(workloads: World, bundle: Bundle) -> None:
    """As actor_token it could be somebody else's: only the client's own authentication counts."""
    asked = Asked(workloads)
    svid = bundle.svid(workloads)
    form = {"actor_token": svid, "actor_token_type": "urn:ietf:params:oauth:token-type:jwt"}
    answer = exchange(workloads, bundle.svid(workloads), **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert asked.decisions == []
