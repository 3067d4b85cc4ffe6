"""A real Keycloak as a process of its own, with a database in memory and its files in a directory that goes with it."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import kc_process
from kc_process import StartError

from ports import free_port

REALM = Path(__file__).resolve().parents[1] / "realm.json"
HOSTNAME = "http://127.0.0.1:8180"
"""What Keycloak calls itself, whatever port it listens on: the registry of Actas names its issuer."""
START_SECONDS = 180.0
STOP_SECONDS = 15.0
_TOKEN_SECONDS = 30.0
_LINKS = ("conf", "lib", "providers", "themes")


class AdminError(Exception):
    """The admin API refused; the message has the status and what Keycloak said."""


class Keycloak:
    """A Keycloak that runs as long as the context lasts; port 0 takes a free one."""

    def __init__(
        self,
        dist: Path,
        port: int = 0,
        *,
        realm: Path = REALM,
        target: str | None = None,
        extra: Sequence[str] = (),
        with_provider: bool = True,
        quick: bool = True,
        hostname: str = HOSTNAME,
    ) -> None:
        """Import *realm*; exchanges ask Actas at *target*, or nobody with *with_provider* false.

        *quick* compiles less, for a quick start: not for measuring.
        """
        self.realm_file = realm
        self._dist, self._quick, self._with_provider = dist, quick, with_provider
        self.port, self._management_port = port or free_port(), free_port()
        self.url, self.management_url = (f"http://127.0.0.1:{p}" for p in (self.port, self._management_port))
        self._realm: dict[str, Any] = json.loads(realm.read_text(encoding="utf-8"))
        self.issuer = f"{hostname}/realms/{self._realm['realm']}"
        self._flags = [f"--hostname={hostname}", *extra]
        if with_provider and target is not None:
            self._flags.append(f"--spi-token-interceptor--actas--target={target}")
        self._password = secrets.token_urlsafe(16)
        self._http = _client()
        self._group: kc_process.Group | None = None
        self._home: Path | None = None
        self._last_log = ""
        self._admin: tuple[float, str] = (0.0, "")

    def __enter__(self) -> Self:
        """Start, and wait until it answers. Raises StartError."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Start it with an empty database. Raises StartError."""
        self._home = Path(tempfile.mkdtemp(prefix="actas-keycloak-"))
        try:
            self._lay_out(self._home)
            self._group = self._run(self._home)
            self._wait(self._group)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> bool:
        """Stop it, remove its files, and say whether it stopped by itself."""
        clean = self._group.stop(STOP_SECONDS) if self._group is not None else True
        if self._home is not None:
            self._last_log = self.log_text()
            shutil.rmtree(self._home, ignore_errors=True)
        self._group = self._home = None
        self._http.close()
        self._http = _client()  # it may be started again
        return clean

    def log_text(self) -> str:
        """Everything that it has logged, also after it was stopped."""
        if self._home is None or not (log := self._home / "log").is_file():
            return self._last_log
        return log.read_text(encoding="utf-8", errors="replace")

    @property
    def admin_password(self) -> str:
        """The password of the administrator `admin`, made anew for each of these."""
        return self._password

    def admin_token(self) -> str:
        """Give a token of the administrator that this start made."""
        made, token = self._admin
        if time.monotonic() - made > _TOKEN_SECONDS:
            form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": self._password}
            answer = self._http.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=form)
            if answer.status_code != httpx.codes.OK:
                raise AdminError(f"no admin token: {answer.status_code}")
            token = str(answer.json()["access_token"])
            self._admin = time.monotonic(), token
        return token

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin API at *path* below /admin, such as `realms/agents/clients`. Raises AdminError."""
        headers = {"authorization": f"Bearer {self.admin_token()}"}
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["content-type"] = "application/json"
        answer = self._http.request(method, f"{self.url}/admin/{path.lstrip('/')}", headers=headers, content=content)
        if answer.is_error:
            raise AdminError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def metrics(self) -> str:
        """Give the server's metrics in Prometheus' format."""
        return self._http.get(f"{self.management_url}/metrics").text

    def _lay_out(self, home: Path) -> None:
        """Make a directory that looks like Keycloak's own, in which only data is new."""
        for name in _LINKS:
            (home / name).symlink_to(self._dist / name)
        imported = home / "data" / "import"
        imported.mkdir(parents=True)
        (home / "tmp").mkdir()
        realm = dict(self._realm)
        if not self._with_provider:
            # Keycloak refuses to import a profile whose executor it does not have.
            realm = {name: value for name, value in realm.items() if name not in {"clientProfiles", "clientPolicies"}}
        (imported / "realm.json").write_text(json.dumps(realm), encoding="utf-8")

    def _run(self, home: Path) -> kc_process.Group:
        environment = kc_process.own_environment("KC_", "JAVA_OPTS") | {
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password,
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1" if self._quick else "",
        }
        command = [str(self._dist / "bin" / "kc.sh"), f"-Dkc.home.dir={home}", f"-Djava.io.tmpdir={home / 'tmp'}"]
        command += ["start", "--optimized", "--import-realm", "--cache=local", "--http-enabled=true"]
        command += ["--http-host=127.0.0.1", f"--http-port={self.port}"]
        command += ["--http-management-host=127.0.0.1", f"--http-management-port={self._management_port}"]
        return kc_process.Group([*command, *self._flags], cwd=home, env=environment, log=home / "log")

    def _wait(self, group: kc_process.Group) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            if group.ended:
                raise group.failed("Keycloak ended while it started:")
            if time.monotonic() > end:
                raise group.failed(f"Keycloak did not start within {START_SECONDS:.0f} s:")
            try:
                answer = self._http.get(f"{self.url}/realms/{self._realm['realm']}")
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == httpx.codes.OK:
                return
            time.sleep(0.2)


def _client() -> httpx.Client:
    return httpx.Client(timeout=30, trust_env=False)


__all__ = ["HOSTNAME", "REALM", "AdminError", "Keycloak", "StartError"]
