"""The kill switch of a running service, whole: over gRPC, in the store, in every decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actas.client import DecisionClient
from actas.client.revocation_client import RevocationClient
from actas.errors import ProtocolError
from revocation_support import CHAINED, KINDS, asking, codes, settings
from service_support import RunningService, lasting, service

REGISTERED = """
agents:
  mail-agent: {identities: [{spiffe_id: "spiffe://example.org/agent/mail"}]}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in one process with a SQLite store; each test leaves nothing revoked."""
    folder = tmp_path_factory.mktemp("service")
    given = settings(folder, f"sqlite:///{folder}/receipts.db")
    registry = folder / "root/custom/actas/registry/data.yaml"
    registry.write_text(registry.read_text(encoding="utf-8") + REGISTERED, encoding="utf-8")
    with lasting(folder, given) as started:
        yield started


def test_each_kind_of_revocation_refuses_until_it_is_taken_back(running: RunningService) -> None:
    """From the answer of Revoke to that of Restore, the process that answered refuses."""
    with DecisionClient(running.address, timeout=5) as asks, RevocationClient(running.address) as revokes:
        for entry, claims, code in KINDS:
            request = asking(**claims)
            before = codes(asks, request)
            version = revokes.revoke([entry])
            revoked = codes(asks, request)
            _, restored = revokes.restore([{name: entry[name] for name in entry if name != "claims"}])
            assert (before, revoked, codes(asks, request)) == ([], [code], []), entry
            assert version > 0
            assert restored == [entry]


def test_a_chain_that_has_no_name_may_be_the_revoked_one(running: RunningService) -> None:
    """While a chain is revoked, an act that does not say its chain is refused."""
    with DecisionClient(running.address, timeout=5) as asks, RevocationClient(running.address) as revokes:
        revokes.revoke([{"kind": "chain", "txn": "root-1"}])
        unnamed, other = codes(asks, asking(**CHAINED)), codes(asks, asking(txn="root-2", **CHAINED))
        unacted = codes(asks, asking())
        revokes.restore([{"kind": "chain", "txn": "root-1"}])

    assert (unnamed, other, unacted) == (["REVOCATION_STATE_UNKNOWN"], [], [])


def test_what_is_revoked_is_listed_with_who_when_and_why(running: RunningService) -> None:
    """Revoking the same twice is one revocation, taking it back is another change of the record."""
    with RevocationClient(running.address) as revokes:
        entries: list[dict[str, Any]] = [{"kind": "jti", "jti": f"t-{number}"} for number in range(3)]
        revokes.revoke([{**entry, "reason": "stolen", "until": 4000000000} for entry in entries])
        revokes.revoke([{"kind": "agent", "id": "mail-agent", "reason": "runs wild"}])
        revokes.restore([entries[1]], reason="found again")
        listed = revokes.in_force()
        revokes.restore([*entries[::2], {"kind": "agent", "id": "mail-agent"}])

    assert [(entry.get("jti", entry.get("id")), entry["reason"]) for entry in listed] == [
        ("t-0", "stolen"),
        ("t-2", "stolen"),
        ("mail-agent", "runs wild"),
    ]
    assert {entry["recorded_by"] for entry in listed} == {"local"}
    assert [entry["version"] - listed[0]["version"] for entry in listed] == [0, 2, 3]


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"kind": "agnet", "id": "a"}, "revocations[0]"),
        ({"kind": "agent"}, "revocations[0]"),
        ({"kind": "agent", "id": "a", "sub": "b"}, "revocations[0]"),
        ({"kind": "claims", "sub": "a", "claims": {}}, "revocations[0]"),
        ({"kind": "agent", "id": "a", "until": 24}, "revocations[0]"),
        ({"kind": "actor_prefix", "sub": "mail-"}, "revocations[0]"),
    ],
)
def test_what_revokes_nobody_is_refused(running: RunningService, entry: dict[str, Any], field: str) -> None:
    """A revocation that nobody understands would revoke nobody; all of a call's are refused then."""
    with RevocationClient(running.address) as revokes:
        with pytest.raises(ProtocolError) as refused:
            revokes.revoke([{"kind": "agent", "id": "good"}, entry][::-1])
        assert refused.value.field == field
        with pytest.raises(ProtocolError, match="nothing of the kind"):
            revokes.restore([{"kind": "agent", "id": "good"}])
        assert revokes.in_force() == []


async def test_a_restart_forgets_no_revocation(tmp_path: Path) -> None:
    """What is revoked stands in the store, whichever process wrote it."""
    given = settings(tmp_path, f"sqlite:///{tmp_path}/receipts.db")
    async with service(tmp_path, given) as first:
        with RevocationClient(first.address) as revokes:
            revokes.revoke([{"kind": "jti", "jti": "st-1"}])
    async with service(tmp_path, given) as second:
        with DecisionClient(second.address, timeout=5) as asks:
            assert codes(asks, asking()) == ["TOKEN_REVOKED"]
