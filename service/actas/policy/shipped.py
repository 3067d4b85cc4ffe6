"""Where the policies are that Actas ships."""

from __future__ import annotations

from pathlib import Path

from actas.errors import ActivationError, Problem


def shipped_policies() -> Path:
    """Locate the shipped policies: inside the installed package, else in the repository beside `service/`."""
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "_shipped" / "policies", package.parents[1] / "policies"):
        if (candidate / "actas").is_dir():
            return candidate
    raise ActivationError([Problem("the shipped policies are missing: the installation is broken")])
