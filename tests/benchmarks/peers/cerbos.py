"""Cerbos, from its makers' npm package, with policies of ours in cerbos/policies and the registry as its constants.

It gets an exchange's facts ready made, and it is asked for the effect alone. Its answers may carry values that CEL
computes (`outputs`), which could be scope, lifetime and `act`; these policies compute none, which costs Cerbos less.
What it has no notion of is several reasons in an order, the first of which counts.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from servers import Server

from actas.engine.opa_binary import Progress, print_progress
from actas.request import ExchangeRequest
from peers import cerbos_request, missing, processes, protosets
from peers.missing import PeerMissingError
from peers.peer import Load, Peer

SOURCE = Path(__file__).parent / "cerbos"
METHOD = "cerbos.svc.v1.CerbosService/CheckResources"
LACKS = ("scope", "audience", "lifetime", "act", "obligations", "reasons", "receipt")
_PACKAGE = "cerbos-linux-x64"


def binary(*, progress: Progress = print_progress) -> Path:
    """Give the Cerbos of cerbos/package-lock.json, fetched once by npm; raises `PeerMissingError`."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise PeerMissingError("Cerbos is pinned for Linux on x86-64 only")
    version = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))["dependencies"][f"@cerbos/{_PACKAGE}"]
    folder = missing.cache() / "cerbos" / version
    found: Path = folder / "node_modules" / "@cerbos" / _PACKAGE / _PACKAGE
    if not found.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise PeerMissingError("Cerbos comes from npm, and there is none: install npm")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy2(SOURCE / name, folder)
        what = f"Fetching Cerbos {version} with npm (30 MB)"
        missing.run([npm, "ci", "--ignore-scripts"], what, folder=folder, environment=os.environ, progress=progress)
    return found


def start(stack: ExitStack, folder: Path, root: Path, base: ExchangeRequest) -> Peer:
    """Start Cerbos with the registry and the settings of *root*; raises `PeerMissingError`."""
    server = stack.enter_context(_running(folder, root))
    channel = stack.enter_context(grpc.insecure_channel(server.address))
    described = _described(channel)
    pool = descriptor_pool.DescriptorPool()
    for file in described.file:
        pool.Add(file)
    method = pool.FindMethodByName(METHOD.replace("/", "."))
    question = message_factory.GetMessageClass(method.input_type)
    answer = message_factory.GetMessageClass(method.output_type)
    ask = channel.unary_unary(
        f"/{METHOD}", request_serializer=question.SerializeToString, response_deserializer=answer.FromString
    )

    def message(request: ExchangeRequest) -> Any:
        return json_format.ParseDict(cerbos_request.body(request), question(), descriptor_pool=pool)

    def effect(request: ExchangeRequest) -> str:
        answered = json_format.MessageToDict(ask(message(request), timeout=30), descriptor_pool=pool)
        return str(answered["results"][0]["actions"]["exchange"]).removeprefix("EFFECT_")

    load = Load("grpc", METHOD, message(base).SerializeToString(), protosets.written(folder, "cerbos", described))
    return Peer("cerbos", server, load, LACKS, effect)


@contextmanager
def _running(folder: Path, root: Path) -> Iterator[Server]:
    policies = folder / "cerbos-policies"
    shutil.copytree(SOURCE / "policies", policies)
    (policies / "registry.json").write_text(json.dumps(_constants(root)), encoding="utf-8")
    address = f"127.0.0.1:{processes.free_port()}"
    configuration = folder / "cerbos.json"
    configuration.write_text(
        json.dumps(
            {
                "server": {"grpcListenAddr": address, "httpListenAddr": f"127.0.0.1:{processes.free_port()}"},
                "storage": {"driver": "disk", "disk": {"directory": str(policies), "watchForChanges": False}},
                "telemetry": {"disabled": True},
            }
        ),
        encoding="utf-8",
    )
    # Its access log is off, as OPA's is: at its default level it writes two lines for every call.
    command = [binary(), "server", f"--config={configuration}", "--log-level=error"]
    with processes.serving(command, folder / "cerbos.log", lambda _: processes.if_open(address)) as server:
        yield server


def _constants(root: Path) -> dict[str, Any]:
    """Give the registry and the settings as Cerbos' policies read them."""
    read = {
        name: json.loads((root / "custom" / "actas" / name / "data.json").read_text(encoding="utf-8"))
        for name in ("registry", "settings")
    }
    registry, settings = read["registry"], read["settings"]
    kept = ("max_chain_depth", "max_lifetime_seconds", "min_lifetime_seconds", "forbidden_scopes", "risk")
    types = "urn:ietf:params:oauth:token-type:"
    definitions = {
        **{name: registry[name] for name in ("authorization_servers", "issuers", "clients", "agents", "trust_domains")},
        **{name: settings[name] for name in kept},
        "skew": settings["clock_skew_seconds"],
        "targets": {
            name: {**target, "scope_names": list(target["scopes"])} for name, target in registry["targets"].items()
        },
        "issued_token_types": [f"{types}access_token", f"{types}jwt"],
        "actor_token_types": [f"{types}access_token", f"{types}jwt"],
        "algorithms": [f"{family}{bits}" for family in ("RS", "ES", "PS") for bits in (256, 384, 512)] + ["EdDSA"],
    }
    return {
        "apiVersion": "api.cerbos.dev/v1",
        "exportConstants": {"name": "registry", "definitions": definitions},
    }


def _described(channel: grpc.Channel) -> FileDescriptorSet:
    """Ask the server for the descriptors of its own service: no copy of its proto files is kept here."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    service = reflection_pb2.ServerReflectionRequest(file_containing_symbol=METHOD.partition("/")[0])
    answer = next(iter(stub.ServerReflectionInfo(iter([service]), timeout=30, wait_for_ready=True)))
    files = map(FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    return FileDescriptorSet(file=_ordered({file.name: file for file in files}))


def _ordered(files: dict[str, FileDescriptorProto]) -> list[FileDescriptorProto]:
    """Put what is imported before what imports it, as descriptor pools and ghz want it."""
    found: dict[str, FileDescriptorProto] = {}

    def add(name: str) -> None:
        if name not in found:
            for imported in files[name].dependency:
                add(imported)
            found[name] = files[name]

    for name in files:
        add(name)
    return list(found.values())
