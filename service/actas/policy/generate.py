"""Writes the files that are made from others: `python -m actas.policy.generate` (see `make generate`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from actas.policy.codes import code_table
from actas.policy.model import Registry, Settings
from actas.policy.shipped import shipped_policies

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generated(policies: Path) -> dict[Path, str]:
    """Give the content of every generated file below *policies*."""
    settings = Settings.model_json_schema()
    # An adopter gives only what differs from the shipped settings.
    del settings["required"]
    folder = policies / "actas" / "settings"
    return {
        folder / "settings.schema.json": _schema(settings),
        folder / "registry.schema.json": _schema(Registry.model_json_schema()),
        policies / "actas" / "codes" / "data.json": _json(code_table(policies / "codes.json")),
    }


def _schema(schema: dict[str, Any]) -> str:
    return _json({"$schema": _DIALECT, **schema})


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


if __name__ == "__main__":
    for path, content in generated(shipped_policies()).items():
        path.write_text(content, encoding="utf-8")
