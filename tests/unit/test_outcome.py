"""What may be reported of a decision, and which reports agree."""

from __future__ import annotations

from typing import Any

import pytest

from actas.errors import ProtocolError
from actas.receipts.outcome import MAX_DETAIL, Outcome

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "members",
    [
        {"issued": True, "issued_jti": "t-1"},
        {"issued": True, "issued_digest": DIGEST},
        {"issued": False, "detail": "the client went away"},
        {"side_effect": "mail.sent", "detail": "to bob"},
    ],
)
def test_a_report_keeps_what_it_says(members: dict[str, Any]) -> None:
    """What is written is read back, and nothing is added."""
    assert Outcome(**members).to_document() == members
    assert Outcome.of(members) == Outcome(**members)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({}, "issued"),
        ({"detail": "only words"}, "issued"),
        ({"issued": False, "issued_jti": "t-1"}, "issued"),
        ({"issued_jti": "t-1"}, "issued"),
        ({"issued": True}, "issued"),
        ({"issued": True, "issued_jti": "t-1", "issued_digest": DIGEST}, "issued"),
        ({"issued": False, "side_effect": "mail.sent"}, "side_effect"),
        ({"issued": True, "issued_jti": "t" * 257}, "issued_jti"),
        ({"issued": True, "issued_jti": "t\n"}, "issued_jti"),
        ({"issued": True, "issued_digest": "sha256:abc"}, "issued_digest"),
        ({"side_effect": "Two Words"}, "side_effect"),
        ({"side_effect": "w" * 65}, "side_effect"),
        ({"side_effect": "mail.sent", "detail": "d" * (MAX_DETAIL + 1)}, "detail"),
    ],
)
def test_a_report_that_says_nothing_or_contradicts_itself_cannot_be_made(members: dict[str, Any], field: str) -> None:
    """The error names the member."""
    with pytest.raises(ProtocolError) as refused:
        Outcome(**members)
    assert refused.value.field == f"outcome.{field}"


@pytest.mark.parametrize(
    ("later", "contradicted"),
    [
        ({"issued": True, "issued_jti": "t-1"}, ""),
        ({"issued": True, "issued_jti": "t-1", "detail": "in other words"}, ""),
        ({"side_effect": "mail.sent"}, ""),
        ({"issued": False}, "issued"),
        ({"issued": True, "issued_jti": "t-2"}, "issued"),
        ({"issued": True, "issued_digest": DIGEST}, "issued"),
    ],
)
def test_reports_contradict_where_they_say_different_things_of_one_part(
    later: dict[str, Any], contradicted: str
) -> None:
    """Two parties may each report their part, and the same again."""
    recorded = Outcome(issued=True, issued_jti="t-1").parts()
    assert Outcome(**later).contradicts(recorded) == contradicted


def test_there_is_no_side_effect_of_nothing() -> None:
    """Whichever is said first."""
    nothing, effect = Outcome(issued=False), Outcome(side_effect="mail.sent")
    assert effect.contradicts(nothing.parts()) == "side_effect"
    assert nothing.contradicts(effect.parts()) == "issued"


def test_what_two_may_report_is_recorded_apart() -> None:
    """The authorization server knows the jti, the resource what happened."""
    both = Outcome(issued=True, issued_jti="t-1", side_effect="mail.sent", detail="to bob")
    assert both.parts() == {
        "issued": Outcome(issued=True, issued_jti="t-1"),
        "side_effect": Outcome(side_effect="mail.sent", detail="to bob"),
    }
