"""Brings the tables of a store up to date: versioned steps (Alembic), in one transaction, by one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from actas.errors import StoreError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).with_name("migrations")
LATEST = max(step.stem for step in (_MIGRATIONS / "versions").glob("r[0-9]*.py"))[1:5]
"""The version that the last step makes, by its file's name."""


def to_head(connection: Connection) -> None:
    """Take every step that the store lacks; raises StoreError when it was made by a newer Actas."""
    version = _version(connection)
    if version == LATEST:
        return
    # Nearly every store is up to date, and Alembic is slow to load.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415

    script = _script()
    _require_known(script, version)

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        # One transaction for all: a store is never left half way.
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def require_head(connection: Connection) -> None:
    """Raise StoreError unless the store has exactly the tables of this version."""
    version = _version(connection)
    if version == LATEST:
        return
    if version is None:
        raise StoreError("this is no store of Actas, or no service has used it yet")
    _require_known(_script(), version)
    raise StoreError(f"the store has version {version}: start the service of this version once, it brings it up")


def _script() -> ScriptDirectory:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    return ScriptDirectory(str(_MIGRATIONS))


def _version(connection: Connection) -> str | None:
    """Read what Alembic has written."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _require_known(script: ScriptDirectory, version: str | None) -> None:
    known = {step.revision for step in script.walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(f"the store was made by a newer Actas: it has version {version}, known are up to {max(known)}")
