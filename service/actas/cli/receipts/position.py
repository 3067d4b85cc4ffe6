"""How far an export has come: a small file, written anew after each piece that has left."""

from __future__ import annotations

import json
from pathlib import Path

from actas.cli.exits import bad_input


class Position:
    """The last entry of each writer that was exported, as kept in *file*; without one, it is forgotten."""

    def __init__(self, file: Path | None, store_id: str) -> None:
        """Read *file* if it is there; one of another store, or that is none, ends the command."""
        self._file = file
        self._store_id = store_id
        self.after: dict[int, int] = {}
        if file is None:
            return
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            there, self.after = kept["store"], {int(writer): int(seq) for writer, seq in kept["after"].items()}
        except FileNotFoundError:
            return
        except OSError as error:
            raise bad_input(f"--position: {file}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise bad_input(f"--position: {file} is no position of an export") from None
        if there != store_id:
            raise bad_input(f"--position: {file} is of another store")

    def reached(self, writer: int, seq: int) -> None:
        """Remember that everything of *writer* up to *seq* has left."""
        self.after[writer] = seq
        if self._file is None:
            return
        content = json.dumps({"store": self._store_id, "after": {str(key): value for key, value in self.after.items()}})
        new = self._file.with_name(f"{self._file.name}.new")
        try:
            new.write_text(content, encoding="utf-8")
            new.replace(self._file)
        except OSError as error:
            raise bad_input(f"--position: {error.filename}: {error.strerror}") from None
