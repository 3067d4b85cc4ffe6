"""Mutation test of the shipped policies: `python tests/policy/mutate.py [--rule NAME] [--jobs N] [--json FILE]`.

Every expression of every shipped module is deleted and negated, one at a time, comparisons are shifted, rules
and `else` branches taken out. Each such mutant must make a Rego test or an end-to-end case fail. Those that may
survive, because they mean the same, are listed with a reason in policies/mutants.yaml.

Exit status: 0 when at least 98 % are killed and the list is up to date, 1 when not, 2 when nothing could be tried.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog
from mutants import Mutant, mutants
from mutation_cases import ROOT, Cases, load
from mutation_run import BrokenBaselineError, Fate, Stage, Trial, Trials
from ruamel.yaml import YAML

from actas.cli.progress import Progress
from actas.engine.opa_binary import resolve_opa
from actas.errors import ActivationError, SuiteError
from actas.policy.bundle import CompiledPolicy, compile_policy

POLICIES = ROOT / "policies"
EXPLAINED = POLICIES / "mutants.yaml"
NEEDED_PERCENT = 98.0
# What the figure is about; the other mutations are ours, and must not make it look better than it is.
_EXPRESSIONS = ("deleted", "negated")
Name = tuple[str, str, str, str]


def main(arguments: Sequence[str]) -> int:
    """Run, report, and give the exit status."""
    options = _options(arguments)
    # A mutant that widens is an error that the ceiling logs; here it is the purpose.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    started = time.monotonic()
    try:
        explained = explanations(EXPLAINED)
        trials = _trials(options.rule, options.jobs)
    except (BrokenBaselineError, ActivationError, SuiteError, ValueError) as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 2
    problems, document = judge(trials, explained, whole=not options.rule)
    document["seconds"] = round(time.monotonic() - started, 1)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _show(document, problems)
    return 1 if problems else 0


def explanations(path: Path) -> dict[Name, str]:
    """Read the accepted survivors: their names and why; raises ValueError with a sentence."""
    found: dict[Name, str] = {}
    entries = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) if path.is_file() else []
    for number, entry in enumerate(entries or [], 1):
        needed = {"file", "rule", "mutation", "reason"}
        if not isinstance(entry, dict) or not needed <= entry.keys() <= needed | {"expression"}:
            raise ValueError(f"{path.name}: entry {number} needs file, rule, mutation and reason, and expression")
        if not str(entry["reason"]).strip():
            raise ValueError(f"{path.name}: entry {number} gives no reason")
        name = (entry["file"], entry["rule"], " ".join(str(entry.get("expression", "")).split()), entry["mutation"])
        found[(name[0].removeprefix("policies/"), *name[1:])] = str(entry["reason"])
    return found


def judge(
    trials: Sequence[Trial], explained: dict[Name, str], *, whole: bool = True
) -> tuple[list[str], dict[str, Any]]:
    """Say what is wrong with the outcome, and put it into one document.

    An explanation of a mutant that does not survive is out of date; that is known when the *whole* was tried.
    """
    compiled = [trial for trial in trials if trial.fate is not Fate.NOT_COMPILED]
    survivors = [trial for trial in compiled if trial.fate is Fate.SURVIVED]
    accepted = [trial for trial in survivors if trial.mutant.name in explained]
    open_ones = [trial for trial in survivors if trial.mutant.name not in explained]
    counted = [trial for trial in compiled if trial not in accepted]
    shares = {
        "all": _share(counted),
        "expressions": _share([trial for trial in counted if trial.mutant.mutation in _EXPRESSIONS]),
    }
    problems = [
        f"{share:.2f} % of the mutants ({kind}) are killed; {NEEDED_PERCENT:.0f} % are needed"
        for kind, share in shares.items()
        if share < NEEDED_PERCENT
    ]
    stale = explained.keys() - {trial.mutant.name for trial in accepted} if whole else set()
    problems += [f"mutants.yaml explains what does not survive: {' / '.join(name)}" for name in sorted(stale)]
    return problems, {
        "mutants": len(trials),
        "fates": dict(Counter(trial.fate.value for trial in trials)),
        "explained": len(accepted),
        "killed_percent": {kind: round(share, 2) for kind, share in shares.items()},
        "survivors": [
            {"mutant": str(trial.mutant), "changes_unnoticed": trial.hint, **_parts(trial.mutant)}
            for trial in open_ones
        ],
    }


def _share(trials: Sequence[Trial]) -> float:
    killed = sum(trial.fate is not Fate.SURVIVED for trial in trials)
    return 100 * killed / len(trials) if trials else 100.0


def _parts(mutant: Mutant) -> dict[str, str]:
    path, rule, expression, mutation = mutant.name
    return {"file": f"policies/{path}", "rule": rule, "expression": expression, "mutation": mutation}


def _trials(rule: str, jobs: int) -> list[Trial]:
    with tempfile.TemporaryDirectory(prefix="actas-mutate-") as name, Progress("compiling the policies") as progress:
        folder = Path(name)
        opa = resolve_opa().absolute()
        compiled = compile_policy([], opa=opa, into=folder, testing=True)
        tests = {
            path.relative_to(POLICIES).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(POLICIES.rglob("*_test.rego"))
        }
        stages = [Stage.write(opa, folder / f"stage-{number}", compiled, tests) for number in range(jobs)]
        progress.say("asking every case without a mutant")
        cases = Cases(compiled, load())
        document = folder / "cases.json"
        document.write_text(cases.document, encoding="utf-8")
        runner = Trials(stages, cases, document)
        chosen = [
            mutant for path in _modules(compiled, rule) for mutant in mutants(opa, folder / "stage-0/policy", path)
        ]
        done: Counter[Fate] = Counter()

        def count(trial: Trial) -> None:
            done[trial.fate] += 1
            progress.say(f"{done.total()} of {len(chosen)} mutants tried, {done[Fate.SURVIVED]} survive")

        return runner.run(chosen, count)


def _modules(compiled: CompiledPolicy, rule: str) -> list[str]:
    paths = [file.path for file in compiled.sources.rego if not file.custom]
    found = [path for path in paths if not rule or path.split("/")[-2] == rule]
    if not found:
        raise ValueError(f"there is no shipped module in a folder {rule!r}")
    return found


def _show(document: dict[str, Any], problems: Sequence[str]) -> None:
    for survivor in document["survivors"]:
        print(survivor["mutant"])
        if survivor["changes_unnoticed"]:
            print(f"    changes the answer of a case that does not mind: {survivor['changes_unnoticed']}")
    print(f"\n{document['mutants']} mutants in {document['seconds']:.0f} s")
    for fate, number in sorted(document["fates"].items()):
        print(f"{number:6} {fate}")
    print(f"{document['explained']:6} of the survivors are explained in policies/mutants.yaml")
    for kind, share in document["killed_percent"].items():
        print(f"killed: {share:.2f} % ({kind})")
    for problem in problems:
        print(f"mutate: {problem}", file=sys.stderr)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutate.py", description="Mutation test of the shipped policies.")
    parser.add_argument("--rule", default="", metavar="NAME", help="only the modules in folders of this name")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many at once (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome there as well")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
