"""Fixture suites as pytest tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli_support import environment, policy_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a policy repository as `actas init` writes it."""
    return policy_repository(tmp_path_factory.mktemp("plugin"))


def _pytest(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_case_of_a_policy_repository_is_a_test(repository: Path) -> None:
    """`pytest .` in the repository runs the cases on the repository's own policies."""
    ran = _pytest(repository)

    assert ran.returncode == 0, ran.stdout
    assert "8 passed" in ran.stdout
    assert "cases/mail.yaml::sending needs a fresh strong login PASSED" in ran.stdout


def test_a_failing_case_shows_expected_and_actual(repository: Path, tmp_path: Path) -> None:
    """The policies can be named where the suite lies elsewhere."""
    suite = (repository / "cases" / "mail.yaml").read_text(encoding="utf-8")
    (tmp_path / "mail.yaml").write_text(
        suite.replace("max_lifetime_seconds: 600", "max_lifetime_seconds: 599"), "utf-8"
    )
    (tmp_path / "fixtures.yaml").write_text((repository / "cases" / "fixtures.yaml").read_text("utf-8"), "utf-8")

    ran = _pytest(tmp_path, "--actas-policies", str(repository))

    assert ran.returncode == 1
    assert "4 passed" in ran.stdout
    assert "limits.max_lifetime_seconds  599       600" in ran.stdout


def test_a_suite_that_cannot_be_read_is_an_error_with_its_line(tmp_path: Path) -> None:
    """The other tests of the run are not affected."""
    (tmp_path / "broken.yaml").write_text("suite: s\ncases: 7\n", "utf-8")
    (tmp_path / "other.yaml").write_text("cases: of wine\n", "utf-8")
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n", "utf-8")

    ran = _pytest(tmp_path, "--continue-on-collection-errors")

    assert "broken.yaml:2: 'cases' must be a list of at least one case" in ran.stdout
    assert "1 passed, 1 error" in ran.stdout
