"""Checks of the realm's client policies: that the executor runs for every exchange, and that nothing undoes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from actas.doctor import kcadm
from actas.doctor.finding import Finding, Remedy, fail, ok, warn
from actas.doctor.keycloak_facts import PROVIDER, TOKEN_EXCHANGE, Facts, JsonDict

# Keycloak's own executor that sets the scope restriction instead of narrowing what is there.
OVERWRITES = "downscope-assertion-grant-enforcer"
_TABS = "Realm settings → Client policies →"


class Coverage(IntEnum):
    """Which token exchanges a policy holds for."""

    NONE = 0
    SOME = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class Execution:
    """One executor that runs at a token exchange, in Keycloak's order."""

    policy: str
    profile: str
    executor: str
    coverage: Coverage


def coverage(policy: JsonDict) -> Coverage:
    """Say which token exchanges *policy* holds for; all its conditions must (Keycloak joins them with and)."""
    conditions = policy.get("conditions") or []
    if policy.get("enabled") is not True or not conditions:
        return Coverage.NONE
    return min(_vote(condition) for condition in conditions)


def _vote(condition: JsonDict) -> Coverage:
    configuration = condition.get("configuration") or {}
    kind = condition.get("condition")
    if kind == "any-client":
        holds = True
    elif kind == "grant-type":
        holds = TOKEN_EXCHANGE in (configuration.get("grant_types") or [])
    else:
        return Coverage.SOME
    inverted = str(configuration.get("is-negative-logic") or "").lower() == "true"
    return Coverage.ALL if holds is not inverted else Coverage.NONE


def executions(facts: Facts) -> list[Execution]:
    """List what runs at a token exchange, in Keycloak's order."""
    profiles = {profile.get("name"): profile for profile in reversed(facts.profiles)}
    return [
        Execution(str(policy.get("name")), str(name), str(executor.get("executor")), coverage(policy))
        for policy in facts.policies
        if coverage(policy) is not Coverage.NONE
        for name in policy.get("profiles") or []
        for executor in (profiles.get(name) or {}).get("executors") or []
    ]


def check(facts: Facts) -> list[Finding]:
    """Check profiles and policies."""
    if not facts.feature("CLIENT_POLICIES"):
        return []  # said about the server
    holding = [profile for profile in facts.profiles if any(_mine(profile))]
    if not holding:
        remedy = Remedy(
            f"{_TABS} Profiles → Create client profile → Add executor → {PROVIDER}", _edit(facts, "profiles")
        )
        message = f"no client profile has the executor '{PROVIDER}': every exchange is refused, with no reason for it"
        return [fail("policy.profile", message, remedy)]
    names = [str(profile.get("name")) for profile in holding]
    found = [ok("policy.profile", f"the executor is in the profile {', '.join(names)}")]
    found += _coverage(facts, names)
    found += _conditions(facts, names)
    found += _order(facts)
    found += _settings(facts, holding)
    return found


def _mine(profile: JsonDict) -> Iterator[JsonDict]:
    return (executor for executor in profile.get("executors") or [] if executor.get("executor") == PROVIDER)


def _coverage(facts: Facts, names: list[str]) -> Iterator[Finding]:
    using = [policy for policy in facts.policies if set(policy.get("profiles") or []) & set(names)]
    remedy = Remedy(
        f"{_TABS} Policies: enabled, condition grant-type with {TOKEN_EXCHANGE}, profile {names[0]}",
        _edit(facts, "policies"),
    )
    best = max((coverage(policy) for policy in using), default=Coverage.NONE)
    listed = ", ".join(str(policy.get("name")) for policy in using)
    if not using:
        yield fail("policy.covers", f"no client policy uses the profile {names[0]}: every exchange is refused", remedy)
    elif best is Coverage.NONE:
        message = f"the policy {listed} is disabled or its conditions never hold: every exchange is refused"
        yield fail("policy.covers", message, remedy, listed)
    elif best is Coverage.SOME:
        message = f"the policy {listed} has conditions beside the grant type: exchanges outside them are refused"
        yield warn("policy.covers", message, remedy, listed)
    else:
        yield ok("policy.covers", f"the policy {listed} covers every token exchange", listed)


def _conditions(facts: Facts, names: list[str]) -> Iterator[Finding]:
    for policy in facts.policies:
        kinds = {condition.get("condition") for condition in policy.get("conditions") or []}
        in_use = policy.get("enabled") is True and set(policy.get("profiles") or []) & set(names)
        if in_use and "any-client" in kinds and "grant-type" not in kinds:
            name = str(policy.get("name"))
            message = f"the policy {name} has the condition any-client: without the jar every login would fail, too"
            console = f"{_TABS} Policies → {name}: replace any-client by grant-type with {TOKEN_EXCHANGE}"
            yield warn("policy.condition", message, Remedy(console, _edit(facts, "policies")), name)


def _order(facts: Facts) -> Iterator[Finding]:
    running = executions(facts)
    positions = [position for position, one in enumerate(running) if one.executor == PROVIDER]
    if not positions:
        return
    if len(positions) > 1:
        where = ", ".join(f"{running[position].policy}/{running[position].profile}" for position in positions)
        remedy = Remedy(f"{_TABS} Policies: keep one of them")
        yield warn("policy.twice", f"the executor runs more than once for an exchange: {where}", remedy)
    after = running[positions[-1] + 1 :]
    for one in after:
        remedy = Remedy(
            f"{_TABS} Profiles → {one.profile}: remove {one.executor} and '{PROVIDER}', add '{PROVIDER}' last; "
            "a policy with another profile must stand before",
            _edit(facts, "profiles"),
        )
        where = f"'{one.executor}' of the policy {one.policy} runs after '{PROVIDER}'"
        if one.executor == OVERWRITES:
            yield fail("policy.order", f"{where} and overwrites the decided scope", remedy, one.profile)
        else:
            yield warn("policy.order", f"{where} and can refuse what was decided", remedy, one.profile)
    if not after:
        yield ok("policy.order", "nothing runs after the executor")


def _settings(facts: Facts, holding: list[JsonDict]) -> Iterator[Finding]:
    for profile in holding:
        given: set[str] = set()
        for executor in _mine(profile):
            configuration: Any = executor.get("configuration") or {}
            given |= set(configuration)
        if given:
            name = str(profile.get("name"))
            message = f"the executor in {name} has settings that have no effect here: {', '.join(sorted(given))}"
            remedy = Remedy(f"{_TABS} Profiles → {name}: settings belong to the server", _edit(facts, "profiles"))
            yield warn("policy.settings", message, remedy, name)


def _edit(facts: Facts, kind: str) -> str:
    """Say how to change the whole list, which is what the admin API takes."""
    read, write = (kcadm.line(facts, f"{verb} client-policies/{kind}") for verb in ("get", "update"))
    return f"{read} > {kind}.json; edit; {write} -f {kind}.json"
