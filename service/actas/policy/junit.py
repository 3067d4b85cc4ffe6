"""A test run as JUnit XML, as CI systems read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree as Xml

from actas.policy.report import CaseResult, Outcome, RegoTest, Report

# XML 1.0 has no way to write these, not even escaped (section 2.2).
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_xml(report: Report) -> str:
    """Write *report* as one `testsuites` document; suites and Rego packages are its `testsuite`s."""
    root = Xml.Element("testsuites", name="actas")
    for suite in report.suites:
        _suite(root, suite.title, suite.file, [_case(suite.title, suite.file, case) for case in suite.cases])
    for package, tests in groupby(sorted(report.rego, key=lambda t: (t.package, t.line)), key=lambda t: t.package):
        ran = list(tests)
        _suite(root, package, ran[0].file, [_rego(test) for test in ran])
    if report.coverage is not None and not report.coverage.reached:
        _suite(root, "coverage", "", [_missing_coverage(report.coverage.percent, report.coverage.threshold)])
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: Xml.Element, name: str, file: str, cases: Iterable[Xml.Element]) -> None:
    found = list(cases)
    element = Xml.SubElement(root, "testsuite", name=_clean(name), file=_clean(file))
    element.set("tests", str(len(found)))
    element.set("failures", str(sum(case.find("failure") is not None for case in found)))
    element.set("errors", str(sum(case.find("error") is not None for case in found)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in found):.3f}")
    element.extend(found)


def _case(suite: str, file: str, case: CaseResult) -> Xml.Element:
    element = _element(suite, case.name, file, case.line, case.seconds)
    _outcome(element, case.outcome, case.summary, f"{file}:{case.line}\n{case.summary}")
    return element


def _rego(test: RegoTest) -> Xml.Element:
    element = _element(test.package, test.name, test.file, test.line, test.seconds)
    _outcome(element, test.outcome, test.message, f"{test.file}:{test.line}")
    return element


def _missing_coverage(percent: float, threshold: float) -> Xml.Element:
    element = _element("coverage", f"at least {threshold:g} %", "", 0, 0.0)
    _outcome(element, Outcome.FAILED, f"{percent:g} % of the Rego lines are covered", "")
    return element


def _element(suite: str, name: str, file: str, line: int, seconds: float) -> Xml.Element:
    where = {"file": _clean(file), "line": str(line)} if file else {}
    return Xml.Element(
        "testcase", {"classname": _clean(suite), "name": _clean(name), **where, "time": f"{seconds:.3f}"}
    )


def _outcome(element: Xml.Element, outcome: Outcome, message: str, details: str) -> None:
    if outcome is Outcome.PASSED:
        return
    tag = "failure" if outcome is Outcome.FAILED else "error"
    Xml.SubElement(element, tag, message=_clean(message)).text = _clean(details)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
