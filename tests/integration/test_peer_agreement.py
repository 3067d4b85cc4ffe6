"""The benchmark's peers decide as Actas does, over the wire, and whoever does not is named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import peers
import pytest
from peers import actas_service, agreement, go_tools, root, vectors
from servers import Server, service

from actas.decision.v1 import request_pb2, service_pb2_grpc
from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy

# A decision names moments in whole and in parts, which take a few bytes more or less.
SAME_SIZE = 16
ENGINES = ("wasm", "sidecar")


@dataclass(frozen=True)
class Measured:
    """What the benchmark would measure, started."""

    peers: dict[str, peers.Peer]
    actas: dict[str, Server]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Actas with both engines, and the peers for which nothing is fetched."""
    folder = tmp_path_factory.mktemp("peers")
    repository = root.repository(folder / "root")
    compiled = compile_policy([repository], opa=resolve_opa(), into=folder)
    with ExitStack() as stack:
        started = peers.start_local(stack, folder, repository, compiled)
        actas = {engine: stack.enter_context(service(repository, folder, engine=engine)) for engine in ENGINES}
        yield Measured({peer.name: peer for peer in started}, actas)


def test_everybody_returns_the_effect_of_the_published_list(measured: Measured) -> None:
    """Each peer and each engine of Actas allows and denies what the list says."""
    assert set(measured.peers) == {"opa_rest", "one_call", "grpc_echo"}
    assert agreement.check(list(measured.peers.values()), measured.actas) == []


def test_a_peer_that_allows_everything_is_named_for_every_denial(measured: Measured) -> None:
    """The echo decides nothing; were it taken for a peer that decides, each denial would be found missing."""
    liar = replace(measured.peers["grpc_echo"], name="liar")

    found = agreement.check([liar], {})

    denied = [vector.id for vector in vectors.published() if vector.effect == "DENY"]
    assert [(wrong.name, wrong.vector, wrong.expected, wrong.got) for wrong in found] == [
        ("liar", vector, "DENY", "ALLOW") for vector in denied
    ]


def test_a_peer_that_fails_disagrees(measured: Measured) -> None:
    """An error is no effect: OPA that is asked as if it spoke gRPC agrees with nobody."""
    with ExitStack() as stack:
        ask = actas_service.effect_by(stack, measured.peers["opa_rest"].server, timeout=2.0)
        broken = replace(measured.peers["grpc_echo"], effect=ask)

        (found,) = agreement.check([broken], {})

    assert (found.vector, found.expected) == (vectors.BASE, "ALLOW")
    assert found.got not in {"ALLOW", "DENY"}


def test_the_echo_answers_with_as_many_bytes_as_actas(measured: Measured) -> None:
    """The floor carries the same messages, or the comparison would flatter or wrong it."""
    message = request_pb2.DecideRequest.FromString(measured.peers["grpc_echo"].load.request)
    sizes = []
    for server in (measured.peers["grpc_echo"].server, measured.actas["wasm"]):
        with grpc.insecure_channel(server.address) as channel:
            answer = service_pb2_grpc.DecisionServiceStub(channel).Decide(message, timeout=30)
        sizes.append(answer.ByteSize())
    assert abs(sizes[0] - sizes[1]) <= SAME_SIZE
    assert min(sizes) > 100


@pytest.mark.slow
def test_the_peers_that_are_built_or_fetched_agree_and_answer_the_load_generator(
    measured: Measured, tmp_path: Path
) -> None:
    """The Go server and Cerbos return every effect of the list, and ghz gets an OK from each peer that speaks gRPC."""
    repository = root.repository(tmp_path / "root")
    compiled = compile_policy([repository], opa=resolve_opa(), into=tmp_path)
    with ExitStack() as stack:
        try:
            started = peers.start(stack, tmp_path, repository, compiled)
            generator = go_tools.ghz()
        except peers.PeerMissingError as missing:
            pytest.skip(str(missing))

        assert agreement.check(started, {}) == []
        asked = [peer for peer in started if peer.load.protocol == "grpc"]
        assert [peer.name for peer in asked] == ["one_call", "grpc_echo", "go_embed", "cerbos"]
        for peer in asked:
            assert load_status(generator, peer, tmp_path) == {"OK": 10}


def load_status(generator: Path, peer: peers.Peer, folder: Path) -> dict[str, int]:
    """Send ten of a peer's messages with ghz; gives how many answers had which status."""
    message = folder / f"{peer.name}.bin"
    message.write_bytes(peer.load.request)
    flags = ["--insecure", "--protoset", peer.load.protoset, "--call", peer.load.method, "--binary-file", message]
    command = [generator, *flags, "-c", "2", "-n", "10", "-O", "json", peer.server.address]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=True)
    statuses: dict[str, int] = json.loads(done.stdout)["statusCodeDistribution"]
    return statuses
