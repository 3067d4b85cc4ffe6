"""How callers and certificates are configured, and what is refused before anything listens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk

from actas.config import exposure, load
from actas.errors import ConfigError
from caller_certificates import ACTAS, STS, Domain, Party, put, roots_pem

DOMAIN = Domain("example.org")
SERVERS = {"authorization_servers": ["https://as.example"]}
BY_ID = {"name": "sts", "spiffe_id": DOMAIN.spiffe_id(STS), **SERVERS}
BY_SUBJECT = {"name": "legacy", "certificate_subject": "CN=sts,O=Example", **SERVERS}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration of the machine reaches these tests."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tls(folder: Path) -> dict[str, Any]:
    """A certificate of the service, an authority and a bundle."""
    party = Party(folder, "actas", DOMAIN.x509_svid(ACTAS))
    return {
        "tls_cert": party.cert,
        "tls_key": party.key,
        "tls_client_ca": [put(folder / "ca.pem", roots_pem(DOMAIN))],
        "tls_spiffe_bundles": {"example.org": put(folder / "bundle.json", DOMAIN.bundle_text())},
    }


def problem(**settings: Any) -> str:
    """Give the sentence with which *settings* are refused."""
    with pytest.raises(ConfigError) as caught:
        load(settings)
    return str(caught.value)


def test_a_caller_can_be_known_in_several_ways(tls: dict[str, Any]) -> None:
    """One ID or several, a subject, a token; then whoever connects needs a certificate."""
    both = {**BY_SUBJECT, "spiffe_id": [DOMAIN.spiffe_id("/a"), DOMAIN.spiffe_id("/b")], "token_sha256": ["a" * 64]}
    config = load({**tls, "callers": [BY_ID, both]})
    assert config.callers[0].spiffe_id == (DOMAIN.spiffe_id(STS),)
    assert config.mutual


def test_tokens_alone_ask_nobody_for_a_certificate(tls: dict[str, Any]) -> None:
    """TLS then shows who the service is, and the token who asks."""
    pair = {name: tls[name] for name in ("tls_cert", "tls_key")}
    assert not load({**pair, "callers": [{"name": "sts", "token_sha256": ["a" * 64], **SERVERS}]}).mutual


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        ({"name": "sts", **SERVERS}, "needs token_sha256, spiffe_id, certificate_subject or jwt"),
        ({**BY_ID, "spiffe_id": "spiffe://example.org"}, "not the SPIFFE ID of a workload"),
        ({**BY_ID, "spiffe_id": "spiffe://Example.org/sts"}, "not the SPIFFE ID of a workload"),
        ({**BY_ID, "spiffe_id": "spiffe://other.test/sts"}, "needs the bundle of its trust domain"),
        ({**BY_SUBJECT, "certificate_subject": "sts"}, "not a distinguished name"),
        ({**BY_SUBJECT, "certificate_subject": "/CN=sts"}, "not a distinguished name"),
        ({**BY_ID, "rate": 0}, "callers.0.rate"),
        ({**BY_ID, "burst": 5}, "burst only goes with rate"),
        ({**BY_ID, "max_concurrency": 0}, "callers.0.max_concurrency"),
        ({**BY_ID, "permissions": ["everything"]}, "callers.0.permissions"),
        ({**BY_ID, "jwt": {"issuer": "https://sso.test", "subject": "x", "jwks_file": "j"}}, "callers.0.jwt.audience"),
    ],
)  # fmt: skip
def test_a_caller_that_could_not_be_known_is_refused(tls: dict[str, Any], caller: dict[str, Any], said: str) -> None:
    """By the name of the setting, before it is found out by a refused call."""
    assert said in problem(**tls, callers=[caller])


def test_nothing_names_two_callers(tls: dict[str, Any]) -> None:
    """Neither a name, nor an ID, nor a subject."""
    assert "'sts' is there twice" in problem(**tls, callers=[BY_ID, {**BY_SUBJECT, "name": "sts"}])
    assert "spiffe_id" in problem(**tls, callers=[BY_ID, {**BY_ID, "name": "b"}])
    assert "certificate_subject" in problem(**tls, callers=[BY_SUBJECT, {**BY_SUBJECT, "name": "b"}])


def test_certificates_need_tls_and_an_authority(tls: dict[str, Any], folder: Path) -> None:
    """What could not be checked is refused instead of ignored."""
    alone = {name: tls[name] for name in ("tls_client_ca", "tls_spiffe_bundles")}
    assert "only goes with tls_cert" in problem(**alone)
    pair = {name: tls[name] for name in ("tls_cert", "tls_key")}
    assert "needs tls_client_ca" in problem(**pair, callers=[BY_SUBJECT])
    assert "is no trust domain" in problem(**pair, tls_spiffe_bundles={"a/b": tls["tls_client_ca"][0]})
    put(folder / "empty.pem", b"")
    assert "no PEM certificate" in problem(**pair, tls_client_ca=[folder / "empty.pem"])
    assert "no SPIFFE bundle" in problem(**pair, tls_spiffe_bundles={"a.test": put(folder / "j", b"{}")})


def test_the_workload_api_gives_certificate_and_bundles(tls: dict[str, Any]) -> None:
    """A socket instead of files, not beside them."""
    config = load({"tls_workload_api": "unix:/run/spire/agent.sock", "callers": [BY_ID]})
    assert config.secured
    assert config.mutual
    assert "leave out tls_cert" in problem(**tls, tls_workload_api="unix:/run/spire/agent.sock")
    assert "must be unix:///PATH" in problem(tls_workload_api="127.0.0.1:8081")


def test_paths_in_the_file_are_relative_to_it(tls: dict[str, Any], folder: Path) -> None:
    """Also those in the tables of callers and bundles."""
    key = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
    (folder / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    text = """
tls_cert = "actas.pem"
tls_key = "actas.key"
tls_client_ca = ["ca.pem"]

[tls_spiffe_bundles]
"example.org" = "bundle.json"

[[callers]]
name = "sts"
authorization_servers = ["https://as.example"]
jwt = {issuer = "https://sso.example", subject = "sts", audience = "actas", jwks_file = "jwks.json"}
"""
    (folder / "elsewhere").mkdir()
    (folder / "actas.toml").write_text(text)
    config = load(file=folder / "actas.toml")
    assert config.callers[0].jwt is not None
    assert config.callers[0].jwt.jwks_file == folder / "jwks.json"
    assert dict(config.tls_spiffe_bundles) == {"example.org": folder / "bundle.json"}
    assert config.tls_client_ca == (folder / "ca.pem",)


def test_what_insecure_leaves_open_is_said_in_sentences(tls: dict[str, Any]) -> None:
    """For the log and `/ready`; what is protected or local is not."""
    open_wide = load({"listen": ["0.0.0.0:50051"], "insecure": True})
    assert exposure.warnings(open_wide) == [
        "0.0.0.0:50051 is reachable from outside without TLS",
        "whoever reaches 0.0.0.0:50051 may ask",
    ]
    assert exposure.warnings(load({"listen": ["0.0.0.0:50051"], **tls, "callers": [BY_ID]})) == []
    assert exposure.warnings(load({"insecure": True})) == []
