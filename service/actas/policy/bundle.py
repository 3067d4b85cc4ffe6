"""From sources to one compiled bundle: staged, checked, linted, completed with data, built and named."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from actas.errors import ActivationError, Problem
from actas.evidence.anchors import TrustAnchors
from actas.policy import key_files, lint, metadata
from actas.policy.anchoring import check_anchors
from actas.policy.codes import code_table
from actas.policy.data import PolicyData, Surroundings
from actas.policy.metadata import RuleTable
from actas.policy.opa_tool import OpaTool
from actas.policy.sources import CUSTOM, PolicySources, RegoFile, load
from actas.policy.syntax import Module
from actas.policy.weaker import weaker_settings

_SHORT = 12


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """One revision, ready for an engine. *path* is the bundle; *weaker* says what it loosens."""

    path: Path
    revision: str
    digest: str
    data: PolicyData
    metadata: RuleTable
    sources: PolicySources
    weaker: tuple[str, ...]
    testing: bool = False

    @property
    def wasm(self) -> Path:
        """The same compiled to WebAssembly, where that was asked for."""
        return self.path.with_name(f"{self.path.name}.wasm")

    def for_checking(self) -> CompiledPolicy:
        """Give the same revision with the test runner's entrypoint, which no bundle that serves has."""
        path = self.path.with_name(f"checking-{self.path.name}")
        _add_modules(self.path, path, self.sources.testing)
        return replace(self, path=path, digest=_digest(path), testing=True)

    def discard(self) -> None:
        """Delete the bundle file, when its engine is gone."""
        self.path.unlink(missing_ok=True)
        self.wasm.unlink(missing_ok=True)


def compile_policy(
    roots: Sequence[Path],
    *,
    opa: Path,
    into: Path,
    testing: bool = False,
    wasm: bool = False,
    shipped: Path | None = None,
    anchors: TrustAnchors | None = None,
) -> CompiledPolicy:
    """Compile the shipped policies and the adopters' *roots* into a bundle in the directory *into*.

    *testing* adds the entrypoint of the sidecar's test runner, *wasm* the module of the embedded engine. The registry
    may trust what *anchors* allow; without them, as where no service is configured, that is not checked.
    Blocks for about as long as OPA needs to compile. Raises `ActivationError` with every problem found.
    """
    sources = load(roots, shipped=shipped, anchors=anchors)
    codes = code_table(sources.shipped / "codes.json")
    capabilities = sources.shipped / "capabilities.json"
    with tempfile.TemporaryDirectory(prefix="actas-stage-") as folder:
        stage = Path(folder)
        tool = OpaTool(opa, stage, {file.path: file.origin for file in sources.rego})
        _stage(stage, sources.rego)
        modules, annotations = _read(tool, sources, capabilities, codes)
        table, custom_codes, problems = metadata.rule_table(modules, annotations, codes)
        problems += lint.check(modules, codes)
        data = PolicyData.merge(
            sources.shipped_settings.value,
            sources.custom_settings.value,
            sources.registry.value,
            _surroundings(sources, codes, custom_codes),
        )
        problems += _data_problems(data, sources)
        problems += [] if anchors is None else check_anchors(sources.registry, anchors)
        keys, key_problems = key_files.check_keys(sources.keys, data.registry)
        problems += key_problems
        if problems:
            raise _refused(problems)
        revision = _revision(sources, data)
        data = data.with_revision(revision, keys)
        # Two activations of the same content may overlap: one still drains when the other starts.
        path = into / f"{revision.rpartition(':')[2]}-{token_hex(4)}.tar.gz"
        compiled = CompiledPolicy(path, revision, "", data, table, sources, ())
        if wasm:
            # Before the data are there: the module has none, and each instance loads them.
            tool.build_wasm(compiled.wasm, capabilities)
        (stage / "data.json").write_text(json.dumps(data.tree()), encoding="utf-8")
        roots_owned = {"revision": revision, "roots": ["actas", CUSTOM]}
        (stage / ".manifest").write_text(json.dumps(roots_owned), encoding="utf-8")
        tool.build(path, capabilities, revision)
    weaker = tuple(weaker_settings(data.shipped_settings, data.settings))
    compiled = replace(compiled, digest=_digest(path), weaker=weaker)
    return compiled.for_checking() if testing else compiled


def _stage(stage: Path, files: Sequence[RegoFile]) -> None:
    for file in files:
        target = stage / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")


def _read(
    tool: OpaTool, sources: PolicySources, capabilities: Path, codes: dict[str, Any]
) -> tuple[list[Module], dict[metadata.Place, dict[str, Any]]]:
    with ThreadPoolExecutor(max_workers=3) as pool:
        checked = pool.submit(tool.check, capabilities)
        parsed = pool.submit(tool.parse, {file.path: file.text for file in sources.rego})
        inspected = pool.submit(tool.inspect)
    unchecked = checked.exception()
    if unchecked is not None and (parsed.exception() is not None or not isinstance(unchecked, ActivationError)):
        raise unchecked  # it names every syntax error; the parser only stumbles over the first
    trees = parsed.result()
    modules = [Module(file, trees[file.path]) for file in sources.rego]
    if isinstance(unchecked, ActivationError):
        # The lint often says why where the compiler only says that.
        raise _refused([*unchecked.problems, *lint.check(modules, codes)])
    return modules, metadata.annotations_by_place(inspected.result())


def _refused(problems: Sequence[Problem]) -> ActivationError:
    return ActivationError(sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.message)))


def _surroundings(sources: PolicySources, codes: dict[str, Any], custom_codes: dict[str, Any]) -> Surroundings:
    return Surroundings(
        codes=codes,
        required={kind: sources.folders(kind, custom=False) for kind in ("rules", "limits", "obligations")},
        custom_required={kind: sources.folders(kind, custom=True) for kind in ("rules", "limits")},
        custom_codes=custom_codes,
    )


def _data_problems(data: PolicyData, sources: PolicySources) -> list[Problem]:
    problems = []
    for finding in data.findings:
        root, path = finding.path[0], finding.path[1:]
        dotted = ".".join(str(part) for part in finding.path)
        given = sources.registry if root == "registry" else sources.custom_settings
        if root == "settings" and (not path or path[0] not in given.value):
            file, line = sources.shipped_settings.file, sources.shipped_settings.line(path)
        else:
            file, line = given.where(path)
        problems.append(Problem(f"{dotted}: {finding.message}", file, line))
    return problems


def _revision(sources: PolicySources, data: PolicyData) -> str:
    content = hashlib.sha256()
    files = [(file.path, file.text) for file in sources.rego]
    files += [("data.json", json.dumps(data.tree(), sort_keys=True)), *map(key_files.fingerprint, sources.keys)]
    for path, text in sorted(files):
        # Lengths first, so that no two different sets of files make the same bytes.
        content.update(f"{len(path.encode())}:{len(text.encode())}:{path}{text}".encode())
    short = content.hexdigest()[:_SHORT]
    return f"git:{'.'.join(sources.commits)}+{short}" if sources.commits else f"sha256:{short}"


def _digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _add_modules(bundle: Path, target: Path, files: Sequence[RegoFile]) -> None:
    with tarfile.open(bundle, "r:gz") as source, tarfile.open(target, "w:gz") as output:
        for member in source:
            output.addfile(member, source.extractfile(member))
        for file in files:
            content = file.text.encode()
            member = tarfile.TarInfo(f"/{file.path}")
            member.size = len(content)
            output.addfile(member, io.BytesIO(content))
