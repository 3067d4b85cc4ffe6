"""OPA's answer, checked member by member before anybody reads it.

The checks are written by hand because they stand on the path of every decision. A boolean is not an
integer, a member too many is as wrong as one too few, and messages name members, never values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from actas.decision import Denial, Effect, Obligation, WithheldScope
from actas.errors import EngineError, Status

T = TypeVar("T")

_RESULT = frozenset(
    {"revision", "effect", "denials", "error", "obligations", "notes", "withheld_scope"}
    | {"limits", "act", "disabled_rules", "actor", "actor_agent"}
)
_LIMITS = frozenset(
    {"scope", "audience", "max_lifetime_seconds", "authorization_details", "issued_token_type", "token_type", "cnf"}
)
_DENIAL = frozenset({"code", "rule", "reason"})
_OBLIGATION = frozenset({"type", "id", "properties"})
_WITHHELD = frozenset({"scope", "code"})
_ACTOR = frozenset({"iss", "sub"})
_CNF = frozenset({"jkt"})


@dataclass(frozen=True, slots=True)
class PolicyLimits:
    """The most that the policy lets be issued; the ceiling checks it. The lifetime is in seconds."""

    scope: tuple[str, ...]
    audience: tuple[str, ...]
    max_lifetime_seconds: int
    authorization_details: tuple[Any, ...]
    issued_token_type: str
    token_type: str
    cnf: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Actor:
    """The party that the policy took for the actor."""

    iss: str
    sub: str


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One total answer of the policy. Well-typed and free of contradiction, but not yet trusted.

    An ALLOW has limits and neither denial, obligation nor error; a DENY has at least one denial.
    """

    revision: str
    effect: Effect
    denials: tuple[Denial, ...]
    error: str
    obligations: tuple[Obligation, ...]
    notes: tuple[str, ...]
    withheld_scope: tuple[WithheldScope, ...]
    limits: PolicyLimits | None
    act: Mapping[str, Any] | None
    disabled_rules: tuple[str, ...]
    actor: Actor | None
    actor_agent: str


def parse_result(answer: object) -> PolicyResult:
    """Check OPA's answer and convert it.

    Raises `EngineError` (INTERNAL, `ENGINE_ILL_TYPED_ANSWER`) naming the member that is wrong.
    """
    members = _object(answer, "answer", _RESULT)
    act = members["act"]
    if act is not None and type(act) is not dict:
        _ill_typed("act")
    limits, actor = members["limits"], members["actor"]
    result = PolicyResult(
        revision=_text(members["revision"], "revision"),
        effect=_effect(members["effect"]),
        denials=_tuple(members["denials"], "denials", _denial),
        error=_text(members["error"], "error"),
        obligations=_tuple(members["obligations"], "obligations", _obligation),
        notes=_tuple(members["notes"], "notes", _text),
        withheld_scope=_tuple(members["withheld_scope"], "withheld_scope", _withheld),
        limits=None if limits is None else _limits(limits),
        act=act,
        disabled_rules=_tuple(members["disabled_rules"], "disabled_rules", _text),
        actor=None if actor is None else _actor(actor),
        actor_agent=_text(members["actor_agent"], "actor_agent"),
    )
    _refuse_contradiction(result)
    return result


def _refuse_contradiction(result: PolicyResult) -> None:
    """An allow that also says why not, and a deny that does not say why, are broken policies."""
    if result.effect is Effect.DENY:
        if not result.denials:
            _ill_typed("denials", "is empty although the effect is DENY")
        return
    if result.limits is None:
        _ill_typed("limits", "is null although the effect is ALLOW")
    if result.denials or result.obligations or result.error:
        _ill_typed("effect", "is ALLOW beside a denial, an obligation or an error")


def _ill_typed(member: str, problem: str = "has the wrong type") -> NoReturn:
    raise EngineError(
        f"the policy's answer is ill-typed: {member} {problem}",
        status=Status.INTERNAL,
        reason="ENGINE_ILL_TYPED_ANSWER",
    )


def _object(value: object, member: str, names: frozenset[str]) -> dict[str, Any]:
    if type(value) is not dict:
        _ill_typed(member)
    if value.keys() != names:
        missing = sorted(names - value.keys())
        _ill_typed(member, f"lacks {', '.join(missing)}" if missing else "has a member too many")
    return value


def _text(value: object, member: str) -> str:
    if type(value) is not str:
        _ill_typed(member)
    return value


def _tuple(value: object, member: str, convert: Callable[[object, str], T]) -> tuple[T, ...]:
    if type(value) is not list:
        _ill_typed(member)
    return tuple(convert(item, member) for item in value) if value else ()


def _effect(value: object) -> Effect:
    if value == "ALLOW":
        return Effect.ALLOW
    if value == "DENY":
        return Effect.DENY
    _ill_typed("effect", "is neither ALLOW nor DENY")


def _denial(value: object, member: str) -> Denial:
    item = _object(value, member, _DENIAL)
    return Denial(*(_text(item[name], f"{member}.{name}") for name in ("code", "rule", "reason")))


def _obligation(value: object, member: str) -> Obligation:
    item = _object(value, member, _OBLIGATION)
    properties = item["properties"]
    if type(properties) is not dict:
        _ill_typed(f"{member}.properties")
    return Obligation(_text(item["type"], f"{member}.type"), _text(item["id"], f"{member}.id"), properties)


def _withheld(value: object, member: str) -> WithheldScope:
    item = _object(value, member, _WITHHELD)
    return WithheldScope(_text(item["scope"], f"{member}.scope"), _text(item["code"], f"{member}.code"))


def _actor(value: object) -> Actor:
    item = _object(value, "actor", _ACTOR)
    return Actor(_text(item["iss"], "actor.iss"), _text(item["sub"], "actor.sub"))


def _limits(value: object) -> PolicyLimits:
    item = _object(value, "limits", _LIMITS)
    lifetime, details, cnf = item["max_lifetime_seconds"], item["authorization_details"], item["cnf"]
    if type(lifetime) is not int:
        _ill_typed("limits.max_lifetime_seconds", "is not an integer")
    if type(details) is not list:
        _ill_typed("limits.authorization_details")
    if cnf is not None:
        _text(_object(cnf, "limits.cnf", _CNF)["jkt"], "limits.cnf.jkt")
    return PolicyLimits(
        scope=_tuple(item["scope"], "limits.scope", _text),
        audience=_tuple(item["audience"], "limits.audience", _text),
        max_lifetime_seconds=lifetime,
        authorization_details=tuple(details),
        issued_token_type=_text(item["issued_token_type"], "limits.issued_token_type"),
        token_type=_text(item["token_type"], "limits.token_type"),
        cnf=cnf,
    )
