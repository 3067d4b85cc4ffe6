"""The operator's part: `actas` on the command line, at the running service or over its receipts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from service import Service
from show import WIDEST

SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that was run, with what it printed."""

    command: str
    status: int
    output: str
    complaint: str

    @property
    def problems(self) -> list[str]:
        """Say that it failed, where it did."""
        return [] if self.status == 0 else [f"{self.command}: exit status {self.status}: {self.complaint.strip()}"]

    @property
    def lines(self) -> list[str]:
        """Give what it printed."""
        return self.output.rstrip().splitlines()


def at_the_service(service: Service, *arguments: str) -> Ran:
    """Run a command that asks the running service."""
    return _run(arguments, "--target", service.address)


def over_the_receipts(service: Service, *arguments: str) -> Ran:
    """Run a command that reads the store."""
    return _run(arguments, "--receipts", service.receipts)


def outcomes(service: Service) -> dict[str, Any]:
    """Give what was reported of each decision that has a receipt."""
    ran = over_the_receipts(service, "receipts", "list", "--limit", "1000", "--json")
    receipts = [json.loads(line) for line in ran.lines]
    return {receipt["decision_id"]: receipt.get("outcome", {}) for receipt in receipts}


def _run(arguments: tuple[str, ...], option: str, place: str) -> Ran:
    command = [sys.executable, "-m", "actas", *arguments, option, place]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTAS_")}
    environment = kept | {"COLUMNS": str(WIDEST - 4), "NO_COLOR": "1"}
    made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    return Ran(f"actas {' '.join(arguments)}", made.returncode, made.stdout, made.stderr)
