"""The digest by which a record names the whole request without holding it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import orjson

from actas.request import (
    ActorWorkload,
    Approval,
    AuthorizationCode,
    Client,
    Consent,
    Context,
    ExchangeRequest,
    JsonText,
    Token,
)

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
_PARTS = (ActorWorkload, Approval, AuthorizationCode, Client, Consent, Context, ExchangeRequest, Token)
# The members of each part in their order: naming them in every digest would cost three times as much.
# A proof is no part of what was sent.
_MEMBERS = {
    part: attrgetter(*(member.name for member in dataclasses.fields(part) if member.name != "proof")) for part in _PARTS
}


def request_digest(request: ExchangeRequest) -> str:
    """Digest the whole request, in a form that does not depend on how it was sent."""
    try:
        text = orjson.dumps(request, default=_plain, option=_OPTIONS)
    except orjson.JSONEncodeError:
        # An integer beyond 64 bits, or a lone surrogate.
        text = json.dumps(request, default=_plain, sort_keys=True, separators=(",", ":")).encode()
    return "sha256:" + hashlib.sha256(text).hexdigest()


def _plain(value: Any) -> object:
    if (members := _MEMBERS.get(type(value))) is not None:
        return members(value)
    if isinstance(value, JsonText):
        return value.text
    if isinstance(value, bytes):
        return value.hex()
    return dict(value) if isinstance(value, Mapping) else str(value)
