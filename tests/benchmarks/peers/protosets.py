"""The descriptors that ghz reads, made from the proto files when a benchmark starts."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]  # it ships no types

HERE = Path(__file__).parent
CONTRACT = HERE.parents[2] / "proto"


def of_actas(folder: Path) -> Path:
    """Write the descriptors of `DecisionService` to *folder*."""
    return _compile(folder / "actas.protoset", CONTRACT, "actas/decision/v1/service.proto")


def of_go_embed(folder: Path) -> Path:
    """Write the descriptors of the Go server's service to *folder*."""
    return _compile(folder / "go_embed.protoset", HERE / "go_embed", "policy.proto")


def written(folder: Path, name: str, files: FileDescriptorSet) -> Path:
    """Write descriptors that a server gave about itself."""
    target = folder / f"{name}.protoset"
    target.write_bytes(files.SerializeToString())
    return target


def _compile(target: Path, root: Path, proto: str) -> Path:
    known = resources.files("grpc_tools") / "_proto"
    paths = [f"--proto_path={root}", f"--proto_path={known}"]
    if protoc.main(["protoc", *paths, "--include_imports", f"--descriptor_set_out={target}", proto]) != 0:
        raise RuntimeError(f"protoc does not take {proto}")
    return target
