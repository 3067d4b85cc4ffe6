"""Fixture suites: how they are read, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from actas.policy import fixtures, suite_yaml
from actas.policy.fixture_parts import PARTS_FILE
from actas.policy.fixtures import SuiteError

ROOT = Path(__file__).resolve().parents[2]
SUITE = """\
suite: Mail is read
now: 2027-01-15T08:00:00Z
fixtures:
  base:
    request: {scope: mail.read, client: {client_id: a, tenant: t}}
    data: {settings: {max_targets: 1}}
cases:
  - name: a read is allowed
    extends: base
    expect: {effect: ALLOW}
  - name: sending is denied
    extends: base
    now: 1800000001
    request: {scope: mail.send, client: {tenant: null}}
    data: {state: {freshness: stale}}
    expect: {effect: DENY, codes: [ACR_INSUFFICIENT]}
"""


def _write(directory: Path, text: str, name: str = "mail.yaml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def _problems(directory: Path, text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        fixtures.load(_write(directory, text), relative_to=directory)
    return [str(problem) for problem in caught.value.problems]


def _case(**members: Any) -> str:
    case = {"name": "n", "request": {}, "expect": {"effect": "ALLOW"}, **members}
    return json.dumps({"suite": "s", "now": 1, "cases": [{k: v for k, v in case.items() if v is not ...}]})


def test_a_case_is_its_parts_with_its_own_members_merged_in(tmp_path: Path) -> None:
    """Null removes a member, objects merge, and what the case says wins."""
    suite = fixtures.load(_write(tmp_path, SUITE))

    first, second = suite.cases
    assert first.request == {"scope": "mail.read", "client": {"client_id": "a", "tenant": "t"}}
    assert second.request == {"scope": "mail.send", "client": {"client_id": "a"}}
    assert second.data == {"settings": {"max_targets": 1}, "state": {"freshness": "stale"}}


def test_null_is_a_value_where_nothing_is_extended(tmp_path: Path) -> None:
    """A claim can be null; a merge patch could not say so (RFC 7386, section 1)."""
    base = _write(tmp_path, _case(request={"subject_token": {"claims": {"exp": None}}}))

    assert fixtures.load(base).cases[0].request == {"subject_token": {"claims": {"exp": None}}}


def test_the_time_of_the_suite_holds_where_a_case_names_none(tmp_path: Path) -> None:
    """The clock is frozen for every case."""
    first, second = fixtures.load(_write(tmp_path, SUITE)).cases

    assert (first.now, second.now) == (1_800_000_000, 1_800_000_001)


def test_a_case_knows_the_line_it_starts_on(tmp_path: Path) -> None:
    """A failing case is shown at its place."""
    assert [case.line for case in fixtures.load(_write(tmp_path, SUITE)).cases] == [8, 11]


def test_parts_beside_the_suite_can_be_extended_and_hidden(tmp_path: Path) -> None:
    """Suites of one directory share their parts; a suite's own part of that name comes first."""
    _write(tmp_path, "fixtures: {who: {request: {scope: shared}}, base: {request: {scope: shared}}}", PARTS_FILE)
    text = SUITE.replace("extends: base\n    expect", "extends: [base, who]\n    expect")

    first, second = fixtures.load(_write(tmp_path, text)).cases

    assert first.request["scope"] == "shared"
    assert first.request["client"] == {"client_id": "a", "tenant": "t"}
    assert second.request["client"] == {"client_id": "a"}


def test_the_file_of_shared_parts_is_no_suite(tmp_path: Path) -> None:
    """Only files with cases are run."""
    _write(tmp_path, "fixtures: {}", PARTS_FILE)
    _write(tmp_path, "authorization_server: https://as.example.com", "example.yaml")
    hidden = tmp_path / ".git"
    hidden.mkdir()
    _write(hidden, SUITE)

    assert fixtures.find([tmp_path, _write(tmp_path, SUITE)]) == [tmp_path / "mail.yaml"]


@pytest.mark.parametrize("line", ["suite: s", "suite : s", "'suite': s", '"suite" : s', "cases:"])
def test_a_suite_is_known_however_its_members_are_written(tmp_path: Path, line: str) -> None:
    """One that is passed over would test nothing, without a word."""
    (tmp_path / "s.yaml").write_text(f"# A comment\n{line}\n", encoding="utf-8")
    (tmp_path / "t.yaml").write_text(f"of:\n  {line}\nsuites: 1\n", encoding="utf-8")

    assert fixtures.find([tmp_path]) == [tmp_path / "s.yaml"]


def test_dates_in_a_request_stay_text(tmp_path: Path) -> None:
    """A document's times are RFC 3339 text or numbers, never a date of YAML."""
    text = _case().replace('"request": {}', '"request": {"a": 2027-01-15T08:00:00Z, "b": 2027-01-15, "c": yes}')

    assert fixtures.load(_write(tmp_path, text)).cases[0].request == {
        "a": "2027-01-15T08:00:00Z",
        "b": "2027-01-15",
        "c": "yes",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (_case(expect=...), "mail.yaml:1: expect must be an object with the member 'effect'"),
        (_case(expect={"codes": []}), "mail.yaml:1: expect.effect is missing: say ALLOW or DENY"),
        (_case(expect={"effect": "allow"}), "mail.yaml:1: expect.effect must be ALLOW or DENY"),
        (_case(expect={"effect": "ALLOW", "limits": {"scopes": []}}), "expect.limits.scopes is unknown"),
        (_case(expect={"effect": "ALLOW", "limits": {"scope": "a b"}}), "expect.limits.scope must be a list of scopes"),
        (_case(expect={"effect": "DENY", "code": "X"}), "expect.code is unknown"),
        (_case(expect={"effect": "DENY", "codes": "X"}), "expect.codes must be a list of denial codes"),
        (_case(expect={"effect": "DENY", "narrowed": "no"}), "expect.narrowed must be true or false"),
        (_case(extends="nobody"), "there is no part named 'nobody'; known: none"),
        (_case(extends=7), "'extends' must be the name of a part"),
        (_case(request=...), "the case has no 'request' object"),
        (_case(request=[]), "the case has no 'request' object"),
        (_case(name=" "), "the case needs a 'name'"),
        (_case(data={"setings": {}}), "'setings' is unknown here"),
        (_case(data=[]), "'data' must be an object"),
        (_case(now="tomorrow"), "a time is RFC 3339"),
        (_case(now=True), "a time is RFC 3339"),
        (_case(skip=True), "'skip' is unknown here"),
        ('{"suite": "s", "cases": [{"name": "n", "request": {}, "expect": {"effect": "DENY"}}]}', "no 'now'"),
        ('{"suite": "s", "now": 1, "cases": []}', "'cases' must be a list of at least one case"),
        ('{"suite": "", "now": 1, "cases": []}', "'suite' must be a sentence"),
        ('{"suite": "s", "guard": "yes", "now": 1, "cases": []}', "'guard' must be true or false"),
        ("[]", "a suite is an object with 'suite' and 'cases'"),
        ("", "a suite is an object with 'suite' and 'cases'"),
        ("suite: s\nsuite: t", "mail.yaml:2: 'suite' is written twice"),
        ("suite: s\n\tcases: []", "mail.yaml:2: not YAML"),
        ("suite: !!binary aGk=", "YAML tags are not used in suites"),
        ("suite: s\nnow: .nan", "mail.yaml:2: .nan is no JSON number"),
        ("suite: s\nnow: 1e999", "mail.yaml:2: the number is too large"),
        ("a: " + "[" * 300 + "]" * 300, "too deeply nested"),
    ],
)
def test_what_is_wrong_with_a_suite_is_said_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    """A misspelt key or expectation would silently check nothing, so it is an error."""
    assert any(problem in found for found in _problems(tmp_path, text)), _problems(tmp_path, text)


def test_two_cases_of_one_name_are_an_error(tmp_path: Path) -> None:
    """A report could not say which of them failed."""
    text = SUITE.replace("sending is denied", "a read is allowed")

    assert _problems(tmp_path, text) == ["mail.yaml:11: the name 'a read is allowed' is taken by the case at line 8"]


def test_a_part_that_extends_itself_is_an_error(tmp_path: Path) -> None:
    """A circle has no first part."""
    text = SUITE.replace("  base:\n", "  other: {extends: base}\n  base:\n    extends: other\n")

    assert any("extends itself" in problem for problem in _problems(tmp_path, text))


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    """Nobody wants to find them one run at a time."""
    text = SUITE.replace("effect: ALLOW", "efect: ALLOW").replace("codes:", "code:")

    assert len(_problems(tmp_path, text)) == 3


def test_a_file_that_multiplies_itself_is_refused(tmp_path: Path) -> None:
    """Anchors that refer to anchors grow exponentially."""
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))

    assert any("too large" in problem for problem in _problems(tmp_path, "l0: &l0 [a]\n" + levels))


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A misspelt path must not look like a run that passed."""
    with pytest.raises(SuiteError, match="nowhere: no such file or directory"):
        fixtures.find([tmp_path / "nowhere"])


def test_the_published_schema_accepts_what_the_reader_accepts(tmp_path: Path) -> None:
    """Editors must not complain about suites that run."""
    schema = json.loads((ROOT / "policies" / "suite.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    paths = [_write(tmp_path, SUITE), *fixtures.find([ROOT / "deploy" / "policy-repo"])]

    for path in paths:
        jsonschema.validate(suite_yaml.read(path).value, schema)


@pytest.mark.parametrize(
    "text",
    [
        _case(expect={"codes": []}),
        _case(expect={"effect": "DENY", "code": "X"}),
        _case(expect={"effect": "ALLOW", "limits": {"scopes": []}}),
        _case(data={"setings": {}}),
        _case(skip=True),
    ],
)
def test_the_published_schema_refuses_what_the_reader_refuses(tmp_path: Path, text: str) -> None:
    """An editor shows a misspelt key where it is written."""
    schema = json.loads((ROOT / "policies" / "suite.schema.json").read_text(encoding="utf-8"))

    assert not jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))
    assert _problems(tmp_path, text)
