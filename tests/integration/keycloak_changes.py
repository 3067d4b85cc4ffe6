"""Changes of the realm as an administrator makes them, each undone when its block ends."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keycloak_world import Document, World

DOWNSCOPE: Document = {"executor": "downscope-assertion-grant-enforcer", "configuration": {}}
ACTAS: Document = {"executor": "actas", "configuration": {}}


@contextmanager
def changed_client(world: World, client_id: str, **members: Any) -> Iterator[Document]:
    """Replace *members* of a client; `attributes` are merged, and None removes one. Gives the client as it is then."""
    before = client(world, client_id)
    changed = {**copy.deepcopy(before), **members}
    changed["attributes"] = {**before["attributes"], **members.get("attributes", {})}
    world.admin("PUT", f"clients/{before['id']}", changed)
    # An attribute that is only left out stays, so those that were added are emptied.
    added = dict.fromkeys(set(changed["attributes"]) - set(before["attributes"]), "")
    try:
        yield changed
    finally:
        world.admin("PUT", f"clients/{before['id']}", {**before, "attributes": {**before["attributes"], **added}})


@contextmanager
def new_client(world: World, **members: Any) -> Iterator[None]:
    """Add a client."""
    world.admin("POST", "clients", members)
    try:
        yield
    finally:
        world.admin("DELETE", f"clients/{client(world, members['clientId'])['id']}")


@contextmanager
def without_default_scope(world: World, client_id: str, name: str) -> Iterator[None]:
    """Take a default client scope away from a client."""
    scope = next(each["id"] for each in world.admin("GET", "client-scopes") if each["name"] == name)
    path = f"clients/{client(world, client_id)['id']}/default-client-scopes/{scope}"
    world.admin("DELETE", path)
    try:
        yield
    finally:
        world.admin("PUT", path)


@contextmanager
def without_mapper(world: World, scope: str, name: str) -> Iterator[None]:
    """Take a protocol mapper out of a client scope, so that nobody's token has its claim."""
    found = next(each for each in world.admin("GET", "client-scopes") if each["name"] == scope)
    mapper = next(each for each in found["protocolMappers"] if each["name"] == name)
    path = f"client-scopes/{found['id']}/protocol-mappers/models"
    world.admin("DELETE", f"{path}/{mapper['id']}")
    try:
        yield
    finally:
        world.admin("POST", path, mapper)


@contextmanager
def added_mapper(world: World, client_id: str, mapper: str, **config: str) -> Iterator[None]:
    """Let a client's tokens carry what a protocol mapper writes."""
    path = f"clients/{client(world, client_id)['id']}/protocol-mappers/models"
    added = {"name": "added by a test", "protocol": "openid-connect", "protocolMapper": mapper}
    world.admin("POST", path, {**added, "config": {"access.token.claim": "true", **config}})
    try:
        yield
    finally:
        made = next(each["id"] for each in world.admin("GET", path) if each["name"] == added["name"])
        world.admin("DELETE", f"{path}/{made}")


@contextmanager
def policies(world: World, *replacement: Document) -> Iterator[None]:
    """Replace the client policies of the realm."""
    before = world.admin("GET", "client-policies/policies")
    world.admin("PUT", "client-policies/policies", {"policies": list(replacement)})
    try:
        yield
    finally:
        world.admin("PUT", "client-policies/policies", {"policies": before["policies"]})


@contextmanager
def executors(world: World, *replacement: Document) -> Iterator[None]:
    """Replace what the realm's profile runs."""
    before = world.admin("GET", "client-policies/profiles")["profiles"]
    changed = [{**profile, "executors": list(replacement)} for profile in before if profile["name"] == "actas"]
    world.admin("PUT", "client-policies/profiles", {"profiles": changed})
    try:
        yield
    finally:
        world.admin("PUT", "client-policies/profiles", {"profiles": before})


def client(world: World, client_id: str) -> Document:
    """Find a client by the id that OAuth knows it by."""
    found: list[Document] = world.admin("GET", "clients")
    return next(each for each in found if each["clientId"] == client_id)


def policy(world: World, **members: Any) -> Document:
    """Give the realm's own policy with *members* replaced."""
    (found,) = world.admin("GET", "client-policies/policies")["policies"]
    return {**found, **members}
