"""A token that counts once is exchanged once, by the decision that alone holds the right to it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from actas.ceiling.breach import require
from actas.ceiling.parties import Parties
from actas.ceiling.tables import Tables
from actas.request import ExchangeRequest


def check(request: ExchangeRequest, parties: Parties, tables: Tables, unused: AbstractSet[str]) -> None:
    """Check that every one-time token of *request* is among the *unused* ones, named by member.

    Raises:
        BoundBroken: one was used before, or by another decision, or nobody knows.

    """
    if not tables.one_time:
        return
    if "subject" in tables.one_time.get(parties.subject[0], ()):
        require("subject_token" in unused, "one_time")
    if request.actor_token is not None and "actor" in tables.one_time.get(parties.candidate[0], ()):
        require("actor_token" in unused, "one_time")
