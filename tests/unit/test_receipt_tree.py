"""The tree that receipts make, and how it is drawn."""

from __future__ import annotations

import io

from rich.console import Console

from actas.cli.render_tree import show_tree
from actas.receipts.kept import KeptReceipt
from actas.receipts.tree import build, walk
from receipt_documents import denied, name, receipt


def drawn(*receipts: KeptReceipt, every: bool = False) -> str:
    """Draw the tree of *receipts* as plain text."""
    out = io.StringIO()
    show_tree(Console(file=out, width=120, highlight=False, emoji=False, markup=False), build(receipts), every=every)
    return out.getvalue()


def test_each_hop_stands_under_the_decision_that_issued_its_subject_token() -> None:
    """The order in which receipts come does not matter."""
    first, *others = build([receipt(3, parent=2), denied(4, parent=1), receipt(2, parent=1), receipt(1)])
    assert not others
    assert [(hop.receipt.seq, hop.depth) for hop in walk([first])] == [(1, 0), (2, 1), (3, 2), (4, 1)]


def test_a_parent_that_is_not_kept_is_shown_as_missing() -> None:
    """A hop is not hidden because its beginning is unknown."""
    (first,) = build([receipt(5, parent=4)])
    assert first.parent_missing
    assert f"of decision {name(4)}, which is not kept here" in drawn(receipt(5, parent=4))


def test_a_circle_of_claimed_parents_ends() -> None:
    """Parents are claims of callers: a parent that came later is none."""
    first = build([receipt(1, parent=2), receipt(2, parent=1)])
    assert [(hop.receipt.seq, hop.parent_missing) for hop in walk(first)] == [(1, True), (2, False)]


def test_a_chain_of_a_thousand_hops_is_walked() -> None:
    """Depth is bounded by policy, not by this code."""
    first = build([receipt(number, parent=number - 1) for number in range(1, 1001)])
    assert max(hop.depth for hop in walk(first)) == 999


def test_the_drawing_shows_user_agents_resources_and_what_became_narrower() -> None:
    """One look tells who acted for whom, where, with how much, how long, and what was denied."""
    seen = drawn(
        receipt(1, outcome={"issued": True, "issued_jti": "t-9", "side_effect": "mail.sent"}),
        denied(2, parent=1, actor={"agent": "crawler", "version": "2"}, target=["https://files.example/"]),
        receipt(3, parent=1, requested_scope="mail.read", requested_lifetime_seconds=None, notes=None),
    )
    assert seen.splitlines() == [
        f"alice at https://idp.example  txn {name(1)}",
        "└── ✓ mail-agent 1.0 → https://mail.example/",
        "      mail.read mail.send → mail.read  at most 600 s of 3600 s asked",
        f"      2027-01-15T08:00:01.000Z  {name(1)}",
        "      issued t-9, mail.sent",
        "    ├── ✗ crawler 2 → https://files.example/",
        "    │     SCOPE_EMPTY  mail.read mail.send",
        f"    │     2027-01-15T08:00:02.000Z  {name(2)}",
        "    └── ✓ mail-agent 1.0 → https://mail.example/",
        "          mail.read  at most 600 s",
        f"          2027-01-15T08:00:03.000Z  {name(3)}",
        "          outcome not reported",
    ]


def test_hundreds_of_hops_alike_are_told_once() -> None:
    """A wide tree stays readable; every hop is shown when it is asked for."""
    hops = [receipt(1), *(receipt(number, parent=1) for number in range(2, 302)), denied(302, parent=1)]
    seen = drawn(*hops)
    assert len(seen.splitlines()) < 20
    assert "300 times" in seen
    assert "outcome of 0 reported" in seen
    assert seen.count("✗") == 1
    assert drawn(*hops, every=True).count("✓") == 301


def test_what_callers_wrote_cannot_look_like_a_hop() -> None:
    """A newline, a control or a change of direction in a name is shown, not obeyed."""
    seen = drawn(receipt(1, actor={"sub": "evil\n└── ✓ admin\x1b[2J\u202e"}, target=["https://x/\r\n"]))
    assert "\n└── ✓ admin" not in seen
    assert "evil\\n└── ✓ admin\\x1b[2J\\u202e" in seen
    assert "\x1b" not in seen


def test_another_subject_within_the_tree_is_named() -> None:
    """A txn that a caller reuses for another user does not hide it."""
    assert "for bob" in drawn(receipt(1), receipt(2, parent=1, subject={"sub": "bob"}))


def test_without_an_actor_the_client_is_named() -> None:
    """Impersonation has no actor: the client acts as the user."""
    assert "client gateway → https://mail.example/" in drawn(receipt(1, actor=None))
