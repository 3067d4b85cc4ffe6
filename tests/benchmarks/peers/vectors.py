"""The published list of exchanges (vectors.yaml): what each is, and the effect that everybody must return for it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from case_patches import nulled, patched
from ruamel.yaml import YAML

from actas.document import from_document
from actas.request import ExchangeRequest

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
LIST = HERE / "vectors.yaml"
BASE = "V001.0"
# Cases are written around one moment; dates within a few years of it move to the present.
_MOMENT, _AROUND = 1_800_000_000, 100_000_000
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Vector:
    """One exchange of the list. *effect* is ALLOW or DENY."""

    id: str
    sentence: str
    effect: str
    document: Any

    def request(self, now: int) -> ExchangeRequest:
        """Give the exchange as it is at *now*, in seconds since the epoch."""
        return from_document(_moved(self.document, now - _MOMENT))


@cache
def published() -> tuple[Vector, ...]:
    """Read the list. Raises ValueError when it contradicts the cases that it names."""
    known = cases()
    found = []
    for effect, sentences in YAML(typ="safe").load(LIST.read_text(encoding="utf-8")).items():
        for name, sentence in sentences.items():
            case = known[name]
            if case["expect"]["effect"] != effect or case["data"] or case["now"] != _MOMENT:
                raise ValueError(f"{name} is not {effect} with the data of the first vector")
            found.append(Vector(name, sentence, effect, case["request"]))
    return tuple(found)


def base() -> Vector:
    """Give the exchange that is measured: the first vector with tokens that last a day, for runs take long."""
    first = next(vector for vector in published() if vector.id == BASE)
    lasting = {"claims": {"exp": _MOMENT + _DAY_SECONDS}}
    document = patched(first.document, {"subject_token": lasting, "actor_token": lasting})
    return replace(first, document=document)


def now() -> int:
    """Give the present, in seconds since the epoch: servers decide with the real time."""
    return int(time.time())


def data() -> dict[str, Any]:
    """Give a fresh copy of the settings and the registry that the list is for."""
    copy: dict[str, Any] = json.loads(_lines("vectors/exchange.jsonl")[0])["data"]
    return copy


@cache
def cases() -> dict[str, dict[str, Any]]:
    """Give all cases by name; `data` is empty where it is that of the first vector."""
    whole = [json.loads(line) for line in _lines("vectors/exchange.jsonl")]
    first = whole[0]
    cases = {case["id"]: {**case, "data": {} if case["data"] == first["data"] else case["data"]} for case in whole}
    for line in _lines("cases/review.jsonl"):
        case = json.loads(line)
        changed = nulled(patched(first["request"], case["request"]))
        cases[case["id"]] = {**case, "request": changed, "data": case.get("data", {})}
    return cases


def _lines(name: str) -> list[str]:
    return (TESTS / name).read_text(encoding="utf-8").splitlines()


def _moved(value: Any, seconds: int) -> Any:
    if isinstance(value, dict):
        return {name: _moved(child, seconds) for name, child in value.items()}
    if isinstance(value, list):
        return [_moved(child, seconds) for child in value]
    if isinstance(value, int | float) and abs(value - _MOMENT) < _AROUND:
        return value + seconds
    return value
