"""Where the bundle of a trust domain comes from, as the registry says, and who can be asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class BundleSource:
    """A file, the URL of a bundle endpoint, or a Workload API (then `place` is empty)."""

    kind: Literal["file", "url", "workload_api"]
    place: str = ""


@dataclass(frozen=True, slots=True)
class DomainTrust:
    """What the registry says about one trust domain; without a `bundle` its SVIDs are the caller's to verify."""

    bundle: BundleSource | None = None
