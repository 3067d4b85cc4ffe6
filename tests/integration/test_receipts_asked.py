"""Receipts and outcomes of a real service with a store: who may ask, who may report, and what is found then."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from actas.client import AsyncDecisionClient, Target
from actas.client.receipt_client import ReceiptClient
from actas.decision import Decision
from actas.errors import EngineError, ProtocolError, Status
from actas.receipts.filters import ReceiptFilter
from actas.receipts.outcome import Outcome
from cli_support import actas
from service_support import AGENT, AS, MAIL, RunningService, adopter_root, exchange, service

pytestmark = pytest.mark.asyncio(loop_scope="module")


def caller(name: str, *permissions: str, issuer: str = AS) -> dict[str, Any]:
    """Configure a caller whose token is its name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "name": name, "token_sha256": [digest], "authorization_servers": [issuer], "permissions": list(permissions)
    }  # fmt: skip


CALLERS = [
    caller("sts"),
    caller("other-sts", issuer="https://other.example"),
    caller("auditor", "receipts", issuer="https://other.example"),
    caller("mail", "outcome", issuer="https://other.example"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[1, 2], ids=["alone", "workers"])
async def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningService]:
    """A service that keeps its receipts in a file, in one process or in two workers."""
    folder = tmp_path_factory.mktemp("service")
    settings = {
        "policies": adopter_root(folder / "policies"),
        "receipts": f"sqlite:///{folder}/receipts.db",
        "callers": json.dumps(CALLERS),
        "workers": request.param,
    }
    async with service(folder, settings) as started:
        yield started


def client(running: RunningService, name: str) -> AsyncDecisionClient:
    """Make the client of a caller."""
    return AsyncDecisionClient(Target(running.address, token=name), timeout=10)


def receipts(running: RunningService, name: str) -> ReceiptClient:
    """Make the client that asks for receipts."""
    return ReceiptClient(Target(running.address, token=name))


async def decided(running: RunningService, **changes: Any) -> Decision:
    """Let the authorization server ask for one decision."""
    async with client(running, "sts") as sts:
        return await sts.decide(exchange(**changes))


async def refused(running: RunningService, name: str, decision_id: str, outcome: Outcome) -> tuple[Status, str]:
    """Report *outcome*, and give how that was refused."""
    async with client(running, name) as reporter:
        with pytest.raises((EngineError, ProtocolError)) as caught:
            await reporter.report_outcome(decision_id, outcome)
    return caught.value.status, caught.value.reason


async def test_a_decision_is_listed_with_what_became_of_it(running: RunningService) -> None:
    """The authorization server says what it issued, the resource what happened; both once, and again without harm."""
    decision = await decided(running, context={"task_id": "t-1"})
    issued, sent = Outcome(issued=True, issued_jti="jti-1"), Outcome(side_effect="mail.sent", detail="to bob")
    with receipts(running, "auditor") as auditor:
        unreported = auditor.page(ReceiptFilter(unreported=True), size=100).receipts
        assert unreported[0].decision_id == decision.decision_id
        async with client(running, "sts") as sts, client(running, "mail") as mail:
            assert await sts.report_outcome(decision.decision_id, issued)
            assert not await sts.report_outcome(decision.decision_id, issued)
            assert await mail.report_outcome(decision.decision_id, sent)
        (found,) = auditor.page(ReceiptFilter(task_id="t-1"), size=10).receipts
        assert auditor.page(ReceiptFilter(unreported=True), size=100).receipts == unreported[1:]

    said = {name: found.outcome[name] for name in ("issued", "issued_jti", "side_effect", "detail")}
    assert said == {"issued": True, "issued_jti": "jti-1", "side_effect": "mail.sent", "detail": "to bob"}
    assert {part: by["reporter"] for part, by in found.outcome["reported"].items()} == {
        "issued": "sts", "side_effect": "mail"
    }  # fmt: skip
    assert found.document["caller"] == "sts"
    store = f"sqlite:///{running.folder}/receipts.db"
    assert actas("receipts", "verify", "--receipts", store, "--json").document["intact"]


async def test_who_contradicts_is_refused_and_that_is_kept(running: RunningService) -> None:
    """An earlier report, or a DENY, cannot be talked away; nor can the attempt."""
    allowed = await decided(running)
    denied = await decided(running, client={"client_id": "agent-mail"})
    async with client(running, "sts") as sts:
        await sts.report_outcome(allowed.decision_id, Outcome(issued=False))
    contradiction = (Status.ALREADY_EXISTS, "OUTCOME_CONTRADICTS")
    issued = Outcome(issued=True, issued_jti="jti-2")
    assert await refused(running, "sts", allowed.decision_id, issued) == contradiction
    assert await refused(running, "mail", allowed.decision_id, Outcome(side_effect="mail.sent")) == contradiction
    assert await refused(running, "sts", denied.decision_id, issued) == contradiction

    with receipts(running, "auditor") as auditor:
        found = {one.decision_id: one.outcome for one in auditor.page(ReceiptFilter(), size=100).receipts}
    assert found[allowed.decision_id]["issued"] is False
    assert [(one["reporter"], one.get("issued_jti")) for one in found[allowed.decision_id]["refused"]] == [
        ("sts", "jti-2"), ("mail", None)
    ]  # fmt: skip
    assert [one["issued_jti"] for one in found[denied.decision_id]["refused"]] == ["jti-2"]


async def test_of_reports_that_contradict_each_other_at_once_one_is_taken(running: RunningService) -> None:
    """Whichever worker takes them; whoever came second hears of it."""
    decision = await decided(running)
    async with client(running, "sts") as sts:
        reports = [
            sts.report_outcome(decision.decision_id, Outcome(issued=True, issued_jti=f"jti-{number}"))
            for number in range(8)
        ]
        answers = await asyncio.gather(*reports, return_exceptions=True)
    (taken,) = [number for number, answer in enumerate(answers) if answer is True]
    statuses = {answer.status for answer in answers if isinstance(answer, EngineError)}
    assert statuses == {Status.ALREADY_EXISTS}
    with receipts(running, "auditor") as auditor:
        found = auditor.page(ReceiptFilter(), size=1).receipts[0]
    assert found.outcome["issued_jti"] == f"jti-{taken}"
    assert len(found.outcome["refused"]) == 7


async def test_only_who_may_can_report_and_read(running: RunningService) -> None:
    """Also from the service's own machine: other people's users are nobody's business."""
    decision = await decided(running)
    issued = Outcome(issued=True, issued_jti="jti-1")
    assert await refused(running, "other-sts", decision.decision_id, issued) == (
        Status.PERMISSION_DENIED, "AUTHORIZATION_SERVER_NOT_PERMITTED"
    )  # fmt: skip
    assert await refused(running, "nobody", decision.decision_id, issued) == (
        Status.UNAUTHENTICATED, "CALLER_NOT_AUTHENTICATED"
    )  # fmt: skip
    assert await refused(running, "sts", "00000000-0000-7000-8000-000000000000", issued) == (
        Status.NOT_FOUND, "DECISION_UNKNOWN"
    )  # fmt: skip
    for name in ("sts", "mail"):
        with receipts(running, name) as asking:
            for question in (
                lambda asking=asking: asking.page(ReceiptFilter(), size=1),
                lambda asking=asking: asking.tree(decision.decision_id),
                lambda asking=asking: asking.agents(since=0),
            ):
                with pytest.raises(EngineError) as caught:
                    question()
                assert (caught.value.status, caught.value.reason) == (Status.PERMISSION_DENIED, "PERMISSION_MISSING")


async def test_the_tree_of_a_chain_of_exchanges_is_drawn(running: RunningService) -> None:
    """The claims of the issued tokens link the hops, denied ones too, whichever worker decided; CLI and gRPC agree."""
    first = await decided(running)
    assert first.issue_claims is not None
    claims = {"decision_id": first.issue_claims.decision_id, "txn": first.issue_claims.txn, "act": first.act}
    subject = json.loads(json.dumps(SUBJECT))
    subject["claims"] |= claims | {"client_id": "agent-mail"}
    second = await decided(running, subject_token=subject)
    third = await decided(running, subject_token=subject, scope="mail.delete")

    store = ("--receipts", f"sqlite:///{running.folder}/receipts.db")
    by_store = actas("receipts", "tree", third.decision_id, *store, "--json")
    assert by_store.status == 0, by_store.complaint
    hops = by_store.documents
    assert [hop["decision_id"] for hop in hops] == [first.decision_id, second.decision_id, third.decision_id]
    assert [hop["depth"] for hop in hops] == [0, 1, 1]
    assert {hop["root_decision_id"] for hop in hops} == {first.decision_id}
    target = ("--target", running.address)
    by_service = actas("receipts", "tree", first.decision_id, *target, "--json", env={"ACTAS_TOKEN": "auditor"})
    assert by_service.documents == hops
    drawn = actas("receipts", "tree", first.decision_id, *store).output
    assert f"alice at {AS}" in drawn
    assert drawn.count(f"✓ {AGENT} → {MAIL}") == sum(hop["effect"] == "ALLOW" for hop in hops)


async def test_what_is_too_large_for_one_answer_comes_in_several(running: RunningService) -> None:
    """Whatever callers wrote into requests, an auditor gets all receipts."""
    names = [
        (await decided(running, context={"task_id": "large", "request_path": ["x" * 60_000] * 3})).decision_id
        for _ in range(30)
    ]
    with receipts(running, "auditor") as auditor:
        seen, token, pages = [], "", 0
        while pages == 0 or token:
            page = auditor.page(ReceiptFilter(task_id="large"), size=100, token=token)
            seen += [found.decision_id for found in page.receipts]
            token, pages = page.next_token, pages + 1
    assert seen == names[::-1]
    assert pages > 1


async def test_receipts_are_served_while_decisions_cannot_be_made(running: RunningService) -> None:
    """Health is told by service, under its full name."""
    async with aio.insecure_channel(running.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        answer = await check(health_pb2.HealthCheckRequest(service="actas.admin.v1.ReceiptService"))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def _subject() -> dict[str, Any]:
    token = exchange().subject_token
    assert token is not None
    assert token.claims is not None
    return {
        "token_type": token.token_type,
        "header": {"typ": "at+jwt", "alg": "RS256"},
        "verified": True,
        "claims": dict(token.claims.value),
    }


SUBJECT = _subject()
