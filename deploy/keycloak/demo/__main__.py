"""`make demo-keycloak`: a story of real exchanges, told by a real Keycloak that asks a real Actas.

Exit status: 0 every step came out as it must, 1 not, 3 something did not start.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

# The harness is a folder of plain modules beside this one, and so is what both stories use, one level up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared"))

import show
from story import Story
from teller import Teller
from world import START_ERRORS, World, running

from operating import Operator


def main() -> int:
    """Tell the story and return the exit status."""
    parser = argparse.ArgumentParser(prog="demo-keycloak", description="Real exchanges at a real Keycloak.")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--keep", action="store_true", help="leave all of it running afterwards, until Ctrl-C")
    wanted = parser.parse_args()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    began = time.monotonic()
    try:
        with running(show.progress) as world:
            show.progress(f"All of it runs after {time.monotonic() - began:.0f} s.")
            status = _tell(world, as_json=wanted.json, began=began)
            if wanted.keep:
                _keep(world)
            show.progress("Stopping Keycloak, Actas and the MCP server ...")
    except START_ERRORS as error:
        show.progress(f"error: {error}")
        return 3
    except KeyboardInterrupt:
        show.progress("interrupted; nothing is left running")
        return 1
    return status


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C would interrupt the stopping, and leave a Java process behind.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def _tell(world: World, *, as_json: bool, began: float) -> int:
    page = show.Page()
    operator = Operator(world.actas.address, world.actas.receipts, show.WIDEST - 12)
    teller = Teller(world, operator, (lambda _: None) if as_json else page.add)
    for title, chapter in Story(teller, world.tokens.browser()).chapters():
        if not as_json:
            page.chapter(title)
        chapter()
    steps, wrong = teller.steps, sum(bool(step.problems) for step in teller.steps)
    if as_json:
        print(show.as_json(steps))
    else:
        page.tree(steps)
        outcome = f"All {len(steps)} steps" if not wrong else f"Only {len(steps) - wrong} of {len(steps)} steps"
        page.say(
            f"\n{outcome} came out as they must, after {time.monotonic() - began:.0f} s.",
            "bold red" if wrong else "bold green",
        )
    return 1 if wrong else 0


def _keep(world: World) -> None:
    show.progress(
        f"Keycloak: {world.keycloak.url}/realms/agents   Actas: {world.actas.address}   MCP: {world.orders.url}"
    )
    show.progress("Passwords and secrets are those of deploy/keycloak/realm.json. All of it runs until Ctrl-C.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(main())
