"""`make demo`: a story of real exchanges, told against the real service.

Exit status: 0 every step came out as it must, 1 not, 3 the service did not start.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

# What both stories use is a folder of plain modules beside theirs.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "shared"))

import service
import show
from steps import Deed, Step
from story import Story
from teller import Teller

from actas.client import DecisionClient
from operating import Operator

FOURTH_HOP = 4


def main() -> int:
    """Tell the story and return the exit status."""
    parser = argparse.ArgumentParser(prog="demo", description="Real exchanges against the real service.")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    wanted = parser.parse_args()
    began = time.monotonic()
    show.progress("Starting the service: it compiles the policies, runs their suites and starts OPA ...")
    try:
        with service.running() as served, DecisionClient(served.address) as client:
            show.progress(f"It serves after {time.monotonic() - began:.1f} s.")
            steps = _tell(served, client, silent=wanted.json)
            clean = served.stop()
    except service.StartError as error:
        show.progress(f"error: {error}")
        return 3
    except KeyboardInterrupt:
        show.progress("interrupted; the service is stopped")
        return 1
    asked = [step for step in steps if isinstance(step, Step)]
    revision = next((step.decision.policy.revision for step in asked if step.decision is not None), "")
    if wanted.json:
        print(show.as_json(steps, revision))
    else:
        _conclude(steps, revision, seconds=time.monotonic() - began, clean=clean)
    return 0 if clean and not any(step.problems for step in steps) else 1


def _tell(served: service.Service, client: DecisionClient, *, silent: bool) -> list[Step | Deed]:
    page = show.Page()

    def tell(step: Step | Deed) -> None:
        if not silent:
            page.add(step)

    operator = Operator(served.address, served.receipts, show.WIDEST - 4)
    teller = Teller(served, operator, client, tell)
    for title, chapter in Story(teller).chapters():
        if not silent:
            page.chapter(title)
        chapter()
        if not silent:
            page.end_chapter(title)
    return teller.steps


def _conclude(steps: list[Step | Deed], revision: str, *, seconds: float, clean: bool) -> None:
    page = show.Page()
    hops = [step for step in steps[: FOURTH_HOP + 1] if isinstance(step, Step)]
    fourth = hops[FOURTH_HOP - 1].decision
    if fourth is not None and fourth.act is not None:
        page.act(fourth)
    page.tree(hops)
    wrong = sum(bool(step.problems) for step in steps)
    stopped = "it stopped cleanly" if clean else "it did NOT stop cleanly"
    outcome = f"all {len(steps)} steps" if not wrong else f"only {len(steps) - wrong} of {len(steps)} steps"
    page.say(
        f"\n{outcome[0].upper()}{outcome[1:]} came out as they must, decided by policy revision {revision} "
        f"in a service of its own; {stopped} after {seconds:.0f} s.",
        "bold green" if clean and not wrong else "bold red",
    )


if __name__ == "__main__":
    sys.exit(main())
