"""What README.md shows of policies and revocations is read as what it says it is, and its links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from actas.policy.model import Registry, Settings
from actas.policy.state import RevocationFile
from readme_blocks import Block, blocks

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SHIPPED = YAML(typ="safe").load(ROOT / "policies/actas/settings/data.yaml")
SHOWN = [block for block in blocks(README) if block.language == "yaml"]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: f"line {block.line}")
def test_every_part_of_a_repository_is_understood(block: Block) -> None:
    """The first line names the file; what is there is checked as an activation does."""
    named, shown = block.text.split("\n", 1)
    part = YAML(typ="safe").load(shown)

    if named == "# custom/actas/registry/data.yaml":
        assert part.keys() <= Registry.model_validate(part).model_fields_set
    else:
        assert named == "# custom/actas/settings/data.yaml"
        assert part.keys() <= Settings.model_validate(SHIPPED | part).model_fields_set


def test_the_rule_shown_is_the_one_that_init_writes() -> None:
    """The Rego in the README is that of the skeleton."""
    shown = next(block.text for block in blocks(README) if block.language == "rego")
    rule = ROOT / "deploy/policy-repo/custom/actas/rules/sub_agents_read/sub_agents_read.rego"

    assert shown in rule.read_text(encoding="utf-8")


def test_the_revocations_shown_are_understood(tmp_path: Path) -> None:
    """The example is a file that the service reads."""
    shown = next(block.text for block in blocks(README) if block.language == "json" and "revocations" in block.text)
    (tmp_path / "state.json").write_text(shown, encoding="utf-8")

    assert not RevocationFile(tmp_path / "state.json").problem
    assert {entry["kind"] for entry in json.loads(shown)["revocations"]} == {"agent", "subject"}


def test_every_link_to_a_section_leads_there() -> None:
    """As GitHub makes anchors: lower case, without punctuation, spaces as hyphens."""
    text = README.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= anchors
