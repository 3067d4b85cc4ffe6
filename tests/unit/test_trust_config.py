"""The table `[trust]` of the service's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from actas.config import load
from actas.errors import ConfigError

TOML = """\
[trust]
hosts = ["as.example.com:443", "localhost:8443", "[::1]:9000"]
private_hosts = ["localhost:8443"]
directories = ["keys"]
ca_file = "ca.pem"
refresh = 60

[trust.introspection."https://as.example.com"]
client_id = "actas"
client_secret_file = "secret"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with all that the table names, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("ACTAS_CONFIG", "ACTAS_TRUST"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "keys").mkdir()
    (tmp_path / "secret").write_text("s3cret\n")
    return tmp_path


def config(folder: Path, text: str) -> Path:
    """Write the configuration file."""
    (folder / "actas.toml").write_text(text)
    return folder / "actas.toml"


def test_paths_are_relative_to_the_file_and_443_is_not_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the service is started."""
    file = config(folder, TOML.replace('ca_file = "ca.pem"\n', ""))
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    trust = load(file=file).trust
    assert trust.hosts == ("as.example.com", "localhost:8443", "[::1]:9000")
    assert trust.directories == (folder / "keys",)
    assert trust.introspection["https://as.example.com"].client_secret_file == folder / "secret"
    assert (trust.refresh, trust.timeout) == (60.0, 2.0)
    assert "s3cret" not in repr(trust)


def test_the_environment_says_it_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One key, or the whole table as JSON."""
    monkeypatch.setenv("ACTAS_TRUST__HOSTS", '["as.example.com"]')
    assert load().trust.hosts == ("as.example.com",)
    monkeypatch.setenv("ACTAS_TRUST", '{"hosts": ["b.example.com"], "timeout": 1}')
    monkeypatch.delenv("ACTAS_TRUST__HOSTS")
    assert (load().trust.hosts, load().trust.timeout) == (("b.example.com",), 1.0)


@pytest.mark.parametrize(
    ("change", "setting", "sentence"),
    [
        (("[trust]", "[trust]\nhsots = []"), "trust.hsots", ""),
        (('"localhost:8443", "[', '"https://localhost:8443", "['), "trust.hosts.1", "no scheme, no path"),
        (('"localhost:8443", "[', '"LOCALHOST", "['), "trust.hosts.1", "lower case"),
        (('private_hosts = ["localhost:8443"]', 'private_hosts = ["localhost"]'), "trust", "is not one of the hosts"),
        (("refresh = 60", "refresh = 1"), "trust", "must ascend"),
        (("refresh = 60", "refresh = 60\nmax_stale = 60"), "trust", "must ascend"),
        (("refresh = 60", "timeout = 0"), "trust.timeout", ""),
        (("refresh = 60", "max_bytes = 5"), "trust.max_bytes", ""),
        (('directories = ["keys"]', 'directories = ["nowhere"]'), "trust.directories", "no such directory"),
        (('"ca.pem"', '"nowhere.pem"'), "trust.ca_file", "No such file"),
        (('"ca.pem"', '"secret"'), "trust.ca_file", ""),
        (('"secret"', '"nowhere"'), "trust.introspection.https://as.example.com.client_secret_file", "No such file"),
        (('client_id = "actas"\n', ""), "trust.introspection.https://as.example.com.client_id", ""),
        (("refresh = 60", 'workload_api = "/run/agent.sock"'), "trust.workload_api", "unix:///PATH"),
    ],
)
def test_a_mistake_is_named_before_anything_starts(
    folder: Path, change: tuple[str, str], setting: str, sentence: str
) -> None:
    """By its key, and without what is secret."""
    text = TOML if "ca.pem" in change[0] else TOML.replace('ca_file = "ca.pem"\n', "")
    assert change[0] in text
    with pytest.raises(ConfigError) as refused:
        load(file=config(folder, text.replace(*change)))
    assert refused.value.setting == setting
    assert sentence in refused.value.message
    assert "s3cret" not in str(refused.value)


def test_an_empty_secret_is_none(folder: Path) -> None:
    """It would be sent as one."""
    (folder / "secret").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        load(file=config(folder, TOML.replace('ca_file = "ca.pem"\n', "")))
