"""The proving form: which Rego may be activated, and what is said about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from actas.errors import ActivationError
from actas.policy.bundle import compile_policy
from activation_support import POLICIES, RULE, compiled, problems
from engine_support import opa

HEAD = 'package actas.rules.client\n\ndeny contains {"code": "CLIENT_NOT_ALLOWED", "rule": "client", "reason": "r"} if '
PROOF = "\n\n_ok if input.client.client_id\n"

REFUSED = {
    "an accusation": (HEAD + 'input.client.client_id != "a"\n', "the body of a denial is one negated proof"),
    "a negated reference": (HEAD + "not input.client.client_id\n", "the body of a denial is one negated proof"),
    "a negated call": (HEAD + 'not startswith(input.client.client_id, "a")\n', "`not` may only stand before the name"),
    "a negated membership": (HEAD + 'not input.client.client_id in {"a"}\n', "the body of a denial is one negated"),
    "a second condition": (HEAD + "{\n\tinput.client\n\tnot _ok\n}" + PROOF, "the body of a denial is one negated"),
    "a replaced input": (HEAD + "not _ok with input as {}" + PROOF, "the body of a denial is one negated proof"),
    "a denial without condition": (HEAD.removesuffix(" if ") + "\n", "the body of a denial is one negated proof"),
    "another package's proof": (
        HEAD.replace("\n\ndeny", "\n\nimport data.actas.limits.nothing\n\ndeny") + "not nothing.max_lifetime_seconds\n",
        "the body of a denial is one negated proof",
    ),
    "a bare string": (
        'package actas.rules.client\n\ndeny contains "CLIENT_NOT_ALLOWED" if not _ok' + PROOF,
        "a denial is an object of the constant strings",
    ),
    "a computed reason": (
        HEAD.replace('"r"', 'sprintf("%v", [input.scope])') + "not _ok" + PROOF,
        "a denial is an object of the constant strings",
    ),
    "another rule's name": (HEAD.replace('"client"', '"other"') + "not _ok" + PROOF, 'rule must be "client"'),
    "an unknown code": (HEAD.replace("CLIENT_NOT_ALLOWED", "NO_SUCH_CODE") + "not _ok" + PROOF, "not in codes.json"),
    "a set as proof": (
        HEAD + "not _ok\n\n_ok contains 1 if input.client.client_id\n",
        "_ok is negated, so it must be a plain rule",
    ),
    "a value as proof": (HEAD + "not _ok\n\n_ok := input.client.client_id\n", "its value must be true"),
    "a proof that is true by default": (HEAD + "not _ok\n\ndefault _ok := true\n", "its default can only be false"),
    "no denial": ("package actas.rules.client\n\n_ok if input.x\n", "a rule's package exports deny"),
    "another package": (RULE.replace("package actas.rules.client", "package actas.rules.other"), "the package must be"),
    "a negated call in a proof": (
        HEAD + 'not _ok\n\n_ok if {\n\tevery v in input.resource {\n\t\tnot startswith(v, "a")\n\t}\n}\n',
        "`not` may only stand before the name",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_that_does_not_prove_is_refused(tmp_path: Path, name: str) -> None:
    """Every way of denying but the negation of one named proof has a way to allow by accident."""
    source, expected = REFUSED[name]

    found = problems(tmp_path, rego={"actas/rules/client/client.rego": source})

    assert any(expected in problem for problem in found), found
    assert all(problem.startswith("policies/actas/rules/client/client.rego:") for problem in found), found


def test_a_rule_in_the_proving_form_is_accepted(tmp_path: Path) -> None:
    """The form that the lint asks for passes it, and its rule table entry says where it stands."""
    (entry,) = compiled(tmp_path).metadata.find("CLIENT_NOT_ALLOWED")

    assert (entry.file, entry.line) == ("policies/actas/rules/client/client.rego", 14)
    assert entry.inputs == ("input.client.client_id",)
    assert entry.title == "A registered client"


@pytest.mark.parametrize(
    "call",
    [
        'regex.match("a", input.scope)',
        "time.now_ns() > 0",
        'http.send({"method": "get", "url": "x"})',
        'net.lookup_ip_addr("x") != set()',
        'net.cidr_contains("10.0.0.0/8", "10.1.1.1")',
        "opa.runtime() != {}",
        'rand.intn("x", 2) == 1',
        'io.jwt.decode_verify("x", {}) != []',
    ],
)
def test_built_ins_that_break_replay_or_cost_too_much_are_refused(tmp_path: Path, call: str) -> None:
    """The capabilities are an allow-list: no clock, no network, no regular expression."""
    source = RULE.replace("data.actas.index.clients[input.client.client_id]", call)

    found = problems(tmp_path, rego={"actas/rules/client/client.rego": source})

    assert any("client.rego:20: rego_type_error: undefined function" in problem for problem in found), found
    assert any("client.rego:20: built-ins of" in problem for problem in found), found


def test_a_shipped_rule_without_metadata_is_refused(tmp_path: Path) -> None:
    """METADATA is the documentation, so a shipped rule has all of it and it says what the rule says."""
    source = RULE.replace("# title: A registered client\n", "").replace("error: unauthorized", "error: invalid")

    found = problems(tmp_path, rego={"actas/rules/client/client.rego": source})

    assert [problem.partition(": ")[2] for problem in found] == [
        "METADATA custom.error must be 'unauthorized_client'",
        "METADATA lacks title",
    ]


def test_a_limit_without_both_exports_is_refused(tmp_path: Path) -> None:
    """A limit that limits only scope or only lifetime is half a limit."""
    limit = "# METADATA\n# title: Half\npackage actas.limits.nothing\n\ngranted_scope := set()\n"

    found = problems(tmp_path, rego={"actas/limits/nothing/nothing.rego": limit})

    assert any("exports max_lifetime_seconds" in problem for problem in found), found


def test_the_shipped_policies_pass_their_own_lint(tmp_path: Path) -> None:
    """What adopters are held to holds for what is shipped."""
    try:
        policy = compile_policy([], opa=opa(), into=tmp_path)
    except ActivationError as error:
        pytest.fail(str(error))

    assert set(policy.data.surroundings.required["rules"]) == {
        folder.name for folder in (POLICIES / "actas" / "rules").iterdir()
    }
