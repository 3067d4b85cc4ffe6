"""Policy data: what one revision knows beside its Rego, exactly as OPA loads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from actas.evidence.keys import TrustedIssuer
from actas.policy import references
from actas.policy.index import build_index
from actas.policy.key_files import APPROVAL, EVENTS, IssuerKeys, trusted
from actas.policy.located import has_child
from actas.policy.model import Registry, Settings
from actas.policy.references import Finding

JsonDict = dict[str, Any]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a revision's Rego files and code table contribute to its data; the same for every test case."""

    codes: JsonDict = field(default_factory=dict)
    required: JsonDict = field(default_factory=lambda: {"rules": {}, "limits": {}, "obligations": {}})
    custom_required: JsonDict = field(default_factory=lambda: {"rules": {}, "limits": {}})
    custom_codes: JsonDict = field(default_factory=dict)

    def known_codes(self) -> dict[str, bool]:
        """Map every code that a rule may deny with to whether it is locked."""
        shipped = {code: bool(entry["locked"]) for code, entry in self.codes.items()}
        return shipped | dict.fromkeys(self.custom_codes, False)


@dataclass(frozen=True, slots=True)
class PolicyData:
    """Settings, registry and what is computed from them. Made by `merge` or `override`."""

    settings: JsonDict
    registry: JsonDict
    index: JsonDict
    shipped_settings: JsonDict
    custom_settings: JsonDict
    surroundings: Surroundings
    findings: tuple[Finding, ...] = ()
    revision: str = ""
    issuer_keys: Mapping[str, IssuerKeys] = field(default_factory=dict, repr=False)

    @property
    def approval_issuers(self) -> Mapping[str, TrustedIssuer]:
        """Who may sign approvals, with the keys of this very revision."""
        return trusted(self.issuer_keys, self.registry, APPROVAL)

    @property
    def event_issuers(self) -> Mapping[str, TrustedIssuer]:
        """Who may tell security events, with the keys of this very revision."""
        return trusted(self.issuer_keys, self.registry, EVENTS)

    @property
    def one_time(self) -> Mapping[str, Mapping[str, bool]]:
        """The issuers whose tokens are good for one exchange, each with the roles in which they are."""
        one_time: Mapping[str, Mapping[str, bool]] = self.index.get("one_time", {})
        return one_time

    @property
    def rate_limits(self) -> Mapping[str, Any]:
        """`per_agent`, `per_subject` and `agents`, each as far as there is such a limit."""
        limits: Mapping[str, Any] = self.index.get("rate_limits", {})
        return limits

    @property
    def settings_valid(self) -> bool:
        """Whether nothing is wrong but names that match nothing."""
        return all(finding.harmless for finding in self.findings)

    @classmethod
    def merge(
        cls,
        shipped_settings: JsonDict,
        custom_settings: JsonDict,
        registry: JsonDict,
        surroundings: Surroundings | None = None,
    ) -> PolicyData:
        """Put a revision's data together; an adopter's top-level key replaces the shipped one whole.

        Never raises: what is wrong stands in `findings`, and activation refuses data that has any.
        """
        surroundings = surroundings or Surroundings()
        settings = {**shipped_settings, **custom_settings}
        index, findings = _examine(settings, shipped_settings, registry, surroundings)
        return cls(
            settings=settings,
            registry=registry,
            index=index,
            shipped_settings=shipped_settings,
            custom_settings=custom_settings,
            surroundings=surroundings,
            findings=findings,
        )

    def override(self, given: Mapping[str, Any]) -> PolicyData:
        """Give this data as a test case wants it: *given* may have `settings` and `registry`.

        Settings replace key by key, the registry is replaced whole, so that no entry of one registry
        meets an entry of another. Never raises: invalid data denies with `SETTINGS_INVALID`.
        """
        return override(self, given)

    def with_revision(self, revision: str, keys: Mapping[str, IssuerKeys] | None = None) -> PolicyData:
        """Give the same data under the name of its revision, with the *keys* of its issuers."""
        return replace(self, revision=revision, issuer_keys=keys or {})

    def tree(self) -> JsonDict:
        """Give the document that OPA loads as `data`."""
        return {
            "actas": {
                "settings": self.settings,
                "index": self.index,
                "codes": self.surroundings.codes,
                "required": self.surroundings.required,
                "custom_required": self.surroundings.custom_required,
                "custom_codes": self.surroundings.custom_codes,
                "activation": {"settings_valid": self.settings_valid},
                "revision": self.revision,
            },
            "custom": {"actas": {"settings": self.custom_settings, "registry": self.registry}},
        }


def override(base: PolicyData, given: Mapping[str, Any]) -> PolicyData:
    """See `PolicyData.override`."""
    settings, registry = given.get("settings", {}), given.get("registry", base.registry)
    wrong = tuple(
        Finding((name,), "is not an object")
        for name, value in (("settings", settings), ("registry", registry))
        if not isinstance(value, dict)
    )
    data = PolicyData.merge(
        base.shipped_settings,
        {**base.custom_settings, **(settings if isinstance(settings, dict) else {})},
        registry if isinstance(registry, dict) else {},
        base.surroundings,
    )
    findings = wrong + data.findings
    return replace(data, findings=findings, revision=base.revision, issuer_keys=base.issuer_keys)


def _examine(
    settings: JsonDict, shipped: JsonDict, registry: JsonDict, surroundings: Surroundings
) -> tuple[JsonDict, tuple[Finding, ...]]:
    parsed_settings, settings_findings = _parse(Settings, settings, shipped, "settings")
    parsed_registry, registry_findings = _parse(Registry, registry, {}, "registry")
    findings = settings_findings + registry_findings
    if parsed_settings is None or parsed_registry is None:
        return {}, tuple(findings)
    findings += references.check(parsed_settings, parsed_registry, surroundings.known_codes())
    return build_index(parsed_settings, parsed_registry), tuple(findings)


def _parse(model: type[M], value: JsonDict, fallback: JsonDict, root: str) -> tuple[M | None, list[Finding]]:
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        findings = [_finding(root, value, item) for item in error.errors(include_url=False)]
        wrong = {item["loc"][0] for item in error.errors(include_url=False)}
    # The rest is still indexed, so that a decision about it names SETTINGS_INVALID and not a dozen codes more.
    rest = {name: part for name, part in value.items() if name not in wrong}
    try:
        return model.model_validate({**fallback, **rest}), findings
    except ValidationError:
        return None, findings


def _finding(root: str, value: JsonDict, item: ErrorDetails) -> Finding:
    """Turn pydantic's account into ours; a location's parts that are no keys of the document are its own words."""
    path: list[str | int] = [root]
    node: Any = value
    for part in item["loc"]:
        if has_child(node, part):
            node = node[part]
            path.append(part)
    if item["type"] == "missing":
        return Finding((*path, str(item["loc"][-1])), "is required")
    if item["type"] == "extra_forbidden":
        return Finding(tuple(path), "unknown key")
    message = item["msg"].removeprefix("Value error, ")
    return Finding(tuple(path), message[0].lower() + message[1:])
