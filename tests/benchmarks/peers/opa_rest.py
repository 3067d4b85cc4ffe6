"""OPA as a server, asked over REST as its documentation shows: the same bundle, plain HTTP, no token."""

from __future__ import annotations

import json
from contextlib import ExitStack

import httpx
from servers import opa_alone

from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import CompiledPolicy
from actas.request import ExchangeRequest
from peers.peer import Load, Peer
from peers.questions import effect_of, question

PATH = "/v1/data/actas/decision/decision?strict-builtin-errors=true"
# The policy's own answer is whole; that nothing was widened is checked by nobody.
LACKS = ("receipt",)


def start(stack: ExitStack, compiled: CompiledPolicy, base: ExchangeRequest) -> Peer:
    """Start OPA with the bundle of *compiled*."""
    server = stack.enter_context(opa_alone(resolve_opa(), compiled.path))
    client = stack.enter_context(httpx.Client(base_url=f"http://{server.address}", timeout=30, trust_env=False))

    def effect(request: ExchangeRequest) -> str:
        answer = client.post(PATH, json={"input": question(request)})
        answer.raise_for_status()
        return effect_of(answer.json().get("result"))

    body = json.dumps({"input": question(base)}).encode()
    return Peer("opa_rest", server, Load("http", PATH, body, None), LACKS, effect)
