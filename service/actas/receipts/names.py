"""The names of files, which are not durable because the files are."""

from __future__ import annotations

import os
from pathlib import Path


def sync_names(directory: Path) -> None:
    """Return when what *directory* names is durable: without its name a file is not found again. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
