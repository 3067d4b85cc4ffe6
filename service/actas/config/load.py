"""Where a configuration comes from: flags, then `ACTAS_*`, then `actas.toml`. Every mistake names its key."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from actas.config import callers, trust
from actas.config.model import PREFIX, Config
from actas.errors import ConfigError

DEFAULT_FILE = Path("actas.toml")
# Read by other parts of Actas, so not a misspelt setting.
_OTHER_VARIABLES = {"ACTAS_CONFIG", "ACTAS_OPA", "ACTAS_TOKEN"}
# Kubernetes tells every pod of a namespace about a Service named `actas` in these variables.
_SERVICE_LINKS = re.compile(r"ACTAS(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")
_PATHS = {
    "tls_cert",
    "tls_key",
    "opa_token_file",
    "opa_ca_file",
    "state",
    "pid_file",
    "receipts_password_file",
    "receipts_spill",
    "receipts_checkpoint_key",
    "receipts_checkpoints",
}
_SQLITE = "sqlite:///"
# Where the validator's words are about its own inside.
_OWN_WORDS = {"extra_forbidden": "no such setting", "tuple_type": "must be a list"}


def load(flags: Mapping[str, object] | None = None, *, file: Path | None = None) -> Config:
    """Build the configuration from *flags* (None = not given), the environment, and *file*.

    *file* defaults to `$ACTAS_CONFIG`, else to `actas.toml` in the working directory if there is one. Relative
    paths in the file are relative to the file.

    Raises:
        ConfigError: anything is missing, unknown, malformed or contradictory.

    """
    _refuse_unknown_variables()
    values = _read(file)

    class Loaded(Config):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings  # no third and fourth place to look
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=values)

    given: dict[str, Any] = {name: value for name, value in (flags or {}).items() if value not in (None, (), [])}
    if urlsplit(str(given.get("receipts", ""))).password:
        raise ConfigError("receipts", "every user of this machine sees arguments: use receipts_password_file")
    try:
        return Loaded(**given)
    except ValidationError as error:
        raise _config_error(error) from None
    except ValueError as error:  # pydantic-settings raises its own kind for a variable that is no JSON
        raise ConfigError(_named_variable(str(error)), "the environment variable must hold JSON") from None


def _read(file: Path | None) -> dict[str, Any]:
    named = file or (Path(os.environ["ACTAS_CONFIG"]) if os.environ.get("ACTAS_CONFIG") else None)
    path = named or DEFAULT_FILE
    if named is None and not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("config", f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("config", f"{path}: {error}") from None
    return {name: _anchored(name, value, path.parent) for name, value in values.items()}


def _anchored(name: str, value: Any, base: Path) -> Any:
    """Give *value* with its relative paths below *base*; what is of another shape is left for validation to name."""
    return _ANCHORED[name](value, base) if name in _ANCHORED else value


def _path(value: Any, base: Path) -> Any:
    return base / value.strip() if isinstance(value, str) else value


def _paths(value: Any, base: Path) -> Any:
    listed = value.split(",") if isinstance(value, str) else value
    return [_path(item, base) for item in listed] if isinstance(listed, list) else value


def _paths_by_name(value: Any, base: Path) -> Any:
    return {name: _path(item, base) for name, item in value.items()} if isinstance(value, dict) else value


def _sqlite(value: Any, base: Path) -> Any:
    if isinstance(value, str) and value.startswith(_SQLITE):
        return f"{_SQLITE}{base / value.removeprefix(_SQLITE)}"
    return value


_ANCHORED: dict[str, Callable[[Any, Path], Any]] = {
    **dict.fromkeys(_PATHS, _path),
    "policies": _paths,
    "tls_client_ca": _paths,
    "tls_spiffe_bundles": _paths_by_name,
    "callers": callers.anchored,
    "trust": trust.anchored,
    "receipts": _sqlite,
}


def _refuse_unknown_variables() -> None:
    for name in os.environ:
        if not name.startswith(PREFIX) or name in _OTHER_VARIABLES or _SERVICE_LINKS.fullmatch(name):
            continue
        if name.removeprefix(PREFIX).split("__")[0].lower() not in Config.model_fields:
            raise ConfigError(name, "no such setting")


def _config_error(error: ValidationError) -> ConfigError:
    # Only places and messages are shown: the values may be secrets.
    problems = [
        (
            ".".join(str(part) for part in item["loc"]),
            _OWN_WORDS.get(item["type"], item["msg"].removeprefix("Value error, ")),
        )
        for item in error.errors(include_url=False, include_input=False)
    ]
    setting, message = problems[0]
    return ConfigError(setting, message + "".join(f"; {name}: {text}" for name, text in problems[1:]))


def _named_variable(message: str) -> str:
    found = re.search(r'field "(\w+)"', message)
    return found.group(1) if found else "environment"
