"""Brings the tables of a store up to date: versioned steps (Alembic), in one transaction, by one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from actas.errors import StoreError

_MIGRATIONS = Path(__file__).with_name("migrations")


def to_head(connection: Connection) -> None:
    """Take every step that the store lacks; raises StoreError when it was made by a newer Actas."""
    script = _script()
    if _require_known(script, _version(connection)) == script.get_current_head():
        return

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        # One transaction for all: a store is never left half way.
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def require_head(connection: Connection) -> None:
    """Raise StoreError unless the store has exactly the tables of this version."""
    script = _script()
    version = _require_known(script, _version(connection))
    if version is None:
        raise StoreError("this is no store of Actas, or no service has used it yet")
    if version != script.get_current_head():
        raise StoreError(f"the store has version {version}: start the service of this version once, it brings it up")


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(script: ScriptDirectory, version: str | None) -> str | None:
    known = {step.revision for step in script.walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(f"the store was made by a newer Actas: it has version {version}, known are up to {max(known)}")
    return version
