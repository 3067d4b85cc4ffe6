"""Fixtures of several modules. Imported by each of them instead, one of session scope would be made for each."""

from keycloak_support import keycloak_story
from keycloak_world import world

__all__ = ["keycloak_story", "world"]
