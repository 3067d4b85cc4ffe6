"""What the fault suites share: exchanges that are right, and how long an answer takes."""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from kc_actas import Actas
from kc_tokens import Response, Tokens

from keycloak_support import KEYCLOAK

NO_DECISION = (403, {"error": "access_denied", "error_description": "no decision"})
ON_CALL = "00000000-0000-4000-8000-000000000101"
INVESTIGATOR = "00000000-0000-4000-8000-000000000102"


class Exchanges:
    """Alice's first two hops, with tokens that were obtained before the fault."""

    SECOND_CHAIN: ClassVar = [INVESTIGATOR, ON_CALL]

    def __init__(self, tokens: Tokens) -> None:
        """Log Alice in, and give each agent its own token."""
        self._tokens = tokens
        self.alice = tokens.password_grant("alice", scope="metrics:read orders:read orders:write").token
        self._actors = {client: tokens.client_credentials(client).token for client in ("on-call", "investigator")}
        self._hop: str = ""

    def first(self, **form: str) -> Response:
        """Exchange Alice's token as the on-call agent."""
        return self._exchange("on-call", self.alice, "investigator", "metrics:read orders:read", form)

    def second(self, **form: str) -> Response:
        """Exchange the token of the first hop, made at the first call, as the investigator."""
        self._hop = self._hop or self.first().token
        return self.second_of(self._hop, **form)

    def second_of(self, hop: str, **form: str) -> Response:
        """Exchange the token *hop* as the investigator."""
        return self._exchange("investigator", hop, "mcp-gateway", "orders:read", form)

    def refused_before_actas(self) -> Response:
        """Ask for something that Keycloak refuses without asking Actas, after it has looked at the subject token."""
        return self._exchange("on-call", self.alice[:-8] + "AAAAAAAA", "investigator", "orders:read", {})

    def ready(self) -> None:
        """Make the token of the first hop, before anything is broken."""
        assert self.second().status == 200

    @staticmethod
    def chain(answer: Response) -> list[dict[str, Any]]:
        """Give the levels of `act`, most recent first."""
        return levels(answer.claims.get("act"))

    def _exchange(self, client: str, subject: str, audience: str, scope: str, form: dict[str, str]) -> Response:
        return self._tokens.exchange(
            client, subject, actor=self._actors[client], audience=audience, scope=scope, **form
        )


def another_actas() -> Actas:
    """An Actas of its own with the same policies, on a port of its own."""
    return Actas(policies=[KEYCLOAK / "policies"])


@contextlib.contextmanager
def nobody_answers(address: str) -> Iterator[None]:
    """Take connections at *address*, and say nothing: a host that hangs before it has said a word."""
    host, port = address.rsplit(":", 1)
    with socket.create_server((host, int(port))):
        yield


def levels(act: Any) -> list[dict[str, Any]]:
    """Give the levels of an `act` claim, most recent first (RFC 8693, section 4.1)."""
    found = []
    while act is not None:
        found.append({name: value for name, value in act.items() if name != "act"})
        act = act.get("act")
    return found


def uncovered(token: Mapping[str, Any], decisions: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what *token* has that the decision it names does not give; empty when the decision covers it.

    *decisions* are the lines of Actas' log, by decision_id.
    """
    decision = decisions.get(token.get("decision_id", ""))
    if decision is None:
        return f"no decision {token.get('decision_id')}"
    issued = decision.get("issued", {})
    audience = token["aud"] if isinstance(token["aud"], list) else [token["aud"]]
    allowed = {
        "effect": decision["effect"] == "ALLOW",
        "sub": token["sub"] == decision["subject"]["sub"],
        "azp": token["azp"] == decision["client"]["client_id"],
        "scope": set(token["scope"].split()) <= set(issued.get("scope", [])),
        "aud": sorted(audience) == sorted(issued.get("audience", [])),
        "act": _parties(levels(token.get("act"))) == _parties(decision.get("chain", [])) != [],
        "txn": token["txn"] == decision["root_decision_id"],
        "exp": token["exp"] <= min(token["iat"] + issued.get("max_lifetime_seconds", 0), issued.get("not_after", 0)),
        # At once: not on a decision of another time.
        "iat": decision["evaluated_at"] - 1 <= token["iat"] <= decision["valid_until"],
        "may_act": "may_act" not in token,
    }
    wrong = [name for name, right in allowed.items() if not right]
    return f"{decision['decision_id']}: {', '.join(wrong)}" if wrong else ""


def _parties(chain: Iterable[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    return [(level.get("iss"), level.get("sub")) for level in chain]


def seconds(call: Callable[[], Response], times: int) -> tuple[list[Response], list[float]]:
    """Call several times; gives the answers, and how long each took at the HTTP client."""
    answers, took = [], []
    for _ in range(times):
        started = time.perf_counter()
        answers.append(call())
        took.append(time.perf_counter() - started)
    return answers, took


def within(took: list[float], limit: float, ordinary: list[float], most_ordinary: float) -> str:
    """Say what is wrong when the median of *took* is over *limit*; empty when nothing is.

    A slow machine is told by the time of requests that are refused without Actas: what *ordinary* takes beyond
    *most_ordinary* is added to the limit.
    """
    allowed = limit + max(0.0, statistics.median(ordinary) - most_ordinary)
    found = statistics.median(took)
    told = f"median {1000 * found:.0f} ms of {len(took)}, limit {1000 * allowed:.0f} ms"
    told += f", refused otherwise in {1000 * statistics.median(ordinary):.0f} ms"
    print(told)
    return "" if found <= allowed else told
