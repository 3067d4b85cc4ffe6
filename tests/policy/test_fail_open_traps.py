"""The ways in which a policy on OPA allows by accident, each beside what keeps ours from it.

Every trap is shown on the real OPA: the naive form allows, and the guard denies or gives no decision.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from actas import policy_input
from actas.decision import Effect
from actas.document import from_document
from actas.engine import EngineKind
from actas.engine.result import parse_result
from actas.engine.sidecar import SidecarEngine
from actas.errors import ActivationError, EngineError
from actas.limits import RequestLimits
from actas.policy.bundle import CompiledPolicy, compile_policy
from actas.policy.engines import Engines
from actas.policy.state import RevocationState
from actas.policy.workbench import Workbench
from activation_support import problems, write
from engine_support import REVISION, build_bundle, opa, until
from ports import free_port

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "exchange.jsonl"
BASE: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8").splitlines()[0])


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    """The shipped policies with the entrypoint of test runners."""
    return compile_policy([], opa=opa(), into=tmp_path_factory.mktemp("shipped"), testing=True)


def evaluate(query: str, loaded: Path, document: object = None) -> Any:
    """The value of *query* over the file *loaded*, without strict built-in errors; None where it is undefined."""
    kind = "--bundle" if loaded.name.endswith(".tar.gz") else "--data"
    command = [opa(), "eval", "--format=json", "--stdin-input", kind, loaded, query]
    run = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    return answer["result"][0]["expressions"][0]["value"] if "result" in answer else None


def naive_denials(folder: Path, rules: str, document: object) -> list[Any]:
    """What rules that accuse deny: where it is nothing, a policy that asks them allows."""
    module = folder / "naive.rego"
    module.write_text(f"package naive\n\n{rules}", encoding="utf-8")
    denials = evaluate("data.naive.deny", module, document)
    assert isinstance(denials, list)
    return denials


def question(compiled: CompiledPolicy, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The base exchange as the testing entrypoint takes it."""
    given = {**BASE["data"], "settings": BASE["data"]["settings"] | dict(settings or {})}
    request = from_document(BASE["request"], RequestLimits())
    seen = policy_input.build(request, now=BASE["now"], state=RevocationState.fresh().lookup(request))
    return {"request": seen, "data": compiled.data.override(given).tree()}


@pytest.mark.parametrize("raised", ["CLIENT_NOT_ALLOWED", 7, ["SCOPE_EMPTY"], {"reason": "no code"}])
def test_a_denial_without_a_code_is_not_dropped(shipped: CompiledPolicy, tmp_path: Path, raised: object) -> None:
    """Trap 1: `not denial.code in disabled` loses what has no code; ours is told as MALFORMED_DENIAL."""
    naive = "deny contains d if {\n\tsome d in input.raised\n\tnot d.code in input.disabled\n}\n"
    disabled = ["SCOPE_EXCEEDS_SUBJECT"]

    assert naive_denials(tmp_path, naive, {"raised": [raised], "disabled": disabled}) == []

    custom = json.dumps({"mine": {"deny": [raised]}})
    query = f"data.actas.testing.decision with data.custom.actas.rules as {custom}"
    decision = evaluate(query, shipped.path, question(shipped, {"disabled_rules": disabled}))
    assert decision["effect"] == "DENY"
    assert [denial["code"] for denial in decision["denials"]] == ["MALFORMED_DENIAL"]
    assert evaluate("data.actas.testing.decision", shipped.path, question(shipped))["effect"] == "ALLOW"


PROVEN_RULE = """\
package custom.actas.rules.adult

# METADATA
# title: The number of the task is small
# custom:
#   group: approval
#   error: access_denied
deny contains {"code": "TASK_TOO_LARGE", "rule": "adult", "reason": "the task is too large"} if not _small

_small if to_number(input.context.task_id) <= 5
"""


@pytest.mark.parametrize("kind", ["sidecar", "wasm"])
async def test_a_built_in_that_fails_denies(tmp_path: Path, kind: EngineKind) -> None:
    """Trap 2: a failing built-in makes an accusation undefined; a proof denies then, and no engine gives an answer."""
    naive = 'deny contains "TASK_TOO_LARGE" if to_number(input.context.task_id) > 5\n'
    document = {"context": {"task_id": "many"}}

    assert naive_denials(tmp_path, naive, document) == []

    root = write(tmp_path / "root", {"custom/actas/rules/adult/adult.rego": PROVEN_RULE})
    compiled = compile_policy([root], opa=opa(), into=tmp_path, wasm=True)
    denials = evaluate("data.custom.actas.rules.adult.deny", compiled.path, document)
    assert [denial["code"] for denial in denials] == ["TASK_TOO_LARGE"]
    async with Workbench.on(compiled, Engines(kind, opa())) as workbench:
        failing = BASE["request"] | {"context": {"task_id": "many"}}
        with pytest.raises(EngineError):
            await workbench.check(failing, now=BASE["now"], data=BASE["data"])
        passing = BASE["request"] | {"context": {"task_id": "5"}}
        assert (await workbench.check(passing, now=BASE["now"], data=BASE["data"])).effect is Effect.ALLOW


async def test_a_setting_of_the_wrong_type_switches_no_rule_off(shipped: CompiledPolicy, tmp_path: Path) -> None:
    """Trap 3: a number is never more than a text, so such a maximum is none; ours is refused before it decides."""
    naive = 'deny contains "TOO_DEEP" if input.depth > input.settings.max_chain_depth\n'

    assert naive_denials(tmp_path, naive, {"depth": 9, "settings": {"max_chain_depth": "4"}}) == []
    assert naive_denials(tmp_path, naive, {"depth": 9, "settings": {"max_chain_depth": 4}}) == ["TOO_DEEP"]

    root = write(tmp_path / "root", {"custom/actas/settings/data.yaml": 'max_chain_depth: "4"\n'})
    with pytest.raises(ActivationError, match="max_chain_depth"):
        compile_policy([root], opa=opa(), into=tmp_path)
    async with Workbench.on(shipped, Engines("sidecar", opa())) as workbench:
        changed = BASE["data"] | {"settings": {"max_chain_depth": "4"}}
        decision = await workbench.check(BASE["request"], now=BASE["now"], data=changed)
    assert [denial.code for denial in decision.denials] == ["SETTINGS_INVALID"]


@dataclass(frozen=True, slots=True)
class PlainOpa:
    """An `opa run --server` as somebody might start it by hand."""

    port: int

    def ask(self, path: str) -> Any:
        """The whole body of the answer."""
        url = f"http://127.0.0.1:{self.port}/v1/data/{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def listens(self) -> bool:
        """Whether it answers at all."""
        try:
            self.ask("actas/revision")
        except OSError:
            return False
        return True


@contextmanager
def plain_opa(*options: str | Path) -> Iterator[PlainOpa]:
    """Run one; it is killed at the end."""
    port = free_port()
    command = [opa(), "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error", "--skip-version-check"]
    child = subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield PlainOpa(port)
    finally:
        child.kill()
        child.wait()


async def test_a_path_without_a_policy_is_no_decision(tmp_path: Path) -> None:
    """Trap 4: OPA answers a wrong path with 200 and `{}`, which denies nothing; ours is an engine error."""
    empty = tmp_path / "data.json"
    empty.write_text(json.dumps({"actas": {"revision": REVISION}}), encoding="utf-8")
    with plain_opa(empty) as server:
        await until(server.listens)
        answer = server.ask("actas/decision/decision")

        assert answer.get("result", {}).get("deny", []) == []  # the naive reading: nothing denies

        with pytest.raises(EngineError):
            parse_result(answer.get("result"))
        engine = await SidecarEngine.external(f"http://127.0.0.1:{server.port}")
        try:
            with pytest.raises(EngineError):
                await engine.evaluate({"client": {}}, timeout=5.0)
        finally:
            await engine.close()


HEAD = 'deny contains {"code": "CLIENT_NOT_ALLOWED", "rule": "client", "reason": "r"} if '
SKIPPED = {
    "a negated membership": (
        'not input.client.kind in {"confidential"}',
        '_ok if input.client.kind in {"confidential"}',
    ),
    "a negated call": (
        'not startswith(input.client.client_id, "agent-")',
        '_ok if startswith(input.client.client_id, "agent-")',
    ),
    "a comparison that null passes": ("input.client.depth > 2", "_ok if is_number(input.client.depth)"),
    "a null that counts as there": ("not input.client.depth", "_ok if is_number(input.client.depth)"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_a_value_that_is_absent_or_null_denies(tmp_path: Path, name: str) -> None:
    """Trap 5: what negates an expression, or compares with null, is skipped; only a named proof may be negated."""
    accusation, proof = SKIPPED[name]
    document = {"client": {"depth": None}}

    assert naive_denials(tmp_path, f"{HEAD}{accusation}\n", document) == []

    guarded = naive_denials(tmp_path, f"{HEAD}not _ok\n\n{proof}\n", document)
    assert [denial["code"] for denial in guarded] == ["CLIENT_NOT_ALLOWED"]
    module = f"package actas.rules.client\n\n{HEAD}{accusation}\n"
    found = problems(tmp_path, rego={"actas/rules/client/client.rego": module})
    assert any("the body of a denial is one negated proof" in problem for problem in found)


ALLOWING = 'package actas.decision\n\ndecision := {"effect": "ALLOW"}\n'


async def test_a_changed_file_changes_no_running_policy(tmp_path: Path) -> None:
    """Trap 6: `opa run --watch` takes up what was never checked nor signed; our child serves what it was given."""
    source, mine = tmp_path / "source", tmp_path / "mine"
    mine.mkdir()
    served = build_bundle(mine)
    write(source, {"decision/decision.rego": ALLOWING.replace("ALLOW", "DENY")})
    signed, key = tmp_path / "signed.tar.gz", "only-the-owner-knows"
    build = [opa(), "build", "--bundle", source, "--output", signed]
    subprocess.run([*build, "--signing-alg=HS256", f"--signing-key={key}"], check=True, capture_output=True)
    engine = await SidecarEngine.start(served, revision=REVISION, digest="sha256:0", opa=opa())
    try:
        with plain_opa("--watch", "--signing-alg=HS256", f"--verification-key={key}", "--bundle", signed) as watching:
            await until(watching.listens)
            assert watching.ask("actas/decision/decision")["result"]["effect"] == "DENY"

            write(source, {"decision/decision.rego": ALLOWING})
            subprocess.run(build, check=True, capture_output=True)  # nobody signed this one
            write(mine / "source", {"actas/decision/decision.rego": ALLOWING})
            subprocess.run([opa(), "build", "-b", mine / "source", "-o", served], check=True, capture_output=True)

            await until(lambda: watching.ask("actas/decision/decision")["result"]["effect"] == "ALLOW")
            await asyncio.sleep(0.5)
        assert (await engine.evaluate({"client": {}}, timeout=5.0)).effect == "DENY"
        children = [child.cmdline() for child in psutil.Process().children(recursive=True)]
        ours = [command for command in children if str(opa()) in command and "run" in command]
        assert ours
        assert not any(option.startswith("--watch") or option == "-w" for command in ours for option in command)
    finally:
        await engine.close()
