"""Whether everybody that is measured decides alike: a fast wrong answer must not count as a fast one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from servers import Server

from actas.request import ExchangeRequest
from peers import actas_service, vectors
from peers.peer import Peer

# It decides nothing: it has one answer, and only what is measured must get that one.
ECHO = "grpc_echo"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One exchange for which somebody returned another effect than the list says, or failed."""

    name: str
    vector: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.name} answers {self.got} to {self.vector}, where {self.expected} is right"


def check(peers: Sequence[Peer], servers_of_actas: Mapping[str, Server]) -> list[Disagreement]:
    """Ask every peer, and every server of Actas by its name, for all of vectors.yaml over the wire.

    All must have loaded the repository of root.py. Empty when all agree.
    """
    with ExitStack() as stack:
        asked = {peer.name: peer.effect for peer in peers}
        asked |= {name: actas_service.effect_by(stack, server) for name, server in servers_of_actas.items()}
        return [found for name, effect in asked.items() for found in _asked(name, effect)]


def _asked(name: str, effect: Callable[[ExchangeRequest], str]) -> list[Disagreement]:
    listed = [vectors.base()] if name == ECHO else vectors.published()
    wrong = []
    for vector in listed:
        try:
            got = effect(vector.request(vectors.now()))
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
        if got != vector.effect:
            wrong.append(Disagreement(name, vector.id, vector.effect, got))
    return wrong
