"""The operator's part: `actas` on the command line, at the running service or over its receipts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from world import World

SECONDS = 30


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that was run, with what it printed."""

    command: str
    status: int
    output: str
    complaint: str

    @property
    def problems(self) -> tuple[str, ...]:
        """Say that it failed, where it did."""
        return () if self.status == 0 else (f"{self.command}: exit status {self.status}: {self.complaint.strip()}",)

    @property
    def lines(self) -> list[str]:
        """Give what it printed."""
        return self.output.rstrip().splitlines()


def at_the_service(world: World, *arguments: str) -> Ran:
    """Run a command that asks the running service."""
    return _run(world, *arguments, "--target", world.actas.address)


def over_the_receipts(world: World, *arguments: str) -> Ran:
    """Run a command that reads the store."""
    return _run(world, *arguments, "--receipts", world.actas.receipts)


def issued(world: World, wanted: dict[str, str]) -> tuple[str, ...]:
    """Wait until the receipt of each decision in *wanted* names the token that was issued; say what does not."""
    end = time.monotonic() + SECONDS
    while missing := [name for name, jti in wanted.items() if _reported(world).get(name) != jti]:
        if time.monotonic() > end:
            return tuple(f"the receipt of {name} does not name the token that was issued" for name in missing)
        time.sleep(0.5)
    return ()


def _reported(world: World) -> dict[str, Any]:
    ran = over_the_receipts(world, "receipts", "list", "--limit", "1000", "--json")
    receipts = [json.loads(line) for line in ran.lines]
    return {receipt["decision_id"]: receipt.get("outcome", {}).get("issued_jti") for receipt in receipts}


def _run(world: World, *arguments: str) -> Ran:
    command = [sys.executable, "-m", "actas", *arguments]
    environment = os.environ | {"COLUMNS": "108", "NO_COLOR": "1"}
    made = subprocess.run(
        command, cwd=world.actas.folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    said = " ".join(word for word in arguments if word not in (world.actas.address, world.actas.receipts))
    said = said.removesuffix(" --target").removesuffix(" --receipts")
    return Ran(f"actas {said}", made.returncode, made.stdout, made.stderr)
