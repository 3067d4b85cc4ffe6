"""The proving form, checked on the syntax tree of every rule (design: prove, don't accuse).

A denial is the negation of one named, positive proof of its own package. Whatever is absent, of another
type or fails leaves the proof undefined, and that denies. Every other form has a way to allow by accident,
so shipped and adopters' rules are held to it alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actas.errors import Problem
from actas.policy.syntax import Module, Node, Rule, reference, walk

FORM = 'write `deny contains {"code": "…", "rule": "…", "reason": "…"} if not _proof`, and `_proof if { … }`'
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_BANNED = {
    "regex": "check grammar in a fact: a regular expression costs several times the rest of a decision",
    "re_match": "check grammar in a fact: a regular expression costs several times the rest of a decision",
    "glob": "look names up by key, or compare with ==",
    "time": "the time is input.now, so that a decision can be replayed",
    "http": "a policy does no I/O",
    "net": "a policy does no I/O",
    "opa": "a policy must not depend on where it runs",
    "rand": "a decision must be repeatable",
    "uuid": "a decision must be repeatable",
    "io": "tokens are verified before the policy is asked",
}
_PROVEN = "proven is one rule, `proven if { … }`, whose body names the proofs that deny negates and nothing else"
_LIMIT_EXPORTS = ("granted_scope", "max_lifetime_seconds")


def check(modules: Sequence[Module], codes: Mapping[str, Any]) -> list[Problem]:
    """List every breach of the form in *modules*. *codes* is the shipped table."""
    problems: list[Problem] = []
    packages: dict[str, list[Module]] = {}
    for module in modules:
        packages.setdefault(module.package, []).append(module)
        problems += _package(module)
        problems += _builtins(module)
    for package, members in packages.items():
        kind, name = package.split(".")[-2:]
        if kind == "rules":
            problems += _rules_package(name, members, codes)
            if not members[0].file.custom:
                problems += _proven_package(members)
        elif kind == "limits":
            problems += _limits_package(members)
    return problems


def _problem(module: Module, line: int, message: str) -> Problem:
    return Problem(message, module.file.origin, line)


def _package(module: Module) -> Iterator[Problem]:
    if module.package != module.file.package:
        wanted, found = module.file.package.removeprefix("data."), module.package.removeprefix("data.")
        line = next((n for n, text in enumerate(module.file.lines, 1) if text.startswith("package")), 1)
        yield _problem(module, line, f"the package must be {wanted}, as its directory says, not {found}")


def _builtins(module: Module) -> Iterator[Problem]:
    for rule in module.rules:
        named = {path[0] for node in walk(rule.node) if len(path := _called(node)) > 1 or path == ("re_match",)}
        for family in sorted(named & _BANNED.keys() - module.imports.keys()):
            yield _problem(module, rule.line, f"built-ins of {family!r} are not available: {_BANNED[family]}")


def _called(node: Node) -> tuple[str, ...]:
    if node.get("type") == "call":
        return reference(node["value"][0])
    terms = node.get("terms")
    return reference(terms[0]) if isinstance(terms, list) and terms else ()


def _rules_package(name: str, members: Sequence[Module], codes: Mapping[str, Any]) -> Iterator[Problem]:
    rules = [(module, rule) for module in members for rule in module.rules]
    proofs = {rule.name for _module, rule in rules} - {"deny"}
    used: set[str] = set()
    if not any(rule.name == "deny" for _module, rule in rules):
        yield _problem(members[0], 1, f"a rule's package exports deny: {FORM}")
    for module, rule in rules:
        if rule.name == "deny":
            yield from (_problem(module, rule.line, text) for text in _denial(rule, name, module, codes))
        for node in walk(rule.node):
            if not node.get("negated"):
                continue
            path = reference(node["terms"]) if isinstance(node["terms"], dict) else ()
            if len(path) == 1 and node["terms"]["type"] == "var" and path[0] in proofs:
                used.add(path[0])
            else:
                text = "`not` may only stand before the name of a rule of this package: it is no proof when what it"
                yield _problem(module, rule.line, f"{text} negates can be undefined; name the condition as a rule")
    for module, rule in rules:
        if rule.name in used:
            yield from (_problem(module, rule.line, text) for text in _proof(rule))


def _denial(rule: Rule, package: str, module: Module, codes: Mapping[str, Any]) -> Iterator[str]:
    head, body = rule.node["head"], rule.node.get("body", [])
    if rule.is_default or "value" in head or "key" not in head or len(head["ref"]) != 1 or "args" in head:
        yield f"deny is a set of objects: {FORM}"
        return
    # `with` would prove about another input than the request's, so it is no plain negation either.
    plain = len(body) == 1 and body[0].get("negated") and "with" not in body[0] and isinstance(body[0]["terms"], dict)
    if not plain or body[0]["terms"]["type"] != "var":
        yield f"the body of a denial is one negated proof and nothing else: {FORM}"
    members = _constants(head["key"])
    if members is None or members.keys() != {"code", "rule", "reason"}:
        yield f"a denial is an object of the constant strings code, rule and reason: {FORM}"
        return
    if members["rule"] != package:
        yield f'the denial\'s rule must be "{package}", as its package says'
    code = members["code"]
    if not _CODE.fullmatch(code):
        yield f"the code {code!r} is not UPPER_SNAKE_CASE"
    elif not module.file.custom and code not in codes:
        yield f"the code {code!r} is not in codes.json"


def _constants(term: Node) -> dict[str, str] | None:
    if term["type"] != "object" or any(part["type"] != "string" for pair in term["value"] for part in pair):
        return None
    return {key["value"]: value["value"] for key, value in term["value"]}


def _proof(rule: Rule) -> Iterator[str]:
    # A set is truthy when it is empty, and so is null: `not` would never hold.
    if not rule.is_complete:
        yield f"{rule.name} is negated, so it must be a plain rule, not a set, an object or a function"
    elif rule.is_default and any(value != {"type": "boolean", "value": False} for value in rule.values()):
        yield f"{rule.name} is negated, so its default can only be false"
    elif any(value["type"] != "boolean" for value in rule.values()):
        yield f"{rule.name} is negated, so its value must be true and the condition its body: `{rule.name} if …`"


def _proven_package(members: Sequence[Module]) -> Iterator[Problem]:
    """Check `proven`: the decision asks no shipped rule to deny where it holds, so a proof left out would allow."""
    rules = [(module, rule) for module in members for rule in module.rules]
    wanted = {name for _module, rule in rules if rule.name == "deny" for name in _negated(rule)}
    definitions = [(module, rule) for module, rule in rules if rule.name == "proven"]
    if not definitions:
        yield _problem(members[0], 1, f"a shipped rule's package exports proven: {_PROVEN}")
    for module, rule in definitions[1:]:
        yield _problem(module, rule.line, f"proven is written a second time, and either would do: {_PROVEN}")
    for module, rule in definitions[:1]:
        named = _conjunction(rule)
        if named is None:
            yield _problem(module, rule.line, _PROVEN)
            continue
        for name in sorted(wanted - named):
            yield _problem(
                module, rule.line, f"proven leaves {name} out, so what it denies would be allowed: {_PROVEN}"
            )
        for name in sorted(named - wanted):
            yield _problem(module, rule.line, f"proven asks for {name}, which no denial negates: {_PROVEN}")


def _negated(rule: Rule) -> Iterator[str]:
    for expression in rule.node.get("body", []):
        terms = expression["terms"]
        if expression.get("negated") and isinstance(terms, dict) and terms["type"] == "var":
            yield terms["value"]


def _conjunction(rule: Rule) -> set[str] | None:
    """Give the names in the body of *rule*, None where it is anything but a boolean rule over plain names."""
    if rule.is_default or not rule.is_complete or "else" in rule.node:
        return None
    if any(value != {"type": "boolean", "value": True} for value in rule.values()):
        return None
    names = set()
    for expression in rule.node.get("body", []):
        terms = expression["terms"]
        if expression.get("negated") or "with" in expression or not isinstance(terms, dict) or terms["type"] != "var":
            return None
        names.add(terms["value"])
    return names


def _limits_package(members: Sequence[Module]) -> Iterator[Problem]:
    exported = {rule.name for module in members for rule in module.rules}
    for name in _LIMIT_EXPORTS:
        if name not in exported:
            yield _problem(members[0], 1, f"a limit's package exports {name}")
