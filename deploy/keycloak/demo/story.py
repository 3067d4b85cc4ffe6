"""The story, chapter by chapter: what happens, and what must come out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import approving
from kc_browser import Browser
from kc_tokens import MCP
from steps import ALLOW, DENY, NONE, Expected, Held
from teller import Teller

PASSWORD, STRONG = "urn:actas:acr:pwd", "urn:actas:acr:mfa"
READ = "metrics:read orders:read"
# Keycloak reports what it issued some time after the token has left.
REPORTED_SECONDS = 30.0


def allowed(scope: str, lifetime: int) -> Expected:
    """A token with this scope and lifetime."""
    return Expected(ALLOW, scope=scope, lifetime=lifetime)


def refused(code: str, error: str = "invalid_request", status: int = 400, obligation: str = "") -> Expected:
    """An OAuth error, and the reason in the decision log."""
    return Expected(DENY, status, error, code, obligation)


def approval_refused(code: str) -> Expected:
    """A refusal that says in a member of its own what would help."""
    return refused(code, "access_denied", 403, "approval")


NO_DECISION = Expected(NONE, 403, "access_denied")
STEP_UP = refused("ACR_INSUFFICIENT", "insufficient_user_authentication", obligation="step-up")


@dataclass
class Story:
    """The tokens that the chapters hand on to each other."""

    teller: Teller
    browser: Browser
    held: dict[str, Held | None] = field(default_factory=dict)

    def chapters(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Give the chapters in their order."""
        yield "Alice asks why orders are slow, and her agent asks others", self.delegation
        yield "What an attacker tries", self.attacks
        yield "Money needs a stronger login", self.payment
        yield "A deletion needs somebody's approval", self.deletion
        yield "An agent is revoked while it is at work", self.revocation
        yield "Actas is stopped, and comes back", self.outage
        yield "What is kept of all that", self.receipts

    def delegation(self) -> None:
        """Three hops, the tool at their end, and a fourth hop that is too deep."""
        ask, held = self.teller.exchange, self.held
        alice = self.teller.login(
            "Alice logs in at the chat UI, with her password", self.browser, f"{READ} orders:write", PASSWORD
        )
        first = ask(
            "The on-call agent exchanges her token",
            alice,
            "on-call",
            "investigator",
            f"{READ} orders:write",
            allowed(READ, 300),
        )
        second = ask(
            "The investigation agent that it asks does the same",
            first,
            "investigator",
            "mcp-gateway",
            READ,
            allowed("orders:read", 120),
        )
        third = ask(
            "So does the MCP gateway, to call the database",
            second,
            "mcp-gateway",
            MCP,
            "orders:read",
            allowed("orders:read", 60),
        )
        self.teller.tool("It calls a tool of the MCP server", third, "query_orders", "Vega", state="stuck")
        ask(
            "The database would be the fourth actor",
            third,
            MCP,
            "archive",
            "orders:read",
            refused("DELEGATION_DEPTH_EXCEEDED"),
        )
        held |= {"alice": alice, "first": first, "second": second, "third": third}

    def attacks(self) -> None:
        """Each of them holds a real token of this realm."""
        ask, held = self.teller.exchange, self.held
        ask(
            "An agent that may_act does not name holds Alice's token",
            held["alice"],
            "rogue-agent",
            "investigator",
            "orders:read",
            refused("MAY_ACT_MISMATCH"),
        )
        ask(
            "The gateway presents a token that was issued for the investigation agent",
            held["first"],
            "mcp-gateway",
            MCP,
            "orders:read",
            refused("SUBJECT_NOT_FOR_PRESENTER"),
        )
        self.teller.refused_there("Alice's own token is passed through to the MCP server", held["alice"], "audience")
        self.teller.refused_there("A token for the gateway is replayed there", held["second"], "audience")

    def payment(self) -> None:
        """The same chain twice: from a password login, then from a stronger one in the same browser session."""
        ask, login, pay = self.teller.exchange, self.teller.login, "payments:write"
        first, last = ("on-call", "investigator", pay), ("investigator", "payments-api", pay)
        weak = login("Alice asks for a payment, logged in with her password", self.browser, pay, PASSWORD)
        old = ask("The on-call agent asks the investigation agent to pay", weak, *first, allowed(pay, 300))
        ask("It may not, after this login", old, *last, STEP_UP)
        strong = login("Alice logs in anew, with a one-time code", self.browser, f"{pay} orders:delete", STRONG)
        new = ask("The on-call agent asks again, with her new token", strong, *first, allowed(pay, 300))
        ask("Now it may", new, *last, allowed(pay, 120))
        ask("Her new login does not strengthen the token from before", old, *last, STEP_UP)
        self.held["strong"] = strong

    def deletion(self) -> None:
        """An approval is for one exchange, once."""
        ask, delete = self.teller.exchange, "orders:delete"
        first, second = ("on-call", "investigator", delete), ("investigator", "mcp-gateway", delete)
        here, elsewhere = ("mcp-gateway", MCP, delete), ("mcp-gateway", "archive", delete)
        passed = ask("The on-call agent would have an order deleted", self.held["strong"], *first, allowed(delete, 300))
        held = ask("So would the investigation agent", passed, *second, allowed(delete, 120))
        ask("The gateway may not, unless somebody approves", held, *here, approval_refused("APPROVAL_REQUIRED"))
        given = approving.approve(self.teller.world, held, *here)
        self.teller.done(
            "Bob approves it with `actas approve`", "a signed approval of this one exchange", given.problems
        )
        used, other = {"approval": given.jws}, approval_refused("APPROVAL_MISMATCH")
        ask("His approval is presented for the archive", held, *elsewhere, other, **used)
        may = ask("It is presented for what he approved", held, *here, allowed(delete, 60), **used)
        self.teller.tool("The gateway deletes the order", may, "delete_order", "order 1003 is deleted", order=1003)
        ask("The same approval once more", held, *here, approval_refused("APPROVAL_REVOKED"), **used)
        ask("The same approval for the archive", held, *elsewhere, other, **used)

    def revocation(self) -> None:
        """It counts from the next exchange on, also for those who work with what the agent obtained."""
        ask, read = self.teller.exchange, "orders:read"
        second = ("investigator", "mcp-gateway", read)
        first = ask("Alice's agent asks again", self.held["alice"], "on-call", "investigator", read, allowed(read, 300))
        held = ask("The investigation agent obtains another token", first, *second, allowed(read, 120))
        self._operate("It is revoked", "revoke", "agent", "investigator", "--reason", "it asks for too much")
        ask("Its next exchange is refused", first, *second, refused("ACTOR_REVOKED"))
        ask("Nor does its token lead on", held, "mcp-gateway", MCP, read, refused("CHAIN_MEMBER_REVOKED"))
        self._operate("It was a mistake", "restore", "agent", "investigator")
        ask("The investigation agent goes on", first, *second, allowed(read, 120))

    def _operate(self, title: str, *arguments: str) -> None:
        ran = self.teller.operator.at_the_service(*arguments)
        self.teller.done(title, f"`{ran.command}`", ran.problems, ran.lines)

    def receipts(self) -> None:
        """Every decision has a receipt, which names the token that was issued on it; nothing was changed afterwards."""
        teller, operator = self.teller, self.teller.operator
        tokens = {step.facts["decision_id"]: step.holds.id for step in teller.steps if step.holds and step.facts}
        teller.done(
            f"Keycloak has reported what it issued on {len(tokens)} decisions",
            "each receipt names the token by its jti",
            operator.unreported(tokens, within=REPORTED_SECONDS),
        )
        first = self.held["first"]
        tree = operator.over_the_receipts("receipts", "tree", str(first.claims["txn"]) if first else "")
        teller.done("Who acted for whom, from the receipts alone", f"`{tree.command}`", tree.problems, tree.lines)
        verified = operator.over_the_receipts("receipts", "verify")
        teller.done(
            "The receipts are as they were written", "`actas receipts verify`", verified.problems, verified.lines
        )

    def outage(self) -> None:
        """Without a decision there is no token, and the first question after the outage is answered."""
        ask, world = self.teller.exchange, self.teller.world
        hop = ("on-call", "investigator", "orders:read")
        world.actas.stop()
        self.teller.done("Actas is stopped", "nobody listens at its address")
        ask("Keycloak refuses, and does not keep the agent waiting", self.held["alice"], *hop, NO_DECISION)
        began = time.monotonic()
        world.actas.start()
        self.teller.done("Actas is started again", f"it serves after {time.monotonic() - began:.1f} s")
        ask("The first exchange after that succeeds", self.held["alice"], *hop, allowed("orders:read", 300))
