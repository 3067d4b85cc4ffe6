"""The story: every step asks the running service, and says what must come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sts
from steps import REFUSED, Expected
from sts import Claims, Party
from teller import Teller

from actas.receipts.outcome import Outcome
from actas.request import ExchangeRequest

ON_CALL = Party("on-call", "agent/on-call")
INVESTIGATOR = Party("investigator", "agent/investigator")
GATEWAY = Party("mcp-gateway", "service/mcp-gateway")
DATABASE = Party("orders-db", "service/orders-db")
ARCHIVE = Party("archive", "service/archive")
FINANCE = Party("finance", "agent/finance")

INVESTIGATION_URL = "https://investigation.example.com/"
MCP_URL = "https://mcp.example.com/"
ORDERS_URL = "https://orders-db.example.com/"
ARCHIVE_URL = "https://archive.example.com/"
BACKUP_URL = "https://backup.example.com/"
PAYMENTS_URL = "https://payments.example.com/"
EXPENSES_URL = "https://expenses.example.com/"

# Shorter than the first pause before OPA is started again, so that this call cannot outlast the outage.
IMPATIENT_SECONDS = 0.05
RECOVERY_SECONDS = 30.0


@dataclass
class Story:
    """Its chapters, and the tokens that they hand on to each other."""

    teller: Teller
    tokens: dict[str, Claims] = field(default_factory=dict)

    def chapters(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Give the chapters in their order."""
        yield "Alice asks why orders are slow, and her agent asks others", self.delegation
        yield "Money and deletions need more than a token", self.high_risk
        yield "What an attacker tries", self.attacks
        yield "What operators do, and what breaks", self.operations
        yield "What is kept of all that", self.receipts

    def delegation(self) -> None:
        """Four hops, each from the token that the one before was issued, and a fifth that is too deep."""
        alice = sts.login("alice", ON_CALL, "metrics:read orders:read orders:write")
        read = "metrics:read orders:read"
        first = self.teller.hop(
            "The on-call agent takes Alice's token",
            alice,
            ON_CALL,
            INVESTIGATION_URL,
            f"{read} orders:write",
            3600,
            900,
            read,
        )
        second = self.teller.hop("It asks the investigation agent", first, INVESTIGATOR, MCP_URL, read, 900, 600)
        third = self.teller.hop(
            "Which calls a tool at the MCP gateway", second, GATEWAY, ORDERS_URL, "orders:read", 900, 300
        )
        fourth = self.teller.hop(
            "Which queries the database service", third, DATABASE, ARCHIVE_URL, "orders:read", 900, 120
        )
        self.tokens |= {"alice": alice, "investigation": first, "mcp": second, "archive": fourth}
        self.teller.deny(
            "A fifth hop would be too deep",
            sts.exchange(fourth, ARCHIVE, BACKUP_URL, "orders:read"),
            "DELEGATION_DEPTH_EXCEEDED",
        )

    def high_risk(self) -> None:
        """Step-up, amounts and approvals."""
        limit = [{"type": "expense", "amount": "1000.00", "currency": "EUR"}]
        scope = "payments:write expenses:submit"
        earlier = sts.login("alice", FINANCE, scope, seconds_ago=7200, details=limit)
        fresh = sts.login("alice", FINANCE, scope, acr=sts.STRONG, seconds_ago=5, details=limit)
        approved = {"approvals": [sts.approval("bob", "alice", FINANCE, PAYMENTS_URL, "payments:write")]}
        payment = "payments:write"
        self.teller.deny(
            "An approved payment, on the morning's password login",
            sts.exchange(earlier, FINANCE, PAYMENTS_URL, payment, changes=approved),
            "ACR_INSUFFICIENT",
            "step-up",
        )
        self.teller.allow(
            "The same after a fresh strong login",
            sts.exchange(fresh, FINANCE, PAYMENTS_URL, payment, lifetime=600, changes=approved),
            payment,
            120,
        )
        self.teller.allow("An expense of 487.50", self._expense(fresh, "487.50"), "expenses:submit", 120)
        self.teller.deny("An expense of 1,250", self._expense(fresh, "1250.00"), "RAR_EXCEEDS_GRANT")
        delete = "orders:delete"
        operator = sts.login("alice", ON_CALL, delete, acr=sts.STRONG, seconds_ago=5)
        self.teller.deny(
            "Deleting an order that nobody approved",
            sts.exchange(operator, ON_CALL, ORDERS_URL, delete),
            "APPROVAL_REQUIRED",
            "approval",
        )
        by_bob = {"approvals": [sts.approval("bob", "alice", ON_CALL, ORDERS_URL, delete)]}
        self.teller.allow(
            "The same after Bob's approval",
            sts.exchange(operator, ON_CALL, ORDERS_URL, delete, changes=by_bob),
            delete,
            120,
        )

    def attacks(self) -> None:
        """Each of them holds a real token."""
        stolen, held = self.tokens["investigation"], self.tokens["mcp"]
        read = "orders:read"
        self.teller.deny(
            "The gateway presents a token stolen from the investigation agent",
            sts.exchange(stolen, GATEWAY, ORDERS_URL, read),
            "SUBJECT_NOT_FOR_PRESENTER",
        )
        self.teller.deny(
            "The investigation agent hides that it acts: no actor token",
            sts.exchange(stolen, INVESTIGATOR, MCP_URL, read, changes={"actor_token": None, "actor_workload": None}),
            "DELEGATION_REQUIRES_ACTOR",
        )
        rewritten = {**stolen, "act": {"iss": "spiffe://example.org", "sub": ARCHIVE.spiffe_id}}
        self.teller.deny(
            "It rewrites act, so the signature no longer holds",
            sts.exchange(rewritten, INVESTIGATOR, MCP_URL, read, changes={"subject_token": {"verified": False}}),
            "TOKEN_NOT_VERIFIED",
        )
        self.teller.deny(
            "The gateway is talked into another target (confused deputy)",
            sts.exchange(held, GATEWAY, PAYMENTS_URL, "payments:write"),
            "TARGET_NOT_ALLOWED",
        )
        self.teller.deny(
            "Somebody declares a SPIFFE ID and proves nothing",
            sts.exchange(stolen, INVESTIGATOR, MCP_URL, read, changes={"actor_token": None}),
            "EVIDENCE_MISSING",
        )

    def operations(self) -> None:
        """Revocation takes effect at once, and an outage refuses."""
        first, second = self.tokens["investigation"], self.tokens["mcp"]

        def investigate() -> ExchangeRequest:
            return sts.exchange(first, INVESTIGATOR, MCP_URL, "orders:read", lifetime=60)

        self.teller.operate(
            "The investigation agent is revoked", "revoke", "agent", "investigator", "--reason", "it strays"
        )
        self.teller.deny("Its next exchange is refused", investigate(), "ACTOR_REVOKED")
        self.teller.deny(
            "So is what it handed on before",
            sts.exchange(second, GATEWAY, ORDERS_URL, "orders:read"),
            "CHAIN_MEMBER_REVOKED",
        )
        self.teller.operate("The revocation is taken back", "restore", "agent", "investigator")
        self.teller.allow("The agent goes on", investigate(), "orders:read", 60)
        self.teller.service.kill_opa()
        self.teller.ask(
            "OPA is killed, so whoever asks must refuse", investigate(), Expected(REFUSED), IMPATIENT_SECONDS
        )
        self.teller.allow("The service started it again by itself", investigate(), "orders:read", 60, RECOVERY_SECONDS)

    def receipts(self) -> None:
        """Every decision has a receipt, which names the token that was issued on it; nothing was changed afterwards."""
        issued = self.teller.issued
        self.teller.do(
            f"The authorization server has reported what it issued on {len(issued)} hops",
            "each receipt names the token by its jti",
            problems=self.teller.operator.unreported(issued),
        )
        first, last = next(iter(issued), ""), next(reversed(issued), "")
        done = Outcome(side_effect="orders.read", detail="17 orders were read")
        self.teller.report("The archive reports what came of the fourth hop", last, done)
        self.teller.read("Who acted for whom, from the receipts alone", "receipts", "tree", first)
        self.teller.read("The receipts are as they were written", "receipts", "verify")

    def _expense(self, token: Claims, amount: str) -> ExchangeRequest:
        details = [{"type": "expense", "amount": amount, "currency": "EUR"}]
        changes: dict[str, Any] = {"authorization_details": details}
        return sts.exchange(token, FINANCE, EXPENSES_URL, "expenses:submit", changes=changes)
