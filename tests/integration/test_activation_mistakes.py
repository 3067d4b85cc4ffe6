"""What somebody mistyped or misplaced in a policy root is told, with its place, and soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from actas.errors import ActivationError
from actas.policy import rego_tests
from actas.policy.adopter_root import read_root
from actas.policy.sources import load
from activation_support import CUSTOM_RULE, problems, write
from engine_support import opa
from test_activation_sources import OFFICE, REGISTRY


@pytest.mark.parametrize(("name", "depth"), [("data.yaml", 2_000), ("data.json", 100_000)])
def test_data_that_are_nested_too_deeply_are_refused(tmp_path: Path, name: str, depth: int) -> None:
    """As a problem of the file, and not as a crash."""
    text = '{"a": ' + "[" * depth + "]" * depth + "}"
    root = write(tmp_path / "mine", {f"custom/actas/settings/{name}": text})

    assert problems(tmp_path, root) == [f"mine/custom/actas/settings/{name}: is nested too deeply"]


def test_many_problems_are_found_as_soon_as_one(tmp_path: Path) -> None:
    """Reading a large file again for the place of each would keep whoever mistyped something waiting for minutes."""
    names = range(200)
    agents = "".join(f"  a{n}:\n    identities: [{{spiffe_id: spiffe://e.org/{n}}}]\n    ownr: x\n" for n in names)
    root = write(tmp_path / "mine", {REGISTRY: f"agents:\n{agents}"})
    began = time.thread_time()
    read_root(root)
    reading = time.thread_time() - began
    found = problems(tmp_path, root)

    assert [problem.partition(": ")[0] for problem in found] == [f"mine/{REGISTRY}:{4 + 3 * n}" for n in names]
    assert time.thread_time() - began < 10 * reading


@pytest.mark.parametrize("before", ["", "# one\u2028line\n\n"])
def test_a_group_that_there_is_not_is_named(tmp_path: Path, before: str) -> None:
    """Whatever characters stand above a rule, it keeps its METADATA."""
    rule = CUSTOM_RULE.replace("\n# METADATA", f"\n{before}# METADATA").replace("group: approval", "group: aproval")
    root = write(tmp_path / "mine", {"custom/actas/rules/office_hours/office_hours.rego": rule})

    (problem,) = problems(tmp_path, root)

    assert "METADATA custom.group 'aproval' is none of" in problem


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '"rule": "office_hours"',
            '"rule": "office_hours", ["a"]: "b"',
            "a denial is an object of the constant strings",
        ),
        ("group: approval", "group: aproval\n#   checks: 5", "custom.group 'aproval'"),
    ],
)
def test_an_odd_rule_is_a_problem_and_no_crash(tmp_path: Path, old: str, new: str, told: str) -> None:
    """Of its file and line, as any other."""
    rule = CUSTOM_RULE.replace(old, new)
    root = write(tmp_path / "mine", {"custom/actas/rules/office_hours/office_hours.rego": rule})

    found = problems(tmp_path, root)

    assert any(told in problem for problem in found), found


def test_data_under_another_name_are_refused(tmp_path: Path) -> None:
    """Settings that nobody reads would leave the shipped ones in force, without a word; keys are nobody's data."""
    root = write(
        tmp_path / "mine",
        {
            **OFFICE,
            "custom/actas/settings/settings.yaml": "max_lifetime_seconds: 60\n",
            "custom/actas/registry/clients.yml": "clients: {}\n",
            "custom/actas/registry/keys.jwks.json": '{"keys": []}',
            "custom/acts/settings/data.yaml": "max_lifetime_seconds: 60\n",
            "custom/actas/rules/office_hours/cases.yaml": "suite: s\ncases: []\n",
        },
    )

    found = problems(tmp_path, root)

    assert [problem.partition(":")[0] for problem in found] == [
        "mine/custom/actas/registry/clients.yml",
        "mine/custom/actas/settings/settings.yaml",
        "mine/custom/acts/settings/data.yaml",
    ]
    assert all("data belongs into custom/actas/settings/data.yaml and" in problem for problem in found)


def test_a_rego_test_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Lint and `actas test` say which file it is."""
    root = write(tmp_path / "mine", OFFICE)
    (root / "custom/actas/rules/office_hours/late_test.rego").write_bytes(b"\xff\xfe")

    with pytest.raises(ActivationError, match=r"late_test\.rego: cannot be read as UTF-8 text"):
        with rego_tests.staged(opa(), load([root]), {}):
            raise AssertionError("it was read")
