"""What is slow to load is loaded by those who need it, which keeps the start of a command short."""

from __future__ import annotations

import subprocess
import sys

import pytest

from actas.cli.main import Commands

SERVING = {"grpc", "aiohttp", "opa_client", "prometheus_client"}
STORING = {"sqlalchemy", "alembic", "psycopg"}
FETCHING = {"httpx"}
DECIDING = {"wasmtime", "joserfc", "cryptography"}
# A list of statements, and what they must not load.
CASES = {
    "the version": ("actas.cli.main.app(['--version'], standalone_mode=False)", {*DECIDING, "pydantic", "structlog"}),
    "a decision": ("import actas.cli.decide, actas.policy.workbench", set()),
    "the lint": ("import actas.cli.lint", {"wasmtime"}),
    "receipts": ("import actas.cli.receipts.listing, actas.cli.receipts.change", DECIDING),
    "revocations": ("import actas.cli.revoking.commands", DECIDING),
    "the OPA binary": ("import actas.cli.opa", DECIDING),
    "a new policy repository": ("import actas.cli.init", DECIDING),
}


def loaded(statements: str) -> set[str]:
    """Give the packages that a new process has loaded after *statements*."""
    code = f"import sys, actas.cli.main\n{statements}\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in ran.stdout.split()}


@pytest.mark.parametrize("case", CASES)
def test_a_command_loads_nothing_that_only_others_need(case: str) -> None:
    """Each of these libraries takes as long to load as everything else that the command does."""
    statements, needless = CASES[case]
    assert not loaded(statements) & (SERVING | STORING | FETCHING | needless)


def test_a_worker_with_the_embedded_engine_has_no_client_of_opa_and_loads_nothing_late() -> None:
    """The client takes memory in each worker, and what is fetched while requests wait must not load anything first."""
    there = loaded("import actas.server.workers.worker")
    assert not there & {"aiohttp", "opa_client"}
    assert {"grpc", "httpx", "wasmtime", "joserfc"} <= there


@pytest.mark.parametrize("name", Commands.modules)
def test_a_command_is_found_in_its_module(name: str) -> None:
    """It bears the name that it is asked for by."""
    assert Commands().get_command(None, name).name == name  # type: ignore[arg-type]  # no context is needed
