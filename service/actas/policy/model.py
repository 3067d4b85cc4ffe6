"""The registry as contract.md, section 3, describes it; settings are in `settings_model`.

Validation is strict: an unknown key or a value of another type is an error, because a setting of the
wrong type would switch a rule off silently. What one key means for another is checked in `references`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from actas.decimal_key import key as decimal_key
from actas.policy.settings_model import Name, RateLimit, RiskClass, ScopeToken, Seconds, Settings, Strict
from actas.spiffe import SpiffeId
from actas.token_form import Algorithm

TrustDomain = Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,255}$")]
PathPrefix = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$")]
HttpsUrl = Annotated[str, Field(pattern=r"^https://[^\s/?#@\\]+([/?][^\s#]*)?$", max_length=2048)]
Role = Literal["subject", "actor", "act", "may_act", "approval", "events"]


class Introspection(Strict):
    """Where opaque tokens of this issuer are introspected (RFC 7662, section 2); as whom, the configuration says."""

    endpoint: HttpsUrl

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, value: Any) -> Any:
        if isinstance(value, dict) and (found := {"client_id", "client_secret_file"} & value.keys()):
            msg = f'no {min(found)} here: say it in the service\'s configuration, table trust.introspection."ISSUER"'
            raise ValueError(msg)
        return value


class Issuer(Strict):
    """A token issuer and what it is trusted to say. The short form is the list of its roles."""

    roles: list[Role]
    jwks_file: Name | None = None
    jwks_uri: HttpsUrl | None = None
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] | None = None
    access_token_typ: Annotated[list[Name], Field(min_length=1)] | None = None
    introspection: Introspection | None = None
    opaque: bool = False
    one_time: Annotated[list[Literal["subject", "actor"]], Field(min_length=1)] | None = None
    """As what its tokens are good for one exchange only (RFC 7523, section 3)."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {"roles": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_key_source(self) -> Issuer:
        if self.jwks_file is not None and self.jwks_uri is not None:
            msg = "give jwks_file or jwks_uri, not both"
            raise ValueError(msg)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        long_form = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [long_form["properties"]["roles"], long_form]}


class Client(Strict):
    """An OAuth client: which actors it may present, and the ceiling of what it may obtain."""

    actors: list[Name] = Field(default_factory=list)
    scopes: list[ScopeToken] = Field(default_factory=list)
    targets: list[Name] = Field(default_factory=list)
    grant_types: Annotated[list[Name], Field(min_length=1)] | None = None
    token_types: Annotated[list[Name], Field(min_length=1)] | None = None
    tenant: Name | None = None
    resource_ids: list[Name] = Field(default_factory=list)
    approvers: list[Name] | None = None
    authorization_server: Name | None = None
    dpop_bound_access_tokens: bool = True


class TargetScope(Strict):
    """A scope that a target knows, and its risk class."""

    risk: Name | None = None


class Target(Strict):
    """A resource server or logical service that tokens are issued for (RFC 8707, section 2)."""

    scopes: dict[ScopeToken, TargetScope] = Field(default_factory=dict)
    default_scope: Annotated[str, Field(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$")] | None = (
        None
    )
    max_lifetime_seconds: Seconds | None = None
    aliases: list[Name] = Field(default_factory=list)
    authorization_servers: Annotated[list[Name], Field(min_length=1)] | None = None


class Identity(Strict):
    """One name of an agent: a SPIFFE ID, a subject of an issuer, or a client of an issuer."""

    spiffe_id: Name | None = None
    iss: Name | None = None
    sub: Name | None = None
    client_id: Name | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Identity:
        given = {name for name in ("spiffe_id", "iss", "sub", "client_id") if getattr(self, name) is not None}
        if given not in ({"spiffe_id"}, {"iss", "sub"}, {"iss", "client_id"}):
            msg = "an identity is {spiffe_id}, {iss, sub} or {iss, client_id}"
            raise ValueError(msg)
        if self.spiffe_id is not None and not SpiffeId(self.spiffe_id).is_workload:
            msg = "this SPIFFE ID has no path, so it names a trust domain and no workload"
            raise ValueError(msg)
        return self


class Agent(Strict):
    """An agent under all its identities, and the ceiling of what it may obtain."""

    identities: Annotated[list[Identity], Field(min_length=1)]
    name: Name | None = None
    version: Name | None = None
    owner: Name | None = None
    scopes: list[ScopeToken] | None = None
    targets: list[Name] | None = None
    max_lifetime_seconds: Seconds | None = None
    may_delegate_to: list[Name] | None = None
    rate_limit: RateLimit | None = None


class BundleSource(Strict):
    """Where a trust domain's SPIFFE bundle document comes from; exactly one."""

    file: Name | None = None
    url: HttpsUrl | None = None
    workload_api: Name | bool | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> BundleSource:
        if sum(source is not None for source in (self.file, self.url, self.workload_api)) != 1:
            msg = "give exactly one of file, url and workload_api"
            raise ValueError(msg)
        if self.workload_api is False:
            msg = "workload_api: false is no source; leave the bundle out where SVIDs are not verified here"
            raise ValueError(msg)
        return self


class Domain(Strict):
    """A SPIFFE trust domain. Of a federated one only the listed path prefixes may act."""

    kind: Literal["own", "federated"]
    paths: list[PathPrefix] = Field(default_factory=list)
    bundle: BundleSource | None = None


class Grant(Strict):
    """A delegation that the registry itself permits; its scopes and targets are ceilings."""

    iss: Name
    sub: Name
    actor: Name
    client_id: Name | None = None
    scopes: list[ScopeToken]
    targets: list[Name]
    authorization_server: Name | None = None


class DetailsType(BaseModel):
    """One authorization_details type (RFC 9396, section 2). Any other key lists a field's allowed values."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, list[str]]

    fields_: Annotated[list[Name], Field(alias="fields")]
    required: list[Name] = Field(default_factory=list)
    compare: Literal["subset", "max"] | None = None
    max: dict[Name, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fields_are_known(self) -> DetailsType:
        named = {*self.required, *self.max, *(self.__pydantic_extra__ or {})}
        if unknown := sorted(named - set(self.fields_)):
            msg = f"not among fields: {', '.join(unknown)}"
            raise ValueError(msg)
        if self.max and self.compare != "max":
            msg = "max needs compare: max"
            raise ValueError(msg)
        for name, limit in self.max.items():
            if decimal_key(limit) is None:
                msg = f'max.{name} is not a plain decimal such as "1000.00"'
                raise ValueError(msg)
        return self


class Registry(Strict):
    """The adopter's registry. What is not in it is not trusted."""

    authorization_servers: list[Name] = Field(default_factory=list)
    issuers: dict[Name, Issuer] = Field(default_factory=dict)
    clients: dict[Name, Client] = Field(default_factory=dict)
    targets: dict[Name, Target] = Field(default_factory=dict)
    agents: dict[Name, Agent] = Field(default_factory=dict)
    trust_domains: dict[TrustDomain, Domain] = Field(default_factory=dict)
    grants: list[Grant] = Field(default_factory=list)
    authorization_details: dict[Name, DetailsType] = Field(default_factory=dict)


__all__ = [
    "Agent", "Client", "DetailsType", "Grant", "Identity", "Issuer", "Registry", "RiskClass", "Settings", "Target",
]  # fmt: skip
