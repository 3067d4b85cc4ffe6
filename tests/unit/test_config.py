"""The service's configuration: where values come from, and what is refused before the server exists."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from actas.config import Caller, load
from actas.errors import ConfigError
from actas.listener import Listener

HASH = "a" * 64
CALLER = {"name": "sts", "token_sha256": [HASH], "authorization_servers": ["https://as.example"]}


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration of the machine reaches these tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ACTAS_OPA", raising=False)
    return tmp_path


def certificate(directory: Path, name: str = "server") -> tuple[Path, Path]:
    """Write a self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = directory / f"{name}.crt", directory / f"{name}.key"
    cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def test_without_anything_it_listens_on_loopback() -> None:
    """The defaults alone are a configuration that can be served safely."""
    config = load()

    assert config.listen == (Listener(host="127.0.0.1", port=50051),)
    assert not config.reflection
    assert config.default_timeout == 1.0


def test_flags_win_over_environment_over_file(empty_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source overrides the ones after it, key by key."""
    (empty_directory / "actas.toml").write_text('log_level = "error"\ngrace = 3\ndefault_timeout = 0.5\n')
    monkeypatch.setenv("ACTAS_GRACE", "4")
    monkeypatch.setenv("ACTAS_LOG_LEVEL", "warning")

    config = load({"log_level": "debug", "grace": None})

    assert (config.log_level, config.grace, config.default_timeout) == ("debug", 4, 0.5)


def test_a_variable_may_hold_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are separated by commas, as on the command line."""
    monkeypatch.setenv("ACTAS_LISTEN", "127.0.0.1:1, [::1]:2")

    assert [str(listener) for listener in load().listen] == ["127.0.0.1:1", "[::1]:2"]


def test_a_nested_limit_can_come_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two underscores lead into a table."""
    monkeypatch.setenv("ACTAS_LIMITS__SCOPES", "7")

    assert load().limits.scopes == 7


def test_callers_come_from_the_file(empty_directory: Path) -> None:
    """Each caller is a table with the hash of its token and what it may do."""
    (empty_directory / "actas.toml").write_text(
        f'[[callers]]\nname = "sts"\ntoken_sha256 = ["{HASH}"]\n'
        'authorization_servers = ["https://as.example"]\npermissions = ["explain"]\n'
    )

    assert load().callers == (
        Caller(
            name="sts",
            token_sha256=(HASH,),
            authorization_servers=("https://as.example",),
            permissions=frozenset({"explain"}),
        ),
    )


def test_paths_in_the_file_are_relative_to_the_file(empty_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration means the same from whatever directory the service is started."""
    etc = empty_directory / "etc"
    (etc / "policies").mkdir(parents=True)
    (etc / "actas.toml").write_text('policies = ["policies"]\n')
    monkeypatch.setenv("ACTAS_CONFIG", str(etc / "actas.toml"))

    assert load().policies == (etc / "policies",)


def test_service_links_of_kubernetes_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Service named actas announces itself in variables that must not stop the pod."""
    for name in ("ACTAS_SERVICE_HOST", "ACTAS_SERVICE_PORT_GRPC", "ACTAS_PORT", "ACTAS_PORT_50051_TCP_ADDR"):
        monkeypatch.setenv(name, "tcp://10.0.0.1:50051")

    assert load().listen[0].local


def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that would silently do nothing is refused."""
    monkeypatch.setenv("ACTAS_TSL_CERT", "server.crt")

    with pytest.raises(ConfigError, match="ACTAS_TSL_CERT") as caught:
        load()
    assert caught.value.setting == "ACTAS_TSL_CERT"


@pytest.mark.parametrize(
    ("flags", "setting"),
    [
        ({"listen": ["example"]}, "listen.0"),
        ({"listen": ["127.0.0.1:70000"]}, "listen.0"),
        ({"listen": ["::1:50051"]}, "listen.0"),
        ({"listen": ["unix:" + "x" * 200]}, "listen.0"),
        ({"listen": ["unix:missing/actas.sock"]}, "listen"),
        ({"listen": ["0.0.0.0:50051"]}, "tls_cert"),
        ({"listen": ["actas.example:50051"]}, "tls_cert"),
        ({"tls_cert": "server.crt"}, "tls_key"),
        ({"tls_key": "server.key"}, "tls_cert"),
        ({"tls_cert": "absent.crt", "tls_key": "absent.key"}, "tls_cert"),
        ({"policies": ["absent"]}, "policies"),
        ({"state": "absent.json"}, "state"),
        ({"opa_url": "localhost:8181"}, "opa_url"),
        ({"opa_url": "http://opa.example:8181"}, "opa_url"),
        ({"opa_url": "https://user:secret@opa.example"}, "opa_url"),
        ({"opa_url": "http://127.0.0.1:8181", "policies": ["."]}, "policies"),
        ({"opa_url": "http://127.0.0.1:8181", "watch": True}, "watch"),
        ({"opa_token_file": "token"}, "opa_token_file"),
        ({"metrics_listen": "0.0.0.0:9464"}, "metrics_listen"),
        ({"metrics_listen": "unix:metrics"}, "metrics_listen"),
        ({"default_timeout": 20}, "default_timeout"),
        ({"default_timeout": 0}, "default_timeout"),
        ({"grace": float("inf")}, "grace"),
        ({"audience": ""}, "audience"),
        ({"limits": {"scopes": 0}}, "limits"),
        ({"limits": {"scops": 5}}, "limits"),
        ({"limits": {"scopes": True}}, "limits"),
        ({"log_level": "loud"}, "log_level"),
        ({"engine": "rego"}, "engine"),
        ({"engine": "wasm", "opa_url": "http://127.0.0.1:8181"}, "opa_url"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"callers": [{**CALLER, "token_sha256": ["abc"]}]}, "callers.0.token_sha256.0"),
        ({"callers": [{**CALLER, "authorization_servers": []}]}, "callers.0.authorization_servers"),
        ({"callers": [{**CALLER, "permissions": ["everything"]}]}, "callers.0.permissions"),
        ({"callers": [{**CALLER, "token": "secret"}]}, "callers.0.token"),
        ({"callers": [CALLER, CALLER]}, "callers"),
        ({"callers": [CALLER, {**CALLER, "name": "other"}]}, "callers"),
        ({"otlp_endpoint": "collector"}, "otlp_endpoint"),
    ],
)
def test_every_mistake_names_its_key(flags: dict[str, Any], setting: str) -> None:
    """The error says which setting to change; the service never starts with a guess."""
    with pytest.raises(ConfigError) as caught:
        load(flags)

    assert caught.value.setting.startswith(setting)


@pytest.mark.parametrize(("key", "words"), [("unheard_of", "no such setting"), ("tls_client_ca", "must be a list")])
def test_a_mistake_is_said_in_the_words_of_whoever_made_it(empty_directory: Path, key: str, words: str) -> None:
    """Nobody who writes the file knows of inputs and tuples."""
    (empty_directory / "actas.toml").write_text(f"{key} = 5\n")

    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value) == f"{key}: {words}"


@pytest.mark.parametrize("text", ["listen = ", "\xff", "unknown = 1"])
def test_a_broken_file_is_a_config_error(empty_directory: Path, text: str) -> None:
    """Neither syntax nor encoding nor an unknown key gets through."""
    (empty_directory / "actas.toml").write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError):
        load()


def test_a_named_file_must_exist(empty_directory: Path) -> None:
    """Falling back to defaults would start another service than the one that was asked for."""
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load(file=empty_directory / "absent.toml")


def test_a_secret_is_not_repeated_in_the_error() -> None:
    """A token that was pasted where its hash belongs does not reach the log."""
    with pytest.raises(ConfigError) as caught:
        load({"callers": [{**CALLER, "token_sha256": ["very-secret"]}]})

    assert "very-secret" not in str(caught.value)


def test_key_and_certificate_must_belong_together(empty_directory: Path) -> None:
    """The pair is tried before anything listens."""
    cert, _ = certificate(empty_directory)
    _, other_key = certificate(empty_directory, "other")

    with pytest.raises(ConfigError) as caught:
        load({"tls_cert": cert, "tls_key": other_key})
    assert caught.value.setting == "tls_key"


def test_outside_of_loopback_tls_alone_is_not_enough(empty_directory: Path) -> None:
    """Encryption to whoever asks protects nothing."""
    cert, key = certificate(empty_directory)

    with pytest.raises(ConfigError) as caught:
        load({"listen": ["0.0.0.0:50051"], "tls_cert": cert, "tls_key": key})
    assert caught.value.setting == "callers"


def test_outside_of_loopback_tls_and_callers_are_enough(empty_directory: Path) -> None:
    """Both together may face the network."""
    cert, key = certificate(empty_directory)

    config = load({"listen": ["0.0.0.0:50051"], "tls_cert": cert, "tls_key": key, "callers": [CALLER]})

    assert not config.listen[0].local


def test_insecure_is_the_way_to_say_it_on_purpose() -> None:
    """The one switch that opens a bare listener has a name nobody types by accident."""
    assert load({"listen": ["0.0.0.0:50051"], "insecure": True}).insecure
