"""What `make bench` measures, part by part, and the servers that each part needs.

Actas and its peers share the policy repository of peers/root.py and one exchange. Where Actas is compared with itself
(chain depth, agents, rules, workers) the repository is that of world.py, in the size that is asked for.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import contenders
import peers
import world
from contenders import Contender
from measuring import Say
from peers import agreement, vectors
from peers.peer import Peer
from peers.root import repository
from servers import Server, service

from actas import wire
from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy

PARTS = ("unary", "batch", "depth", "agents", "rules", "workers", "receipts", "activations", "soak")
CALLERS = (1, 8, 32, 128)
MANY = 32
BATCHES = (1, 16, 100)
# Batches come from fewer callers: 32 of them with 100 exchanges each would measure a queue.
BATCH_CALLERS = 8
DEPTHS = range(1, 9)
AGENTS = (100, 1_000, 10_000, 100_000)
RULES = (0, 10, 50, 200)
WORKERS = (1, 2)
# A connection stays with one worker, and the kernel throws dice for it: many connections even that out.
WORKERS_CONNECTIONS = 32


class DisagreementError(RuntimeError):
    """Somebody decides otherwise than the published list says, so that there is nothing to compare."""


@dataclass
class Field:
    """Everything that is measured in rounds, and what was found about the peers before."""

    contenders: list[Contender] = field(default_factory=list)
    lacks: dict[str, list[str]] = field(default_factory=dict)
    agreement: dict[str, object] = field(default_factory=dict)


class Scenarios:
    """Starts the servers of the parts that are asked for; they run until *stack* is closed."""

    def __init__(self, stack: ExitStack, folder: Path, parts: frozenset[str], say: Say, *, quick: bool) -> None:
        """Start nothing yet; a *quick* run has fewer of everything, and only the peers that need no build."""
        self._stack, self._folder, self._parts, self._say, self._quick = stack, folder, parts, say, quick

    def field(self) -> Field:
        """Start what is measured in rounds. Raises `DisagreementError` and `peers.PeerMissingError`."""
        found = Field()
        if {"unary", "batch"} & self._parts:
            self._beside_peers(found)
        if {"depth", "rules", "workers"} & self._parts:
            self._growing(found)
        if "receipts" in self._parts:
            self._receipts(found)
        if "agents" in self._parts:
            for number in AGENTS:
                server = self._service(self._repository(f"agents-{number}", agents=number), f"{number} agents")
                found.contenders.append(self._actas(f"agents_{number}", server, world.message()))
        return found

    def alone(self, name: str) -> tuple[Contender, Path]:
        """Start a service of its own for a part that has no rounds; gives it with its repository."""
        root = self._repository(name)
        server = self._service(root, name)
        return self._actas(name, server, world.message(), callers=BATCH_CALLERS), root

    def _beside_peers(self, found: Field) -> None:
        self._say("compiling the policies that all share")
        root = repository(self._folder / "shared")
        compiled = compile_policy([root], opa=resolve_opa(), into=self._folder)
        message = wire.request_to_proto(vectors.base().request(vectors.now())).SerializeToString()
        servers = {"wasm": self._service(root, "wasm"), "sidecar": self._service(root, "sidecar", engine="sidecar")}
        if "unary" in self._parts or self._quick:
            self._say("starting the peers; the first time they are built or fetched, which takes minutes")
            start = peers.start_local if self._quick else peers.start
            others = start(self._stack, self._folder, root, compiled)
            self._agree(found, others, servers)
            for callers in (MANY,) if self._quick else CALLERS:
                for name, server in servers.items():
                    found.contenders.append(self._actas(f"{name}_{callers}", server, message, callers=callers))
                found.contenders += [contenders.peer(other, callers=callers) for other in others]
        for size in (16,) if self._quick else BATCHES if "batch" in self._parts else ():
            many = world.batch(message, size)
            for name, server in list(servers.items())[: 1 if self._quick else 2]:
                entry = self._actas(f"{name}_batch_{size}", server, many, callers=BATCH_CALLERS, batch=size)
                found.contenders.append(entry)

    def _agree(self, found: Field, others: list[Peer], servers: dict[str, Server]) -> None:
        published = vectors.published()
        self._say(f"asking everybody for the {len(published)} published exchanges")
        wrong = agreement.check(others, servers)
        if wrong:
            raise DisagreementError("\n".join(map(str, wrong)))
        found.lacks = {other.name: list(other.lacks) for other in others}
        found.agreement = {"vectors": len(published), "asked": [*servers, *found.lacks], "disagreements": 0}

    def _growing(self, found: Field) -> None:
        server = self._service(self._repository("rules-0"), "the shipped policies")
        if "depth" in self._parts:
            for depth in (1, 8) if self._quick else DEPTHS:
                found.contenders.append(self._actas(f"depth_{depth}", server, world.message(depth=depth)))
        if "rules" in self._parts:
            for rules in RULES:
                has = (
                    self._service(self._repository(f"rules-{rules}", rules=rules), f"{rules} rules")
                    if rules
                    else server
                )
                found.contenders.append(self._actas(f"rules_{rules}", has, world.message()))
        if "workers" in self._parts:
            for workers in WORKERS:
                has = (
                    server
                    if workers == 1
                    else self._service(self._repository("workers"), f"{workers} workers", workers=workers)
                )
                entry = self._actas(f"workers_{workers}", has, world.message(), connections=WORKERS_CONNECTIONS)
                found.contenders.append(entry)

    def _receipts(self, found: Field) -> None:
        root = self._repository("receipts")
        store = f"sqlite:///{self._folder}/receipts.db"
        bare, kept = self._service(root, "no receipts"), self._service(root, "receipts", receipts=store)
        for callers in (1, MANY):
            for name, server in (("no_receipts", bare), ("receipts", kept)):
                found.contenders.append(self._actas(f"{name}_{callers}", server, world.message(), callers=callers))

    def _repository(self, name: str, *, agents: int = 1, rules: int = 0) -> Path:
        return world.repository(self._folder / name, agents=agents, rules=rules)

    def _service(self, root: Path, what: str, **options: Any) -> Server:
        self._say(f"starting {what}")
        return self._stack.enter_context(service(root, self._folder, **options))

    def _actas(
        self,
        name: str,
        server: Server,
        message: bytes,
        *,
        callers: int = MANY,
        batch: int = 0,
        connections: int = contenders.CONNECTIONS,
    ) -> Contender:
        return contenders.actas(
            name, server, self._folder, message, callers=callers, batch=batch, connections=connections
        )
