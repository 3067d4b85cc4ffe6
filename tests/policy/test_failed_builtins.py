"""A built-in that fails inside of a proof: what a named proof alone does not keep from allowing."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fail_open_traps import BASE, evaluate

from actas.decision import Effect
from actas.engine import EngineKind
from actas.errors import EngineError
from actas.policy.bundle import compile_policy
from actas.policy.engines import Engines
from actas.policy.workbench import Workbench
from activation_support import write
from engine_support import opa

LOST_MEMBER = """\
package custom.actas.rules.adult

# METADATA
# title: No task of the path is large
# custom:
#   group: approval
#   error: access_denied
deny contains {"code": "TASK_TOO_LARGE", "rule": "adult", "reason": "a task is too large"} if not _none_large

_none_large if {task | some task in input.context.request_path; to_number(task) > 5} == set()
"""


@pytest.mark.parametrize("kind", ["sidecar", "wasm"])
async def test_a_built_in_that_fails_loses_no_member(tmp_path: Path, kind: EngineKind) -> None:
    """Trap 2 within a proof: a comprehension must not lose what a built-in fails on; no engine gives an answer."""
    document = {"context": {"request_path": ["many"]}}
    root = write(tmp_path / "root", {"custom/actas/rules/adult/adult.rego": LOST_MEMBER})
    compiled = compile_policy([root], opa=opa(), into=tmp_path, wasm=True)
    assert evaluate("data.custom.actas.rules.adult.deny", compiled.path, document) == []

    async with Workbench.on(compiled, Engines(kind, opa())) as workbench:
        with pytest.raises(EngineError):
            await workbench.check(BASE["request"] | document, now=BASE["now"], data=BASE["data"])
        small = BASE["request"] | {"context": {"request_path": ["5"]}}
        assert (await workbench.check(small, now=BASE["now"], data=BASE["data"])).effect is Effect.ALLOW
