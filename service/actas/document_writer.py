"""Writes an ExchangeRequest as an exchange document (contract.md, section 1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from actas import strict_json
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

_Part = ActorWorkload | Approval | AuthorizationCode | Client | Consent | Context | ExchangeRequest | Token


def to_document(request: ExchangeRequest) -> dict[str, Any]:
    """Return the document that `document.from_document` reads back as an equal request.

    Members at their default are left out. The raw tokens and evidence of the request are in it.
    """
    return _members(request)


def _members(part: _Part) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for member in fields(part):
        value = getattr(part, member.name)
        if member.name == "proof":
            continue  # what was found out here is nothing that a caller says
        if member.name == "requested_lifetime":
            # Any JSON value but null says something here: false and "" are malformed, not absent.
            document |= {} if value is None else {member.name: value}
        elif value is None or value is False or (isinstance(value, (str, tuple)) and not value):
            continue
        elif isinstance(value, JsonText):
            document |= _json(member.name, value)
        elif isinstance(value, (Client, Context)):
            document |= {member.name: written} if (written := _members(value)) else {}
        else:
            document[member.name] = _value(value)
    return document


def _value(value: Any) -> Any:
    if isinstance(value, (ActorWorkload, Approval, AuthorizationCode, Consent, Token)):
        return _members(value)
    if isinstance(value, tuple):
        return [_value(entry) for entry in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return dict(value) if isinstance(value, Mapping) else value


def _json(name: str, json: JsonText) -> dict[str, Any]:
    """Write the value where that says everything, else the text: it may hold a name twice."""
    if json.value is not None and strict_json.dumps(json.value) == json.text:
        return {name: json.value}
    return {f"{name}_json": json.text}
