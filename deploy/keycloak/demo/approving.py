"""Bob's part: he approves one exchange with `actas approve`, and gives the signed approval to whoever asked."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

from steps import Held
from world import World

# The issuer that the registry of the demonstration gives the role `approval`.
ISSUER = "https://approvals.example.com"
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Given:
    """A signed approval."""

    jws: str = field(repr=False)
    problems: tuple[str, ...] = ()


def approve(world: World, subject: Held | None, client: str, target: str, scope: str) -> Given:
    """Let Bob approve that *client* acts on *subject* with *scope* at *target*."""
    if subject is None:
        return Given("", ("there is nothing to approve",))
    command = [sys.executable, "-m", "actas", "approve", "--issuer", ISSUER, "--approver", "bob"]
    command += ["--key", str(world.actas.approval_key), "--kid", world.actas.approval_kid]
    command += ["--subject", str(subject.claims["sub"]), "--actor", client, "--client-id", client]
    command += ["--target", target, "--scope", scope]
    made = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if made.returncode != 0:
        return Given("", (f"actas approve: {made.stderr.strip()}",))
    return Given(made.stdout.strip())
