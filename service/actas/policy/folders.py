"""The folders of a policy root, as everybody who reads or watches one goes through them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def folders(root: Path, but: Callable[[str], bool]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Give each folder with the names of the folders and files in it, except folders whose name is one to leave out.

    Links are followed, as a Kubernetes ConfigMap is made of them, but in no circle.
    """
    seen: set[str] = set()
    for directory, names, files in os.walk(root, followlinks=True):
        seen.add(os.path.realpath(directory))
        inside = sorted(name for name in names if not but(name))
        names[:] = [name for name in inside if os.path.realpath(Path(directory, name)) not in seen]
        yield directory, inside, sorted(files)
