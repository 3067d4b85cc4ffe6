"""The published list that the benchmark's peers must agree on is long, varied and true to the cases it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from peers import root, vectors

from actas.policy.codes import code_table

POLICIES = Path(__file__).resolve().parents[2] / "policies"
# No exchange of the list can meet them: broken settings, and what the service finds out after the policy.
NEVER_MET = {"policy", "ceiling"}


def test_the_list_is_long_and_half_of_it_denies() -> None:
    """A peer that allows or denies everything fails for many."""
    effects = [vector.effect for vector in vectors.published()]
    assert len(effects) >= 60
    assert effects.count("DENY") * 2 >= len(effects)
    assert effects.count("ALLOW") * 4 >= len(effects)


def test_denials_are_of_every_group() -> None:
    """Each group of codes denies something in the list, and there are many codes."""
    table = code_table(POLICIES / "codes.json")
    denied = [vector.id for vector in vectors.published() if vector.effect == "DENY"]
    codes = {code for name in denied for code in vectors.cases()[name]["expect"]["codes"]}
    assert {table[code]["group"] for code in codes} == {entry["group"] for entry in table.values()} - NEVER_MET
    assert len(codes) >= 40


def test_dates_move_to_the_present() -> None:
    """An hour-long token of the case is an hour long now; a lifetime and a text of digits stay what they are."""
    now = 1_900_000_000
    known = {vector.id: vector for vector in vectors.published()}
    first = known["V001.0"].request(now)
    assert first.subject_token is not None
    assert first.subject_token.claims is not None
    assert first.subject_token.claims.value["exp"] == now + 3600
    assert first.requested_lifetime == 600
    text = known["V023.0"].request(now)
    assert text.subject_token is not None
    assert text.subject_token.claims is not None
    assert text.subject_token.claims.value["exp"] == "1800003600"


def test_the_measured_exchange_outlives_the_longest_run() -> None:
    """Both tokens last a day, and nothing else differs from the first vector: an expired one would measure denials."""
    now = 1_900_000_000
    first = next(vector for vector in vectors.published() if vector.id == vectors.BASE).request(now)
    measured = vectors.base().request(now)
    for lasting, short in ((measured.subject_token, first.subject_token), (measured.actor_token, first.actor_token)):
        assert lasting is not None
        assert short is not None
        assert lasting.claims is not None
        assert short.claims is not None
        assert lasting.claims.value == {**short.claims.value, "exp": now + 86_400}
    assert replace(measured, subject_token=None, actor_token=None) == replace(
        first, subject_token=None, actor_token=None
    )


def test_a_list_that_contradicts_its_cases_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired token cannot be published as an allow, nor a case that needs other settings."""
    for name in ("V021.0", "V064.0"):
        wrong = tmp_path / f"{name}.yaml"
        wrong.write_text(f"ALLOW:\n  {name}: It is allowed.\n", encoding="utf-8")
        monkeypatch.setattr(vectors, "LIST", wrong)
        with pytest.raises(ValueError, match=name):
            vectors.published.__wrapped__()


def test_peers_decide_on_the_data_of_the_first_vector(tmp_path: Path) -> None:
    """The root has the case's registry and settings; what it adds only registers the agent and allows depth."""
    root.repository(tmp_path)
    data = vectors.data()
    assert root.registry() | {"agents": {}, "clients": data["registry"]["clients"]} == data["registry"] | {"agents": {}}
    assert root.settings() | {"max_chain_depth": 4} == data["settings"]
    assert (tmp_path / "custom/actas/registry/data.json").is_file()
