"""The files in deploy/ name settings, flags and ports that exist, and keep the service closed."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from actas.cli.main import app
from actas.config import Caller, Config

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
CONTAINERFILE = DEPLOY / "compose" / "Containerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
UNIT = DEPLOY / "systemd" / "actas.service"
KUBERNETES = DEPLOY / "kubernetes" / "actas.yaml"
READ = {"", ".yaml", ".toml", ".json", ".service", ".md"}
# Read by other parts of Actas than its configuration.
OTHER_VARIABLES = {"ACTAS_CONFIG", "ACTAS_OPA", "ACTAS_TOKEN"}


def yaml(path: Path) -> list[Any]:
    """Read all documents of a YAML file."""
    return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))


def kubernetes(kind: str) -> Mapping[str, Any]:
    """Give the one object of that kind."""
    (found,) = [each for each in yaml(KUBERNETES) if each["kind"] == kind]
    return found


def container() -> Mapping[str, Any]:
    """Give the container of the service."""
    (found,) = kubernetes("Deployment")["spec"]["template"]["spec"]["containers"]
    return found


def instructions() -> list[tuple[str, str]]:
    """Give the instructions of the Containerfile."""
    text = re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def commands() -> Iterator[list[str]]:
    """Give every command line with which a deployment starts the service, without the program."""
    yield yaml(COMPOSE)[0]["services"]["actas"]["command"]
    yield json.loads(next(rest for name, rest in reversed(instructions()) if name == "CMD"))
    yield container()["args"]
    started = next(line for line in UNIT.read_text(encoding="utf-8").splitlines() if line.startswith("ExecStart="))
    yield shlex.split(started)[1:]


def configurations() -> Iterator[Mapping[str, Any]]:
    """Give every actas.toml."""
    yield tomllib.loads((DEPLOY / "systemd" / "actas.toml").read_text(encoding="utf-8"))
    yield tomllib.loads(kubernetes("ConfigMap")["data"]["actas.toml"])


def test_every_variable_is_a_setting() -> None:
    """A misspelt variable would end the start."""
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix in READ]
    named = {name for path in files for name in re.findall(r"\bACTAS_[A-Z_]+", path.read_text(encoding="utf-8"))}

    assert {name.removeprefix("ACTAS_").lower() for name in named - OTHER_VARIABLES} <= Config.model_fields.keys()


def test_every_command_is_one_of_actas_serve() -> None:
    """Flags exist, and configuration files are where the commands look for them."""
    serve = get_command(app).commands["serve"]  # type: ignore[attr-defined]  # a group
    known = {name for parameter in serve.params for name in parameter.opts}

    for command in commands():
        assert command[0] == "serve"
        assert {part for part in command[1:] if part.startswith("--")} <= known


def test_every_configuration_is_understood() -> None:
    """Keys exist, callers are callers, and nothing listens to the network without TLS and callers."""
    for configuration in configurations():
        assert configuration.keys() <= Config.model_fields.keys()
        for caller in configuration["callers"]:
            Caller.model_validate(caller)
        assert "insecure" not in configuration
        if any(not address.startswith("unix:") for address in configuration["listen"]):
            assert {"tls_cert", "tls_key"} <= configuration.keys()


def test_the_image_is_pinned_in_stages_and_runs_as_nobody() -> None:
    """What is built is known, the tools stay behind, and root is not needed."""
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    users = [rest for name, rest in instructions() if name == "USER"]

    assert len(bases) == 2
    assert all(re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+-[\w-]+", base) for base in bases)
    assert users == ["65532:65532"]
    assert not {"ADD", "ONBUILD"} & {name for name, _ in instructions()}
    assert not [rest for name, rest in instructions() if name in {"ARG", "ENV"} and re.search("TOKEN|KEY|SECRET", rest)]


def test_the_image_copies_files_that_exist() -> None:
    """A build would only fail on the machine of whoever builds it."""
    root = DEPLOY.parent
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from" not in rest]

    for name in [name for names in copied for name in names]:
        assert (root / name).exists(), name


def test_compose_runs_without_rights_and_network() -> None:
    """The socket is the only way in."""
    compose = yaml(COMPOSE)[0]
    service = compose["services"]["actas"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["network_mode"] == "none"
    assert (COMPOSE.parent / service["build"]["context"]).resolve() == DEPLOY.parent
    for volume in service["volumes"]:
        source = volume.partition(":")[0]
        assert source in compose["volumes"] or (COMPOSE.parent / source).is_dir()


@pytest.mark.parametrize(
    "directive",
    [
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "RestrictNamespaces=yes",
        "SystemCallFilter=@system-service",
    ],
)
def test_the_unit_is_hardened(directive: str) -> None:
    """Each directive takes away something that the service does not need."""
    assert directive in UNIT.read_text(encoding="utf-8").splitlines()


def test_the_unit_waits_longer_for_a_stop_than_the_service_does() -> None:
    """A stop finishes what is in flight; systemd must not kill it meanwhile. The unit's sections are its only ones."""
    unit = configparser.RawConfigParser(strict=False)
    unit.read(UNIT, encoding="utf-8")

    assert unit.sections() == ["Unit", "Service", "Install"]
    assert float(unit["Service"]["TimeoutStopSec"]) > Config.model_fields["grace"].default
    assert unit["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_kubernetes_runs_it_as_nobody_and_asks_whether_it_is_ready() -> None:
    """Pods have no rights, and get no calls while no decision can be made."""
    pod = kubernetes("Deployment")["spec"]["template"]["spec"]
    (configuration,) = [each for each in configurations() if "0.0.0.0:50051" in each["listen"]]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] > Config.model_fields["grace"].default
    for each in [*pod["containers"], *pod["initContainers"]]:
        assert each["securityContext"]["readOnlyRootFilesystem"] is True
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not each["image"].endswith(":latest")
    for probe in ("startupProbe", "readinessProbe"):
        assert f"http://{configuration['metrics_listen']}/ready" in container()[probe]["exec"]["command"][-1]


def test_kubernetes_sends_calls_to_the_port_that_listens() -> None:
    """Service, container and configuration agree, and so do mounts and volumes."""
    pod = kubernetes("Deployment")["spec"]["template"]["spec"]
    (port,) = kubernetes("Service")["spec"]["ports"]
    (listened,) = container()["ports"]
    mounted = {mount["name"] for each in [*pod["containers"], *pod["initContainers"]] for mount in each["volumeMounts"]}

    assert port["targetPort"] == listened["name"]
    assert port["port"] == listened["containerPort"] == 50051
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert kubernetes("Service")["spec"]["selector"] == kubernetes("Deployment")["spec"]["selector"]["matchLabels"]
