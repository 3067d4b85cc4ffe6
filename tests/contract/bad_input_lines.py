"""Builds the inputs of tests/cases/bad_input.yaml: an exchange that is allowed, spoiled in one place."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from actas import wire
from actas.decision.v1 import request_pb2
from actas.document import from_document
from service_support import AGENT, AS, MAIL

CASES = Path(__file__).resolve().parents[1] / "cases" / "bad_input.yaml"
SECRET = "s3cret-evidence-that-nobody-may-print"
CANARY = "canary"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
# In protobuf these travel as text.
TEXTS = ("claims", "authorization_details", "requested_lifetime")
CHANGES = ("set", "raw", "latin1", "repeat", "repeat_digits", "nest", "set_many", "drop", "unknown_field")

Path_ = tuple[str | int, ...]


def table() -> dict[str, list[dict[str, Any]]]:
    """Read the whole table."""
    tables: dict[str, list[dict[str, Any]]] = YAML(typ="safe", pure=True).load(CASES.read_text(encoding="utf-8"))
    return tables


def right_exchange() -> dict[str, Any]:
    """Make an exchange that is allowed now; it carries secrets that may never be seen again."""
    now = int(time.time())
    return {
        "request_id": "r-1",
        "authorization_server": AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client": {"client_id": "agent-mail", "authenticated": True, "confidential": True},
        "subject_token": {
            "token_type": ACCESS_TOKEN,
            "header": {"typ": "at+jwt", "alg": "RS256"},
            "verified": True,
            "claims": {
                "iss": AS,
                "sub": "alice",
                "aud": ["agent-mail"],
                "client_id": "chat-ui",
                "iat": now - 100,
                "exp": now + 3600,
                "jti": "st-1",
                "scope": "mail.read",
                "auth_time": now - 100,
                "may_act": {"sub": AGENT},
            },
        },
        "actor_token": {
            "token_type": "urn:ietf:params:oauth:token-type:jwt",
            "header": {"alg": "ES256", "kid": "k1", "typ": "JWT"},
            "verified": True,
            "kind": "jwt_svid",
            "bundle_trust_domain": "example.org",
            "claims": {"sub": AGENT, "aud": [AS], "iat": now - 10, "exp": now + 300},
        },
        "actor_workload": {"spiffe_id": AGENT, "jwt_svid": SECRET},
        "requested_token_type": ACCESS_TOKEN,
        "resource": [MAIL],
        "scope": "mail.read",
        "requested_lifetime": 600,
    }


def steps(path: str) -> Path_:
    """Split `approvals.0.status`."""
    return tuple(int(part) if part.isdigit() else part for part in path.split(".")) if path else ()


def at(tree: Any, path: Path_) -> Any:
    """Give what stands at *path*."""
    for step in path:
        tree = tree[step]
    return tree


@dataclass(frozen=True)
class _Raw:
    """Bytes that stand in the document, or in a text of it, instead of *mark*."""

    mark: str
    content: bytes


class BadInput:
    """One line of the table as an exchange document and as a protobuf message."""

    def __init__(self, line: dict[str, Any]) -> None:
        """Spoil an exchange as *line* says."""
        self.line = line
        self.tree = right_exchange()
        self.raws: list[_Raw] = []
        self.changed: list[Path_] = []
        for kind in CHANGES:
            given = line.get(kind, ())
            if kind in ("drop", "unknown_field"):
                continue
            for path, value in dict(given).items():
                self._put(steps(path) if kind != "set" or "." in path else (path,), self._value(kind, value))
        for path in line.get("drop", ()):
            at(self.tree, steps(path)[:-1]).pop(steps(path)[-1])
            self.changed.append(steps(path))

    @property
    def in_document(self) -> bool:
        """Whether a document can say it."""
        return "unknown_field" not in self.line

    @property
    def in_protobuf(self) -> bool:
        """Whether a message can say it."""
        return self.line.get("grpc") is not False

    @property
    def plain(self) -> bool:
        """Whether the document is ordinary JSON, so that it means the same as YAML."""
        return self.in_document and not self.raws

    def document(self, *, ascii_only: bool = False) -> bytes:
        """Give the exchange document as JSON; YAML has fewer characters, so it needs escapes."""
        return self._filled(json.dumps(self.tree, ensure_ascii=ascii_only).encode(), quoted=True)

    def message(self) -> bytes:
        """Give the same as a DecideRequest."""
        if "unknown_field" in self.line:
            return self._with_unknown_field(steps(self.line["unknown_field"]))
        message = wire.request_to_proto(from_document(right_exchange()))
        for path in self.changed:
            self._copy(message, path)
        return self._filled(message.SerializeToString(), quoted=False)

    def _value(self, kind: str, value: Any) -> Any:
        if kind == "set":
            return value
        if kind == "set_many":
            return [value["value"]] * value["times"]
        if kind == "repeat":
            return str(value["text"]) * value["times"]
        if kind == "repeat_digits":
            return self._raw(b"9" * value)
        if kind == "nest":
            levels = value["levels"]
            return self._raw((value["open"] * levels + value.get("inner", "") + value["close"] * levels).encode())
        if kind == "latin1":
            content = value.encode("latin-1")
            # As long as what it stands for: it also stands in messages, which count bytes.
            return self._raw(content, mark="\x7f" * (len(content) - 1) + "~", in_quotes=True)
        return self._raw(str(value).encode())

    def _raw(self, content: bytes, mark: str = "", *, in_quotes: bool = False) -> str:
        mark = mark or f"<<{len(self.raws)}>>"
        self.raws.append(_Raw(mark if in_quotes else f'"{mark}"', content))
        return mark

    def _put(self, path: Path_, value: Any) -> None:
        parent: Any = self.tree
        for step in path[:-1]:
            parent = parent[step] if isinstance(parent, list) else parent.setdefault(step, {})
        parent[path[-1]] = value
        self.changed.append(path)

    def _filled(self, data: bytes, *, quoted: bool) -> bytes:
        for raw in self.raws:
            # json.dumps keeps DEL and tilde as they are, so a mark is found in both dresses.
            data = data.replace(raw.mark.encode(), raw.content)
            if not quoted:
                data = data.replace(raw.mark.strip('"').encode(), raw.content)
        return data

    def _text(self, path: Path_) -> str:
        """Give the JSON text of what stands at *path*, marks replaced where that keeps it text."""
        text = json.dumps(at(self.tree, path), ensure_ascii=False)
        for raw in self.raws:
            if raw.mark.startswith('"'):
                text = text.replace(raw.mark, raw.content.decode())
        return text

    def _copy(self, message: Any, path: Path_) -> None:
        """Give *message* what the document has at *path*."""
        for depth, step in enumerate(path):
            if step in TEXTS or step == "header":
                self._copy_json(message, path[: depth + 1])
                return
        depth = next((depth for depth, step in enumerate(path) if isinstance(step, int)), len(path)) - 1
        step = path[depth]
        for name in path[:depth]:
            message = getattr(message, str(name))
        parent = at(self.tree, path[:depth])
        message.ClearField(step)
        if step not in parent:
            return
        value = parent[step]
        if isinstance(value, list):
            for entry in value:
                if isinstance(entry, dict):
                    _fill(getattr(message, str(step)).add(), entry)
                else:
                    getattr(message, str(step)).append(entry)
        elif isinstance(value, dict):
            getattr(message, str(step)).SetInParent()
            _fill(getattr(message, str(step)), value)
        elif isinstance(value, str) and value.startswith("<<"):
            if step in ("approvals", "consents"):
                for entry in json.loads(self._text((*path[:depth], step))):
                    _fill(getattr(message, step).add(), entry)
            else:
                setattr(message, str(step), json.loads(self._text((*path[:depth], step))))
        else:
            setattr(message, str(step), value)

    def _copy_json(self, message: Any, path: Path_) -> None:
        name = str(path[-1])
        for step in path[:-1]:
            message = getattr(message, str(step))
        message.ClearField(name if name in ("header", "requested_lifetime") else f"{name}_json")
        if name not in at(self.tree, path[:-1]):
            return
        if name == "header":
            message.header.update(json.loads(self._text(path)))
        else:
            setattr(message, f"{name}_json", self._text(path))

    def _with_unknown_field(self, path: Path_) -> bytes:
        message = wire.request_to_proto(from_document(right_exchange()))
        inner: Any = message
        for step in path:
            inner = inner.add() if isinstance(step, int) else getattr(inner, step)
        # Field 99, a varint: what a newer caller would send.
        inner.MergeFromString(b"\x98\x06\x01")
        data: bytes = message.SerializeToString()
        assert b"\x98\x06\x01" in data
        return data


def _fill(message: Any, members: dict[str, Any]) -> None:
    for name, value in members.items():
        if name in ("until", "approved_until"):
            getattr(message, name).seconds = value
        else:
            setattr(message, name, value)


def protobuf_field(field: str) -> str:
    """Name in protobuf what the document names *field*."""
    return f"{field}_json" if field.rpartition(".")[2] in TEXTS else field


def parsed(data: bytes) -> request_pb2.DecideRequest:
    """Parse a message that is well-formed."""
    return request_pb2.DecideRequest.FromString(data)
