"""What Python's collector of reference cycles has to look at while decisions are made."""

from __future__ import annotations

import gc

# A decision makes some hundred objects and next to no cycle: Python's default of 700 looks several times in each.
_BETWEEN_LOOKS = (20_000, 20, 50)


def settle() -> None:
    """Collect everything once, and leave what is alive alone from now on.

    What lives then are the modules and the revision's tables. Each full collection would walk through them, and
    nobody is answered meanwhile: with a registry of 100,000 agents that takes the better part of a second.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_BETWEEN_LOOKS)
