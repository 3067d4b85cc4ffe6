"""Looking revocations up by key decides as handing every one of them to the policy does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actas.decide import Decider
from actas.document import from_document
from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy
from actas.policy.engines import Engines
from actas.policy.handle import EngineHandle, ServingRevision
from actas.policy.state import RevocationState
from actas.receipts.record import Record
from actas.request import ExchangeRequest
from actas.revocation.entry import parse
from actas.revocation.index import RevocationIndex
from actas.revocation.names import Agents
from actas.revocation.view import StateView

NOW = 1_800_000_000
AS, IDP = "https://as.example.com", "https://idp.example.com"
MAIL, CHAT = "spiffe://example.org/agent/mail", "spiffe://example.org/agent/chat"
REGISTRY: dict[str, Any] = {
    "authorization_servers": [AS],
    "issuers": {AS: ["subject", "actor", "act", "may_act"], IDP: ["subject", "actor", "act"]},
    "clients": {"agent-mail": {"actors": [MAIL, "mail", "bot", "chat"], "scopes": ["mail.read"], "targets": ["api"]}},
    "targets": {"api": {"scopes": {"mail.read": {}}, "default_scope": "mail.read"}},
    "trust_domains": {"example.org": {"kind": "own"}},
    "agents": {
        "mail": {
            "identities": [{"spiffe_id": MAIL}, {"iss": AS, "sub": "svc-1"}, {"iss": AS, "client_id": "agent-mail"}]
        },
        "chat": {"identities": [{"spiffe_id": CHAT}, {"iss": IDP, "sub": "svc-1"}]},
        "bot": {"identities": [{"iss": AS, "client_id": "bot-client"}, {"iss": AS, "sub": "bob"}]},
    },
}
NAMES = [MAIL, CHAT, "svc-1", "agent-mail", "bot-client", "mail", "chat", "bot", "alice", "bob", "nobody"]
names, issuers = st.sampled_from(NAMES), st.sampled_from([AS, IDP, "spiffe://example.org"])
words = st.sampled_from(["a", "b", "c"])


def _about(
    *, iss: bool = True, more: dict[str, st.SearchStrategy[Any]] | None = None, **members: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    times = {"until": st.sampled_from([NOW - 1, NOW, NOW + 1]), "event_timestamp": st.sampled_from([NOW - 200, NOW])}
    return st.fixed_dictionaries(members, optional={**times, **({"iss": issuers} if iss else {}), **(more or {})})


_PREFIXES = st.sampled_from([MAIL, f"{CHAT}/", "spiffe://example.org/agent", "bot"])
_CHANGED = st.just({"role": "reader"})
revocations = st.lists(
    st.one_of(
        _about(kind=st.just("subject"), sub=names, more={"sid": words}),
        _about(kind=st.just("session"), sid=words),
        _about(kind=st.just("agent"), id=names, iss=False),
        _about(kind=st.just("actor"), sub=names),
        _about(kind=st.just("actor_prefix"), sub=_PREFIXES, iss=False),
        _about(kind=st.just("client"), client_id=names, iss=False, more={"authorization_server": issuers}),
        _about(kind=st.just("delegation"), sub=names, actor=names),
        _about(kind=st.just("jti"), jti=words),
        _about(kind=st.just("chain"), txn=words, iss=False),
        _about(kind=st.just("claims"), sub=names, claims=_CHANGED),
        _about(kind=st.just("claims"), jti=words, claims=_CHANGED),
    ).map(parse),
    max_size=4,
)


def _claims(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {"jti": words, "txn": words, "sid": words, "role": st.just("reader"), "client_id": names, "azp": names}
    return st.fixed_dictionaries({"sub": names, **more}, optional=optional)


levels = st.recursive(
    st.fixed_dictionaries({"sub": names}, optional={"iss": issuers, "client_id": names}),
    lambda inner: st.builds(lambda level, act: {**level, "act": act}, st.fixed_dictionaries({"sub": names}), inner),
    max_leaves=3,
)


@st.composite
def requests(draw: st.DrawFn) -> ExchangeRequest:
    """Give an exchange that revocations can decide on: all else is in order, as far as that is possible."""
    times = {"iat": NOW - 100, "auth_time": NOW - 100, "exp": NOW + 600}
    subject = draw(_claims()) | {"iss": AS, "aud": "agent-mail", "scope": "mail.read", **times}
    if draw(st.booleans()):
        subject["act"] = draw(levels)
    document: dict[str, Any] = {
        "authorization_server": AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client": {"client_id": "agent-mail", "authenticated": True, "confidential": True},
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": ["api"],
        "scope": "mail.read",
    }
    if draw(st.booleans()):
        actor = draw(_claims()) | {"iss": draw(st.sampled_from([AS, IDP])), "aud": AS, **times}
        subject["may_act"] = {"sub": actor["sub"], "iss": actor["iss"]}
        document["actor_token"] = _token(actor)
    document["subject_token"] = _token(subject)
    return from_document(document)


def _token(claims: dict[str, Any]) -> dict[str, Any]:
    header = {"typ": "at+jwt", "alg": "RS256"}
    kind = "urn:ietf:params:oauth:token-type:access_token"
    return {"token_type": kind, "header": header, "verified": True, "claims": claims}


class Everything:
    """Hands every entry to the policy, whatever the request."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        """Keep *entries*."""
        self._entries = entries

    def lookup(self, request: ExchangeRequest, agents: Agents | None) -> StateView:
        """Give all."""
        del request, agents
        return StateView("fresh", "all", self._entries)


class Nowhere:
    """Records nothing."""

    async def record(self, record: Record) -> None:
        """Drop it."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, EngineHandle]]:
    """A loop, and the embedded engine with the registry."""
    folder, opa = tmp_path_factory.mktemp("world"), resolve_opa()
    files = {".manifest": {"roots": ["custom/actas"]}, "custom/actas/registry/data.json": REGISTRY}
    for name, content in files.items():
        (folder / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / name).write_text(json.dumps(content), encoding="utf-8")
    compiled = compile_policy([folder / "root"], opa=opa, into=folder, wasm=True)
    with asyncio.Runner() as runner:
        engine = runner.run(Engines("wasm", opa).serving(compiled))
        handle = EngineHandle()
        handle.swap(ServingRevision(engine, compiled))
        yield runner, handle
        runner.run(engine.close())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests(), entries=revocations)
def test_a_look_up_by_key_decides_as_handing_over_everything_does(
    world: tuple[asyncio.Runner, EngineHandle], request: ExchangeRequest, entries: list[dict[str, Any]]
) -> None:
    """No entry is left out that would have counted."""
    runner, handle = world
    decided = []
    for state in (RevocationState("keyed", entries), Everything(entries)):
        decider = Decider(handle, Nowhere(), state=state, clock=lambda: float(NOW))
        decision = runner.run(decider.decide(request, timeout=30))
        decided.append((decision.effect, [denial.code for denial in decision.denials]))
    assert decided[0] == decided[1]


@given(entries=revocations, restored=st.lists(st.integers(0, 3), max_size=4))
def test_an_index_has_what_was_added_and_not_taken_back(entries: list[dict[str, Any]], restored: list[int]) -> None:
    """Taking back forgets all about the same, and nothing else."""
    index, left = RevocationIndex(entries), list(entries)
    for place in restored:
        if place < len(entries):
            gone = {name: v for name, v in entries[place].items() if name not in ("until", "event_timestamp")}
            index.remove(gone)
            left = [e for e in left if {n: v for n, v in e.items() if n not in ("until", "event_timestamp")} != gone]
    for entry in entries:
        named = {name: value for name, value in entry.items() if name not in ("until", "event_timestamp")}
        assert bool(index.having(named)) == any(named.items() <= other.items() for other in left)
