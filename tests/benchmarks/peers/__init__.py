"""What users would pick instead of Actas, started for real. Each module says how; README.md says how it is fair."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from actas.policy.bundle import CompiledPolicy
from peers import actas_service, cerbos, go_embed, opa_rest, vectors
from peers.missing import PeerMissingError
from peers.peer import Load, Peer

__all__ = ["Load", "Peer", "PeerMissingError", "start", "start_local"]


def start(
    stack: ExitStack,
    folder: Path,
    root: Path,
    compiled: CompiledPolicy,
    *,
    leave_out: Callable[[str], None] | None = None,
) -> list[Peer]:
    """Start all peers over *root*, which root.py writes and *compiled* was made of; *folder* is for their files.

    May take minutes the first time: two of them are built or fetched. Raises `PeerMissingError` saying what is missing;
    with *leave_out* that sentence goes there, and the others are started.
    """
    base = vectors.base().request(vectors.now())
    started = start_local(stack, folder, root, compiled)
    for begin in (
        lambda: go_embed.start(stack, folder, compiled, base),
        lambda: cerbos.start(stack, folder, root, base),
    ):
        try:
            started.append(begin())
        except PeerMissingError as missing:
            if leave_out is None:
                raise
            leave_out(str(missing))
    return started


def start_local(stack: ExitStack, folder: Path, root: Path, compiled: CompiledPolicy) -> list[Peer]:
    """Start the peers for which nothing is built or fetched beyond OPA."""
    base = vectors.base().request(vectors.now())
    one_call = actas_service.one_call(stack, folder, root, base)
    return [
        opa_rest.start(stack, compiled, base),
        one_call,
        actas_service.grpc_echo(stack, folder, base, one_call.server),
    ]
