"""Mutated exchange requests: the vectors' own, with members deleted, replaced, swapped, repeated and nested."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).resolve().parents[1] / "vectors" / "exchange.jsonl").read_text("utf-8").splitlines()
]
ALLOWED = [vector["request"] for vector in VECTORS if vector["expect"]["effect"] == "ALLOW"]
DENIED = [vector["request"] for vector in VECTORS if vector["expect"]["effect"] == "DENY"]

# Names and values that mean something somewhere, put where they mean something else.
WORDS = [
    "",
    "agent-mail",
    "alice",
    "https://as.example.com",
    "https://idp.example.com",
    "https://mail.example.com/",
    "spiffe://example.org/agent/mail",
    "spiffe://partner.test/agent/shared",
    "spiffe://example.org",
    "urn:ietf:params:oauth:token-type:access_token",
    "urn:ietf:params:oauth:token-type:jwt",
    "mail.read mail.send mail.delete",
    "admin",
    "none",
    "*",
    "oauth",
    "api_key",
    "jwt_svid",
    "approved",
    "true",
    "a\x00b",
    "m\u0430il.read",
    "\U0001f600",
    " ",
]
NUMBERS: list[Any] = [0, -1, 1, 1.5, 2**53 + 1, 10**20, 10**300, 10**400, 1e308, 1_800_000_000, 1_800_003_600, math.nan]
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
    "header",
    "authorization_details",
    "approvals",
    "consents",
    "type",
    "surprise",
]
SCALARS = st.sampled_from([None, True, False, *WORDS, *NUMBERS])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=4,
)
KINDS = ("delete", "delete", "delete", "replace", "replace", "swap", "swap", "add", "nest", "repeat", "wrap", "extend")


@dataclass(frozen=True)
class Mutant:
    """One document, and the tree that it was written from. *ambiguous*: a name occurs twice in its claims."""

    tree: dict[str, Any]
    text: bytes
    ambiguous: bool


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path of everything in *tree*, outermost first."""
    found: list[tuple[Any, ...]] = []
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, child in children:
        found.append((*path, step))
        found += places(child, (*path, step))
    return found


def _parent(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        tree = tree[step]
    return tree


def _change(kind: str, tree: dict[str, Any], path: tuple[Any, ...], draw: st.DrawFn) -> str:
    """Change *tree* at *path*; gives the name that is to be repeated, if one is."""
    parent, step = _parent(tree, path), path[-1]
    if kind == "delete":
        del parent[step]
    elif kind == "replace":
        parent[step] = draw(VALUES)
    elif kind == "swap":
        strings = [other for other in places(tree) if isinstance(_parent(tree, other)[other[-1]], str)]
        other = draw(st.sampled_from(strings))
        parent[step] = _parent(tree, other)[other[-1]]
    elif kind == "add":
        owner = parent[step] if isinstance(parent[step], dict) else tree
        owner[draw(st.sampled_from(NAMES))] = draw(VALUES)
    elif kind == "nest":
        value, levels = parent[step], draw(st.sampled_from([1, 5, 40, 70, 300]))
        name = draw(st.sampled_from(["act", "claims", "", "list"]))
        for _ in range(levels):
            value = [value] if name == "list" else {"sub": "x", name: value} if levels < 100 else {name: value}
        parent[step] = value
    elif kind == "wrap":
        parent[step] = [parent[step]]
    elif kind == "extend" and isinstance(parent[step], str):
        parent[step] += draw(st.sampled_from(["\n", "\x00", " ", "/", "a", "\u200d", " admin", "#", "x" * 300]))
    elif kind == "repeat" and isinstance(step, str):
        return step
    return ""


@st.composite
def mutants(draw: st.DrawFn) -> Mutant:
    """Draw a vector's request with one to four changes; those that are allowed are drawn more often."""
    source = draw(st.sampled_from([ALLOWED, ALLOWED, DENIED]))
    tree: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(source)))
    repeated: list[tuple[Any, ...]] = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4]))):
        if not (there := places(tree)):
            break
        path = draw(st.sampled_from(there))
        if _change(draw(st.sampled_from(KINDS)), tree, path, draw):
            repeated.append(path)
    text, ambiguous = _written(tree, repeated)
    return Mutant(tree, text, ambiguous)


def _written(tree: dict[str, Any], repeated: list[tuple[Any, ...]]) -> tuple[bytes, bool]:
    marked, ambiguous, marks = copy.deepcopy(tree), False, []
    for path in repeated:
        try:
            parent = _parent(marked, path)
            if path[-1] not in parent or not isinstance(parent, dict):
                continue
        except (KeyError, IndexError, TypeError):
            continue
        mark = f"repeat-{len(marks)}"
        parent[mark] = copy.deepcopy(parent[path[-1]])
        marks.append((mark, path[-1]))
        ambiguous = True
    text = json.dumps(marked, ensure_ascii=False)
    for mark, name in marks:
        text = text.replace(json.dumps(mark), json.dumps(name, ensure_ascii=False))
    return text.encode(), ambiguous


def bytes_like(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes that nobody meant: of nothing, or of one of *seeds* with pieces cut, copied, flipped and put in."""
    pieces = st.binary(max_size=12) | st.sampled_from(
        [
            b"{",
            b"[",
            b'"',
            b"\\",
            b"\xff",
            b"\x00",
            b"\xed\xa0\x80",
            b"1" * 400,
            b"[" * 300,
            b'{"a":' * 200,
            b"&a ",
            b"*a",
        ]
    )

    @st.composite
    def spoiled(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(1, 4))):
            at = draw(st.integers(0, max(0, len(data))))
            length = draw(st.sampled_from([0, 1, 2, 8, 64]))
            kind = draw(st.sampled_from(["put", "cut", "copy", "flip"]))
            if kind == "put":
                data[at:at] = draw(pieces)
            elif kind == "cut":
                del data[at : at + length]
            elif kind == "copy":
                data[at:at] = data[at : at + length] * draw(st.sampled_from([1, 2, 50]))
            elif at < len(data):
                data[at] ^= draw(st.integers(1, 255))
        return bytes(data)

    return st.binary(max_size=200) | spoiled()
