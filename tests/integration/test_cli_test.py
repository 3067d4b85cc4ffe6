"""`actas test` on real OPA."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from cli_support import actas, policy_repository

GUARD = """\
suite: What no revision may allow
guard: true
now: 2027-01-15T08:00:00Z
cases:
  - name: a request without a token
    request: {authorization_server: "https://as.example.com"}
    expect: {effect: DENY, codes: [MISSING_PARAMETER]}
"""


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a policy repository as `actas init` writes it; nobody changes it."""
    return policy_repository(tmp_path_factory.mktemp("test"))


@pytest.fixture
def repository(skeleton: Path, tmp_path: Path) -> Path:
    """Give a copy of the skeleton that a test may change."""
    return shutil.copytree(skeleton, tmp_path / "policies")


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_repository_passes_with_all_of_its_rego_covered(skeleton: Path, tmp_path: Path) -> None:
    """What `actas init` writes works at once, down to the command of its CI file."""
    junit = tmp_path / "junit.xml"

    ran = actas(
        *("test", "--policies", skeleton, "--junit", junit, "--coverage", "--threshold", "100", "--json"), cwd=skeleton
    )

    assert ran.status == 0, ran.output + ran.complaint
    report = ran.document
    assert (report["failed"], report["error"]) == (0, 0)
    assert len(report["rego"]) == 8
    assert report["coverage"]["percent"] == 100
    own = [suite["suite"] for suite in report["suites"] if not suite["guard"]]
    assert own == ["The mail agent reads, and steps up to send", "Sub-agents only read, and only briefly"]
    assert len(list(Xml.parse(junit).getroot().iter("testcase"))) == report["passed"]


def test_a_case_that_fails_is_shown_side_by_side_with_its_place(repository: Path) -> None:
    """Expected and actual stand in one row, and the case has a file and line to go to."""
    _edit(repository / "cases" / "mail.yaml", "max_lifetime_seconds: 300}", "max_lifetime_seconds: 301}")

    ran = actas("test", "cases", "--policies", ".", cwd=repository)

    assert ran.status == 1
    row = next(line for line in ran.output.splitlines() if "limits.max_lifetime_seconds" in line)
    assert row.split() == ["limits.max_lifetime_seconds", "301", "300"]
    assert "cases/mail.yaml:5" in ran.output
    assert "7 of 8 passed (8 cases, 0 Rego tests)" in ran.output


def test_only_what_the_filter_names_is_run(skeleton: Path) -> None:
    """A filter counts for cases and Rego tests alike."""
    ran = actas("test", "--policies", skeleton, "--filter", "SUB_AGENT", "--json")

    assert ran.status == 0
    assert ran.document["suites"] == []
    assert {test["package"].rpartition(".")[2] for test in ran.document["rego"]} == {
        "sub_agents_read_test",
        "sub_agent_lifetime_test",
    }


def test_a_run_of_nothing_has_not_passed(skeleton: Path, tmp_path: Path) -> None:
    """A misspelt filter or an empty directory must not look green."""
    nothing = actas("test", "--policies", skeleton, "--filter", "no such thing")
    empty = actas("test", tmp_path, "--policies", skeleton)

    assert (nothing.status, empty.status) == (2, 2)
    assert "contains 'no such thing'" in nothing.complaint


def test_a_suite_that_cannot_be_read_is_status_2_with_its_line(repository: Path) -> None:
    """Nothing runs while a suite is in doubt."""
    _edit(repository / "cases" / "mail.yaml", "codes: [ACR_INSUFFICIENT]", "code: ACR_INSUFFICIENT")

    ran = actas("test", "--policies", ".", cwd=repository)

    assert (ran.status, ran.output) == (2, "")
    assert "cases/mail.yaml:24: expect.code is unknown" in ran.complaint


def test_a_rego_test_that_fails_fails_the_run(repository: Path) -> None:
    """Rego tests and suites are one run, and there is no coverage of what failed."""
    rule = repository / "custom" / "actas" / "rules" / "sub_agents_read"
    _edit(rule / "sub_agents_read_test.rego", '== {"SUB_AGENT_READS_ONLY"}', '== {"SOMETHING_ELSE"}')

    ran = actas("test", "--policies", ".", "--coverage", "--json", cwd=repository)

    assert ran.status == 1
    failed = [test for test in ran.document["rego"] if test["outcome"] == "failed"]
    assert {test["name"] for test in failed} == {
        "test_a_sub_agent_may_not_send",
        "test_an_unknown_chain_may_not_send",
    }
    assert failed[0]["file"] == "custom/actas/rules/sub_agents_read/sub_agents_read_test.rego"
    assert "coverage" not in ran.document


def test_coverage_below_the_threshold_fails_the_run(repository: Path) -> None:
    """The report names the file and the lines that no test evaluates."""
    tests = repository / "custom" / "actas" / "rules" / "sub_agents_read" / "sub_agents_read_test.rego"
    tests.unlink()

    ran = actas("test", "--policies", repository, "--threshold", "90")

    assert ran.status == 1
    assert "90 % wanted" in ran.output
    assert "sub_agents_read.rego" in ran.output


def test_a_guard_suite_holds_for_its_effect_on_every_revision(repository: Path) -> None:
    """An adopter's rule may deny for another reason; it may not allow."""
    (repository / "cases" / "guard.yaml").write_text(GUARD, encoding="utf-8")

    ran = actas("test", "--policies", repository, "--filter", "What no revision may allow", "--json")

    assert ran.status == 0, ran.output
    assert ran.document["suites"][0]["cases"][0]["outcome"] == "passed"


def test_a_case_that_cannot_be_decided_fails_with_the_reason(repository: Path) -> None:
    """A misspelt member of a request is the suite's mistake, and is named."""
    _edit(repository / "cases" / "mail.yaml", "request: {scope: mail.send}", "request: {scoop: mail.send}")

    ran = actas("test", "cases/mail.yaml", "--policies", ".", cwd=repository)

    assert ran.status == 1
    assert "the case cannot be decided: scoop: unknown member" in ran.output
