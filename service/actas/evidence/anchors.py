"""From where trust may come: hosts, directories and secrets, fixed by the service's configuration.

A registry, which lives in a policy repository, chooses among these and can name no other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(gt=0, le=31 * 86400, allow_inf_nan=False)]
_HOST = re.compile(r"([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
DEFAULT_PORT = 443


def _host(value: str) -> str:
    if _HOST.fullmatch(value) is None:
        raise ValueError(f"'{value}' is no host or host:port in lower case: no scheme, no path")
    return value.removesuffix(f":{DEFAULT_PORT}")


Host = Annotated[str, AfterValidator(_host)]


class IntrospectionClient(BaseModel):
    """As whom this service introspects the tokens of one issuer (RFC 7662, section 2.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(min_length=1, max_length=1024)
    client_secret_file: Path
    """The file that holds the secret, which is read at each start and sent to the issuer's endpoint alone."""
    host: Host | None = None
    """The one of the hosts that the endpoint is on; without it the issuer's own. No other sees secret and tokens."""


class TrustAnchors(BaseModel):
    """From where keys, bundles and introspection may come, and how long is waited for them. Times are in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: tuple[Host, ...] = ()
    """Hosts, each with its port where that is not 443, that may be asked over https."""
    private_hosts: tuple[Host, ...] = ()
    """Those of the hosts that may have private or loopback addresses."""
    directories: tuple[Path, ...] = ()
    """Where key and bundle files may lie outside of the policy roots."""
    ca_file: Path | None = None
    """The authorities of the hosts' certificates, instead of the system's."""
    introspection: dict[str, IntrospectionClient] = Field(default_factory=dict)
    """By issuer, as whom it is asked."""
    workload_api: str = ""
    """The socket of the SPIFFE Workload API (`unix:///run/spire/agent.sock`); empty: none."""

    timeout: Seconds = 2.0
    """The longest that one fetch may take."""
    max_bytes: Annotated[int, Field(ge=1024, le=16 << 20)] = 1 << 20
    """The most that an answer may hold."""
    refresh: Seconds = 300.0
    """The age at which keys are fetched again, beside the decisions."""
    refetch: Seconds = 5.0
    """The least time between two fetches of the same keys, however many unknown ones are asked for."""
    max_stale: Seconds = 4 * 3600.0
    """The age beyond which keys count for nothing, when they could not be fetched again."""

    @model_validator(mode="after")
    def _consistent(self) -> TrustAnchors:
        for host in self.private_hosts:
            if host not in self.hosts:
                raise ValueError(f"private_hosts: '{host}' is not one of the hosts")
        if not self.refetch <= self.refresh < self.max_stale:
            raise ValueError("refetch, refresh and max_stale must ascend")
        return self

    def problem_of(self, url: str) -> str:
        """Say why *url* may not be fetched, in words that name what to change; empty when it may."""
        try:
            parts = urlsplit(url)
            host = host_of(url)
        except ValueError:
            return "is no URL"
        if parts.scheme != "https" or not parts.hostname:
            return "is no https URL"
        if parts.username is not None or parts.password is not None or parts.fragment:
            return "must have no user, password or fragment"
        if host not in self.hosts:
            return (
                f"may not be fetched: {host} is no trust anchor; add it to trust.hosts in the service's configuration"
            )
        return ""

    def introspection_problem_of(self, issuer: str, endpoint: str) -> str:
        """Say why the tokens of *issuer* may not be shown to *endpoint*, as `problem_of` does; empty when they may.

        Hosts are anchored for other things, too: a registry must not choose which of them gets an issuer's secret.
        """
        client = self.introspection.get(issuer)
        if client is None:
            return (
                "nobody can be asked without a client_id and a secret: "
                f'add trust.introspection."{issuer}" to the service\'s configuration'
            )
        try:
            own, named = client.host or host_of(issuer), host_of(endpoint)
        except ValueError:
            return "is no URL"
        if named != own:
            return (
                f"is not on the issuer's own host: if {named} may see its tokens and the secret, "
                f'set host in trust.introspection."{issuer}" of the service\'s configuration'
            )
        return ""

    def holds(self, file: Path) -> bool:
        """Whether *file* lies in an anchored directory, wherever links lead."""
        resolved = file.resolve()
        return any(resolved.is_relative_to(directory.resolve()) for directory in self.directories)


def host_of(url: str) -> str:
    """Give host and port of *url* as `TrustAnchors.hosts` writes them; raises ValueError where it has none."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    shown = f"[{name}]" if ":" in name else name
    return shown if parts.port in (None, DEFAULT_PORT) else f"{shown}:{parts.port}"
