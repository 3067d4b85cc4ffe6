"""Receipts as they are kept, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

from actas.receipts.kept import KeptReceipt

START = 1_800_000_000.0


def receipt(number: int, *, parent: int = 0, **changes: Any) -> KeptReceipt:
    """Make the receipt number *number*: an allow for the mail agent, on the token of receipt *parent*."""
    document: dict[str, Any] = {
        "decision_id": name(number),
        "root_decision_id": name(1),
        "evaluated_at": START + number,
        "effect": "ALLOW",
        "authorization_server": "https://as.example",
        "client": {"client_id": "gateway"},
        "subject": {"iss": "https://idp.example", "sub": "alice"},
        "actor": {"sub": "spiffe://example.org/mail", "agent": "mail-agent", "version": "1.0"},
        "target": ["https://mail.example/"],
        "requested_scope": "mail.read mail.send",
        "requested_lifetime_seconds": 3600,
        "issued": {"scope": ["mail.read"], "max_lifetime_seconds": 600},
        "notes": ["SCOPE_NARROWED", "LIFETIME_CAPPED"],
    }
    if parent:
        document["parent_decision_id"] = name(parent)
    outcome = changes.pop("outcome", {})
    document |= changes
    return KeptReceipt(1, number, {key: value for key, value in document.items() if value is not None}, outcome)


def denied(number: int, *, parent: int = 0, **changes: Any) -> KeptReceipt:
    """Make a denial."""
    denial: dict[str, Any] = {"effect": "DENY", "codes": ["SCOPE_EMPTY"], "issued": None, "notes": None}
    return receipt(number, parent=parent, **(denial | changes))


def name(number: int) -> str:
    """Name decision *number* as a UUIDv7 does."""
    return f"0190a000-0000-7000-8000-{number:012d}"
