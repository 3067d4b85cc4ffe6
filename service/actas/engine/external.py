"""An OPA that somebody else runs: trusted through TLS, and pinned to the revision it told at the start."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from actas.engine import EngineHealth
from actas.engine.opa import OpaAddress, OpaConnection
from actas.errors import ConfigError, EngineError, Status

REVISION_PATH = "actas/revision"
ASK_SECONDS = 2.0
PROBE_SECONDS = 1.0
_DEFAULT_PORTS = {"http": 80, "https": 443}


class ExternalOpa:
    """Connections to an OPA by URL, and a probe that notices when it goes away or changes its policy."""

    def __init__(self, connection: OpaConnection, revision: str) -> None:
        self.revision = revision
        self._connection = connection
        self._trouble = ""
        self._probing = asyncio.get_running_loop().create_task(self._probe())

    @classmethod
    async def connect(cls, url: str, *, token: str, ca_file: Path | None, insecure: bool) -> ExternalOpa:
        """Ask the OPA at *url* for its revision; raises `ConfigError` or `EngineError`."""
        connection = await OpaConnection.open(opa_address(url, token=token, ca_file=ca_file, insecure=insecure))
        try:
            return cls(connection, await _ask_revision(connection))
        except BaseException:
            await connection.close()
            raise

    def connection(self) -> OpaConnection:
        """The connection; asking is what shows whether it works."""
        return self._connection

    def health(self) -> EngineHealth:
        """What the last probe found."""
        return EngineHealth(not self._trouble, self._trouble)

    async def close(self) -> None:
        """Close the connections."""
        self._probing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._probing
        await self._connection.close()

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                serves = await _ask_revision(self._connection)
            except EngineError as error:
                self._trouble = error.message
                continue
            changed = f"OPA now serves policy revision {serves}; {self.revision} was checked at the start"
            self._trouble = "" if serves == self.revision else changed


async def _ask_revision(connection: OpaConnection) -> str:
    revision = await connection.ask(REVISION_PATH, {}, timeout=ASK_SECONDS)
    if type(revision) is not str or not revision:
        raise EngineError(
            f"OPA's {REVISION_PATH} is not a policy revision",
            status=Status.INTERNAL,
            reason="ENGINE_ILL_TYPED_ANSWER",
        )
    return revision


def opa_address(url: str, *, token: str, ca_file: Path | None, insecure: bool) -> OpaAddress:
    """Parse `http[s]://HOST[:PORT]`; raises `ConfigError` for anything else.

    Whoever can answer in OPA's place allows everything, so plain HTTP stays on loopback unless *insecure*.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise ConfigError("opa_url", "is not a URL") from None
    host = parts.hostname or ""
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in _DEFAULT_PORTS or not host or extra:
        raise ConfigError("opa_url", "must be http://HOST:PORT or https://HOST:PORT")
    if parts.scheme == "http":
        if not insecure and not _is_loopback(host):
            raise ConfigError("opa_url", "plain HTTP is only for loopback addresses; use https")
        if ca_file is not None:
            raise ConfigError("opa_ca_file", "is of no use with an http URL")
        return OpaAddress(_bracketed(host), port, None, token)
    try:
        tls = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError):
        raise ConfigError("opa_ca_file", "cannot be read as PEM certificates") from None
    return OpaAddress(_bracketed(host), port, tls, token)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
