"""Signed approvals on a whole service: gRPC in, real OPA behind it, approvals from `actas approve`."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from actas import wire
from actas.cli import approve as command
from actas.client import AsyncDecisionClient, Target
from actas.decision import Decision, Effect
from actas.decision.v1 import service_pb2
from actas.document_writer import to_document
from actas.errors import ProtocolError
from actas.request import Approval, ExchangeRequest, JsonText
from cli_support import actas
from server_support import stub_of
from service_support import AGENT, AS, MAIL, REGISTRY, SUITE, RunningService, exchange, service

ISSUER = "https://approvals.example.com"
CALENDAR = "https://calendar.example.com/"
APPROVING = (
    REGISTRY.replace(f"  {AS}: [", f"  {ISSUER}: {{roles: [approval], jwks_file: keys/approvals.jwks.json}}\n  {AS}: [")
    .replace("scopes: [mail.read]", "scopes: [mail.read, mail.delete]")
    .replace(f'targets: ["{MAIL}"]', f'targets: ["{MAIL}", "{CALENDAR}"]')
    .replace("scopes: {mail.read: {}}", "scopes: {mail.read: {}, mail.delete: {risk: deletion}}")
    .replace("trust_domains:", f"  {CALENDAR}: {{scopes: {{mail.delete: {{risk: deletion}}}}}}\ntrust_domains:")
)
SETTINGS = "risk: {deletion: {approval: true}}\n"


def root(folder: Path, registry: str = APPROVING) -> Path:
    """Write a policy root in which deletions need an approval; its keys are made where none are."""
    files = {
        ".manifest": '{"roots": ["custom/actas"]}',
        "custom/actas/registry/data.yaml": registry,
        "custom/actas/settings/data.yaml": SETTINGS,
        "cases/denied.yaml": SUITE,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    new_keys(folder)
    return folder


def new_keys(folder: Path) -> None:
    """Make the approver's key anew, and publish its public half in the root."""
    private = folder.with_name(f"{folder.name}-private")
    for old in private.glob("*"):
        old.unlink()
    made = actas("approve", "--new-key", private)
    assert made.status == 0, made.complaint
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "keys" / "approvals.jwks.json").write_text((private / "approvals.jwks.json").read_text())


def approve(folder: Path, **changes: str) -> str:
    """Approve a deletion of Alice's mail with the key of the root at *folder*."""
    said = {
        "key": str(folder.with_name(f"{folder.name}-private") / "approvals.key.pem"), "issuer": ISSUER,
        "approver": "bob", "subject": "alice", "actor": AGENT, "client-id": "agent-mail", "target": MAIL,
        "scope": "mail.delete", **changes,
    }  # fmt: skip
    # In this process: an interpreter for each of some thirty approvals would take longer than all the rest.
    arguments = [word for name, value in said.items() for word in (f"--{name}", value)]
    app = Typer()
    app.command()(command.approve)
    ran = CliRunner().invoke(app, arguments)
    assert (ran.exit_code, ran.stderr) == (0, "")
    return ran.stdout.strip()


def deletion(*approvals: str, **changes: Any) -> ExchangeRequest:
    """Give an exchange for a deletion, with the signed *approvals*."""
    asked = exchange(scope="mail.delete", **changes)
    assert asked.subject_token is not None
    assert asked.subject_token.claims is not None
    claims = {**asked.subject_token.claims.value, "scope": "mail.read mail.delete"}
    subject = dataclasses.replace(asked.subject_token, claims=JsonText(json.dumps(claims), claims))
    return dataclasses.replace(
        asked, subject_token=subject, approvals=tuple(Approval(jws=approval) for approval in approvals)
    )


def codes(decision: Decision) -> list[str]:
    """Give what a decision denies for."""
    assert (decision.effect is Effect.DENY) == bool(decision.denials)
    return [denial.code for denial in decision.denials]


@asynccontextmanager
async def asking(running: RunningService) -> AsyncIterator[AsyncDecisionClient]:
    """Give a client of the service."""
    async with AsyncDecisionClient(Target(running.address), timeout=10) as client:
        yield client


async def test_an_approval_lets_one_exchange_pass_and_no_other(tmp_path: Path) -> None:
    """Used once, for exactly what it says, whoever asks and however many at once."""
    policies = root(tmp_path / "policies")
    (tmp_path / "run").mkdir()
    async with service(tmp_path / "run", {"policies": policies}) as running, asking(running) as client:
        needed = await client.decide(deletion())
        assert codes(needed) == ["APPROVAL_REQUIRED"]
        assert [obligation.type for obligation in needed.obligations] == ["approval"]

        text = approve(policies)
        allowed = await client.decide(deletion(text))
        assert codes(allowed) == []
        assert allowed.limits is not None
        assert allowed.limits.scope == ("mail.delete",)
        assert 0 < allowed.limits.max_lifetime_seconds <= 300
        assert codes(await client.decide(deletion(text))) == ["APPROVAL_REVOKED"]

        contested = approve(policies)
        decisions = await asyncio.gather(*(client.decide(deletion(contested)) for _ in range(20)))
        assert sorted(",".join(codes(decision)) for decision in decisions) == ["", *["APPROVAL_REVOKED"] * 19]

        batched = approve(policies)
        message = wire.request_to_proto(deletion(batched))
        async with stub_of(running.address) as stub:
            answer = await stub.DecideBatch(service_pb2.DecideBatchRequest(requests=[message] * 10))
        assert sum(item.decision.effect == 1 for item in answer.items) == 1

        elsewhere = approve(policies)
        assert codes(await client.decide(deletion(elsewhere, resource=[CALENDAR]))) == ["APPROVAL_MISMATCH"]
        # What was denied was not used.
        assert codes(await client.decide(deletion(elsewhere))) == []

        for name, value in {"subject": "mallory", "actor": "other", "client-id": "other", "scope": "x"}.items():
            assert codes(await client.decide(deletion(approve(policies, **{name: value})))) == ["APPROVAL_MISMATCH"]
        assert codes(await client.decide(deletion(approve(policies, approver=AGENT)))) == ["APPROVER_INELIGIBLE"]
        for name, value in {"audience": "other", "issuer": AS, "kid": "other"}.items():
            assert codes(await client.decide(deletion(approve(policies, **{name: value})))) == ["APPROVAL_UNVERIFIABLE"]
        forged = text[: text.rindex(".")] + "." + "A" * 86
        assert codes(await client.decide(deletion(forged))) == ["APPROVAL_UNVERIFIABLE"]

        explained = approve(policies)
        async with stub_of(running.address) as stub:
            for _ in range(2):
                asked = service_pb2.ExplainRequest(request=wire.request_to_proto(deletion(explained)))
                answer = await stub.Explain(asked)
                assert answer.decision.effect == 1
        assert codes(await client.decide(deletion(explained))) == []

        with pytest.raises(ProtocolError) as refused:
            await client.decide(dataclasses.replace(deletion(), approvals=(Approval(jws=text, verified=True),)))
        assert refused.value.field == "approvals[0].verified"

        log = (tmp_path / "run" / "log").read_text(encoding="utf-8")
        records = [event for event in running.events if event["event"] == "decision"]
    for secret in (text, contested, batched, elsewhere, explained):
        assert secret not in log
        assert secret.split(".")[2] not in log
    used = next(record for record in records if record["decision_id"] == allowed.decision_id)
    assert used["evidence"]["approvals"] == "verified"
    assert used["approval_ids"][0].startswith("apr-")


async def test_after_a_restart_an_old_approval_counts_for_nothing(tmp_path: Path) -> None:
    """Whether it was used is not known any more; one that is given afterwards counts."""
    policies = root(tmp_path / "policies")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    async with service(tmp_path / "first", {"policies": policies}) as running, asking(running) as client:
        used, unused = approve(policies), approve(policies)
        assert codes(await client.decide(deletion(used))) == []
    time.sleep(1)  # NumericDates are whole seconds
    async with service(tmp_path / "second", {"policies": policies}) as running, asking(running) as client:
        for old in (used, unused):
            assert codes(await client.decide(deletion(old))) == ["APPROVAL_UNVERIFIABLE"]
        assert codes(await client.decide(deletion(approve(policies)))) == []


async def test_keys_belong_to_the_revision(tmp_path: Path) -> None:
    """New keys are another revision; what the old ones signed proves nothing, and bad ones change nothing."""
    policies = root(tmp_path / "policies")
    (tmp_path / "run").mkdir()
    settings = {"policies": policies, "audience": "actas-1"}
    async with service(tmp_path / "run", settings) as running, asking(running) as client:
        assert codes(await client.decide(deletion(approve(policies)))) == ["APPROVAL_UNVERIFIABLE"]
        old = approve(policies, audience="actas-1")
        first = (await running.event("policy_activated"))["revision"]

        new_keys(policies)
        running.process.send_signal(signal.SIGHUP)
        second = (await running.event("policy_activated", count=2))["revision"]
        assert second != first
        assert codes(await client.decide(deletion(old))) == ["APPROVAL_UNVERIFIABLE"]
        good = approve(policies, audience="actas-1")

        keys = policies / "keys" / "approvals.jwks.json"
        member = json.loads(keys.read_text())["keys"][0]
        keys.write_text(json.dumps({"keys": [member | {"d": "c2VjcmV0"}]}))
        running.process.send_signal(signal.SIGHUP)
        failed = await running.event("policy_activation_failed")
        (problem,) = failed["problems"]
        assert str(keys) in problem
        assert "is a private key" in problem
        assert member["kid"] in problem
        assert "c2VjcmV0" not in (tmp_path / "run" / "log").read_text()
        decision = await client.decide(deletion(good))
        assert (codes(decision), decision.policy.revision) == ([], second)


@pytest.mark.parametrize(
    ("issuer", "sentence"),
    [
        ("{roles: [approval], jwks_file: ../x.json}", "is no path below the policy root"),
        ("{roles: [approval], jwks_file: keys/missing.json}", "is no file of the policy root"),
        ("{roles: [approval]}", "needs a jwks_file"),
        ("[approval]", "needs a jwks_file"),
        ("{roles: [approval], jwks_file: keys/approvals.jwks.json, algorithms: [HS256]}", "algorithms"),
        ("{roles: [approval], jwks_file: keys/approvals.jwks.json, algorithms: [RS256]}", "fits none"),
    ],
)
def test_a_registry_that_trusts_nobody_s_keys_is_refused(tmp_path: Path, issuer: str, sentence: str) -> None:
    """Before anything serves, with the file and what is wrong."""
    registry = APPROVING.replace("{roles: [approval], jwks_file: keys/approvals.jwks.json}", issuer)
    policies = root(tmp_path / "policies", registry)
    ran = actas("lint", policies)
    assert ran.status != 0
    assert sentence in ran.output + ran.complaint


def test_the_command_line_verifies_approvals_too(tmp_path: Path) -> None:
    """`actas decide --policies` asks no service, so nothing is used up; a suite's approval lives at its frozen time."""
    policies = root(tmp_path / "policies")
    document = tmp_path / "exchange.json"
    document.write_text(json.dumps(to_document(deletion(approve(policies)))))
    for _ in range(2):
        ran = actas("decide", document, "--policies", policies, "--json")
        assert (ran.status, ran.document["effect"]) == (0, "ALLOW"), ran.output + ran.complaint
    ran = actas("explain", document, "--policies", policies, "--now", "2099-01-01T00:00:00Z", "--json")
    assert ran.status == 1

    approved = json.loads(document.read_text())
    moment = int(time.time())
    suite = {"suite": "An approval", "now": moment, "cases": []}
    suite["cases"] = [
        {"name": "passes", "request": approved, "expect": {"effect": "ALLOW"}},
        {"name": "is over", "now": moment + 400, "request": approved, "expect": {"effect": "DENY"}},
    ]
    (policies / "cases" / "approved.yaml").write_text(json.dumps(suite))
    tested = actas("test", "--policies", policies)
    assert tested.status == 0, tested.output + tested.complaint
