"""The table of denial codes (policies/codes.json) as `data.actas.codes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

JsonDict = dict[str, Any]


def code_table(path: Path) -> JsonDict:
    """Read codes.json: code → group, group_index, order, error, obligation, locked.

    `group_index` orders the groups and `order` the codes of one group, which together decide what is
    the primary denial (contract.md, section 2).
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    groups: list[str] = document["groups"]
    return {
        entry["code"]: {
            "group": entry["group"],
            "group_index": groups.index(entry["group"]),
            "order": order,
            "error": entry["error"],
            "obligation": entry["obligation"],
            "locked": entry["locked"],
        }
        for order, entry in enumerate(document["codes"])
    }


def custom_entry(codes: JsonDict, *, group: str, error: str) -> JsonDict:
    """Give the entry of an adopter's code; within its group it comes after every shipped code."""
    group_index = next(entry["group_index"] for entry in codes.values() if entry["group"] == group)
    return {"group": group, "group_index": group_index, "order": len(codes), "error": error, "obligation": None}
