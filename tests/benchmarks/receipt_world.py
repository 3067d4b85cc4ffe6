"""A made-up month of decisions, as entries of four chains: whole, sealed and linked as a service writes them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from actas.receipts import columns
from actas.receipts.chain import GENESIS, link
from actas.receipts.entry import text_of
from actas.receipts.seal import SALT_BYTES, Seal
from actas.receipts.subjects import party_lookup, sub_lookup

DAY = 86400
DAYS, WRITERS, AGENTS, TARGETS = 30, 4, 200, 500
MOST_SUBJECTS = 100_000
WIDE = 1000
"""How many hops the first tree has; the others have five."""
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ISSUER = "https://idp.example.com"
CODES = ("ACR_INSUFFICIENT", "TARGET_UNKNOWN", "SCOPE_EMPTY", "MAY_ACT_MISMATCH", "TOKEN_EXPIRED", "ACTOR_UNKNOWN")
RARE = "CHAIN_LOOP"
# Odd, so that numbers one after the other fall far apart.
_SPREAD = 2654435761
NAMES = (*columns.NAMES, "document", "prev", "hash")


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
        value = int(self.moment(number) * 1000) << 80 | 7 << 76 | 2 << 62 | number
        return str(uuid.UUID(int=value))

    def root(self, number: int) -> int:
        """Say in whose tree decision *number* is."""
        return 0 if number < WIDE else number - (number - WIDE) % 5

    def entries(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows of `receipts`, in the order of time; an outcome follows every twentieth decision."""
        for number in range(self.rows):
            chain = self.chains[number % WRITERS]
            document = self._document(number)
            yield self._linked(chain, document)
            if number % 20 == 1 and document["effect"] == "ALLOW":
                report = {"issued": True, "issued_jti": f"jti-{number}"}
                told = {"kind": "outcome", "part": "issued", "evaluated_at": document["evaluated_at"] + 1}
                yield self._linked(
                    chain, {**told, "decision_id": document["decision_id"], "reporter": "sts", "report": report}
                )

    def targets(self, number: int) -> list[str]:
        """Say where decision *number* leads: most have one target."""
        chosen = number * _SPREAD // 7 % TARGETS
        return [f"https://api-{one}.example.com/" for one in ([chosen, 0] if number % 50 == 3 else [chosen])]

    def agent(self, number: int) -> int:
        """Say which agent decision *number* is for; one of them asks for a tenth of all."""
        return 0 if number % 10 == 0 else number * _SPREAD // 11 % AGENTS

    def _document(self, number: int) -> dict[str, Any]:
        name, root = self.decision_id(number), self.root(number)
        agent, version = self.agent(number), "2" if number > self.rows // 2 else "1"
        party = {"iss": "spiffe://example.org", "sub": f"spiffe://example.org/agent/{agent}"}
        scopes = ["orders.read", "orders.write"]
        document: dict[str, Any] = {
            "kind": "decision",
            "part": "",
            "decision_id": name,
            "root_decision_id": self.decision_id(root),
            "request_id": f"r-{number}",
            "evaluated_at": self.moment(number),
            "valid_until": self.moment(number) + 5,
            "authorization_server": "https://as.example.com",
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "client": {"client_id": f"client-{agent}"},
            "actor": {**party, "agent": f"agent-{agent}", "version": version},
            "chain": [party],
            "source_token": {"token_type": ACCESS_TOKEN, "credential_class": "oauth", "jti": f"t-{number}"},
            "requested_token_type": ACCESS_TOKEN,
            "target": self.targets(number),
            "requested_scope": "orders.read orders.write",
            "requested_lifetime_seconds": 3600,
            "task_id": f"task-{number // 10}",
            "policy_revision": "2027-01-15.1",
            "bundle_digest": "sha256:" + "5" * 64,
            "state_version": "fresh",
            "evidence": {"subject_token": "asserted", "actor_token": "asserted", "client": "asserted"},
            "caller": "sts",
        }
        if number != root:
            document["parent_decision_id"] = self.decision_id(root + (number - root - 1) // 2 if number >= WIDE else 0)
        if number * 7919 % 100 < 15:
            code = RARE if number % 100_000 == 13 else CODES[number % 7 % len(CODES)]
            document |= {"effect": "DENY", "codes": [code], "rules": [code.lower()], "error": "invalid_request"}
            if code == "ACR_INSUFFICIENT":
                document["obligations"] = ["step-up"]
        else:
            issued = scopes[:1] if number % 3 == 0 else scopes
            document |= {"effect": "ALLOW", "issued": {"scope": issued, "max_lifetime_seconds": 600}}
            document["notes"] = ["LIFETIME_CAPPED", "SCOPE_NARROWED"][: 2 if number % 3 == 0 else 1]
        subject = number * _SPREAD // 13 % len(self.subjects)
        hidden = {"subject": {"iss": ISSUER, "sub": self.subjects[subject]}, "request_digest": "sha256:" + "7" * 64}
        document["sealed"] = self._seals[subject].close(hidden, name)
        return document

    @staticmethod
    def _linked(chain: Chain, document: dict[str, Any]) -> tuple[Any, ...]:
        chain.seq += 1
        whole = {"writer": chain.writer, "seq": chain.seq, **document}
        content, prev = text_of(whole), chain.head
        chain.head = link(prev, content)
        return (*columns.derive(whole), content.decode(), prev, chain.head)
