"""Settings as contract.md, section 3, describes them, and the types that settings and registry share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=2048)]
ScopeToken = Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$")]  # RFC 6749, section 3.3
Seconds = Annotated[int, Field(ge=1, le=315_360_000)]
Duration = Annotated[int, Field(ge=0, le=315_360_000)]


class Strict(BaseModel):
    """No unknown keys, no conversions, no change after construction."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StepUp(Strict):
    """The login that a risk class asks for; max_age is in seconds (RFC 9470, section 3)."""

    acr_values: Annotated[list[Name], Field(min_length=1)] | None = None
    max_age: Duration | None = None


class RiskClass(Strict):
    """What a scope of this class needs before it is issued."""

    step_up: StepUp | None = None
    approval: bool = False
    max_lifetime_seconds: Seconds | None = None
    credential_classes: list[Name] = Field(default_factory=list)


class CredentialClass(Strict):
    """A credential that is no OAuth token, and how long what it obtains may live."""

    max_lifetime_seconds: Seconds


class RateLimit(Strict):
    """At most so many allowed exchanges within any so many seconds."""

    exchanges: Annotated[int, Field(ge=1, le=1_000_000_000)]
    seconds: Annotated[int, Field(ge=1, le=86_400)]


class RateLimits(Strict):
    """How often each agent, and each subject, obtains something. One that is absent is not limited."""

    per_agent: RateLimit | None = None
    per_subject: RateLimit | None = None


class Settings(Strict):
    """The merged settings: every key is there, the shipped defaults say so."""

    clock_skew_seconds: Annotated[int, Field(ge=0, le=600)]
    max_chain_depth: Annotated[int, Field(ge=1, le=64)]
    max_targets: Annotated[int, Field(ge=1, le=10)]
    max_lifetime_seconds: Seconds
    min_lifetime_seconds: Seconds
    default_lifetime_seconds: Seconds
    lifetime_caps: list[Literal["subject_exp", "approval_until", "actor_exp"]]
    scope_excess: Literal["narrow", "deny"]
    impersonation: Literal["deny", "allow"]
    may_act_array: bool
    chain_loop: Literal["deny", "allow"]
    chain_member_revocation: Literal["deny_only", "off"]
    forbidden_scopes: list[ScopeToken]
    disabled_rules: list[Name]
    profiles: list[Literal["on_behalf_of"]]
    allow_loopback_http: bool
    credential_classes: dict[Name, CredentialClass]
    rate_limits: RateLimits
    risk: dict[Name, RiskClass]
