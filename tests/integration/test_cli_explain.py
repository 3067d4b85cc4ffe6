"""`actas explain` on real OPA."""

from __future__ import annotations

import json
from pathlib import Path

from cli_support import actas, policy_repository, vectors


def test_a_denial_is_explained_by_its_rule_its_place_and_its_input() -> None:
    """The line is where the denial stands in the Rego, and the values are those of the request."""
    request = vectors()[0]["request"] | {"grant_type": "password"}

    ran = actas("explain", "-", "--json", stdin=json.dumps(request))

    assert ran.status == 1
    rule = next(rule for rule in ran.document["rules"] if rule["code"] == "UNSUPPORTED_GRANT_TYPE")
    assert rule["inputs"]["input.grant_type"] == "password"
    assert "deny" in Path(rule["file"]).read_text(encoding="utf-8").splitlines()[rule["line"] - 1]
    assert [r["code"] for r in ran.document["rules"]] == [d["code"] for d in ran.document["decision"]["denials"]]


def test_a_person_sees_which_rule_of_an_adopter_fired(tmp_path: Path) -> None:
    """The adopter's own rule is shown with its title, its file and the value that it did not like."""
    repository = policy_repository(tmp_path)
    example = (repository / "examples" / "sub-agent-reads.yaml").read_text(encoding="utf-8")
    sending = example.replace("scope: mail.read\n", "scope: mail.send\n")

    ran = actas("explain", "-", "--policies", ".", cwd=repository, stdin=sending)

    assert ran.status == 1
    assert "SUB_AGENT_READS_ONLY Sub-agents only read" in ran.output
    assert "custom/actas/rules/sub_agents_read/sub_agents_read.rego:21" in ran.output
    assert '"mail.send"' in ran.output


def test_an_allow_has_no_rule_that_fired(tmp_path: Path) -> None:
    """Nothing denied, so there is nothing to explain but the limits."""
    repository = policy_repository(tmp_path)

    ran = actas("explain", "examples/read-mail.yaml", "--policies", ".", cwd=repository)

    assert ran.status == 0
    assert "ALLOW" in ran.output
    assert "No rule denied" in ran.output


def test_text_of_the_request_cannot_move_the_cursor() -> None:
    """What a caller sends is shown to a person who investigates it; controls are written out."""
    request = vectors()[0]["request"] | {"grant_type": "\x1b[2J\u202epassword"}

    ran = actas("explain", "-", stdin=json.dumps(request))

    assert ran.status == 1
    assert "\x1b" not in ran.output
    assert "\u202e" not in ran.output


def test_bad_input_is_status_2() -> None:
    """There is no decision to explain."""
    ran = actas("explain", "-", stdin="{}")

    assert (ran.status, ran.output) == (2, "")
    assert "authorization_server" in ran.complaint


def test_the_file_that_cannot_be_read_is_named() -> None:
    """For a person, and as a document for a program."""
    told, document = actas("explain", "mial.yaml"), actas("explain", "mial.yaml", "--json")

    assert (told.status, told.complaint) == (2, "error: mial.yaml: cannot be read: No such file or directory\n")
    assert (document.status, document.document["error"]["status"]) == (2, "INVALID_ARGUMENT")


def test_a_terminal_that_lacks_a_character_ends_nothing() -> None:
    """It is written out, as on standard error."""
    request = vectors()[0]["request"] | {"grant_type": "pässword"}

    ran = actas("explain", "-", stdin=json.dumps(request), env={"PYTHONIOENCODING": "ascii"})

    assert ran.status == 1
    assert "p\\xe4ssword" in ran.output
