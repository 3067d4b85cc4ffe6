"""SECURITY.md says for every attacker what it can and cannot do, and shows each line with a test."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).resolve().parents[2] / "SECURITY.md").read_text(encoding="utf-8")
THREATS = TEXT.split("\n## Threats\n")[1].split("\n## ")[0]
ATTACKERS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^### |\Z)", THREATS, re.MULTILINE | re.DOTALL))


def test_every_line_has_a_test() -> None:
    """That the tests exist is shown with those of the other documents."""
    for attacker, section in ATTACKERS.items():
        rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
        assert rows, attacker
        for row in rows:
            assert len(re.findall(r" \| ", row)) == 2, row
            assert re.search(r"\| (`test_\w+`(, )?)+ \|$", row), row


def test_every_attacker_has_what_it_can_and_what_it_cannot() -> None:
    """On the network, in the pod, in the policy repository, in the authorization server, in the agent."""
    places = ("network", "pod", "policy repository", "authorization server", "agent")
    assert all(any(place in attacker for attacker in ATTACKERS) for place in places)
    for attacker, section in ATTACKERS.items():
        rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
        can = [row for row in rows if "(can)" in row]
        assert can, attacker
        assert len(can) < len(rows), attacker
