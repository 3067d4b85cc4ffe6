"""A small policy beside the real code table, settings and allow-list, and adopters' roots for it."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

from actas.errors import ActivationError
from actas.policy.bundle import CompiledPolicy, compile_policy
from engine_support import BATCH, DECISION, opa

POLICIES = Path(__file__).resolve().parents[2] / "policies"

RULE = """\
# METADATA
# title: A client is known
package actas.rules.client

# METADATA
# title: A registered client
# description: The client is in the registry.
# related_resources:
# - ref: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
# custom:
#   code: CLIENT_NOT_ALLOWED
#   error: unauthorized_client
#   reason: the client is not registered
deny contains {
	"code": "CLIENT_NOT_ALLOWED",
	"rule": "client",
	"reason": "the client is not registered",
} if not _registered

_registered if data.actas.index.clients[input.client.client_id]

proven if _registered
"""

LIMIT = """\
# METADATA
# title: Nothing is limited
package actas.limits.nothing

granted_scope := set()

max_lifetime_seconds := 60
"""

CUSTOM_RULE = """\
package custom.actas.rules.office_hours

# METADATA
# title: In office hours
# custom:
#   group: approval
#   error: access_denied
deny contains {
	"code": "OUT_OF_OFFICE",
	"rule": "office_hours",
	"reason": "it is too late",
} if not _early

_early if input.now < data.custom.actas.settings_of_rules.closing
"""


def write(root: Path, files: dict[str, str]) -> Path:
    """Write *files* (path → text) below *root* and give the root."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text), encoding="utf-8")
    return root


def small_policies(folder: Path, rego: dict[str, str] | None = None) -> Path:
    """Write a shipped tree with one rule and one limit; *rego* replaces or adds modules below `actas/`."""
    modules = {
        "actas/decision/decision.rego": "# METADATA\n# title: The decision\n" + DECISION,
        "actas/batch/batch.rego": "# METADATA\n# title: A batch\n" + BATCH,
        "actas/rules/client/client.rego": RULE,
        "actas/limits/nothing/nothing.rego": LIMIT,
        "actas/testing/testing.rego": "package actas.testing\n\ndecision := data.actas.decision.decision\n",
        **(rego or {}),
    }
    shipped = write(folder / "policies", modules)
    for name in ("codes.json", "capabilities.json"):
        shutil.copy(POLICIES / name, shipped / name)
    (shipped / "actas" / "settings").mkdir()
    shutil.copy(POLICIES / "actas" / "settings" / "data.yaml", shipped / "actas" / "settings" / "data.yaml")
    return shipped


def compiled(folder: Path, *roots: Path, rego: dict[str, str] | None = None, testing: bool = False) -> CompiledPolicy:
    """Compile a small shipped tree with *roots* on the real OPA."""
    shipped = folder / "policies"
    if not shipped.exists():
        small_policies(folder, rego)
    return compile_policy(roots, opa=opa(), into=folder, shipped=shipped, testing=testing)


def problems(folder: Path, *roots: Path, rego: dict[str, str] | None = None) -> list[str]:
    """Compile what must not compile, and give the problems as text with the folder's name left out."""
    try:
        compiled(folder, *roots, rego=rego)
    except ActivationError as error:
        return [str(problem).replace(f"{folder}/", "") for problem in error.problems]
    return []
