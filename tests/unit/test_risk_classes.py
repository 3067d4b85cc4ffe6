"""Which risk classes a request touches, and which mode its receipt has for that."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from right_exchange import REGISTRY, SETTINGS, request

from actas.ceiling.risk import risk_classes
from actas.config import load
from actas.policy.data import PolicyData
from actas.server.receipts import waits

RISKY = PolicyData.merge(
    {**SETTINGS, "risk": {"payment": {}, "deletion": {}}},
    {},
    {
        **REGISTRY,
        "targets": {
            "https://pay.example.com/": {
                "scopes": {"pay": {"risk": "payment"}, "delete": {"risk": "deletion"}, "read": {}},
                "default_scope": "pay",
                "aliases": ["pay"],
            }
        },
    },
).with_revision("r1")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"scope": "pay read"}, {"payment"}),
        ({"scope": "pay delete unknown"}, {"payment", "deletion"}),
        ({"scope": ""}, {"payment"}),
        ({"scope": "read"}, set()),
        ({"scope": "pay", "resource": (), "audience": ("pay",)}, {"payment"}),
        ({"scope": "pay", "resource": ("https://other.example.com/",)}, set()),
    ],
)
def test_the_classes_are_those_of_the_scopes_asked_for(asked: dict[str, Any], expected: set[str]) -> None:
    """By resource or by alias, of the scopes named or of the default."""
    changed = dataclasses.replace(request(), **{"resource": ("https://pay.example.com/",), "audience": (), **asked})

    assert risk_classes(changed, RISKY) == expected


@pytest.mark.parametrize(
    ("risk", "expected"),
    [((), False), (("deletion",), False), (("payment",), True), (("payment", "deletion"), True), (("other",), False)],
)
def test_of_several_modes_the_stricter_one_counts(
    risk: tuple[str, ...], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class without a mode of its own has that of all."""
    monkeypatch.chdir(tmp_path)
    modes = {"payment": "before_answer", "deletion": "async"}
    config = load({"receipts": "sqlite:///r.db", "receipts_mode": "async", "receipts_modes": modes})

    assert waits(config, frozenset(risk)) is expected


def test_a_class_without_a_mode_is_not_hurried_by_one_that_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default answers wait for their receipts; that messages do not wait is no word about payments."""
    monkeypatch.chdir(tmp_path)
    config = load({"receipts": "sqlite:///r.db", "receipts_modes": {"external_message": "async"}})

    assert [waits(config, frozenset(risk)) for risk in ([], ["external_message"], ["payment", "external_message"])] == [
        True, False, True
    ]  # fmt: skip
