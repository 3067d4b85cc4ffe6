"""What users would pick instead of Actas, started for real. Each module says how; README.md says how it is fair."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from actas.policy.bundle import CompiledPolicy
from peers import actas_service, cerbos, go_embed, go_tools, opa_rest, vectors
from peers.missing import PeerMissingError
from peers.peer import Load, Peer

__all__ = ["Load", "Peer", "PeerMissingError", "start", "start_local"]


def start(stack: ExitStack, folder: Path, root: Path, compiled: CompiledPolicy) -> list[Peer]:
    """Start all peers over *root*, which root.py writes and *compiled* was made of; *folder* is for their files.

    May take minutes the first time: two of them are built or fetched. Raises `PeerMissingError` saying what is missing.
    """
    # Before anything is started: a peer that cannot be had is better known now.
    go_tools.go_embed()
    cerbos.binary()
    base = vectors.base().request(vectors.now())
    return [
        *start_local(stack, folder, root, compiled),
        go_embed.start(stack, folder, compiled, base),
        cerbos.start(stack, folder, root, base),
    ]


def start_local(stack: ExitStack, folder: Path, root: Path, compiled: CompiledPolicy) -> list[Peer]:
    """Start the peers for which nothing is built or fetched beyond OPA."""
    base = vectors.base().request(vectors.now())
    one_call = actas_service.one_call(stack, folder, root, base)
    return [
        opa_rest.start(stack, compiled, base),
        one_call,
        actas_service.grpc_echo(stack, folder, base, one_call.server),
    ]
