"""The files in deploy/spire/ fit each other and what `actas init` writes, and the walk-through names what exists."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from actas.config import load
from actas.policy.model import Registry
from actas.spiffe import SpiffeId
from readme_blocks import blocks

SPIRE = Path(__file__).resolve().parents[2] / "deploy" / "spire"
README = SPIRE / "README.md"
SKELETON = SPIRE.parent / "policy-repo"
# What each command of SPIRE 1.13 takes, of doc/spire_server.md and doc/spire_agent.md there.
OPTIONS = {
    "spire-server run": {"config", "expandEnv"},
    "spire-server healthcheck": {"socketPath"},
    "spire-server bundle show": {"socketPath", "format"},
    "spire-server bundle set": {"socketPath", "id", "format", "path"},
    "spire-server token generate": {"socketPath", "spiffeID"},
    "spire-server entry create": {"socketPath", "data"},
    "spire-server entry update": {
        "socketPath",
        "entryID",
        "parentID",
        "spiffeID",
        "selector",
        "federatesWith",
        "dns",
        "x509SVIDTTL",
    },
    "spire-agent run": {"config", "expandEnv", "joinToken"},
    "spire-agent healthcheck": {"socketPath"},
    "spire-agent api fetch x509": {"socketPath", "write"},
    "spire-agent api fetch jwt": {"socketPath", "spiffeID", "audience"},
}


def settings(name: str) -> dict[str, str]:
    """Give the settings of an HCL file that are plain texts, the last of each name."""
    text = re.sub(r"(?m)^\s*#.*$", "", (SPIRE / name).read_text(encoding="utf-8"))
    assert text.count("{") == text.count("}")
    return dict(re.findall(r'(?m)^\s*(\w+) = "([^"]*)"$', text))


def entries() -> list[dict[str, object]]:
    """Give the registration entries."""
    found: list[dict[str, object]] = json.loads((SPIRE / "entries.json").read_text(encoding="utf-8"))["entries"]
    return found


def test_server_and_agent_are_of_one_trust_domain_and_find_each_other() -> None:
    """Everything that they write lies below one directory, and the agent does not trust whoever answers first."""
    server, agent = settings("server.conf"), settings("agent.conf")
    assert server["trust_domain"] == agent["trust_domain"] == "example.org"
    assert (server["bind_address"], server["bind_port"]) == (agent["server_address"], agent["server_port"])
    for conf in (server, agent):
        places = [value for name, value in conf.items() if name.endswith(("_path", "_dir", "directory", "string"))]
        assert len(places) > 3
        assert all(place.startswith("$SPIRE_DIR/") for place in places)
    assert "insecure_bootstrap" not in (SPIRE / "agent.conf").read_text(encoding="utf-8")
    # Of the kinds that SPIRE offers, one that JWT-SVIDs are cheap to verify with.
    assert server["jwt_key_type"] == "ec-p256"


def test_every_entry_is_a_workload_below_the_node() -> None:
    """A user for each, so that none gets another's SVID."""
    named = [str(entry["spiffe_id"]) for entry in entries()]
    assert all(SpiffeId(name).is_workload and SpiffeId(name).trust_domain == "example.org" for name in named)
    assert {entry["parent_id"] for entry in entries()} == {"spiffe://example.org/node"}
    assert "-spiffeID spiffe://example.org/node" in README.read_text(encoding="utf-8")
    selectors = [json.dumps(entry["selectors"]) for entry in entries()]
    assert len(set(selectors)) == len(set(named)) == len(named)
    # SPIRE gives a user's SVIDs in the order of these ids, and the walk-through counts on the second one.
    ids = [str(entry["entry_id"]) for entry in entries()]
    assert ids == sorted(ids)
    assert ids[1] == "authorization-server"


def test_the_agent_s_entry_is_the_one_that_the_registry_names() -> None:
    """What `actas init` writes knows the mail agent by this SPIFFE ID; the walk-through changes what is there."""
    text = (SKELETON / "custom/actas/registry/data.yaml").read_text(encoding="utf-8")
    agents = YAML(typ="safe").load(text)["agents"]
    assert {"spiffe_id": "spiffe://example.org/agent/mail"} in agents["mail"]["identities"]
    assert "spiffe://example.org/agent/mail" in {entry["spiffe_id"] for entry in entries()}
    assert "example.org: {kind: own}" in text


def test_the_configuration_of_actas_is_understood(tmp_path: Path) -> None:
    """With a socket, a limit after which nothing is trusted, and a caller that has an entry."""
    (tmp_path / "policies").mkdir()
    file = tmp_path / "actas.toml"
    file.write_text((SPIRE / "actas.toml").read_text(encoding="utf-8"), encoding="utf-8")
    config = load({}, file=file)
    assert config.trust.workload_api == "unix:///run/spire/agent.sock"
    assert config.tls_workload_api is not None
    assert config.tls_workload_api.path == Path("/run/spire/agent.sock")
    assert set(config.callers[0].spiffe_id) <= {entry["spiffe_id"] for entry in entries()}
    assert config.trust.refresh < config.trust.max_stale <= 3600


@pytest.mark.parametrize("text", [block.text for block in blocks(README) if block.language == "sh"])
def test_every_command_is_a_shell_s_and_of_spire(text: str) -> None:
    """The shell understands it, and SPIRE has each command with each of its options."""
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)
    joined = re.sub(r"\\\n\s*", "", text)
    for found in re.finditer(r"\b(spire-(?:server|agent)(?: [a-z0-9]+)+)((?: -?[^\s|;&)>]+)*)", joined):
        command = found[1] if found[1] in OPTIONS else " ".join(found[1].split()[:2])
        assert command in OPTIONS, command
        # A lone dash is standard input.
        options = set(re.findall(r"(?:^|\s)-(\w+)", found[2]))
        assert options <= OPTIONS[command], (command, options - OPTIONS[command])


def test_the_registry_shown_is_valid() -> None:
    """Each trust domain has one source of its bundle."""
    shown = [YAML(typ="safe").load(block.text) for block in blocks(README) if block.language == "yaml"]
    assert all(Registry.model_validate(part).trust_domains for part in shown)
    assert shown
