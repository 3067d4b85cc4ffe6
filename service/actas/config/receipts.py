"""Where receipts are kept, when an answer may leave, and what becomes of a receipt when the store is down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from actas.errors import ConfigError

if TYPE_CHECKING:
    from actas.store.address import StoreAddress

ReceiptMode = Literal["before_answer", "async"]
"""`before_answer`: the answer leaves when its receipt is durable; `async`: when it is in a bounded queue."""
OnFailure = Literal["fail_exchange", "spill"]
"""Without the store: no decision leaves, or its receipt goes to a local file until the store is back."""

NO_STORE = "none"
_MAX_PASSWORD_BYTES = 4096


class ReceiptSettings(BaseModel):
    """The part of the configuration that is about receipts. Times are in seconds if nothing else is said."""

    receipts: str = NO_STORE
    """`sqlite:///PATH`, `postgresql://USER@HOST/DATABASE`, or `none`: then every decision is a line of the log."""
    receipts_password_file: Path | None = None
    """PostgreSQL's password, where neither `PGPASSWORD` nor a passfile has it."""
    receipts_mode: ReceiptMode = "before_answer"
    receipts_modes: Mapping[str, ReceiptMode] = {}
    """By risk class, for decisions about scopes of that class; of several, `before_answer` wins."""
    receipts_queue: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Receipts that may wait in `async`; when it is full, decisions wait as well."""
    receipts_on_failure: OnFailure = "fail_exchange"
    receipts_spill: Path | None = None
    """The directory of the files that `spill` writes."""
    receipts_checkpoint_key: Path | None = None
    """The private key, PEM or JWK, that signs how far the chains reach. It is in no store."""
    receipts_checkpoints: Path | None = None
    """Where these statements go, outside of the store: a file that only grows, or a directory."""
    receipts_checkpoint_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    receipts_retention_days: Annotated[int, Field(ge=1)] | None = None
    """Receipts older than this are deleted."""

    @property
    def has_store(self) -> bool:
        """Whether there is a database."""
        return self.receipts != NO_STORE

    def store_address(self) -> StoreAddress:
        """Give where the store is; raises ConfigError. There is one where `has_store` says so."""
        from actas.store.address import StoreAddress  # noqa: PLC0415 - SQLAlchemy is slow to load, and often not needed

        password = "" if self.receipts_password_file is None else _password(self.receipts_password_file)
        return StoreAddress.parse(self.receipts, password=password)


def check(config: ReceiptSettings) -> None:
    """Check what must hold between these settings; raises ConfigError."""
    _check_places(config)
    if not config.has_store:
        for name in ReceiptSettings.model_fields:
            if name != "receipts" and name in config.model_fields_set:
                raise ConfigError(name, "only goes with a store: say receipts = sqlite:///PATH or postgresql://…")
        return
    file = config.store_address().file
    if file is not None and not file.absolute().parent.is_dir():
        raise ConfigError("receipts", f"{file.absolute().parent}: no such directory")


def _check_places(config: ReceiptSettings) -> None:
    if (config.receipts_spill is None) != (config.receipts_on_failure != "spill"):
        raise ConfigError("receipts_spill", "goes with receipts_on_failure = spill, and that with it")
    if config.receipts_spill is not None and not config.receipts_spill.is_dir():
        raise ConfigError("receipts_spill", f"{config.receipts_spill}: no such directory")
    key, sink = config.receipts_checkpoint_key, config.receipts_checkpoints
    if (key is None) != (sink is None):
        raise ConfigError(
            "receipts_checkpoints" if sink is None else "receipts_checkpoint_key",
            "receipts_checkpoint_key and receipts_checkpoints come together",
        )
    if sink is not None and not sink.absolute().parent.is_dir():
        raise ConfigError("receipts_checkpoints", f"{sink.absolute().parent}: no such directory")
    if key is not None:
        _read("receipts_checkpoint_key", key)
    if config.receipts_retention_days is not None and key is None:
        raise ConfigError(
            "receipts_retention_days", "needs receipts_checkpoint_key: a deletion that nobody signed is an attack"
        )


def _password(file: Path) -> str:
    content = _read("receipts_password_file", file)
    try:
        password = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError("receipts_password_file", f"{file}: is no text") from None
    if not password or len(content) > _MAX_PASSWORD_BYTES:
        raise ConfigError("receipts_password_file", f"{file}: holds no password")
    return password


def _read(setting: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(setting, f"{file}: {error.strerror}") from None
