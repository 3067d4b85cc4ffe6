"""What the checks look at: the representations that Keycloak's admin API gives, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from actas.doctor import keycloak_report_mode
from actas.doctor.keycloak_api import Keycloak

JsonDict = dict[str, Any]

PROVIDER = "actas"
INTERCEPTORS = "token-interceptor"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant type
EXCHANGE_ENABLED = "standard.token.exchange.enabled"
_RFC9068 = "access.token.header.type.rfc9068"
# Reserved by RFC 2606, section 2, so no proxy has a site of that name.
_OTHER_HOST = "actas-doctor.invalid"


@dataclass(frozen=True, slots=True)
class Facts:
    """One realm and its server. Representations stay as Keycloak writes them."""

    url: str
    realm: str
    issuer: str = ""
    issuer_elsewhere: str = ""
    server: JsonDict = field(default_factory=dict)
    representation: JsonDict = field(default_factory=dict)
    profiles: list[JsonDict] = field(default_factory=list)
    policies: list[JsonDict] = field(default_factory=list)
    clients: list[JsonDict] = field(default_factory=list)
    client_scopes: list[JsonDict] = field(default_factory=list)
    missing_realms: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        """Keycloak's version; empty where the account may not see it."""
        return str((self.server.get("systemInfo") or {}).get("version") or "")

    def feature(self, name: str) -> bool | None:
        """Say whether the feature is on; None where this version has none of that name."""
        for feature in self.server.get("features") or []:
            if feature.get("name") == name:
                return bool(feature.get("enabled"))
        return None

    def providers(self, spi: str) -> JsonDict:
        """Give the providers of *spi* by their ids."""
        return ((self.server.get("providers") or {}).get(spi) or {}).get("providers") or {}

    @property
    def report_only(self) -> str:
        """The provider's report mode as it tells it; empty where it enforces everywhere."""
        provider = self.providers(INTERCEPTORS).get(PROVIDER) or {}
        return str((provider.get("operationalInfo") or {}).get("reportOnly") or "")

    @property
    def exchanging(self) -> list[JsonDict]:
        """The enabled clients that may exchange tokens."""
        return [client for client in self.clients if client.get("enabled") is not False and may_exchange(client)]

    def scopes_of(self, client: JsonDict) -> list[JsonDict]:
        """Give the default client scopes of *client*."""
        names = client.get("defaultClientScopes") or []
        return [scope for scope in self.client_scopes if scope.get("name") in names]


def attributes(representation: JsonDict) -> JsonDict:
    """Give the attributes of a client, a client scope or a realm."""
    return representation.get("attributes") or {}


def client_id(client: JsonDict) -> str:
    """Give the client's `client_id`."""
    return str(client.get("clientId") or "")


def may_exchange(client: JsonDict) -> bool:
    """Say whether *client* may exchange tokens."""
    return str(attributes(client).get(EXCHANGE_ENABLED, "")).lower() == "true"


def token_typ(client: JsonDict) -> str:
    """Give what the header of the client's access tokens says; Keycloak's own is JWT, that of RFC 9068 is opt-in."""
    return "at+jwt" if str(attributes(client).get(_RFC9068, "")).lower() == "true" else "JWT"


def missing(keycloak: Keycloak, names: Iterable[str]) -> list[str]:
    """Give those of *names* that no realm has; none where the account may not list realms."""
    seen = keycloak.realms()
    # Who administers one realm is shown that one only, so what is out of sight is looked for where everybody may.
    return [name for name in names if seen and name not in seen and not keycloak.may_have(name)]


def _without_secrets(client: JsonDict) -> JsonDict:
    """Forget what no check needs and nobody may print."""
    hidden = {"secret", "registrationAccessToken"}
    kept = {name: value for name, value in client.items() if name not in hidden}
    return kept | {"attributes": {name: value for name, value in attributes(client).items() if "secret" not in name}}


def read(keycloak: Keycloak, realm: str) -> Facts:
    """Read everything that is checked; raises `KeycloakUnreadableError`."""
    issuer = keycloak.issuer(realm)
    elsewhere = keycloak.issuer(realm, host=_OTHER_HOST)
    below = f"/admin/realms/{quote(realm, safe='')}"
    profiles: JsonDict = {}
    policies: JsonDict = {}
    server = keycloak.object("/admin/serverinfo", needs="view-realm")
    facts = Facts(keycloak.url, realm, server=server)
    # Without the feature the admin API has no client policies to read.
    if facts.feature("CLIENT_POLICIES"):
        profiles = keycloak.object(
            f"{below}/client-policies/profiles", needs="view-realm", **{"include-global-profiles": "true"}
        )
        policies = keycloak.object(
            f"{below}/client-policies/policies", needs="view-realm", **{"include-global-policies": "true"}
        )
    reporting = [name for name, until in keycloak_report_mode.realms(facts.report_only).items() if until]
    return Facts(
        url=keycloak.url,
        realm=realm,
        issuer=issuer,
        issuer_elsewhere=elsewhere,
        server=server,
        representation=keycloak.object(below, needs="view-realm"),
        profiles=[*(profiles.get("profiles") or []), *(profiles.get("globalProfiles") or [])],
        # In the order in which Keycloak asks them.
        policies=[*(policies.get("globalPolicies") or []), *(policies.get("policies") or [])],
        clients=[_without_secrets(client) for client in keycloak.pages(f"{below}/clients", needs="view-clients")],
        client_scopes=keycloak.objects(f"{below}/client-scopes", needs="view-clients"),
        missing_realms=missing(keycloak, reporting) if reporting else [],
    )
