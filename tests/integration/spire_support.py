"""A real SPIRE server and agent, started by the very lines of deploy/spire/README.md, and Actas beside them.

SPIRE is not fetched and not built: `SPIRE_BIN` names the folder of `spire-server` and `spire-agent`, or PATH has them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from actas.client import Target
from ports import free_port
from readme_blocks import blocks

ROOT = Path(__file__).resolve().parents[2]
SPIRE = ROOT / "deploy" / "spire"
_SECONDS = 120
_PORTS = ("8081", "50051", "9464", "8443")
_AGENT_LINE = "spire-agent run "


def binaries() -> Path:
    """Give the folder of SPIRE's programs; skips the test where there is none."""
    named = os.environ.get("SPIRE_BIN")
    found = shutil.which("spire-server", path=named)
    if found is None or shutil.which("spire-agent", path=str(Path(found).parent)) is None:
        pytest.skip(f"no spire-server and spire-agent in {named or 'PATH'}: SPIRE_BIN names the folder of a release")
    return Path(found).parent


class Walk:
    """The walk-through in one shell, below *folder*: each step is a block of README.md, run as it stands."""

    def __init__(self, folder: Path, changed: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Copy the files, with free ports and what is to be *changed* in each of them."""
        self.spire = folder / "s"
        self._programs, self._folder = binaries(), folder
        self._log = (folder / "terminal").open("w", encoding="utf-8")
        self.ports = {named: str(free_port()) for named in _PORTS}
        self.selector = f"unix:uid:{os.getuid()}"
        self._names = {"/tmp/spire-example": str(self.spire)}
        for source in SPIRE.iterdir():
            copy = folder / "deploy" / "spire" / source.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8")
            for before, after in (changed or {}).get(source.name, {}).items():
                assert before in text, before
                text = text.replace(before, after)
            copy.write_text(self._here(text), encoding="utf-8")
        shown = blocks(SPIRE / "README.md")
        self.steps, self.yaml = ([block.text for block in shown if block.language == kind] for kind in ("sh", "yaml"))
        environment = {**os.environ, "PATH": f"{folder}/bin:{self._programs}:{os.environ['PATH']}"}
        environment |= {"PYTHONPATH": str(ROOT / "service"), "XDG_STATE_HOME": str(folder)}
        actas = folder / "bin" / "actas"
        actas.parent.mkdir()
        actas.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m actas "$@"\n', encoding="utf-8")
        actas.chmod(0o755)
        self._shell = subprocess.Popen(
            ["bash", "-m"],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            text=True,
            cwd=folder,
            env=environment,
        )

    def run(self, text: str) -> str:
        """Run *text* in the shell and give what it said; it must end well."""
        assert self._shell.stdin is not None
        begins, ended = Path(self._log.name).stat().st_size, self._folder / "ended"
        ended.unlink(missing_ok=True)
        print(f"{self._here(text)}\necho $? > ended.new; mv ended.new ended", file=self._shell.stdin, flush=True)
        end = time.monotonic() + _SECONDS
        while not ended.exists():
            assert self._shell.poll() is None, self._said(begins)
            assert time.monotonic() < end, self._said(begins)
            time.sleep(0.05)
        assert ended.read_text(encoding="utf-8") == "0\n", self._said(begins)
        return self._said(begins)

    def step(self, text: str) -> str:
        """Run the one block of the walk-through in which *text* stands."""
        (found,) = (step for step in self.steps if text in step)
        return self.run(found)

    def target(self, svid: str = "svid.1") -> Target:
        """Say how whoever has the files of *svid* reaches Actas."""
        files = self.spire / "caller"
        return Target(
            f"localhost:{self.ports['50051']}",
            ca_file=files / "bundle.0.pem",
            cert_file=files / f"{svid}.pem",
            key_file=files / f"{svid}.key",
        )

    def server(self, command: str) -> str:
        """Run a command of `spire-server`."""
        return self.run(f'spire-server {command} -socketPath "$SPIRE_DIR/server.sock"')

    def trust_domains(self, lines: str) -> None:
        """Replace those of the registry, which end at the next empty line, and activate that."""
        file = self.spire / "policies/custom/actas/registry/data.yaml"
        text = file.read_text(encoding="utf-8")
        changed, count = re.subn(r"(?m)^trust_domains:\n(?:  .*\n)+", f"trust_domains:\n{lines}", text)
        assert count == 1
        file.write_text(changed, encoding="utf-8")
        log = '"$SPIRE_DIR/actas.log"'
        self.run(
            f'before=$(grep -c policy_activated {log}); actas policy reload --config "$SPIRE_DIR/actas.toml"\n'
            f"until [ $(grep -c policy_activated {log}) != $before ]; do sleep 0.2; done"
        )

    def create_entries(self) -> None:
        """Create the entries as the walk-through does."""
        (step,) = (step for step in self.steps if "entry create" in step)
        self.run(step[step.index("\nsed ") :])

    def authority(self, kind: str, step: str, authority: str = "") -> str:
        """Prepare, activate, taint or revoke an authority, or show the active one; give its id."""
        named = f" -authorityID {authority}" if authority else ""
        said = json.loads(self.server(f"localauthority {kind} {step}{named} -output json"))
        return str(next(iter(said.values()))["authority_id"])

    def stop_agent(self) -> None:
        """End the agent."""
        self.run("kill %?spire-agent; wait %?spire-agent || true")

    def start_agent(self) -> None:
        """Start it again as the walk-through starts it; its join token is used up, and it does not need one."""
        (line,) = (line for step in self.steps for line in step.splitlines() if line.startswith(_AGENT_LINE))
        self.run(line.replace(' -joinToken "$token"', "").replace(" > ", " >> "))
        self.run('until spire-agent healthcheck -socketPath "$SPIRE_DIR/agent.sock"; do sleep 1; done')

    def __enter__(self) -> Walk:
        return self

    def __exit__(self, *_: object) -> None:
        """End whatever the shell has started."""
        assert self._shell.stdin is not None
        started = psutil.Process(self._shell.pid).children(recursive=True)
        for process in started:
            process.terminate()
        self._shell.stdin.close()
        # Where a step did not come to its end, the shell waits for it.
        self._shell.kill()
        self._shell.wait(_SECONDS)
        for process in psutil.wait_procs(started, timeout=30)[1]:
            process.kill()
        self._log.close()

    def _here(self, text: str) -> str:
        for named, here in self._names.items():
            text = text.replace(named, here)
        return re.sub(rf"\b({'|'.join(_PORTS)})\b", lambda found: self.ports[found[1]], text)

    def _said(self, begins: int) -> str:
        with Path(self._log.name).open(encoding="utf-8") as said:
            said.seek(begins)
            return said.read()


@contextmanager
def walked(folder: Path, changed: Mapping[str, Mapping[str, str]] | None = None) -> Iterator[Walk]:
    """Walk up to the first decision, which must be an allow."""
    with Walk(folder, changed) as walk:
        walk.step("spire-server run")
        walk.step("actas init")
        walk.step("api fetch x509")
        assert "ALLOW" in walk.step("actas decide")
        yield walk
