"""Remedies as lines of `kcadm.sh`; whoever administers the realm chooses what is in them, and a shell reads them."""

from __future__ import annotations

import shlex

from actas.doctor.keycloak_facts import Facts, JsonDict


def line(facts: Facts, what: str, options: str = "") -> str:
    """Write a line for the realm; *what* is the verb and what it is about."""
    return f"kcadm.sh {what} -r {shlex.quote(facts.realm)} {options}".rstrip()


def path(kind: str, representation: JsonDict) -> str:
    """Give where *representation* is, `clients` or `client-scopes`."""
    return f"{kind}/{shlex.quote(str(representation.get('id')))}"


def update_client(facts: Facts, client: JsonDict, setting: str) -> str:
    """Write the change of one *setting*, which is a word of the shell."""
    return line(facts, f"update {path('clients', client)}", f"-s {setting}")


def attribute(name: str, value: str) -> str:
    """Write the setting of an attribute. To kcadm a dot is a level below, so the name has quotes of its own."""
    return shlex.quote(f'attributes."{name}"={value}')
