"""`make bench`: Actas beside what users would do without it, in one interleaved run, as ratios.

Writes build/bench.json (proto/contract.md, section 8) and build/bench.md, and ends with status 1 and a sentence for
each figure that is not reached. With --quick it needs neither Go nor wrk, and writes build/bench-quick.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import activations
import bounds
import figures
import measuring
import policy_cost
import receipt_cost
import soak
import tables
from generators import RefusedError
from keycloak_figures import commit
from measuring import Say, Sender
from peers import PeerMissingError, go_tools
from rich.console import Console
from scenarios import PARTS, DisagreementError, Scenarios

BUILD = Path("build")
QUICK_PARTS = frozenset({"unary", "batch", "depth"})


def run(given: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Measure what is asked for and give the whole report."""
    parts = QUICK_PARTS if given.quick else frozenset(given.only or PARTS)
    sender = Sender(None if given.quick else _ghz())
    report: dict[str, Any] = {"ratios": {}, "spread": {}, "rounds": given.rounds, "calls": given.calls}
    report |= {"machine": _machine(), "commit": commit(), "generators": "load.py" if given.quick else "ghz and wrk"}
    with tempfile.TemporaryDirectory(prefix="actas-bench-") as directory:
        folder = Path(directory)
        with ExitStack() as stack:
            field = Scenarios(stack, folder, parts, say, quick=given.quick).field()
            report |= {"agreement": field.agreement, "lacks": field.lacks}
            blocks = measuring.run(field.contenders, sender, rounds=given.rounds, calls=given.calls, say=say)
            report["ratios"], report["spread"] = figures.ratios(blocks)
            if "receipts" in parts:
                report["receipts"] = receipt_cost.measure(blocks, folder)
            report["measured"] = {name: figures.summary(of_one) for name, of_one in blocks.items()}
        if "activations" in parts:
            with ExitStack() as stack:
                contender, root = Scenarios(stack, folder, parts, say, quick=False).alone("activations")
                report["activations"] = activations.measure(
                    contender, root, rounds=given.rounds, seconds=activations.BLOCK_SECONDS, say=say
                )
        if "soak" in parts and given.soak:
            with ExitStack() as stack:
                contender, _ = Scenarios(stack, folder, parts, say, quick=False).alone("soak")
                report["soak"] = soak.measure(contender, minutes=given.soak, say=say)
        if given.quick or not given.only:
            say("policy cost")
            report["policy"] = policy_cost.measure(folder)
    report["bounds"] = bounds.expected(parts, quick=given.quick)
    return report


def _ghz() -> Path:
    if shutil.which("wrk") is None:
        raise PeerMissingError("the load generator wrk is missing: 'make deps' as root installs it")
    return go_tools.ghz()


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


@contextmanager
def progress(console: Console) -> Iterator[Say]:
    """Show what is under way: a line that changes on a terminal; elsewhere a line for each step, before its colon."""
    if console.is_terminal:
        with console.status("starting") as status:
            yield status.update
        return
    seen = ""

    def say(text: str) -> None:
        nonlocal seen
        step = text.partition(":")[0]
        if step != seen:
            seen = step
            console.print(f"== {step}", markup=False)

    yield say


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a part of it in three minutes, for CI")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part only; repeatable")
    parser.add_argument("--rounds", type=int, help="default 5, quick 3")
    parser.add_argument("--calls", type=int, help="decisions of a block; default 2400, quick 800")
    parser.add_argument(
        "--soak", type=float, metavar="MINUTES", default=10.0, help="default 10, at least 1; 0 for none"
    )
    given = parser.parse_args()
    given.rounds = given.rounds or (3 if given.quick else 5)
    given.calls = given.calls or (800 if given.quick else 2400)
    # Where the output is kept, nobody wants a table of 80 columns.
    console = Console() if sys.stdout.isatty() else Console(width=150)
    try:
        with progress(console) as say:
            report = run(given, say)
    except (PeerMissingError, DisagreementError, RefusedError) as error:
        console.print(f"no figures: {error}", markup=False)
        raise SystemExit(1) from None
    report["missed"] = bounds.crossed(report, report["bounds"])
    name = "bench-quick" if given.quick else "bench"
    BUILD.mkdir(exist_ok=True)
    (BUILD / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (BUILD / f"{name}.md").write_text(tables.markdown(report), encoding="utf-8")
    tables.show(report, console)
    console.print("\n".join(report["missed"]) or "All figures are reached.", markup=False)
    console.print(f"Written to {BUILD / name}.json and .md")
    raise SystemExit(bool(report["missed"]))


if __name__ == "__main__":
    main()
