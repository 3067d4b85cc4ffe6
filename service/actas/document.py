"""The exchange document: an ExchangeRequest as JSON or YAML (contract.md, section 1).

Strict, because a document states facts for a security decision: an unknown member, a wrong type or a
member that occurs twice is refused by its path. Only claims and `authorization_details` may be
ambiguous; they are then marked for the policy, which denies them.
"""

from __future__ import annotations

from typing import Any

from actas import strict_json, struct_json, yaml_tree
from actas.document_writer import to_document
from actas.errors import ProtocolError
from actas.evaluable import LIFETIME_BYTES, LIFETIME_NESTING, checked, claims_of, lifetime_of
from actas.limits import RequestLimits
from actas.members import Members
from actas.request import (
    ACCESS_TOKEN,
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

__all__ = ["DEFAULT_LIMITS", "from_document", "parse_document", "to_document"]

DEFAULT_LIMITS = RequestLimits()
# Only `resource` and `audience` may repeat (RFC 8693, section 2.1). An array here is a repeated parameter.
_SINGLE_PARAMETERS = ("grant_type", "requested_token_type", "scope")
# `approvals[].authorization_details` is the deepest; in protobuf these values are texts of their own.
_LEVELS_ABOVE_CLAIMS = 3


def parse_document(text: bytes, *, yaml: bool = False, limits: RequestLimits = DEFAULT_LIMITS) -> ExchangeRequest:
    """Parse an exchange document. Raises ProtocolError naming the member that is wrong."""
    limits.check_message(len(text))
    depth = limits.nesting + _LEVELS_ABOVE_CLAIMS
    if yaml:
        tree = yaml_tree.parse(text, max_depth=depth)
    else:
        tree = strict_json.parse_tree(text, "", max_bytes=limits.message_bytes, max_depth=depth)
    return _Reader(limits).request(Members(tree, ""))


def from_document(document: object, limits: RequestLimits = DEFAULT_LIMITS) -> ExchangeRequest:
    """Build a request from a document: JSON text, or a value as `strict_json.parse_tree` returns it.

    A value that `json.loads` made is accepted too, but it has already lost repeated members.
    Raises ProtocolError naming the member that is wrong.
    """
    if isinstance(document, bytes):
        return parse_document(document, limits=limits)
    if isinstance(document, str):
        return parse_document(document.encode(errors="surrogatepass"), limits=limits)
    return _Reader(limits).request(Members(document, ""))


class _Reader:
    """Builds the parts of a request under the same limits."""

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits

    def request(self, members: Members) -> ExchangeRequest:
        members.required("authorization_server")
        members.required("grant_type")
        duplicates = list(members.strings("duplicate_parameters"))
        single = {name: _single(members, name, duplicates) for name in _SINGLE_PARAMETERS}
        request = ExchangeRequest(
            authorization_server=members.string("authorization_server"),
            grant_type=single["grant_type"],
            request_id=members.string("request_id"),
            client=_client(members.object("client")),
            subject_token=self._token(members.object("subject_token")),
            actor_token=self._token(members.object("actor_token")),
            actor_workload=_workload(members.object("actor_workload")),
            requested_token_type=single["requested_token_type"] or ACCESS_TOKEN,
            resource=tuple(filter(None, members.strings("resource"))),
            audience=tuple(filter(None, members.strings("audience"))),
            scope=single["scope"],
            authorization_details=self._json(members, "authorization_details"),
            requested_lifetime=_lifetime(members),
            approvals=tuple(map(self._approval, members.objects("approvals"))),
            consents=tuple(map(_consent, members.objects("consents"))),
            code=_code(members.object("code")),
            parent_decision_id=members.string("parent_decision_id"),
            context=_context(members.object("context")),
            duplicate_parameters=tuple(dict.fromkeys(duplicates)),
        )
        members.finish()
        return checked(request, self._limits)

    def _json(self, members: Members, name: str) -> JsonText | None:
        """Read a JSON value from *name*, or its text from *name* with `_json` behind it."""
        limits = self._limits
        value, text = members.value(name), members.string(f"{name}_json")
        if value is not None and text:
            raise ProtocolError(members.field(f"{name}_json"), f"give either this or {name}, not both")
        if text:
            field = members.field(f"{name}_json")
            return strict_json.parse(text, field, max_bytes=limits.claims_bytes, max_depth=limits.nesting)
        if value is None:
            return None
        return strict_json.from_tree(
            value, members.field(name), max_bytes=limits.claims_bytes, max_depth=limits.nesting
        )

    def _token(self, members: Members | None) -> Token | None:
        if members is None:
            return None
        claims = self._json(members, "claims")
        header = members.value("header")
        token = Token(
            token_type=members.string("token_type"),
            credential_class=members.string("credential_class"),
            verified=members.boolean("verified"),
            header=None if header is None else struct_json.checked(header, members.field("header")),
            kind=members.string("kind"),
            bundle_trust_domain=members.string("bundle_trust_domain"),
            pop_jkt=members.string("pop_jkt"),
            claims=None if claims is None else claims_of(claims),
            unverified_token=members.string("unverified_token"),
        )
        members.finish()
        return token

    def _approval(self, members: Members) -> Approval:
        approval = Approval(
            id=members.string("id"),
            verified=members.boolean("verified"),
            status=members.string("status"),
            subject=members.string("subject"),
            actor=members.string("actor"),
            client_id=members.string("client_id"),
            target=members.string("target"),
            scope=members.string("scope"),
            approver=members.string("approver"),
            approved_until=members.time("approved_until"),
            authorization_details=self._json(members, "authorization_details"),
            jws=members.string("jws"),
        )
        members.finish()
        return approval


def _single(members: Members, name: str, duplicates: list[str]) -> str:
    if isinstance(members.value(name), list):
        members.strings(name)
        duplicates.append(name)
        return ""
    return members.string(name)


def _lifetime(members: Members) -> Any:
    value = members.value("requested_lifetime")
    if value is None or isinstance(value, float):
        return lifetime_of(value)
    field = members.field("requested_lifetime")
    return strict_json.from_tree(value, field, max_bytes=LIFETIME_BYTES, max_depth=LIFETIME_NESTING).value


def _client(members: Members | None) -> Client:
    if members is None:
        return Client()
    client = Client(
        client_id=members.string("client_id"),
        authenticated=members.boolean("authenticated"),
        confidential=members.boolean("confidential"),
        auth_method=members.string("auth_method"),
        proof_jkt=members.string("proof_jkt"),
        display_name=members.string("display_name"),
        tenant=members.string("tenant"),
    )
    members.finish()
    return client


def _workload(members: Members | None) -> ActorWorkload | None:
    if members is None:
        return None
    workload = ActorWorkload(
        spiffe_id=members.string("spiffe_id"),
        jwt_svid=members.string("jwt_svid"),
        x509_svid=members.blobs("x509_svid"),
    )
    members.finish()
    return workload


def _consent(members: Members) -> Consent:
    consent = Consent(
        verified=members.boolean("verified"),
        iss=members.string("iss"),
        sub=members.string("sub"),
        client_id=members.string("client_id"),
        actor=members.string("actor"),
        scope=members.string("scope"),
        until=members.time("until"),
        authorization_server=members.string("authorization_server"),
    )
    members.finish()
    return consent


def _code(members: Members | None) -> AuthorizationCode | None:
    if members is None:
        return None
    code = AuthorizationCode(
        sub=members.string("sub"),
        client_id=members.string("client_id"),
        requested_actor=members.string("requested_actor"),
        stage=members.string("stage"),
    )
    members.finish()
    return code


def _context(members: Members | None) -> Context:
    if members is None:
        return Context()
    context = Context(
        purpose=members.string("purpose"),
        task_id=members.string("task_id"),
        ip=members.string("ip"),
        request_path=members.strings("request_path"),
    )
    members.finish()
    return context
