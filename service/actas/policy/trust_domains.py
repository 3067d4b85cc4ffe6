"""How a registry has the SVIDs of its trust domains verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actas.evidence.svid.source import BundleSource, DomainTrust


def domain_trust(registry: Mapping[str, Any], name: str) -> DomainTrust | None:
    """Say how *registry* has the SVIDs of *name* verified; None when it does not know that trust domain.

    Whatever a test case may write there: a bundle that is no plain place is one that nobody can have.
    """
    domains = registry.get("trust_domains")
    entry = domains.get(name) if isinstance(domains, dict) else None
    if entry is None:
        return None
    bundle = entry.get("bundle") if isinstance(entry, dict) else None
    if bundle is None:
        return DomainTrust()
    if isinstance(bundle, dict):
        file, url = bundle.get("file"), bundle.get("url")
        if isinstance(file, str):
            return DomainTrust(BundleSource("file", file))
        if isinstance(url, str):
            return DomainTrust(BundleSource("url", url))
    return DomainTrust(BundleSource("workload_api"))
