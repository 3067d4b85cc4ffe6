"""The operator's part in a story: `actas` on the command line, at the running service or over its receipts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Operator:
    """Who operates the service at *address* with the store *receipts*, and reads lines of so many *columns*."""

    address: str
    receipts: str
    columns: int

    def at_the_service(self, *arguments: str) -> Ran:
        """Run a command that asks the running service."""
        return self._run(arguments, "--target", self.address)

    def over_the_receipts(self, *arguments: str) -> Ran:
        """Run a command that reads the store."""
        return self._run(arguments, "--receipts", self.receipts)

    def unreported(self, issued: Mapping[str, str], *, within: float = 0.0) -> list[str]:
        """Say which receipts do not name the token, by its `jti`, that was *issued* on their decision.

        Who reports later than it issues has so many seconds for it.
        """
        end = time.monotonic() + within
        while missing := self._unnamed(issued):
            if time.monotonic() >= end:
                return [f"the receipt of {name} does not name the token that was issued" for name in missing]
            time.sleep(0.5)
        return []

    def _unnamed(self, issued: Mapping[str, str]) -> list[str]:
        ran = self.over_the_receipts("receipts", "list", "--limit", "1000", "--json")
        receipts = [json.loads(line) for line in ran.lines]
        named = {receipt["decision_id"]: receipt.get("outcome", {}).get("issued_jti") for receipt in receipts}
        return [decision_id for decision_id, jti in issued.items() if named.get(decision_id) != jti]

    def _run(self, arguments: tuple[str, ...], option: str, place: str) -> Ran:
        command = [sys.executable, "-m", "actas", *arguments, option, place]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTAS_")}
        environment = kept | {"COLUMNS": str(self.columns), "NO_COLOR": "1"}
        made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        return Ran(f"actas {' '.join(arguments)}", made.returncode, made.stdout, made.stderr)
