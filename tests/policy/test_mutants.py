"""The mutation test itself: which mutants it makes, what it makes of them, and what it accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants import Mutant, mutants
from mutate import explanations, judge
from mutation_run import Fate, Trial

from actas.engine.opa_binary import resolve_opa

MODULE = """\
package actas.rules.example

# A comment with “quotes”, so that columns are counted in bytes.
_allowed if {
	some scope in input.scopes
	not _forbidden(scope)
	count(input.scopes) <= 4
}

_allowed if input.free == true

_forbidden(scope) if scope in {"admin"}

_name := "a" if input.a

else := "b"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Mutant]:
    """Give the mutants of a module that has one of everything."""
    folder = tmp_path_factory.mktemp("mutants")
    (folder / "example.rego").write_text(MODULE, encoding="utf-8")
    return mutants(resolve_opa().absolute(), folder, "example.rego")


@pytest.mark.parametrize(
    ("rule", "mutation", "line", "shown"),
    [
        ("_allowed", "deleted", 5, "`some scope in input.scopes` → `true`"),
        ("_allowed", "deleted", 6, "`not _forbidden(scope)` → `true`"),
        ("_allowed", "negated", 6, "`not _forbidden(scope)` → `_forbidden(scope)`"),
        ("_allowed", "negated", 7, "`count(input.scopes) <= 4` → `not count(input.scopes) <= 4`"),
        ("_allowed", "flipped", 7, "`count(input.scopes) <= 4` → `count(input.scopes) < 4`"),
        ("_allowed#2", "deleted", 10, "`input.free == true` → `true`"),
        ("_allowed#2", "rule removed", 10, "`_allowed if input.free == true` left out"),
        ("_forbidden", "negated", 12, '`scope in {"admin"}` → `not scope in {"admin"}`'),
        ("_name", "else removed", 16, '`else := "b"` left out'),
    ],
)
def test_everything_is_mutated_where_it_stands(
    made: list[Mutant], rule: str, mutation: str, line: int, shown: str
) -> None:
    """A mutant names file, line, rule and change, so that a survivor can be looked at."""
    assert f"policies/example.rego:{line}: {rule}: {mutation}: {shown}" in [str(mutant) for mutant in made]


def test_a_mutant_differs_in_one_place(made: list[Mutant]) -> None:
    """All the rest of the module stays, so that what fails, fails for that one change."""
    (negated,) = [mutant for mutant in made if mutant.original == "not _forbidden(scope)" and mutant.line == 6][1:]

    assert negated.text == MODULE.replace("not _forbidden(scope)", "_forbidden(scope)")


def test_what_binds_names_is_not_negated(made: list[Mutant]) -> None:
    """`not some x in xs` is no Rego, so it is not tried."""
    assert "negated" not in {mutant.mutation for mutant in made if mutant.original.startswith("some ")}


def _trials(killed: int, survived: int) -> list[Trial]:
    fates = [Fate.CASES] * killed + [Fate.SURVIVED] * survived
    return [
        Trial(Mutant("actas/x.rego", 1, "_x", "deleted", f"input.x{number}", "true", ""), fate)
        for number, fate in enumerate(fates)
    ]


def test_enough_killed_mutants_pass() -> None:
    """98 in a hundred are enough, and those that do not compile are not counted."""
    broken = [Trial(trial.mutant, Fate.NOT_COMPILED) for trial in _trials(50, 0)]

    problems, document = judge([*_trials(98, 2), *broken], {})

    assert problems == []
    assert document["killed_percent"] == {"all": 98.0, "expressions": 98.0}
    assert len(document["survivors"]) == 2


def test_too_many_survivors_fail() -> None:
    """The share is said, for all mutants and for expressions alone."""
    problems, _document = judge(_trials(97, 3), {})

    assert problems[0] == "97.00 % of the mutants (all) are killed; 98 % are needed"


def test_an_explained_survivor_is_not_counted() -> None:
    """A mutant that means the same cannot be killed."""
    trials = _trials(1, 1)

    problems, document = judge(trials, {trials[1].mutant.name: "it means the same"})

    assert (problems, document["explained"], document["survivors"]) == ([], 1, [])


def test_an_explanation_of_what_is_killed_is_out_of_date() -> None:
    """Explanations that nothing needs would hide a survivor later; a part of the run cannot tell."""
    trials = _trials(1, 0)
    explained = {trials[0].mutant.name: "it means the same"}

    assert judge(trials, explained)[0] == [
        "mutants.yaml explains what does not survive: actas/x.rego / _x / input.x0 / deleted"
    ]
    assert judge(trials, explained, whole=False)[0] == []


@pytest.mark.parametrize(
    "entry", ["- {file: a, rule: b, mutation: deleted}", "- {file: a, rule: b, mutation: c, reason: ' '}"]
)
def test_an_explanation_without_a_reason_is_refused(tmp_path: Path, entry: str) -> None:
    """A survivor is accepted for a reason or not at all."""
    path = tmp_path / "mutants.yaml"
    path.write_text(entry, encoding="utf-8")

    with pytest.raises(ValueError, match=r"mutants\.yaml: entry 1"):
        explanations(path)
