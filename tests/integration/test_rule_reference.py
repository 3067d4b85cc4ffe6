"""The generated rule reference: what it says, and what it does not let pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actas.policy.checks import CHECKS, read_outputs
from actas.policy.reference import Reference, build
from activation_support import RULE, small_policies, write
from engine_support import opa

CHECKED = RULE.replace("#   reason:", "#   checks: [REQ-06]\n#   reason:")
REGO_TEST = 'package actas.rules.client_test\n\ntest_an_unknown_client if {\n\t"CLIENT_NOT_ALLOWED" == "x"\n}\n'
SUITE = """\
suite: Clients
now: 2027-01-15T08:00:00Z
cases:
  - name: a stranger
    request: {}
    expect: {effect: DENY, codes: [CLIENT_NOT_ALLOWED]}
"""
OUTPUTS = """\
outputs:
  - check: ACT-02
    says: the chain is kept
    guaranteed: [code.py#keep]
    shown: [test.py#test_keep]
later:
  - names: [TOK-12]
    why: it needs a record
"""
VECTOR = json.dumps({"expect": {"effect": "DENY", "codes": ["CLIENT_NOT_ALLOWED"]}})


def reference(folder: Path, *, rule: str = CHECKED, **changed: str) -> Reference:
    """Build the reference of one rule, all of whose cells are filled unless *changed*."""
    shipped = small_policies(folder, {"actas/rules/client/client.rego": rule})
    files = {
        "policies/outputs.yaml": OUTPUTS,
        "policies/cases/clients.yaml": SUITE,
        "policies/actas/rules/client/client_test.rego": REGO_TEST,
        "tests/vectors/exchange.jsonl": f"{VECTOR}\n{VECTOR}\n",
        "code.py": "def keep(): ...\n",
        "test.py": "def test_keep(): ...\n",
    }
    write(folder, files | changed)
    return build(shipped, opa=opa())


def wrong(made: Reference) -> list[str]:
    """Give the problems but for the many checks that one rule cannot make."""
    return [problem for problem in made.problems() if "no rule's METADATA and no entry" not in problem]


def test_a_row_says_who_makes_the_check_from_what_and_what_shows_it(tmp_path: Path) -> None:
    """Check, code, rule, error, group, specification, input and cases stand in one line."""
    made = reference(tmp_path)

    (row,) = [line for line in made.text().splitlines() if line.startswith("| REQ-06 |")]

    assert row == (
        "| REQ-06 | `CLIENT_NOT_ALLOWED`<br>[client](actas/rules/client/client.rego): A registered client "
        "| `unauthorized_client`<br>shape "
        "| [RFC 6749, 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) "
        "| `client.client_id` | 1 in [clients.yaml](cases/clients.yaml): a stranger<br>2 in the vectors"
        "<br>1 in [client_test.rego](actas/rules/client/client_test.rego) |"
    )
    assert wrong(made) == []


def test_a_check_that_nobody_makes_is_named(tmp_path: Path) -> None:
    """Every check of this version but the two that are made here is missing, by name."""
    missing = [problem[:6] for problem in reference(tmp_path).problems()]

    assert missing == [check for check in CHECKS if check not in {"REQ-06", "ACT-02"}]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"rule": RULE}, "METADATA custom.checks names no check"),
        ({"tests/vectors/exchange.jsonl": VECTOR}, "2 end-to-end cases expect it, 3 are needed"),
        ({"policies/cases/clients.yaml": SUITE.replace("_ALLOWED", "_AUTHENTICATED")}, "no case in policies/cases"),
        (
            {"policies/actas/rules/client/client_test.rego": "package actas.rules.client_test\n"},
            "no Rego test names it",
        ),
        ({"code.py": ""}, "ACT-02 is said to be guaranteed or shown by 'keep' in code.py, which has no such name"),
        ({"policies/outputs.yaml": OUTPUTS.replace("test.py#", "gone.py#")}, "in gone.py, which is not there"),
        ({"policies/outputs.yaml": OUTPUTS.replace("TOK-12", "REQ-06")}, "REQ-06: is made, although outputs.yaml says"),
        ({"rule": CHECKED.replace("input.client.client_id", '"a"')}, "the rule reads no input"),
    ],
)
def test_an_empty_cell_is_named(tmp_path: Path, changed: dict[str, str], expected: str) -> None:
    """What the page could not say fails the build, in a sentence."""
    rule = changed.pop("rule", CHECKED)

    found = wrong(reference(tmp_path, rule=rule, **changed))

    assert any(expected in problem for problem in found), found


def test_what_a_rule_reads_through_computed_names_is_found(tmp_path: Path) -> None:
    """`data.actas.limits[_]` is every limit, so a rule over all limits reads what they read."""
    limit = "# METADATA\n# title: L\npackage actas.limits.l\n\n"
    limit += "granted_scope := input.scope\n\nmax_lifetime_seconds := input.x\n"
    rule = CHECKED.replace(
        "data.actas.index.clients[input.client.client_id]", 'data.actas.limits[_].granted_scope == "a"'
    )
    small_policies(tmp_path, {"actas/rules/client/client.rego": rule, "actas/limits/l/l.rego": limit})
    (tmp_path / "policies" / "outputs.yaml").write_text(OUTPUTS, encoding="utf-8")
    write(tmp_path, {"policies/cases/clients.yaml": SUITE, "tests/vectors/exchange.jsonl": ""})

    (row,) = [line for line in build(tmp_path / "policies", opa=opa()).text().splitlines() if "REQ-06" in line]

    assert "| `scope` |" in row


def test_outputs_of_another_shape_are_refused(tmp_path: Path) -> None:
    """The one table that is written by hand is checked like everything else."""
    path = tmp_path / "outputs.yaml"
    path.write_text("outputs:\n  - check: ACT-02\nlater: []\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"outputs\.yaml: output 1 needs check, says, guaranteed and shown"):
        read_outputs(path)
