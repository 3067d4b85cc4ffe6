"""Takes the steps: each asks Keycloak or the MCP server for real, and compares what came out with what must."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orders_client
from kc_browser import Browser, LoginError
from kc_tokens import Response
from names import short
from steps import ALLOW, DENY, DONE, NONE, Expected, Held, Step, differences
from world import World

from operating import Operator

LOG_SECONDS = 2.0
ISSUE_SECONDS = 5


@dataclass
class Teller:
    """Tells each step as soon as it was taken."""

    world: World
    operator: Operator
    tell: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)

    def login(self, title: str, browser: Browser, scope: str, acr: str) -> Held | None:
        """Let Alice log in at the chat UI, through Keycloak's pages, at the level *acr*."""
        held, found, lines = None, "", list[str]()
        problems: tuple[str, ...] = ()
        try:
            answer = self.world.tokens.browser_login("alice", scope=scope, acr_values=acr, browser=browser)
            held = self._held(answer, f"alice, {acr.rpartition(':')[2]}")
            found = str(held.claims.get("acr"))
            named = self.world.names.of(str(held.claims.get("may_act", {}).get("sub")))
            problems = differences(acr=(acr, found), may_act=("on-call", named))
            lines = [f"acr {found}; may_act names {named}; {held.lifetime} s"]
        except (LoginError, PermissionError) as error:
            problems = (f"no login: {error}",)
        self._add(title, ("alice",), scope, DONE if held else NONE, found, problems, lines, holds=held)
        return held

    def exchange(
        self, title: str, subject: Held | None, client: str, audience: str, scope: str, expected: Expected, **form: str
    ) -> Held | None:
        """Let *client* exchange *subject* for a token at *audience*, with its own token as the actor."""
        if subject is None:
            self._add(title, (short(client),), scope, NONE, "", ("there is no token to go on with",))
            return None
        actor = self.world.tokens.client_credentials(client).token
        known = {str(line["decision_id"]) for line in self.world.actas.decisions()}
        began = time.monotonic()
        tokens = self.world.tokens
        answer = tokens.exchange(client, subject.token, actor=actor, audience=audience, scope=scope, **form)
        taken = time.monotonic() - began
        decision = self._decision(known) if answer.error != "access_denied" or "no decision" not in _why(answer) else {}
        chain = (*subject.chain, short(client))
        asked = f"{scope} at {short(audience)}"
        facts = {"milliseconds": round(taken * 1000), "decision_id": decision.get("decision_id", "")}
        if "access_token" in answer.body:
            held = self._held(answer, subject.label)
            problems = self._issued(held, subject, client, audience, expected, decision)
            outcome = f"{' '.join(held.scope)}, {held.lifetime} s"
            facts |= {"scope": list(held.scope), "lifetime": held.lifetime, "act": held.claims.get("act")}
            lines = self.world.names.annotated(held.claims.get("act"))
            self._add(title, chain, asked, ALLOW, outcome, problems, lines, facts, subject, held)
            return held
        codes = [str(code) for code in decision.get("codes", [])]
        offered = [str(each.get("type")) for each in answer.body.get("obligations", [])]
        problems = differences(
            answer=(expected.answer, DENY if decision else NONE),
            status=(expected.status, answer.status),
            error=(expected.error, answer.error),
            code=(expected.code, codes[0] if codes else ""),
            obligations=([expected.obligation] if expected.obligation else [], offered),
        )
        facts |= {"status": answer.status, "error": answer.error, "codes": codes, "obligations": offered}
        lines = [
            f"HTTP {answer.status} {answer.error}: {_why(answer)}{'' if decision else f' ({taken * 1000:.0f} ms)'}"
        ]
        if "www-authenticate" in answer.headers:
            lines.append(f"WWW-Authenticate: {answer.headers['www-authenticate']}")
        if offered:
            lines.append(f"obligations: {json.dumps(answer.body['obligations'])}")
        outcome = codes[0] if codes else f"{answer.error}: {_why(answer)}"
        self._add(title, chain, asked, DENY if decision else NONE, outcome, problems, lines, facts, subject)
        return None

    def tool(self, title: str, held: Held | None, tool: str, contains: str, **arguments: Any) -> None:
        """Let whoever holds *held* call a tool of the MCP server, which must answer with *contains*."""
        if held is None:
            self._add(title, (), tool, NONE, "", ("there is no token to call with",))
            return
        try:
            answer = orders_client.call(self.world.orders.url, held.token, tool, arguments)
        except Exception as error:  # the MCP client wraps whatever went wrong into groups
            self._add(title, held.chain, tool, NONE, "", (f"the call failed: {type(error).__name__}",))
            return
        line = self.world.orders.log()[-1]
        problems = differences(
            error=(False, answer.error),
            answered=(True, contains in answer.text),
            logged_chain=(list(held.chain), line.get("chain")),
            logged_decision=(held.claims.get("decision_id"), line.get("decision_id")),
        )
        logged = f"its log: {' > '.join(line.get('chain', []))}, decision {line.get('decision_id')}"
        text = " ".join(answer.text.split())
        self._add(title, held.chain, tool, ALLOW, text, problems, [text, logged])

    def refused_there(self, title: str, held: Held | None, why: str) -> None:
        """Present a token at the MCP server that is not meant for it; its log must say *why*."""
        if held is None:
            self._add(title, (), "the MCP server", NONE, "", ("there is no token to present",))
            return
        answer = orders_client.present(self.world.orders.url, held.token)
        line = self.world.orders.log()[-1]
        problems = differences(
            status=(401, answer.status),
            challenge=(True, "resource_metadata=" in answer.challenge),
            logged=({"event": "refused", "why": why}, line),
        )
        lines = [f"HTTP {answer.status}, WWW-Authenticate: {answer.challenge}", f"its log: refused, {line.get('why')}"]
        self._add(title, held.chain, "a tool of orders-db", DENY, f"HTTP {answer.status}", problems, lines)

    def done(self, title: str, what: str, problems: Sequence[str] = (), lines: Sequence[str] = ()) -> None:
        """Tell of something that was done outside of Keycloak."""
        self._add(title, (), what, DONE, "", tuple(problems), lines)

    def _held(self, answer: Response, label: str) -> Held:
        claims = answer.claims
        return Held(answer.token, claims, self.world.names.chain(claims), label)

    def _issued(
        self, held: Held, subject: Held, client: str, audience: str, expected: Expected, decision: dict[str, Any]
    ) -> tuple[str, ...]:
        claims, act = held.claims, held.claims.get("act") or {}
        kept = {name: subject.claims.get(name) for name in ("iss", "sub", "acr", "amr", "auth_time")}
        return differences(
            answer=(expected.answer, ALLOW),
            scope=(sorted(expected.scope.split()), list(held.scope)),
            # Not a second more. Less by what passed since the decision, which names the last moment as well.
            lifetime=(True, expected.lifetime - ISSUE_SECONDS <= held.lifetime <= expected.lifetime),
            chain=((*subject.chain, short(client)), held.chain),
            earlier_act=(subject.claims.get("act"), act.get("act")),
            aud=([audience], claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]),
            outlives_subject=(False, claims["exp"] > subject.claims["exp"]),
            kept=(kept, {name: claims.get(name) for name in kept}),
            may_act=(None, claims.get("may_act")),
            decision_id=(decision.get("decision_id"), claims.get("decision_id")),
            effect=("ALLOW", decision.get("effect")),
            txn=(subject.claims.get("txn", claims.get("decision_id")), claims.get("txn")),
        )

    def _decision(self, known: set[str]) -> dict[str, Any]:
        """Give the decision that was logged since; empty where there was none."""
        end = time.monotonic() + LOG_SECONDS
        while time.monotonic() < end:
            fresh = [line for line in self.world.actas.decisions() if str(line["decision_id"]) not in known]
            if fresh:
                return dict(fresh[-1])
            time.sleep(0.02)
        return {}

    def _add(
        self,
        title: str,
        chain: tuple[str, ...],
        asked: str,
        answer: str,
        outcome: str,
        problems: tuple[str, ...] = (),
        lines: Sequence[str] = (),
        facts: dict[str, Any] | None = None,
        came_from: Held | None = None,
        holds: Held | None = None,
    ) -> None:
        number = len(self.steps) + 1
        step = Step(number, title, chain, asked, answer, outcome, problems, lines, facts or {}, came_from, holds)
        self.steps.append(step)
        self.tell(step)


def _why(answer: Response) -> str:
    return str(answer.body.get("error_description", ""))
