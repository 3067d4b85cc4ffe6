"""The rule table: what can be denied, why, and where it stands; made from METADATA and the syntax trees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actas.errors import Problem
from actas.policy.codes import custom_entry
from actas.policy.inputs import InputUse
from actas.policy.syntax import Module, Rule

DEFAULT_GROUP = "scope"
DEFAULT_ERROR = "invalid_request"
# Activation and the ceiling speak in these; an adopter's rule that did would hide what they say.
_RESERVED_GROUPS = frozenset({"policy", "ceiling"})
_OAUTH_ERROR = re.compile(r"[a-z]+(_[a-z]+)*")

JsonDict = dict[str, Any]
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One denial that the policy can give.

    *inputs* are the members of the request that decide about it, *checks* the checks of the specifications
    that it makes.
    """

    code: str
    rule: str
    reason: str
    group: str
    error: str
    file: str
    line: int
    title: str
    description: str
    related_resources: tuple[str, ...]
    inputs: tuple[str, ...]
    custom: bool
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All denials of one revision, in the order of the code table."""

    entries: tuple[RuleEntry, ...]

    def find(self, code: str, rule: str = "") -> tuple[RuleEntry, ...]:
        """Give the entries of *code*, of one *rule* only if it is named."""
        return tuple(entry for entry in self.entries if entry.code == code and rule in ("", entry.rule))


def annotations_by_place(annotations: Iterable[JsonDict]) -> dict[Place, JsonDict]:
    """Key what `opa inspect` found by staged file and the line of what it stands above."""
    return {
        (note["location"]["file"].removeprefix("./"), note["location"]["row"]): note["annotations"]
        for note in annotations
    }


def rule_table(
    modules: Sequence[Module], notes: Mapping[Place, JsonDict], codes: JsonDict
) -> tuple[RuleTable, JsonDict, list[Problem]]:
    """Build the table, the adopters' own codes (`data.actas.custom_codes`), and what METADATA gets wrong."""
    uses = InputUse(modules)
    entries: list[RuleEntry] = []
    problems: list[Problem] = []
    custom_codes: JsonDict = {}
    for module in modules:
        if not module.file.custom:
            problems += _package_problems(module, notes)
        if module.package.split(".")[-2] != "rules":
            continue
        for rule in module.rules:
            constants = _denial(rule)
            if constants is None:
                continue
            note = notes.get((module.file.path, rule.line), {})
            entry = _entry(module, rule, constants, note, codes, uses.of(module, rule))
            wrong = _custom_problems(entry, codes) if entry.custom else _shipped_problems(entry, note, codes)
            problems += (Problem(text, entry.file, entry.line) for text in wrong)
            entries.append(entry)
            if not wrong and entry.code not in codes:
                ours = custom_entry(codes, group=entry.group, error=entry.error)
                if custom_codes.setdefault(entry.code, ours) != ours:
                    problems.append(
                        Problem(f"{entry.code} has another group or error elsewhere", entry.file, entry.line)
                    )
    order = {code: position for position, code in enumerate(codes)}
    entries.sort(key=lambda entry: (order.get(entry.code, len(order)), entry.code, entry.file, entry.line))
    return RuleTable(tuple(entries)), custom_codes, problems


def _denial(rule: Rule) -> dict[str, str] | None:
    key = rule.node["head"].get("key")
    if rule.name != "deny" or key is None or key["type"] != "object":
        return None
    pairs = [(name, value) for name, value in key["value"] if name["type"] == value["type"] == "string"]
    members = {name["value"]: value["value"] for name, value in pairs}
    return members if members.keys() >= {"code", "rule", "reason"} else None


def _entry(
    module: Module, rule: Rule, constants: Mapping[str, str], note: JsonDict, codes: JsonDict, inputs: tuple[str, ...]
) -> RuleEntry:
    custom = note.get("custom", {})
    checks = custom.get("checks", [])
    shipped = codes.get(constants["code"], {})
    return RuleEntry(
        code=constants["code"],
        rule=constants["rule"],
        reason=constants["reason"],
        group=str(custom.get("group", shipped.get("group", DEFAULT_GROUP))),
        error=str(custom.get("error", shipped.get("error", DEFAULT_ERROR))),
        file=module.file.origin,
        line=rule.line,
        title=note.get("title", ""),
        description=note.get("description", "").strip(),
        related_resources=tuple(resource["ref"] for resource in note.get("related_resources", ())),
        inputs=inputs,
        custom=module.file.custom,
        checks=tuple(map(str, checks if isinstance(checks, list) else [checks])),
    )


def _package_problems(module: Module, notes: Mapping[Place, JsonDict]) -> list[Problem]:
    for number, text in enumerate(module.file.lines, 1):
        if text.startswith("package ") and not notes.get((module.file.path, number), {}).get("title"):
            return [Problem("the package has no METADATA with a title", module.file.origin, number)]
    return []


def _shipped_problems(entry: RuleEntry, note: JsonDict, codes: JsonDict) -> list[str]:
    if entry.code not in codes:
        return []  # the lint says so
    custom = note.get("custom", {})
    found = [f"METADATA lacks {name}" for name in ("title", "description", "related_resources") if not note.get(name)]
    expected = {"code": entry.code, "reason": entry.reason, "error": codes[entry.code]["error"]}
    found += [
        f"METADATA custom.{name} must be {value!r}" for name, value in expected.items() if custom.get(name) != value
    ]
    return found


def _custom_problems(entry: RuleEntry, codes: JsonDict) -> list[str]:
    shipped = codes.get(entry.code)
    if shipped is not None:
        differs = (entry.group, entry.error) != (shipped["group"], shipped["error"])
        return [f"{entry.code} is a shipped code: its group and error are those of codes.json"] if differs else []
    groups = {code["group"] for code in codes.values()} - _RESERVED_GROUPS
    found = []
    if entry.group not in groups:
        found.append(f"METADATA custom.group {entry.group!r} is none of {', '.join(sorted(groups))}")
    if not _OAUTH_ERROR.fullmatch(entry.error):
        found.append(f"METADATA custom.error {entry.error!r} is no OAuth error code")
    return found
