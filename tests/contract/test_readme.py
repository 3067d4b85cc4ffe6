"""What README.md shows is what happens: its blocks are run, and the names in its tables exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.protobuf import json_format
from typer.main import get_command

from actas.cli.main import app
from actas.client import DecisionClient
from actas.config import Caller, Config, TrustAnchors
from actas.cores import usable_cores
from actas.decision import Effect
from actas.decision.v1 import request_pb2
from actas.limits import RequestLimits
from actas.revocation.authorization_server import AuthorizationServer
from actas.server.workers.metrics import FleetMetrics
from actas.wire import request_from_proto
from ports import free_port
from readme_blocks import Block, blocks, commands, differs

# What the table says of a default that depends on the machine.
COMPUTED = {"workers": "the cores it may use"}
ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = blocks(README)
SECONDS = 120
# Of the command line of Keycloak, not of ours.
KCADM_OPTION = "--server"


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    """Give a free port for each that the README names."""
    return {named: str(free_port()) for named in ("50051", "9464")}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give a shell in which `actas` is the one under test, and which writes nothing outside of its folder."""
    binaries = tmp_path_factory.mktemp("bin")
    scripts = {"actas": f'exec "{sys.executable}" -m actas "$@"'}
    if shutil.which("curl") is None:
        fetch = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[2]).read().decode(), end='')"
        scripts["curl"] = f'exec "{sys.executable}" -c "{fetch}" "$@"'
    for name, script in scripts.items():
        (binaries / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (binaries / name).chmod(0o755)
    state = str(tmp_path_factory.mktemp("state"))
    path = os.pathsep.join([str(binaries), os.environ["PATH"]])
    pythonpath = os.pathsep.join(filter(None, (str(ROOT / "service"), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PATH": path, "PYTHONPATH": pythonpath, "XDG_STATE_HOME": state}


def with_ports(text: str, ports: dict[str, str]) -> str:
    """Write *text* with the ports that are free here."""
    for named, free in ports.items():
        text = text.replace(f":{named}", f":{free}")
    return text


@contextmanager
def in_background(command: str, folder: Path, environment: dict[str, str], ready: str) -> Iterator[None]:
    """Run the service as long as the context lasts, from the moment in which *ready* answers."""
    process = subprocess.Popen(f"exec {command}", shell=True, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + SECONDS
        while not answers(ready):
            assert process.poll() is None, "the service ended"
            assert time.monotonic() < end, "the service did not start"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def answers(url: str) -> bool:
    """Whether *url* answers with OK."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def run(block: Block, folder: Path, environment: dict[str, str], ports: dict[str, str]) -> None:
    """Run a block, and compare what a console block shows."""
    if block.language == "python":
        done = subprocess.run(
            [sys.executable, "-c", with_ports(block.text, ports)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"README.md:{block.line}: {done.stderr}"
        return
    for step in commands(block):
        done = subprocess.run(
            ["bash", "-c", with_ports(step.command, ports)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        # What takes long says so on standard error, and how long it takes depends on the machine.
        complaint = re.sub(r"^.* \(\d+ s\)\n", "", done.stderr, flags=re.MULTILINE)
        difference = differs(step.shown, done.stdout + complaint)
        assert not difference, f"README.md:{step.line}: {step.command}: {difference}"


def test_every_console_and_python_block_does_what_it_shows(
    tmp_path: Path, environment: dict[str, str], ports: dict[str, str]
) -> None:
    """Read from top to bottom, each command prints what stands beneath it, and the JSON message is allowed."""
    runnable = [block for block in BLOCKS if block.language in {"console", "python"}]
    start = next(index for index, block in enumerate(runnable) if block.text.rstrip().endswith("&"))
    for block in runnable[:start]:
        run(block, tmp_path, environment, ports)

    command = with_ports(commands(runnable[start])[0].command.rstrip("& "), ports)
    with in_background(command, tmp_path, environment, f"http://127.0.0.1:{ports['9464']}/ready"):
        for block in runnable[start + 1 :]:
            run(block, tmp_path, environment, ports)
        message = next(block for block in BLOCKS if block.language == "json" and "authorizationServer" in block.text)
        request = request_from_proto(json_format.Parse(message.text, request_pb2.DecideRequest()), RequestLimits())
        with DecisionClient(f"127.0.0.1:{ports['50051']}", timeout=5) as client:
            assert client.decide(request).effect is Effect.ALLOW


def test_every_make_target_exists() -> None:
    """A newcomer types nothing that make does not know."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z-]+)", TEXT.replace("make and", ""))) <= targets


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    """The table of settings is complete, and its defaults are those of the code."""
    rows = dict(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) ?\|", section("Configuration"), re.MULTILINE))
    named = {name: default.strip("`") for names, default in rows.items() for name in re.findall(r"\w+", names)}

    assert named.keys() == Config.model_fields.keys()
    for name, default in named.items():
        built = Config.model_fields[name].default
        if name in COMPUTED:
            assert Config.model_fields[name].default_factory is usable_cores
            assert default == COMPUTED[name]
        elif default:
            built = str(built[0]) if isinstance(built, tuple) else built
            assert default == (str(built).lower() if isinstance(built, bool) else str(built)), name
        else:
            assert built in (None, "", (), {}, RequestLimits(), TrustAnchors()), name


def test_the_configuration_file_shown_is_understood() -> None:
    """Every key of the example exists, and its caller is a caller."""
    shown = [tomllib.loads(block.text) for block in BLOCKS if block.language == "toml"]

    # Whom a revocation is carried on to stands in a file of its own.
    assert {name for table in shown for name in table} - {"sts"} <= Config.model_fields.keys()
    assert [AuthorizationServer.model_validate(server) for table in shown for server in table.get("sts", [])]
    assert [Caller.model_validate(caller) for table in shown for caller in table.get("callers", [])]
    assert [TrustAnchors.model_validate(table["trust"]) for table in shown if "trust" in table]


def test_every_key_of_trust_stands_in_its_table_with_its_default() -> None:
    """As for the settings."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) ?\|", section("Verified tokens"), re.MULTILINE))

    assert rows.keys() == TrustAnchors.model_fields.keys()
    for name, default in rows.items():
        built = TrustAnchors.model_validate({}).model_dump()[name]
        assert default.strip("`") == ("" if built in (None, "", (), {}) else str(built)), name


def test_every_key_of_a_caller_stands_in_its_table() -> None:
    """The table is complete and names nothing else."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", section("Callers"), re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"\w+", row)} == Caller.model_fields.keys()


def test_every_metric_stands_in_the_table(tmp_path: Path) -> None:
    """The table of metrics is complete; Prometheus appends _total to a counter."""
    kept = FleetMetrics(tmp_path, 2, lambda: 2).registry.collect()
    served = {f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in kept}

    assert set(re.findall(r"^\| `(actas_\w+)`", TEXT, re.MULTILINE)) == served
    assert set(re.findall(r"\bactas_[a-z_]+", TEXT)) <= served


def test_every_option_and_command_exists() -> None:
    """No flag or command of `actas` is named that its help does not know."""
    root = get_command(app)
    leaves = [root]
    options: set[str] = set()
    for command in leaves:
        options |= {name for parameter in command.params for name in parameter.opts}
        leaves += getattr(command, "commands", {}).values()

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= options | {"--help", KCADM_OPTION}
    assert set(re.findall(r"`actas ([a-z]+)", TEXT)) <= root.commands.keys()  # type: ignore[attr-defined]  # a group


@pytest.mark.parametrize(
    "document", ["README.md", "SECURITY.md", "CONTRIBUTING.md", "deploy/opa/README.md", "deploy/keycloak/README.md"]
)
def test_every_test_and_path_named_in_a_document_exists(document: str) -> None:
    """A security property without its test would be a promise."""
    text = (ROOT / document).read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    tests = set(re.findall(r"def (test_\w+)\(", "\n".join(sources)))
    tests |= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}

    assert set(re.findall(r"\b(test_\w+)", text)) <= tests
    for path in re.findall(r"`((?:deploy|proto|policies|service|tests)/[\w./-]*)`", text):
        # `policies/` is also what the README's commands write.
        assert path == "policies/" or (ROOT / path).exists(), path


def section(title: str) -> str:
    """Give the README's section of that title."""
    after = TEXT.split(f"\n### {title}\n")[1]
    return after.split("\n#")[0]
