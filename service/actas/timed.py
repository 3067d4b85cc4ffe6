"""How long the stages of a decision take."""

from __future__ import annotations

import time

from actas.ports import Observer


class Timed:
    """Tells how long one stage took, however it ended. Not a generator: four stages of each decision are timed."""

    __slots__ = ("_observer", "_stage", "_started")

    def __init__(self, observer: Observer, stage: str) -> None:
        self._observer = observer
        self._stage = stage

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._observer.stage(self._stage, time.perf_counter() - self._started)
