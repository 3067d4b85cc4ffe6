"""Where a store is: `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from actas.errors import ConfigError

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A store that can be opened. Its text never shows a password."""

    url: URL = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, password: str = "", setting: str = "receipts") -> Self:
        """Read *text*; *password* is for PostgreSQL, where neither the URL, `PGPASSWORD` nor a passfile has it.

        Raises:
            ConfigError: it is none, for *setting*.

        """
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise ConfigError(setting, "must be sqlite:///PATH or postgresql://USER@HOST/DATABASE") from None
        if url.drivername not in _DRIVERS:
            raise ConfigError(setting, "must be sqlite:///PATH or postgresql://USER@HOST/DATABASE")
        if url.drivername == "sqlite":
            if not url.database or url.database == ":memory:" or url.host or url.query:
                raise ConfigError(setting, "must name a file: sqlite:///PATH, or sqlite:////PATH for an absolute one")
            if password:
                raise ConfigError(setting, "a SQLite file has no password")
        elif not url.database:
            raise ConfigError(setting, "must name a database: postgresql://USER@HOST/DATABASE")
        url = url.set(drivername=_DRIVERS[url.drivername])
        return cls(url.set(password=password) if password else url)

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        if self.url.get_backend_name() != "sqlite":
            return None
        return Path(str(self.url.database))

    def __str__(self) -> str:
        """Render as it was given, without a password."""
        shown = self.url.set(drivername=self.url.get_backend_name(), password=None)
        # A query may hold a password, too: it belongs to libpq.
        return shown.set(query={}).render_as_string()
