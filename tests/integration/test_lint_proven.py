"""`proven`: the decision does not ask a proven rule to deny, so it must name every proof of its package."""

from __future__ import annotations

from pathlib import Path

import pytest

from activation_support import CUSTOM_RULE, RULE, compiled, problems, write

ORIGIN = "policies/actas/rules/client/client.rego"
PROVEN = "proven if _registered\n"
LINE = RULE.splitlines().index("proven if _registered") + 1

TWO_PROOFS = RULE.replace(
    PROVEN,
    """\
# METADATA
# title: An authenticated client
# description: The client has shown who it is.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
# custom:
#   code: CLIENT_NOT_AUTHENTICATED
#   error: invalid_client
#   reason: the client is not authenticated
deny contains {
	"code": "CLIENT_NOT_AUTHENTICATED",
	"rule": "client",
	"reason": "the client is not authenticated",
} if not _authenticated

_authenticated if input.client.authenticated == true

""",
)

REFUSED = {
    "no proven": ("", 1, "a shipped rule's package exports proven"),
    "an else": ("proven if _registered\n\nelse := true\n", LINE, "proven is one rule"),
    "a second body": (PROVEN + "\nproven if _registered\n", LINE + 2, "proven is written a second time"),
    "a default": ("default proven := false\n\n" + PROVEN, LINE + 2, "proven is written a second time"),
    "nothing but a default": ("default proven := true\n", LINE, "proven is one rule"),
    "a value": ("proven := _registered\n", LINE, "proven is one rule"),
    "another value": ('proven := "yes" if _registered\n', LINE, "proven is one rule"),
    "a set": ("proven contains 1 if _registered\n", LINE, "proven is one rule"),
    "a function": ("proven(_x) if _registered\n", LINE, "proven is one rule"),
    "a negated proof": ("proven if not _registered\n", LINE, "proven is one rule"),
    "a replaced input": ("proven if _registered with input as {}\n", LINE, "proven is one rule"),
    "a condition beside the proofs": ("proven if {\n\t_registered\n\tinput.scope\n}\n", LINE, "proven is one rule"),
    "an extra proof": (
        "proven if {\n\t_registered\n\t_other\n}\n\n_other if input.scope\n",
        LINE,
        "proven asks for _other, which no denial negates",
    ),
    "another proof": (
        "proven if _other\n\n_other if input.scope\n",
        LINE,
        "proven leaves _registered out, so what it denies would be allowed",
    ),
    "no body": ("proven := true\n", LINE, "proven is one rule"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_proven_that_is_not_every_proof_is_refused(tmp_path: Path, name: str) -> None:
    """Each shape but the plain conjunction of all proofs could hold where a denial would."""
    written, line, expected = REFUSED[name]

    found = problems(tmp_path, rego={"actas/rules/client/client.rego": RULE.replace(PROVEN, written)})

    assert any(problem.startswith(f"{ORIGIN}:{line}: {expected}") for problem in found), found


def test_a_proof_that_proven_leaves_out_is_named(tmp_path: Path) -> None:
    """Of two proofs one is not enough: what the other one denies would never be asked."""
    rego = TWO_PROOFS + PROVEN

    found = problems(tmp_path, rego={"actas/rules/client/client.rego": rego})

    assert [problem.partition(": ")[2].partition(",")[0] for problem in found] == ["proven leaves _authenticated out"]


def test_a_proven_of_every_proof_is_accepted(tmp_path: Path) -> None:
    """The order does not matter, and a proof may have any number of definitions."""
    rego = TWO_PROOFS + "proven if {\n\t_authenticated\n\t_registered\n}\n\n_registered if input.client.known\n"

    policy = compiled(tmp_path, rego={"actas/rules/client/client.rego": rego})

    assert {entry.code for entry in policy.metadata.entries} == {"CLIENT_NOT_ALLOWED", "CLIENT_NOT_AUTHENTICATED"}


def test_a_denial_in_another_file_of_the_package_counts(tmp_path: Path) -> None:
    """A package is one thing, in however many files: its proven names the proofs of all of them."""
    second = TWO_PROOFS.partition("# METADATA\n# title: An authenticated client")[2]
    extra = (
        "# METADATA\n# title: More\npackage actas.rules.client\n\n# METADATA\n# title: An authenticated client" + second
    )

    found = problems(
        tmp_path, rego={"actas/rules/client/client.rego": RULE, "actas/rules/client/authenticated.rego": extra}
    )

    assert any(problem.startswith(f"{ORIGIN}:{LINE}: proven leaves _authenticated out") for problem in found), found


def test_adopters_rules_need_no_proven(tmp_path: Path) -> None:
    """The decision always asks custom rules to deny, so nothing hangs on their proven."""
    root = write(
        tmp_path / "own",
        {
            "custom/actas/rules/office_hours/office_hours.rego": CUSTOM_RULE,
            "custom/actas/registry/data.yaml": "clients: {}\n",
        },
    )

    assert compiled(tmp_path, root).metadata.find("OUT_OF_OFFICE")
