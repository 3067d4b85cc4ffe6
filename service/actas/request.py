"""The exchange request: one value for the protobuf message and the exchange document.

Meaning of every member: contract.md, section 1; OAuth names are those of RFC 8693, section 2.1.
Instances are made by `wire` and `document`, which have already refused whatever is not evaluable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actas.proof import Proof

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant type's URN, not a secret
AUTHORIZATION_CODE = "authorization_code"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a token type's URN, not a secret

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JsonText:
    """A JSON value together with what a plain parse would hide.

    `text` is the value as the caller sent it. `well_formed` is false when a member name occurs
    twice at any depth or a number is NaN or infinite (RFC 7519, section 4; RFC 8259, section 4).
    """

    text: str
    value: Any
    well_formed: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """Who calls the token endpoint. Booleans that nobody asserted are false."""

    client_id: str = ""
    authenticated: bool = False
    confidential: bool = False
    auth_method: str = ""
    proof_jkt: str = ""
    display_name: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A subject or actor token as the authorization server describes it.

    `verified` is the caller's attestation that signature and time were checked; absent is false.
    `unverified_token` is a secret: it never reaches the policy input, a log or an error.
    `proof` is no member of the message: it is there when the raw token was examined here, and `verified`,
    `header` and `claims` are then what that has shown.
    """

    token_type: str = ""
    credential_class: str = ""
    verified: bool = False
    header: JsonObject | None = None
    kind: str = ""
    bundle_trust_domain: str = ""
    pop_jkt: str = ""
    claims: JsonText | None = None
    unverified_token: str = field(default="", repr=False)
    proof: Proof | None = None

    @property
    def presented(self) -> bool:
        """Whether there is a token at all, and not only words about one."""
        return self.claims is not None or bool(self.unverified_token)


@dataclass(frozen=True, slots=True)
class ActorWorkload:
    """The SPIFFE identity that the actor declares, and the raw evidence for it.

    `proof` is no member of the message: it is there when the evidence was examined here.
    """

    spiffe_id: str = ""
    jwt_svid: str = field(default="", repr=False)
    x509_svid: tuple[bytes, ...] = field(default=(), repr=False)
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A human's approval, resolved by the caller in trusted state, or signed (`jws`)."""

    id: str = ""
    verified: bool = False
    status: str = ""
    subject: str = ""
    actor: str = ""
    client_id: str = ""
    target: str = ""
    scope: str = ""
    approver: str = ""
    approved_until: int | None = None
    authorization_details: JsonText | None = None
    jws: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Consent:
    """The user's recorded consent to one actor of one client."""

    verified: bool = False
    iss: str = ""
    sub: str = ""
    client_id: str = ""
    actor: str = ""
    scope: str = ""
    until: int | None = None
    authorization_server: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """What the code is bound to (draft-oauth-ai-agents-on-behalf-of-user-02, section 4).

    `stage` is `authorization` while the user is still asked, and empty at the code exchange.
    """

    sub: str = ""
    client_id: str = ""
    requested_actor: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Free text about the call. It is recorded, and no shipped policy selects by it."""

    purpose: str = ""
    task_id: str = ""
    ip: str = ""
    request_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """One normalized token-exchange request (RFC 8693, section 2.1).

    `requested_lifetime` is in seconds and keeps whatever JSON value the caller sent, because a value
    that is no positive integer is a decision (`LIFETIME_INVALID`), not a protocol error; None is absent.
    `duplicate_parameters` names single-valued OAuth parameters that came more than once.
    """

    authorization_server: str
    grant_type: str = ""
    request_id: str = ""
    client: Client = Client()
    subject_token: Token | None = None
    actor_token: Token | None = None
    actor_workload: ActorWorkload | None = None
    requested_token_type: str = ACCESS_TOKEN
    resource: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    scope: str = ""
    authorization_details: JsonText | None = None
    requested_lifetime: Any = None
    approvals: tuple[Approval, ...] = ()
    consents: tuple[Consent, ...] = ()
    code: AuthorizationCode | None = None
    parent_decision_id: str = ""
    context: Context = Context()
    duplicate_parameters: tuple[str, ...] = ()

    @property
    def has_raw_evidence(self) -> bool:
        """Whether anything in the request is to be verified here: a raw token or SVID, or a signed approval."""
        subject, actor, workload = self.subject_token, self.actor_token, self.actor_workload
        return (
            (subject is not None and bool(subject.unverified_token))
            or (actor is not None and bool(actor.unverified_token))
            or (workload is not None and bool(workload.jwt_svid or workload.x509_svid))
            or (bool(self.approvals) and any(approval.jws for approval in self.approvals))
        )
