"""JUnit XML of a test run."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from actas.policy.expectation import Difference
from actas.policy.junit import to_xml
from actas.policy.report import CaseResult, Coverage, Outcome, RegoTest, Report, SuiteResult

REPORT = Report(
    "abc",
    (
        SuiteResult(
            "Mail is read",
            "cases/mail.yaml",
            False,
            (
                CaseResult("a read is allowed", 7, Outcome.PASSED, 0.25),
                CaseResult(
                    "a <send> is \x1b[31mdenied", 9, Outcome.FAILED, 0.5, (Difference("effect", "DENY", "ALLOW"),)
                ),
                CaseResult("an answer comes", 12, Outcome.ERROR, 0.0, (), "no decision was made"),
            ),
        ),
    ),
    (
        RegoTest("custom.b_test", "test_y", "b_test.rego", 3, Outcome.FAILED, 0.1, "the test is not true"),
        RegoTest("custom.a_test", "test_x", "a_test.rego", 3, Outcome.PASSED, 0.1),
    ),
)


def test_every_case_and_rego_test_is_in_the_document_with_its_place() -> None:
    """A CI system shows a failure at the file and line of its case."""
    root = Xml.fromstring(to_xml(REPORT))

    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["a read is allowed"].attrib == {
        "classname": "Mail is read",
        "name": "a read is allowed",
        "file": "cases/mail.yaml",
        "line": "7",
        "time": "0.250",
    }
    assert cases.keys() >= {"test_x", "test_y", "an answer comes"}


def test_failures_and_errors_are_told_apart_and_counted() -> None:
    """A case without an answer is an error, one with another answer a failure."""
    root = Xml.fromstring(to_xml(REPORT))

    counts = {s.get("name"): (s.get("tests"), s.get("failures"), s.get("errors")) for s in root.iter("testsuite")}
    assert counts == {
        "Mail is read": ("3", "1", "1"),
        "custom.a_test": ("1", "0", "0"),
        "custom.b_test": ("1", "1", "0"),
    }
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == 'effect: expected "DENY", actual "ALLOW"'


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    """A case name with a control character must not make the whole document unreadable."""
    names = [case.get("name") for case in Xml.fromstring(to_xml(REPORT)).iter("testcase")]

    assert "a <send> is \N{REPLACEMENT CHARACTER}[31mdenied" in names


def test_missing_coverage_is_a_failure_of_its_own() -> None:
    """A run below the threshold must be red where only the JUnit file is looked at."""
    root = Xml.fromstring(to_xml(Report("abc", (), (), Coverage(80.0, 90.0, ()))))

    assert root.find(".//testsuite[@name='coverage']/testcase/failure") is not None


def test_a_reached_threshold_adds_no_failure() -> None:
    """Coverage that suffices is no news."""
    assert "failure" not in to_xml(Report("abc", (), (), Coverage(90.0, 90.0, ()))).split("testsuites", 1)[1]
