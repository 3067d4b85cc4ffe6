"""Whether a registry takes keys, bundles and answers only from where the service's configuration allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from actas.errors import Problem
from actas.evidence.anchors import TrustAnchors
from actas.policy.located import Merged

_Path = tuple[str | int, ...]


def check_anchors(registry: Merged, anchors: TrustAnchors) -> list[Problem]:
    """List every place that *registry* names and *anchors* do not, with file and line."""
    problems = []
    for path, message in [*_issuers(registry.value, anchors), *_trust_domains(registry.value, anchors)]:
        file, line = registry.where(path)
        problems.append(Problem(f"registry.{'.'.join(map(str, path))}: {message}", file, line))
    return problems


def _issuers(registry: Mapping[str, Any], anchors: TrustAnchors) -> Iterator[tuple[_Path, str]]:
    for issuer, entry in _entries(registry, "issuers"):
        introspection = entry.get("introspection")
        endpoint = introspection.get("endpoint") if isinstance(introspection, dict) else None
        yield from _url(("issuers", issuer, "jwks_uri"), entry.get("jwks_uri"), anchors)
        yield from _url(("issuers", issuer, "introspection", "endpoint"), endpoint, anchors)
        if isinstance(endpoint, str) and (problem := anchors.introspection_problem_of(issuer, endpoint)):
            yield ("issuers", issuer, "introspection"), problem


def _trust_domains(registry: Mapping[str, Any], anchors: TrustAnchors) -> Iterator[tuple[_Path, str]]:
    for name, domain in _entries(registry, "trust_domains"):
        bundle = domain.get("bundle")
        if isinstance(bundle, dict):
            yield from _url(("trust_domains", name, "bundle", "url"), bundle.get("url"), anchors)
            yield from _file(("trust_domains", name, "bundle", "file"), bundle.get("file"), anchors)
            if message := _workload_api(bundle.get("workload_api"), anchors):
                yield ("trust_domains", name, "bundle", "workload_api"), message


def _workload_api(named: Any, anchors: TrustAnchors) -> str:
    if named and not anchors.workload_api:
        return "there is no Workload API: set trust.workload_api in the service's configuration"
    if isinstance(named, str) and named != anchors.workload_api:
        return f"{named!r} is not trust.workload_api of the service's configuration; write true to mean that one"
    return ""


def _file(path: _Path, file: Any, anchors: TrustAnchors) -> Iterator[tuple[_Path, str]]:
    if not isinstance(file, str):
        return
    if PurePosixPath(file).is_absolute():
        if not anchors.holds(Path(file)):
            yield path, f"{file!r} is in no trust anchor; add its directory to trust.directories in the configuration"
    elif ".." in PurePosixPath(file).parts:
        yield path, f"{file!r} is no path below the policy root"


def _url(path: _Path, url: Any, anchors: TrustAnchors) -> Iterator[tuple[_Path, str]]:
    if isinstance(url, str) and (problem := anchors.problem_of(url)):
        yield path, f"{url!r} {problem}"


def _entries(registry: Mapping[str, Any], section: str) -> list[tuple[str, Mapping[str, Any]]]:
    entries = registry.get(section)
    pairs = entries.items() if isinstance(entries, dict) else ()
    return [(name, entry) for name, entry in pairs if isinstance(name, str) and isinstance(entry, dict)]
