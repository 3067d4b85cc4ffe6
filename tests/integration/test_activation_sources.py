"""Adopters' roots: what is read from them, and what they may not hold."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

from activation_support import CUSTOM_RULE, RULE, compiled, problems, write
from engine_support import opa

SETTINGS = "custom/actas/settings/data.yaml"
REGISTRY = "custom/actas/registry/data.yaml"
OFFICE = {"custom/actas/rules/office_hours/office_hours.rego": CUSTOM_RULE}


def test_a_custom_rule_is_required_and_its_code_known(tmp_path: Path) -> None:
    """A rule of the adopter's that gets lost denies, and its code sorts into the group that it names."""
    root = write(tmp_path / "mine", OFFICE)

    tree = compiled(tmp_path, root).data.tree()["actas"]

    assert tree["custom_required"] == {"rules": {"office_hours": True}, "limits": {}}
    assert tree["required"]["rules"] == {"client": True}
    assert tree["custom_codes"]["OUT_OF_OFFICE"]["group"] == "approval"
    assert tree["custom_codes"]["OUT_OF_OFFICE"]["error"] == "access_denied"


def test_settings_replace_top_level_keys_and_weaker_ones_are_listed(tmp_path: Path) -> None:
    """The adopter's key replaces the shipped one whole; what it loosens is said."""
    root = write(tmp_path / "mine", {SETTINGS: "impersonation: allow\nrisk: {}\nmax_targets: 1\n"})

    policy = compiled(tmp_path, root)

    assert policy.data.settings["risk"] == {}
    assert policy.data.settings["max_chain_depth"] == 4
    assert policy.weaker == ("impersonation is allow; the shipped settings say deny",)


def test_wrong_settings_are_reported_with_file_and_line(tmp_path: Path) -> None:
    """A setting of the wrong type would switch a rule off, so it stops the activation where it stands."""
    settings = "max_targets: 1\nmax_chain_depth: four\nno_such_setting: 1\nrisk:\n  payment:\n    approval: 'yes'\n"
    root = write(tmp_path / "mine", {SETTINGS: settings})

    assert problems(tmp_path, root) == [
        f"mine/{SETTINGS}:2: settings.max_chain_depth: input should be a valid integer",
        f"mine/{SETTINGS}:3: settings.no_such_setting: unknown key",
        f"mine/{SETTINGS}:6: settings.risk.payment.approval: input should be a valid boolean",
    ]


def test_a_locked_or_unknown_code_cannot_be_disabled(tmp_path: Path) -> None:
    """Locked checks can't be switched off, and a misspelt code would switch nothing off without a word."""
    root = write(tmp_path / "mine", {SETTINGS: "disabled_rules:\n- ACTOR_UNKNOWN\n- MAY_ACT_MISMATCH\n- NOPE\n"})

    assert problems(tmp_path, root) == [
        f"mine/{SETTINGS}:3: settings.disabled_rules.1: MAY_ACT_MISMATCH is locked: it can't be disabled",
        f"mine/{SETTINGS}:4: settings.disabled_rules.2: unknown code 'NOPE'",
    ]


def test_registry_references_that_lead_nowhere_are_reported_with_file_and_line(tmp_path: Path) -> None:
    """An unknown risk class, agent or target in the registry is a typing error, found before it serves."""
    registry = """\
        authorization_servers: [https://as.example.com]
        targets:
          https://mail.example.com/:
            scopes:
              mail.send: {risk: extrenal}
        agents:
          mail: {identities: [{spiffe_id: "spiffe://example.org/mail"}], may_delegate_to: [plan]}
        clients:
          chat:
            actors:
            - mail
            - nobody
            targets: [https://mial.example.com/]
        """
    root = write(tmp_path / "mine", {REGISTRY: registry})

    assert [problem.removeprefix(f"mine/{REGISTRY}:") for problem in problems(tmp_path, root)] == [
        "5: registry.targets.https://mail.example.com/.scopes.mail.send.risk: unknown risk class 'extrenal'",
        "7: registry.agents.mail.may_delegate_to.0: unknown agent 'plan'",
        "12: registry.clients.chat.actors.1: unknown agent 'nobody'",
        "13: registry.clients.chat.targets.0: unknown target 'https://mial.example.com/'",
    ]


def test_a_duplicate_key_is_reported_with_its_line(tmp_path: Path) -> None:
    """Of two equal keys one would silently win."""
    root = write(tmp_path / "mine", {SETTINGS: "max_targets: 1\nimpersonation: deny\nmax_targets: 2\n"})

    (problem,) = problems(tmp_path, root)

    assert problem.startswith(f"mine/{SETTINGS}:3: ")
    assert "duplicate key" in problem


def test_json_data_is_read_and_its_errors_have_lines(tmp_path: Path) -> None:
    """A generated registry is JSON, tabs and all; an error in it is found like one in YAML."""
    path = REGISTRY.replace(".yaml", ".json")
    spaces = write(tmp_path / "spaces", {path: '{\n  "clients": {\n    "a": {"tenent": "t"}\n  }\n}\n'})
    tabs = write(tmp_path / "tabs", {path: '{\n\t"clients": {\n\t\t"a": {"tenent": "t"}\n\t}\n}\n'})

    assert problems(tmp_path, spaces) == [f"spaces/{path}:3: registry.clients.a.tenent: unknown key"]
    assert problems(tmp_path, tabs)[0].endswith("registry.clients.a.tenent: unknown key")


def test_a_rego_syntax_error_is_reported_with_file_and_line(tmp_path: Path) -> None:
    """Whoever broke a rule is told where, in the name of the file that was edited."""
    broken = CUSTOM_RULE.replace("if not _early", "if not")
    root = write(tmp_path / "mine", {"custom/actas/rules/office_hours/office_hours.rego": broken})

    found = problems(tmp_path, root)

    assert found[0].startswith("mine/custom/actas/rules/office_hours/office_hours.rego:1"), found
    assert "rego_parse_error" in found[0]


def test_rego_beside_data_and_rego_out_of_place_are_refused(tmp_path: Path) -> None:
    """Settings and registry are data only, and a rule that would have no effect is an error, not a surprise."""
    root = write(
        tmp_path / "mine",
        {
            "custom/actas/settings/more.rego": "package custom.actas.settings\n",
            "custom/actas/registry/more.rego": "package custom.actas.registry\n",
            "rules/late/late.rego": "package rules.late\n",
            "custom/actas/extra/data.yaml": "a: 1\n",
        },
    )

    found = problems(tmp_path, root)

    assert len(found) == 4
    assert sum("data files only" in problem for problem in found) == 2
    assert any(problem.startswith("mine/rules/late/late.rego") and "no effect" in problem for problem in found)


def test_custom_rego_cannot_take_a_shipped_package(tmp_path: Path) -> None:
    """An adopter's rules can only add denials; they can't stand in for a shipped rule."""
    root = write(tmp_path / "mine", {"custom/actas/rules/client/client.rego": RULE})

    found = problems(tmp_path, root)

    assert any("the package must be custom.actas.rules.client" in problem for problem in found), found


def test_a_manifest_that_claims_more_than_custom_is_refused(tmp_path: Path) -> None:
    """A root that claims the shipped package could replace it."""
    root = write(tmp_path / "mine", {**OFFICE, ".manifest": json.dumps({"roots": ["custom/actas", "actas"]})})

    assert problems(tmp_path, root) == ["mine/.manifest:1: the root 'actas' is not within custom/actas"]


def test_an_empty_or_missing_root_is_refused(tmp_path: Path) -> None:
    """A policy root with nothing in it is a mount that failed, not a policy."""
    empty = tmp_path / "empty"
    empty.mkdir()

    assert problems(tmp_path, empty, tmp_path / "missing") == [
        "empty: the policy root is empty: nothing below custom/actas/",
        "missing: the policy root does not exist",
    ]


def test_two_roots_join_their_registries_but_not_the_same_entry(tmp_path: Path) -> None:
    """Several teams may each bring clients; the same client twice has no right answer."""
    one = write(tmp_path / "one", {REGISTRY: "clients:\n  a: {}\n  b: {}\n"})
    two = write(tmp_path / "two", {REGISTRY: "clients:\n  c: {}\n"})
    three = write(tmp_path / "three", {REGISTRY: "clients:\n  b: {}\n"})

    assert sorted(compiled(tmp_path, one, two).data.registry["clients"]) == ["a", "b", "c"]
    assert problems(tmp_path, one, three) == [f"three/{REGISTRY}:2: clients.b is already given by another policy root"]


def test_a_built_bundle_is_the_same_policy_as_its_directory(tmp_path: Path) -> None:
    """`opa build -b` moves all data into one file; the revision is the same content."""
    files = {**OFFICE, SETTINGS: "max_targets: 2\n", REGISTRY: "clients: {a: {}}\n"}
    root = write(tmp_path / "mine", {**files, ".manifest": '{"roots": ["custom/actas"]}'})
    bundle = tmp_path / "mine.tar.gz"
    subprocess.run([opa(), "build", "-b", ".", "-o", bundle], cwd=root, check=True)

    from_bundle = compiled(tmp_path, bundle)

    assert from_bundle.data.tree()["custom"] == compiled(tmp_path, root).data.tree()["custom"]
    assert from_bundle.data.surroundings.custom_required["rules"] == {"office_hours": True}


def test_the_revision_names_the_content_and_the_commit(tmp_path: Path) -> None:
    """The same files give the same revision, one changed value another, and a checkout its commit."""
    root = write(tmp_path / "mine", {SETTINGS: "max_targets: 1\n"})
    first = compiled(tmp_path, root)
    again = compiled(tmp_path, root)
    write(root, {SETTINGS: "max_targets: 2\n"})
    changed = compiled(tmp_path, root)
    commit = "0123456789abcdef0123456789abcdef01234567"
    write(root, {".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": f"{commit} refs/heads/main\n"})
    committed = compiled(tmp_path, root)

    assert first.revision == again.revision
    assert first.digest == again.digest
    assert changed.revision != first.revision
    assert committed.revision == f"git:{commit[:12]}+{changed.revision.removeprefix('sha256:')}"


def test_only_the_checking_bundle_has_the_testing_entrypoint(tmp_path: Path) -> None:
    """Who can choose the data can choose the decision, so what serves doesn't hold the entrypoint or any test."""
    serving = compiled(tmp_path, rego={"actas/rules/client/client_test.rego": "package actas.rules.client_test\n"})
    checking = serving.for_checking()

    assert not any("testing" in name or "_test" in name for name in names(serving.path))
    assert any("actas/testing/testing.rego" in name for name in names(checking.path))
    assert checking.revision == serving.revision


def names(bundle: Path) -> list[str]:
    """The file names in a bundle."""
    with tarfile.open(bundle) as archive:
        return archive.getnames()
