"""Why a decision denies: which rules fired, where they stand in the Rego, and which input they saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from actas.decision import Decision, Denial


class RuleSource(Protocol):
    """What a revision's METADATA and syntax trees say about one denial (`actas.policy.metadata.RuleEntry`)."""

    @property
    def title(self) -> str:
        """The rule's title."""

    @property
    def description(self) -> str:
        """What the rule checks, and why."""

    @property
    def reason(self) -> str:
        """The sentence that the denial gives."""

    @property
    def file(self) -> str:
        """The file of the denial."""

    @property
    def line(self) -> int:
        """Its line, from 1."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The references into the input that the rule reads, as `input.client.client_id`."""


class RuleSources(Protocol):
    """The denials of one revision (`actas.policy.metadata.RuleTable`)."""

    def find(self, code: str, rule: str = "") -> Sequence[RuleSource]:
        """Give the denials with *code* of *rule*."""


@dataclass(frozen=True, slots=True)
class FiredRule:
    """One rule that denied. `inputs` maps references to what they had; `absent` lists those that had nothing."""

    code: str
    rule: str
    reason: str
    title: str = ""
    description: str = ""
    file: str = ""
    line: int = 0
    inputs: Mapping[str, Any] | None = None
    absent: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form; what is not known is left out."""
        document: dict[str, Any] = {"code": self.code, "rule": self.rule, "reason": self.reason, "outcome": "denied"}
        known = {"title": self.title, "description": self.description, "file": self.file, "line": self.line}
        document |= {name: value for name, value in known.items() if value}
        return document | {"inputs": dict(self.inputs or {}), "absent": list(self.absent)}


def explain(decision: Decision, policy_input: Mapping[str, Any], sources: RuleSources) -> tuple[FiredRule, ...]:
    """Explain every denial of *decision*; *sources* has the rules of its revision.

    The policy input holds claims but never a raw token, so showing parts of it reveals no token.
    """
    return tuple(_fired(denial, policy_input, sources.find(denial.code, denial.rule)) for denial in decision.denials)


def _fired(denial: Denial, policy_input: Mapping[str, Any], sources: Sequence[RuleSource]) -> FiredRule:
    # A rule may deny with one code for several reasons; a code such as RULE_MISSING belongs to no rule.
    source = next((source for source in sources if source.reason == denial.reason), sources[0] if sources else None)
    if source is None:
        return FiredRule(denial.code, denial.rule, denial.reason)
    seen, absent = _look_up(source.inputs, policy_input)
    return FiredRule(
        denial.code,
        denial.rule,
        denial.reason,
        source.title,
        source.description,
        source.file,
        source.line,
        seen,
        absent,
    )


def _look_up(references: Iterable[str], policy_input: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    seen: dict[str, Any] = {}
    absent = []
    for reference in references:
        value: Any = {"input": policy_input}
        for part in reference.split("."):
            if not isinstance(value, Mapping) or part not in value:
                absent.append(reference)
                break
            value = value[part]
        else:
            seen[reference] = value
    return seen, tuple(absent)
