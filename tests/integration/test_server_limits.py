"""A caller over its limit is told so with a status of its own, and nobody else notices."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from actas import wire
from actas.client import AsyncDecisionClient, Target
from actas.errors import EngineError
from server_support import ISSUER, REQUEST, ChosenDecider, Told, send_bytes, served

DATA = wire.request_to_proto(REQUEST).SerializeToString()


def caller(name: str, **limits: float | int) -> dict[str, object]:
    """Give a caller whose token is its name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "token_sha256": [digest], "authorization_servers": [ISSUER], **limits}


async def refused(address: str, name: str) -> aio.AioRpcError:
    """Ask as *name*, who must be refused."""
    with pytest.raises(aio.AioRpcError) as caught:
        await send_bytes(address, "Decide", DATA, (("authorization", f"Bearer {name}"),))
    return caught.value


async def test_a_caller_over_its_rate_is_refused_and_no_other_is() -> None:
    """RESOURCE_EXHAUSTED with a reason and when to come back; nothing is decided, and it is counted."""
    decider = ChosenDecider()
    async with served(decider, {"callers": [caller("busy", rate=0.1, burst=3), caller("calm")]}) as server:
        async with (
            AsyncDecisionClient(Target(server.address, "busy")) as busy,
            AsyncDecisionClient(Target(server.address, "calm")) as calm,
        ):
            for _ in range(3):
                await busy.decide(REQUEST)
            with pytest.raises(EngineError) as caught:
                await busy.decide(REQUEST)
            await calm.decide(REQUEST)
        told = await refused(server.address, "busy")
        counted = server.metrics.registry.get_sample_value(
            "actas_caller_over_limit_total", {"caller": "busy", "limit": "CALLER_RATE_LIMITED"}
        )

    assert caught.value.reason == "CALLER_RATE_LIMITED"
    assert (Told(told).code, Told(told).reason) == ("RESOURCE_EXHAUSTED", "CALLER_RATE_LIMITED")
    assert 0 < retry_delay(told) <= 10
    assert counted == 2
    assert [who for _request, _timeout, who in decider.asked] == ["busy"] * 3 + ["calm"]


def retry_delay(error: aio.AioRpcError) -> float:
    """Give the seconds of RetryInfo."""
    details = next(value for name, value in error.trailing_metadata() or () if name == "grpc-status-details-bin")
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_pb2.Status.FromString(details).details)
    return float(retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9)


async def test_each_item_of_a_batch_counts() -> None:
    """A batch that is over the rate is refused whole, before anything of it is decided."""
    decider = ChosenDecider()
    async with (
        served(decider, {"callers": [caller("busy", rate=0.1, burst=10)]}) as server,
        AsyncDecisionClient(Target(server.address, "busy")) as busy,
    ):
        assert len(await busy.decide_batch([REQUEST] * 8)) == 8
        with pytest.raises(EngineError) as caught:
            await busy.decide_batch([REQUEST] * 8)

    assert caught.value.reason == "CALLER_RATE_LIMITED"
    assert len(decider.asked) == 8


async def test_a_caller_has_no_more_calls_under_way_than_it_may() -> None:
    """What is over is refused at once and not kept waiting; when a call ends there is room again."""
    decider = ChosenDecider(seconds=0.5)
    async with (
        served(decider, {"callers": [caller("busy", max_concurrency=2), caller("calm")]}) as server,
        AsyncDecisionClient(Target(server.address, "busy"), timeout=10) as busy,
        AsyncDecisionClient(Target(server.address, "calm"), timeout=10) as calm,
    ):
        answers = await asyncio.gather(*(busy.decide(REQUEST) for _ in range(6)), return_exceptions=True)
        refusals = [answer for answer in answers if isinstance(answer, EngineError)]
        assert {refusal.reason for refusal in refusals} == {"CALLER_CONCURRENCY_LIMITED"}
        assert len(refusals) == 4
        await asyncio.gather(busy.decide(REQUEST), calm.decide(REQUEST))


async def test_who_is_not_known_uses_up_nothing_of_a_caller() -> None:
    """A limit is a caller's own: it is not counted before it is known who asks."""
    async with served(ChosenDecider(), {"callers": [caller("sts", rate=0.1, burst=1)]}) as server:
        for _ in range(5):
            assert Told(await refused(server.address, "nobody")).code == "UNAUTHENTICATED"
        await send_bytes(server.address, "Decide", DATA, (("authorization", "Bearer sts"),))
