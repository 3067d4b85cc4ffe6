"""The layers of the service: imports point one way, and each foreign library has one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "service" / "actas"
POLICIES = ROOT / "policies"
LONGEST_FILE = 250

# From the bottom up. A module imports what stands before it, whether in its own layer or below.
LAYERS: dict[str, tuple[str, ...]] = {
    "plain values": (
        "errors",
        "timestamps",
        "decimal_key",
        "resource_uri",
        "scope",
        "spiffe",
        "identifiers",
        "descriptions",
    ),
    "domain": ("request", "decision", "delegation", "admin"),
    "grammar": ("claims_grammar", "token_form", "strict_json", "struct_json", "yaml_tree", "limits", "listener"),
    "dresses": ("evaluable", "members", "document_writer", "document", "decision_document", "explanation", "wire"),
    "policy input": ("usage", "facts", "policy_input"),
    "the database": ("store",),
    "parts of a decision": ("revocation", "evidence", "engine", "ceiling", "rates", "receipts"),
    "the dress of what is kept": ("admin_wire",),
    "the way of a request": ("ports", "timed", "asked", "admission", "answer", "decide"),
    "revisions": ("policy",),
    "configuration": ("cores", "config"),
    "checks of what stands around": ("doctor",),
    "doors": ("client", "server", "cli", "pytest_plugin", "__main__"),
}
ORDER = [module for layer in LAYERS.values() for module in layer]
STUBS = ("actas.decision.v1", "actas.admin.v1")

# A library, and the only parts of the package that may import it.
DOORS = {
    **dict.fromkeys(STUBS, ("wire/", "admin_wire/", "server/", "client/")),
    "opa_client": ("engine/opa.py",),
    "aiohttp": ("engine/opa.py",),
    "wasmtime": ("engine/wasm/",),
    "joserfc": ("evidence/",),
    "grpc": ("server/", "client/", "wire/"),
    "google.protobuf": ("wire/", "server/", "client/"),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "pytest": ("pytest_plugin.py",),
    "uvloop": ("server/", "cli/"),
    "prometheus_client": ("server/",),
    "opentelemetry": ("server/", "cli/receipts/otlp.py"),
    "httpx": ("engine/", "evidence/", "doctor/", "revocation/"),
    "sqlalchemy": ("store/", "receipts/", "revocation/", "evidence/single_use_store.py", "rates/store.py"),
    "alembic": ("store/",),
    "psycopg": ("store/",),
}


def sources() -> list[Path]:
    """Every hand-written module of the package."""
    generated = [PACKAGE.parent.joinpath(*stubs.split(".")) for stubs in STUBS]
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent not in generated]


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the line and the full name of everything that is imported when the module runs."""
    for node in ast.iter_child_nodes(tree):
        if _is_for_types_only(node):
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        yield from _imports(node)


def imports(path: Path) -> list[tuple[int, str]]:
    """Give what the module at *path* imports."""
    return list(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def module_of(path: Path) -> str:
    """Give the module of the package, or the subpackage, that *path* belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def within(name: str, package: str) -> bool:
    """Say whether the import *name* is *package* or something in it."""
    return name == package or name.startswith(f"{package}.")


def test_every_module_has_its_place_in_the_layers() -> None:
    """A new module is put into a layer before it is imported by anybody."""
    there = {module_of(path) for path in sources()} - {"__init__"}
    assert there <= set(ORDER), f"put these into a layer: {sorted(there - set(ORDER))}"
    assert len(set(ORDER)) == len(ORDER)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only what stands below it; nothing below knows what is above."""
    importer = module_of(path)
    for line, name in imports(path):
        if not within(name, "actas") or any(within(name, stubs) for stubs in STUBS):
            continue
        imported = name.split(".")[1] if "." in name else "__init__"
        if imported == importer:
            continue
        assert imported in ORDER, f"{path.name}:{line} imports {name}"
        assert ORDER.index(imported) < ORDER.index(importer), f"{path.name}:{line} imports {name}, which is above it"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_foreign_library_is_imported_at_its_own_door_only(path: Path) -> None:
    """Stubs, OPA's client, gRPC and the others stay behind the parts that wrap them."""
    place = path.relative_to(PACKAGE).as_posix()
    for line, name in imports(path):
        for library, doors in DOORS.items():
            if within(name, library):
                assert place.startswith(doors), f"{place}:{line} imports {name}, which only {doors} may"


@pytest.mark.parametrize("name", ["errors.py", "request.py", "decision/__init__.py", "spiffe.py", "scope.py"])
def test_values_do_no_input_or_output(name: str) -> None:
    """What the whole service is built from reads no file, no socket, no clock and no environment."""
    doing = ("os", "io", "pathlib", "socket", "time", "asyncio", "subprocess", "structlog", "logging")
    for line, imported in imports(PACKAGE / name):
        assert not any(within(imported, library) for library in doing), f"{name}:{line} imports {imported}"


def test_the_policy_is_asked_in_one_place() -> None:
    """Only the way of a request asks the engine, so nothing can come to a decision beside it."""
    asking = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("evaluate", "evaluate_with"):
                asking.add(path.relative_to(PACKAGE).as_posix())
    assert asking == {"decide.py"}


@pytest.mark.parametrize(
    "path",
    [*sources(), *(path for path in sorted(POLICIES.rglob("*.rego")) if not path.name.endswith("_test.rego"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_file_is_short_enough_to_be_read_at_once(path: Path) -> None:
    """One file, one reason to open it."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines"
