"""`actas decide` on real OPA."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli_support import actas, environment, policy_repository, vectors


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a policy repository as `actas init` writes it."""
    return policy_repository(tmp_path_factory.mktemp("decide"))


def _line(case: dict[str, Any], **members: Any) -> str:
    return json.dumps({"request": case["request"], "now": case["now"], "data": case["data"], **members})


def test_every_vector_comes_out_in_its_line() -> None:
    """One answer per line in the order of the lines, over the data and at the time of each."""
    cases = vectors()

    ran = actas("decide", "--jsonl", "-", stdin="\n".join(map(_line, cases)))

    assert ran.status == 1
    wrong = []
    for case, answer in zip(cases, ran.documents, strict=True):
        expect = case["expect"]
        codes = {denial["code"] for denial in answer.get("denials", [])}
        if answer["effect"] != expect["effect"] or not set(expect.get("codes", [])) <= codes:
            wrong.append((case["id"], expect["effect"], expect.get("codes"), answer["effect"], sorted(codes)))
    assert wrong == []


def test_one_engine_answers_all_lines(tmp_path: Path) -> None:
    """Starting OPA per line would take a second each."""
    started = tmp_path / "started"
    opa = tmp_path / "opa"
    opa.write_text(f'#!/bin/sh\n[ "$1" = run ] && echo x >> {started}\nexec "{_real_opa()}" "$@"\n', encoding="utf-8")
    opa.chmod(0o755)
    case = vectors()[0]

    lines = "\n".join([_line(case)] * 30)
    ran = actas("decide", "--jsonl", "--engine", "sidecar", "-", stdin=lines, env={"ACTAS_OPA": str(opa)})

    assert (ran.status, len(ran.documents)) == (0, 30)
    assert started.read_text(encoding="utf-8").splitlines() == ["x"]


def _real_opa() -> Path:
    ran = actas("opa", "path")
    assert ran.status == 0, ran.complaint
    return Path(ran.output.strip())


def test_a_bad_line_is_answered_in_its_place() -> None:
    """One line's mistake leaves the others alone, and the worst status wins."""
    case = vectors()[0]
    unknown = {**case["request"], "sbuject_token": {}}
    lines = [
        _line(case),
        "not json",
        _line(case, nwo=1),
        _line(case, request=unknown),
        _line(case, now="yesterday"),
        _line(case, now=True),
        _line(case, data={"state": {"freshness": "ripe"}}),
        _line(case, data={"policy": {}}),
        json.dumps({"now": 1}),
        "",
        _line(case, now="2027-01-15T08:00:00Z"),
    ]

    ran = actas("decide", "--jsonl", "-", stdin="\n".join(lines))

    assert ran.status == 2
    answers = ran.documents
    assert len(answers) == len(lines)
    assert [answer.get("effect") for answer in answers] == ["ALLOW", *[None] * 9, "ALLOW"]
    assert [answer["error"]["field"] for answer in answers[1:-1]] == [
        "",
        "nwo",
        "sbuject_token",
        "now",
        "now",
        "data.state",
        "data.policy",
        "request",
        "",
    ]
    assert {answer["error"]["status"] for answer in answers[1:-1]} == {"INVALID_ARGUMENT"}
    assert all(answer["error"]["message"] for answer in answers[1:-1])


def test_repeated_members_of_claims_stay_visible() -> None:
    """The claims of a line are read as the token's text says them, and ambiguous ones are denied."""
    line = _line(vectors()[0]).replace('"sub": "alice"', '"sub": "mallory", "sub": "alice"')

    ran = actas("decide", "--jsonl", "-", stdin=line)

    assert ran.status == 1
    assert "MALFORMED_CLAIMS" in [denial["code"] for denial in ran.documents[0]["denials"]]


def test_the_examples_of_a_new_repository_are_allowed(repository: Path) -> None:
    """What `actas init` writes works at once."""
    examples = sorted((repository / "examples").glob("*.yaml"))

    ran = actas("decide", *examples, "--policies", repository, "--json")

    assert ran.status == 0, ran.output + ran.complaint
    assert [answer["effect"] for answer in ran.documents] == ["ALLOW"] * len(examples)


def test_a_person_reads_what_may_be_issued(repository: Path) -> None:
    """Without --json a decision is a panel, without colours where there is no terminal."""
    ran = actas("decide", repository / "examples" / "read-mail.yaml", "--policies", repository)

    assert ran.status == 0
    for words in (
        "ALLOW",
        "mail.read",
        "https://mail.example.com/",
        "at most 300 s",
        "spiffe://example.org/agent/mail",
    ):
        assert words in ran.output
    assert "\x1b" not in ran.output


def test_the_time_can_be_chosen(repository: Path) -> None:
    """At a time after its end the same token is refused."""
    example = repository / "examples" / "read-mail.yaml"

    ran = actas("decide", example, "--policies", repository, "--now", "2100-01-02T00:00:00Z", "--json")

    assert ran.status == 1
    assert ran.document["evaluated_at"] == "2100-01-02T00:00:00.000Z"
    assert "SUBJECT_TOKEN_EXPIRED" in [denial["code"] for denial in ran.document["denials"]]


def test_a_document_is_read_from_standard_input(repository: Path) -> None:
    """JSON and YAML are told apart by themselves."""
    yaml = (repository / "examples" / "read-mail.yaml").read_text(encoding="utf-8")

    from_yaml = actas("decide", "-", "--policies", repository, "--json", stdin=yaml)
    from_json = actas("decide", "-", "--json", stdin=json.dumps(vectors()[0]["request"]))

    assert (from_yaml.status, from_json.status) == (0, 1)
    assert from_json.document["effect"] == "DENY"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "authorization_server"),
        ("{", "not JSON"),
        ('{"authorization_server": "a", "clinet": {}}', "clinet"),
        ("- a", "must be an object"),
        ("a: [", ""),
        (b"\xff\xfe", "UTF-8"),
        ("[" * 10_000, ""),
    ],
)
def test_bad_input_is_a_sentence_and_status_2(text: str | bytes, words: str) -> None:
    """No stack trace, no decision, and the member is named."""
    ran = actas("decide", "-", stdin=text)

    assert (ran.status, ran.output) == (2, "")
    assert ran.complaint.startswith("error: ")
    assert words in ran.complaint


def test_bad_input_is_a_document_where_json_is_asked_for() -> None:
    """A program reads the error where it would read the decision."""
    ran = actas("decide", "-", "--json", stdin='{"authorization_server": 7}')

    assert ran.status == 2
    assert ran.document["error"]["field"] == "authorization_server"
    assert ran.document["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.yaml"],
        ["--jsonl", "nowhere.jsonl"],
        ["-", "--now", "yesterday"],
        ["-", "--policies", "nowhere"],
        ["-", "--target", "127.0.0.1:1", "--now", "1800000000"],
        ["-", "--target", "nowhere"],
        ["-", "--target", "192.0.2.1:50051"],
        [],
    ],
)
def test_a_mistaken_call_is_status_2(arguments: list[str], tmp_path: Path) -> None:
    """Nothing is decided on a misunderstanding."""
    ran = actas("decide", *arguments, cwd=tmp_path, stdin="{}")

    assert (ran.status, ran.output) == (2, "")
    assert ran.complaint


def test_a_service_that_is_not_there_is_status_3() -> None:
    """No answer is no decision."""
    ran = actas("decide", "-", "--target", "127.0.0.1:1", "--json", stdin=json.dumps(vectors()[0]["request"]))

    assert ran.status == 3
    assert ran.document["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("rules/broken/broken.rego", "package custom.actas.rules.broken\n\ndeny contains {", "broken.rego:3"),
        ("settings/data.yaml", "max_targets: many\n", "settings/data.yaml:1"),
    ],
)
def test_policies_that_are_wrong_make_no_decision(tmp_path: Path, file: str, text: str, words: str) -> None:
    """Status 3 says that nothing was decided, and the message says what is wrong and where."""
    repository = policy_repository(tmp_path)
    path = repository / "custom" / "actas" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")

    ran = actas("decide", repository / "examples" / "read-mail.yaml", "--policies", repository)

    assert (ran.status, ran.output) == (3, "")
    assert words in ran.complaint


def test_an_answer_comes_before_the_next_question_is_asked() -> None:
    """A program may wait for each answer, so lines are neither collected nor held back."""
    line = (_line(vectors()[0]) + "\n").encode()
    with subprocess.Popen(
        [sys.executable, "-m", "actas", "decide", "--jsonl", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as asked:
        assert asked.stdin is not None
        assert asked.stdout is not None
        for _ in range(3):
            asked.stdin.write(line)
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["effect"] == "ALLOW"
        asked.stdin.close()
        started = time.monotonic()
        assert asked.wait(timeout=30) == 0
        assert time.monotonic() - started < 15
