"""A made-up month of decisions, as entries of four chains: whole, sealed and linked as a service writes them.

Documents are written as text, and their columns beside them: what a service does for each would take most of an hour
for ten million. A test verifies such a store (`tests/integration/test_receipt_plans.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from actas.receipts.chain import GENESIS, link
from actas.receipts.entry import text_of
from actas.receipts.seal import SALT_BYTES, Seal
from actas.receipts.subjects import party_lookup, sub_lookup

DAY = 86400
DAYS, WRITERS, AGENTS, TARGETS = 30, 4, 200, 500
MOST_SUBJECTS = 100_000
WIDE = 1000
"""How many hops the first tree has; the others have five."""
REPORTED_DAY = 10
"""The day on which an outcome of every allow was reported."""
ISSUER = "https://idp.example.com"
CODES = ("ACR_INSUFFICIENT", "TARGET_UNKNOWN", "SCOPE_EMPTY", "MAY_ACT_MISMATCH", "TOKEN_EXPIRED", "ACTOR_UNKNOWN")
RARE = "CHAIN_LOOP"
# Odd, so that numbers one after the other fall far apart.
_SPREAD = 2654435761
NAMES = (
    "writer", "seq", "kind", "part", "decision_id", "root_decision_id", "parent_decision_id", "evaluated_at", "effect",
    "code", "actor_iss", "actor_sub", "agent", "agent_version", "subject", "target", "task_id", "client_id",
    "authorization_server", "source_jti", "workload", "narrowed", "stepped_up", "document", "prev", "hash",
)  # fmt: skip
_TYPE = "urn:ietf:params:oauth:token-type:access_token"
_AS, _DOMAIN = "https://as.example.com", "spiffe://example.org"
_SAME = text_of(
    {
        "authorization_server": _AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": _TYPE,
        "requested_scope": "orders.read orders.write",
        "requested_lifetime_seconds": 3600,
        "policy_revision": "2027-01-15.1",
        "bundle_digest": "sha256:" + "5" * 64,
        "state_version": "fresh",
        "evidence": {"subject_token": "asserted", "actor_token": "asserted", "client": "asserted"},
        "caller": "sts",
    }
).decode()[1:-1]
_ISSUED = (
    '"effect":"ALLOW","issued":{"scope":["orders.read","orders.write"],"max_lifetime_seconds":600},'
    '"notes":["LIFETIME_CAPPED"]',
    '"effect":"ALLOW","issued":{"scope":["orders.read"],"max_lifetime_seconds":600},'
    '"notes":["SCOPE_NARROWED","LIFETIME_CAPPED"]',
)


@dataclass(slots=True)
class Chain:
    """One writer: how far its chain reaches."""

    writer: int
    seq: int = 0
    head: bytes = GENESIS


class World:
    """*rows* decisions, the last one at *now*, in seconds since the epoch; the same ones every time."""

    def __init__(self, rows: int, now: float, lookup_key: bytes) -> None:
        """Choose who the subjects are."""
        self.rows = rows
        self.began = now - DAYS * DAY
        self._step = DAYS * DAY / rows
        self.chains = [Chain(number + 1) for number in range(WRITERS)]
        count = min(MOST_SUBJECTS, max(10, rows // 100))
        self.subjects = [f"user-{number}" for number in range(count)]
        self._salts = [(secrets.token_hex(16), secrets.token_bytes(SALT_BYTES)) for _ in self.subjects]
        self._seals = [Seal.of(name, salt) for name, salt in self._salts]
        self._lookup_key = lookup_key

    def subject_rows(self) -> Iterator[tuple[str, bytes, bytes, bytes]]:
        """Give what `subjects` holds: name, look-ups and salt."""
        for sub, (name, salt) in zip(self.subjects, self._salts, strict=True):
            yield name, sub_lookup(self._lookup_key, sub), party_lookup(self._lookup_key, (ISSUER, sub)), salt

    def moment(self, number: int) -> float:
        """Say when decision *number* was made."""
        return self.began + number * self._step

    def decision_id(self, number: int) -> str:
        """Name decision *number* (UUIDv7)."""
        milliseconds = int(self.moment(number) * 1000)
        return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-{number:012x}"

    def root(self, number: int) -> int:
        """Say in whose tree decision *number* is."""
        return 0 if number < WIDE else number - (number - WIDE) % 5

    def parent(self, number: int) -> int:
        """Say whose token decision *number* was asked for with; its own number is that of a root."""
        root = self.root(number)
        return root + max(0, number - root - 1) // 2 if number >= WIDE and number != root else root

    def denied(self, number: int) -> str:
        """Give the code of a denial; nothing for an allow."""
        if number * 7919 % 100 >= 15:
            return ""
        return RARE if number % 1000 == 15 else CODES[number // 100 % len(CODES)]

    def targets(self, number: int) -> list[str]:
        """Say where decision *number* leads: most have one target."""
        chosen = number * _SPREAD // 7 % TARGETS
        return [f"https://api-{one}.example.com/" for one in ([chosen, 0] if number % 50 == 3 else [chosen])]

    def agent(self, number: int) -> int:
        """Say which agent decision *number* is for; one of them asks for a tenth of all."""
        return 0 if number % 10 == 0 else number * _SPREAD // 11 % AGENTS

    def entries(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows of `receipts`, in the order of time; an outcome follows its decision."""
        for number in range(self.rows):
            chain = self.chains[number % WRITERS]
            yield self._decision(chain, number)
            if self.reported(number):
                yield self._outcome(chain, number)

    def reported(self, number: int) -> bool:
        """Say whether an outcome was reported of decision *number*: of every allow of one day, and of a few others."""
        return not self.denied(number) and (number % 20 == 1 or number * DAYS // self.rows == REPORTED_DAY)

    def _decision(self, chain: Chain, number: int) -> tuple[Any, ...]:
        chain.seq += 1
        name, root, moment = self.decision_id(number), self.root(number), self.moment(number)
        first = self.decision_id(root)
        parent = None if number == root else self.decision_id(self.parent(number))
        who, agent, version = self.agent(number), f"agent-{self.agent(number)}", "2" if number * 2 > self.rows else "1"
        code, narrow, targets = self.denied(number), int(number % 3 == 0), self.targets(number)
        step_up = '"obligations":["step-up"],' if code == CODES[0] else ""
        party = f'"iss":"{_DOMAIN}","sub":"{_DOMAIN}/agent/{who}"'
        # Whose authority a tree is made of stays one and the same.
        place = root * _SPREAD // 13 % len(self.subjects)
        hidden = {"subject": {"iss": ISSUER, "sub": self.subjects[place]}, "request_digest": "sha256:" + "7" * 64}
        sealed = text_of(self._seals[place].close(hidden, name)).decode()
        leads = ",".join(f'"{target}"' for target in targets)
        above = "" if parent is None else f'"parent_decision_id":"{parent}",'
        result = f'"effect":"DENY",{step_up}"codes":["{code}"]' if code else _ISSUED[narrow]
        document = (
            f'{{"writer":{chain.writer},"seq":{chain.seq},"kind":"decision","part":"","decision_id":"{name}",'
            f'"root_decision_id":"{first}",{above}"request_id":"r-{number}","evaluated_at":{moment!r},'
            f'"client":{{"client_id":"client-{who}"}},"actor":{{{party},"agent":"{agent}","version":"{version}"}},'
            f'"chain":[{{{party}}}],"source_token":{{"token_type":"{_TYPE}","jti":"t-{number}"}},'
            f'"target":[{leads}],"task_id":"task-{number // 10}",{result},{_SAME},"sealed":{sealed}}}'
        )
        prev, chain.head = chain.head, link(chain.head, document.encode())
        return (
            chain.writer, chain.seq, "decision", "", name, first, parent, moment, "DENY" if code else "ALLOW",
            code or None, _DOMAIN, f"{_DOMAIN}/agent/{who}", agent, version, self._salts[place][0], targets[0],
            f"task-{number // 10}", f"client-{who}", _AS, f"t-{number}", None, 0 if code else 1, int(bool(step_up)),
            document, prev, chain.head,
        )  # fmt: skip

    def _outcome(self, chain: Chain, number: int) -> tuple[Any, ...]:
        chain.seq += 1
        name, moment = self.decision_id(number), self.moment(number) + 1
        document = (
            f'{{"writer":{chain.writer},"seq":{chain.seq},"kind":"outcome","part":"issued","decision_id":"{name}",'
            f'"evaluated_at":{moment!r},"reporter":"sts","report":{{"issued":true,"issued_jti":"jti-{number}"}}}}'
        )
        prev, chain.head = chain.head, link(chain.head, document.encode())
        empty = (None,) * (len(NAMES) - 11)
        return (
            chain.writer, chain.seq, "outcome", "issued", name, None, None, moment, *empty, document, prev, chain.head
        )  # fmt: skip
