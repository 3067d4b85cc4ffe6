"""What the tests of the server share: a server on a free port, and a decider whose answers a test chooses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from actas.config import Config, load
from actas.decision import Decision, Denial, Effect, IssueClaims, Limits, PolicyRef
from actas.decision.v1 import service_pb2_grpc
from actas.explanation import FiredRule
from actas.request import ACCESS_TOKEN, TOKEN_EXCHANGE, Client, ExchangeRequest, JsonText, Token
from actas.server.host import Host
from actas.server.metrics import Metrics
from actas.server.servicer import SERVICE, Servicer

ISSUER = "https://as.example"
REQUEST = ExchangeRequest(
    authorization_server=ISSUER,
    grant_type=TOKEN_EXCHANGE,
    request_id="r-1",
    client=Client(client_id="gateway", authenticated=True),
    subject_token=Token(token_type=ACCESS_TOKEN, verified=True, claims=JsonText('{"sub":"alice"}', {"sub": "alice"})),
    resource=("https://api.example/",),
    scope="read",
)


def deny(request: ExchangeRequest) -> Decision:
    """Answer with a DENY."""
    now = time.time()
    return Decision(
        decision_id="d-1",
        request_id=request.request_id,
        effect=Effect.DENY,
        policy=PolicyRef("rev-1", "sha256:b", "s-1"),
        evaluated_at=now,
        valid_until=now + 5,
        error="access_denied",
        denials=(Denial("MAY_ACT_MISMATCH", "may_act", "no proof"),),
    )


def allow(request: ExchangeRequest) -> Decision:
    """Answer with an ALLOW of what was asked."""
    now = time.time()
    return Decision(
        decision_id="d-2",
        request_id=request.request_id,
        effect=Effect.ALLOW,
        policy=PolicyRef("rev-1", "sha256:b", "s-1"),
        evaluated_at=now,
        valid_until=now + 5,
        limits=Limits(("read",), request.resource, 300, int(now) + 300, ACCESS_TOKEN, "Bearer"),
        issue_claims=IssueClaims("d-2", "d-2"),
    )


class ChosenDecider:
    """Decides as *answer* says, after *seconds*, and remembers what it was asked."""

    def __init__(self, answer: Callable[[ExchangeRequest], Decision] = deny, seconds: float = 0.0) -> None:
        """Choose the answer."""
        self.answer = answer
        self.seconds = seconds
        self.asked: list[tuple[ExchangeRequest, float, str]] = []
        self.finished = 0

    async def decide(
        self,
        request: ExchangeRequest,
        *,
        timeout: float,
        caller: str,
        in_step: bool = False,  # noqa: ARG002 - an answer that is chosen takes no steps
    ) -> Decision:
        """Answer as chosen."""
        self.asked.append((request, timeout, caller))
        await asyncio.sleep(self.seconds)
        self.finished += 1
        return self.answer(request)

    async def rehearse(
        self, request: ExchangeRequest, *, timeout: float, caller: str
    ) -> tuple[ExchangeRequest, Decision]:
        """Answer as `decide` does."""
        return request, await self.decide(request, timeout=timeout, caller=caller)


class Served:
    """A server that runs: its port, its metrics, and how to stop it early."""

    def __init__(self, host: Host, port: int, metrics: Metrics) -> None:
        """Keep the parts."""
        self.host = host
        self.port = port
        self.metrics = metrics

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"


def explained(_request: ExchangeRequest, decision: Decision) -> list[FiredRule]:
    """Explain with one rule per denial."""
    return [
        FiredRule(denial.code, denial.rule, denial.reason, file="may_act.rego", line=7, inputs={"input.scope": "read"})
        for denial in decision.denials
    ]


@asynccontextmanager
async def served(
    decider: ChosenDecider, flags: Mapping[str, Any] | None = None, *, around: Sequence[Any] = ()
) -> AsyncIterator[Served]:
    """Serve *decider* on a free port of loopback, configured by *flags*."""
    config: Config = load({"listen": ["127.0.0.1:0"], **(flags or {})})
    metrics = Metrics()
    servicer = Servicer(
        decider,
        explained,
        metrics,
        config.limits,
        default_timeout=config.default_timeout,
        max_timeout=config.max_timeout,
    )
    host = Host(config, {SERVICE: servicer.handler()}, metrics, around)
    bound = await host.start()
    await host.serving(True)
    try:
        yield Served(host, bound[0].port, metrics)
    finally:
        await host.stop()


@asynccontextmanager
async def stub_of(address: str) -> AsyncIterator[Any]:
    """Give the generated stub, to send what no client of ours would send."""
    async with aio.insecure_channel(address) as channel:
        yield service_pb2_grpc.DecisionServiceStub(channel)  # type: ignore[no-untyped-call]  # generated


async def send_bytes(address: str, method: str, data: bytes, metadata: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Send raw bytes as the request message of *method*."""
    async with aio.insecure_channel(address) as channel:
        call = channel.unary_unary(f"/{SERVICE}/{method}", None, None)
        answer: bytes = await call(data, timeout=5, metadata=metadata)
        return answer


class Told:
    """What a failed call told: status, reason, domain, field."""

    def __init__(self, error: aio.AioRpcError) -> None:
        """Read the details of *error*."""
        self.code: str = error.code().name
        self.text = error.details() or ""
        metadata: Any = error.trailing_metadata() or ()
        details = [value for name, value in metadata if name == "grpc-status-details-bin"]
        status = status_pb2.Status.FromString(details[0]) if details else status_pb2.Status()
        self.reason = self.domain = self.field = ""
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in status.details:
            if detail.Unpack(info):
                self.reason, self.domain = info.reason, info.domain
            elif detail.Unpack(request):
                self.field = request.field_violations[0].field
