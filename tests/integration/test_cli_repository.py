"""`actas init`, `lint`, `opa`, `policy`, `serve --check-config`, and every --help."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_support import ROOT, actas, policy_repository

COMMANDS = [
    ["serve"],
    ["decide"],
    ["explain"],
    ["test"],
    ["lint"],
    ["init"],
    ["policy"],
    ["policy", "reload"],
    ["workers"],
    ["workers", "restart"],
    ["opa"],
    ["opa", "path"],
    ["opa", "fetch"],
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a policy repository as `actas init` writes it."""
    return policy_repository(tmp_path_factory.mktemp("repository"))


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=lambda command: " ".join(["actas", *command]))
def test_every_help_shows_an_example(command: list[str]) -> None:
    """The quickest way into a command is one that works."""
    ran = actas(*command, "--help")

    assert ran.status == 0
    assert "Example: " in ran.output


def test_init_writes_everything_that_a_policy_repository_needs(repository: Path) -> None:
    """The files of the skeleton, the hidden ones and the editor's schemas among them."""
    written = {path.relative_to(repository).as_posix() for path in repository.rglob("*") if path.is_file()}
    skeleton = ROOT / "deploy" / "policy-repo"
    kept = {path.relative_to(skeleton).as_posix() for path in skeleton.rglob("*") if path.is_file()}

    assert kept <= written
    assert {f"schemas/{name}.schema.json" for name in ("suite", "settings", "registry")} <= written
    assert {".manifest", ".github/workflows/policy.yaml", "README.md"} <= written


def test_init_leaves_a_directory_that_is_not_empty_alone(tmp_path: Path) -> None:
    """Nobody loses a file to a skeleton."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    ran = actas("init", tmp_path)

    assert ran.status == 2
    assert "is not empty" in ran.complaint
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_init_fills_a_fresh_git_checkout(tmp_path: Path) -> None:
    """`git init` comes first for many."""
    (tmp_path / ".git").mkdir()

    assert actas("init", tmp_path).status == 0


def test_a_new_repository_has_no_problems(repository: Path) -> None:
    """The skeleton is written in the form that the lint asks for."""
    ran = actas("lint", "--policies", repository)

    assert (ran.status, ran.complaint) == (0, "no problems\n"), ran.output


def test_lint_lists_every_problem_with_its_place(tmp_path: Path) -> None:
    """Form, formatting and suites in one run, each as file:line."""
    repository = policy_repository(tmp_path)
    rule = repository / "custom" / "actas" / "rules" / "sub_agents_read" / "sub_agents_read.rego"
    text = rule.read_text(encoding="utf-8")
    rule.write_text(text.replace("} if not _only_reads", '}   if input.scope == "mail.send"'), encoding="utf-8")
    suite = repository / "cases" / "mail.yaml"
    suite.write_text(suite.read_text(encoding="utf-8").replace("codes:", "code:"), encoding="utf-8")

    ran = actas("lint", ".", cwd=repository)

    assert ran.status == 1
    lines = ran.output.splitlines()
    form = [line for line in lines if line.startswith("./custom/")]
    assert any("sub_agents_read.rego:21: " in line and "not _proof" in line for line in form), ran.output
    assert any("is not formatted as `opa fmt` does" in line for line in form)
    assert any(line.startswith("cases/mail.yaml:24: expect.code is unknown") for line in lines)


def test_lint_names_a_built_in_that_the_engine_does_not_have(tmp_path: Path) -> None:
    """The embedded one, which is the default, refuses to serve it; with a sidecar it is no problem."""
    repository = policy_repository(tmp_path)
    rule = repository / "custom" / "actas" / "rules" / "sub_agents_read" / "sub_agents_read.rego"
    text = rule.read_text(encoding="utf-8")
    version = '\n_newer if semver.compare(input.context.purpose, "1.0.0") > 0\n'
    rule.write_text(text.replace("_only_reads if {", "_only_reads if {\n\t_newer") + version, encoding="utf-8")

    ran, sidecar = actas("lint", repository), actas("lint", repository, "--engine", "sidecar")

    assert (ran.status, sidecar.status) == (1, 0)
    assert f"{rule}:{text.count(chr(10)) + 3}: the embedded engine has no built-in semver.compare" in ran.output


def test_lint_says_as_json_what_is_weaker_than_shipped(tmp_path: Path) -> None:
    """A weaker setting is no problem, and is not passed over."""
    repository = policy_repository(tmp_path)
    settings = repository / "custom" / "actas" / "settings" / "data.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "max_targets: 2\n", encoding="utf-8")

    ran = actas("lint", repository, "--json")

    assert ran.status == 0
    assert ran.document["problems"] == []
    assert any(sentence.startswith("max_targets is 2") for sentence in ran.document["weaker"])


def test_settings_of_the_wrong_type_are_a_problem_with_their_line(tmp_path: Path) -> None:
    """A setting of another type would switch a rule off silently."""
    repository = policy_repository(tmp_path)
    (repository / "custom" / "actas" / "settings" / "data.yaml").write_text("\nmax_targets: many\n", encoding="utf-8")

    ran = actas("lint", ".", cwd=repository)

    assert ran.status == 1
    assert "custom/actas/settings/data.yaml:2: settings.max_targets" in ran.output


def test_the_path_of_opa_is_that_of_a_binary() -> None:
    """`$(actas opa path)` can be called."""
    ran = actas("opa", "path")

    assert ran.status == 0
    assert Path(ran.output.strip()).is_file()


def test_a_missing_opa_is_a_sentence_and_status_3(tmp_path: Path) -> None:
    """The error lists what was tried."""
    ran = actas("opa", "path", env={"ACTAS_OPA": str(tmp_path / "opa")})

    assert ran.status == 3
    assert "ACTAS_OPA" in ran.complaint


def test_reload_without_a_service_is_status_2(tmp_path: Path) -> None:
    """Nobody is signalled by mistake."""
    ran = actas("policy", "reload", "--pid-file", tmp_path / "serve.pid")

    assert ran.status == 2
    assert "no service runs with it" in ran.complaint


def test_a_configuration_can_be_checked_without_serving(repository: Path) -> None:
    """`--check-config` says whether `serve` would start, and which setting is wrong."""
    good = actas("serve", "--check-config", "--policies", repository)
    bad = actas("serve", "--check-config", "--listen", "0.0.0.0:50051")

    assert (good.status, bad.status) == (0, 2)
    assert "tls" in bad.complaint.lower()
