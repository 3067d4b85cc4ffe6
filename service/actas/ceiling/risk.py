"""The risk classes that a request touches, whatever is decided about it."""

from __future__ import annotations

from actas.ceiling import tables
from actas.ceiling.tables import SourceData
from actas.request import ExchangeRequest


def risk_classes(request: ExchangeRequest, data: SourceData) -> frozenset[str]:
    """Give the classes of the scopes that are asked for, or that a target gives by default, at registered targets."""
    known = tables.of(data)
    classes: set[str] = set()
    for name in (*request.resource, *request.audience):
        target = known.targets.get(name)
        if target is not None:
            scopes = request.scope.split() or target.default_scope
            classes.update(target.risks[scope] for scope in scopes if target.risks.get(scope))
    return frozenset(classes)
