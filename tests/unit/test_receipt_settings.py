"""The settings of receipts: what goes together, and where a password may stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actas.config import load
from actas.errors import ConfigError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration of the machine reaches these tests."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"receipts": "mysql://localhost/actas"}, "receipts"),
        ({"receipts": "sqlite://"}, "receipts"),
        ({"receipts": "sqlite:///:memory:"}, "receipts"),
        ({"receipts": "sqlite:////nowhere/at/all/receipts.db"}, "receipts"),
        ({"receipts": "postgresql://localhost"}, "receipts"),
        ({"receipts_mode": "async"}, "receipts_mode"),
        ({"receipts": "sqlite:///r.db", "receipts_on_failure": "spill"}, "receipts_spill"),
        ({"receipts": "sqlite:///r.db", "receipts_spill": "."}, "receipts_spill"),
        ({"receipts": "sqlite:///r.db", "receipts_checkpoints": "sink"}, "receipts_checkpoint_key"),
        ({"receipts": "sqlite:///r.db", "receipts_retention_days": 30}, "receipts_retention_days"),
        ({"receipts": "sqlite:///r.db", "receipts_modes": {"payment": "sometimes"}}, "receipts_modes.payment"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_name(given: dict[str, Any], setting: str) -> None:
    """Each mistake names the key, before anything starts."""
    with pytest.raises(ConfigError) as refused:
        load(given)

    assert refused.value.setting == setting


def test_a_relative_file_is_relative_to_the_configuration(folder: Path) -> None:
    """As every other path of actas.toml."""
    (folder / "etc").mkdir()
    (folder / "etc" / "actas.toml").write_text('receipts = "sqlite:///receipts.db"\n')

    assert load(file=Path("etc/actas.toml")).store_address().file == Path("etc/receipts.db")


def test_a_password_is_in_no_argument_and_no_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from a file or the environment, and neither the address nor an error shows it."""
    with pytest.raises(ConfigError) as refused:
        load({"receipts": "postgresql://actas:s3cret@localhost/actas"})
    assert "s3cret" not in str(refused.value)
    monkeypatch.setenv("ACTAS_RECEIPTS", "postgresql://actas:s3cret@localhost/actas")
    assert "s3cret" not in str(load().store_address()) + repr(load().store_address())
    (folder / "password").write_text("0ther\n")
    monkeypatch.setenv("ACTAS_RECEIPTS_PASSWORD_FILE", "password")
    address = load().store_address()
    assert (address.url.password, "0ther" in str(address) + repr(address)) == ("0ther", False)
