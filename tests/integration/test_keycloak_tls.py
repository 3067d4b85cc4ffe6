"""Keycloak asks over TLS, with a token, under the name of the certificate: whoever else answers is not believed.

One Keycloak; what differs is who listens where it expects Actas.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kc_dist
import kc_server
import pytest
from kc_actas import Actas
from kc_tokens import Response, Tokens

from keycloak_certificates import Authority
from keycloak_faults import NO_DECISION, Exchanges, another_actas
from keycloak_support import KEYCLOAK
from lying_actas import LyingActas
from ports import free_port

pytestmark = pytest.mark.slow

NAME, CALLER = "actas.example.com", "keycloak.example.com"
FLAG = "--spi-token-interceptor--actas--"


@dataclass(frozen=True)
class Secured:
    """A Keycloak that trusts *ours*, presents a certificate of *ours* and a token, and expects the name."""

    keycloak: kc_server.Keycloak
    exchanges: Exchanges
    ours: Authority
    theirs: Authority
    port: int
    token: str
    first: Response

    @property
    def address(self) -> str:
        """Where it expects Actas."""
        return f"127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def actas(
        self, authority: Authority, *, name: str = NAME, token: str | None = None, callers_of: Authority | None = None
    ) -> Iterator[Actas]:
        """Serve where Keycloak expects it, with a certificate of *authority* for *name*, to whoever has *token*.

        With *callers_of* whoever connects must have a certificate of that authority.
        """
        with actas(self.port, *authority.issue(name), token or self.token, callers_of) as running:
            yield running


@contextlib.contextmanager
def actas(port: int, cert: Path, key: Path, token: str, callers_of: Authority | None = None) -> Iterator[Actas]:
    """Run `actas serve` with TLS, and one caller, known by its token and by its certificate where one is needed."""
    file = cert.with_suffix(".toml")
    digest = hashlib.sha256(token.encode()).hexdigest()
    mutual = f'tls_client_ca = ["{callers_of.file}"]\n' if callers_of is not None else ""
    subject = f'certificate_subject = "CN={CALLER}"\n' if callers_of is not None else ""
    file.write_text(
        f'{mutual}[[callers]]\nname = "keycloak"\ntoken_sha256 = ["{digest}"]\n{subject}'
        f'authorization_servers = ["{kc_server.HOSTNAME}/realms/agents"]\n',
        encoding="utf-8",
    )
    flags = ["--config", str(file), "--tls-cert", str(cert), "--tls-key", str(key)]
    with Actas(port, [KEYCLOAK / "policies"], extra=flags) as running:
        yield running


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Start Keycloak and the right Actas; the first exchange of its life is made at once."""
    folder = tmp_path_factory.mktemp("tls")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    port, token = free_port(), secrets.token_urlsafe(32)
    (folder / "token").write_text(token + "\n", encoding="utf-8")
    (folder / "token").chmod(0o600)
    cert, key = ours.issue(CALLER)
    settings = {
        "tls-ca": ours.file,
        "tls-cert": cert,
        "tls-key": key,
        "authority": NAME,
        "token-file": folder / "token",
    }
    flags = [f"{FLAG}{name}={value}" for name, value in settings.items()]
    with contextlib.ExitStack() as running:
        with actas(port, *ours.issue(NAME), token):
            dist = kc_dist.ensure(print)
            keycloak = running.enter_context(kc_server.Keycloak(dist, target=f"127.0.0.1:{port}", extra=flags))
            tokens = Tokens(keycloak)
            running.callback(tokens.close)
            exchanges = Exchanges(tokens)
            first = exchanges.first()
        yield Secured(keycloak, exchanges, ours, theirs, port, token, first)


def test_the_first_exchange_after_the_start_is_not_refused(secured: Secured) -> None:
    """The first call of a JVM, and a TLS handshake, are longer than the deadline: they were made before."""
    assert secured.first.status == 200, secured.first.body


def test_over_tls_with_the_token_it_is_issued(secured: Secured) -> None:
    """Also after Actas was away, which is another handshake within the first exchange's time; and it is the caller."""
    with secured.actas(secured.ours) as actas:
        assert secured.exchanges.first().status == 200
        assert [line["caller"] for line in actas.decisions()] == ["keycloak"]


@pytest.mark.parametrize("wrong", ["authority", "name", "token"])
def test_whoever_is_not_right_gets_nothing(secured: Secured, wrong: str) -> None:
    """Another authority's certificate, another name's, a token that is not the caller's: no decision, no token."""
    authority = secured.theirs if wrong == "authority" else secured.ours
    name = "other.example.com" if wrong == "name" else NAME
    token = secrets.token_urlsafe(32) if wrong == "token" else None
    with secured.actas(authority, name=name, token=token) as actas:
        answer = secured.exchanges.first()
        assert (answer.status, answer.body) == NO_DECISION
        assert actas.decisions() == []


def test_in_plain_text_nothing_is_said(secured: Secured) -> None:
    """An Actas without TLS where one with TLS is expected is not asked, and never sees the token."""
    with another_actas() as truth, LyingActas(truth.address, secured.address) as plain:
        answer = secured.exchanges.first()
        assert (answer.status, answer.body) == NO_DECISION
        assert plain.asked == 0


@pytest.mark.parametrize("trusted", [True, False])
def test_mutual_tls(secured: Secured, trusted: bool) -> None:
    """An Actas that demands a certificate takes Keycloak's; one that trusts other authorities does not let it in."""
    with secured.actas(secured.ours, callers_of=secured.ours if trusted else secured.theirs) as actas:
        answer = secured.exchanges.first()
        assert [line["caller"] for line in actas.decisions()] == ["keycloak"] * int(trusted)
        if trusted:
            assert answer.status == 200
        else:
            assert (answer.status, answer.body) == NO_DECISION


def test_serverinfo_and_log_tell_the_way_and_no_secret(secured: Secured) -> None:
    """An operator sees that TLS is mutual; the token is nowhere."""
    info = secured.keycloak.admin("GET", "serverinfo")["providers"]["token-interceptor"]["providers"]["actas"]
    told = info["operationalInfo"]
    assert (told["target"], told["tls"]) == (secured.address, "mutual")
    assert secured.token not in str(told) + secured.keycloak.log_text()
