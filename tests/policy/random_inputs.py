"""Random policy inputs, quickly: the vectors' and the reviewer's requests with members changed, removed and nested."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actas import policy_input
from actas.document import from_document
from actas.errors import ProtocolError
from actas.policy.state import RevocationState

TESTS = Path(__file__).resolve().parents[1]
NOW = 1_800_000_000
WORDS = [
    *("", " ", "*", "alice", "agent-mail", "mailer", "admin", "none", "true", "approved", "api_key", "jwt_svid"),
    *(
        "https://as.example.com",
        "https://idp.example.com",
        "https://mail.example.com/",
        "https://calendar.example.com/",
    ),
    *("spiffe://example.org/agent/mail", "spiffe://partner.test/agent/shared", "urn:ietf:params:oauth:token-type:jwt"),
    *("mail.read", "mail.read mail.send", "mail.delete", "calendar.read", "1000.00", "example.org"),
    *("a\x00b", "m\u0430il", "\U0001f600", "\ufeff", "\u2028"),
]
NUMBERS = [
    0,
    -1,
    1,
    1.0,
    1.5,
    -0.0,
    2**53,
    2**53 + 1,
    2**64,
    10**20,
    10**300,
    1e308,
    5e-324,
    0.1,
    NOW,
    NOW + 3600,
    NOW + 0.5,
]
NAMES = [
    "sub",
    "iss",
    "aud",
    "exp",
    "act",
    "may_act",
    "scope",
    "cnf",
    "client_id",
    "verified",
    "claims",
    "kind",
    "type",
    "x",
]


def documents() -> list[dict[str, Any]]:
    """Every request that the vectors hold, those that are allowed many times."""
    lines = (TESTS / "vectors" / "exchange.jsonl").read_text(encoding="utf-8").splitlines()
    vectors = [json.loads(line) for line in lines]
    return [vector["request"] for vector in vectors for _ in range(12 if vector["expect"]["effect"] == "ALLOW" else 1)]


def inputs(number: int, *, ill_typed: bool = False) -> Iterator[dict[str, Any]]:
    """Draw policy inputs without end from the seed *number*; *ill_typed* ones have facts that no request gives."""
    draw, sources = random.Random(number), documents()
    while True:
        document = _copy(draw.choice(sources))
        for _ in range(draw.choice([0, 0, 1, 1, 1, 1, 2, 3])):
            _change(document, draw)
        try:
            request = from_document(document)
            seen = policy_input.build(request, now=_now(draw), state=RevocationState.fresh().lookup(request))
        except (ProtocolError, ValueError, TypeError, OverflowError):
            continue
        # Facts may hold constants of their module, which would stay changed.
        seen = copy.deepcopy(seen)
        seen["state"] |= {"revocations": _revocations(draw, seen)} if draw.random() < 0.1 else {}
        for _ in range(draw.choice([1, 2, 3]) if ill_typed else 0):
            _change(seen, draw)
        yield seen


def _now(draw: random.Random) -> int:
    return NOW if draw.random() < 0.9 else NOW + draw.choice([-4000, -31, -30, 30, 31, 3570, 3600, 10**6])


def _revocations(draw: random.Random, seen: dict[str, Any]) -> list[Any]:
    """Draw one that hits what is asked, or one that nobody can read."""
    texts = [text for owner, step in _places([seen]) if isinstance(text := owner[step], str) and len(text) < 100]
    kinds = ["subject", "agent", "client", "jti", "actor", "actor_prefix", "delegation", "unknown"]
    names = ["sub", "id", "client_id", "jti", "actor"] if draw.random() < 0.8 else draw.sample(NAMES, 2)
    values = {name: draw.choice(texts if draw.random() < 0.9 else WORDS) for name in names}
    party = (seen.get("facts", {}).get("subject_token") or {}).get("party") or {}
    values["sub"] = draw.choice([values.get("sub", ""), party.get("sub", "")])
    return [{"kind": draw.choice(kinds), **values}]


def _copy(tree: Any) -> Any:
    return json.loads(json.dumps(tree))


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Give every container of *tree* with each of its keys."""
    found, waiting = [], [tree]
    while waiting:
        owner = waiting.pop()
        steps = list(owner) if isinstance(owner, dict) else range(len(owner))
        for step in steps:
            found.append((owner, step))
            if isinstance(owner[step], dict | list):
                waiting.append(owner[step])
    return found


def _value(draw: random.Random, depth: int = 2) -> Any:
    kind = draw.random()
    if kind < 0.45 or not depth:
        return draw.choice(WORDS)
    if kind < 0.65:
        return draw.choice(NUMBERS)
    if kind < 0.75:
        return draw.choice([None, True, False])
    if kind < 0.88:
        return [_value(draw, depth - 1) for _ in range(draw.randrange(4))]
    return {draw.choice(NAMES): _value(draw, depth - 1) for _ in range(draw.randrange(4))}


def _change(tree: Any, draw: random.Random) -> None:
    places = _places(tree)
    if not places:
        return
    owner, step = draw.choice(places)
    value = owner[step]
    match draw.randrange(9):
        case 0 | 1:
            del owner[step]
        case 2:
            owner[step] = _value(draw)
        case 3 | 4:
            other, there = draw.choice(places)
            owner[step] = _copy(other[there]) if there in other or isinstance(other, list) else None
        case 5:
            (value if isinstance(value, dict) else tree)[draw.choice(NAMES)] = _value(draw)
        case 6:
            for _ in range(draw.choice([1, 3, 12])):
                value = draw.choice([[value], {"sub": "x", "act": value}])
            owner[step] = value
        case 7:
            owner[step] = [value, *(value if isinstance(value, list) else [])]
        case 8 if isinstance(value, str):
            owner[step] = value + draw.choice([" ", "\n", "/", "#", " admin", "\x00", "x" * 200, "\u200d"])
        case _:
            owner[step] = draw.choice([value, draw.choice(NUMBERS)])
