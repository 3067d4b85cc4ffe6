"""From the demo to mutual TLS with SPIFFE, as README.md says it, in ten lines that are run."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from test_readme import README, environment

from caller_certificates import ACTAS, Domain, Party, put, roots_pem
from ports import free_port
from readme_blocks import blocks
from trust_domain.workload_api import WorkloadApi

__all__ = ["environment"]  # a fixture
SECONDS = 120


def shown() -> tuple[str, list[str]]:
    """Give the configuration and the commands of that section."""
    found = blocks(README)
    index = next(index for index, block in enumerate(found) if "tls_workload_api" in block.text)
    return found[index].text, found[index + 1].text.splitlines()


def test_it_is_ten_lines() -> None:
    """No more are needed."""
    configuration, commands = shown()
    assert len(configuration.splitlines()) + len(commands) <= 10


def test_the_ten_lines_lead_to_a_decision_over_mutual_tls(tmp_path: Path, environment: dict[str, str]) -> None:
    """With a Workload API, the shown configuration and the shown commands; without a certificate there is none."""
    configuration, (serve, decide) = shown()
    domain = Domain("example.org")
    port = str(free_port())
    caller = Party(tmp_path, "svid.0", domain.x509_svid("/authorization-server"))
    assert (caller.cert.name, caller.key.name) == ("svid.0.pem", "svid.0.key")
    put(tmp_path / "bundle.0.pem", roots_pem(domain))
    # This machine has neither the agent's socket nor that name, and one free port.
    replaced = {"/run/spire": str(tmp_path), ":50051": f":{port}", "actas.example.com": "localhost"}
    for named, here in replaced.items():
        configuration, decide = configuration.replace(named, here), decide.replace(named, here)
    (tmp_path / "actas.toml").write_text(configuration, encoding="utf-8")
    subprocess.run(
        ["bash", "-c", "actas init policies"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )

    def ask(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    with (
        WorkloadApi(tmp_path / "agent.sock", domain, ACTAS),
        subprocess.Popen(
            f"exec {serve}", shell=True, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
        ) as server,
    ):
        try:
            end = time.monotonic() + SECONDS
            while (done := ask(decide)).returncode != 0:
                assert server.poll() is None, "the service ended"
                assert time.monotonic() < end, done.stderr
                time.sleep(0.5)
            assert "ALLOW" in done.stdout
            bare = decide.partition(" --cert")[0]
            assert ask(bare).returncode == 3
        finally:
            server.terminate()
            server.wait(SECONDS)
