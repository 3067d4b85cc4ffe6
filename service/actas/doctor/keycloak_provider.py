"""Checks of the provider: that both halves are loaded, where they ask, and whether they enforce."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from actas.doctor import keycloak_report_mode
from actas.doctor.finding import Finding, Remedy, fail, ok, warn
from actas.doctor.keycloak_facts import INTERCEPTORS, PROVIDER, Facts
from actas.listener import Listener

EXECUTORS = "client-policy-executor"
FLAG = f"--spi-{INTERCEPTORS}--{PROVIDER}--"
# What Keycloak ships; they take roles away and add the organization.
_BUILT_IN = {"admin-role-token-post-processor", "organizations"}
_INSTALL = Remedy(command="copy actas-keycloak.jar into providers/, run `kc.sh build`, restart Keycloak")


def check(facts: Facts, today: date | None = None) -> list[Finding]:
    """Check what `GET /admin/serverinfo` says about the provider."""
    executors, interceptors = facts.providers(EXECUTORS), facts.providers(INTERCEPTORS)
    missing = [spi for spi, there in ((EXECUTORS, executors), (INTERCEPTORS, interceptors)) if PROVIDER not in there]
    if missing:
        return [
            fail("provider.loaded", f"the provider is not loaded: no {spi} '{PROVIDER}'", _INSTALL) for spi in missing
        ]
    information = interceptors[PROVIDER].get("operationalInfo") or {}
    version = information.get("version") or ""
    return [
        ok("provider.loaded", f"executor and post-processor are loaded, version {version or 'unknown'}"),
        *_target(information),
        *_mode(facts.realm, facts.report_only, today or datetime.now(UTC).date()),
        *_misspelt(facts),
        *_others(interceptors),
    ]


def _target(information: dict[str, Any]) -> Iterator[Finding]:
    target = str(information.get("target") or "")
    tls, state = str(information.get("tls") or "none"), str(information.get("state") or "")
    if target in ("", "not set") or state == "NOT_CONFIGURED":
        remedy = Remedy(command=f"start Keycloak with {FLAG}target=HOST:PORT")
        yield fail("provider.target", "no target is configured: every exchange is refused", remedy)
        return
    asked = f"Actas at {target}, TLS {tls}, deadline {information.get('deadlineMs') or '?'} ms"
    if state.upper() in ("TRANSIENT_FAILURE", "SHUTDOWN"):
        remedy = Remedy(command=f"start Actas, or correct {FLAG}target, {FLAG}tls-ca and {FLAG}authority")
        yield fail("provider.target", f"{asked} is not reached ({state}): every exchange is refused", remedy)
    else:
        yield ok("provider.target", f"{asked}, connection {state or 'unknown'}")
    if tls == "none" and not _on_this_machine(target):
        remedy = Remedy(command=f"start Keycloak with {FLAG}tls-ca=FILE, and Actas with --tls-cert and --tls-key")
        yield warn("provider.tls", "decisions travel in plain text and can be forged on the way", remedy)


def _on_this_machine(target: str) -> bool:
    if target.startswith("unix:"):
        return True
    try:
        listener = Listener.parse(target.rpartition("/")[2])
    except ValueError:
        return False
    return listener is not None and listener.local


def _mode(realm: str, setting: str, today: date) -> Iterator[Finding]:
    remedy = Remedy(command=f"start Keycloak without {FLAG}report-only once the reports are as expected")
    entries = keycloak_report_mode.realms(setting)
    if None in entries.values():
        yield warn("provider.mode", f"REPORT MODE is set in a way that is not understood here: {setting}", remedy)
    until = entries.get(realm)
    if until is None:
        if realm not in entries:
            others = f"; report mode for {', '.join(sorted(entries))}" if entries else ""
            yield ok("provider.mode", f"enforcing: without a decision realm {realm} issues nothing{others}")
    elif today < until:
        yield warn(
            "provider.mode",
            f"REPORT MODE until {until}: realm {realm} issues tokens that Actas denies, and only reports them",
            remedy,
        )
    else:
        yield warn("provider.mode", f"enforcing: the report mode of realm {realm} ended on {until}", remedy)


def _misspelt(facts: Facts) -> Iterator[Finding]:
    for realm in facts.missing_realms:
        message = (
            f"report mode is set for realm {realm}, and there is none: the realm that was meant enforces, and one made "
            "under that name would only report"
        )
        remedy = Remedy(
            "Manage realms: the realms by their names",
            f"kcadm.sh get realms --fields realm; start Keycloak with {FLAG}report-only=REALM=YYYY-MM-DD",
        )
        yield warn("provider.mode", message, remedy, realm)


def _others(interceptors: dict[str, Any]) -> Iterator[Finding]:
    # Keycloak runs them from the highest order to the lowest; equal ones in an order that nobody promises.
    mine = int(interceptors[PROVIDER].get("order") or 0)
    for name, other in sorted(interceptors.items()):
        if name not in _BUILT_IN | {PROVIDER} and int(other.get("order") or 0) <= mine:
            message = f"the post-processor '{name}' can run after '{PROVIDER}' and change the token that was checked"
            yield warn("provider.order", message, Remedy(command=f"remove its jar, or give it an order above {mine}"))
