"""The ceiling: whatever the policy says, nothing that is issued is wider than it may be.

It runs after the policy and computes every bound anew, from the request and the revision's settings and registry.
It adds no authority and repairs nothing: a result that would widen becomes a deny with `OUTPUT_WIDENED`.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from actas.ceiling import (
    act,
    approvals,
    audience,
    authorization_details,
    basis,
    confirmation,
    deny,
    lifetime,
    one_time,
    parties,
    scope,
    tables,
)
from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.tables import SourceData
from actas.decision import Denial, Effect
from actas.engine.result import PolicyResult
from actas.request import ExchangeRequest

_NOTES = frozenset({"SCOPE_NARROWED", "LIFETIME_CAPPED", "RAR_NARROWED"})
_WIDENED = Denial("OUTPUT_WIDENED", "ceiling", "the policy's answer would issue more than it may")


def prepare(data: SourceData) -> None:
    """Read *data* ahead of its first decision, which would otherwise wait for it.

    Raises:
        EngineError: settings or registry are malformed.

    """
    tables.of(data)


def bound(
    request: ExchangeRequest,
    result: PolicyResult,
    data: SourceData,
    now: int,
    on_widened: Callable[[str], None] = lambda _bound: None,
    *,
    unused: AbstractSet[str] = frozenset(),
) -> PolicyResult:
    """Give *result* as it is when it widens nothing, else a deny with the one code `OUTPUT_WIDENED`.

    *now* is the time of the decision in seconds since the epoch. *on_widened* is told which bound was broken,
    in a word that holds no request value. *unused* names the one-time tokens that this decision may use up.

    Raises:
        EngineError: the result is no answer at all, or settings and registry cannot be read.

    """
    if result.effect is Effect.DENY:
        deny.check(result)
        return result
    try:
        _check(request, result, data, now, unused)
    except BoundBroken as broken:
        on_widened(broken.bound)
        return _refusal(result)
    return result


def issues(request: ExchangeRequest, result: PolicyResult) -> bool:
    """Whether something is issued on *result*, as it was bounded: nothing is while the user is still asked."""
    return result.effect is Effect.ALLOW and not parties.is_asking(request)


def approvals_relied_on(request: ExchangeRequest, result: PolicyResult, data: SourceData, now: int) -> frozenset[int]:
    """Give the positions of the signed approvals without which *result*, as it was bounded, might not issue.

    An approval of what another one covers too is relied on as well: it was presented for this.
    """
    limits = result.limits
    signed = frozenset(position for position, approval in enumerate(request.approvals) if approval.jws)
    if not signed or limits is None or not issues(request, result):
        return frozenset()
    known = tables.of(data)
    proven = parties.prove(request, known, now)
    targets = audience.check(request, limits, proven, known)
    return signed & approvals.relied_on(request, limits.scope, targets, proven, known, now=now)


def _check(
    request: ExchangeRequest, result: PolicyResult, data: SourceData, now: int, unused: AbstractSet[str]
) -> None:
    limits = result.limits
    contradictory = result.effect is not Effect.ALLOW or result.denials or result.obligations or result.error
    if limits is None or contradictory:
        raise BoundBroken("effect")
    require(_NOTES.issuperset(result.notes), "notes")
    known = tables.of(data)
    proven = parties.prove(request, known, now)
    one_time.check(request, proven, known, unused)
    act.check(request, result, proven, known)
    targets = audience.check(request, limits, proven, known)
    issued = scope.check(request, limits, proven, targets, known)
    delegated = result.act is not None
    ends = (
        basis.check(request, issued, targets, proven, known, delegated=delegated, now=now),
        approvals.check(request, issued, targets, proven, known, now=now),
    )
    lifetime.check(
        limits.max_lifetime_seconds,
        request=request,
        scope=issued,
        targets=targets,
        parties=proven,
        tables=known,
        ends=ends,
        now=now,
    )
    authorization_details.check(request, limits, proven, known)
    confirmation.check(request, limits, proven)


def _refusal(result: PolicyResult) -> PolicyResult:
    return PolicyResult(
        revision=result.revision,
        effect=Effect.DENY,
        denials=(_WIDENED,),
        error="invalid_request",
        obligations=(),
        notes=(),
        withheld_scope=(),
        limits=None,
        act=None,
        disabled_rules=result.disabled_rules,
        actor=None,
        actor_agent="",
    )
